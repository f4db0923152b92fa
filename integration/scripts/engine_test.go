package scripts

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/dirigo-stream/dirigo/cmd/dirigo/demo/data"
	"github.com/dirigo-stream/dirigo/cmd/dirigo/server"
	"github.com/dirigo-stream/dirigo/storage/mem"
)

// window is TUMBLE or HOP over a stream, for both engines.
type window struct {
	stream, event string
	slide, size   string // slide "": it tumbles
	hops          int    // windows that a row is in
	lateness      string
	changes       bool // shown before they close
}

// dirigo is the FROM item of the dialect.
func (w window) dirigo() string {
	if w.slide == "" {
		return fmt.Sprintf("TUMBLE(%s, %s, INTERVAL '%s')", w.stream, w.event, w.size)
	}
	return fmt.Sprintf("HOP(%s, %s, INTERVAL '%s', INTERVAL '%s')", w.stream, w.event, w.slide, w.size)
}

// postgres is the same of date_bin and generate_series: every row that is not
// too late, once per window that it is in, of the windows that have closed.
func (w window) postgres() string {
	slide, hops, lateness, closed := w.slide, w.hops, w.lateness, ""
	if slide == "" {
		slide, hops = w.size, 1
	}
	if lateness == "" {
		lateness = "0"
	}
	if !w.changes {
		closed = fmt.Sprintf("AND s + interval '%s' + interval '%s' <= (SELECT w FROM %s_watermark)", w.size, lateness, w.stream)
	}
	return fmt.Sprintf(`(SELECT x.*, s AS window_start, s + interval '%[4]s' AS window_end
		FROM %[1]s AS x, generate_series(0, %[5]d) AS k,
		LATERAL (SELECT date_bin('%[3]s', %[2]s, '1970-01-01 00:00:00+00') - k * interval '%[3]s' AS s) AS b
		WHERE behind <= interval '%[6]s' AND %[2]s < s + interval '%[4]s' %[7]s) AS w`,
		w.stream, w.event, slide, w.size, hops-1, lateness, closed)
}

// question is one query for both engines: its FROM is %s. show is what is
// compared, where it is not all.
type question struct {
	name   string
	query  string
	window window // stream alone: no window
	show   string
}

func tumble(stream, event, size string) window {
	return window{stream: stream, event: event, size: size}
}

func hop(stream, event, slide, size string, hops int) window {
	return window{stream: stream, event: event, slide: slide, size: size, hops: hops}
}

func plain(stream string) window { return window{stream: stream} }

// demoQuestions are the demo's views, as demo.sql creates them.
var demoQuestions = []question{
	{
		"delays_10m", `SELECT window_start, origin, count(*) AS delayed, avg(delay) AS average, max(delay) AS worst
			FROM %s WHERE delay > 15 GROUP BY window_start, origin`,
		tumble("flights", "departure", "10 minutes"), "",
	},
	{
		"delays_1h", `SELECT window_start, origin, count(*) AS delayed, avg(delay) AS average, max(delay) AS worst
			FROM %s WHERE delay > 15 GROUP BY window_start, origin`,
		tumble("flights", "departure", "1 hour"), "",
	},
	{
		"worst_airports", `SELECT window_start, window_end, origin, count(*) AS flights, count(*) FILTER (WHERE delay > 15) AS delayed, avg(delay) AS average
			FROM %s GROUP BY window_start, window_end, origin HAVING count(*) >= 3`,
		hop("flights", "departure", "1 hour", "6 hours", 6), "",
	},
	{
		"carriers_now", `SELECT origin AS carrier, count(*) AS flights, count(*) FILTER (WHERE delay > 15) AS delayed, avg(delay) AS average, sum(distance) AS miles
			FROM %s GROUP BY origin`,
		plain("flights"), "",
	},
	{
		"quakes_per_hour", `SELECT window_start, count(*) AS quakes, max(mag) AS strongest, avg(depth) AS depth
			FROM %s WHERE mag >= 4 GROUP BY window_start`,
		tumble("quakes", "at", "1 hour"), "window_start, quakes, strongest, round(depth::numeric, 6)",
	},
}

