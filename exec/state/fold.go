package state

import (
	"fmt"
	"math"
	"slices"

	"github.com/dirigo-stream/dirigo/exec"
)

// Fold merges sealed blocks, oldest first, into full ones: the newest row of a
// key wins, tombstones and dropped panes are gone. The blocks must be all those
// that a manifest names for their key groups, back to a full one. It is pure
// computing and may run anywhere.
func Fold(blocks [][]byte) ([]exec.Block, error) { return FoldSlowly(blocks, func() {}) }

// FoldSlowly is Fold; breathe is called every few hundred µs or so, and may make
// it wait for more urgent work. A large state is folded range by range.
func FoldSlowly(blocks [][]byte, breathe func()) ([]exec.Block, error) {
	return foldAll(blocks, foldBytes, breathe)
}

// foldAll folds about so many bytes at once.
func foldAll(blocks [][]byte, most int, breathe func()) (full []exec.Block, err error) {
	ranges := make([]foldRange, len(blocks))
	for i, data := range blocks {
		if ranges[i], err = rangeOf(data); err != nil {
			return nil, fmt.Errorf("fold block %d of %d: %w", i+1, len(blocks), err)
		}
	}
	for _, r := range foldParts(ranges, most) {
		out, err := foldPart(blocks, ranges, r, breathe)
		if err != nil {
			return nil, err
		}
		full = append(full, out...)
	}
	return full, nil
}

// foldRange is the key groups low ≤ g < high, and how many bytes there are of
// them.
type foldRange struct{ low, high, bytes int }

// foldBytes is how much is folded at once, as far as the blocks' borders allow.
const foldBytes = 8 << 20

// foldParts cuts the key groups of blocks where blocks end, into parts of about
// so many bytes.
func foldParts(blocks []foldRange, most int) (parts []foldRange) {
	var borders []int
	for _, b := range blocks {
		borders = append(borders, b.low, b.high)
	}
	slices.Sort(borders)
	borders = slices.Compact(borders)
	part := foldRange{low: -1}
	for i, low := range borders[:max(0, len(borders)-1)] {
		high, bytes := borders[i+1], 0
		for _, b := range blocks {
			if b.low <= low && b.high >= high {
				bytes += b.bytes * (high - low) / (b.high - b.low)
			}
		}
		if part.low >= 0 && part.bytes+bytes > most {
			parts = append(parts, part)
			part = foldRange{low: -1}
		}
		if part.low < 0 {
			part.low = low
		}
		part.high, part.bytes = high, part.bytes+bytes
	}
	if part.low >= 0 {
		parts = append(parts, part)
	}
	return parts
}

// foldPart folds the rows of one range.
func foldPart(blocks [][]byte, ranges []foldRange, r foldRange, breathe func()) ([]exec.Block, error) {
	var st *Store
	for i, data := range blocks {
		if ranges[i].high <= r.low || ranges[i].low >= r.high {
			continue
		}
		b, err := decodeBlock(data)
		if err != nil {
			return nil, fmt.Errorf("fold block %d of %d: %w", i+1, len(blocks), err)
		}
		if st == nil {
			st = NewStore(Home{KeyGroups: b.groups, Low: r.low, High: r.high})
			st.breathe = breathe
		}
		if err := st.learn(b); err != nil {
			return nil, fmt.Errorf("fold block %d of %d: %w", i+1, len(blocks), err)
		}
		if err := st.apply(b, r.low, r.high); err != nil {
			return nil, fmt.Errorf("fold block %d of %d: %w", i+1, len(blocks), err)
		}
	}
	if st == nil {
		return nil, nil
	}
	w := blockWriter{shapes: st.shapes, groups: st.home.KeyGroups, low: r.low, high: r.high, full: true, mark: st.mark, breathe: breathe}
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
