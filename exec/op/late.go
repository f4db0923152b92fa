package op

import (
	"fmt"

	"github.com/dirigo-stream/dirigo/exec"
	"github.com/dirigo-stream/dirigo/exec/batch"
)

// late keeps rows out that come too late for the query, by the mark that their
// source gave them, and rows without event time. In = out + rejected.
type late struct {
	exec.Stateless
	spec   Late
	reject exec.Rejecter
	all    []int32
	kept   []int32
}

// Push implements exec.Operator.
func (l *late) Push(_ int, b *batch.Batch, out exec.Emitter, _ int) (bool, error) {
	nulls := b.Cols[l.spec.Time].Nulls()
	if nulls == nil && b.Late == nil {
		out.Emit(b)
		return false, nil
	}
	rows := rowsOf(b, &l.all)
	l.kept = l.kept[:0]
	for _, row := range rows {
		reason, detail := "", ""
		switch {
		case nulls != nil && nulls[row]:
			reason, detail = "null_key", "the event time is NULL"
		case b.Late != nil && b.Late[row] > l.spec.Allowed:
			reason = "late"
			detail = fmt.Sprintf("%d µs behind the watermark, %d allowed", b.Late[row], l.spec.Allowed)
		case b.Late != nil && -b.Late[row] > l.spec.Allowed:
			reason = "late_after_idle"
			detail = fmt.Sprintf("%d µs behind the watermark, which went on while the partition was idle, %d allowed", -b.Late[row], l.spec.Allowed)
		default:
			l.kept = append(l.kept, row)
			continue
		}
		if l.reject == nil || b.Origin == nil {
			return false, fmt.Errorf("row refused as %s: %s", reason, detail)
		}
		l.reject.Reject(exec.Reject{Origin: b.Origin, Row: int(row), Reason: reason, Detail: detail, Batch: b})
	}
	switch {
	case len(l.kept) == len(rows):
		out.Emit(b)
	case len(l.kept) > 0:
		out.Emit(narrow(b, l.kept))
	}
	return false, nil
}
