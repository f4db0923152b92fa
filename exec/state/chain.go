package state

import (
	"github.com/dirigo-stream/dirigo/exec/batch"
)

// None ends a chain of rows.
const None = NoRef - 1

// MaxChain is how many rows may have one hash before Long names it. The caller
// then moves some of them to other hashes: a page cannot be split between rows
// of one hash.
const MaxChain = 128

// A chain word holds the slot, plus one, of the next row with the same hash in
// the page, and above 16 bits how many rows the chain has from here on.
func chainWord(next, length int) int64 { return int64(length)<<16 | int64(next) }

func chainNext(w int64) int { return int(w&0xffff) - 1 }

func chainLen(w int64) int { return int(w >> 16) }

// link enters a row at the head of the chain of its hash. The index holds the
// heads only.
func (p *page) link(s *shape, h uint64, slot int) {
	mask := uint32(len(p.index) - 1)
	tag := entry(h, 0)
	at := uint32(h) & mask
	next, length := 0, 0
	for ; p.index[at] != 0; at = (at + 1) & mask {
		if e := p.index[at]; (e^tag)&0xf000 == 0 {
			if head := int(e&0xfff) - 1; uint64(p.cells[head*s.stride]) == h {
				next, length = head+1, chainLen(p.cells[head*s.stride+s.chain])
				break
			}
		}
	}
	p.cells[slot*s.stride+s.chain] = chainWord(next, length+1)
	p.index[at] = entry(h, slot+1)
}

// head returns the first slot with a hash, or -1.
func (p *page) head(s *shape, h uint64) int {
	if len(p.index) == 0 {
		return -1
	}
	mask := uint32(len(p.index) - 1)
	tag := entry(h, 0)
	for at := uint32(h) & mask; ; at = (at + 1) & mask {
		e := p.index[at]
		if e == 0 {
			return -1
		}
		if (e^tag)&0xf000 != 0 {
			continue
		}
		if slot := int(e&0xfff) - 1; uint64(p.cells[slot*s.stride]) == h {
			return slot
		}
	}
}

// findLinked is find for tables of chains.
func (p *page) findLinked(s *shape, k *Keys, i int) int {
	slot := p.head(s, k.Hash[i])
	if slot >= 0 && chainLen(p.cells[slot*s.stride+s.chain]) > longChain {
		return p.seek(s, k, i)
	}
	word, at := int64(0), 0
	if s.quick >= 0 {
		word, at = k.cols[s.quick].word[i], s.key+s.quick
	}
	for slot >= 0 {
		base := slot * s.stride
		if (at == 0 || p.cells[base+at] == word) && p.equal(s, base, k, i) {
			return slot
		}
		slot = chainNext(p.cells[base+s.chain])
	}
	return -1
}

// uniform tells whether all rows of a page have one hash.
func (p *page) uniform(s *shape) bool {
	if s.chain == 0 || p.n == 0 {
		return false
	}
	for slot := 1; slot < p.n; slot++ {
		if p.cells[slot*s.stride] != p.cells[0] {
			return false
		}
	}
	return true
}

// Put adds rows to the chains of their hashes and sets refs; fresh says which of
// them were not there. With id not below 0 the keys begin with a number, which is
// not among cols and counts from id. With find a row that equals one there in all
// keys is that row; without, none does. It returns how many got NoRef because
// their page is away.
func (t *Table) Put(cols []batch.Column, at []int, rows []int32, hash []uint64, id int64, find bool, refs []Ref, fresh []bool) (missing int, err error) {
	k := takeKeys()
	defer k.free()
	if id < 0 {
		k.load(t.shape, cols, at, rows, hash)
	} else {
		k.loadNumbered(t.shape, cols, at, rows, hash, id)
	}
	return t.put(k, find, refs, fresh)
}

func (t *Table) put(k *Keys, find bool, refs []Ref, fresh []bool) (missing int, err error) {
	shift, cold := 64-t.depth, t.store.cold > 0
	for i, h := range k.Hash[:k.N] {
		pid := t.dir[h>>shift]
		p := t.pages[pid]
		if (p.slow || cold) && (find && !t.ready(p, h) || !find && !t.here(p, h)) {
			refs[i] = NoRef
			missing++
			continue
		}
		slot := -1
		if find {
			slot = p.findLinked(t.shape, k, i)
		}
		fresh[i] = slot < 0 || p.flags[slot]&flagDead != 0
		if slot < 0 {
			if slot, err = t.insert(p, pid, k, i); err != nil {
				return missing, err
			}
			if chainLen(p.cells[slot*t.shape.stride+t.shape.chain]) > MaxChain {
				t.long = append(t.long, h)
			}
		}
		if f := p.flags[slot]; f&(flagDirty|flagDead) != flagDirty {
			t.wake(p, slot)
		}
		p.used = true
		refs[i] = Ref(pid<<slotBits | uint32(slot))
	}
	return missing, nil
}

