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
	spec  Materialize
	store *state.Store
	born  int64

	at       []int // all columns
	hashAt   []int // columns of the key
	work     []rest
	later    state.Backlog // rows put off to the end of the tick
	whole    bool          // no row of the last one's key waits in later
	emitting bool
	relieved bool
	send     []state.Ref // taken from the table's list of touched rows
	hash     []uint64
	refs     []state.Ref
	all      []int32
	words    [][]int64
}

// rest is rows of a batch that were not added yet.
type rest struct {
	b    *batch.Batch
	rows []int32
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
	m := &Materialized{spec: spec, hashAt: spec.Key, words: make([][]int64, 1)}
	layout := state.Layout{Accs: make([]state.Acc, 3)}
	for i, t := range spec.Types {
		layout.Keys = append(layout.Keys, state.Key{Kind: t.Kind, Exact: true})
		m.at = append(m.at, i)
	}
	if m.hashAt == nil {
		m.hashAt = m.at
	}
	for _, c := range m.hashAt {
		if c < 0 || c >= len(spec.Types) {
			return nil, fmt.Errorf("key column %d of %d", c, len(spec.Types))
		}
	}
	m.store = state.NewStore(home, layout)
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
		m.work = append(m.work, rest{b, rowsOf(b, &m.all)})
		return m.Resume(out, fuel)
	}
	m.work = append(m.work, rest{b, rows})
	return m.Resume(out, fuel)
}

// Advance implements exec.Operator.
func (m *Materialized) Advance(f exec.Frontier, out exec.Emitter, fuel int) (bool, error) {
	m.born = max(m.born, f.Born)
	m.emitting = true
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
			if more, err := m.emit(out, fuel); more || err != nil {
				return more, err
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
	if m.emitting {
		m.emitting, m.born = false, 0
	}
	if m.store.Over() && !m.relieved {
		m.relieved = true
		return true, nil
	}
	m.relieved = false
	return false, nil
}

// addWork adds the rows whose pages are here, and says whether there were some.
func (m *Materialized) addWork() (added bool, err error) {
	work := m.work
	m.work = nil
	for _, w := range work {
		away, err := m.add(w.b, w.rows)
		if err != nil {
			return false, err
		}
		added = added || len(away) < len(w.rows)
		if len(away) > 0 {
			m.work = append(m.work, rest{w.b, away})
		}
	}
	return added, nil
}

// addLater makes the next rows that were put off, of a few pages, the work at
// hand, and returns how many.
func (m *Materialized) addLater() int {
	var b *batch.Batch
	b, _, m.whole = m.later.Next(laterRows)
	m.work = append(m.work, rest{b, rowsOf(b, &m.all)})
	return b.N
}

// Need implements exec.Paged.
func (m *Materialized) Need() exec.Read { return m.store.Need(len(m.send) == 0) }

// add counts rows and returns those whose pages are away.
func (m *Materialized) add(b *batch.Batch, rows []int32) (away []int32, err error) {
	t := m.store.Table(0, 0)
	for len(rows) > 0 {
		now := rows[:min(len(rows), state.Chunk)]
		rows = rows[len(now):]
		m.refs = room(m.refs, len(now))
		refs := m.refs
		missing, err := t.Assign(b.Cols, m.at, now, m.hashes(b, now), refs)
		if err != nil {
			return nil, err
		}
		for i, r := range refs {
			if r == state.NoRef {
				away = append(away, now[i])
				continue
			}
			m.count(t, r, b.DiffAt(int(now[i])))
		}
		if missing < len(now) {
			m.store.Unpin()
		}
		t.Settle()
	}
	return away, nil
}

// room returns n elements of a scratch, which grows with what there is to do: of
// a thousand idle queries none keeps room for a full chunk.
func room[T any](s []T, n int) []T {
	if cap(s) < n {
		return make([]T, n, max(n, min(2*cap(s), state.Chunk)))
	}
	return s[:n]
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

func (m *Materialized) count(t *state.Table, r state.Ref, n int64) {
	one, words := [1]state.Ref{r}, m.words[:1]
	t.Rows(one[:], words)
	w := words[0]
	if w[t.Acc(accTouch)] == 0 {
		w[t.Acc(accBase)] = w[t.Acc(accCount)]
		t.Touch(r, 1)
	}
	w[t.Acc(accCount)] += n
}

// emit sends the changes of the tick.
func (m *Materialized) emit(out exec.Emitter, fuel int) (more bool, err error) {
	t := m.store.Table(0, 0)
	for {
		if len(m.send) == 0 {
			m.store.Unpin()
			refs, wait := t.Touched(nil)
			if wait {
				return true, nil
			}
			if len(refs) == 0 {
				t.Settle()
				return false, nil
			}
			m.send = refs
		}
		if fuel <= 0 {
			return true, nil
		}
		n := min(len(m.send), state.Chunk, fuel)
		m.change(t, m.send[:n], out)
		m.send = m.send[n:]
		fuel -= n
	}
}

// change applies the tick to rows and sends those whose count changed.
func (m *Materialized) change(t *state.Table, refs []state.Ref, out exec.Emitter) {
	m.words = room(m.words, len(refs))
	words := m.words
	t.Rows(refs, words)
	touch, count, base := t.Acc(accTouch), t.Acc(accCount), t.Acc(accBase)
	var changed, ended []state.Ref
	var diff []int64
	for i, w := range words {
		if d := w[count] - w[base]; d != 0 {
			changed, diff = append(changed, refs[i]), append(diff, d)
		}
		w[touch], w[base] = 0, 0
		if w[count] == 0 {
			ended = append(ended, refs[i])
		}
	}
	if len(changed) > 0 {
		b := m.rows(t, changed)
		b.Diff, b.Born = diff, m.born
		out.Emit(b)
	}
	for _, r := range ended {
		t.Remove(r)
	}
}

// rows makes a batch of rows of a table.
func (m *Materialized) rows(t *state.Table, refs []state.Ref) *batch.Batch {
	b := &batch.Batch{N: len(refs), Time: batch.MaxTime}
	for i, typ := range m.spec.Types {
		col := batch.New(typ.Kind, len(refs))
		t.AppendKey(i, refs, col)
		b.Cols = append(b.Cols, col)
	}
	return b
}

// Due implements exec.Due.
func (m *Materialized) Due(_ exec.Frontier, rows bool, _ int64) bool { return rows }

// Freeze implements exec.Sealer.
func (m *Materialized) Freeze() exec.Frozen { return m.store.Freeze() }

// Trim implements exec.Sealer.
func (m *Materialized) Trim(target int64) int64 { return m.store.Trim(target) }

// Bytes implements exec.Sealer.
func (m *Materialized) Bytes() int64 { return m.store.Bytes() }
