package state

import (
	"slices"
	"sync/atomic"

	"github.com/dirigo-stream/dirigo/exec"
)

// frozenPage is a page as it was at a Freeze or Snapshot.
type frozenPage struct {
	cells   []int64
	flags   []uint8
	heap    []byte
	n       int
	readers *atomic.Int32 // nil: the arrays are nobody else's
	away    *spilled      // the page was evicted: the rest is in the spill space
}

// share returns the page's arrays to read; a later write copies them first.
func (p *page) share() frozenPage {
	if p.readers == nil {
		p.readers = new(atomic.Int32)
	}
	p.readers.Add(1)
	p.slow = true
	return frozenPage{cells: p.cells, flags: p.flags, heap: p.heap, n: p.n, readers: p.readers}
}

func (f *frozenPage) release() {
	if f.readers != nil {
		f.readers.Add(-1)
		f.readers = nil
	}
}

func (f *frozenPage) page() *page {
	return &page{cells: f.cells, flags: f.flags, heap: f.heap, n: f.n}
}

// frozenTable is the dirty pages of one table.
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
// to the number of dirty pages.
func (st *Store) Freeze() *Frozen {
	f := &Frozen{
		home: st.home, shapes: st.shapes, dropped: st.dropped, mark: st.mark,
		changed: st.markDirty || len(st.dropped) > 0,
		trash:   st.takeTrash(),
	}
	st.dropped, st.markDirty = nil, false
	for _, id := range st.order {
		t := st.tables[id]
		ft := frozenTable{id: id}
		for _, p := range t.inOrder() {
			switch {
			case p.away != nil:
				if p.away.dirty(st) {
					ft.pages = append(ft.pages, frozenPage{away: p.away.hold()})
				}
			case p.dirty:
				ft.pages = append(ft.pages, p.freeze())
			}
		}
		if len(ft.pages) > 0 {
			f.tables = append(f.tables, ft)
			f.changed = true
			st.sealed[id.pane] = true
		}
	}
	st.seq++
	return f
}

// freeze shares the page, and starts its flags afresh.
func (p *page) freeze() frozenPage {
	f := p.share()
	p.flags = slices.Clone(p.flags)
	cleanFlags(p.flags)
	p.dirty = false
	return f
}

// cleanFlags makes the flags of rows just sealed.
func cleanFlags(flags []uint8) {
	for i, f := range flags {
		if f&flagDirty != 0 {
			if f &^= flagDirty; f&flagDead != 0 {
				f &^= flagSealed
			} else {
				f |= flagSealed
			}
			flags[i] = f
		}
	}
}

// Encode implements exec.Frozen.
func (f *Frozen) Encode() ([]exec.Block, error) { return f.EncodeSlowly(nil) }

// EncodeSlowly is Encode; breathe is called every few hundred µs or so, and may
// make it wait for more urgent work.
func (f *Frozen) EncodeSlowly(breathe func()) ([]exec.Block, error) {
	var err error
	defer func() {
		for _, t := range f.tables {
			for i := range t.pages {
				t.pages[i].release()
				if a := t.pages[i].away; a != nil && a.drop() {
					f.trash = append(f.trash, a.key)
				}
			}
		}
		for _, key := range f.trash {
			_ = f.home.Spill.Delete(key) // emptied at every start anyway
		}
		f.tables = nil
	}()
	if !f.changed {
		return nil, nil
	}
	w := blockWriter{shapes: f.shapes, groups: f.home.KeyGroups, low: f.home.Low, high: f.home.High, dropped: f.dropped, mark: f.mark, breathe: breathe}
	var out []exec.Block
	for _, t := range f.tables {
		for i := range t.pages {
			if len(f.tables) == 1 {
				out = append(out, w.spill()...)
			}
			p := &t.pages[i]
			if p.away != nil {
				loaded, e := p.away.read(f.home.Spill, f.shapes[t.id.kind])
				if err = e; err != nil {
					return nil, err
				}
				w.add(t.id, loaded, false)
				continue
			}
			w.add(t.id, p.page(), false)
			if i%16 == 15 {
				w.pause()
			}
		}
	}
	return append(out, w.blocks()...), nil
}
