package state

import "sync/atomic"

// sharedPage is a page as it was at a Snapshot: its arrays, which its owner copies
// before it writes to them.
type sharedPage struct {
	cells   []int64
	flags   []uint8
	heap    []byte
	n       int
	readers *atomic.Int32 // nil: given back
	away    *spilled      // the page was evicted: the rest is in the spill space
}

// share returns the page's arrays to read; a later write copies them first.
func (p *page) share() sharedPage {
	if p.readers == nil {
		p.readers = new(atomic.Int32)
	}
	p.readers.Add(1)
	p.slow = true
	return sharedPage{cells: p.cells, flags: p.flags, heap: p.heap, n: p.n, readers: p.readers}
}

func (f *sharedPage) release() {
	if f.readers != nil {
		f.readers.Add(-1)
		f.readers = nil
	}
}

func (f *sharedPage) page() *page {
	return &page{cells: f.cells, flags: f.flags, heap: f.heap, n: f.n}
}
