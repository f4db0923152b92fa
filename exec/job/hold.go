package job

import (
	"sync/atomic"

	"github.com/dirigo-stream/dirigo/exec/batch"
)

// holding is what a keyed sink is not told while its query catches up: the newest
// row of each key, or that it has none. So what was never true, as when half of a
// view has been scanned, is not written, and no key is deleted that has a value
// again when the query has attached. A Seal tells it all, as it counts it as told.
type holding struct {
	keySet
	until *atomic.Uint64 // the tick that ends it; 0: not known yet

	// Of the instance's turn, or before it runs.
	newest map[string]heldRow
	tick   uint64 // being passed
	bytes  int64
}

type heldRow struct {
	keyPlace
	tick uint64
	has  bool // a value; else the key has none
}

// holdMost is how many bytes a sink keeps back, before it is told in between.
const holdMost = 32 << 20

func newHolding(key []int, types []batch.Type) *holding {
	return &holding{keySet: keySet{at: key, types: types}, until: new(atomic.Uint64), newest: map[string]heldRow{}}
}

// take keeps the rows of b. In one tick a key's old and new row may come in any
// order.
func (h *holding) take(b *batch.Batch) {
	b = b.Compact()
	h.bytes += b.Bytes()
	for row := range b.N {
		k := keyText(b, h.at, h.types, row)
		has := b.DiffAt(row) > 0
		if was, ok := h.newest[k]; ok && was.tick == h.tick && was.has && !has {
			continue
		}
		h.newest[k] = heldRow{keyPlace{b, int32(row)}, h.tick, has}
	}
}

// given returns all that was kept, as changes, and forgets it.
func (h *holding) given() (out []*batch.Batch) {
	rows := map[*batch.Batch][]int32{}
	diffs := map[*batch.Batch][]int64{}
	for _, r := range h.newest {
		diff := int64(-1)
		if r.has {
			diff = 1
		}
		rows[r.b], diffs[r.b] = append(rows[r.b], r.row), append(diffs[r.b], diff)
	}
	for b, sel := range rows {
		part := *b.Gather(sel)
		part.Diff, part.Born = diffs[b], 0
		out = append(out, &part)
	}
	clear(h.newest)
	h.bytes = 0
	return out
}

// ends says whether a tick ends the holding.
func (h *holding) ends(tick uint64) bool {
	until := h.until.Load()
	return until != 0 && tick >= until
}

// passes says whether the sink has to be told what was kept when a tick, or a
// Seal with it, passes.
func (w *sinkWriter) passes(tick, seal uint64) bool {
	return w.held != nil && (seal != 0 || w.held.ends(tick))
}

// tell tells the sink what was kept; in the instance's turn.
func (w *sinkWriter) tell(end bool) error {
	h := w.held
	if end {
		w.held = nil
	}
	for _, b := range h.given() {
		if err := w.give(b); err != nil {
			return err
		}
	}
	return nil
}

// holdUntil ends the holding of the query's sinks at a tick that will pass.
func (q *query) holdUntil(tick uint64) {
	for _, end := range q.ends {
		if end.sink != nil && end.sink.until != nil {
			end.sink.until.Store(tick)
		}
	}
}

// holds says whether a sink of the query keeps anything back.
func (q *query) holds() bool {
	for _, end := range q.ends {
		if end.sink != nil && end.sink.until != nil {
			return true
		}
	}
	return false
}
