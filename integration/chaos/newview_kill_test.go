package chaos

import (
	"fmt"
	"testing"
	"time"
)

// base is old queries that new ones read: a view over the stream, and one that
// joins it with the table.
func base(r *relations) {
	r.view("per_key", "k, n, total", `SELECT k, count(*) AS n, sum(v) AS total FROM s GROUP BY k`, perKeyOf("s"))
	r.view("graded", "k, n, grp", `SELECT p.k, p.n, i.grp FROM per_key p JOIN items i ON p.k = i.k`, wantGraded)
}

func wantGraded(w *world) (rows [][]int64) {
	for k, c := range perKey(w.streams["s"]) {
		if x, ok := w.items[k]; ok {
			rows = append(rows, []int64{k, c[0], x.grp})
		}
	}
	return rows
}

// newcomer is a query over old streams, tables and views.
type newcomer struct {
	columns, sql string
	want         naive
}

var newcomers = []newcomer{
	{
		"k, total, grp, w", `SELECT p.k, p.total, i.grp, i.w FROM per_key p JOIN items i ON p.k = i.k`,
		func(w *world) (rows [][]int64) {
			for k, c := range perKey(w.streams["s"]) {
				if x, ok := w.items[k]; ok {
					rows = append(rows, []int64{k, c[1], x.grp, x.w})
				}
			}
			return rows
		},
	},
	{
		"id, n", `SELECT s.id, p.n FROM s JOIN per_key p ON s.k = p.k`,
		func(w *world) (rows [][]int64) {
			per := perKey(w.streams["s"])
			for _, e := range w.streams["s"] {
				rows = append(rows, []int64{e.id, per[e.k][0]})
			}
			return rows
		},
	},
	{
		"grp, keys, n", `SELECT grp, count(*) AS keys, sum(n) AS n FROM graded GROUP BY grp`,
		func(w *world) [][]int64 { return byGroup(wantGraded(w), 2, 1) },
	},
	{
		"k, grp, w", `SELECT k, grp, w FROM items WHERE k NOT IN (SELECT k FROM per_key WHERE k IS NOT NULL)`,
		func(w *world) (rows [][]int64) {
			per := perKey(w.streams["s"])
			for k, x := range w.items {
				if _, ok := per[k]; !ok {
					rows = append(rows, []int64{k, x.grp, x.w})
				}
			}
			return rows
		},
	},
	{
		"k, n, total, w", `SELECT coalesce(p.k, i.k) AS k, p.n, p.total, i.w FROM per_key p FULL JOIN items i ON p.k = i.k`,
		func(w *world) (rows [][]int64) {
			per := perKey(w.streams["s"])
			for k, c := range per {
				row := []int64{k, c[0], c[1], null}
				if x, ok := w.items[k]; ok {
					row[3] = x.w
				}
				rows = append(rows, row)
			}
			for k, x := range w.items {
				if _, ok := per[k]; !ok {
					rows = append(rows, []int64{k, null, null, x.w})
				}
			}
			return rows
		},
	},
}

// keptViews is how many newcomers stay; older ones are dropped.
const keptViews = 5

// newcomer creates one, so that the kill comes while it is being created, or
// while it reads what was there before it.
func (r *relations) newcomer(i int) {
	r.t.Helper()
	c := newcomers[i%len(newcomers)]
	x := expectation{name: fmt.Sprintf("new_%d", i), columns: c.columns, want: c.want}
	answered := make(chan error, 1)
	go func() {
		_, err := r.n.rows("CREATE MATERIALIZED VIEW " + x.name + " AS " + c.sql)
		answered <- err
	}()
	if r.rng.IntN(3) > 0 { // after the answer
		if err := <-answered; err != nil {
			r.t.Fatalf("create %s: %v", x.name, err)
		}
		answered <- nil
		time.Sleep(time.Duration(r.rng.IntN(60)) * time.Millisecond)
	} else {
		time.Sleep(time.Duration(r.rng.IntN(15)) * time.Millisecond)
	}
	r.strike()
	there := len(r.n.query("SELECT name FROM dirigo_queries WHERE name = '"+x.name+"'")) > 0
	if err := <-answered; err == nil && !there {
		r.t.Errorf("%s was created, and is not there after the kill", x.name)
	}
	if there {
		r.all = append(r.all, x)
	}
}

// forget drops the oldest newcomers, which are behind the first keep queries.
func (r *relations) forget(keep int) {
	r.t.Helper()
	for len(r.all)-keep > keptViews {
		r.n.exec("DROP MATERIALIZED VIEW " + r.all[keep].name)
		r.all = append(r.all[:keep:keep], r.all[keep+1:]...)
	}
}

// TestKillWhileNewViewScans: SIGKILL right after a view has been created that
// reads the content of older views and tables, and a stream's history, while
// all of them change.
func TestKillWhileNewViewScans(t *testing.T) {
	violently(t, "", []string{"s"}, func(r *relations, seed uint64) {
		r.table(2, 600, seed)
		r.feeds[0].feed(10_000)
		base(r)
		old := len(r.all)
		r.run()
		for i := range shortKills() {
			r.newcomer(i)
			r.forget(old)
			if r.rng.IntN(4) == 0 {
				r.blow()
			}
		}
	})
}
