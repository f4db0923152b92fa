package state

import (
	"fmt"

	"github.com/dirigo-stream/dirigo/exec/batch"
)

// Ref names a slot of a table. It holds until the next Settle, Fetch or Drop.
type Ref uint32

// NoRef stands for a row whose page is not in memory.
const NoRef = ^Ref(0)

const (
	slotBits = 11
	slotMask = 1<<slotBits - 1
	maxDepth = 24 // of the directory: 16 M pages
)

// Table maps keys to rows of accumulators, by extendible hashing: a directory
// indexed by the top bits of the hash, over pages of a few hundred keys. Key
// groups are ranges of the hash too, so a range of key groups is a range of
// the directory.
//
// A Table belongs to one Store and is used by one goroutine at a time.
type Table struct {
	store *Store
	id    tableID
	shape *shape
	dir   []uint32
	depth uint8
	pages []*page
	live  int      // keys, in memory or not
	over  []uint32 // pages to look at in Settle
	hot   []uint32 // pages with touched rows
	gone  bool     // dropped
	remix bool     // see Remix
	long  []uint64 // hashes with more than MaxChain rows; see Long
	top   int64    // the greatest first key word that was loaded, of a table of chains
}

func newTable(st *Store, id tableID) *Table {
	t := &Table{store: st, id: id, shape: st.shapes[id.kind]}
	t.layOut(st.expected(id))
	return t
}

// Len returns the number of keys.
func (t *Table) Len() int { return t.live }

// Pane returns the pane that the table belongs to.
func (t *Table) Pane() int64 { return t.id.pane }

// Kind returns the index of the table's layout.
func (t *Table) Kind() int { return t.id.kind }

// Acc returns the index of accumulator i in a row.
func (t *Table) Acc(i int) int { return t.shape.acc + i }

func (t *Table) charge(p *page) {
	size := p.size()
	t.store.home.Memory.Add(size - p.charged)
	t.store.held += size - p.charged
	p.charged = size
}

// Assign looks up the keys in columns at of cols for rows (at most Chunk),
// whose hashes are given, adding those that are not there, and sets refs. All
// found are marked dirty. It returns how many got NoRef because their page is
// away; what it wants is then recorded for Store.Need.
func (t *Table) Assign(cols []batch.Column, at []int, rows []int32, hash []uint64, refs []Ref) (missing int, err error) {
	k := takeKeys()
	defer k.free()
	k.load(t.shape, cols, at, rows, hash)
	return t.assign(k, refs)
}

func (t *Table) assign(k *Keys, refs []Ref) (missing int, err error) {
	shift := 64 - t.depth
	cold := t.store.cold > 0
	guessed := t.shape.single && !cold
	if guessed {
		t.guess(k, refs)
	}
	for i, h := range k.Hash[:k.N] {
		if guessed && refs[i] != NoRef {
			continue
		}
		pid := t.dir[h>>shift]
		p := t.pages[pid]
		if (p.slow || cold) && !t.ready(p, h) {
			refs[i] = NoRef
			missing++
			continue
		}
		slot := -1
		if len(p.index) > 0 {
			if t.shape.single {
				slot = p.findWord(t.shape, h, int64(k.masks[0][i]), k.cols[0].word[i])
			} else {
				slot = p.find(t.shape, k, i)
			}
		}
		if slot < 0 {
			if slot, err = t.insert(p, pid, k, i); err != nil {
				return missing, err
			}
		}
		if f := p.flags[slot]; f&(flagDirty|flagDead) != flagDirty {
			t.wake(p, slot)
		}
		if !p.used {
			p.used = true
		}
		refs[i] = Ref(pid<<slotBits | uint32(slot))
	}
	return missing, nil
}

