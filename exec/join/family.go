package join

import (
	"math/bits"
	"slices"

	"github.com/dirigo-stream/dirigo/exec/batch"
	"github.com/dirigo-stream/dirigo/exec/state"
)

// families knows which keys have many rows. The rows of such a key, of one hash,
// are spread over parts: part 0 lies where the key's hash says, the others
// elsewhere in its key group. Numbered rows, which nobody looks for, fill one
// part after the other. Others are spread by linear hashing (Litwin 1980): each
// new part takes about half of one of the others.
type families struct {
	rows  *rows
	table *state.Table      // hash → number of parts
	parts map[uint64]family // the same in memory, for those of more than one
	grow  []uint64          // places that have grown long
	rh    []uint64
	out   []uint64
}

// family is the parts of one key, and where its next numbered row goes: part at,
// which holds about fill rows.
type family struct{ n, at, fill int32 }

// familyKind is the kind of the table of side 0's families.
const familyKind = 2

var familyLayout = state.Layout{Keys: []state.Key{{Kind: batch.Int64}}, Accs: []state.Acc{state.Word}}

// familyRows is how many rows a part should have.
const familyRows = state.MaxChain / 2

// part returns the part, of n, of a row.
func part(rh uint64, n int32) uint64 {
	size := uint(bits.Len32(uint32(n - 1)))
	p := rh & (1<<size - 1)
	if p >= uint64(n) {
		p &= 1<<(size-1) - 1
	}
	return p
}

// spot returns the hash by which part p of the key with hash h is stored.
func (r *rows) spot(h, p uint64) uint64 {
	if p == 0 {
		return h
	}
	return r.side.store.Spread(h, p)
}

// place returns where rows go: the hashes of their keys, but for keys with many
// rows.
func (f *families) place(b *batch.Batch, at []int32, hash []uint64) []uint64 {
	if len(f.parts) == 0 {
		return hash
	}
	f.out = append(f.out[:0], hash...)
	hashed := false
	for i, h := range hash {
		fam, many := f.parts[h]
		if !many {
			continue
		}
		if f.rows.side.numbered {
			if fam.fill >= familyRows && fam.at+1 < fam.n {
				fam.at, fam.fill = fam.at+1, 0
			}
			fam.fill++
			f.parts[h] = fam
			f.out[i] = f.rows.spot(h, uint64(fam.at))
			continue
		}
		if !hashed {
			hashed = true
			f.rh = f.hashRows(b.Cols, f.rows.side.cols, at)
		}
		f.out[i] = f.rows.spot(h, part(f.rh[i], fam.n))
	}
	return f.out
}

func (f *families) hashRows(cols []batch.Column, which []int, at []int32) []uint64 {
	var stored []batch.Column
	var types []batch.Type
	for i, c := range f.rows.side.cols {
		stored = append(stored, cols[which[i]])
		types = append(types, f.rows.side.types[c])
	}
	return batch.HashRows(stored, types, at, len(at), f.rh)
}

// many returns the number of parts of the key with a hash.
func (f *families) many(h uint64) int32 {
	if fam, ok := f.parts[h]; ok {
		return fam.n
	}
	return 1
}

// settle splits families that have grown; wait: a page must be read first. No
// refs hold beyond it.
func (f *families) settle() (wait bool, err error) {
	for {
		if f.grow = append(f.grow, f.rows.Long()...); len(f.grow) == 0 {
			break
		}
		slices.Sort(f.grow)
		f.grow = slices.Compact(f.grow)
		last := len(f.grow) - 1
		if wait, err := f.split(f.grow[last]); wait || err != nil {
			return wait, err
		}
		f.grow = f.grow[:last]
	}
	f.rows.Settle()
	return false, nil
}

// chain returns the live rows at a place.
func (f *families) chain(place uint64) (refs []state.Ref, wait bool) {
	var head [1]state.Ref
	if f.rows.Heads([]uint64{place}, head[:]) > 0 {
		return nil, true
	}
	return f.rows.Chain(head[0], nil), false
}

// split makes more parts of the family at a place, until its parts are about as
// long as they should be.
func (f *families) split(place uint64) (wait bool, err error) {
	refs, wait := f.chain(place)
	if wait || len(refs) <= state.MaxChain {
		return wait, nil
	}
	s := f.rows.side
	var key []batch.Column
	for _, c := range s.key {
		key = append(key, f.rows.gather(c, refs[:1]))
	}
	h := batch.HashRows(key, s.keyTypes, nil, 1, nil)[0]
	n := f.many(h)
	want := max(n+1, n*int32(len(refs)/familyRows))
	if s.numbered {
		want = n + 1
	}
	for ; n < want; n++ {
		if wait, err := f.add(h, n); wait || err != nil {
			return wait, err
		}
	}
	return false, nil
}

