package logical

import (
	"slices"

	"github.com/dirigo-stream/dirigo/exec/batch"
	"github.com/dirigo-stream/dirigo/exec/expr"
)

// Column returns a reference to column i of a schema.
func Column(s batch.Schema, i int) *expr.Node {
	return expr.Col(i, s[i].Name, s[i].Type)
}

// Replace returns the expression with each column reference replaced by what f
// gives for it.
func Replace(n *expr.Node, f func(column *expr.Node) *expr.Node) *expr.Node {
	return Rewrite(n, func(n *expr.Node) *expr.Node {
		if n.Op == expr.OpCol {
			return f(n)
		}
		return n
	})
}

// Shift returns the expression over columns that have moved: place gives the
// new index of each.
func Shift(n *expr.Node, place func(column int) int) *expr.Node {
	return Replace(n, func(c *expr.Node) *expr.Node {
		moved := *c
		moved.Col = place(c.Col)
		return &moved
	})
}

// Rewrite rebuilds an expression from the leaves up: f sees each node after its
// arguments, and returns what stands in its place. Unchanged parts are shared.
func Rewrite(n *expr.Node, f func(*expr.Node) *expr.Node) *expr.Node {
	var args []*expr.Node
	for i, a := range n.Args {
		b := Rewrite(a, f)
		if b != a && args == nil {
			args = slices.Clone(n.Args)
		}
		if args != nil {
			args[i] = b
		}
	}
	if args != nil {
		c := *n
		c.Args = args
		n = &c
	}
	return f(n)
}

// Conjuncts splits a predicate at its ANDs.
func Conjuncts(n *expr.Node) []*expr.Node {
	if n.Op != expr.OpCall || n.Name != "and" {
		return []*expr.Node{n}
	}
	var parts []*expr.Node
	for _, a := range n.Args {
		parts = append(parts, Conjuncts(a)...)
	}
	return parts
}

// And joins predicates; nil for none.
func And(parts []*expr.Node) *expr.Node {
	if len(parts) == 0 {
		return nil
	}
	all := parts[0]
	for _, p := range parts[1:] {
		all = &expr.Node{Op: expr.OpCall, Name: "and", Type: batch.T(batch.Bool), Args: []*expr.Node{all, p}}
	}
	return all
}

// Keep returns a projection of some columns, or the node itself where those are
// all of them in order.
func Keep(n Node, columns []int) Node {
	in := n.Schema()
	p := &Project{Input: n}
	for _, c := range columns {
		p.Exprs = append(p.Exprs, Column(in, c))
		p.Names = append(p.Names, in[c].Name)
	}
	if p.Identity() {
		return n
	}
	return p
}