// guess sets the refs of rows whose key stands at the first place that its hash
// names, is dirty already and lies in a page at hand; NoRef for all others. Each
// step is a loop of its own, so that the processor fetches the memory of many
// rows at once.
func (t *Table) guess(k *Keys, refs []Ref) {
	hash, shift, stride := k.Hash[:k.N], 64-t.depth, t.shape.stride
	refs = refs[:len(hash)]
	for i, h := range hash {
		pid := t.dir[h>>shift]
		p := t.pages[pid]
		refs[i] = NoRef
		if n := uint32(len(p.index)); n > 0 && !p.slow {
			if e := p.index[uint32(h)&(n-1)]; e != 0 {
				refs[i] = Ref(pid<<slotBits | uint32(e&0xfff) - 1)
			}
		}
	}
	null, key := k.masks[0][:len(hash)], k.cols[0].word[:len(hash)]
	for i, r := range refs {
		if r == NoRef {
			continue
		}
		p := t.pages[r>>slotBits]
		slot := int(r & slotMask)
		c := p.cells[slot*stride : slot*stride+3]
		if uint64(c[0]) != hash[i] || c[2] != key[i] || c[1] != int64(null[i]) || p.flags[slot]&(flagDirty|flagDead) != flagDirty {
			refs[i] = NoRef
			continue
		}
		p.used = true
	}
}

// findWord is find for one key of one word.
func (p *page) findWord(s *shape, h uint64, null, key int64) int {
	index, cells, stride := p.index, p.cells, s.stride
	mask := uint32(len(index) - 1)
	tag := entry(h, 0)
	for at := uint32(h) & mask; ; at = (at + 1) & mask {
		e := index[at]
		if e == 0 {
			return -1
		}
		if (e^tag)&0xf000 != 0 {
			continue
		}
		slot := int(e&0xfff) - 1
		c := cells[slot*stride:]
		if uint64(c[0]) == h && c[2] == key && c[1] == null {
			return slot
		}
	}
}

func (t *Table) insert(p *page, pid uint32, k *Keys, i int) (int, error) {
	if p.n > slotMask {
		return 0, fmt.Errorf("state: more than %d keys share one hash range", slotMask)
	}
	cells, heap, had := cap(p.cells), cap(p.heap), len(p.heap)
	slot := p.insert(t.shape, k, i)
	t.live++
	if len(p.heap) > pageHeap && (had <= pageHeap || p.n == fewRows+1) {
		t.over = append(t.over, pid)
	}
	if limit := p.limit(); p.n == limit+1 || t.shape.chain > 0 && p.n > limit && p.n%64 == 0 {
		t.over = append(t.over, pid)
	}
	if cap(p.cells) != cells || cap(p.heap) != heap {
		t.charge(p)
	}
	return slot, nil
}

// wake marks a slot dirty, and alive if it was dead.
func (t *Table) wake(p *page, slot int) {
	if p.flags[slot]&flagDead != 0 {
		p.dead--
		t.live++
	}
	p.flags[slot] = p.flags[slot]&^flagDead | flagDirty
	p.dirty = true
}

// ready makes a page fit for writing; false when it is away or its key group
// has not been loaded.
func (t *Table) ready(p *page, h uint64) bool {
	if t.store.cold > 0 && !t.store.loaded(h) {
		return false
	}
	if p.away != nil {
		t.store.want(p.away)
		return false
	}
	if p.slow {
		p.own(t.shape)
	}
	return true
}

// Find is Assign without adding: refs of keys that are not there are NoRef and
// present false.
func (t *Table) Find(cols []batch.Column, at []int, rows []int32, hash []uint64, refs []Ref, present []bool) (missing int) {
	k := takeKeys()
	defer k.free()
	k.load(t.shape, cols, at, rows, hash)
	for i, h := range k.Hash[:k.N] {
		refs[i], present[i] = NoRef, false
		pid := t.dir[h>>(64-t.depth)]
		p := t.pages[pid]
		if !t.here(p, h) {
			missing++
			continue
		}
		if len(p.index) == 0 {
			continue
		}
		if slot := p.find(t.shape, k, i); slot >= 0 && p.flags[slot]&flagDead == 0 {
			refs[i], present[i] = Ref(pid<<slotBits|uint32(slot)), true
		}
	}
	return missing
}

