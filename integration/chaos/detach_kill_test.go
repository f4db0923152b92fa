package chaos

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// fellBehind is what a process says when it restarts a group because one of its
// queries cannot keep pace.
const fellBehind = "query fell behind its source and catches up"

// TestKillAfterDetach: a group of queries has a member that falls behind again
// and again, as the rings keep little and its sink is slow. Its group restarts as
// one each time, and is killed meanwhile; no view of it may have lost or gained
// a row, nor may the group beside it notice. The rings keep a few batches: with
// less than one, two readers of a stream could only go in step.
func TestKillAfterDetach(t *testing.T) {
	violently(t, "feed_keep=65536", []string{"s", "aside"}, func(r *relations, seed uint64) {
		for _, f := range r.feeds {
			f.pause = 3 * time.Millisecond
		}
		r.table(1, 600, seed)
		base(r)
		path, lines := slowFile(r.t, 100<<10)
		slowGroup(r, path, "")
		r.view("beside", "k, n, total", `SELECT k, count(*) AS n, sum(v) AS total FROM aside GROUP BY k`, perKeyOf("aside"))
		r.run()
		for range shortKills() {
			r.fallsBehind()
			time.Sleep(time.Duration(r.rng.IntN(150)) * time.Millisecond)
			r.strike()
		}
		r.fallsBehind()
		r.t.Logf("a query fell behind %d times, %d lines were written", strings.Count(r.n.said(), fellBehind), lines.Load())
		r.n.exec("DROP STREAM slow") // else the end is long in coming
	})
}

// slowGroup is queries connected by views, one of which writes to a slow file, with
// such options.
func slowGroup(r *relations, path, options string) {
	r.view("all_rows", "id, k, v", `SELECT id, k, v FROM s`, func(w *world) (rows [][]int64) {
		for _, e := range w.streams["s"] {
			rows = append(rows, []int64{e.id, e.k, e.v})
		}
		return rows
	})
	r.n.exec(fmt.Sprintf(`CREATE STREAM slow WITH (connector = 'file', path = '%s', delivery = 'at_least_once'%s) AS
		SELECT id, k, v, repeat('x', 50) AS wide FROM all_rows`, path, options))
	r.view("graded_rows", "id, v, grp", `SELECT a.id, a.v, g.grp FROM all_rows a JOIN graded g ON a.k = g.k`,
		func(w *world) (rows [][]int64) {
			for _, e := range w.streams["s"] {
				if x, ok := w.items[e.k]; ok {
					rows = append(rows, []int64{e.id, e.v, x.grp})
				}
			}
			return rows
		})
}

// fallsBehind waits until one more query is behind.
func (r *relations) fallsBehind() {
	r.t.Helper()
	was := strings.Count(r.n.said(), fellBehind)
	eventually(r.t, "a query to fall behind", func() (bool, string) {
		return strings.Count(r.n.said(), fellBehind) > was, "none did"
	})
}
