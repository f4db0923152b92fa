package op

import (
	"github.com/dirigo-stream/dirigo/exec/batch"
	"github.com/dirigo-stream/dirigo/exec/state"
)

// LookupAll looks up many keys: the rows of keys (the columns of
// Materialize.Key, in that order) named by want, whose hashes are given for all
// rows of keys. It returns the rows found, as of the last frontier, and for
// each which row of keys it has the key of; away are those of want whose pages
// must be read first, by Need. Like Lookup it is called in the operator's turn.
func (m *Materialized) LookupAll(keys []batch.Column, hash []uint64, want []int32) (rows *batch.Batch, of, away []int32) {
	t := m.store.Table(0, 0)
	var refs []state.Ref
	var asked []int32
	for _, i := range want {
		before := len(refs)
		var wait bool
		if refs, wait = t.Same(hash[i], refs); wait {
			away = append(away, i)
			continue
		}
		for range refs[before:] {
			asked = append(asked, i)
		}
	}
	if len(refs) == 0 {
		return nil, nil, away
	}
	refs, asked = m.there(t, refs, asked)
	b := storedRows(t, m.types, refs)
	var kept []int32
	for row, i := range asked {
		same := true
		for c, at := range m.hashAt {
			same = same && batch.EqualAt(b.Cols[at], row, keys[c], int(i))
		}
		if same {
			kept, of = append(kept, int32(row)), append(of, i)
		}
	}
	if len(kept) == len(asked) {
		return b, of, away
	}
	return b.Gather(kept), of, away
}

// there keeps the refs of rows that are there at the last frontier.
func (m *Materialized) there(t *state.Table, refs []state.Ref, asked []int32) ([]state.Ref, []int32) {
	words := make([][]int64, len(refs))
	t.Rows(refs, words)
	n := 0
	for i, w := range words {
		count := w[t.Acc(accCount)]
		if w[t.Acc(accTouch)] != 0 {
			count = w[t.Acc(accBase)]
		}
		if count > 0 {
			refs[n], asked[n] = refs[i], asked[i]
			n++
		}
	}
	return refs[:n], asked[:n]
}