// moreQuestions are created beside them.
var moreQuestions = []question{
	{
		"arrivals", `SELECT window_start, destination, count(*) AS n, count(DISTINCT origin) AS origins, sum(distance) AS miles, min(delay) AS best, min(origin) AS first
			FROM %s GROUP BY window_start, destination`,
		tumble("flights", "departure", "1 hour"), "",
	},
	{
		"half_hours", `SELECT window_start, origin, count(*) FILTER (WHERE delay <= 0) AS on_time, avg(distance) AS far, sum(delay) AS delay
			FROM %s WHERE distance > 300 GROUP BY window_start, origin`,
		hop("flights", "departure", "30 minutes", "2 hours", 4), "",
	},
	{
		"odd_hops", `SELECT window_start, window_end, count(*) AS n, max(delay) - min(delay) AS spread FROM %s GROUP BY window_start, window_end`,
		hop("flights", "departure", "7 minutes", "30 minutes", 5), "",
	},
	{
		"busy_days", `SELECT window_start, origin, count(*) AS n, avg(delay) AS delay FROM %s GROUP BY window_start, origin HAVING count(*) > 4 AND avg(delay) > 0`,
		tumble("flights", "departure", "1 day"), "",
	},
	{
		"open_days", `SELECT window_start, count(*) AS n, sum(distance) AS miles FROM %s GROUP BY window_start`,
		window{stream: "flights", event: "departure", size: "1 day", changes: true},
		"",
	},
	{
		"routes", `SELECT origin, destination, count(*) AS n, avg(delay) AS delay, max(departure) AS latest FROM %s GROUP BY origin, destination`,
		plain("flights"), "",
	},
	{
		"classes", `SELECT CASE WHEN delay IS NULL THEN 'none' WHEN delay <= 0 THEN 'early' WHEN delay <= 15 THEN 'fair' ELSE 'late' END AS class,
			count(*) AS n, sum(delay) AS delay, avg(distance)::numeric(10,2) AS far
			FROM %s GROUP BY CASE WHEN delay IS NULL THEN 'none' WHEN delay <= 0 THEN 'early' WHEN delay <= 15 THEN 'fair' ELSE 'late' END`,
		plain("flights"), "",
	},
	{
		"reach", `SELECT origin, min(destination) AS first, max(destination) AS last, count(DISTINCT destination) AS reach, sum(DISTINCT distance) AS miles FROM %s GROUP BY origin`,
		plain("flights"), "",
	},
	{
		"touches", `SELECT airport, count(*) AS n, sum(delay) AS delay
			FROM (SELECT origin AS airport, delay FROM %[1]s UNION ALL SELECT destination, -delay FROM %[1]s) AS both_ends GROUP BY airport`,
		plain("flights"), "",
	},
	{
		"sizes", `WITH per AS (SELECT origin, count(*) AS n, sum(distance) AS miles FROM %s GROUP BY origin)
			SELECT n / 100 AS hundreds, count(*) AS origins, sum(miles) AS miles, max(n) AS most FROM per GROUP BY n / 100`,
		plain("flights"), "",
	},
	{
		"whole", `SELECT count(*) AS n, sum(delay) AS delay, avg(delay) AS average, min(departure) AS first, max(departure) AS last, count(DISTINCT origin) AS origins FROM %s`,
		plain("flights"), "",
	},
	{
		"by_day", `SELECT departure::date AS day, extract(hour FROM departure) AS hour, count(*) AS n, avg(delay) AS delay FROM %s GROUP BY departure::date, extract(hour FROM departure)`,
		plain("flights"), "",
	},
	{
		"long_delays", `SELECT id, lower(origin) || '-' || destination AS route, delay / 60.0 AS hours, to_char(departure, 'DD Mon YYYY HH24:MI') AS at,
			departure + delay * INTERVAL '1 minute' AS left_at FROM %s WHERE delay > 240`,
		plain("flights"), "",
	},
	{
		"quakes_by_strength", `SELECT floor(mag) AS strength, count(*) AS n, max(depth) AS deepest, min(place) AS first, max(id) AS last FROM %s GROUP BY floor(mag)`,
		plain("quakes"), "",
	},
	{
		"quakes_by_day", `SELECT window_start, count(*) AS n, count(*) FILTER (WHERE mag >= 5) AS strong, min(place) AS first, max(at) AS latest FROM %s GROUP BY window_start`,
		tumble("quakes", "at", "1 day"), "",
	},
	{
		"patient_quakes", `SELECT window_start, count(*) AS n, max(mag) AS strongest FROM %s GROUP BY window_start`,
		window{stream: "quakes", event: "at", size: "1 hour", lateness: "12 hours"},
		"",
	},
	{
		"hopping_quakes", `SELECT window_start, window_end, count(*) AS n, max(mag) AS strongest, count(DISTINCT place) AS places FROM %s GROUP BY window_start, window_end`,
		hop("quakes", "at", "6 hours", "1 day", 4), "",
	},
	{
		"states", `SELECT state, count(*) AS n, min(city) AS first, max(name) AS last, round(avg(latitude)::numeric, 9) AS latitude FROM %s GROUP BY state`,
		plain("airports"), "",
	},
}

// create is the statement that makes the view.
func (q question) create() string {
	if q.window.size == "" {
		return fmt.Sprintf("CREATE MATERIALIZED VIEW %s AS %s", q.name, fmt.Sprintf(q.query, q.window.stream))
	}
	with, emit := "", "EMIT ON WINDOW CLOSE"
	if q.window.lateness != "" {
		with = fmt.Sprintf("WITH (allowed_lateness = '%s')", q.window.lateness)
	}
	if q.window.changes {
		emit = "EMIT CHANGES"
	}
	return fmt.Sprintf("CREATE MATERIALIZED VIEW %s %s AS %s %s", q.name, with, fmt.Sprintf(q.query, q.window.dirigo()), emit)
}

// shown is what is compared of the result.
func (q question) shown(from string) string {
	show := q.show
	if show == "" {
		show = "*"
	}
	return "SELECT " + show + " FROM " + from
}