// add makes part n of a family.
func (f *families) add(h uint64, n int32) (wait bool, err error) {
	var row [1]state.Ref
	col := &batch.Vec[int64]{Data: []int64{int64(h)}}
	missing, err := f.table.Assign([]batch.Column{col}, []int{0}, []int32{0}, []uint64{h}, row[:])
	if missing > 0 || err != nil {
		return missing > 0, err
	}
	if !f.rows.side.numbered {
		if wait, err := f.move(h, n); wait || err != nil {
			return wait, err
		}
	}
	f.table.Change(row[0])[f.table.Acc(0)] = int64(n) + 1
	f.table.Settle()
	f.know(h, n+1)
	return false, nil
}

// know notes that a family has n parts. The old ones of it are taken to be full.
func (f *families) know(h uint64, n int32) {
	if f.parts == nil {
		f.parts = map[uint64]family{}
	}
	fam, ok := f.parts[h]
	if !ok {
		fam = family{at: n - 1, fill: familyRows}
		if n == 2 {
			fam.at = 0
		}
	}
	fam.n = n
	f.parts[h] = fam
}

// room makes parts for the numbered rows of those keys that have many of the
// rows with the given hashes; wait: a page must be read first.
func (f *families) room(hash []uint64) (wait bool, err error) {
	if !f.rows.side.numbered || len(hash) < familyRows {
		return false, nil
	}
	s := f.rows.side
	if s.tally == nil {
		s.tally = new(tally)
	}
	t := s.tally
	clear(t.first[:])
	for i, h := range hash {
		at := h >> 7 & tallyMask
		for t.first[at] > 0 && hash[t.first[at]-1] != h {
			at = (at + 1) & tallyMask
		}
		if t.first[at] == 0 {
			t.first[at], t.rows[at] = uint16(i)+1, 0
		}
		if t.rows[at]++; t.rows[at]%(familyRows/2) != 0 {
			continue
		}
		// It takes a part more for every half of one that comes.
		fam := f.parts[h]
		left := (fam.n-fam.at-1)*familyRows + familyRows - fam.fill
		if fam.n > 0 && left > int32(t.rows[at])+familyRows/2 {
			continue
		}
		if wait, err := f.add(h, f.many(h)); wait || err != nil {
			return wait, err
		}
	}
	return false, nil
}

// tally counts the rows of a chunk by hash.
type tally struct {
	first [tallyMask + 1]uint16 // row plus one
	rows  [tallyMask + 1]uint16
}

const tallyMask = 2*state.Chunk - 1

// move takes the rows of part n from the part that has them.
func (f *families) move(h uint64, n int32) (wait bool, err error) {
	size := uint(bits.Len32(uint32(n)))
	from, wait := f.chain(f.rows.spot(h, uint64(n)&^(1<<(size-1))))
	if wait {
		return true, nil
	}
	rh := f.stored(from)
	var moved []state.Ref
	for i, r := range from {
		if rh[i]&(1<<size-1) == uint64(n) {
			moved = append(moved, r)
		}
	}
	wait, err = f.rows.Move(moved, f.rows.spot(h, uint64(n)), make([]state.Ref, len(moved)))
	if wait || err != nil {
		return wait, err
	}
	f.rows.Settle()
	return false, nil
}

// stored returns the hashes by which stored rows go to parts.
func (f *families) stored(refs []state.Ref) []uint64 {
	s := f.rows.side
	cols := make([]batch.Column, len(s.cols))
	which := make([]int, len(s.cols))
	for i, c := range s.cols {
		cols[i], which[i] = f.rows.gather(c, refs), i
	}
	sel := make([]int32, len(refs))
	for i := range sel {
		sel[i] = int32(i)
	}
	f.rh = f.hashRows(cols, which, sel)
	return f.rh
}

// load learns the families of state that was loaded.
func (f *families) load() (wait bool) {
	refs, wait := f.table.Part(0, 0, nil)
	if wait {
		return true
	}
	for _, r := range refs {
		w := f.table.Row(r)
		if n := w[f.table.Acc(0)]; n > 1 {
			f.know(f.table.Hash(r), int32(n))
		}
	}
	return false
}
