package op

import (
	"github.com/dirigo-stream/dirigo/exec"
	"github.com/dirigo-stream/dirigo/exec/batch"
	"github.com/dirigo-stream/dirigo/exec/state"
)

// setOp counts whole rows on both inputs and sends, tick by tick, how the count
// that they make in the output has changed.
type setOp struct {
	ticked
	spec SetOp
}

// Accumulators of a row: whether it was touched in this tick, its counts on both
// inputs, and in the output.
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
	s := &setOp{ticked: newTicked(spec.Types, false, env.Home, make([]state.Acc, setWords)...), spec: spec}
	s.add, s.judge = s.count, s.settle
	return s
}

// times returns how often a row is in the output.
func (s *SetOp) times(left, right int64) int64 {
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

// count adds rows of one input.
func (s *setOp) count(w waiting) (away []int32, err error) {
	hash := func(rows []int32) []uint64 {
		s.hash = batch.HashRows(w.b.Cols, s.types, rows, len(rows), s.hash)
		return s.hash
	}
	return s.assign(w, hash, func(t *state.Table, r state.Ref, row int32) {
		acc := t.Row(r)[t.Acc(0):]
		acc[setLeft+w.in] += w.b.DiffAt(int(row))
		if acc[setTouch] == 0 {
			t.Touch(r, 1)
		}
	})
}

// settle is how a touched row's count in the output changes.
func (s *setOp) settle(acc []int64) (diff int64, ended bool) {
	n := s.spec.times(acc[setLeft], acc[setRight])
	diff = n - acc[setShown]
	acc[setTouch], acc[setShown] = 0, n
	return diff, acc[setLeft] == 0 && acc[setRight] == 0
}
