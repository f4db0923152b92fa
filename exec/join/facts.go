package join

import (
	"github.com/dirigo-stream/dirigo/exec/batch"
	"github.com/dirigo-stream/dirigo/exec/state"
)

// facts is what NOT IN must know of all right rows together: how many there are,
// and how many with NULL. While there is none every left row passes; while there
// is one with NULL, none does. When that changes all left rows are looked at.
type facts struct {
	table *state.Table
	row   bool // the numbers are known
	all   int64
	null  int64
	dirty bool // the numbers differ from the stored ones
	mode  mode // as the output has it

	turning bool
	part    uint64
	bits    int
	refs    []state.Ref
}

// mode is how left rows pass.
type mode uint8

const (
	anyPass  mode = iota // no right row
	nonePass             // a NULL on the right
	byKey
)

const factsKind = 4

// factsLayout is one row, with both numbers.
var factsLayout = state.Layout{Accs: []state.Acc{state.Word, state.Word}}

// now returns the mode of the numbers as they are.
func (f *facts) now() mode {
	switch {
	case f.all <= 0:
		return anyPass
	case f.null > 0:
		return nonePass
	}
	return byKey
}

// stored returns the words of the stored numbers; wait: they must be read.
func (f *facts) stored() (words []int64, wait bool, err error) {
	var ref [1]state.Ref
	missing, err := f.table.Assign(nil, nil, []int32{0}, []uint64{0}, ref[:])
	if missing > 0 || err != nil {
		return nil, missing > 0, err
	}
	return f.table.Change(ref[0])[f.table.Acc(0):], false, nil
}

// count adds right rows.
func (f *facts) count(b *batch.Batch, rows []int32, null bool) {
	for _, row := range rows {
		d := b.DiffAt(int(row))
		f.all += d
		if null {
			f.null += d
		}
		f.dirty = true
	}
}

// passes returns how often a left row that is there n times passes.
func (f *facts) passes(s *side, w []int64, n int64) int64 {
	switch f.mode {
	case anyPass:
		return n
	case nonePass:
		return 0
	}
	pos := s.pos(s.key[0])
	if w[1+pos/64]>>(pos%64)&1 == 1 || w[s.sum] > 0 {
		return 0
	}
	return n
}

// recallFacts reads the numbers of loaded state.
func (j *Joiner) recallFacts() (wait bool, err error) {
	f := j.facts
	if f == nil || f.row {
		return false, nil
	}
	if f.table == nil {
		f.table = j.store.Table(0, factsKind)
	}
	words, wait, err := f.stored()
	if wait || err != nil {
		return wait, err
	}
	f.row = true
	f.mode = mode(anyPass)
	all, null := f.all, f.null
	f.all, f.null = words[0], words[1]
	f.mode = f.now()
	f.all, f.null = f.all+all, f.null+null
	return false, nil
}

// turnFacts takes up the mode that the tick's right rows make. Where it is
// another one all left rows are looked at.
func (j *Joiner) turnFacts() (more bool, err error) {
	f := j.facts
	if f == nil {
		return false, nil
	}
	if f.dirty {
		words, wait, err := f.stored()
		if wait || err != nil {
			return wait, err
		}
		words[0], words[1] = f.all, f.null
		f.dirty = false
	}
	if !f.turning {
		if f.mode == f.now() {
			return false, nil
		}
		f.turning, f.mode, f.part = true, f.now(), 0
	}
	if j.store.Cold() {
		return true, nil
	}
	r := j.sides[0].pane(0, true)
	if f.part == 0 && len(f.refs) == 0 {
		f.bits = max(0, r.Depth()-1)
	}
	for {
		for len(f.refs) > 0 {
			if j.fuel <= 0 {
				return true, nil
			}
			n := min(len(f.refs), state.Chunk, j.fuel)
			j.change(r, f.refs[:n])
			f.refs = f.refs[n:]
			j.fuel -= n
		}
		if f.part == 1<<f.bits {
			f.turning = false
			return false, nil
		}
		var wait bool
		j.store.Unpin()
		if f.refs, wait = r.Part(f.bits, f.part, nil); wait {
			f.refs = nil
			return true, nil
		}
		f.part++
	}
}
