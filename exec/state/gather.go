package state

import (
	"math"

	"github.com/dirigo-stream/dirigo/exec/batch"
)

// storedFloat returns the float in a word of a key.
func storedFloat(k Key, w int64) float64 {
	if k.Exact {
		return math.Float64frombits(uint64(w))
	}
	return WordFloat(w)
}

// Gather returns key i of rows as a column.
func (t *Table) Gather(i int, refs []Ref) batch.Column {
	s, w := t.shape, t.shape.key+i
	nulls := t.gatherNulls(i, refs)
	switch s.Keys[i].Kind.Rep() {
	case batch.RepInt:
		out := make([]int64, len(refs))
		for j, r := range refs {
			out[j] = t.pages[r>>slotBits].cells[int(r&slotMask)*s.stride+w]
		}
		return &batch.Vec[int64]{Data: out, Null: nulls}
	case batch.RepText:
		return t.gatherTexts(w, refs, nulls)
	}
	out := batch.New(s.Keys[i].Kind, len(refs))
	t.AppendKey(i, refs, out)
	return out
}

func (t *Table) gatherNulls(i int, refs []Ref) []bool {
	s, mask, bit := t.shape, 1+i/64, uint64(1)<<(i%64)
	for j, r := range refs {
		if uint64(t.pages[r>>slotBits].cells[int(r&slotMask)*s.stride+mask])&bit == 0 {
			continue
		}
		nulls := make([]bool, len(refs))
		for ; j < len(refs); j++ {
			r := refs[j]
			nulls[j] = uint64(t.pages[r>>slotBits].cells[int(r&slotMask)*s.stride+mask])&bit != 0
		}
		return nulls
	}
	return nil
}

func (t *Table) gatherTexts(w int, refs []Ref, nulls []bool) batch.Column {
	stride := t.shape.stride
	out := &batch.TextVec{Off: make([]uint32, len(refs)+1), Null: nulls}
	size := uint32(0)
	for j, r := range refs {
		_, n := span(t.pages[r>>slotBits].cells[int(r&slotMask)*stride+w])
		size += n
		out.Off[j+1] = size
	}
	out.Data = make([]byte, 0, size)
	for _, r := range refs {
		p := t.pages[r>>slotBits]
		off, n := span(p.cells[int(r&slotMask)*stride+w])
		out.Data = append(out.Data, p.heap[off:off+n]...)
	}
	return out
}
