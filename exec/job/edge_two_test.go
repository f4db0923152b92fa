package job

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/dirigo-stream/dirigo/storage"
)

// twoStreams is a view over the second stream, a view over that, and the sums
// of the first stream with it: cuts of one stream touch only half of what the
// sums read.
func twoStreams(inst int) []QueryDef {
	return []QueryDef{
		filterView(20, 2, inst, -20),
		filterView(21, 20, inst, -10),
		balance(22, streamID, 21, inst),
		sumsOf(23, 21, inst),
	}
}

func (h *harness) checkTwo(what string) {
	h.t.Helper()
	n, s := map[int64]int64{}, map[int64]int64{}
	for _, r := range h.log.all() {
		n[r[0]]++
		s[r[0]] += r[1]
	}
	kept := above(h.logs[0].all(), -10)
	for _, r := range kept {
		n[r[0]]++
		s[r[0]] -= r[1]
	}
	var want []string
	for k := range n {
		want = append(want, fmt.Sprintf("(%d,%d,%d)", k, n[k], s[k]))
	}
	slices.Sort(want)
	h.want(what, 22, want)
	h.want(what, 23, counts(kept))
}

// some adds a few rows to one of the streams.
func (h *harness) some(from int64) {
	if h.rng.IntN(2) == 0 {
		h.log.add(h.rng.IntN(2), h.randomRows(1+h.rng.IntN(40), from)...)
	} else {
		h.logs[0].add(h.rng.IntN(2), h.randomRows(1+h.rng.IntN(40), from)...)
	}
}

// TestTwoStreams: a query over a stream and a view over another one gets every
// tick at all its inputs, also those that touch only one of them.
func TestTwoStreams(t *testing.T) {
	for seed := range uint64(8) {
		h := newHarness(t, seed, 2)
		h.logs = []*memLog{newMemLog(2)}
		h.lend(seed)
		h.chop(seed)
		h.open(twoStreams(1 + 2*int(seed%2))...)
		for i := range 30 {
			h.some(int64(i * 40))
			if h.rng.IntN(5) == 0 {
				h.flush()
				h.checkTwo(fmt.Sprintf("seed %d", seed))
			}
		}
		h.flush()
		h.checkTwo(fmt.Sprintf("seed %d", seed))
		h.close()
	}
}

// TestTwoStreamsCrash: whatever the last Seals touched, all members of a group
// go on from one moment.
func TestTwoStreamsCrash(t *testing.T) {
	sealed := 0
	for seed := range uint64(12) {
		h := newHarness(t, seed, 2)
		h.logs = []*memLog{newMemLog(2)}
		h.chop(seed)
		defs := twoStreams(1 + 2*int(seed%2))
		if seed%3 == 1 {
			defs[2].Checkpoint = 20 * time.Millisecond // some edges are let pass
			defs[0].Checkpoint, defs[1].Checkpoint, defs[3].Checkpoint = defs[2].Checkpoint, defs[2].Checkpoint, defs[2].Checkpoint
		}
		h.open(defs...)
		for i := range 10 {
			for range h.rng.IntN(6) {
				h.some(int64(i * 40))
				time.Sleep(time.Duration(h.rng.IntN(3)) * time.Millisecond)
			}
			if h.rng.IntN(3) == 0 {
				h.flush()
			}
			n, err := h.oneMoment(defs)
			if err != nil {
				t.Fatalf("seed %d: %v", seed, err)
			}
			sealed += n
			h.crash()
			h.open(defs...)
		}
		h.flush()
		h.checkTwo(fmt.Sprintf("seed %d", seed))
		h.close()
	}
	if sealed < 100 {
		t.Fatalf("%d manifests were looked at", sealed)
	}
}

// oneMoment checks that the manifests of a group make one moment, and returns
// how many there are.
func (h *harness) oneMoment(defs []QueryDef) (sealed int, err error) {
	h.t.Helper()
	// Every root has the manifests of one: nothing is sealed while they are read.
	h.eng.epochs.commitMu.Lock()
	for h.eng.epochs.busy {
		h.eng.epochs.commitMu.Unlock()
		time.Sleep(100 * time.Microsecond)
		h.eng.epochs.commitMu.Lock()
	}
	defer h.eng.epochs.commitMu.Unlock()
	at := map[uint64]uint64{}
	ups := map[uint64]map[uint64]uint64{}
	for _, d := range defs {
		m, err := h.eng.ledger.Query(d.ID)
		if errors.Is(err, storage.ErrNotFound) {
			continue
		}
		if err != nil {
			h.t.Fatal(err)
		}
		var x manifestExtra
		if err := json.Unmarshal(m.Extra, &x); err != nil {
			h.t.Fatal(err)
		}
		if !x.Reset {
			at[d.ID], ups[d.ID] = m.Epoch, x.Ups
		}
	}
	for id, x := range ups {
		for up, epoch := range x {
			if at[up] != epoch {
				err = fmt.Errorf("query %d is sealed with epoch %d of view %d, which is sealed at %d", id, epoch, up, at[up])
			}
		}
	}
	return len(at), err
}

