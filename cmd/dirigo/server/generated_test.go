package server_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/dirigo-stream/dirigo/cmd/dirigo/server"
)

// TestGeneratedAlike: a row whose generated column cannot be computed is
// rejected for all queries, whoever reads that column.
func TestGeneratedAlike(t *testing.T) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	path := filepath.Join(t.TempDir(), "rows.ndjson")
	feed(t, path)
	s, err := server.Start(ctx, server.Config{Data: t.TempDir(), Listen: "127.0.0.1:0"})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close(context.Background())
	conn, err := pgconn.Connect(ctx, "postgres://test@"+s.Addr()+"/dirigo")
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(ctx)
	run := func(sql string) string {
		t.Helper()
		results, err := conn.Exec(ctx, sql).ReadAll()
		if err != nil {
			t.Fatalf("%s: %v", sql, err)
		}
		if len(results[0].Rows) == 0 {
			return ""
		}
		return string(results[0].Rows[0][0])
	}
	run(`CREATE STREAM s (v BIGINT, tenth BIGINT AS 10 / v) WITH (connector = 'file', path = '` + path + `')`)
	run(`CREATE MATERIALIZED VIEW alone AS SELECT count(*) AS n FROM s`)
	run(`FLUSH`)
	run(`CREATE MATERIALIZED VIEW neighbour AS SELECT sum(tenth) AS n FROM s`)
	run(`FLUSH`)
	feed(t, path)
	run(`FLUSH`)
	run(`CREATE MATERIALIZED VIEW late AS SELECT count(*) AS n FROM s`)
	run(`FLUSH`)
	for _, view := range []string{"alone", "late"} {
		if n := run(`SELECT n FROM ` + view); n != "180" {
			t.Errorf("%s counts %s rows of 200, of which 20 have no tenth", view, n)
		}
	}
	if n := run(`SELECT count(*) FROM dirigo_rejected WHERE reason = 'expression'`); n != "20" {
		t.Errorf("%s rows rejected, not 20", n)
	}
}

// feed appends a hundred rows, of which every tenth holds 0.
func feed(t *testing.T, path string) {
	t.Helper()
	f, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for i := range 100 {
		if _, err := fmt.Fprintf(f, "{\"v\":%d}\n", i%10); err != nil {
			t.Fatal(err)
		}
	}
}
