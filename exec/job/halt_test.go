package job

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/dirigo-stream/dirigo/connectors"
	"github.com/dirigo-stream/dirigo/exec"
	"github.com/dirigo-stream/dirigo/exec/batch"
	"github.com/dirigo-stream/dirigo/exec/expr"
	"github.com/dirigo-stream/dirigo/exec/op"
)

// tripwire passes batches on, and panics while it is armed.
type tripwire struct {
	exec.Stateless
	armed *atomic.Bool
}

func (w tripwire) Push(_ int, b *batch.Batch, out exec.Emitter, _ int) (bool, error) {
	if w.armed.Load() {
		panic("tripped")
	}
	out.Emit(b)
	return false, nil
}

// trip makes the first vertex of a query panic while armed.
func (h *harness) trip(query uint64, armed *atomic.Bool) {
	h.cfg.faults.operator = func(q uint64, vertex int) exec.Operator {
		if q != query || vertex != 1 {
			return nil
		}
		return tripwire{armed: armed}
	}
}

// until waits for something that is bound to happen.
func (h *harness) until(what string, f func() bool) {
	h.t.Helper()
	for end := time.Now().Add(patience); !f(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			h.t.Fatalf("%s: still not so; queries %+v", what, h.eng.Queries())
		}
	}
}

func (h *harness) inState(id uint64, states ...string) QueryStatus {
	h.t.Helper()
	var st QueryStatus
	h.until(strings.Join(states, " or "), func() bool {
		st, _ = h.eng.Query(id)
		return slices.Contains(states, st.State)
	})
	return st
}

// keepsWhy waits until it is written why a query has failed.
func (h *harness) keepsWhy(id uint64) {
	h.t.Helper()
	h.until("the reason is written", func() bool {
		_, found, err := h.eng.halts.read(id)
		if err != nil {
			h.t.Fatal(err)
		}
		return found
	})
}

func (h *harness) exact(id uint64, want []string) {
	h.t.Helper()
	if got := h.view(id); !slices.Equal(got, want) {
		h.t.Fatalf("query %d:\n got %v\nwant %v", id, got, want)
	}
}

func (h *harness) resume(id uint64) {
	h.t.Helper()
	if err := h.eng.ResumeQuery(context.Background(), id); err != nil {
		h.t.Fatal(err)
	}
}

// TestFailsAlone: of two queries on one source one panics. It stops with its
// reason, over restarts too, and the other does not notice; resumed, it has
// missed nothing.
func TestFailsAlone(t *testing.T) {
	for _, crash := range []bool{false, true} {
		h := newHarness(t, 7, 2)
		var armed atomic.Bool
		h.trip(10, &armed)
		defs := []QueryDef{countView(10, 2, 2, nil), countView(11, 2, 2, nil)}
		h.open(defs...)
		more := func() {
			h.log.add(0, h.randomRows(200, 0)...)
			h.log.add(1, h.randomRows(200, 0)...)
			h.flush()
		}
		more()
		h.until("a seal", func() bool { st, _ := h.eng.Query(10); return st.Epoch > 0 })
		armed.Store(true)
		more()
		st := h.inState(10, "failed")
		if st.Code != "XX000" || !strings.Contains(st.Reason, "tripped (a bug in the engine") || strings.Contains(st.Reason, "\n") {
			t.Errorf("failed with %q, %q", st.Code, st.Reason)
		}
		more()
		h.exact(11, counts(h.log.all()))
		if st, _ := h.eng.Query(11); st.State != "running" {
			t.Errorf("the other is %s %s", st.State, st.Reason)
		}
		h.keepsWhy(10)
		if crash {
			h.crash()
			h.open(defs...)
			if now := h.inState(10, "failed"); now.Reason != st.Reason || now.Code != st.Code || now.In == 0 {
				t.Errorf("after a crash %+v", now)
			}
			more()
			h.exact(11, counts(h.log.all()))
		}
		err := h.eng.query(10).whenLive(t.Context())
		if e := new(endedError); !errors.As(err, &e) || e.SQLSTATE() != "55000" {
			t.Errorf("a reader is told %v", err)
		}
		if err := h.eng.ResumeQuery(t.Context(), 11); err == nil || !strings.Contains(err.Error(), "not stopped") {
			t.Errorf("what runs was resumed: %v", err)
		}
		if err := h.eng.ResumeQuery(t.Context(), 10); err != nil && !strings.Contains(err.Error(), "tripped") {
			t.Fatal(err)
		}
		h.inState(10, "failed")
		armed.Store(false)
		stopped := h.eng.query(10)
		h.resume(10)
		// An instance of the stopped run tells late that it has failed too.
		h.eng.broke(stopped, errors.New("tripped late"))
		h.eng.io.wait()
		more()
		h.exact(10, counts(h.log.all()))
		h.exact(11, counts(h.log.all()))
		h.crash()
		h.open(defs...)
		more()
		h.exact(10, counts(h.log.all()))
		h.close()
	}
}

