package state

import (
	"cmp"
	"encoding/binary"
	"runtime"
	"slices"
	"sync/atomic"

	"github.com/dirigo-stream/dirigo/exec"
)

// frozenPage is the rows of a page that changed between two Freezes. They stay
// where they are until somebody takes a copy: the page's owner before it writes
// to one of its rows, or the encoder, whoever comes first. So a Seal copies what
// changed, not the pages in which it lies: keys are spread by their hash, and a
// few that change in each page would copy all state, again at every Seal.
type frozenPage struct {
	cells   []int64
	flags   []uint8
	heap    []byte
	from, n int // slots: those before have been frozen already
	start   uint64
	claim   atomic.Int32
	taken   *page    // the changed rows; set by whoever took them
	away    *spilled // the page was evicted: the rest is in the spill space
	next    *frozenPage
}

// What a frozenPage's claim says.
const (
	untaken int32 = iota
	taking
	taken
)

// freeze notes the page's changed rows in f.
func (p *page) freeze(f *frozenPage) {
	p.thaw()
	f.cells, f.flags, f.heap, f.from, f.n, f.next = p.cells, p.flags, p.heap, p.stale, p.n, p.frozen
	p.frozen, p.stale, p.slow, p.dirty = f, p.n, true, false
}

// take copies the changed rows; false: somebody else is doing so.
func (f *frozenPage) take(s *shape) bool {
	if !f.claim.CompareAndSwap(untaken, taking) {
		return f.claim.Load() == taken
	}
	f.taken = f.changed(s)
	f.cells, f.flags, f.heap = nil, nil, nil
	f.claim.Store(taken)
	return true
}

// changed returns a page of the changed rows alone.
func (f *frozenPage) changed(s *shape) *page {
	p := &page{}
	bytes := 0
	for slot := f.from; slot < f.n; slot++ {
		if f.flags[slot]&flagDirty == 0 {
			continue
		}
		p.n++
		for _, w := range s.vars {
			_, n := span(f.cells[slot*s.stride+w])
			bytes += int(n)
		}
	}
	if p.n == 0 {
		return p
	}
	p.cells, p.flags = make([]int64, 0, p.n*s.stride), make([]uint8, 0, p.n)
	if bytes > 0 {
		p.heap = make([]byte, 0, bytes)
	}
	for slot := f.from; slot < f.n; slot++ {
		if f.flags[slot]&flagDirty == 0 {
			continue
		}
		at := len(p.cells)
		p.cells = append(p.cells, f.cells[slot*s.stride:(slot+1)*s.stride]...)
		p.flags = append(p.flags, f.flags[slot])
		for _, w := range s.vars {
			off, n := span(p.cells[at+w])
			p.cells[at+w] = spanWord(uint32(len(p.heap)), n)
			p.heap = append(p.heap, f.heap[off:off+n]...)
		}
	}
	return p
}

// takeAll takes the rows of f and of all that were frozen before it; false:
// somebody else is about to.
func (f *frozenPage) takeAll(s *shape) bool {
	for ; f != nil; f = f.next {
		if !f.take(s) {
			return false
		}
	}
	return true
}

// allTaken says whether nobody needs the page's arrays any more.
func (f *frozenPage) allTaken() bool {
	for ; f != nil; f = f.next {
		if f.claim.Load() != taken {
			return false
		}
	}
	return true
}

// thaw makes the flags of the frozen rows those of sealed ones, once the rows
// have been taken.
func (p *page) thaw() {
	if p.stale == 0 || !p.frozen.allTaken() {
		return
	}
	if p.readers != nil && p.readers.Load() > 0 {
		p.flags = slices.Clone(p.flags)
	}
	cleanFlags(p.flags[:p.stale])
	p.frozen, p.stale = nil, 0
	p.slow = p.readers != nil || p.away != nil
}

// moving is called before the page's rows go elsewhere: a Seal that waits for some
// of them would keep all of the place that they leave.
func (p *page) moving(s *shape) {
	if p.stale > 0 && p.frozen.takeAll(s) {
		p.thaw()
	}
}

// flag returns a slot's flags, as thaw would have them.
func (p *page) flag(slot int) uint8 {
	if slot < p.stale {
		return sealedFlag(p.flags[slot])
	}
	return p.flags[slot]
}

// sealedFlag returns the flags of a row that has been sealed.
func sealedFlag(f uint8) uint8 {
	if f&flagDirty == 0 {
		return f
	}
	if f &^= flagDirty; f&flagDead != 0 {
		return f &^ flagSealed
	}
	return f | flagSealed
}

// cleanFlags makes the flags of rows just sealed.
func cleanFlags(flags []uint8) {
	const dirty = 0x0101010101010101 * flagDirty
	for len(flags) >= 8 {
		if binary.LittleEndian.Uint64(flags)&dirty != 0 {
			for i, f := range flags[:8] {
				flags[i] = sealedFlag(f)
			}
		}
		flags = flags[8:]
	}
	for i, f := range flags {
		flags[i] = sealedFlag(f)
	}
}

