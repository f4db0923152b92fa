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
func Fold(blocks [][]byte) ([]exec.Block, error) { return foldAll(blocks, foldBytes) }

func foldAll(blocks [][]byte, most int) ([]exec.Block, error) {
	pieces := make([]Piece, len(blocks))
	low, high := math.MaxInt, 0
	for i, data := range blocks {
		r, err := rangeOf(data)
		if err != nil {
			return nil, fmt.Errorf("fold block %d of %d: %w", i+1, len(blocks), err)
		}
		pieces[i] = Piece{Low: r.low, High: r.high, Size: len(data), Read: func() ([]byte, error) { return data, nil }}
		low, high = min(low, r.low), max(high, r.high)
	}
	return foldPieces(pieces, foldRange{low: low, high: high}, most, func() {})
}

// Piece is a sealed block to fold: what counts of it are the key groups
// Low ≤ g < High. Size is in bytes.
type Piece struct {
	Low, High, Size int
	Read            func() ([]byte, error)
}

// FoldPieces is Fold for the key groups low ≤ g < high of pieces, oldest first.
// Much state is folded range by range, and a piece is read, perhaps more than
// once, when its turn comes. Breathe is called every few hundred µs or so, and
// may make it wait for more urgent work.
func FoldPieces(pieces []Piece, low, high int, breathe func()) ([]exec.Block, error) {
	return foldPieces(pieces, foldRange{low: low, high: high}, foldBytes, breathe)
}

// foldPieces folds about so many bytes at once.
func foldPieces(pieces []Piece, all foldRange, most int, breathe func()) (full []exec.Block, err error) {
	for _, r := range foldParts(pieces, all, most) {
		out, err := foldPart(pieces, r, breathe)
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

// foldParts cuts key groups where pieces end, into parts of about so many bytes.
func foldParts(pieces []Piece, all foldRange, most int) (parts []foldRange) {
	var borders []int
	for _, p := range pieces {
		for _, g := range []int{p.Low, p.High} {
			borders = append(borders, min(max(g, all.low), all.high))
		}
	}
	slices.Sort(borders)
	borders = slices.Compact(borders)
	part := foldRange{low: -1}
	for i, low := range borders[:max(0, len(borders)-1)] {
		high, bytes := borders[i+1], 0
		for _, p := range pieces {
			if p.Low <= low && p.High >= high {
				bytes += p.Size * (high - low) / (p.High - p.Low)
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
func foldPart(pieces []Piece, r foldRange, breathe func()) ([]exec.Block, error) {
	var st *Store
	for i, p := range pieces {
		low, high := max(p.Low, r.low), min(p.High, r.high)
		if low >= high {
			continue
		}
		if err := foldPiece(&st, p, r, low, high, breathe); err != nil {
			return nil, fmt.Errorf("fold block %d of %d: %w", i+1, len(pieces), err)
		}
	}
	if st == nil {
		return nil, nil
	}
	var full []exec.Block
	w := blockWriter{
		shapes: st.shapes, groups: st.home.KeyGroups, low: r.low, high: r.high, full: true, mark: st.mark, breathe: breathe,
		give: func(b exec.Block) error {
			full = append(full, b)
			return nil
		},
	}
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
	return full, w.finish()
}

// foldPiece lays a piece over what a part has so far.
func foldPiece(st **Store, p Piece, r foldRange, low, high int, breathe func()) error {
	data, err := p.Read()
	if err != nil {
		return err
	}
	b, err := decodeBlock(data)
	if err != nil {
		return err
	}
	if *st == nil {
		*st = NewStore(Home{KeyGroups: b.groups, Low: r.low, High: r.high})
		(*st).breathe = breathe
	}
	if err := (*st).learn(b); err != nil {
		return err
	}
	return (*st).apply(b, low, high)
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
