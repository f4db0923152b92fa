package op

import (
	"fmt"

	"github.com/dirigo-stream/dirigo/exec"
	"github.com/dirigo-stream/dirigo/exec/batch"
	"github.com/dirigo-stream/dirigo/exec/expr"
)

// filter passes on the rows for which a predicate is true; NULL is not true.
// In = out + filtered + rejected.
type filter struct {
	exec.Stateless
	pred   *expr.Program
	cx     expr.Context
	reject exec.Rejecter
	kept   []int32
}

func newFilter(n *expr.Node, env Env) (*filter, error) {
	if n.Type.Kind != batch.Bool {
		return nil, fmt.Errorf("the predicate is of type %s, not boolean", n.Type)
	}
	p, err := expr.Compile(n)
	if err != nil {
		return nil, err
	}
	return &filter{pred: p, cx: env.Context, reject: env.Rejecter}, nil
}

// Push implements exec.Operator.
func (f *filter) Push(_ int, b *batch.Batch, out exec.Emitter, _ int) (bool, error) {
	f.cx.Reset()
	f.kept = f.pred.Select(b, &f.cx, f.kept[:0])
	if failed := f.cx.Failed(); len(failed) > 0 {
		if err := rejectFailed(b, failed, f.reject); err != nil {
			return false, err
		}
		f.kept = append(f.kept[:0], without(f.kept, failed)...)
	}
	if len(f.kept) > 0 {
		out.Emit(narrow(b, f.kept))
	}
	return false, nil
}
