package state

import (
	"bytes"
	"math/bits"
	"slices"
	"sync/atomic"
)

// Flags of a slot.
const (
	flagDirty   = 1 << iota // changed since the last Freeze
	flagDead                // removed; revived when its key comes again
	flagSealed              // sealed blocks hold the key, so its end needs a tombstone
	flagTouched             // on the list that Touch keeps; never when the state is frozen
)

// leastLimit is how many keys a page holds, at least, before it is split; at most
// about twice as many. A page grows past its limit during a chunk and is split
// between chunks, so that references to slots hold for the length of a chunk.
const leastLimit = 232

// limit is how many keys this page holds before it is split: as many as it is
// expected to hold, at least. Keys are spread evenly, so that pages with one limit
// would all be split at the same time: a burst of work that rows wait for.
func (p *page) limit() int {
	x := int((p.prefix*0x9e3779b97f4a7c15 + uint64(p.depth)*0xd6e8feb86659fd93) >> 56)
	return max(leastLimit+leastLimit*x*(490+x)/(746*256), p.goal.rows) // about 2^(x/256), evenly
}

// A page whose byte strings take more than pageHeap bytes is split too, unless it has
// but fewRows: what comes and goes at once where memory is short is a page.
const (
	pageHeap = 96 << 10
	fewRows  = 16
)

// full says that the page is to be split.
func (p *page) full() bool {
	return p.n > p.limit() || p.n > fewRows && len(p.heap)-p.waste > pageHeap
}

// page is some rows of a table, neighbours by hash.
type page struct {
	cells []int64  // n rows of stride words
	flags []uint8  // per slot
	index []uint16 // open addressing, see entry; 0 is free; a power of two long
	heap  []byte   // byte strings
	found []uint16 // rows by all their keys, see finder; nil: not made
	n     int
	waste int // heap bytes that no word refers to
	dead  int
	dirty bool
	used  bool // looked at since the evicting hand passed
	depth uint8
	// Prefix is the page's hash range: hashes whose top depth bits equal it.
	prefix uint64
	// hot is the number of touched slots, as the owner of the table counts.
	hot int
	// Slow says that readers or stale is set or that the page is away.
	slow    bool
	readers *atomic.Int32 // how many snapshots share the arrays; nil: none
	frozen  *frozenPage   // of the last Freezes; nil: none that may not be taken
	stale   int           // slots whose flags are as they were at the last Freeze
	away    *spilled      // set while the page is evicted
	charged int64
	pin     uint32 // see Store.Unpin
	goal    extent // what is expected of it; zero: nothing is known
}

func (p *page) row(s *shape, slot int) []int64 {
	return p.cells[slot*s.stride : (slot+1)*s.stride : (slot+1)*s.stride]
}

// find returns the slot of key i of k, or -1.
func (p *page) find(s *shape, k *Keys, i int) int {
	h := k.Hash[i]
	if s.chain > 0 {
		return p.findLinked(s, k, i)
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
		slot := int(e&0xfff) - 1
		if base := slot * s.stride; uint64(p.cells[base]) == h && p.equal(s, base, k, i) {
			return slot
		}
	}
}

func (p *page) equal(s *shape, base int, k *Keys, i int) bool {
	for m := range s.masks {
		if uint64(p.cells[base+1+m]) != k.masks[m][i] {
			return false
		}
	}
	for j := range s.Keys {
		c, w := &k.cols[j], p.cells[base+s.key+j]
		if !s.Keys[j].variable() {
			if c.word[i] != w {
				return false
			}
			continue
		}
		off, n := span(w)
		a, b := p.heap[off:off+n], c.data[c.start[i]:c.end[i]]
		a, b = s.Keys[j].significant(a), s.Keys[j].significant(b)
		if !bytes.Equal(a, b) {
			return false
		}
	}
	return true
}

// insert adds key i of k, which is not there, and returns its slot.
func (p *page) insert(s *shape, k *Keys, i int) int {
	slot := p.n
	if (slot+1)*4 > len(p.index)*3 {
		p.widen(s)
	}
	p.reserve(s, 1)
	p.cells = p.cells[:len(p.cells)+s.stride]
	p.flags = append(p.flags, 0)
	p.n++
	row := p.row(s, slot)
	clear(row)
	row[0] = int64(k.Hash[i])
	for m := range s.masks {
		row[1+m] = int64(k.masks[m][i])
	}
	for j := range s.Keys {
		c := &k.cols[j]
		if s.Keys[j].variable() {
			row[s.key+j] = p.store(s, c.data[c.start[i]:c.end[i]])
		} else {
			row[s.key+j] = c.word[i]
		}
	}
	p.enter(s, k.Hash[i], slot)
	if p.found != nil {
		p.note(s, slot)
	}
	return slot
}

// pageRooms are the numbers of rows that a page has room for, in turn: few
// copies on the way to a full page, the halves of a split one included.
var pageRooms = [...]int{8, 32, 96, 164, 232, 328, 464}

func roomFor(rows int) int {
	for _, r := range pageRooms {
		if r >= rows {
			return r
		}
	}
	return rows + rows/4
}

// reserve makes room for more rows.
func (p *page) reserve(s *shape, more int) {
	want := p.n + more
	if want*s.stride <= cap(p.cells) {
		return
	}
	p.moving(s)
	rows := p.roomFor(want)
	cells := make([]int64, len(p.cells), rows*s.stride)
	copy(cells, p.cells)
	flags := make([]uint8, len(p.flags), rows)
	copy(flags, p.flags)
	p.cells, p.flags = cells, flags
}

