package op

import (
	"fmt"

	"github.com/dirigo-stream/dirigo/exec"
	"github.com/dirigo-stream/dirigo/exec/batch"
	"github.com/dirigo-stream/dirigo/exec/expr"
)

// rowsOf returns the selected rows of b; scratch is reused where there is no
// selection.
func rowsOf(b *batch.Batch, scratch *[]int32) []int32 {
	if b.Sel != nil {
		return b.Sel
	}
	for i := len(*scratch); i < b.N; i++ {
		*scratch = append(*scratch, int32(i))
	}
	return (*scratch)[:b.N]
}

// without returns rows, which ascend, without those that failed.
func without(rows []int32, failed []expr.Failure) []int32 {
	bad := make(map[int32]bool, len(failed))
	for _, f := range failed {
		bad[int32(f.Row)] = true
	}
	kept := make([]int32, 0, len(rows))
	for _, row := range rows {
		if !bad[row] {
			kept = append(kept, row)
		}
	}
	return kept
}

// rejectFailed hands on the rows that an expression failed for; where that
// cannot be done the first failure is the error.
func rejectFailed(b *batch.Batch, failed []expr.Failure, to exec.Rejecter) error {
	if to == nil || b.Origin == nil {
		return fmt.Errorf("a row cannot be computed: %w", failed[0].Err)
	}
	for _, f := range failed {
		to.Reject(exec.Reject{Origin: b.Origin, Row: f.Row, Reason: "expression", Detail: f.Err.Error(), Batch: b})
	}
	return nil
}

// narrow returns b with only the rows kept: with a selection, or copied where
// few are left, so that they do not hold on to the memory of all.
func narrow(b *batch.Batch, kept []int32) *batch.Batch {
	if len(kept) == b.N {
		return b
	}
	if len(kept)*4 < b.N {
		return b.Gather(kept)
	}
	out := *b
	out.Sel = append(make([]int32, 0, len(kept)), kept...)
	return &out
}
