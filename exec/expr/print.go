package expr

import (
	"strings"

	"github.com/dirigo-stream/dirigo/exec/batch"
)

// String prints n as SQL, for EXPLAIN and error messages. Casts that only
// conversion rules put in are not shown on constants.
func (n *Node) String() string {
	var b strings.Builder
	n.print(&b, false)
	return b.String()
}

func (n *Node) print(b *strings.Builder, nested bool) {
	switch n.Op {
	case OpCol:
		if n.Name == "" {
			b.WriteString("?column?")
		}
		b.WriteString(n.Name)
	case OpConst:
		n.printConst(b)
	case OpCast:
		n.Args[0].print(b, true)
		b.WriteString("::" + n.Type.String())
	case OpCase:
		n.printCase(b)
	default:
		n.printCall(b, nested)
	}
}

func (n *Node) printConst(b *strings.Builder) {
	switch k := n.Type.Kind; {
	case n.Null:
		b.WriteString("NULL")
	case k == batch.Bool:
		b.WriteString(map[bool]string{true: "true", false: "false"}[n.Text == "t" || n.Text == "true"])
	case categoryOf(k) == catNumber:
		b.WriteString(n.Text)
	default:
		b.WriteString("'" + strings.ReplaceAll(n.Text, "'", "''") + "'")
		if k != batch.Text && k != batch.Unknown {
			b.WriteString("::" + n.Type.String())
		}
	}
}

func (n *Node) printCase(b *strings.Builder) {
	b.WriteString("CASE")
	for i, a := range n.Args {
		switch {
		case i == len(n.Args)-1:
			b.WriteString(" ELSE ")
		case i%2 == 0:
			b.WriteString(" WHEN ")
		default:
			b.WriteString(" THEN ")
		}
		a.print(b, false)
	}
	b.WriteString(" END")
}

func (n *Node) printCall(b *strings.Builder, nested bool) {
	name, args := n.Name, n.Args
	word := strings.ToUpper(name)
	switch {
	case (name == "in" || name == "and" || name == "or" || isOperator(name)) && len(args) > 1,
		strings.HasPrefix(name, "is "), name == "not", name == "at time zone":
		if nested {
			b.WriteByte('(')
			defer b.WriteByte(')')
		}
	}
	switch {
	case name == "in":
		args[0].print(b, true)
		b.WriteString(" IN ")
		printList(b, args[1:])
	case name == "not":
		b.WriteString("NOT ")
		args[0].print(b, true)
	case strings.HasPrefix(name, "is ") && len(args) == 1:
		args[0].print(b, true)
		b.WriteString(" " + word)
	case isOperator(name) && len(args) == 1:
		b.WriteString(name)
		args[0].print(b, true)
	case name == "and" || name == "or" || name == "at time zone" || strings.HasPrefix(name, "is ") || isOperator(name):
		printInfix(b, " "+word+" ", args)
	case strings.HasSuffix(name, " any"), strings.HasSuffix(name, " all"):
		args[0].print(b, true)
		b.WriteString(" " + word + " ")
		printList(b, args[1:])
	case name == "array_construct":
		b.WriteString("ARRAY[")
		for i, a := range args {
			if i > 0 {
				b.WriteString(", ")
			}
			a.print(b, false)
		}
		b.WriteByte(']')
	case name == "array_subscript":
		args[0].print(b, true)
		b.WriteByte('[')
		args[1].print(b, false)
		b.WriteByte(']')
	case name == "nullif":
		b.WriteString("nullif")
		printList(b, args[1].Args)
	case name == "extract":
		b.WriteString("extract(" + args[0].Text + " FROM ")
		args[1].print(b, false)
		b.WriteByte(')')
	default:
		b.WriteString(name)
		printList(b, args)
	}
}

func printInfix(b *strings.Builder, op string, args []*Node) {
	for i, a := range args {
		if i > 0 {
			b.WriteString(op)
		}
		a.print(b, true)
	}
}

func printList(b *strings.Builder, args []*Node) {
	b.WriteByte('(')
	for i, a := range args {
		if i > 0 {
			b.WriteString(", ")
		}
		a.print(b, false)
	}
	b.WriteByte(')')
}
