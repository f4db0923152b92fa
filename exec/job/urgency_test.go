package job

import (
	"sync/atomic"
	"testing"
	"time"

	"github.com/dirigo-stream/dirigo/exec/batch"
)

// TestUrgencyInherited: a view without a target, and the source, work for that of
// the query which reads the view, less what a message costs from there on; when
// it goes, so does the urgency.
func TestUrgencyInherited(t *testing.T) {
	h := newHarness(t, 5, 1)
	top := histogram(11, 10, 1)
	top.SLO = 200 * time.Microsecond // what a message costs is a good part of it
	h.open(sumsOf(10, streamID, 1), top, countView(12, 1, 1, nil))
	for part := range 5 {
		h.log.add(0, manyKeys(1000*(part+1))...)
		h.flush()
	}
	slo := func(id uint64) time.Duration { return h.eng.query(id).instances[0][0].ref.SLO() }
	way := func(id uint64) time.Duration { return h.eng.query(id).instances[0][0].ref.Way() }
	h.until("what the query costs is known upstream", func() bool {
		h.log.add(0, manyKeys(10)...)
		h.flush()
		mine, source := slo(10), h.eng.source(streamID).livePump().ref.SLO()
		return way(11) > 0 && mine < top.SLO && mine >= top.SLO/4 && source > 0 && source < mine
	})
	if own, other := slo(11), slo(12); own != top.SLO || other != 0 {
		t.Errorf("the query works for %s, one beside it for %s", own, other)
	}
	if err := h.eng.SetSLO(11, time.Millisecond); err != nil {
		t.Fatal(err)
	}
	if got := slo(10); got < time.Millisecond/4 || got > time.Millisecond {
		t.Errorf("a target that cannot be kept leaves %s", got)
	}
	if err := h.eng.DropQuery(t.Context(), 11); err != nil {
		t.Fatal(err)
	}
	if mine, source := slo(10), h.eng.source(streamID).livePump().ref.SLO(); mine != 0 || source != 0 {
		t.Errorf("without it the view works for %s, the source for %s", mine, source)
	}
	h.close()
}

// TestSelectYields: a SELECT that takes long lets queries with a latency target
// go first, and does not rest where there are none.
func TestSelectYields(t *testing.T) {
	h := newHarness(t, 5, 1)
	var rests atomic.Int64
	h.cfg.faults.breathed = func() { rests.Add(1) }
	with := countView(11, 1, 1, nil)
	with.SLO = 10 * time.Millisecond
	h.open(countView(10, 1, 1, nil))
	h.log.add(0, manyKeys(20_000)...)
	h.flush()
	long := func() {
		g := countView(0, 1, 1, nil).Graph
		g.Vertices[0].Read = &Read{Relation: 10, Columns: []int{0, 1, 1}}
		err := h.eng.Run(t.Context(), Bounded{Graph: g}, func(*batch.Batch) error { return nil })
		if err != nil {
			t.Fatal(err)
		}
	}
	long()
	if n := rests.Load(); n != 0 {
		t.Errorf("it let nobody go first %d times", n)
	}
	if err := h.eng.StartQuery(t.Context(), with); err != nil {
		t.Fatal(err)
	}
	h.flush()
	for range 100 {
		if long(); rests.Load() > 0 {
			break
		}
	}
	if rests.Load() == 0 {
		t.Error("it never let others go first")
	}
	h.close()
}
