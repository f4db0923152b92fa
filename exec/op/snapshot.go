package op

import (
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
	return &Snapshot{m: &Materialized{spec: m.spec}, pages: m.store.Snapshot(0, 0)}
}

// Next returns up to limit rows that are there, with their counts as Diff where
// one is not 1; nil at the end. It may read evicted or sealed state.
func (s *Snapshot) Next(limit int) (*batch.Batch, error) {
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
		if b := s.m.present(s.table, refs); b != nil {
			return b, nil
		}
	}
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
	b := m.rows(t, kept)
	if many {
		b.Diff = counts
	}
	return b
}
