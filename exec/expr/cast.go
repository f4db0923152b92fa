package expr

import (
	"time"

	"github.com/dirigo-stream/dirigo/exec/batch"
)

// CastContext says who asks for a conversion.
type CastContext uint8

// The contexts: an expression, a column being assigned to, CAST.
const (
	Implicit CastContext = iota
	Assignment
	Explicit
)

// assigned marks, as the Name of an OpCast, that a text too long for VARCHAR(n)
// is an error; CAST cuts it.
const assigned = "assign"

// castable tells whether a kind may be converted in a context.
func castable(from, to batch.Kind, how CastContext) bool {
	if from == to || from == batch.Unknown {
		return true
	}
	level, ok := castLevel(from, to)
	return ok && how >= level
}

// castableTypes is castable for types: arrays convert as their elements do.
func castableTypes(from, to batch.Type, how CastContext) bool {
	if from.Kind == batch.Array && to.Kind == batch.Array {
		return castable(from.Elem, to.Elem, how)
	}
	return castable(from.Kind, to.Kind, how)
}

// castLevel returns the least context in which a conversion is allowed.
func castLevel(from, to batch.Kind) (CastContext, bool) {
	switch {
	case to == batch.Text:
		return Assignment, true
	case from == batch.Text:
		return Explicit, true
	case categoryOf(from) == catNumber && categoryOf(to) == catNumber:
		if numberRank(from) < numberRank(to) {
			return Implicit, true
		}
		return Assignment, true
	case from == batch.Array || to == batch.Array || from == texts_ || to == texts_:
		return 0, false
	case from == batch.JSONB && (to == batch.Bool || categoryOf(to) == catNumber):
		return Explicit, true
	case from == batch.Time && to == batch.Interval:
		return Implicit, true
	case to == batch.Time && (from == batch.Interval || from == batch.Timestamp || from == batch.TimestampTZ):
		return Assignment, true
	case from == batch.Time || to == batch.Time:
		return 0, false
	case categoryOf(from) == catDateTime && categoryOf(to) == catDateTime:
		if from < to { // date, timestamp, timestamptz
			return Implicit, true
		}
		return Assignment, true
	case (from == batch.Int32 && to == batch.Bool) || (from == batch.Bool && to == batch.Int32):
		return Explicit, true
	}
	return 0, false
}

func numberRank(k batch.Kind) int {
	switch k {
	case batch.Int16:
		return 0
	case batch.Int32:
		return 1
	case batch.Int64:
		return 2
	case batch.Numeric:
		return 3
	case batch.Float32:
		return 4
	}
	return 5
}

// Cast returns n as a value of type to: n itself, a constant, or an OpCast. It
// is an error 42846 (42804 in an assignment) where the context does not allow
// it, and the value's own error where n is a literal that to cannot hold.
func Cast(n *Node, to batch.Type, how CastContext) (*Node, error) {
	from := n.Type
	if from == to || (from.Kind == to.Kind && from.Elem == to.Elem && to.Precision == 0 && !from.IsChar()) {
		return n, nil
	}
	if !castableTypes(from, to, how) {
		return nil, castError(from, to, how)
	}
	if n.Op == OpConst && n.Null {
		return Null(to), nil
	}
	if n.Op == OpConst && from.Kind == batch.Unknown && to.Kind != batch.Unknown {
		return castLiteral(n, to, how)
	}
	if c := widened(n, to); c != nil {
		return c, nil
	}
	out := &Node{Op: OpCast, Type: to, Args: []*Node{n}}
	if how != Explicit {
		out.Name = assigned
	}
	return out, nil
}

// widened returns a numeric constant as one of a wider type, or nil. A REAL is
// left to run time: its digits name another number as DOUBLE PRECISION.
func widened(n *Node, to batch.Type) *Node {
	from := n.Type.Kind
	if n.Op != OpConst || from == batch.Float32 || categoryOf(from) != catNumber || categoryOf(to.Kind) != catNumber ||
		to.Precision != 0 || numberRank(from) >= numberRank(to.Kind) {
		return nil
	}
	col := batch.New(to.Kind, 1)
	if batch.AppendParsed(col, to, []byte(n.Text), nil) != nil {
		return nil
	}
	return constOf(col, 0, to)
}

func castError(from, to batch.Type, how CastContext) error {
	if how == Assignment {
		return errorf("42804", "expression is of type %s but %s is wanted", bare(from), bare(to))
	}
	return errorf("42846", "cannot cast type %s to %s", bare(from), bare(to))
}

// castLiteral reads an open literal as a value of type to. One whose meaning
// depends on the session's time zone stays a cast, which Fold completes.
func castLiteral(n *Node, to batch.Type, how CastContext) (*Node, error) {
	text := []byte(n.Text)
	if to.Kind == batch.Text {
		if how == Explicit {
			return Const(to, string(cutText(text, to))), nil
		}
		s, err := batch.FitText(text, to)
		if err != nil {
			return nil, fromValue(err)
		}
		return Const(to, string(s)), nil
	}
	col := batch.New(to.Kind, 1)
	if err := batch.AppendParsed(col, to, text, nil); err != nil {
		return nil, fromValue(err)
	}
	if to.Kind == batch.TimestampTZ && zoneMatters(text) || to.Kind == batch.Array && to.Elem == batch.TimestampTZ {
		return &Node{Op: OpCast, Type: to, Args: []*Node{n}}, nil
	}
	return constOf(col, 0, to), nil
}

// zoneMatters tells whether a timestamp is read differently in another zone.
func zoneMatters(text []byte) bool {
	a, _ := batch.ParseTimestampTZ(text, time.FixedZone("", 3600))
	b, _ := batch.ParseTimestampTZ(text, nil)
	return a != b
}

// constOf returns row i of a column as a constant.
func constOf(c batch.Column, i int, t batch.Type) *Node {
	if batch.IsNull(c, i) {
		return Null(t)
	}
	return Const(t, string(batch.AppendText(nil, c, i, t, nil)))
}

// constColumn returns a constant as a column of one row.
func constColumn(n *Node) (batch.Column, error) {
	c := batch.New(n.Type.Kind, 1)
	if n.Null {
		batch.AppendNull(c)
		return c, nil
	}
	if err := batch.AppendParsed(c, n.Type, []byte(n.Text), nil); err != nil {
		return nil, fromValue(err)
	}
	return c, nil
}
