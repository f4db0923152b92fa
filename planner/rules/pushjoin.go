package rules

import (
	"slices"

	"github.com/dirigo-stream/dirigo/exec/expr"
	"github.com/dirigo-stream/dirigo/exec/join"
	"github.com/dirigo-stream/dirigo/planner/logical"
)

// parted are predicates over a join's columns, by the side that they look at.
// Those for the right side are over its own columns.
type parted struct{ left, right, both []*expr.Node }

func part(preds []*expr.Node, width int) parted {
	var p parted
	for _, pred := range preds {
		uses := expr.Columns(pred)
		switch {
		case len(uses) == 0: // a constant belongs to both: it stays where it is
			p.both = append(p.both, pred)
		case uses[len(uses)-1] < width:
			p.left = append(p.left, pred)
		case uses[0] >= width:
			p.right = append(p.right, logical.Shift(pred, func(c int) int { return c - width }))
		default:
			p.both = append(p.both, pred)
		}
	}
	return p
}

// unshift gives predicates of the right side the join's column indices.
func unshift(preds []*expr.Node, width int) []*expr.Node {
	out := make([]*expr.Node, len(preds))
	for i, p := range preds {
		out[i] = logical.Shift(p, func(c int) int { return c + width })
	}
	return out
}

// pushJoin moves predicates from above a join, and those of its own condition,
// into its sides. Above an outer join those on the padded side stay; in its
// condition those on the kept side do. What the equalities say of the other side
// goes there too.
func pushJoin(n *logical.Join, preds []*expr.Node) logical.Node {
	n = stricter(n, preds)
	width := len(n.Left.Schema())
	above, on := part(preds, width), part(conjuncts(n.On), width)
	outerLeft, outerRight := n.Outer()
	var stay, left, right []*expr.Node
	switch {
	case n.Kind == join.Inner:
		on.both = append(on.both, above.both...)
		left, right = append(on.left, above.left...), append(on.right, above.right...)
		on.left, on.right = nil, nil
	case n.LeftOnly():
		stay, left = above.both, above.left
		if n.Kind == join.Semi {
			left, on.left = append(left, on.left...), nil
		}
		if n.Kind != join.NullAnti {
			right, on.right = on.right, nil
		}
	default:
		stay = above.both
		if outerRight {
			stay = append(stay, above.left...)
		} else {
			left = above.left
			right, on.right = on.right, nil
		}
		if outerLeft {
			stay = append(stay, unshift(above.right, width)...)
		} else {
			right = append(right, above.right...)
			left, on.left = append(left, on.left...), nil
		}
	}
	moreLeft, moreRight := inferred(n, on.both, left, right)
	out := *n
	out.Left, out.Right = push(n.Left, append(left, moreLeft...)), push(n.Right, append(right, moreRight...))
	out.On = logical.And(slices.Concat(on.both, on.left, unshift(on.right, width)))
	return filter(&out, stay)
}

func conjuncts(n *expr.Node) []*expr.Node {
	if n == nil {
		return nil
	}
	return logical.Conjuncts(n)
}

// stricter turns an outer join into one that keeps fewer rows, where a
// predicate above refuses what it would pad.
func stricter(n *logical.Join, preds []*expr.Node) *logical.Join {
	left, right := n.Outer()
	if !left && !right {
		return n
	}
	width := len(n.Left.Schema())
	for _, p := range preds {
		left = left && !refuses(p, func(c int) bool { return c >= width })
		right = right && !refuses(p, func(c int) bool { return c < width })
	}
	out := *n
	switch {
	case left && right:
		out.Kind = join.Full
	case left:
		out.Kind = join.Left
	case right:
		out.Kind = join.Right
	default:
		out.Kind = join.Inner
	}
	return &out
}

// refuses says that a predicate is not true where all those columns are NULL.
func refuses(pred *expr.Node, null func(column int) bool) bool {
	return !mayBe(truth(pred, null), yes)
}

// outcome is a set of truth values.
type outcome uint8

const (
	yes outcome = 1 << iota
	no
	unknown
	anything = yes | no | unknown
)

func mayBe(o, value outcome) bool { return o&value != 0 }

// truth returns what a predicate can be where some columns are NULL.
func truth(n *expr.Node, null func(int) bool) outcome {
	if missing(n, null) {
		return unknown
	}
	switch {
	case isTrue(n):
		return yes
	case isTruth(n):
		return no
	case n.Op != expr.OpCall:
		return anything
	}
	switch n.Name {
	case "and", "or":
		return junctionOf(n, null)
	case "not":
		return negated(truth(n.Args[0], null))
	case "is not null":
		if missing(n.Args[0], null) {
			return no
		}
	case "is true":
		if o := truth(n.Args[0], null); !mayBe(o, yes) {
			return no
		}
	}
	return anything
}

func junctionOf(n *expr.Node, null func(int) bool) outcome {
	flip := func(o outcome) outcome { return o }
	if n.Name == "or" {
		flip = negated
	}
	// AND: true if all may be; false if one may be; unknown if one may be.
	all := yes
	for _, a := range n.Args {
		o := flip(truth(a, null))
		if !mayBe(o, yes) {
			all &^= yes
		}
		all |= o &^ yes
	}
	return flip(all)
}

func negated(o outcome) outcome {
	out := o & unknown
	if mayBe(o, yes) {
		out |= no
	}
	if mayBe(o, no) {
		out |= yes
	}
	return out
}

// strict are the functions that are NULL when an argument is.
var strict = map[string]bool{
	"=": true, "<>": true, "<": true, "<=": true, ">": true, ">=": true, "+": true, "-": true, "*": true, "/": true,
	"%": true, "||": true, "like": true, "ilike": true, "lower": true, "upper": true, "abs": true, "length": true,
	"extract": true, "date_trunc": true, "substring": true, "substr": true,
}

// missing says that an expression is NULL where some columns are.
func missing(n *expr.Node, null func(int) bool) bool {
	switch {
	case n.Op == expr.OpCol:
		return null(n.Col)
	case n.Op == expr.OpCast:
		return missing(n.Args[0], null)
	case n.Op == expr.OpCall && strict[n.Name]:
		return slices.ContainsFunc(n.Args, func(a *expr.Node) bool { return missing(a, null) })
	case n.Op == expr.OpCall && n.Name == "in":
		return missing(n.Args[0], null)
	}
	return false
}