// loadNumbered is load for keys that begin with a number counted from id.
func (k *Keys) loadNumbered(s *shape, cols []batch.Column, at []int, rows []int32, hash []uint64, id int64) {
	k.reset(s, len(rows))
	copy(k.Hash, hash)
	k.cols[0].word = sized(k.cols[0].word, len(rows))
	for i := range rows {
		k.cols[0].word[i] = id + int64(i)
	}
	for i := 1; i < len(s.Keys); i++ {
		col := cols[at[i-1]]
		k.cols[i].load(col, rows, s.Keys[i].Exact)
		if nulls := col.Nulls(); nulls != nil {
			k.loadNulls(s, i, nulls, rows)
		}
	}
}

// Long returns the hashes that got more than MaxChain rows since it was asked
// last, some more than once.
func (t *Table) Long() []uint64 {
	long := t.long
	t.long = nil
	return long
}

// Top returns the greatest first key that was loaded from sealed state, of a
// table whose rows are told apart by it.
func (t *Table) Top() int64 { return t.top }

// Heads sets heads to the first row of each hash: None where there is none,
// NoRef where the page is away, which is wanted then. It returns how many are.
func (t *Table) Heads(hash []uint64, heads []Ref) (missing int) {
	shift, cold, s := 64-t.depth, t.store.cold > 0, t.shape
	heads = heads[:len(hash)]
	// The first loop names a slot without looking at it, so that the processor
	// fetches the memory of many rows at once.
	for i, h := range hash {
		pid := t.dir[h>>shift]
		p := t.pages[pid]
		if (p.away != nil || cold) && !t.here(p, h) {
			heads[i] = NoRef
			missing++
			continue
		}
		heads[i] = None
		if n := uint32(len(p.index)); n > 0 {
			if e := p.index[uint32(h)&(n-1)]; e != 0 {
				heads[i] = Ref(pid<<slotBits | uint32(e&0xfff) - 1)
			}
		}
	}
	for i, r := range heads {
		if r >= None {
			continue
		}
		p := t.pages[r>>slotBits]
		p.used = true
		if uint64(p.cells[int(r&slotMask)*s.stride]) == hash[i] {
			continue
		}
		if slot := p.head(s, hash[i]); slot >= 0 {
			heads[i] = r&^slotMask | Ref(slot)
		} else {
			heads[i] = None
		}
	}
	return missing
}

// here is ready for reading: the page may be shared with a frozen copy.
func (t *Table) here(p *page, h uint64) bool {
	if t.store.cold > 0 && !t.store.loaded(h) {
		return false
	}
	if p.away != nil {
		t.store.want(p.away)
		return false
	}
	return true
}

// Chain appends the live rows of a chain from head on.
func (t *Table) Chain(head Ref, refs []Ref) []Ref {
	if head >= None {
		return refs
	}
	p, s := t.pages[head>>slotBits], t.shape
	for slot := int(head & slotMask); slot >= 0; {
		if p.flags[slot]&flagDead == 0 {
			refs = append(refs, head&^slotMask|Ref(slot))
		}
		slot = chainNext(p.cells[slot*s.stride+s.chain])
	}
	return refs
}

// Row returns the words of a row, to read.
func (t *Table) Row(r Ref) []int64 { return t.pages[r>>slotBits].row(t.shape, int(r&slotMask)) }

// Change returns the words of a row, to write, and marks it as changed.
func (t *Table) Change(r Ref) []int64 {
	p := t.pages[r>>slotBits]
	if p.slow {
		p.own(t.shape)
	}
	p.flags[r&slotMask] |= flagDirty
	p.dirty = true
	return p.row(t.shape, int(r&slotMask))
}

// Move places rows of one hash under another hash of the same key group; to
// becomes where they are now. It returns wait, and has done nothing, where the
// page that they go to is away.
func (t *Table) Move(refs []Ref, hash uint64, to []Ref) (wait bool, err error) {
	if len(refs) == 0 {
		return false, nil
	}
	if !t.here(t.pages[t.dir[hash>>(64-t.depth)]], hash) {
		return true, nil
	}
	slots := make([]int32, len(refs))
	for i, r := range refs {
		slots[i] = int32(r & slotMask)
	}
	s := t.shape
	k := takeKeys()
	defer k.free()
	k.loadPage(s, t.pages[refs[0]>>slotBits], slots)
	for i := range k.Hash {
		k.Hash[i] = hash
	}
	fresh := make([]bool, len(refs))
	if _, err := t.put(k, false, to, fresh); err != nil {
		return false, err
	}
	for i, r := range refs {
		from, into := t.Row(r), t.Row(to[i])
		for w := s.acc; w < s.stride; w++ {
			if w != s.chain {
				into[w] = from[w]
			}
		}
		t.Change(r)
		if p := t.pages[r>>slotBits]; p.flags[r&slotMask]&flagTouched != 0 {
			t.Touch(to[i], from[s.acc])
			p.flags[r&slotMask] &^= flagTouched
			p.hot--
		}
		t.Remove(r)
	}
	return false, nil
}

// Loads returns how many ranges of key groups were loaded from sealed blocks.
func (st *Store) Loads() int { return len(st.segments) - st.cold }
