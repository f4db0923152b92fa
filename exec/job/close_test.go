package job

import (
	"context"
	"runtime"
	"sync/atomic"
	"testing"
)

// TestCloseWaitsForNobodyWhoWaits: work that waits for a change of who runs,
// such as a replay about to join, does not keep Close from its end.
func TestCloseWaitsForNobodyWhoWaits(t *testing.T) {
	h := newHarness(t, 1, 1)
	h.open()
	h.eng.ddl.Lock()
	done := make(chan error)
	go func() { done <- h.eng.Close(context.Background()) }()
	for !h.eng.closing.Load() {
		runtime.Gosched()
	}
	for range 10_000 { // let Close be the first to wait
		runtime.Gosched()
	}
	h.eng.io.run(func() {
		h.eng.ddl.Lock()
		defer h.eng.ddl.Unlock() // it only waits its turn
	})
	h.eng.ddl.Unlock()
	if err := <-done; err != nil {
		t.Fatal(err)
	}
}

// TestCloseAfterFailure: a query that has failed, and that nobody has taken out of
// the Seals yet, does not keep Close from its end; nor one that fails meanwhile.
func TestCloseAfterFailure(t *testing.T) {
	for _, early := range []bool{true, false} {
		h := newHarness(t, 1, 1)
		var armed atomic.Bool
		h.trip(15, &armed)
		h.open(countView(10, 1, 1, nil), countView(15, 1, 1, nil))
		h.log.add(0, [3]int64{1, 5, 100})
		h.flush()
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		h.eng.ddl.Lock() // who notes the failure waits for it, and stays behind Close
		fail := func() {
			armed.Store(true)
			h.log.add(0, [3]int64{1, 5, 500})
			h.inState(15, "failed")
		}
		if early {
			fail()
		}
		h.eng.closing.Store(true)
		h.eng.epochs.stop()
		h.eng.standDown()
		if !early {
			fail()
		}
		if err := h.eng.lastSeal(ctx); err != nil {
			t.Fatalf("failed before Close %v: %v", early, err)
		}
		h.eng.ddl.Unlock()
		h.close()
	}
}
