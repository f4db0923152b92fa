package state

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"slices"
	"strconv"
	"sync/atomic"
)

// spilled is an evicted page: its bytes lie in the spill space.
type spilled struct {
	table *Table
	page  *page
	key   string
	seq   uint64 // the next Freeze when it was evicted
	had   bool   // dirty rows when it was evicted
	size  int64
	refs  atomic.Int32 // the table, and Frozens that must still read it
}

// dirty says whether the next Freeze must write the page's dirty rows.
func (s *spilled) dirty(st *Store) bool { return s.had && s.seq == st.seq }

func (s *spilled) hold() *spilled {
	s.refs.Add(1)
	return s
}

// drop gives up one hold; true: the last one.
func (s *spilled) drop() bool { return s.refs.Add(-1) == 0 }

// want notes that a page is needed.
func (st *Store) want(s *spilled) {
	if !slices.Contains(st.wanted, s) {
		st.wanted = append(st.wanted, s)
	}
}

func (st *Store) release(s *spilled) {
	if s.drop() {
		st.trash = append(st.trash, s.key)
	}
}

func (st *Store) takeTrash() []string {
	t := st.trash
	st.trash = nil
	return t
}

// leave drops the page's arrays; its table keeps the note.
func (s *spilled) leave() {
	p := s.page
	if s.table.gone {
		s.table.store.release(s)
		return
	}
	p.cells, p.flags, p.index, p.found, p.heap, p.n = nil, nil, nil, nil, nil, 0
	p.away, p.dirty = s, false
	p.unshare()
	s.table.store.away++
	s.table.charge(p)
}

// comeBack installs a page that was read.
func (s *spilled) comeBack(from *page) {
	p := s.page
	if p.away != s {
		return
	}
	p.cells, p.flags, p.heap, p.n, p.waste = from.cells, from.flags, from.heap, from.n, from.waste
	p.dirty = s.had
	if s.had && !s.dirty(s.table.store) { // a Freeze took the dirty rows meanwhile
		cleanFlags(p.flags)
		p.dirty = false
	}
	p.rehash(s.table.shape, indexSize(p.n))
	p.away, p.slow, p.used = nil, false, true
	s.table.store.away--
	p.pin = s.table.store.pin
	s.table.charge(p)
	s.table.store.release(s)
}

// read gets the page from the spill space.
func (s *spilled) read(spill Spill, sh *shape) (*page, error) {
	data, err := spill.Get(s.key)
	if err != nil {
		return nil, fmt.Errorf("read evicted page: %w", err)
	}
	p, err := decodePage(data, sh)
	if err != nil {
		return nil, fmt.Errorf("read evicted page %s: %w", s.key, err)
	}
	return p, nil
}

// hand is the clock hand of second-chance eviction, over all pages in memory.
type hand struct {
	pages []handPage
	at    int
	gone  int // pages of dropped tables, or more
}

type handPage struct {
	table *Table
	pid   uint32
}

func (h *hand) add(t *Table, pid uint32) { h.pages = append(h.pages, handPage{t, pid}) }

// drop notes that a table is gone. Its pages leave the list when they are half of
// it: nothing of a window that is over may stay in memory for the hand's sake.
func (h *hand) drop(t *Table) {
	if h.gone += len(t.pages); 2*h.gone <= len(h.pages) {
		return
	}
	h.pages = slices.DeleteFunc(h.pages, func(p handPage) bool { return p.table.gone })
	h.at, h.gone = 0, 0
}

// next returns the next page in memory, nil after a whole round.
func (h *hand) next(steps *int) *handPage {
	for *steps > 0 && len(h.pages) > 0 {
		*steps--
		if h.at >= len(h.pages) {
			h.at = 0
		}
		hp := &h.pages[h.at]
		if hp.table.gone {
			last := len(h.pages) - 1
			h.pages[h.at] = h.pages[last]
			h.pages = h.pages[:last]
			continue
		}
		h.at++
		return hp
	}
	return nil
}

// Over says whether pages should leave: more memory is held than allowed, and
// there is a place for them.
func (st *Store) Over() bool {
	return st.home.Spill != nil && st.home.Memory.Over() > 0 && st.held > minHeld
}

// Pressed says that state is paged out: rows are better done page by page, see
// Backlog.
func (st *Store) Pressed() bool { return st.away > 0 }

// minHeld is what a store keeps however short memory is, so that work goes on.
const minHeld = 16 << 10

// victims picks pages to evict: those not used since the hand passed last.
func (st *Store) victims() []*spilled {
	if !st.Over() {
		return nil
	}
	goal := min(st.home.Memory.Over()+st.home.Memory.Limit()/8, st.held-minHeld)
	var out []*spilled
	taken := map[*page]bool{}
	for steps := 2 * len(st.hand.pages); goal > 0; {
		hp := st.hand.next(&steps)
		if hp == nil {
			break
		}
		p := hp.table.pages[hp.pid]
		if p.away != nil || p.n == 0 || p.pin == st.pin || taken[p] {
			continue
		}
		if p.used {
			p.used = false
			continue
		}
		taken[p] = true
		st.spills++
		s := &spilled{table: hp.table, page: p, seq: st.seq, had: p.dirty, size: p.charged}
		s.key = st.home.Name + "/" + strconv.FormatUint(st.spills, 36)
		s.refs.Store(1)
		out = append(out, s)
		goal -= p.charged
	}
	return out
}

// appendPage adds bytes of a page to b: a CRC32-C, then counts, words, flags, heap.
func appendPage(b []byte, p *page, s *shape) []byte {
	words := p.cells[:p.n*s.stride]
	start := len(b)
	b = slices.Grow(b, 16+len(words)*8+p.n+len(p.heap))[:start+16+len(words)*8]
	head := b[start:]
	binary.LittleEndian.PutUint32(head[4:], uint32(p.n))
	binary.LittleEndian.PutUint32(head[8:], uint32(len(p.heap)))
	binary.LittleEndian.PutUint32(head[12:], uint32(p.waste))
	for i, w := range words {
		binary.LittleEndian.PutUint64(head[16+i*8:], uint64(w))
	}
	flags := len(b)
	b = append(b, p.flags[:p.n]...)
	cleanFlags(b[flags : flags+p.stale])
	b = append(b, p.heap...)
	binary.LittleEndian.PutUint32(b[start:], crc32.Checksum(b[start+4:], castagnoli))
	return b
}

// decodePage reads a page. It may keep parts of b.
func decodePage(b []byte, s *shape) (*page, error) {
	if len(b) < 16 || crc32.Checksum(b[4:], castagnoli) != binary.LittleEndian.Uint32(b) {
		return nil, ErrDamaged
	}
	n, heap := int(binary.LittleEndian.Uint32(b[4:])), int(binary.LittleEndian.Uint32(b[8:]))
	if n > slotMask+1 || len(b) != 16+n*(s.stride*8+1)+heap {
		return nil, ErrDamaged
	}
	p := &page{n: n, waste: int(binary.LittleEndian.Uint32(b[12:]))}
	b = b[16:]
	p.cells = make([]int64, n*s.stride)
	for i := range p.cells {
		p.cells[i] = int64(binary.LittleEndian.Uint64(b[i*8:]))
	}
	b = b[len(p.cells)*8:]
	p.flags = slices.Clone(b[:n])
	if p.heap = b[n:]; heap < len(p.cells)*8 { // else most of b would be kept for little
		p.heap = slices.Clone(p.heap)
	}
	return p, nil
}
