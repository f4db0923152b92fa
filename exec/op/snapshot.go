package op

import (
	"errors"

	"github.com/dirigo-stream/dirigo/exec/batch"
	"github.com/dirigo-stream/dirigo/exec/state"
)

// Snapshot is the content of a Materialized at its last frontier. It is taken
// in the operator's turn and read by one goroutine, at leisure, while the
// operator goes on. Close it where it is not read to the end.
type Snapshot struct {
	m     *Materialized
	pages *state.Snapshot
	table *state.Table
	refs  []state.Ref
}

// Snapshot takes a snapshot, at the cost of a pointer per page.
func (m *Materialized) Snapshot() *Snapshot {
	// Only what never changes is used of m from here on.
	return &Snapshot{m: &Materialized{ticked: ticked{types: m.types}}, pages: m.store.Snapshot(0, 0)}
}

// Next returns up to limit rows that are there, with their counts as Diff where
// one is not 1; nil at the end. It may read evicted or sealed state.
func (s *Snapshot) Next(limit int) (*batch.Batch, error) { return s.next(limit, false) }

// next is Next, or, with taken, gives what all rows' counts lack to be zero.
func (s *Snapshot) next(limit int, taken bool) (*batch.Batch, error) {
	for {
		for len(s.refs) == 0 {
			var err error
			if s.table, s.refs, err = s.pages.Next(); s.table == nil || err != nil {
				return nil, err
			}
		}
		n := min(len(s.refs), max(1, limit))
		refs := s.refs[:n]
		s.refs = s.refs[n:]
		b := s.m.present(s.table, refs)
		if taken {
			b = s.m.lacking(s.table, refs)
		}
		if b != nil {
			return b, nil
		}
	}
}

// lacking makes a batch of the rows whose count is not zero, with what they lack;
// nil: none.
func (m *Materialized) lacking(t *state.Table, refs []state.Ref) *batch.Batch {
	words := make([][]int64, len(refs))
	t.Rows(refs, words)
	var kept []state.Ref
	var diff []int64
	for i, w := range words {
		if n := w[t.Acc(accCount)]; n != 0 {
			kept, diff = append(kept, refs[i]), append(diff, -n)
		}
	}
	if len(kept) == 0 {
		return nil
	}
	b := storedRows(t, m.types, kept)
	b.Diff = diff
	return b
}

// Close gives back what was not read.
func (s *Snapshot) Close() {
	s.pages.Close()
	s.refs = nil
}

// present makes a batch of the rows whose count at the last frontier is above
// zero; nil: none.
func (m *Materialized) present(t *state.Table, refs []state.Ref) *batch.Batch {
	words := make([][]int64, len(refs))
	t.Rows(refs, words)
	var kept []state.Ref
	var counts []int64
	many := false
	for i, w := range words {
		n := w[t.Acc(accCount)]
		if w[t.Acc(accTouch)] != 0 {
			n = w[t.Acc(accBase)]
		}
		if n > 0 {
			kept, counts = append(kept, refs[i]), append(counts, n)
			many = many || n != 1
		}
	}
	if len(kept) == 0 {
		return nil
	}
	b := storedRows(t, m.types, kept)
	if many {
		b.Diff = counts
	}
	return b
}

// Lookup returns the rows whose key (the columns of Materialize.Key, in that
// order) equals row i of key, as of the last frontier; nil: none. It is called
// in the operator's turn and answers from memory: ErrAway says that the page
// must be read first, by Need.
func (m *Materialized) Lookup(key []batch.Column, i int) (*batch.Batch, error) {
	hash := batch.HashRows(key, nil, []int32{int32(i)}, 1, nil)
	t := m.store.Table(0, 0)
	refs, wait := t.Same(hash[0], nil)
	if wait {
		return nil, ErrAway
	}
	b := m.present(t, refs)
	if b == nil {
		return nil, nil
	}
	var kept []int32
	for row := range b.N {
		same := true
		for c, at := range m.hashAt {
			same = same && batch.EqualAt(b.Cols[at], row, key[c], i)
		}
		if same {
			kept = append(kept, int32(row))
		}
	}
	if len(kept) == 0 {
		return nil, nil
	}
	return b.Gather(kept), nil
}

// ErrAway says that state which a lookup needs is not in memory.
var ErrAway = errors.New("op: the page is not in memory")