func (p *page) enter(s *shape, h uint64, slot int) {
	if s.chain > 0 {
		p.link(s, h, slot)
		return
	}
	mask := uint32(len(p.index) - 1)
	at := uint32(h) & mask
	for p.index[at] != 0 {
		at = (at + 1) & mask
	}
	p.index[at] = entry(h, slot+1)
}

// widen doubles the index, at least. It leaves the rows as they are: a frozen copy
// may read them.
func (p *page) widen(s *shape) {
	old, size := p.index, max(16, 2*len(p.index))
	if p.goal.rows > 0 {
		size = max(size, indexSize(p.roomFor(p.n+1)*3/4))
	}
	p.index = make([]uint16, size)
	mask := uint32(len(p.index) - 1)
	for _, e := range old {
		if e == 0 {
			continue
		}
		at := uint32(p.cells[(int(e&0xfff)-1)*s.stride]) & mask
		for p.index[at] != 0 {
			at = (at + 1) & mask
		}
		p.index[at] = e
	}
}

func (p *page) rehash(s *shape, size int) {
	p.index = make([]uint16, size)
	for slot := range p.n {
		p.enter(s, uint64(p.cells[slot*s.stride]), slot)
	}
}

// entry is an entry of the index: a slot plus one, below four bits of the hash
// by which most other keys are told apart without looking at their rows.
func entry(h uint64, slot int) uint16 {
	return uint16(h>>28)&0xf000 | uint16(slot)
}

// room rounds the length of a byte string up to what the heap gives it.
func room(n int) int {
	switch {
	case n <= 64:
		return (n + 7) &^ 7
	case n <= 512:
		return (n + 63) &^ 63
	}
	step := 1 << (bits.Len(uint(n-1)) - 3) // room(room(n)) = room(n)
	return (n + step - 1) &^ (step - 1)
}

// put adds a byte string that may be replaced to the heap and returns its word.
func (p *page) put(b []byte) int64 {
	if len(b) == 0 {
		return 0
	}
	off := len(p.heap)
	p.heap = append(p.heap, b...)
	if pad := room(len(b)) - len(b); pad > 0 {
		p.heap = append(p.heap, make([]byte, pad)...)
	}
	return spanWord(uint32(off), uint32(len(b)))
}

// store adds a byte string of a row's key, which stays as it is. Where the heap
// must grow it gets room for as many rows as the page has, each of them as long
// as those that are there.
func (p *page) store(s *shape, b []byte) int64 {
	if len(b) == 0 {
		return 0
	}
	off, end := len(p.heap), len(p.heap)+len(b)
	if end > cap(p.heap) {
		size := end + end/16
		switch rows := cap(p.cells) / s.stride; {
		case p.n > 0 && rows < 4*p.n:
			size = max(size, end/p.n*rows+end/32)
		case p.goal.heap > 0:
			size = max(size, p.goal.heap*rows/p.goal.rows)
		}
		heap := make([]byte, off, size)
		copy(heap, p.heap)
		p.heap = heap
	}
	p.heap = append(p.heap, b...)
	return spanWord(uint32(off), uint32(len(b)))
}

// keep adds a byte string of word w.
func (p *page) keep(s *shape, w int, b []byte) int64 {
	if w < s.acc {
		return p.store(s, b)
	}
	return p.put(b)
}

func (p *page) bytes(w int64) []byte {
	off, n := span(w)
	return p.heap[off : off+n : off+n]
}

// set replaces a byte string: in place where it fits.
func (p *page) set(word *int64, b []byte) {
	off, n := span(*word)
	if old := room(int(n)); len(b) <= old {
		copy(p.heap[off:], b)
		p.waste += old - room(len(b))
		*word = spanWord(off, uint32(len(b)))
		return
	}
	p.waste += room(int(n))
	*word = p.put(b)
}

// tidy copies the byte strings in use to a new heap.
func (p *page) tidy(s *shape) {
	old := p.heap
	p.heap = make([]byte, 0, len(old)-p.waste+64)
	p.waste = 0
	for slot := range p.n {
		row := p.row(s, slot)
		for _, w := range s.vars {
			off, n := span(row[w])
			row[w] = p.keep(s, w, old[off:off+n])
		}
	}
}

// own gives the page rows of its own, where others still have to read them. Rows
// may be added without it: others look at those that they know of.
func (p *page) own(s *shape) {
	if p.readers != nil && p.readers.Load() > 0 || !p.frozen.takeAll(s) {
		p.cells = append(make([]int64, 0, cap(p.cells)), p.cells...)
		p.flags = slices.Clone(p.flags)
		if s.rewrites {
			p.heap = slices.Clone(p.heap)
		}
	}
	cleanFlags(p.flags[:p.stale])
	p.unshare()
}

// unshare says that nobody else reads the page's arrays.
func (p *page) unshare() {
	p.readers, p.frozen, p.stale, p.slow = nil, nil, 0, p.away != nil
}

// size returns the memory the page holds, in bytes.
func (p *page) size() int64 {
	return int64(cap(p.cells))*8 + int64(cap(p.flags)) + int64(len(p.index))*2 + int64(len(p.found))*2 + int64(cap(p.heap)) + 264
}
