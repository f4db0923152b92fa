package op

import (
	"github.com/dirigo-stream/dirigo/exec"
	"github.com/dirigo-stream/dirigo/exec/batch"
)

// union passes on the rows of all its inputs.
type union struct{ exec.Stateless }

// Push implements exec.Operator.
func (union) Push(_ int, b *batch.Batch, out exec.Emitter, _ int) (bool, error) {
	out.Emit(b)
	return false, nil
}
