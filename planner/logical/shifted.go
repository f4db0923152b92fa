package logical

import (
	"github.com/dirigo-stream/dirigo/exec/batch"
	"github.com/dirigo-stream/dirigo/exec/expr"
)

// Shifted reads a column, plus or minus intervals of a fixed length.
func Shifted(n *expr.Node) (column int, micros int64, ok bool) {
	if n.Op == expr.OpCol {
		return n.Col, 0, true
	}
	if n.Op != expr.OpCall || n.Name != "+" && n.Name != "-" || len(n.Args) != 2 {
		return 0, 0, false
	}
	x, by := n.Args[0], n.Args[1]
	if n.Name == "+" && x.Type.Kind == batch.Interval {
		x, by = by, x
	}
	length, ok := fixedLength(by)
	if !ok {
		return 0, 0, false
	}
	if n.Name == "-" {
		length = -length
	}
	column, micros, ok = Shifted(x)
	return column, micros + length, ok
}

// fixedLength is a constant interval without months, in microseconds.
func fixedLength(n *expr.Node) (int64, bool) {
	if n.Op != expr.OpConst || n.Null || n.Type.Kind != batch.Interval {
		return 0, false
	}
	span, err := batch.ParseSpan([]byte(n.Text))
	if err != nil || span.Months != 0 {
		return 0, false
	}
	const most = int64(1) << 60
	if micros := int64(span.Days)*batch.Day + span.Micros; micros > -most && micros < most {
		return micros, true
	}
	return 0, false
}