// Rows sets rows[i] to the words of refs[i]; they hold as long as the refs.
func (t *Table) Rows(refs []Ref, rows [][]int64) {
	s := t.shape
	for i, r := range refs {
		rows[i] = t.pages[r>>slotBits].row(s, int(r&slotMask))
	}
}

// Bytes returns the byte string in word w of a row; it holds until the next
// SetBytes on the table.
func (t *Table) Bytes(r Ref, w int) []byte {
	p := t.pages[r>>slotBits]
	return p.bytes(p.cells[int(r&slotMask)*t.shape.stride+w])
}

// SetBytes replaces the byte string in word w of a row.
func (t *Table) SetBytes(r Ref, w int, b []byte) {
	p := t.pages[r>>slotBits]
	if p.slow {
		p.own(t.shape)
	}
	before, had := cap(p.heap), len(p.heap)
	p.set(&p.cells[int(r&slotMask)*t.shape.stride+w], b)
	if p.waste > 1024 && p.waste > len(p.heap)/2 {
		p.tidy(t.shape)
	}
	if had <= pageHeap && len(p.heap) > pageHeap {
		t.over = append(t.over, uint32(r>>slotBits))
	}
	if cap(p.heap) != before {
		t.charge(p)
	}
}

// Remove ends a row: its accumulators are zero when its key comes again.
func (t *Table) Remove(r Ref) {
	p := t.pages[r>>slotBits]
	if p.slow {
		p.own(t.shape)
	}
	slot := int(r & slotMask)
	if p.flags[slot]&flagDead != 0 {
		return
	}
	row := p.row(t.shape, slot)
	for i := t.shape.acc; i < t.shape.stride; i++ {
		if i == t.shape.chain {
			continue
		}
		if t.shape.Accs[i-t.shape.acc] == Bytes {
			_, n := span(row[i])
			p.waste += room(int(n))
		}
		row[i] = 0
	}
	p.flags[slot] |= flagDead | flagDirty
	p.dirty = true
	p.dead++
	t.live--
	if p.dead%64 == 0 && p.dead*2 > p.n {
		t.over = append(t.over, uint32(r>>slotBits))
	}
}

// Touch puts a row on the list of touched rows: value is what its first
// accumulator becomes, not zero.
func (t *Table) Touch(r Ref, value int64) {
	pid := uint32(r >> slotBits)
	p := t.pages[pid]
	if p.slow {
		p.own(t.shape)
	}
	p.cells[int(r&slotMask)*t.shape.stride+t.shape.acc] = value
	p.flags[r&slotMask] |= flagTouched
	if p.hot++; p.hot == 1 {
		t.hot = append(t.hot, pid)
	}
}

// Touched appends refs of touched rows to refs, those of one page, and takes
// the page off the list; the caller clears their first accumulators. Where the
// page is away it appends none and returns wait. With nothing left it appends
// none and returns false.
func (t *Table) Touched(refs []Ref) (_ []Ref, wait bool) {
	had := len(refs)
	for len(t.hot) > 0 {
		pid := t.hot[len(t.hot)-1]
		p := t.pages[pid]
		if p.hot == 0 {
			t.hot = t.hot[:len(t.hot)-1]
			continue
		}
		if p.away != nil {
			t.store.want(p.away)
			return refs, true
		}
		if p.slow {
			p.own(t.shape)
		}
		t.hot = t.hot[:len(t.hot)-1]
		p.hot = 0
		for slot, f := range p.flags[:p.n] {
			if f&flagTouched != 0 {
				p.flags[slot] = f &^ flagTouched
				refs = append(refs, Ref(pid<<slotBits|uint32(slot)))
			}
		}
		if len(refs) > had { // else the rows were removed meanwhile
			return refs, false
		}
	}
	return refs, false
}
