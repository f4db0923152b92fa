package session_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// TestNodeSettings: who runs first and what is lent is the server's: what one
// session sets another sees, with a notice, and no transaction holds it.
func TestNodeSettings(t *testing.T) {
	addr := serve(t, newDB(t, newFakeEngine(), &memLog{records: map[string][]byte{}}))
	conn, other := connect(t, addr), connect(t, addr)
	var notices []string
	noticing := withNotices(t, addr, &notices)
	for _, c := range []struct{ set, show, want string }{
		{"SET dirigo.policy = 'EDF'", "SHOW dirigo.policy", "edf"},
		{"SET dirigo.lending TO direct", "SHOW dirigo.lending", "direct"},
		{"SELECT set_config('dirigo.policy', 'fair', false)", "SHOW dirigo.policy", "fair"},
		{"RESET ALL", "SHOW dirigo.policy", "fair"},
		{"SET dirigo.policy TO DEFAULT", "SHOW dirigo.policy", "llf"},
		{"SET dirigo.policy = sjf", "SHOW dirigo.policy", "sjf"},
		{"RESET dirigo.policy", "SHOW dirigo.policy", "llf"},
		{"RESET dirigo.lending", "SHOW dirigo.lending", "reject"},
		{"SET dirigo.lending = off", "SELECT setting FROM pg_settings WHERE name = 'dirigo.lending'", "off"},
	} {
		if _, err := noticing.Exec(t.Context(), c.set); err != nil {
			t.Fatalf("%s: %v", c.set, err)
		}
		if got := query(t, other, c.show); got != c.want+"\n" {
			t.Errorf("after %s the other session has %swant %s", c.set, got, c.want)
		}
	}
	if len(notices) != 7 || notices[0] != "dirigo.policy is edf for all queries of the server, from now on and until it ends" {
		t.Errorf("notices %q", notices)
	}
	for sql, want := range map[string]string{
		"SET dirigo.policy = 'fastest'":                        "22023 Available values: llf, edf, sjf, fifo, fair.",
		"SET dirigo.lending = 'always'":                        "22023 Available values: reject, direct, off.",
		"SET dirigo.default_slo = 'soon'":                      "22023 Write a number with its unit, such as '50 ms', or 'none'.",
		"BEGIN; SET dirigo.policy = 'edf'":                     "25001 It concerns all queries",
		"BEGIN; SELECT set_config('dirigo.policy','edf',true)": "25001 It concerns all queries",
	} {
		_, err := conn.Exec(t.Context(), sql)
		var e *pgconn.PgError
		if !errors.As(err, &e) || !strings.HasPrefix(e.Code+" "+e.Hint, want) {
			t.Errorf("%s: %v, hint %v, want %s", sql, err, e, want)
		}
		do(t, conn, "ROLLBACK")
	}
	if got := query(t, conn, "SHOW dirigo.policy"); got != "llf\n" {
		t.Errorf("policy %s after what failed", got)
	}
	config := conn.Config().Copy()
	config.RuntimeParams["dirigo.policy"] = "edf"
	if c, err := pgx.ConnectConfig(t.Context(), config); err == nil || !strings.Contains(err.Error(), "55P02") {
		t.Errorf("a connection began with a policy: %v, %v", c, err)
	}
	do(t, conn, "SET dirigo.default_slo = 'none'")
	if got := query(t, conn, "SHOW dirigo.default_slo"); got != "\n" {
		t.Errorf("default_slo %q", got)
	}
}

// withNotices connects, and keeps what the server says besides.
func withNotices(t *testing.T, addr string, to *[]string) *pgx.Conn {
	t.Helper()
	config := connect(t, addr).Config().Copy()
	config.OnNotice = func(_ *pgconn.PgConn, n *pgconn.Notice) { *to = append(*to, n.Message) }
	conn, err := pgx.ConnectConfig(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close(t.Context()) })
	return conn
}
