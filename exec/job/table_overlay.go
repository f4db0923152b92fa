package job

import (
	"slices"

	"github.com/dirigo-stream/dirigo/exec/batch"
)

// overlay is what transactions have committed, or are committing, to a table
// that its view has not applied yet, by key. The newest transaction that
// changed a key decides; where none did the view has the row.
//
// Transactions leave in the order in which they came, once the view has applied
// their tick. A transaction that is still there although the view has applied it
// says the same as the view does.
type overlay struct {
	base    uint64 // number of entries[0]
	entries []overlaid
	heads   map[uint64]uint64 // key hash → number of its newest entry
	layers  []layer
}

type overlaid struct {
	rowAt
	hash  uint64
	prev  uint64 // number of an older one of the same hash, plus 1; 0: none
	layer uint64 // of which transaction: their order
}

// layer is one transaction's part.
type layer struct {
	commit *commitment
	end    uint64 // number after its last entry
}

// add takes in what a transaction that is about to be committed changes.
func (o *overlay) add(c *commitment, ch *changes) {
	o.entries = slices.Grow(o.entries, ch.rows)
	if o.heads == nil {
		o.heads = map[uint64]uint64{}
	}
	for k, b := range ch.batches {
		for row, h := range ch.hashes[k] {
			n := o.base + uint64(len(o.entries))
			prev := uint64(0)
			if p, ok := o.heads[h]; ok {
				prev = p + 1
			}
			o.heads[h] = n
			o.entries = append(o.entries, overlaid{rowAt{b, int32(row)}, h, prev, c.number})
		}
	}
	o.layers = append(o.layers, layer{c, o.base + uint64(len(o.entries))})
}

// find says what the newest transaction that changed row i of keys made of it.
func (o *overlay) find(t *table, hash uint64, keys []batch.Column, i int, n *net) (rowAt, verdict) {
	at, ok := o.heads[hash]
	if !ok {
		return rowAt{}, undecided
	}
	for layer := uint64(0); ; {
		e := &o.entries[at-o.base]
		if layer != 0 && e.layer != layer {
			if row, v := n.end(); v != undecided {
				return row, v
			}
		}
		layer = e.layer
		if t.hasKey(e.rowAt, keys, i) {
			n.add(e.rowAt, e.b.DiffAt(int(e.row)))
		}
		if e.prev == 0 || e.prev-1 < o.base {
			return n.end()
		}
		at = e.prev - 1
	}
}

// drop takes out the transactions that the view has applied.
func (o *overlay) drop(applied uint64) {
	n := 0
	for n < len(o.layers) {
		if tick := o.layers[n].commit.tick.Load(); tick == 0 || tick > applied {
			break
		}
		n++
	}
	if n == 0 {
		return
	}
	end := o.layers[n-1].end
	if n == len(o.layers) {
		*o = overlay{base: end}
		return
	}
	for _, e := range o.entries[:end-o.base] {
		if o.heads[e.hash] < end {
			delete(o.heads, e.hash)
		}
	}
	clear(o.entries[:end-o.base]) // appending moves to new memory in time
	clear(o.layers[:n])
	o.entries, o.layers, o.base = o.entries[end-o.base:], o.layers[n:], end
}
