package logical

import (
	"strings"
	"time"

	"github.com/dirigo-stream/dirigo/exec/batch"
	"github.com/dirigo-stream/dirigo/exec/expr"
)

// Micros returns a duration in microseconds for people: 10s, 1h, 1h30m.
func Micros(us int64) string {
	text := (time.Duration(us) * time.Microsecond).String()
	if strings.HasSuffix(text, "m0s") {
		text = strings.TrimSuffix(text, "0s")
	}
	if strings.HasSuffix(text, "h0m") {
		text = strings.TrimSuffix(text, "0m")
	}
	return text
}

// infix are the calls written between their two arguments.
var infix = map[string]bool{
	"and": true, "or": true, "=": true, "<>": true, "<": true, "<=": true, ">": true, ">=": true,
	"+": true, "-": true, "*": true, "/": true, "%": true, "^": true, "||": true,
	"like": true, "ilike": true, "not like": true, "not ilike": true,
	"is distinct from": true, "is not distinct from": true, "~": true, "~*": true, "!~": true, "!~*": true,
}

// Text returns an expression as EXPLAIN shows it: like SQL, every inner
// operation in parentheses, casts as ::type.
func Text(n *expr.Node) string {
	t := text(n)
	if n.Op == expr.OpCall && strings.HasPrefix(t, "(") { // the outer pair says nothing
		return t[1 : len(t)-1]
	}
	return t
}

func text(n *expr.Node) string {
	switch n.Op {
	case expr.OpCol:
		return n.Name
	case expr.OpConst:
		return constant(n)
	case expr.OpCast:
		return text(n.Args[0]) + "::" + n.Type.String()
	case expr.OpCase:
		return caseText(n)
	}
	args := make([]string, len(n.Args))
	for i, a := range n.Args {
		args[i] = text(a)
	}
	switch {
	case len(args) == 2 && infix[n.Name]:
		return "(" + args[0] + " " + strings.ToUpper(n.Name) + " " + args[1] + ")"
	case len(args) == 1 && strings.HasPrefix(n.Name, "is "):
		return "(" + args[0] + " " + strings.ToUpper(n.Name) + ")"
	case len(args) == 1 && (n.Name == "not" || n.Name == "-"):
		return "(" + strings.ToUpper(n.Name) + " " + args[0] + ")"
	case n.Name == "in" && len(args) > 1:
		return "(" + args[0] + " IN (" + strings.Join(args[1:], ", ") + "))"
	}
	return n.Name + "(" + strings.Join(args, ", ") + ")"
}

func constant(n *expr.Node) string {
	switch {
	case n.Null:
		return "NULL"
	case n.Type.Kind == batch.Bool, n.Type.Kind >= batch.Int16 && n.Type.Kind <= batch.Numeric:
		return n.Text
	}
	quoted := "'" + strings.ReplaceAll(n.Text, "'", "''") + "'"
	if n.Type.Kind == batch.Text || n.Type.Kind == batch.Unknown {
		return quoted
	}
	return quoted + "::" + n.Type.String()
}

func caseText(n *expr.Node) string {
	var b strings.Builder
	b.WriteString("CASE")
	i := 0
	for ; i+1 < len(n.Args); i += 2 {
		b.WriteString(" WHEN " + Text(n.Args[i]) + " THEN " + Text(n.Args[i+1]))
	}
	if i < len(n.Args) {
		b.WriteString(" ELSE " + Text(n.Args[i]))
	}
	return b.String() + " END"
}
