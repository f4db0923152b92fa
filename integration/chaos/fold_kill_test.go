package chaos

import (
	"strings"
	"testing"
	"time"
)

// cutLine is what a process says right before it cuts a table's log off.
var cutLine = []byte(`msg="table log cut off"`)

// foldAlways makes every epoch, of which there are twenty a second, fold the
// state and cut the tables' logs off.
const foldAlways = "epoch_ms=50,fold_every=1,fold_bytes=1,fold_blocks=1"

// TestKillWhileTableLogFolds: SIGKILL while the tables' log is cut off, and the
// blocks of what they hold are merged: the rows are in one of both.
func TestKillWhileTableLogFolds(t *testing.T) {
	violently(t, foldAlways, []string{"s"}, func(r *relations, seed uint64) {
		r.table(3, 500, seed)
		base(r)
		r.view("by_group", "grp, n, w", `SELECT grp, count(*) AS n, sum(w) AS w FROM items GROUP BY grp`,
			func(w *world) [][]int64 {
				var rows [][]int64
				for _, x := range w.items {
					rows = append(rows, []int64{x.grp, x.w})
				}
				return byGroup(rows, 0, 1)
			})
		r.topic("by_group_topic", "grp, keys, n", `SELECT grp, count(*) AS keys, sum(n) AS n FROM graded GROUP BY grp`,
			func(w *world) [][]int64 { return byGroup(wantGraded(w), 2, 1) })
		old, inCut := len(r.all), 0
		r.run()
		for i := range shortKills() {
			time.Sleep(time.Duration(r.rng.IntN(400)) * time.Millisecond)
			if i%3 == 2 {
				r.newcomer(i) // what it reads of the tables is in the log no more
				r.forget(old)
				continue
			}
			if _, ok := r.n.killAt(cutLine, 5*time.Second); ok {
				r.kills++
				inCut++
				r.n.start()
				continue
			}
			r.strike()
		}
		said := strings.Count(r.n.said(), string(cutLine))
		r.t.Logf("the log was cut off %d times, %d kills came as it was", said, inCut)
		if inCut == 0 {
			r.t.Error("no kill came while a log was cut off")
		}
	})
}
