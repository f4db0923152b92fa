package op

import (
	"errors"
	"fmt"

	"github.com/dirigo-stream/dirigo/exec"
	"github.com/dirigo-stream/dirigo/exec/batch"
	"github.com/dirigo-stream/dirigo/exec/window"
)

// assign adds window_start and window_end to rows; a row leaves once per window
// that holds it.
type assign struct {
	spec   Window
	grid   window.Grid
	reject exec.Rejecter
	all    []int32

	b    *batch.Batch // being multiplied
	rest []int32      // its rows left
	next int64        // the window of rest[0] to go on with; batch.MinTime: the first
}

func newAssign(spec Window, env Env) (*assign, error) {
	if spec.Size <= 0 || spec.Slide <= 0 {
		return nil, fmt.Errorf("a window of %d µs every %d µs: both must be positive", spec.Size, spec.Slide)
	}
	return &assign{spec: spec, grid: window.Grid{Size: spec.Size, Slide: spec.Slide, Offset: spec.Offset}, reject: env.Rejecter}, nil
}

// Push implements exec.Operator.
func (a *assign) Push(_ int, b *batch.Batch, out exec.Emitter, fuel int) (bool, error) {
	rows := rowsOf(b, &a.all)
	times := b.Cols[a.spec.Time].(*batch.Vec[int64])
	if times.Null != nil {
		kept := make([]int32, 0, len(rows))
		for _, row := range rows {
			if !times.Null[row] {
				kept = append(kept, row)
				continue
			}
			if a.reject == nil || b.Origin == nil {
				return false, errors.New("a row has no event time: no window holds it")
			}
			a.reject.Reject(exec.Reject{Origin: b.Origin, Row: int(row), Reason: "null_key", Detail: "the event time is NULL", Batch: b})
		}
		rows = kept
	}
	if a.grid.Slide == a.grid.Size {
		a.tumble(b, rows, times.Data, out)
		return false, nil
	}
	a.b, a.rest, a.next = b, append([]int32(nil), rows...), batch.MinTime
	return a.Resume(out, fuel)
}

// tumble adds the columns without copying the others.
func (a *assign) tumble(b *batch.Batch, rows []int32, times []int64, out exec.Emitter) {
	if len(rows) == 0 {
		return
	}
	start, end := make([]int64, b.N), make([]int64, b.N)
	for _, row := range rows {
		start[row] = a.grid.Last(times[row])
		end[row] = start[row] + a.grid.Size
	}
	to := *b
	if len(rows) < b.N {
		to.Sel = append([]int32(nil), rows...)
	}
	to.Cols = append(append(make([]batch.Column, 0, len(b.Cols)+2), b.Cols...),
		&batch.Vec[int64]{Data: start}, &batch.Vec[int64]{Data: end})
	out.Emit(&to)
}

// Resume implements exec.Operator.
func (a *assign) Resume(out exec.Emitter, fuel int) (bool, error) {
	if a.b == nil {
		return false, nil
	}
	times := a.b.Cols[a.spec.Time].(*batch.Vec[int64]).Data
	fuel = max(1, min(fuel, 1024))
	sel, start := make([]int32, 0, fuel), make([]int64, 0, fuel)
	for len(a.rest) > 0 && len(sel) < fuel {
		row := a.rest[0]
		s := a.next
		if s == batch.MinTime {
			s = a.grid.First(times[row])
		}
		for ; s <= times[row] && len(sel) < fuel; s += a.grid.Slide {
			if a.grid.Holds(s, times[row]) {
				sel, start = append(sel, row), append(start, s)
			}
		}
		if a.next = s; s > times[row] {
			a.rest, a.next = a.rest[1:], batch.MinTime
		}
	}
	if len(sel) > 0 {
		end := make([]int64, len(start))
		for i, s := range start {
			end[i] = s + a.grid.Size
		}
		to := a.b.Gather(sel)
		to.Cols = append(to.Cols, &batch.Vec[int64]{Data: start}, &batch.Vec[int64]{Data: end})
		out.Emit(to)
	}
	if len(a.rest) > 0 {
		return true, nil
	}
	a.b = nil
	return false, nil
}

// Advance implements exec.Operator.
func (a *assign) Advance(exec.Frontier, exec.Emitter, int) (bool, error) { return false, nil }
