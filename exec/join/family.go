package join

import (
	"math/bits"

	"github.com/dirigo-stream/dirigo/exec/batch"
	"github.com/dirigo-stream/dirigo/exec/state"
)

// families knows which keys have many rows. The rows of such a key, of one hash,
// are spread over parts, by linear hashing (Litwin 1980): part 0 lies where the
// key's hash says, the others elsewhere in its key group, and each new part
// takes about half of one of the others.
type families struct {
	rows  *rows
	table *state.Table     // hash → number of parts
	parts map[uint64]int32 // the same in memory, for those of more than one
	grow  []uint64         // places that have grown long
	rh    []uint64
	out   []uint64
}

// familyKind is the kind of the table of side 0's families.
const familyKind = 2

var familyLayout = state.Layout{Keys: []state.Key{{Kind: batch.Int64}}, Accs: []state.Acc{state.Word}}

// familyRows is how many rows a part should have.
const familyRows = state.MaxChain / 2

// number returns the hash by which a numbered row goes to a part.
func numberHash(id int64) uint64 {
	h := uint64(id) * 0x9e3779b97f4a7c15
	h ^= h >> 29
	h *= 0xbf58476d1ce4e5b9
	return h ^ h>>32
}

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
// rows. First is the number of the first row; -1: rows are not numbered.
func (f *families) place(b *batch.Batch, at []int32, hash []uint64, first int64) []uint64 {
	if len(f.parts) == 0 {
		return hash
	}
	f.out = append(f.out[:0], hash...)
	hashed := false
	for i, h := range hash {
		n, many := f.parts[h]
		if !many {
			continue
		}
		rh := uint64(0)
		if first >= 0 {
			rh = numberHash(first + int64(i))
		} else {
			if !hashed {
				hashed = true
				f.rh = f.hashRows(b.Cols, f.rows.side.cols, at)
			}
			rh = f.rh[i]
		}
		f.out[i] = f.rows.spot(h, part(rh, n))
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
	if n, ok := f.parts[h]; ok {
		return n
	}
	return 1
}

// settle splits families that have grown; wait: a page must be read first. No
// refs hold beyond it.
func (f *families) settle() (wait bool, err error) {
	f.grow = append(f.grow, f.rows.Long()...)
	for len(f.grow) > 0 {
		wait, err := f.split(f.grow[len(f.grow)-1])
		if wait || err != nil {
			return wait, err
		}
		f.grow = append(f.grow[:len(f.grow)-1], f.rows.Long()...)
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
	for want := max(n+1, n*int32(len(refs)/familyRows)); n < want; n++ {
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
	f.table.Change(row[0])[f.table.Acc(0)] = int64(n) + 1
	f.table.Settle()
	if f.parts == nil {
		f.parts = map[uint64]int32{}
	}
	f.parts[h] = n + 1
	f.rows.Settle()
	return false, nil
}

// stored returns the hashes by which stored rows go to parts.
func (f *families) stored(refs []state.Ref) []uint64 {
	s := f.rows.side
	if s.numbered {
		ids := f.rows.Gather(0, refs).(*batch.Vec[int64])
		out := make([]uint64, len(refs))
		for i, id := range ids.Data {
			out[i] = numberHash(id)
		}
		return out
	}
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
			if f.parts == nil {
				f.parts = map[uint64]int32{}
			}
			f.parts[f.table.Hash(r)] = int32(n)
		}
	}
	return false
}