// TestOperatorError: what cannot be computed behind an aggregation stops the
// query with its SQLSTATE; resumed over the same rows, it stops again.
func TestOperatorError(t *testing.T) {
	h := newHarness(t, 3, 1)
	p := &plan{inst: 1}
	sums := p.sums(p.read(streamID, ktSpec), 0, 1)
	sum := col(2, sumType)
	zero := &expr.Node{Op: expr.OpConst, Type: sumType, Text: "7"}
	share := call("/", number(100), call("-", sum, zero))
	p.g.Vertices[sums-1].Ops = append(p.g.Vertices[sums-1].Ops, op.Spec{Project: []*expr.Node{col(0, bigint), col(1, bigint), share}})
	p.g.Vertices[sums-1].Schema = batch.Schema{{Name: "k", Type: bigint}, {Name: "n", Type: bigint}, {Name: "s", Type: share.Type}}
	h.open(p.keep(10, sums, 0), countView(11, 1, 1, nil))
	h.log.add(0, [3]int64{1, 5, 1})
	h.flush()
	h.log.add(0, [3]int64{1, 2, 2})
	h.flush()
	st := h.inState(10, "failed")
	if st.Code != "22012" || !strings.Contains(st.Reason, "division by zero") {
		t.Errorf("failed with %q, %q", st.Code, st.Reason)
	}
	h.log.add(0, [3]int64{1, 3, 3})
	h.flush()
	h.exact(11, counts(h.log.all()))
	if err := h.eng.ResumeQuery(t.Context(), 10); err != nil && !strings.Contains(err.Error(), "division by zero") {
		t.Error(err)
	}
	h.flush()
	h.inState(10, "running", "failed") // cut otherwise, the rows in question may share a tick
	h.close()
}

// TestPause: a paused view, and what reads it, stand still, over restarts too,
// and have missed nothing when they go on.
func TestPause(t *testing.T) {
	h := newHarness(t, 9, 2)
	defs := []QueryDef{sumsOf(10, streamID, 2), histogram(11, 10, 2), countView(12, 1, 1, nil)}
	h.open(defs...)
	more := func() {
		h.log.add(0, h.randomRows(100, 0)...)
		h.log.add(1, h.randomRows(100, 0)...)
		h.flush()
	}
	more()
	others, err := h.eng.PauseQuery(t.Context(), 10)
	if err != nil || !slices.Equal(others, []string{"v11"}) {
		t.Fatalf("paused %v, %v", others, err)
	}
	st, _ := h.eng.Query(10)
	below, _ := h.eng.Query(11)
	if st.State != "paused" || below.State != "paused" || below.Reason != "view v10 is paused" {
		t.Errorf("states %s, %s (%s)", st.State, below.State, below.Reason)
	}
	more()
	h.exact(12, counts(h.log.all()))
	if err := h.eng.ResumeQuery(t.Context(), 11); err == nil || !strings.Contains(err.Error(), "resume that one") {
		t.Errorf("what reads a paused view was resumed: %v", err)
	}
	if err := h.eng.StartQuery(t.Context(), histogram(13, 10, 1)); err == nil || !strings.Contains(err.Error(), "view v10 is paused") {
		t.Errorf("a query over a paused view was started: %v", err)
	}
	h.crash()
	h.open(defs...)
	h.inState(10, "paused")
	h.inState(11, "paused")
	more()
	h.resume(10)
	more()
	h.until("both run", func() bool {
		a, _ := h.eng.Query(10)
		b, _ := h.eng.Query(11)
		return a.State == "running" && b.State == "running"
	})
	h.exact(10, counts(h.log.all()))
	h.exact(11, histogramOf(h.log.all()))
	h.close()
}

// TestConsumerFailsAlone: where what reads a view fails, the view goes on; the
// consumer begins anew with its content.
func TestConsumerFailsAlone(t *testing.T) {
	h := newHarness(t, 11, 2)
	var armed atomic.Bool
	h.trip(11, &armed)
	defs := []QueryDef{sumsOf(10, streamID, 2), histogram(11, 10, 2)}
	h.open(defs...)
	more := func() {
		h.log.add(0, h.randomRows(100, 0)...)
		h.flush()
	}
	more()
	armed.Store(true)
	more()
	h.inState(11, "failed")
	more()
	h.exact(10, counts(h.log.all()))
	armed.Store(false)
	h.resume(11)
	more()
	h.exact(11, histogramOf(h.log.all()))
	h.close()
}

