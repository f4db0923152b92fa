package job

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/dirigo-stream/dirigo/storage"
)

// gated is a store whose writes wait for a gate.
type gated struct {
	storage.Store
	gate chan struct{}
}

func (g gated) Write(ctx context.Context, blocks []storage.Block) error {
	<-g.gate
	return g.Store.Write(ctx, blocks)
}

// TestSlowSealsDoNotPileUp: where a Seal takes longer than the time between two, a
// query seals less often, goes on meanwhile, and keeps all when the disk is back.
func TestSlowSealsDoNotPileUp(t *testing.T) {
	h := newHarness(t, 1, 2)
	h.cfg.Epoch = time.Hour // the test makes the edges
	gate := make(chan struct{})
	h.store = func(s storage.Store) storage.Store { return gated{s, gate} }
	h.open(countView(10, 2, 2, nil))
	under := func() int {
		g := h.eng.query(10).seals.lock()
		defer g.mu.Unlock()
		return len(g.queue)
	}
	most := 0
	for i := range 40 {
		h.log.add(i%2, h.randomRows(20, int64(i*20))...)
		h.flush()
		h.eng.epochs.edge()
		most = max(most, under())
		if got, want := h.view(10), counts(h.log.all()); !slices.Equal(got, want) {
			t.Fatalf("edge %d:\n got %v\nwant %v", i, got, want)
		}
	}
	if most != sealsAhead {
		t.Errorf("at most %d Seals were under way, want %d", most, sealsAhead)
	}
	close(gate)
	h.close()
	if n := h.eng.Stats().Seals; n > 4 {
		t.Errorf("%d Seals were written, of 40 edges on a disk that stood still", n)
	}
	h.store = nil
	h.open(countView(10, 2, 2, nil))
	h.flush()
	if got, want := h.view(10), counts(h.log.all()); !slices.Equal(got, want) {
		t.Errorf("after a restart:\n got %v\nwant %v", got, want)
	}
	h.close()
}
