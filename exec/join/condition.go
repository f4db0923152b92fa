package join

import (
	"errors"
	"fmt"

	"github.com/dirigo-stream/dirigo/exec/batch"
	"github.com/dirigo-stream/dirigo/exec/expr"
)

// condition is a condition over pairs of rows.
type condition struct {
	program *expr.Program // nil: it always holds
	cols    []int         // of left ++ right, that it reads
	cx      expr.Context
	sel     []int32
}

func newCondition(on *expr.Node, left int, cx expr.Context) (*condition, error) {
	c := &condition{cx: cx}
	if on == nil {
		return c, nil
	}
	if on.Type.Kind != batch.Bool {
		return nil, fmt.Errorf("the condition is of type %s, not boolean", on.Type)
	}
	c.cols = expr.Columns(on)
	to := map[int]int{}
	for i, col := range c.cols {
		to[col] = i
	}
	var err error
	c.program, err = expr.Compile(expr.Remap(on, to))
	return c, err
}

func (c *condition) columns() []int { return c.cols }

// holds returns which of n pairs the condition is true for. An error says that it
// could not be computed for one.
func (c *condition) holds(n int, column func(int) batch.Column) ([]int32, error) {
	b := &batch.Batch{N: n, Time: batch.MaxTime}
	for _, col := range c.cols {
		b.Cols = append(b.Cols, column(col))
	}
	c.cx.Reset()
	c.sel = c.program.Select(b, &c.cx, c.sel[:0])
	if failed := c.cx.Failed(); len(failed) > 0 {
		return nil, errors.New(failed[0].Err.Error())
	}
	return c.sel, nil
}
