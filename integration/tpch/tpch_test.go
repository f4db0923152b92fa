package tpch

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/dirigo-stream/dirigo/actors"
	"github.com/dirigo-stream/dirigo/cmd/dirigo/server"
	"github.com/dirigo-stream/dirigo/integration/pg"
	"github.com/dirigo-stream/dirigo/storage/mem"
)

// patience is how long a statement may take; never a matter of speed.
const patience = 3 * time.Minute

// refused are the queries that Dirigo does not run yet; docs/SQL.md lists them.
var refused = map[string]bool{}

var seedFlag = flag.Uint64("seed", 0, "the data's first seed; 0: from the time")

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

// variant is one way to run Dirigo that must not change its rows.
type variant struct {
	name   string
	config func(seed uint64) server.Config
}

var variants = []variant{
	{"parallelism3", func(uint64) server.Config { return server.Config{Parallelism: 3, Epoch: 50 * time.Millisecond} }},
	{"parallelism1", func(uint64) server.Config { return server.Config{Parallelism: 1, Epoch: 50 * time.Millisecond} }},
	{"lentAndCut", lentAndCut},
}

// lentAndCut lends most messages, and ends ticks behind any unit of few rows.
func lentAndCut(seed uint64) server.Config {
	var mu sync.Mutex
	rng := rand.New(rand.NewPCG(seed, 2))
	draw := func(n int) int {
		mu.Lock()
		defer mu.Unlock()
		return rng.IntN(n)
	}
	return server.Config{
		Parallelism: 3, Lending: actors.SeededLending(seed, 0.7), Epoch: 20 * time.Millisecond,
		CutNow: func() bool { return draw(3) == 0 }, ReadRows: func() int { return 1 + draw(20) },
	}
}

// TestQueries: every query of TPC-H, as a view made before there are rows and as
// one made in the middle, holds what PostgreSQL computes, while rows are
// inserted, updated and deleted, and the node is started again. The long form
// runs it at a larger scale, in every variant, with several seeds.
func TestQueries(t *testing.T) {
	run, runs := variants[:1], 1
	if os.Getenv("DIRIGO_CHECK") == "long" {
		run, runs = variants, 2
	}
	base := *seedFlag
	if base == 0 {
		base = uint64(time.Now().UnixNano() % 1e6)
	}
	rival := open(t, &pg.Start(t).Config)
	for _, v := range run {
		for i := range runs {
			seed := base + uint64(i)
			t.Run(fmt.Sprintf("%s/%d", v.name, seed), func(t *testing.T) { play(t, rival, v, seed) })
		}
	}
}

// play runs all queries over the data of a seed.
func play(t *testing.T, rival *pgconn.PgConn, v variant, seed uint64) {
	size := orders()
	if v.name == "lentAndCut" {
		size = min(size, 400) // each tick is few rows, and there are many
	}
	both := &pair{rival: rival, mine: start(t, v.config(seed))}
	t.Logf("seed %d, %d orders", seed, size)
	if _, _, err := run(rival, "DROP SCHEMA public CASCADE; CREATE SCHEMA public"); err != nil {
		t.Fatal(err)
	}
	d := newData(seed, size)
	for _, sql := range statements(t, "testdata/schema.sql") {
		both.do(t, sql)
	}
	both.views(t, "")
	load := d.inserts()
	for i, sql := range load {
		both.do(t, sql)
		if i == len(load)*2/3 {
			both.compare(t, "while rows are loaded")
			both.views(t, "_later")
		}
	}
	both.compare(t, "when all is loaded")
	next := d.orders
	for round := range 4 {
		if round == 2 {
			both.mine.again(t)
		}
		for range max(20, size/10) {
			for _, sql := range d.change(&next) {
				both.do(t, sql)
			}
		}
		both.compare(t, "after changes")
	}
}

// pair is both engines and the views that they have.
type pair struct {
	rival *pgconn.PgConn
	mine  *dirigo
	names []string
}

// views makes every query a view of both engines.
func (p *pair) views(t *testing.T, suffix string) {
	files, err := filepath.Glob("testdata/q*.sql")
	if err != nil || len(files) != 22 {
		t.Fatalf("%d queries: %v", len(files), err)
	}
	for _, f := range files {
		text, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		number := strings.TrimSuffix(filepath.Base(f), ".sql")
		name := number + suffix
		_, _, err = run(p.mine.conn, "CREATE MATERIALIZED VIEW "+name+" AS "+string(text))
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
		if _, _, err := run(p.rival, "CREATE VIEW "+name+" AS "+string(text)); err != nil {
			t.Fatalf("PostgreSQL: %s: %v", name, err)
		}
		p.names = append(p.names, name)
	}
}

func (p *pair) compare(t *testing.T, when string) {
	t.Helper()
	if _, _, err := run(p.mine.conn, "FLUSH"); err != nil {
		t.Fatal(err)
	}
	total, empty := 0, 0
	for _, name := range p.names {
		want, _, err := run(p.rival, "SELECT * FROM "+name)
		if err != nil {
			t.Fatal(err)
		}
		got, _, err := run(p.mine.conn, "SELECT * FROM "+name)
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
	t.Logf("%s: %d views, %d rows the same, %d views empty", when, len(p.names), total, empty)
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

// do runs a statement on both engines, with the same tag.
func (p *pair) do(t *testing.T, sql string) {
	t.Helper()
	_, want, err := run(p.rival, sql)
	if err != nil {
		t.Fatalf("PostgreSQL: %.200s: %v", sql, err)
	}
	_, got, err := run(p.mine.conn, sql)
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

// dirigo is the engine under test and the disk that it lives on.
type dirigo struct {
	conn   *pgconn.PgConn
	server *server.Server
	config server.Config
	disk   *mem.Disk
}

func start(t *testing.T, cfg server.Config) *dirigo {
	t.Helper()
	d := &dirigo{config: cfg, disk: mem.NewDisk()}
	d.up(t)
	t.Cleanup(func() { d.down(t) })
	return d
}

func (d *dirigo) up(t *testing.T) {
	t.Helper()
	cfg := d.config
	cfg.Store, cfg.Listen, cfg.Workers = d.disk.Open(), "127.0.0.1:0", 2
	s, err := server.Start(context.Background(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	to, err := pgconn.ParseConfig(fmt.Sprintf("postgres://test@%s/dirigo?sslmode=disable", s.Addr()))
	if err != nil {
		t.Fatal(err)
	}
	d.server, d.conn = s, open(t, to)
}

func (d *dirigo) down(t *testing.T) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if err := d.server.Close(ctx); err != nil {
		t.Error(err)
	}
}

// again ends the node and starts it from what its disk has.
func (d *dirigo) again(t *testing.T) {
	t.Helper()
	d.down(t)
	d.up(t)
}
