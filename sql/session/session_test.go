package session_test

import (
	"strings"
	"testing"

	"github.com/dirigo-stream/dirigo/exec/batch"
	"github.com/dirigo-stream/dirigo/sql/result"
)

// TestCreateOrder: what is created is durable before it runs; what cannot start
// is taken back and its name is free; drops stop readers first.
func TestCreateOrder(t *testing.T) {
	e := newFakeEngine()
	log := &memLog{records: map[string][]byte{}}
	conn := connect(t, serve(t, newDB(t, e, log)))
	do(t, conn, createBids, createTop)
	if got := e.calls(); got != "add bids; start top" {
		t.Errorf("calls: %s", got)
	}
	e.failing = "broken"
	_, err := conn.Exec(t.Context(), "CREATE MATERIALIZED VIEW broken AS SELECT item FROM bids")
	if err == nil || !strings.Contains(err.Error(), "the broker is away") {
		t.Errorf("create: %v", err)
	}
	e.failing = ""
	do(t, conn, "CREATE MATERIALIZED VIEW broken AS SELECT item FROM bids")
	e.calls()
	do(t, conn, "DROP STREAM bids CASCADE")
	if got := e.calls(); got != "drop broken; drop top; remove bids" {
		t.Errorf("calls: %s", got)
	}
}

// TestRestore: after a restart the engine gets the same definitions, sources
// before queries, with the SLO as it was altered.
func TestRestore(t *testing.T) {
	log := &memLog{records: map[string][]byte{}}
	conn := connect(t, serve(t, newDB(t, newFakeEngine(), log)))
	do(t, conn, createBids, createTop,
		"CREATE MATERIALIZED VIEW few AS SELECT item FROM bids WHERE price < 3",
		"ALTER MATERIALIZED VIEW top SET (slo = '70 ms')")

	e := newFakeEngine()
	if err := newDB(t, e, log).Restore(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := e.calls(); got != "add bids; start top; start few" {
		t.Errorf("calls: %s", got)
	}
	for _, q := range e.Queries() {
		if q.Name == "top" && q.SLO.String() != "70ms" {
			t.Errorf("slo %s after a restart", q.SLO)
		}
	}
}

// TestCounts: a row that is there three times is sent three times; what leaves
// has no counts.
func TestCounts(t *testing.T) {
	e := newFakeEngine()
	conn := connect(t, serve(t, newDB(t, e, &memLog{records: map[string][]byte{}})))
	do(t, conn, createBids, createTop)
	e.rows = []*batch.Batch{topRows([3]int64{3, 1, 10}, [3]int64{1, 2, 20})}
	if got := query(t, conn, "SELECT auction, bids FROM top"); got != "1|10\n1|10\n1|10\n2|20\n" {
		t.Errorf("rows:\n%s", got)
	}
	results, err := conn.PgConn().Exec(t.Context(), "SELECT auction, bids FROM top").ReadAll()
	if err != nil || results[0].CommandTag.String() != "SELECT 4" {
		t.Errorf("tag %s, %v", results[0].CommandTag, err)
	}
	if got := query(t, conn, "COPY top TO STDOUT"); got != "" {
		t.Errorf("COPY gave rows: %s", got)
	}
	var rows strings.Builder
	if tag, err := conn.PgConn().CopyTo(t.Context(), &rows, "COPY (SELECT auction, bids FROM top) TO STDOUT"); err != nil ||
		tag.String() != "COPY 4" || strings.Count(rows.String(), "\n") != 4 {
		t.Errorf("COPY: tag %q, %v, rows\n%s", tag, err, &rows)
	}
}

// TestTransactions: settings go back with ROLLBACK, SET LOCAL with COMMIT.
func TestTransactions(t *testing.T) {
	conn := connect(t, serve(t, newDB(t, newFakeEngine(), &memLog{records: map[string][]byte{}})))
	show := func(want string) {
		t.Helper()
		if got := query(t, conn, "SHOW TimeZone"); got != want+"\n" {
			t.Errorf("TimeZone is %swant %s", got, want)
		}
	}
	do(t, conn, "BEGIN", "SET TimeZone = 'Asia/Tokyo'", "ROLLBACK")
	show("UTC")
	do(t, conn, "BEGIN", "SET LOCAL TimeZone = 'Asia/Tokyo'")
	show("Asia/Tokyo")
	do(t, conn, "COMMIT")
	show("UTC")
	do(t, conn, "BEGIN", "SET TimeZone = 'Asia/Tokyo'", "COMMIT")
	show("Asia/Tokyo")
	if got := conn.PgConn().ParameterStatus("session_authorization"); got != conn.Config().User || got == "" {
		t.Errorf("the client is told that it is %q", got)
	}
	if got := conn.PgConn().ParameterStatus("TimeZone"); got != "Asia/Tokyo" {
		t.Errorf("the client was told %q", got)
	}
	do(t, conn, "RESET ALL")
	show("UTC")
	do(t, conn, "BEGIN")
	for _, sql := range []string{"SAVEPOINT a", "ROLLBACK TO SAVEPOINT a", "ROLLBACK TO a"} {
		if _, err := conn.Exec(t.Context(), sql); err == nil || conn.PgConn().TxStatus() != 'E' {
			t.Errorf("%s: error %v, status %c", sql, err, conn.PgConn().TxStatus())
		}
	}
	do(t, conn, "ROLLBACK")
}

// TestPrepared: by SQL and by the protocol, with types stated or found.
func TestPrepared(t *testing.T) {
	conn := connect(t, serve(t, newDB(t, newFakeEngine(), &memLog{records: map[string][]byte{}})))
	do(t, conn, createBids, createTop,
		"PREPARE p (text) AS SELECT typname FROM pg_type WHERE typname = $1")
	if got := query(t, conn, "EXECUTE p ('int4')"); got != "int4\n" {
		t.Errorf("execute: %s", got)
	}
	var oid uint32
	if err := conn.QueryRow(t.Context(), "SELECT oid FROM pg_type WHERE typname = $1", "numeric").Scan(&oid); err != nil || oid != result.OIDNumeric {
		t.Errorf("oid %d, %v", oid, err)
	}
	st, err := conn.Prepare(t.Context(), "s", "SELECT bids FROM top WHERE auction = $1")
	if err != nil || len(st.ParamOIDs) != 1 || st.ParamOIDs[0] != result.OIDInt8 {
		t.Errorf("parameters %v, %v", st, err)
	}
	rows, err := conn.Query(t.Context(), "s", 5)
	if err != nil {
		t.Fatal(err)
	}
	rows.Close()
	if rows.Err() != nil {
		t.Error(rows.Err())
	}
}
