package bench

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/dirigo-stream/dirigo/cmd/dirigo/bench"
	"github.com/dirigo-stream/dirigo/cmd/dirigo/server"
	"github.com/dirigo-stream/dirigo/connectors"
	"github.com/dirigo-stream/dirigo/connectors/nexmark"
	"github.com/dirigo-stream/dirigo/exec/batch"
	"github.com/dirigo-stream/dirigo/integration/pg"
	"github.com/dirigo-stream/dirigo/storage/mem"
)

// The queries that join, in PostgreSQL's words: what a window function of
// Dirigo's dialect gives is written out. A window that closes is one that the
// watermark has passed.
const (
	hopped = `(SELECT auction, count(*) AS num, s AS window_start FROM bid, generate_series(
		date_bin('2 s', date_time, 'epoch'::timestamp) - interval '8 s', date_bin('2 s', date_time, 'epoch'::timestamp), '2 s') s
		GROUP BY auction, s)`
	pgQ5 = `SELECT c.auction, c.num, c.window_start FROM ` + hopped + ` c JOIN (
		SELECT max(num) AS most, window_start FROM ` + hopped + ` n GROUP BY window_start) m
		ON c.window_start = m.window_start AND c.num >= m.most`
	pgQ7 = `SELECT b.auction, b.price, b.bidder, b.date_time, b.extra FROM bid b JOIN (
		SELECT max(price) AS top, date_bin('10 s', date_time, 'epoch'::timestamp) + interval '10 s' AS window_end FROM bid GROUP BY 2) w
		ON b.price = w.top WHERE b.date_time BETWEEN w.window_end - interval '10 s' AND w.window_end`
	closed = `(SELECT max(date_time) - interval '4 s' FROM bid)`
)

var answers = map[string]string{
	"q3": `SELECT p.name, p.city, p.state, a.id FROM auction a JOIN person p ON a.seller = p.id
		WHERE a.category = 10 AND p.state IN ('OR', 'ID', 'CA')`,
	"q4": `SELECT category, avg(final) FROM (SELECT max(b.price) AS final, a.category FROM auction a JOIN bid b ON a.id = b.auction
		WHERE b.date_time BETWEEN a.date_time AND a.expires GROUP BY a.id, a.category) q GROUP BY category`,
	"q5":      pgQ5,
	"q5close": `SELECT * FROM (` + pgQ5 + `) q WHERE window_start + interval '10 s' <= ` + closed,
	"q7":      pgQ7,
	"q7close": pgQ7 + ` AND w.window_end <= ` + closed,
	"q8": `SELECT DISTINCT p.id, p.name, date_bin('10 s', p.date_time, 'epoch'::timestamp) FROM person p JOIN auction a
		ON p.id = a.seller AND date_bin('10 s', p.date_time, 'epoch'::timestamp) = date_bin('10 s', a.date_time, 'epoch'::timestamp)`,
	"q20": `SELECT b.auction, b.bidder, b.price, b.channel, b.url, b.date_time, b.extra, a.item_name, a.description, a.initial_bid,
		a.reserve, a.date_time, a.expires, a.seller, a.category, a.extra FROM bid b JOIN auction a ON b.auction = a.id WHERE a.category = 10`,
}

// TestAnswers: the queries that join give what PostgreSQL gives for the same
// rows, with one instance of everything and with three.
func TestAnswers(t *testing.T) {
	events := int64(250_000) // 25 s of event time
	if testing.Short() {
		events = 145_000 // a window of 10 s closes
	}
	rival := rivalWith(t, events)
	for _, parallelism := range []int{1, 3} {
		mine := serve(t, parallelism)
		for _, name := range bench.RelationalNames() {
			streams, query := bench.Statements(name, events)
			for _, sql := range streams {
				if _, err := mine.Exec(t.Context(), sql); err != nil && !strings.Contains(err.Error(), "already exists") {
					t.Fatalf("%s: %v", sql, err)
				}
			}
			if _, err := mine.Exec(t.Context(), "CREATE MATERIALIZED VIEW v_"+name+" AS "+query); err != nil {
				t.Fatalf("%s: %v", name, err)
			}
		}
		if _, err := mine.Exec(t.Context(), "FLUSH"); err != nil {
			t.Fatal(err)
		}
		for _, name := range bench.RelationalNames() {
			got, want := rows(t, mine, "SELECT * FROM v_"+name), rows(t, rival, answers[name])
			if len(want) == 0 || !slices.Equal(got, want) {
				t.Errorf("%s, parallelism %d: %d rows, want %d\n%s\nwant\n%s", name, parallelism, len(got), len(want), few(got), few(want))
			}
			t.Logf("%s, parallelism %d: %d rows", name, parallelism, len(got))
		}
	}
}

// rivalWith returns a PostgreSQL that holds the generator's rows.
func rivalWith(t *testing.T, events int64) *pgx.Conn {
	conn, err := pgx.ConnectConfig(t.Context(), pg.Start(t))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close(context.Background()) })
	for _, table := range []string{"person", "auction", "bid"} {
		g, err := nexmark.NewGenerator(nexmark.Config{Table: table, Events: events})
		if err != nil {
			t.Fatal(err)
		}
		columns := nexmark.Schema(table)
		var names, defs []string
		for _, c := range columns {
			names, defs = append(names, c.Name), append(defs, c.Name+" "+c.Type.String())
		}
		if _, err := conn.Exec(t.Context(), fmt.Sprintf("CREATE TABLE %s (%s)", table, strings.Join(defs, ", "))); err != nil {
			t.Fatal(err)
		}
		b := g.Batch(0, int(g.Rows()))
		var text strings.Builder
		for row := range b.N {
			for i, c := range columns {
				if i > 0 {
					text.WriteByte('\t')
				}
				text.Write(batch.AppendText(nil, b.Cols[i], row, c.Type, time.UTC))
			}
			text.WriteByte('\n')
		}
		copied := fmt.Sprintf("COPY %s (%s) FROM STDIN", table, strings.Join(names, ", "))
		if _, err := conn.PgConn().CopyFrom(t.Context(), strings.NewReader(text.String()), copied); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := conn.Exec(t.Context(), "CREATE INDEX ON bid (auction); CREATE INDEX ON bid (price); CREATE INDEX ON person (id); ANALYZE"); err != nil {
		t.Fatal(err)
	}
	return conn
}

// serve runs Dirigo and returns a connection to it.
func serve(t *testing.T, parallelism int) *pgx.Conn {
	s, err := server.Start(t.Context(), server.Config{
		Store: mem.NewDisk().Open(), Listen: "127.0.0.1:0", Workers: 2, Parallelism: parallelism, Epoch: 50 * time.Millisecond,
		Connectors: map[string]connectors.Connector{"nexmark": {Source: func(spec connectors.Spec) (connectors.Source, error) {
			return nexmark.NewSource(spec)
		}}},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	conn, err := pgx.Connect(t.Context(), fmt.Sprintf("postgres://test@%s/dirigo?sslmode=disable", s.Addr()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close(context.Background()) })
	return conn
}

// rows returns a query's rows as text, sorted.
func rows(t *testing.T, conn *pgx.Conn, sql string) (out []string) {
	t.Helper()
	results, err := conn.PgConn().Exec(t.Context(), sql).ReadAll()
	if err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	for _, r := range results {
		for _, cells := range r.Rows {
			var row []string
			for _, v := range cells {
				row = append(row, string(v))
			}
			out = append(out, strings.Join(row, "|"))
		}
	}
	slices.Sort(out)
	return out
}

func few(rows []string) string { return strings.Join(rows[:min(len(rows), 4)], "\n") }
