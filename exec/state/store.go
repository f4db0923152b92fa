package state

import (
	"fmt"
	"math"
	"slices"
)

// KeyGroup returns the key group, of n, of a key's hash. Key groups are ranges
// of the hash.
func KeyGroup(hash uint64, n int) int {
	return int((hash >> 32) * uint64(n) >> 32)
}

// tableID names a table of a store.
type tableID struct {
	pane int64
	kind int
}

// Store is the state of one operator: tables by pane (the start of a window
// pane, 0 where there are no windows) and kind (an index into the layouts).
// Dropping a pane frees its pages at once.
//
// A Store is used by one goroutine at a time; what Freeze and Need return may
// work on others meanwhile, as exec.Frozen and exec.Read say.
type Store struct {
	home    Home
	shapes  []*shape
	tables  map[tableID]*Table
	order   []tableID // of tables, sorted
	dropped []int64   // panes that sealed blocks know, dropped since the last Freeze
	sealed  map[int64]bool
	seq     uint64         // number of the next Freeze
	held    int64          // bytes charged
	away    int            // pages in the spill space
	breathe func()         // see FoldPieces; nil: nobody asks
	extents map[int]extent // of the last table of each kind that was dropped

	mark      int64 // see SetMark
	markDirty bool

	cold     int // segments not loaded
	segments []segment
	group    []int32 // key group → segment
	wantSeg  []int
	wanted   []*spilled
	hand     hand
	trash    []string // spilled pages that nobody needs
	spills   uint64   // spilled so far, for names
	pin      uint32   // pages with this number came since Unpin
}

// NewStore returns a store with the given layouts; what home.Sealed names is
// loaded on first touch.
func NewStore(home Home, layouts ...Layout) *Store {
	if home.KeyGroups == 0 {
		home.KeyGroups, home.Low, home.High = 1, 0, 1
	}
	st := &Store{home: home, tables: map[tableID]*Table{}, sealed: map[int64]bool{}, extents: map[int]extent{}, mark: math.MinInt64, pin: 1}
	for _, l := range layouts {
		st.shapes = append(st.shapes, newShape(l))
	}
	st.plan()
	return st
}

// Table returns a table, made if need be.
func (st *Store) Table(pane int64, kind int) *Table {
	id := tableID{pane, kind}
	t := st.tables[id]
	if t == nil {
		t = newTable(st, id)
		st.tables[id] = t
		at, _ := slices.BinarySearchFunc(st.order, id, tableID.compare)
		st.order = slices.Insert(st.order, at, id)
	}
	return t
}

func (a tableID) compare(b tableID) int {
	if a.pane != b.pane {
		if a.pane < b.pane {
			return -1
		}
		return 1
	}
	return a.kind - b.kind
}

// Lookup returns a table, nil if there is none.
func (st *Store) Lookup(pane int64, kind int) *Table { return st.tables[tableID{pane, kind}] }

// Panes returns the panes of a kind, in order.
func (st *Store) Panes(kind int) []int64 {
	var panes []int64
	for _, id := range st.order {
		if id.kind == kind {
			panes = append(panes, id.pane)
		}
	}
	return panes
}

// Drop frees all tables of a pane.
func (st *Store) Drop(pane int64) {
	for kind := range st.shapes {
		id := tableID{pane, kind}
		t := st.tables[id]
		if t == nil {
			continue
		}
		st.extents[kind] = t.extent()
		t.free()
		delete(st.tables, id)
		at, _ := slices.BinarySearchFunc(st.order, id, tableID.compare)
		st.order = slices.Delete(st.order, at, at+1)
	}
	if st.sealed[pane] {
		delete(st.sealed, pane)
		st.dropped = append(st.dropped, pane)
	}
}

func (t *Table) free() {
	st := t.store
	t.gone = true
	freed := int64(0)
	if t.depth > 0 {
		freed = int64(len(t.dir)-1) * 4
	}
	for _, p := range t.pages {
		freed += p.charged
		if p.away != nil {
			st.away--
			st.release(p.away)
		}
	}
	st.home.Memory.Add(-freed)
	st.held -= freed
	st.hand.drop(t)
	t.pages, t.dir = nil, nil
}

// Close returns all memory to the account.
func (st *Store) Close() {
	for _, t := range st.tables {
		t.free()
	}
	st.tables, st.order = map[tableID]*Table{}, nil
}

// SetMark keeps a number with the state, which never falls (the watermark up
// to which windows were closed); it is math.MinInt64 at first.
func (st *Store) SetMark(m int64) {
	if m != st.mark {
		st.mark, st.markDirty = m, true
	}
}

// Mark returns the number kept by SetMark.
func (st *Store) Mark() int64 { return st.mark }

// Memory returns the account that the store charges.
func (st *Store) Memory() *Account { return st.home.Memory }

// Unpin says that the work which pages were brought in for got on: they may be
// evicted again. Without it two pages that are needed together could push each
// other out for ever.
func (st *Store) Unpin() { st.pin++ }

// Bytes returns the memory held, in bytes.
func (st *Store) Bytes() int64 { return st.held }

// Trim implements the like-named method of exec.Sealer: sealed state need not
// stay in memory. With target 0 nothing is left of a store that is sealed, and
// of which no page is in the spill space; it is not used any more then.
func (st *Store) Trim(target int64) int64 {
	if st.markDirty || len(st.dropped) > 0 {
		return max(1, st.held)
	}
	if target == 0 && st.away+len(st.trash) > 0 {
		return max(1, st.held) // what lies there would have to be deleted, which may block
	}
	dirty := int64(0)
	for _, t := range st.tables {
		for _, p := range t.pages {
			if p.away != nil && p.away.dirty(st) {
				dirty++
			} else if p.dirty {
				dirty += p.charged
			}
		}
	}
	if dirty == 0 && target == 0 {
		st.Close()
	}
	return dirty
}

func (st *Store) String() string {
	return fmt.Sprintf("state of key groups %d to %d: %d tables, %d bytes", st.home.Low, st.home.High, len(st.tables), st.held)
}

// Spread returns a hash for a part of the key with hash h: in the same key
// group, elsewhere within it by the part's own hash.
func (st *Store) Spread(h, part uint64) uint64 {
	n := uint64(st.home.KeyGroups)
	g := (h >> 32) * n >> 32
	low, high := (g<<32+n-1)/n, ((g+1)<<32+n-1)/n
	mixed := (h ^ part*0x9e3779b97f4a7c15) * 0xd6e8feb86659fd93
	mixed ^= mixed >> 32
	mixed *= 0xd6e8feb86659fd93
	return (low+(mixed>>32)*(high-low)>>32)<<32 | mixed&(1<<32-1)
}
