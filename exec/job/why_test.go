package job

import (
	"context"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/dirigo-stream/dirigo/exec/agg"
	"github.com/dirigo-stream/dirigo/exec/batch"
	"github.com/dirigo-stream/dirigo/exec/op"
)

func (h *harness) why(id uint64) string {
	h.t.Helper()
	a, ok := h.eng.Analyze(id)
	if !ok {
		h.t.Fatalf("query %d is not there", id)
	}
	return strings.Join(a.Why, "\n")
}

// TestWhy: a query without output says what it waits for, and one that has some
// what holds its time.
func TestWhy(t *testing.T) {
	h := newHarness(t, 5, 2)
	var armed atomic.Bool
	h.trip(15, &armed)
	p := &plan{inst: 1}
	none := p.keep(11, p.read(streamID, ktSpec, op.Spec{Filter: call(">", col(1, bigint), number(1000))}), 0, 1, 2)
	window := &agg.Window{Time: 2, Size: 40, Slide: 40, TimeType: stamp}
	h.open(countView(10, 1, 1, nil), none, histogram(12, 11, 1), countView(14, 1, 1, window), countView(15, 1, 1, nil))
	is := func(id uint64, want ...string) {
		t.Helper()
		if got := h.why(id); got != strings.Join(want, "\n") {
			t.Errorf("query %d:\n got %s\nwant %s", id, got, strings.Join(want, "\n"))
		}
	}
	is(10, "vertex 1: no record has come to stream s")
	h.log.add(0, [3]int64{1, 5, 100}, [3]int64{2, 5, 105})
	h.flush()
	is(10)
	is(11, "vertex 1: its filter keeps none of 2 rows")
	is(12, "vertex 1: view v11 has given no rows: EXPLAIN ANALYZE v11 says why")
	is(14, "vertex 2: 2 rows wait in windows that have not closed: there is no watermark yet",
		"partition 1 of stream s has had no row, and holds its watermark back: idle_timeout would leave it out")
	h.log.add(1, [3]int64{1, 5, 90})
	h.flush()
	is(14, "vertex 2: 3 rows wait in windows that have not closed: the watermark stands at 1970-01-01 00:00:00.00008, the next one ends at 1970-01-01 00:00:00.00012",
		"the watermark of stream s is held by partition 1: its largest event time is 1970-01-01 00:00:00.00009, less 00:00:00.00001")
	h.log.add(0, [3]int64{1, 5, 500})
	h.log.add(1, [3]int64{1, 5, 600})
	h.flush()
	is(14, "the watermark of stream s is held by partition 0: its largest event time is 1970-01-01 00:00:00.0005, less 00:00:00.00001")
	armed.Store(true)
	h.log.add(0, [3]int64{1, 5, 500})
	h.flush()
	h.inState(15, "failed")
	if got := h.why(15); !strings.HasPrefix(got, "it has failed: ") || !strings.HasSuffix(got, "; ALTER ... RESUME lets it go on") {
		t.Errorf("the failed query says %s", got)
	}
	if _, err := h.eng.PauseQuery(context.Background(), 11); err != nil {
		t.Fatal(err)
	}
	is(11, "it is paused: ALTER ... RESUME lets it go on")
	is(12, "it is paused, as view v11 is paused")
	h.close()
}

// TestMeasured: rows in and out and the times of vertices, of a query that runs
// on and of a SELECT.
func TestMeasured(t *testing.T) {
	h := newHarness(t, 5, 1)
	h.open(countView(10, 1, 1, nil))
	for part := range slices.Chunk(manyKeys(6000), 500) {
		h.log.add(0, part...)
		h.flush()
	}
	a, _ := h.eng.Analyze(10)
	for id, want := range map[int]int64{1: 6000, 2: 6000, 3: 6000} {
		m := a.Vertices[id]
		if m.RowsIn != want || m.RowsOut != want || m.Batches == 0 || m.Busy == 0 || m.P50 == 0 || m.P99 < m.P50 {
			t.Errorf("vertex %d: %+v", id, m)
		}
	}
	if cost := a.Status.Vertices[0].Cost; cost == 0 {
		t.Error("what reading costs is not known")
	}
	g := countView(0, 1, 1, nil).Graph
	g.Vertices[0].Read = &Read{Relation: 10, Columns: []int{0, 1, 1}}
	g.Vertices[0].Ops = []op.Spec{{Filter: call("<", col(0, bigint), number(100))}}
	var got map[int]Measured
	var rows int64
	begin := time.Now()
	err := h.eng.Run(t.Context(), Bounded{Graph: g, Analyzed: func(m map[int]Measured) { got = m }}, func(b *batch.Batch) error {
		rows += int64(b.Rows())
		time.Sleep(time.Millisecond) // is not the query's
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	took := time.Since(begin)
	small := int64(0)
	for _, r := range manyKeys(6000) {
		if r[0] < 100 {
			small++
		}
	}
	if m := got[1]; m.RowsIn != 6000 || m.RowsOut != small {
		t.Errorf("the filter gave %+v, want %d", m, small)
	}
	if got[3].RowsOut != rows || rows != small {
		t.Errorf("%d rows came, the last vertex gave %d, want %d", rows, got[3].RowsOut, small)
	}
	if sum := got[1].Busy + got[2].Busy + got[3].Busy; sum <= 0 || sum > took-time.Millisecond {
		t.Errorf("the vertices ran %s of %s", sum, took)
	}
	h.close()
}
