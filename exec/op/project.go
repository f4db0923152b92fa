package op

import (
	"github.com/dirigo-stream/dirigo/exec"
	"github.com/dirigo-stream/dirigo/exec/batch"
	"github.com/dirigo-stream/dirigo/exec/expr"
)

// project computes columns from columns. A row for which one cannot be computed
// is rejected, for + and − alike. In = out + rejected.
type project struct {
	exec.Stateless
	cols   []*expr.Program
	cx     expr.Context
	reject exec.Rejecter
	all    []int32
}

func newProject(nodes []*expr.Node, env Env) (*project, error) {
	p := &project{cx: env.Context, reject: env.Rejecter}
	for _, n := range nodes {
		c, err := expr.Compile(n)
		if err != nil {
			return nil, err
		}
		p.cols = append(p.cols, c)
	}
	return p, nil
}

// Push implements exec.Operator.
func (p *project) Push(_ int, b *batch.Batch, out exec.Emitter, _ int) (bool, error) {
	if b.Rows() == 0 {
		return false, nil
	}
	p.cx.Reset()
	to := *b
	to.Cols = make([]batch.Column, len(p.cols))
	for i, c := range p.cols {
		to.Cols[i] = c.Eval(b, &p.cx)
	}
	if failed := p.cx.Failed(); len(failed) > 0 {
		if err := rejectFailed(b, failed, p.reject); err != nil {
			return false, err
		}
		if to.Sel = without(rowsOf(b, &p.all), failed); len(to.Sel) == 0 {
			return false, nil
		}
	}
	out.Emit(&to)
	return false, nil
}