// TestGroupIsDetached: when one consumer of a view lags too far behind, the
// group restarts and all of it is right; nobody else on the source waits.
func TestGroupIsDetached(t *testing.T) {
	h := newHarness(t, 4, 1)
	h.sink.stuck = true
	h.cfg.FeedKeep = 128 << 10
	h.open(filterView(10, streamID, 1, -1000), sumsOf(11, 10, 1), toSink(12, 10, 1), countView(13, 1, 1, nil))
	h.log.add(0, h.randomRows(10, 0)...)
	total := 10
	before := h.eng.query(10)
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	for h.eng.query(10) == before {
		h.log.add(0, h.randomRows(500, int64(total))...)
		total += 500
		if err := h.eng.source(streamID).livePump().waitFor(ctx, 0, int64(total)); err != nil {
			t.Fatal("the stuck query holds the source: ", err)
		}
		if ctx.Err() != nil {
			t.Fatal("the group was not detached")
		}
	}
	h.sink.unstick()
	h.flush()
	h.want("detached", 11, counts(h.log.all()))
	h.want("beside", 13, counts(h.log.all()))
	h.sink.mu.Lock()
	seen := map[[3]int64]bool{}
	for _, r := range h.sink.rows {
		seen[[3]int64(r)] = true
	}
	h.sink.mu.Unlock()
	for _, r := range h.log.all() {
		if !seen[r] {
			t.Fatalf("row %v was lost", r)
		}
	}
	h.close()
}

// TestFaultsAreSeen: the tests above notice when the rules are broken.
func TestFaultsAreSeen(t *testing.T) {
	h := newHarness(t, 1, 2)
	h.logs = []*memLog{newMemLog(2)}
	h.cfg.faults.noInjection = true
	h.cfg.Epoch = time.Hour // a Seal would touch the whole group
	h.open(twoStreams(1)...)
	h.flush()
	h.log.add(0, h.randomRows(10, 0)...) // the view's stream is silent
	for until := time.Now().Add(100 * time.Millisecond); time.Now().Before(until); time.Sleep(time.Millisecond) {
		if got := h.view(22); len(got) > 0 {
			t.Fatalf("without Puncts for untouched views: %v", got)
		}
	}
	h.crash()

	h = newHarness(t, 1, 2)
	h.logs = []*memLog{newMemLog(2)}
	seen := make(chan error, 1)
	defs := twoStreams(1)
	h.cfg.faults.apart = func() {
		if _, err := h.oneMoment(defs); err != nil {
			select {
			case seen <- err:
			default:
			}
		}
	}
	h.open(defs...)
	for until := time.Now().Add(patience); len(seen) == 0; time.Sleep(time.Millisecond) {
		if h.some(0); time.Now().After(until) {
			t.Fatal("manifests that become durable one by one were never seen apart")
		}
	}
	t.Log(<-seen)
	h.crash()
}

// TestCaughtUpIsSealed: a query that has caught up, or has scanned a view, is
// sealed with the next edge, whether more rows come or not.
func TestCaughtUpIsSealed(t *testing.T) {
	h := newHarness(t, 3, 2)
	h.open(filterView(10, streamID, 1, -1000))
	h.log.add(0, h.randomRows(500, 0)...)
	h.flush()
	for _, d := range []QueryDef{sumsOf(11, 10, 3), countView(12, 1, 1, nil)} {
		if err := h.eng.StartQuery(context.Background(), d); err != nil {
			t.Fatal(err)
		}
	}
	h.flush()
	until := time.Now().Add(patience)
	for id := uint64(11); id <= 12; id++ {
		for q := h.eng.query(id); q.seals.committed() == 0; time.Sleep(time.Millisecond) {
			if time.Now().After(until) {
				t.Fatalf("query %d is not sealed", id)
			}
		}
	}
	decoded := h.log.decoded.Load()
	h.crash()
	h.open(filterView(10, streamID, 1, -1000), sumsOf(11, 10, 3), countView(12, 1, 1, nil))
	h.flush()
	h.want("restarted", 11, counts(h.log.all()))
	h.want("restarted", 12, counts(h.log.all()))
	if n := h.log.decoded.Load(); n != decoded {
		t.Errorf("%d rows were read again", n-decoded)
	}
	h.close()
}

// TestStoppedProducer: what reads a view that has stopped stops with its reason;
// a query that stops leaves its producers alone, and begins anew at a restart,
// since these went on.
func TestStoppedProducer(t *testing.T) {
	h := newHarness(t, 3, 2)
	defs := []QueryDef{filterView(10, streamID, 1, -1000), sumsOf(11, 10, 1), histogram(12, 11, 1), filterView(13, 10, 1, 0)}
	h.open(defs...)
	h.log.add(0, h.randomRows(100, 0)...)
	h.flush()
	if err := h.eng.DropQuery(context.Background(), 10); err == nil {
		t.Error("a view that is read was dropped")
	}
	h.eng.failed(h.eng.query(11), errors.New("it broke"))
	until := time.Now().Add(patience)
	for {
		st, _ := h.eng.Query(12)
		h.eng.clock.mu.Lock()
		gone := h.eng.query(11).member == nil
		h.eng.clock.mu.Unlock()
		if st.State == stateFailed && st.Reason == "view v11 stopped: it broke" && gone {
			break
		}
		if time.Now().After(until) {
			t.Fatalf("the consumer is %s: %s", st.State, st.Reason)
		}
		time.Sleep(time.Millisecond)
	}
	h.log.add(1, h.randomRows(100, 100)...)
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if err := h.eng.Flush(ctx); err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, r := range h.log.all() {
		if r[1] > 0 {
			n++
		}
	}
	if got := len(h.view(13)); got != n {
		t.Fatalf("a neighbour has %d rows, want %d", got, n)
	}
	for h.eng.query(13).seals.dirty.Load() { // the producers have sealed since
		if time.Sleep(time.Millisecond); time.Now().After(until) {
			break
		}
	}
	h.crash()
	h.open(defs...)
	h.flush()
	h.want("restarted", 11, counts(h.log.all()))
	h.want("restarted", 12, histogramOf(h.log.all()))
	h.close()
}
