package bench

import (
	"testing"
	"time"

	"github.com/dirigo-stream/dirigo/cmd/dirigo/bench"
)

// mostBytes is what an idle query may hold with everything: its catalog entry,
// plan, graph, actors' names and mailboxes, readers' cursors, the sealed manifest.
// A third of it is room.
const mostBytes = 18 << 10

// TestDense: an idle query costs kilobytes, no timer, no turn, no fsync and no
// goroutine, answers its first message, and is there after a restart. Where actors
// stay in memory it costs more: the figure is one of actors that have left it.
func TestDense(t *testing.T) {
	if testing.Short() {
		t.Skip("makes hundreds of queries, twice")
	}
	asleep := dense(t, 50*time.Millisecond)
	if asleep.LivePerQuery > mostBytes {
		t.Errorf("an idle query holds %.0f bytes, more than %d", asleep.LivePerQuery, mostBytes)
	}
	if i := asleep.Idle; i.Timers > 1 || i.Turns > 0 || i.Syncs > 0 || i.Goroutines > 100 {
		t.Errorf("%d idle queries: %d timers, %d turns, %d fsyncs, %d goroutines", i.Queries, i.Timers, i.Turns, i.Syncs, i.Goroutines)
	}
	if asleep.Start.Running != asleep.Queries+1 {
		t.Errorf("%d of %d queries run after a restart", asleep.Start.Running, asleep.Queries+1)
	}
	awake := dense(t, time.Hour)
	if awake.LivePerQuery < mostBytes {
		t.Errorf("a query whose actors stay in memory holds %.0f bytes: the bound of %d says nothing", awake.LivePerQuery, mostBytes)
	}
}

func dense(t *testing.T, idleAfter time.Duration) bench.DenseResult {
	d := bench.Dense{
		Queries: 500, Wakes: 50, Live: 100, For: time.Second, Settle: 2 * time.Second, IdleAfter: idleAfter, Dir: t.TempDir(), Say: t.Logf,
	}
	r, err := d.Run(bounded(t))
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("actors leave memory after %v: %.0f bytes a query, first message %+v, restart %+v", idleAfter, r.LivePerQuery, r.First, r.Start)
	if r.First.N+r.FirstOf.N != 50 || r.Live.Latency.N == 0 {
		t.Errorf("%d first messages were answered, %d of live queries", r.First.N+r.FirstOf.N, r.Live.Latency.N)
	}
	return r
}
