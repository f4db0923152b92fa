package tpch

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/dirigo-stream/dirigo/cmd/dirigo/server"
	"github.com/dirigo-stream/dirigo/integration/pg"
	"github.com/dirigo-stream/dirigo/storage/mem"
)

// patience is how long a statement may take; never a matter of speed.
const patience = 3 * time.Minute

// refused are the queries that Dirigo does not run yet; docs/SQL.md lists them.
var refused = map[string]bool{}

// orders is the scale: 1,500 of them are a thousandth of TPC-H's unit.
func orders() int {
	switch {
	case os.Getenv("DIRIGO_CHECK") == "long":
		return 1500
	case testing.Short():
		return 60
	}
	return 200
}

// TestQueries: every query of TPC-H, as a view made before there are rows and as
// one made in the middle, holds what PostgreSQL computes, while rows are
// inserted, updated and deleted.
func TestQueries(t *testing.T) {
	seed := uint64(time.Now().UnixNano() % 1e6)
	t.Logf("seed %d, %d orders", seed, orders())
	rival := open(t, &pg.Start(t).Config)
	mine := start(t)
	d := newData(seed, orders())
	for _, sql := range statements(t, "testdata/schema.sql") {
		both(t, rival, mine, sql)
	}
	names := views(t, rival, mine, "")
	load := d.inserts()
	for i, sql := range load {
		both(t, rival, mine, sql)
		if i == len(load)*2/3 {
			compare(t, rival, mine, names, "while rows are loaded")
			names = append(names, views(t, rival, mine, "_later")...)
		}
	}
	compare(t, rival, mine, names, "when all is loaded")
	next := d.orders
	for range 4 {
		for range max(20, orders()/10) {
			for _, sql := range d.change(&next) {
				both(t, rival, mine, sql)
			}
		}
		compare(t, rival, mine, names, "after changes")
	}
}

// views makes every query a view of both engines and returns their names.
func views(t *testing.T, rival, mine *pgconn.PgConn, suffix string) []string {
	files, err := filepath.Glob("testdata/q*.sql")
	if err != nil || len(files) != 22 {
		t.Fatalf("%d queries: %v", len(files), err)
	}
	var names []string
	for _, f := range files {
		text, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		number := strings.TrimSuffix(filepath.Base(f), ".sql")
		name := number + suffix
		_, _, err = run(mine, "CREATE MATERIALIZED VIEW "+name+" AS "+string(text))
		var pe *pgconn.PgError
		switch {
		case refused[number] && errors.As(err, &pe) && pe.Code == "0A000":
			continue
		case refused[number]:
			t.Errorf("%s is listed as refused: %v", name, err)
		case err != nil:
			t.Errorf("%s: %v", name, err)
			continue
		}
		if _, _, err := run(rival, "CREATE VIEW "+name+" AS "+string(text)); err != nil {
			t.Fatalf("PostgreSQL: %s: %v", name, err)
		}
		names = append(names, name)
	}
	return names
}

func compare(t *testing.T, rival, mine *pgconn.PgConn, names []string, when string) {
	t.Helper()
	if _, _, err := run(mine, "FLUSH"); err != nil {
		t.Fatal(err)
	}
	total, empty := 0, 0
	for _, name := range names {
		want, _, err := run(rival, "SELECT * FROM "+name)
		if err != nil {
			t.Fatal(err)
		}
		got, _, err := run(mine, "SELECT * FROM "+name)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		total += len(want)
		if len(want) == 0 {
			empty++
		}
		slices.Sort(got)
		slices.Sort(want)
		if !slices.Equal(got, want) {
			t.Errorf("%s %s: %d rows, want %d\n%s\nwant\n%s", name, when, len(got), len(want), few(got), few(want))
		}
	}
	t.Logf("%s: %d views, %d rows the same, %d views empty", when, len(names), total, empty)
	if t.Failed() {
		t.FailNow()
	}
	if total == 0 {
		t.Fatal("nothing was compared")
	}
}

func few(rows []string) string {
	if len(rows) > 8 {
		rows = append(rows[:8:8], "…")
	}
	return strings.Join(rows, "\n")
}

// both runs a statement on both engines, with the same tag.
func both(t *testing.T, rival, mine *pgconn.PgConn, sql string) {
	t.Helper()
	_, want, err := run(rival, sql)
	if err != nil {
		t.Fatalf("PostgreSQL: %.200s: %v", sql, err)
	}
	_, got, err := run(mine, sql)
	if err != nil || got != want {
		t.Fatalf("%.200s: %s, %v; want %s", sql, got, err, want)
	}
}

func statements(t *testing.T, path string) []string {
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for sql := range strings.SplitSeq(string(text), ";") {
		if sql = strings.TrimSpace(sql); sql != "" {
			out = append(out, sql)
		}
	}
	return out
}

func run(c *pgconn.PgConn, sql string) (rows []string, tag string, err error) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	results, err := c.Exec(ctx, sql).ReadAll()
	if err != nil {
		return nil, "", err
	}
	for _, r := range results {
		tag = r.CommandTag.String()
		for _, cells := range r.Rows {
			out := make([]string, len(cells))
			for i, v := range cells {
				out[i] = string(v)
				if v == nil {
					out[i] = "NULL"
				}
			}
			rows = append(rows, strings.Join(out, "|"))
		}
	}
	return rows, tag, nil
}

func open(t *testing.T, cfg *pgconn.Config) *pgconn.PgConn {
	t.Helper()
	conn, err := pgconn.ConnectConfig(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close(context.Background()) })
	return conn
}

// start runs Dirigo with several instances of everything.
func start(t *testing.T) *pgconn.PgConn {
	t.Helper()
	s, err := server.Start(t.Context(), server.Config{
		Store: mem.NewDisk().Open(), Listen: "127.0.0.1:0", Workers: 2, Parallelism: 3, Epoch: 50 * time.Millisecond,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		if err := s.Close(ctx); err != nil {
			t.Error(err)
		}
	})
	cfg, err := pgconn.ParseConfig(fmt.Sprintf("postgres://test@%s/dirigo?sslmode=disable", s.Addr()))
	if err != nil {
		t.Fatal(err)
	}
	return open(t, cfg)
}
