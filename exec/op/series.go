package op

import (
	"fmt"

	"github.com/dirigo-stream/dirigo/exec/batch"
	"github.com/dirigo-stream/dirigo/exec/expr"
)

// series gives generate_series: integers, or times an interval apart.
type series struct {
	kind batch.Kind
	next int64         // the element that comes next
	plus *expr.Program // of times: adds the interval to the time
	cx   *expr.Context
}

func newSeries(spec Unnest, cx *expr.Context) (*series, error) {
	s := &series{kind: spec.Type.Kind, cx: cx}
	bad := fmt.Errorf("generate_series gives no %s from %d arguments", spec.Type, 1+len(spec.More))
	if len(spec.More) < 1 || spec.Arg.Type.Kind != s.kind || spec.More[0].Type.Kind != s.kind {
		return nil, bad
	}
	switch s.kind {
	case batch.Int16, batch.Int32, batch.Int64:
		if len(spec.More) > 2 || len(spec.More) == 2 && spec.More[1].Type.Kind != s.kind {
			return nil, bad
		}
		return s, nil
	case batch.Timestamp, batch.TimestampTZ:
		if len(spec.More) != 2 || spec.More[1].Type.Kind != batch.Interval {
			return nil, bad
		}
		n, err := expr.Resolve("+", []*expr.Node{expr.Col(0, "t", spec.Type), expr.Col(1, "i", spec.More[1].Type)})
		if err != nil {
			return nil, err
		}
		s.plus, err = expr.Compile(n)
		return s, err
	}
	return nil, bad
}

func (s *series) add(out batch.Column, args []batch.Column, row int32, from int64, limit int) (n int, more bool, err error) {
	if from == 0 {
		s.next = args[0].(*batch.Vec[int64]).Data[row]
	}
	stop, col := args[1].(*batch.Vec[int64]).Data[row], out.(*batch.Vec[int64])
	if s.plus != nil {
		return s.times(col, stop, args[2].(*batch.Vec[batch.Span]).Data[row], limit)
	}
	step := int64(1)
	if len(args) > 2 {
		step = args[2].(*batch.Vec[int64]).Data[row]
	}
	if step == 0 {
		return 0, false, errNoStep
	}
	for ; n < limit; n++ {
		if step > 0 && s.next > stop || step < 0 && s.next < stop {
			return n, false, nil
		}
		col.Append(s.next)
		if step > 0 && uint64(stop)-uint64(s.next) < uint64(step) || step < 0 && uint64(s.next)-uint64(stop) < -uint64(step) {
			return n + 1, false, nil // here, as the next one may not be a number
		}
		s.next += step
	}
	return n, true, nil
}

// times adds the interval to the time again and again, as months are of
// different lengths.
func (s *series) times(col *batch.Vec[int64], stop int64, step batch.Span, limit int) (n int, more bool, err error) {
	sign := step.Cmp(batch.Span{})
	if sign == 0 {
		return 0, false, errNoStep
	}
	for ; n < limit; n++ {
		if sign > 0 && s.next > stop || sign < 0 && s.next < stop {
			return n, false, nil
		}
		col.Append(s.next)
		b := &batch.Batch{N: 1, Cols: []batch.Column{&batch.Vec[int64]{Data: []int64{s.next}}, &batch.Vec[batch.Span]{Data: []batch.Span{step}}}}
		s.cx.Reset()
		s.next = s.plus.Eval(b, s.cx).(*batch.Vec[int64]).Data[0]
		if failed := s.cx.Failed(); len(failed) > 0 {
			return n + 1, false, failed[0].Err
		}
	}
	return n, true, nil
}

var errNoStep = &batch.ValueError{Code: "22023", Message: "step size cannot equal zero"}
