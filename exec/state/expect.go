package state

import (
	"math"
	"math/bits"
	"slices"
)

// A window mostly holds about as many rows as the one before it. A table is
// therefore laid out for as many as the table of the pane before has, or the last
// dropped one of its kind had: its pages are not split, and hardly copied, on the
// way there.

// extent is how many rows there are, and how many bytes of heap they take.
type extent struct{ rows, heap int }

// extent returns what the table has become.
func (t *Table) extent() (e extent) {
	for _, p := range t.pages {
		e.rows += p.n
		e.heap += len(p.heap)
	}
	return e
}

// pageKeys is how many keys a page has, at most, in a table that is laid out: some
// four fifths of so many.
const pageKeys = 384

// expected returns what a new table will probably become.
func (st *Store) expected(id tableID) extent {
	e := st.extents[id.kind]
	at, _ := slices.BinarySearchFunc(st.order, id, tableID.compare)
	for at--; at >= 0; at-- {
		if st.order[at].kind != id.kind {
			continue
		}
		if before := st.tables[st.order[at]].extent(); before.rows > e.rows {
			e = before
		}
		break
	}
	return e
}

// maxExpected is the greatest depth that a table is laid out for: 4,096 pages.
const maxExpected = 12

// layOut makes the pages of a new table for so many rows.
func (t *Table) layOut(e extent) {
	depth := min(bits.Len(uint(e.rows*5/4/pageKeys)), maxExpected)
	pages, goal := 1<<depth, extent{}
	if e.rows > 0 {
		mean := e.rows / pages
		goal.rows = min(mean+2*int(math.Sqrt(float64(mean)))+firstRoom, 2*leastLimit)
		goal.heap = e.heap / e.rows * goal.rows
	}
	t.depth, t.dir, t.pages = uint8(depth), make([]uint32, pages), make([]*page, pages)
	own := make([]page, pages)
	for i := range own {
		p := &own[i]
		p.depth, p.prefix, p.goal = t.depth, uint64(i), goal
		t.dir[i], t.pages[i] = uint32(i), p
		t.charge(p)
		t.store.hand.add(t, uint32(i))
	}
	t.store.home.Memory.Add(int64(pages-1) * 4)
	t.store.held += int64(pages-1) * 4
}

// firstRoom is the part of the rows expected in a page for which there is room at
// first: few may come after all.
const firstRoom = 8

// roomFor returns how many rows there is to be room for where so many are needed.
func (p *page) roomFor(rows int) int {
	first := p.goal.rows / firstRoom
	switch {
	case rows <= first:
		return first
	case rows <= p.goal.rows:
		return p.goal.rows
	}
	return roomFor(rows)
}