// anyDirty says whether rows changed since the last Freeze.
func (p *page) anyDirty() bool {
	const dirty = 0x0101010101010101 * flagDirty
	flags := p.flags[p.stale:]
	for ; len(flags) >= 8; flags = flags[8:] {
		if binary.LittleEndian.Uint64(flags)&dirty != 0 {
			return true
		}
	}
	return slices.ContainsFunc(flags, func(f uint8) bool { return f&flagDirty != 0 })
}

// frozenTable is the pages of one table with changed rows, by their hash ranges.
type frozenTable struct {
	id    tableID
	pages []frozenPage
}

// Frozen is what changed between two Freezes.
type Frozen struct {
	home    Home
	shapes  []*shape
	tables  []frozenTable
	dropped []int64
	mark    int64
	changed bool
	trash   []string
}

var _ exec.Frozen = (*Frozen)(nil)

// Freeze implements the like-named method of exec.Sealer, in time proportional
// to the number of pages: it copies nothing.
func (st *Store) Freeze() *Frozen {
	f := &Frozen{
		home: st.home, shapes: st.shapes, dropped: st.dropped, mark: st.mark,
		changed: st.markDirty || len(st.dropped) > 0,
		trash:   st.takeTrash(),
	}
	st.dropped, st.markDirty = nil, false
	for _, id := range st.order {
		if pages := st.tables[id].freeze(); len(pages) > 0 {
			f.tables = append(f.tables, frozenTable{id, pages})
			f.changed = true
			st.sealed[id.pane] = true
		}
	}
	st.seq++
	return f
}

// freeze notes the changed rows of the table.
func (t *Table) freeze() []frozenPage {
	changed := 0
	all := t.inOrder()
	for _, p := range all {
		if p.dirty || p.away != nil && p.away.dirty(t.store) {
			changed++
		} else {
			p.thaw()
		}
	}
	pages := make([]frozenPage, 0, changed) // they stay where they are
	for _, p := range all {
		switch {
		case p.away != nil:
			if p.away.dirty(t.store) {
				pages = append(pages, frozenPage{away: p.away.hold(), start: p.start()})
			}
		case p.dirty:
			pages = pages[:len(pages)+1]
			f := &pages[len(pages)-1]
			f.start = p.start()
			p.freeze(f)
		}
	}
	return pages
}

// start returns the least hash of the page's range.
func (p *page) start() uint64 { return p.prefix << (64 - p.depth) }

// Encode implements exec.Frozen.
func (f *Frozen) Encode() (blocks []exec.Block, err error) {
	err = f.EncodeTo(func(b exec.Block) error {
		blocks = append(blocks, b)
		return nil
	}, nil)
	return blocks, err
}

// EncodeTo is Encode block by block: each goes to give as soon as it is ready,
// so that no more than a few are held. Breathe is called every few hundred µs or
// so, and may make it wait for more urgent work; nil: nobody asks. After an error
// of give nothing more is given.
func (f *Frozen) EncodeTo(give func(exec.Block) error, breathe func()) error {
	defer f.release()
	if !f.changed {
		return nil
	}
	w := blockWriter{
		shapes: f.shapes, groups: f.home.KeyGroups, low: f.home.Low, high: f.home.High, dropped: f.dropped, mark: f.mark,
		breathe: breathe, give: give,
	}
	for i, at := range f.order() {
		p := &f.tables[at.table].pages[at.page]
		if err := w.spill(p.start); err != nil {
			return err
		}
		rows, err := f.rows(f.tables[at.table].id, p)
		if err != nil {
			return err
		}
		w.add(f.tables[at.table].id, rows, false)
		if i%16 == 15 {
			w.pause()
		}
	}
	return w.finish()
}

// frozenPlace is where a page of a Frozen is.
type frozenPlace struct{ table, page int }

// order returns all pages by where their hash ranges begin.
func (f *Frozen) order() (all []frozenPlace) {
	for i := range f.tables {
		for j := range f.tables[i].pages {
			all = append(all, frozenPlace{i, j})
		}
	}
	if len(f.tables) > 1 {
		start := func(at frozenPlace) uint64 { return f.tables[at.table].pages[at.page].start }
		slices.SortStableFunc(all, func(a, b frozenPlace) int { return cmp.Compare(start(a), start(b)) })
	}
	return all
}

// rows returns the changed rows of a page, which nobody else holds any more.
func (f *Frozen) rows(id tableID, p *frozenPage) (*page, error) {
	if p.away != nil {
		return p.away.read(f.home.Spill, f.shapes[id.kind])
	}
	for !p.take(f.shapes[id.kind]) {
		runtime.Gosched() // the page's owner is at it: some µs
	}
	rows := p.taken
	p.taken = nil
	return rows, nil
}

// release gives up what is left of the frozen pages.
func (f *Frozen) release() {
	for _, t := range f.tables {
		for i := range t.pages {
			p := &t.pages[i]
			if p.away != nil && p.away.drop() {
				f.trash = append(f.trash, p.away.key)
			}
			if p.claim.CompareAndSwap(untaken, taking) {
				p.cells, p.flags, p.heap = nil, nil, nil
				p.claim.Store(taken)
			}
		}
	}
	for _, key := range f.trash {
		_ = f.home.Spill.Delete(key) // emptied at every start anyway
	}
	f.tables = nil
}
