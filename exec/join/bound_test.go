package join

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/dirigo-stream/dirigo/exec/batch"
)

// TestPanesOfABatch: each row goes to the pane of its own time, also where all of
// a batch lie in one, and at the ends of time.
func TestPanesOfABatch(t *testing.T) {
	ends := []int64{math.MinInt64, math.MinInt64 + 1, -1, 0, 1, math.MaxInt64 - 1, math.MaxInt64}
	for seed := range uint64(300) {
		r := rand.New(rand.NewPCG(seed, 0))
		low := r.Int64N(20*minPane) - 10*minPane
		tm := newTiming(&Bound{Low: low, High: low + r.Int64N(5*minPane)})
		spread := []int64{1, minPane / 2, 30 * minPane}[seed%3]
		base := r.Int64N(100*minPane) - 50*minPane
		times, rows := &batch.Vec[int64]{}, []int32{}
		for i := range 20 {
			at := base + r.Int64N(spread)
			if seed%5 == 0 && i%4 == 1 {
				at = ends[r.IntN(len(ends))]
			}
			times.Append(at)
			rows = append(rows, int32(i))
		}
		for in := range 2 {
			seen := 0
			for _, it := range tm.sort(nil, in, &batch.Batch{N: 20, Cols: []batch.Column{times}}, rows) {
				for _, row := range it.rows {
					if p := tm.pane(in, times.Data[row]); p != it.pane {
						t.Fatalf("seed %d, input %d: time %d lies in pane %d, not %d", seed, in, times.Data[row], p, it.pane)
					}
					seen++
				}
			}
			if seen != len(rows) {
				t.Fatalf("seed %d, input %d: %d of %d rows", seed, in, seen, len(rows))
			}
		}
	}
}
