package op

import (
	"github.com/dirigo-stream/dirigo/exec"
	"github.com/dirigo-stream/dirigo/exec/batch"
	"github.com/dirigo-stream/dirigo/exec/state"
)

// ticked is the part that operators share which keep whole rows, in one table
// whose keys are all columns, and send at the end of a tick what it has changed
// of them. The first accumulator of a row says whether it was touched in this
// tick, as state.Table.Touch wants it.
type ticked struct {
	store *state.Store
	types []batch.Type
	at    []int // all columns
	born  int64

	// add counts rows in the table and returns those whose pages are away.
	add func(w waiting) (away []int32, err error)
	// judge looks at the accumulators of a touched row at the end of the tick and
	// makes them those of the next: how often more, or less, is it sent on, and is
	// nothing left of it?
	judge func(acc []int64) (diff int64, ended bool)

	work     []waiting
	emitting bool
	relieved bool        // pages were asked to leave in this call already
	send     []state.Ref // taken from the table's list of touched rows
	hash     []uint64
	refs     []state.Ref
	all      []int32
}

// waiting is rows of a batch on an input that were not added yet.
type waiting struct {
	in   int
	b    *batch.Batch
	rows []int32
}

// newTicked returns the part with its state at home; accs are the accumulators of
// a row.
func newTicked(types []batch.Type, exact bool, home state.Home, accs ...state.Acc) ticked {
	t := ticked{types: types}
	layout := state.Layout{Accs: accs}
	for i, typ := range types {
		layout.Keys = append(layout.Keys, state.Key{Kind: typ.Kind, Exact: exact})
		t.at = append(t.at, i)
	}
	t.store = state.NewStore(home, layout)
	return t
}

// Push implements exec.Operator.
func (t *ticked) Push(in int, b *batch.Batch, out exec.Emitter, fuel int) (bool, error) {
	t.born = max(t.born, b.Born)
	t.work = append(t.work, waiting{in, b, rowsOf(b, &t.all)})
	return t.Resume(out, fuel)
}

// Advance implements exec.Operator.
func (t *ticked) Advance(f exec.Frontier, out exec.Emitter, fuel int) (bool, error) {
	t.begin(f)
	return t.Resume(out, fuel)
}

// begin takes up the end of a tick.
func (t *ticked) begin(f exec.Frontier) { t.born, t.emitting = max(t.born, f.Born), true }

// Resume implements exec.Operator.
func (t *ticked) Resume(out exec.Emitter, fuel int) (bool, error) {
	if _, err := t.addWork(); err != nil || len(t.work) > 0 {
		return err == nil, err
	}
	if t.emitting && t.emit(out, fuel) {
		return true, nil
	}
	return t.end(), nil
}

// addWork adds the rows whose pages are here, and says whether there were some.
func (t *ticked) addWork() (added bool, err error) {
	work := t.work
	t.work = nil
	for _, w := range work {
		away, err := t.add(w)
		if err != nil {
			return false, err
		}
		added = added || len(away) < len(w.rows)
		if len(away) > 0 {
			t.work = append(t.work, waiting{w.in, w.b, away})
		}
	}
	return added, nil
}

// end is called when all that was asked is done; more: pages should leave first.
func (t *ticked) end() (more bool) {
	if t.emitting {
		t.emitting, t.born = false, 0
	}
	t.relieved = t.store.Over() && !t.relieved
	return t.relieved
}

// assign finds rows in the table, a chunk at a time, and calls found with each of
// them; it returns those whose pages are away.
func (t *ticked) assign(w waiting, hash func(rows []int32) []uint64, found func(tab *state.Table, r state.Ref, row int32)) (away []int32, err error) {
	tab := t.store.Table(0, 0)
	for rows := w.rows; len(rows) > 0; {
		now := rows[:min(len(rows), state.Chunk)]
		rows = rows[len(now):]
		t.refs = room(t.refs, len(now))
		missing, err := tab.Assign(w.b.Cols, t.at, now, hash(now), t.refs)
		if err != nil {
			return nil, err
		}
		for i, r := range t.refs {
			if r == state.NoRef {
				away = append(away, now[i])
				continue
			}
			found(tab, r, now[i])
		}
		if missing < len(now) {
			t.store.Unpin()
		}
		tab.Settle()
	}
	return away, nil
}

// emit sends the changes of the tick; more: some are left.
func (t *ticked) emit(out exec.Emitter, fuel int) (more bool) {
	tab := t.store.Table(0, 0)
	for {
		if len(t.send) == 0 {
			t.store.Unpin()
			refs, wait := tab.Touched(nil)
			if wait {
				return true
			}
			if len(refs) == 0 {
				tab.Settle()
				return false
			}
			t.send = refs
		}
		if fuel <= 0 {
			return true
		}
		n := min(len(t.send), state.Chunk, fuel)
		t.change(tab, t.send[:n], out)
		t.send = t.send[n:]
		fuel -= n
	}
}

// change sends what changed of touched rows and ends those of which nothing is
// left.
func (t *ticked) change(tab *state.Table, refs []state.Ref, out exec.Emitter) {
	var changed, ended []state.Ref
	var diff []int64
	first := tab.Acc(0)
	for _, r := range refs {
		d, over := t.judge(tab.Change(r)[first:])
		if d != 0 {
			changed, diff = append(changed, r), append(diff, d)
		}
		if over {
			ended = append(ended, r)
		}
	}
	if len(changed) > 0 {
		b := storedRows(tab, t.types, changed)
		b.Diff, b.Born = diff, t.born
		out.Emit(b)
	}
	for _, r := range ended {
		tab.Remove(r)
	}
}

// storedRows makes a batch of rows of a table whose keys are the columns.
func storedRows(t *state.Table, types []batch.Type, refs []state.Ref) *batch.Batch {
	b := &batch.Batch{N: len(refs), Time: batch.MaxTime, Cols: make([]batch.Column, len(types))}
	for i := range types {
		b.Cols[i] = t.Gather(i, refs)
	}
	return b
}

// room returns n elements of a scratch, which grows with what there is to do: of
// a thousand idle queries none keeps room for a full chunk.
func room[T any](s []T, n int) []T {
	if cap(s) < n {
		return make([]T, n, max(n, min(2*cap(s), state.Chunk)))
	}
	return s[:n]
}

// Need implements exec.Paged.
func (t *ticked) Need() exec.Read { return t.store.Need(len(t.send) == 0) }

// Due implements exec.Due.
func (t *ticked) Due(_ exec.Frontier, rows bool, _ int64) bool { return rows }

// Freeze implements exec.Sealer.
func (t *ticked) Freeze() exec.Frozen { return t.store.Freeze() }

// Trim implements exec.Sealer.
func (t *ticked) Trim(target int64) int64 { return t.store.Trim(target) }

// Bytes implements exec.Sealer.
func (t *ticked) Bytes() int64 { return t.store.Bytes() }