func (q question) postgres() string {
	from := q.window.stream
	if q.window.size != "" {
		from = q.window.postgres()
	}
	return q.shown("(" + fmt.Sprintf(q.query, from) + ") AS answer")
}

// TestPostgres compares views over real events with what PostgreSQL computes
// from the same events at rest.
func TestPostgres(t *testing.T) {
	pg := postgres(t)
	b, err := startBroker()
	if err != nil {
		t.Fatal(err)
	}
	defer b.close()
	for _, f := range feeds {
		f.load(t, b, pg)
	}
	questions := slices.Concat(demoQuestions, moreQuestions)
	want := map[string][]string{}
	total := 0
	for _, q := range questions {
		rows, err := pg.simple(t.Context(), q.postgres())
		if err != nil {
			t.Fatalf("PostgreSQL: %s: %v\n%s", q.name, err, q.postgres())
		}
		if len(rows) == 0 {
			t.Errorf("%s has no rows: it compares nothing", q.name)
		}
		want[q.name] = rows
		total += len(rows)
	}
	sum := &tally{}
	for _, v := range variants {
		if v.config == nil || testing.Short() && v.name != "lentAndCut" && v.name != "parallelism3" {
			continue
		}
		t.Run(v.name, func(t *testing.T) {
			cfg := v.config(uint64(os.Getpid()))
			cfg.ReadRows = nil // a few rows at a time are for scripts
			askDirigo(t, b, pg, cfg, questions, want, sum)
		})
	}
	t.Logf("%d queries, %d rows each time; %d lends, %d merges", len(questions), total, sum.lends, sum.merges)
	if sum.lends == 0 || sum.merges == 0 {
		t.Error("nothing was lent and merged")
	}
}

// askDirigo runs all queries on one node and compares their rows.
func askDirigo(t *testing.T, b *broker, pg *wire, cfg server.Config, questions []question, want map[string][]string, sum *tally) {
	ctx, cancel := context.WithTimeout(t.Context(), 4*patience)
	defer cancel()
	n, err := startInProcess(ctx, mem.NewDisk(), b.Addr(), cfg, sum)
	if err != nil {
		t.Fatal(err)
	}
	defer n.stop()
	w, err := connect(ctx, n.addr())
	if err != nil {
		t.Fatal(err)
	}
	defer w.close()
	for _, sql := range append([]string{data.SQL}, creates()...) {
		if _, err := w.statement(ctx, sql); err != nil {
			t.Fatalf("%v\n%s", err, sql)
		}
	}
	if _, err := w.simple(ctx, "FLUSH"); err != nil {
		t.Fatal(err)
	}
	for _, q := range questions {
		got, err := w.simple(ctx, q.shown(q.name))
		if err != nil {
			t.Errorf("%s: %v", q.name, err)
		} else if diff := sameMultiset(got, want[q.name]); diff != "" {
			t.Errorf("%s: %s", q.name, shorter(diff))
		}
	}
	compareLate(ctx, t, w, pg, questions)
}

func creates() []string {
	var out []string
	for _, q := range moreQuestions {
		out = append(out, q.create())
	}
	return out
}

// compareLate compares how many rows each query has rejected as late, and which
// ones, as far as dirigo_rejected keeps them.
func compareLate(ctx context.Context, t *testing.T, w, pg *wire, questions []question) {
	all := 0
	for _, q := range questions {
		if q.window.size == "" || q.window.changes {
			continue
		}
		lateness := q.window.lateness
		if lateness == "" {
			lateness = "0"
		}
		late, err := pg.simple(ctx, fmt.Sprintf(`SELECT partition, "offset" FROM %s WHERE behind > interval '%s'`, q.window.stream, lateness))
		if err != nil {
			t.Fatal(err)
		}
		counted, err := w.simple(ctx, fmt.Sprintf("SELECT rejected FROM dirigo_queries WHERE name = '%s'", q.name))
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(counted, []string{fmt.Sprint(len(late))}) {
			t.Errorf("%s has rejected %v rows, %d are late", q.name, counted, len(late))
		}
		kept, err := w.simple(ctx, fmt.Sprintf(`SELECT "partition", "offset" FROM dirigo_rejected WHERE query = '%s' AND reason = 'late'`, q.name))
		if err != nil {
			t.Fatal(err)
		}
		for _, row := range kept {
			if !slices.Contains(late, row) {
				t.Errorf("%s has rejected the record at %s, which is not late", q.name, row)
			}
		}
		if len(late) > 0 && len(kept) == 0 {
			t.Errorf("%s shows none of its %d late rows", q.name, len(late))
		}
		all += len(late)
	}
	if all == 0 {
		t.Error("no row is late: nothing was compared")
	}
	t.Logf("%d rows rejected as late, over all queries", all)
}

// shorter keeps what a person reads of many rows.
func shorter(diff string) string {
	if i := strings.Index(diff, "got more"); i >= 0 {
		diff = diff[i:]
	}
	lines := strings.Split(diff, "\n")
	if len(lines) > 12 {
		lines = append(lines[:12], fmt.Sprintf("  … %d lines more", len(lines)-12))
	}
	return strings.Join(lines, "\n")
}
