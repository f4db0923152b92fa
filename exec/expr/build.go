package expr

import (
	"strconv"
	"strings"

	"github.com/dirigo-stream/dirigo/exec/batch"
)

// Col returns a reference to input column i.
func Col(i int, name string, t batch.Type) *Node {
	return &Node{Op: OpCol, Type: t, Col: i, Name: name}
}

// Const returns a constant; text is its value as PostgreSQL prints it
// (timestamps with time zone in UTC).
func Const(t batch.Type, text string) *Node {
	return &Node{Op: OpConst, Type: t, Text: text}
}

// Null returns a NULL of type t; of batch.Unknown for a bare NULL.
func Null(t batch.Type) *Node { return &Node{Op: OpConst, Type: t, Null: true} }

// Literal returns a quoted literal whose type is still open.
func Literal(text string) *Node { return Const(batch.T(batch.Unknown), text) }

// BoolConst returns TRUE or FALSE.
func BoolConst(v bool) *Node {
	if v {
		return Const(batch.T(batch.Bool), "t")
	}
	return Const(batch.T(batch.Bool), "f")
}

// Number returns a numeric literal: the least of integer, bigint and numeric
// that holds it.
func Number(text string) (*Node, error) {
	if !strings.ContainsAny(text, ".eE") {
		if v, err := strconv.ParseInt(text, 10, 64); err == nil {
			k := batch.Int64
			if batch.FitsInt(v, batch.Int32) {
				k = batch.Int32
			}
			return Const(batch.T(k), strconv.FormatInt(v, 10)), nil
		}
	}
	d, err := batch.ParseDecimal([]byte(text))
	if err != nil {
		return nil, fromValue(err)
	}
	return Const(batch.T(batch.Numeric), d.String()), nil
}

// IntervalLiteral returns INTERVAL 'text' qualifier; the qualifier ("hour",
// "day to second") may be empty.
func IntervalLiteral(text, qualifier string) (*Node, error) {
	s, err := batch.ParseSpanFields([]byte(text), qualifier)
	if err != nil {
		return nil, fromValue(err)
	}
	return Const(batch.T(batch.Interval), s.String()), nil
}

// Columns returns the input columns that n reads, ascending, each once.
func Columns(n *Node) []int {
	set := map[int]struct{}{}
	collect(n, set)
	return sortedKeys(set)
}

func collect(n *Node, set map[int]struct{}) {
	if n.Op == OpCol {
		set[n.Col] = struct{}{}
	}
	for _, a := range n.Args {
		collect(a, set)
	}
}

// Remap returns n with every column c replaced by to[c]; columns not in to stay.
func Remap(n *Node, to map[int]int) *Node {
	if n.Op == OpCol {
		c, ok := to[n.Col]
		if !ok || c == n.Col {
			return n
		}
		out := *n
		out.Col = c
		return &out
	}
	return rewriteArgs(n, func(a *Node) *Node { return Remap(a, to) })
}

// rewriteArgs returns n with f applied to its arguments; n itself where f
// changes none.
func rewriteArgs(n *Node, f func(*Node) *Node) *Node {
	var args []*Node
	for i, a := range n.Args {
		b := f(a)
		if b != a && args == nil {
			args = append(args, n.Args...)
		}
		if args != nil {
			args[i] = b
		}
	}
	if args == nil {
		return n
	}
	out := *n
	out.Args = args
	return &out
}
