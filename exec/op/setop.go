package op

import (
	"github.com/dirigo-stream/dirigo/exec"
	"github.com/dirigo-stream/dirigo/exec/batch"
	"github.com/dirigo-stream/dirigo/exec/state"
)

// setOp counts whole rows on both inputs and sends, tick by tick, how the count
// that they make in the output has changed.
type setOp struct {
	spec  SetOp
	store *state.Store
	born  int64
	at    []int

	work     []counted
	emitting bool
	relieved bool
	send     []state.Ref
	hash     []uint64
	refs     []state.Ref
	all      []int32
	words    [][]int64
}

// counted is rows of a batch on one input that were not added yet.
type counted struct {
	in int
	rest
}

// Words of a row, from Table.Acc(0) on: whether it was touched in this tick, its
// counts on both inputs, and in the output.
const (
	setTouch = iota
	setLeft
	setRight
	setShown
	setWords
)

var (
	_ exec.Operator = (*setOp)(nil)
	_ exec.Paged    = (*setOp)(nil)
	_ exec.Sealer   = (*setOp)(nil)
	_ exec.Due      = (*setOp)(nil)
)

func newSetOp(spec SetOp, env Env) *setOp {
	s := &setOp{spec: spec, refs: make([]state.Ref, state.Chunk), words: make([][]int64, state.Chunk)}
	layout := state.Layout{Accs: make([]state.Acc, setWords)}
	for i, t := range spec.Types {
		layout.Keys = append(layout.Keys, state.Key{Kind: t.Kind})
		s.at = append(s.at, i)
	}
	s.store = state.NewStore(env.Home, layout)
	return s
}

// count returns how often a row is in the output.
func (s *SetOp) count(left, right int64) int64 {
	left, right = max(0, left), max(0, right)
	switch {
	case !s.All:
		if left > 0 && (right > 0) != s.Except {
			return 1
		}
		return 0
	case s.Except:
		return max(0, left-right)
	}
	return min(left, right)
}

// Push implements exec.Operator.
func (s *setOp) Push(in int, b *batch.Batch, out exec.Emitter, fuel int) (bool, error) {
	s.born = max(s.born, b.Born)
	s.work = append(s.work, counted{in, rest{b, rowsOf(b, &s.all)}})
	return s.Resume(out, fuel)
}

// Advance implements exec.Operator.
func (s *setOp) Advance(f exec.Frontier, out exec.Emitter, fuel int) (bool, error) {
	s.born = max(s.born, f.Born)
	s.emitting = true
	return s.Resume(out, fuel)
}

// Resume implements exec.Operator.
func (s *setOp) Resume(out exec.Emitter, fuel int) (bool, error) {
	work := s.work
	s.work = nil
	for _, w := range work {
		away, err := s.add(w)
		if err != nil {
			return false, err
		}
		if len(away) > 0 {
			s.work = append(s.work, counted{w.in, rest{w.b, away}})
		}
	}
	if len(s.work) > 0 {
		return true, nil
	}
	if s.emitting {
		if s.emit(out, fuel) {
			return true, nil
		}
		s.emitting, s.born = false, 0
	}
	if s.store.Over() && !s.relieved {
		s.relieved = true
		return true, nil
	}
	s.relieved = false
	return false, nil
}

// Need implements exec.Paged.
func (s *setOp) Need() exec.Read { return s.store.Need(len(s.send) == 0) }

// add counts rows and returns those whose pages are away.
func (s *setOp) add(w counted) (away []int32, err error) {
	t := s.store.Table(0, 0)
	rows := w.rows
	for len(rows) > 0 {
		now := rows[:min(len(rows), state.Chunk)]
		rows = rows[len(now):]
		s.hash = batch.HashRows(w.b.Cols, s.spec.Types, now, len(now), s.hash)
		refs := s.refs[:len(now)]
		missing, err := t.Assign(w.b.Cols, s.at, now, s.hash, refs)
		if err != nil {
			return nil, err
		}
		for i, r := range refs {
			if r == state.NoRef {
				away = append(away, now[i])
				continue
			}
			row := t.Row(r)[t.Acc(0):]
			row[setLeft+w.in] += w.b.DiffAt(int(now[i]))
			if row[setTouch] == 0 {
				t.Touch(r, 1)
			}
		}
		if missing < len(now) {
			s.store.Unpin()
		}
		t.Settle()
	}
	return away, nil
}

// emit sends the changes of the tick; more: some are left.
func (s *setOp) emit(out exec.Emitter, fuel int) (more bool) {
	t := s.store.Table(0, 0)
	for {
		if len(s.send) == 0 {
			s.store.Unpin()
			refs, wait := t.Touched(nil)
			if wait {
				return true
			}
			if len(refs) == 0 {
				t.Settle()
				return false
			}
			s.send = refs
		}
		if fuel <= 0 {
			return true
		}
		n := min(len(s.send), state.Chunk, fuel)
		s.change(t, s.send[:n], out)
		s.send = s.send[n:]
		fuel -= n
	}
}

// change sends those of rows whose count in the output changed.
func (s *setOp) change(t *state.Table, refs []state.Ref, out exec.Emitter) {
	var changed, ended []state.Ref
	var diff []int64
	for _, r := range refs {
		w := t.Change(r)[t.Acc(0):]
		n := s.spec.count(w[setLeft], w[setRight])
		if d := n - w[setShown]; d != 0 {
			changed, diff = append(changed, r), append(diff, d)
		}
		w[setTouch], w[setShown] = 0, n
		if w[setLeft] == 0 && w[setRight] == 0 {
			ended = append(ended, r)
		}
	}
	if len(changed) > 0 {
		out.Emit(storedRows(t, s.spec.Types, changed, diff, s.born))
	}
	for _, r := range ended {
		t.Remove(r)
	}
}

// storedRows makes a batch of rows of a table whose keys are the columns.
func storedRows(t *state.Table, types []batch.Type, refs []state.Ref, diff []int64, born int64) *batch.Batch {
	b := &batch.Batch{N: len(refs), Diff: diff, Time: batch.MaxTime, Born: born}
	for i := range types {
		b.Cols = append(b.Cols, t.Gather(i, refs))
	}
	return b
}

// Due implements exec.Due.
func (s *setOp) Due(_ exec.Frontier, rows bool, _ int64) bool { return rows }

// Freeze implements exec.Sealer.
func (s *setOp) Freeze() exec.Frozen { return s.store.Freeze() }

// Trim implements exec.Sealer.
func (s *setOp) Trim(target int64) int64 { return s.store.Trim(target) }

// Bytes implements exec.Sealer.
func (s *setOp) Bytes() int64 { return s.store.Bytes() }
