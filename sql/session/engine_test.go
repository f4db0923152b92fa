package session_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/dirigo-stream/dirigo/connectors"
	"github.com/dirigo-stream/dirigo/connectors/blackhole"
	"github.com/dirigo-stream/dirigo/connectors/file"
	"github.com/dirigo-stream/dirigo/connectors/nexmark"
	"github.com/dirigo-stream/dirigo/exec/job"
	"github.com/dirigo-stream/dirigo/sql/catalog"
	"github.com/dirigo-stream/dirigo/sql/session"
	"github.com/dirigo-stream/dirigo/storage/mem"
)

// realDB returns a DB over a real engine, and what shuts it down.
func realDB(t testing.TB, disk *mem.Disk) (*session.DB, func()) {
	t.Helper()
	all := map[string]connectors.Connector{
		"nexmark": nexmark.Connector(), "file": file.Connector(), "blackhole": blackhole.Connector(),
	}
	store := disk.Open()
	eng, err := job.Open(t.Context(), job.Config{Store: store, Connectors: all, Workers: 2})
	if err != nil {
		t.Fatal(err)
	}
	log, err := store.Log("catalog")
	if err != nil {
		t.Fatal(err)
	}
	c, err := catalog.Open(log)
	if err != nil {
		t.Fatal(err)
	}
	db := session.New(session.Config{Catalog: c, Engine: eng, Connectors: all, Schemas: nil, Version: "0.1.0"})
	if err := db.Restore(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := eng.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	closed := false
	stop := func() {
		if !closed {
			closed = true
			if err := eng.Close(context.Background()); err != nil {
				t.Errorf("close: %v", err)
			}
		}
	}
	t.Cleanup(stop)
	return db, stop
}

// TestEngine: from text to rows with nothing fake between: a file of records
// becomes a stream, a view, rows, changes; a restart keeps them.
func TestEngine(t *testing.T) {
	path := filepath.Join(t.TempDir(), "bids.json")
	records := `{"auction": 1, "price": 10.50, "ts": "2026-03-01 12:00:00"}
{"auction": 2, "price": 20, "ts": "2026-03-01 12:00:03"}
{"auction": 1, "price": 30.25, "ts": "2026-03-01 12:00:04"}
{"auction": "x"}
{"auction": 1, "price": null, "ts": "2026-03-01 12:00:15"}
`
	if err := os.WriteFile(path, []byte(records), 0o644); err != nil {
		t.Fatal(err)
	}
	disk := mem.NewDisk()
	db, stop := realDB(t, disk)
	conn := connect(t, serve(t, db))
	do(t, conn,
		"CREATE STREAM bids (auction BIGINT, price NUMERIC(10,2), ts TIMESTAMP, WATERMARK FOR ts AS ts - INTERVAL '4 seconds') WITH (connector = 'file', path = '"+path+"', format = 'json')",
		"CREATE MATERIALIZED VIEW per_auction AS SELECT auction, count(*) AS bids, sum(price) AS total FROM bids GROUP BY auction",
		"CREATE MATERIALIZED VIEW windows AS SELECT window_start, auction, max(price) AS top FROM TUMBLE(bids, ts, INTERVAL '10 seconds') GROUP BY window_start, auction EMIT ON WINDOW CLOSE",
		"FLUSH",
	)
	check := func() {
		t.Helper()
		for sql, want := range map[string]string{
			"SELECT * FROM per_auction ORDER BY auction":                 "1|3|40.75\n2|1|20.00\n",
			"SELECT auction, top FROM windows ORDER BY auction":          "1|30.25\n2|20.00\n",
			"SELECT sum(bids), avg(total) FROM per_auction":              "4|30.3750000000000000\n",
			"SELECT 1 + 1, 'a' || 'b', DATE '2026-03-01' + 1":            "2|ab|2026-03-02\n",
			"SELECT name, state FROM dirigo_queries ORDER BY 1":          "per_auction|running\nwindows|running\n",
			"SELECT reason, \"offset\" IS NOT NULL FROM dirigo_rejected": "malformed|t\n",
		} {
			if got := query(t, conn, sql); got != want {
				t.Errorf("%s:\n%swant\n%s", sql, got, want)
			}
		}
	}
	check()
	if got := query(t, conn, "SELECT auction FROM bids WHERE price > 15"); got != "2\n1\n" {
		t.Errorf("the stream's recent rows: %s", got)
	}
	var n int64
	if err := conn.QueryRow(t.Context(), "SELECT bids FROM per_auction WHERE auction = $1", 1).Scan(&n); err != nil || n != 3 {
		t.Errorf("with a parameter: %d, %v", n, err)
	}
	do(t, conn, "BEGIN", "DECLARE c CURSOR FOR SUBSCRIBE TO per_auction")
	got := query(t, conn, "FETCH 10 FROM c")
	if !strings.Contains(got, "|1|1|3|40.75\n") {
		t.Errorf("subscribe:\n%s", got)
	}
	do(t, conn, "ROLLBACK")
	stop()

	db, _ = realDB(t, disk)
	conn = connect(t, serve(t, db))
	check()
	do(t, conn, "DROP STREAM bids CASCADE")
	if got := query(t, conn, "SELECT count(*) FROM dirigo_queries"); got != "0\n" {
		t.Errorf("queries left over: %s", got)
	}
}
