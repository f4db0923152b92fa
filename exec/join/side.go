package join

import (
	"slices"

	"github.com/dirigo-stream/dirigo/exec/batch"
	"github.com/dirigo-stream/dirigo/exec/state"
)

// side is the stored rows of one input: the columns that a match, a condition or
// the output needs, in a table of chains by the hash of the key.
//
// Rows that may come back or be taken back are told apart by all their columns
// and have a signed count. Rows of an append-only input are numbered instead, so
// that none is looked for when one comes, unless only keys are stored.
type side struct {
	in       int
	types    []batch.Type // of the input
	key      []int        // columns of the input
	keyTypes []batch.Type
	cols     []int // stored columns of the input, ascending
	at       []int // place in cols of a column of the input; -1: not stored
	numbered bool
	tracked  bool // the sum of matching counts is kept by row
	acts     bool // what is shown of a row changes at ticks

	layout state.Layout
	// Words of a row; -1: there is none. Shown is how often the row is in the
	// output by itself: padded, or as a row of a semi or anti join.
	touch, count, sum, shown, stamp int
	probe                           *state.Probe // holds keys of the other input

	store *state.Store
	panes map[int64]*rows
	tally *tally // scratch
}

// rows is one pane of a side.
type rows struct {
	*state.Table
	side     *side
	families families
	id       int64 // the greatest number of a row
}

func newSide(in int, types []batch.Type, key []int, used []bool) *side {
	s := &side{in: in, types: types, key: key, panes: map[int64]*rows{}}
	s.touch, s.count, s.sum, s.shown, s.stamp = -1, -1, -1, -1, -1
	for _, k := range key {
		used[k] = true
		s.keyTypes = append(s.keyTypes, types[k])
	}
	for c, u := range used {
		s.at = append(s.at, -1)
		if u {
			s.at[c] = len(s.cols)
			s.cols = append(s.cols, c)
		}
	}
	return s
}

// lay decides how rows are stored. Ttl says that a row notes when it was touched.
func (s *side) lay(updating, ttl bool) {
	onlyKeys := !slices.ContainsFunc(s.cols, func(c int) bool { return !slices.Contains(s.key, c) })
	s.numbered = !updating && !onlyKeys && !ttl // a part that is empty again would stay
	if s.numbered {
		s.layout.Keys = append(s.layout.Keys, state.Key{Kind: batch.Int64})
	}
	for _, c := range s.cols {
		s.layout.Keys = append(s.layout.Keys, state.Key{Kind: s.types[c].Kind, Exact: true})
	}
	base := 1 + (len(s.layout.Keys)+63)/64 + len(s.layout.Keys)
	word := func(kind state.Acc) int {
		s.layout.Accs = append(s.layout.Accs, kind)
		return base + len(s.layout.Accs) - 1
	}
	if s.acts {
		s.touch = word(state.Word) // first, as state.Table.Touch wants it
		s.shown = word(state.Word)
	}
	word(state.Chain)
	if !s.numbered {
		s.count = word(state.Word)
	}
	if s.tracked {
		s.sum = word(state.Word)
	}
	if ttl {
		s.stamp = word(state.Word)
	}
	kinds := make([]batch.Kind, len(s.key))
	pos := make([]int, len(s.key))
	for i, k := range s.key {
		kinds[i], pos[i] = s.types[k].Kind, s.pos(k)
	}
	s.probe = state.NewProbe(kinds, pos)
}

// pos returns the key of the layout that holds a column of the input.
func (s *side) pos(c int) int {
	if s.numbered {
		return s.at[c] + 1
	}
	return s.at[c]
}

// pane returns a pane of the side, made where make is set; nil: there is none.
func (s *side) pane(p int64, make bool) *rows {
	if r := s.panes[p]; r != nil {
		return r
	}
	if !make && s.store.Lookup(s.number(p), s.in) == nil {
		return nil
	}
	r := &rows{Table: s.store.Table(s.number(p), s.in), side: s}
	r.families = families{rows: r, table: s.store.Table(s.number(p), familyKind+s.in)}
	s.panes[p] = r
	return r
}

// number is the store's number of a pane: panes of the two sides are dropped at
// different times.
func (s *side) number(p int64) int64 { return p<<1 | int64(s.in) }

// put adds rows of b, whose keys have the given hashes, and sets refs; fresh says
// which were not there. NoRef: the page is away.
func (r *rows) put(b *batch.Batch, at []int32, hash []uint64, refs []state.Ref, fresh []bool) (missing int, err error) {
	s := r.side
	first := int64(-1)
	if s.numbered {
		r.id = max(r.id, r.Top())
		first = r.id + 1
		r.id += int64(len(at))
	}
	place := r.families.place(b, at, hash)
	return r.Put(b.Cols, s.cols, at, place, first, !s.numbered, refs, fresh)
}

// chunk returns how many rows are stored at once. Where equal rows are looked for
// a key that gets many rows must be spread before they make a long chain.
func (s *side) chunk() int {
	if s.numbered {
		return state.Chunk
	}
	return state.Chunk / 4
}

// counts returns how often a row is there.
func (s *side) counts(w []int64) int64 {
	if s.count < 0 {
		return 1
	}
	return w[s.count]
}

// gather returns a column of the input for stored rows.
func (r *rows) gather(c int, refs []state.Ref) batch.Column {
	return r.Gather(r.side.pos(c), refs)
}

// nulls returns a column of NULLs.
func nulls(t batch.Type, n int) batch.Column {
	null := make([]bool, n)
	for i := range null {
		null[i] = true
	}
	switch t.Kind.Rep() {
	case batch.RepInt:
		return &batch.Vec[int64]{Data: make([]int64, n), Null: null}
	case batch.RepFloat:
		return &batch.Vec[float64]{Data: make([]float64, n), Null: null}
	}
	out := batch.New(t.Kind, n)
	for range n {
		batch.AppendNull(out)
	}
	return out
}
