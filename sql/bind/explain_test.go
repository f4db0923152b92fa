package bind_test

import (
	"os"
	"testing"
	"time"

	"github.com/dirigo-stream/dirigo/planner"
	"github.com/dirigo-stream/dirigo/planner/physical"
	"github.com/dirigo-stream/dirigo/sql/ast"
	"github.com/dirigo-stream/dirigo/sql/bind"
	"github.com/dirigo-stream/dirigo/sql/parse"
)

const windowedView = `CREATE MATERIALIZED VIEW v WITH (slo = '50 ms') AS
SELECT window_start, auction, count(*) AS bids, max(price) AS top_price
FROM TUMBLE(bids, date_time, INTERVAL '10 seconds') GROUP BY window_start, auction EMIT ON WINDOW CLOSE`

// TestExplainJSON: the whole of EXPLAIN (FORMAT json), by the cost model alone.
func TestExplainJSON(t *testing.T) {
	s := fuzzSession(t)
	stmt, err := parse.ParseOne(windowedView)
	if err != nil {
		t.Fatal(err)
	}
	c, err := bind.CreateView(stmt.(*ast.CreateView), s.env())
	if err != nil {
		t.Fatal(err)
	}
	g, err := planner.Continuous(c.Plan, physical.Options{Parallelism: 2})
	if err != nil {
		t.Fatal(err)
	}
	o := s.explain(c.Object)
	if o.SLO != 50*time.Millisecond {
		t.Errorf("slo %s", o.SLO)
	}
	got, err := physical.ExplainJSON(g, o)
	if err != nil {
		t.Fatal(err)
	}
	const file = "testdata/explain.json"
	if *update {
		if err := os.WriteFile(file, append(got, '\n'), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if string(got)+"\n" != string(want) {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

// BenchmarkCreateView is the way from a tree to a job graph.
func BenchmarkCreateView(b *testing.B) {
	stmt, err := parse.ParseOne(windowedView)
	if err != nil {
		b.Fatal(err)
	}
	env := fuzzSession(b).env()
	b.ReportAllocs()
	for b.Loop() {
		c, err := bind.CreateView(stmt.(*ast.CreateView), env)
		if err != nil {
			b.Fatal(err)
		}
		if _, err := planner.Continuous(c.Plan, physical.Options{Parallelism: 2}); err != nil {
			b.Fatal(err)
		}
	}
}
