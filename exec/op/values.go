package op

import (
	"fmt"

	"github.com/dirigo-stream/dirigo/exec"
	"github.com/dirigo-stream/dirigo/exec/batch"
	"github.com/dirigo-stream/dirigo/exec/expr"
)

// values is a relation of constant rows: they leave at the first frontier.
type values struct {
	bounded
	rows *batch.Batch // nil: sent, or none
}

func newValues(spec Values, env Env) (*values, error) {
	v := &values{rows: &batch.Batch{N: len(spec.Rows), Time: batch.MaxTime}}
	for i, t := range spec.Types {
		col := batch.New(t.Kind, len(spec.Rows))
		for n, row := range spec.Rows {
			p, err := expr.Compile(row[i])
			if err != nil {
				return nil, err
			}
			cx := env.Context
			one := p.Eval(&batch.Batch{N: 1}, &cx)
			if failed := cx.Failed(); len(failed) > 0 {
				return nil, fmt.Errorf("row %d: %w", n+1, failed[0].Err)
			}
			batch.AppendFrom(col, one, 0)
		}
		v.rows.Cols = append(v.rows.Cols, col)
	}
	if len(spec.Rows) == 0 {
		v.rows = nil
	}
	return v, nil
}

// Push implements exec.Operator.
func (v *values) Push(int, *batch.Batch, exec.Emitter, int) (bool, error) {
	return false, fmt.Errorf("VALUES has no input")
}

// Advance implements exec.Operator.
func (v *values) Advance(_ exec.Frontier, out exec.Emitter, _ int) (bool, error) {
	if v.rows != nil {
		out.Emit(v.rows)
		v.rows = nil
	}
	return false, nil
}

// Resume implements exec.Operator.
func (v *values) Resume(exec.Emitter, int) (bool, error) { return false, nil }

// Due implements exec.Due.
func (v *values) Due(exec.Frontier, bool, int64) bool { return v.rows != nil }
