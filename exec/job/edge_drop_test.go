package job

import (
	"context"
	"fmt"
	"testing"
	"time"
)

// TestDroppedConnection: queries that one reader connected seal together also when
// that reader has been dropped. A Seal of the one then reaches the other, though
// no feed connects them any more: with its Punct, or reads would wait for a tick
// that never comes.
func TestDroppedConnection(t *testing.T) {
	for seed := range uint64(4) {
		h := newHarness(t, seed, 2)
		h.logs = []*memLog{newMemLog(2)}
		h.open(
			filterView(20, 2, 2, -20), filterView(21, streamID, 2, -20),
			balance(22, 21, 20, 2), // reads both
		)
		h.log.add(0, h.randomRows(40, 0)...)
		h.logs[0].add(0, h.randomRows(40, 0)...)
		h.flush()
		if err := h.eng.DropQuery(context.Background(), 22); err != nil {
			t.Fatal(err)
		}
		a, b := h.eng.query(20), h.eng.query(21)
		if a.seals.now() != b.seals.now() {
			t.Fatal("they do not seal together: the test does not reach the case")
		}
		for i := range 20 {
			h.logs[0].add(0, h.randomRows(5, int64(100*i))...) // only one has changed since the last Seal, then both
			if i%2 == 0 {
				h.log.add(1, h.randomRows(5, int64(100*i))...)
			}
			ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
			if err := h.eng.Flush(ctx); err != nil {
				t.Fatal(err)
			}
			if _, _, err := h.eng.snapshots(ctx, []*query{a, b}); err != nil {
				t.Fatalf("seed %d, round %d: %v", seed, i, err)
			}
			cancel()
			if err := h.eng.lastSeal(context.Background()); err != nil {
				t.Fatal(fmt.Errorf("seed %d, round %d: %w", seed, i, err))
			}
		}
		h.close()
	}
}