// TestSealFailsAlone: where one query cannot be sealed, it stops, and what would
// have become durable with it does not get lost.
func TestSealFailsAlone(t *testing.T) {
	h := newHarness(t, 13, 2)
	var armed atomic.Bool
	h.cfg.faults.encode = func(q uint64) {
		if q == 11 && armed.Load() {
			panic("cannot be written")
		}
	}
	defs := []QueryDef{sumsOf(10, streamID, 2), histogram(11, 10, 2)}
	h.open(defs...)
	more := func() {
		h.log.add(0, h.randomRows(100, 0)...)
		h.flush()
	}
	more()
	armed.Store(true)
	more()
	if st := h.inState(11, "failed"); !strings.Contains(st.Reason, "cannot be written") || st.Code != "XX000" {
		t.Errorf("failed with %q, %q", st.Code, st.Reason)
	}
	for range 5 {
		more()
		time.Sleep(3 * time.Millisecond)
	}
	h.exact(10, counts(h.log.all()))
	armed.Store(false)
	h.crash()
	h.open(defs...)
	h.flush()
	h.exact(10, counts(h.log.all()))
	h.resume(11)
	more()
	h.exact(11, histogramOf(h.log.all()))
	h.close()
}

// TestFailsWhileCatchingUp: one that fails while it catches up together with
// others does not keep these from getting there.
func TestFailsWhileCatchingUp(t *testing.T) {
	for seed := range uint64(4) {
		h := newHarness(t, seed, 2)
		h.chop(seed)
		var armed atomic.Bool
		h.trip(12, &armed)
		defs := []QueryDef{sumsOf(10, streamID, 2), filterView(11, streamID, 1, 0), balance(12, 11, 11, 1)}
		defs[1].Checkpoint, defs[2].Checkpoint = 100*time.Millisecond, 100*time.Millisecond // the live readers begin further on
		h.open(defs...)
		more := func() {
			h.log.add(0, h.randomRows(300, 0)...)
			h.log.add(1, h.randomRows(300, 0)...)
		}
		more()
		h.flush()
		h.until("a seal", func() bool {
			h.log.add(0, h.randomRows(1, 0)...)
			return h.eng.query(12).seals.committed() > 0
		})
		more()
		h.flush()
		last := h.eng.query(10).seals.committed()
		h.log.add(0, h.randomRows(10, 0)...)
		h.until("a later seal of the first", func() bool { return h.eng.query(10).seals.committed() > last+1 })
		h.crash()
		more()
		armed.Store(true)
		h.open(defs...)
		h.inState(12, "failed")
		h.inState(11, "running")
		h.flush()
		h.exact(10, counts(h.log.all()))
		armed.Store(false)
		h.resume(12)
		h.flush()
		h.inState(12, "running")
		h.close()
	}
}

// refusing is a sink that may refuse what it is sent.
type refusing struct {
	*memSink
	refuses *atomic.Bool
}

func (s refusing) Send(c connectors.Chunk, acked func(error)) {
	if s.refuses.Load() {
		go acked(errors.New("the record is too large"))
		return
	}
	s.memSink.Send(c, acked)
}

// TestSinkRefuses: a sink that refuses for good stops its query alone; resumed,
// nothing is missing.
func TestSinkRefuses(t *testing.T) {
	h := newHarness(t, 17, 1)
	var refuses atomic.Bool
	bad := &memSink{}
	h.more = map[string]connectors.Connector{"bad": {Sink: func(connectors.Spec) (connectors.Sink, error) { return refusing{bad, &refuses}, nil }}}
	broken := filterToSink(10)
	broken.Sink = &SinkDef{Connector: "bad"}
	defs := []QueryDef{broken, filterToSink(11)}
	h.open(defs...)
	more := func() {
		h.log.add(0, h.randomRows(200, 0)...)
		h.flush()
	}
	more()
	refuses.Store(true)
	more()
	st := h.inState(10, "failed")
	if st.Reason != "the record is too large" {
		t.Errorf("failed with %q", st.Reason)
	}
	more()
	h.keepsWhy(10)
	h.crash()
	h.open(defs...)
	h.inState(10, "failed")
	refuses.Store(false)
	h.resume(10)
	more()
	want := map[string]bool{}
	for _, r := range h.log.all() {
		if r[1] > 0 {
			want[fmt.Sprint(r[:])] = true
		}
	}
	for name, s := range map[string]*memSink{"refusing": bad, "other": h.sink} {
		s.mu.Lock()
		got := map[string]bool{}
		for _, r := range s.rows {
			got[fmt.Sprint(r)] = true
		}
		s.mu.Unlock()
		if !maps.Equal(got, want) {
			t.Errorf("the %s sink has %d different rows, want %d", name, len(got), len(want))
		}
	}
	h.close()
}
