package op

import (
	"errors"
	"fmt"

	"github.com/dirigo-stream/dirigo/exec"
	"github.com/dirigo-stream/dirigo/exec/batch"
	"github.com/dirigo-stream/dirigo/exec/expr"
)

// unnest multiplies rows by the elements of a value. A row whose value cannot be
// taken apart is rejected. Out = the sum of elements, for a row with Outer at
// least 1.
type unnest struct {
	spec   Unnest
	args   []*expr.Program
	elems  elements
	cx     expr.Context
	reject exec.Rejecter
	all    []int32

	b    *batch.Batch // being multiplied; nil: none
	vals []batch.Column
	rest []int32 // its rows left
	from int64   // elements of rest[0] that have left
}

// elements takes values apart.
type elements interface {
	// add appends up to limit elements of row's value to out, from element from
	// on. More: others are left. The value is not NULL.
	add(out batch.Column, args []batch.Column, row int32, from int64, limit int) (n int, more bool, err error)
}

func newUnnest(spec Unnest, env Env) (*unnest, error) {
	u := &unnest{spec: spec, cx: env.Context, reject: env.Rejecter}
	for _, n := range append([]*expr.Node{spec.Arg}, spec.More...) {
		p, err := expr.Compile(n)
		if err != nil {
			return nil, err
		}
		u.args = append(u.args, p)
	}
	switch arg := spec.Arg.Type; {
	case spec.Func == "unnest" && arg.Kind == batch.Array:
		u.elems = &arrayElements{kind: arg.Elem}
	case spec.Func == "jsonb_array_elements" && arg.Kind == batch.JSONB:
		u.elems = &jsonElements{}
	case spec.Func == "jsonb_array_elements_text" && arg.Kind == batch.JSONB:
		u.elems = &jsonElements{text: true}
	case spec.Func == "generate_series":
		s, err := newSeries(spec, &u.cx)
		if err != nil {
			return nil, err
		}
		u.elems = s
	default:
		return nil, fmt.Errorf("%s(%s) gives no rows", spec.Func, arg)
	}
	return u, nil
}

// Push implements exec.Operator.
func (u *unnest) Push(_ int, b *batch.Batch, out exec.Emitter, fuel int) (bool, error) {
	rows := rowsOf(b, &u.all)
	if len(rows) == 0 {
		return false, nil
	}
	u.cx.Reset()
	u.vals = u.vals[:0]
	for _, p := range u.args {
		u.vals = append(u.vals, p.Eval(b, &u.cx))
	}
	if failed := u.cx.Failed(); len(failed) > 0 {
		if err := rejectFailed(b, failed, u.reject); err != nil {
			return false, err
		}
		rows = without(rows, failed)
	}
	u.b, u.rest, u.from = b, rows, 0
	return u.Resume(out, fuel)
}

// Advance implements exec.Operator.
func (u *unnest) Advance(exec.Frontier, exec.Emitter, int) (bool, error) { return false, nil }

// Resume implements exec.Operator.
func (u *unnest) Resume(out exec.Emitter, fuel int) (bool, error) {
	if u.b == nil {
		return false, nil
	}
	limit := max(1, min(fuel, 1024))
	col, ordinal := batch.New(u.spec.Type.Kind, limit), &batch.Vec[int64]{}
	var sel []int32
	for len(u.rest) > 0 && len(sel) < limit {
		row := u.rest[0]
		n, more, err := u.add(col, row, limit-len(sel))
		if err != nil {
			if err := rejectFailed(u.b, []expr.Failure{{Row: int(row), Err: errorOf(err)}}, u.reject); err != nil {
				return false, err
			}
		}
		for i := range n {
			sel = append(sel, row)
			ordinal.Append(u.from + int64(i) + 1)
		}
		u.from += int64(n)
		if more {
			continue
		}
		if u.from == 0 && err == nil && u.spec.Outer {
			sel = append(sel, row)
			batch.AppendNull(col)
			ordinal.AppendNull()
		}
		u.rest, u.from = u.rest[1:], 0
	}
	if len(sel) > 0 {
		to := u.b.Gather(sel)
		to.Cols = append(to.Cols, col)
		if u.spec.Ordinality {
			to.Cols = append(to.Cols, ordinal)
		}
		out.Emit(to)
	}
	if len(u.rest) > 0 {
		return true, nil
	}
	u.b = nil
	return false, nil
}

// errorOf returns a value's error as one of an expression.
func errorOf(err error) *expr.Error {
	var own *expr.Error
	if errors.As(err, &own) {
		return own
	}
	var v *batch.ValueError
	if errors.As(err, &v) {
		return &expr.Error{Code: v.Code, Message: v.Message, Detail: v.Detail, Hint: v.Hint}
	}
	return &expr.Error{Code: "XX000", Message: err.Error()}
}

// add appends elements of a row's value; NULL has none.
func (u *unnest) add(col batch.Column, row int32, limit int) (n int, more bool, err error) {
	for _, v := range u.vals {
		if batch.IsNull(v, int(row)) {
			return 0, false, nil
		}
	}
	return u.elems.add(col, u.vals, row, u.from, limit)
}

// arrayElements are those of an array. The iterator stands where the last call
// left off.
type arrayElements struct {
	kind batch.Kind
	iter batch.ArrayIter
}

func (a *arrayElements) add(out batch.Column, args []batch.Column, row int32, from int64, limit int) (n int, more bool, err error) {
	if from == 0 {
		a.iter = batch.Elems(args[0].(*batch.TextVec).At(int(row)), a.kind)
	}
	for ; n < limit; n++ {
		e, ok := a.iter.Next()
		if !ok {
			return n, false, nil
		}
		e.AppendTo(out)
	}
	return n, true, nil
}

// jsonElements are those of a JSONB array, which is taken apart at once and given
// out bit by bit.
type jsonElements struct {
	text bool
	held *batch.TextVec
}

func (j *jsonElements) add(out batch.Column, args []batch.Column, row int32, from int64, limit int) (n int, more bool, err error) {
	if from == 0 {
		j.held = batch.New(batch.Text, 0).(*batch.TextVec)
		if _, err := batch.AppendJSONElems(j.held, args[0].(*batch.TextVec).At(int(row)), j.text); err != nil {
			return 0, false, err
		}
	}
	for at := int(from); at < j.held.Len() && n < limit; at++ {
		batch.AppendFrom(out, j.held, at)
		n++
	}
	return n, int(from)+n < j.held.Len(), nil
}
