package server

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/dirigo-stream/dirigo/storage/mem"
)

// notices are those that the client of the test under way got.
var notices []string

// connect starts a server on a store in memory and a client of it.
func connect(t *testing.T) *pgx.Conn {
	t.Helper()
	s, err := Start(t.Context(), Config{Listen: "127.0.0.1:0", Store: mem.New(), Workers: 2, Epoch: 20 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	cfg, err := pgx.ParseConfig("postgres://u@" + s.Addr() + "/dirigo?sslmode=disable")
	if err != nil {
		t.Fatal(err)
	}
	cfg.OnNotice = func(_ *pgconn.PgConn, n *pgconn.Notice) { notices = append(notices, n.Message+": "+n.Detail) }
	c, err := pgx.ConnectConfig(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		_ = c.Close(ctx)
		if err := s.Close(ctx); err != nil {
			t.Error(err)
		}
	})
	return c
}

// TestFiles reads lines of one file and writes those of another.
func TestFiles(t *testing.T) {
	c, dir := connect(t), t.TempDir()
	in, out := filepath.Join(dir, "in.ndjson"), filepath.Join(dir, "out.ndjson")
	if err := os.WriteFile(in, []byte("{\"ms\":1000,\"n\":1}\n{\"ms\":2500,\"n\":2}\nnot json\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, sql := range []string{
		"CREATE STREAM lines (ms BIGINT, n INT, at TIMESTAMP AS to_timestamp(ms / 1000.0)) WITH (connector = 'file', path = '" + in + "')",
		"CREATE STREAM copied WITH (connector = 'file', path = '" + out + "') AS SELECT n * 10 AS n, at FROM lines",
		"FLUSH",
	} {
		if _, err := c.Exec(t.Context(), sql); err != nil {
			t.Fatalf("%s: %v", sql, err)
		}
	}
	notices = nil
	if _, err := c.Exec(t.Context(), "SELECT n FROM lines"); err != nil {
		t.Fatal(err)
	}
	if want := []string{`1 record of stream "lines" could not be decoded: The first of them: want a JSON object at byte 0.`}; !slices.Equal(notices, want) {
		t.Errorf("notices %q, want %q", notices, want)
	}
	got, err := os.ReadFile(out)
	want := `{"n":10,"at":"1970-01-01 00:00:01"}` + "\n" + `{"n":20,"at":"1970-01-01 00:00:02.5"}` + "\n"
	if string(got) != want {
		t.Errorf("have %q (%v), want %q", got, err, want)
	}
}

// TestOptionErrors: a mistake in an option is shown where it was made.
func TestOptionErrors(t *testing.T) {
	c := connect(t)
	for _, x := range []struct{ with, at, message, hint string }{
		{"connector = 'kafka', topik = 't'", "topik", `unrecognized option "topik" of a kafka source`, `Perhaps you meant "topic".`},
		{"connector = 'kafka', topic = 't', brokers = '127.0.0.1:1', format = 'xml'", "format", `option "format": want one of json, upsert_json, debezium_json, not "xml"`, ""},
		{"connector = 'file', path = 'x', pth = 'y'", "pth", `option "pth": not known to the file connector`, "a file source has path, follow and format"},
	} {
		sql := "CREATE STREAM s (a INT) WITH (" + x.with + ")"
		_, err := c.Exec(t.Context(), sql)
		var e *pgconn.PgError
		if !errors.As(err, &e) {
			t.Fatalf("%s: have %v", sql, err)
		}
		if e.Code != "22023" || e.Message != x.message || e.Hint != x.hint || int(e.Position) != strings.Index(sql, x.at)+1 {
			t.Errorf("%s: have %+v", sql, e)
		}
	}
}

// TestOneServer: a second server on the same data says so, and does not touch
// the first.
func TestOneServer(t *testing.T) {
	cfg := Config{Data: t.TempDir(), Workers: 1}
	first, err := Start(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Start(t.Context(), cfg); err == nil || !strings.Contains(err.Error(), cfg.Data) {
		t.Errorf("a second server: %v", err)
	}
	if err := first.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	again, err := Start(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	if err := again.Close(t.Context()); err != nil {
		t.Error(err)
	}
}
