package rules

import (
	"slices"

	"github.com/dirigo-stream/dirigo/exec/expr"
	"github.com/dirigo-stream/dirigo/exec/join"
	"github.com/dirigo-stream/dirigo/planner/logical"
)

// inferred returns what the predicates that go to the sides of a join say of the
// other sides, by the equalities on: of a.k = b.k and a.k = 5 it is b.k = 5. Only
// a side whose rows count for nothing without a match is narrowed so.
func inferred(n *logical.Join, on, left, right []*expr.Node) (moreLeft, moreRight []*expr.Node) {
	if n.AsOf || n.Kind == join.NullAnti || n.Kind == join.Full {
		return nil, nil
	}
	left, right = append(slices.Clone(left), holding(n.Left)...), append(slices.Clone(right), holding(n.Right)...)
	width := len(n.Left.Schema())
	outerLeft, outerRight := n.Outer()
	for _, p := range on {
		l, r, ok := columnsEqual(p, width)
		if !ok {
			continue
		}
		if !outerRight {
			moreRight = append(moreRight, about(left, l, r)...)
		}
		if !outerLeft && n.Kind != join.Anti {
			moreLeft = append(moreLeft, about(right, r, l)...)
		}
	}
	return without(moreLeft, left), without(moreRight, right)
}

// holding are the predicates of a filter.
func holding(n logical.Node) []*expr.Node {
	if f, ok := n.(*logical.Filter); ok {
		return logical.Conjuncts(f.Pred)
	}
	return nil
}

// columnsEqual reads an equality of a column of each side, of one type.
func columnsEqual(p *expr.Node, width int) (l, r *expr.Node, ok bool) {
	if p.Op != expr.OpCall || p.Name != "=" || p.Args[0].Op != expr.OpCol || p.Args[1].Op != expr.OpCol {
		return nil, nil, false
	}
	l, r = p.Args[0], p.Args[1]
	if l.Col >= width {
		l, r = r, l
	}
	if l.Col >= width || r.Col < width || l.Type != r.Type {
		return nil, nil, false
	}
	moved := *r
	moved.Col -= width
	return l, &moved, true
}

// about returns the comparisons of a column with constants, as said of another.
func about(preds []*expr.Node, column, other *expr.Node) (out []*expr.Node) {
	for _, p := range preds {
		if p.Op != expr.OpCall || mirrored[p.Name] == "" && p.Name != "in" {
			continue
		}
		isColumn := func(a *expr.Node) bool { return a.Op == expr.OpCol && a.Col == column.Col }
		rest := slices.DeleteFunc(slices.Clone(p.Args), isColumn)
		if len(rest) != len(p.Args)-1 || slices.ContainsFunc(rest, func(a *expr.Node) bool { return a.Op != expr.OpConst }) {
			continue
		}
		out = append(out, logical.Replace(p, func(*expr.Node) *expr.Node { return other }))
	}
	return out
}

// without leaves out what is known, and what stands twice.
func without(more, known []*expr.Node) (out []*expr.Node) {
	for _, p := range more {
		is := func(o *expr.Node) bool {
			return o.String() == p.String() && slices.Equal(expr.Columns(o), expr.Columns(p))
		}
		if !slices.ContainsFunc(known, is) && !slices.ContainsFunc(out, is) {
			out = append(out, p)
		}
	}
	return out
}
