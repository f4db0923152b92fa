package job

import (
	"context"
	"errors"
	"testing"
	"time"
)

// restarted waits until a query is another one than before.
func (h *harness) restarted(before *query) {
	h.t.Helper()
	for until := time.Now().Add(patience); h.eng.query(before.def.ID) == before; time.Sleep(time.Millisecond) {
		if time.Now().After(until) {
			h.t.Fatalf("%s was not restarted", before)
		}
	}
}

// TestCatchUpGoesOnWithoutOne: queries that catch up together come to their end
// though one of them is dropped, or fails, in the middle of it.
func TestCatchUpGoesOnWithoutOne(t *testing.T) {
	for _, drop := range []bool{true, false} {
		h := newHarness(t, 3, 2)
		defs := []QueryDef{filterView(10, streamID, 1, -1000), sumsOf(11, 10, 1), toSink(12, 10, 1), countView(13, 1, 1, nil)}
		for i := range defs {
			defs[i].Checkpoint = time.Hour // what comes after the first Seal has to be read again
		}
		h.open(defs...)
		h.log.add(0, h.randomRows(10, 0)...)
		before := h.eng.query(10)
		for until := time.Now().Add(patience); before.seals.committed() == 0; time.Sleep(time.Millisecond) {
			if time.Now().After(until) {
				t.Fatal("nothing was sealed")
			}
		}
		h.log.add(0, h.randomRows(500, 0)...)
		h.flush()
		h.log.hush(true)
		h.eng.detach(before)
		h.restarted(before)
		if drop {
			if err := h.eng.DropQuery(context.Background(), 12); err != nil {
				t.Fatal(err)
			}
		} else {
			h.eng.failed(h.eng.query(12), errors.New("it broke"))
		}
		h.log.hush(false)
		h.flush()
		h.want("without one", 11, counts(h.log.all()))
		h.close()
	}
}

// TestDetachIsNotSeen: what a view has shown it goes on to show when all that
// read its stream are restarted from older checkpoints.
func TestDetachIsNotSeen(t *testing.T) {
	for seed := range uint64(4) {
		h := newHarness(t, seed, 2)
		defs := []QueryDef{filterView(10, streamID, 1, -1000), sumsOf(11, 10, 1)}
		h.open(defs...)
		for i := range 3 {
			h.log.add(0, h.randomRows(500, int64(i)*500)...)
			h.flush()
			h.eng.epochs.stop() // what comes now may not be sealed
			h.log.add(1, h.randomRows(500, int64(i)*500)...)
			h.flush()
			before := h.eng.query(10)
			h.eng.detach(before)
			h.restarted(before)
			h.want("restarted", 11, counts(h.log.all()))
		}
		h.close()
	}
}
