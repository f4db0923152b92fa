package state

import (
	"fmt"
	"math"

	"github.com/dirigo-stream/dirigo/exec"
)

// Fold merges sealed blocks, oldest first, into full ones: the newest row of a
// key wins, tombstones and dropped panes are gone. The blocks must be all those
// that a manifest names for their key groups, back to a full one. It is pure
// computing and may run anywhere.
func Fold(blocks [][]byte) ([]exec.Block, error) { return FoldSlowly(blocks, func() {}) }

// FoldSlowly is Fold; breathe is called every few hundred µs or so, and may make
// it wait for more urgent work.
func FoldSlowly(blocks [][]byte, breathe func()) ([]exec.Block, error) {
	var st *Store
	for i, data := range blocks {
		b, err := decodeBlock(data)
		if err != nil {
			return nil, fmt.Errorf("fold block %d of %d: %w", i+1, len(blocks), err)
		}
		if st == nil {
			st = NewStore(Home{KeyGroups: b.groups, Low: b.low, High: b.high})
			st.breathe = breathe
		}
		st.home.Low, st.home.High = min(st.home.Low, b.low), max(st.home.High, b.high)
		if err := st.learn(b); err != nil {
			return nil, fmt.Errorf("fold block %d of %d: %w", i+1, len(blocks), err)
		}
		if err := st.apply(b, b.low, b.high); err != nil {
			return nil, fmt.Errorf("fold block %d of %d: %w", i+1, len(blocks), err)
		}
	}
	if st == nil {
		return nil, nil
	}
	w := blockWriter{shapes: st.shapes, groups: st.home.KeyGroups, low: st.home.Low, high: st.home.High, full: true, mark: st.mark, breathe: breathe}
	for _, id := range st.order {
		for i, p := range st.tables[id].inOrder() {
			w.add(id, p, true)
			if i%16 == 15 {
				breathe()
			}
		}
	}
	if len(w.rows) == 0 && st.mark == math.MinInt64 {
		return nil, nil
	}
	return w.blocks(), nil
}

// learn takes the layouts of a block's tables.
func (st *Store) learn(b *blockData) error {
	for i := range b.sections {
		s := &b.sections[i]
		for len(st.shapes) <= s.id.kind {
			st.shapes = append(st.shapes, nil)
		}
		if have := st.shapes[s.id.kind]; have == nil {
			st.shapes[s.id.kind] = s.shape
		} else if !have.same(s.shape) {
			return fmt.Errorf("%w: layouts of table %d differ", ErrDamaged, s.id.kind)
		}
	}
	return nil
}
