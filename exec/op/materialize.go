package op

import (
	"fmt"

	"github.com/dirigo-stream/dirigo/exec"
	"github.com/dirigo-stream/dirigo/exec/batch"
	"github.com/dirigo-stream/dirigo/exec/state"
)

// Materialized runs a Materialize: it keeps a counted set of whole rows, placed
// by the hash of the key. A tick's changes are added up as they come and take
// effect together at the frontier, when the consolidated ones are sent on; a
// snapshot before that shows the state of the last frontier. A count may be
// below zero: the row is yet to come.
type Materialized struct {
	ticked
	hashAt []int         // columns of the key
	later  state.Backlog // rows put off to the end of the tick
	whole  bool          // no row of the last one's key waits in later
}

const (
	// laterRows is how many rows that were put off are added at once.
	laterRows = 128
	// laterBytes is how much may be put off; beyond it rows are added as they
	// come.
	laterBytes = 16 << 20
)

// Accumulators of a row: whether it was touched in this tick, its count, and
// its count at the last frontier (while touched).
const (
	accTouch = iota
	accCount
	accBase
)

var (
	_ exec.Operator = (*Materialized)(nil)
	_ exec.Paged    = (*Materialized)(nil)
	_ exec.Sealer   = (*Materialized)(nil)
	_ exec.Due      = (*Materialized)(nil)
)

func newMaterialized(spec Materialize, home state.Home) (*Materialized, error) {
	m := &Materialized{ticked: newTicked(spec.Types, true, home, state.Word, state.Word, state.Word), hashAt: spec.Key}
	if m.hashAt == nil {
		m.hashAt = m.at
	}
	for _, c := range m.hashAt {
		if c < 0 || c >= len(spec.Types) {
			return nil, fmt.Errorf("key column %d of %d", c, len(spec.Types))
		}
	}
	m.add, m.judge = m.count, settleCount
	return m, nil
}

// Push implements exec.Operator.
func (m *Materialized) Push(_ int, b *batch.Batch, out exec.Emitter, fuel int) (bool, error) {
	m.born = max(m.born, b.Born)
	rows := rowsOf(b, &m.all)
	if m.store.Pressed() || m.later.Len() > 0 {
		if m.later.Add(b, rows, m.hashes(b, rows), 0); m.later.Bytes() < laterBytes {
			return false, nil
		}
		b, _, _ := m.later.Next(state.Chunk)
		m.work = append(m.work, waiting{0, b, rowsOf(b, &m.all)})
		return m.Resume(out, fuel)
	}
	m.work = append(m.work, waiting{0, b, rows})
	return m.Resume(out, fuel)
}

// Advance implements exec.Operator.
func (m *Materialized) Advance(f exec.Frontier, out exec.Emitter, fuel int) (bool, error) {
	m.begin(f)
	return m.Resume(out, fuel)
}

// Resume implements exec.Operator.
func (m *Materialized) Resume(out exec.Emitter, fuel int) (bool, error) {
	for more := true; more; {
		added, err := m.addWork()
		if err != nil {
			return false, err
		}
		// What the rows of a page changed is sent while the page is here.
		if m.emitting && (len(m.work) == 0 || added && m.whole) {
			if m.emit(out, fuel) {
				return true, nil
			}
		}
		if len(m.work) > 0 {
			return true, nil
		}
		if more = m.emitting && m.later.Len() > 0; !more {
			break
		}
		if fuel <= 0 {
			return true, nil
		}
		fuel -= m.addLater()
	}
	return m.end(), nil
}

// addLater makes the next rows that were put off, of a few pages, the work at
// hand, and returns how many.
func (m *Materialized) addLater() int {
	var b *batch.Batch
	b, _, m.whole = m.later.Next(laterRows)
	m.work = append(m.work, waiting{0, b, rowsOf(b, &m.all)})
	return b.N
}

// count adds rows.
func (m *Materialized) count(w waiting) (away []int32, err error) {
	hash := func(rows []int32) []uint64 { return m.hashes(w.b, rows) }
	return m.assign(w, hash, func(t *state.Table, r state.Ref, row int32) {
		acc := t.Row(r)[t.Acc(0):]
		if acc[accTouch] == 0 {
			acc[accBase] = acc[accCount]
			t.Touch(r, 1)
		}
		acc[accCount] += w.b.DiffAt(int(row))
	})
}

// hashes returns the hashes of rows by the key.
func (m *Materialized) hashes(b *batch.Batch, rows []int32) []uint64 {
	cols := make([]batch.Column, len(m.hashAt))
	for i, c := range m.hashAt {
		cols[i] = b.Cols[c]
	}
	m.hash = batch.HashRows(cols, nil, rows, len(rows), m.hash)
	return m.hash
}

// settleCount is how a touched row's count changed in the tick.
func settleCount(acc []int64) (diff int64, ended bool) {
	diff = acc[accCount] - acc[accBase]
	acc[accTouch], acc[accBase] = 0, 0
	return diff, acc[accCount] == 0
}
