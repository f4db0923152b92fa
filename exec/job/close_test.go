package job

import (
	"context"
	"runtime"
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
