package rules

import (
	"github.com/dirigo-stream/dirigo/exec/expr"
	"github.com/dirigo-stream/dirigo/planner/logical"
)

// halves are the columns that are needed of a join's sides.
type halves struct {
	left, right columns
	width       int // of the left side
}

func newHalves(width int, need columns, leftKey, rightKey []int, on *expr.Node) *halves {
	h := &halves{left: columns{}, right: columns{}, width: width}
	for c := range need {
		h.add(c)
	}
	h.left.add(leftKey...)
	h.right.add(rightKey...)
	if on != nil {
		for _, c := range expr.Columns(on) {
			h.add(c)
		}
	}
	return h
}

func (h *halves) add(c int) {
	if c < h.width {
		h.left.add(c)
	} else {
		h.right.add(c - h.width)
	}
}

// prune returns the sides with just those columns, and where the join's are then.
func (h *halves) prune(left, right logical.Node) (l, r logical.Node, at place) {
	l, r = exact(left, h.left), exact(right, h.right)
	atLeft, atRight, now := rank(h.left), rank(h.right), len(l.Schema())
	return l, r, func(c int) int {
		if c < h.width {
			return atLeft(c)
		}
		return now + atRight(c-h.width)
	}
}

func pruneJoin(n *logical.Join, need columns) (logical.Node, place) {
	h := newHalves(len(n.Left.Schema()), need, n.LeftKey, n.RightKey, n.On)
	if n.Bound != nil {
		h.left.add(n.Bound.LeftTime)
		h.right.add(n.Bound.RightTime)
	}
	out := *n
	var at place
	out.Left, out.Right, at = h.prune(n.Left, n.Right)
	out.LeftKey, out.RightKey = placedAll(n.LeftKey, rank(h.left)), placedAll(n.RightKey, rank(h.right))
	if n.On != nil {
		out.On = logical.Shift(n.On, at)
	}
	if n.Bound != nil {
		b := *n.Bound
		b.LeftTime, b.RightTime = rank(h.left)(b.LeftTime), rank(h.right)(b.RightTime)
		out.Bound = &b
	}
	return &out, at
}

// pruneUnnest keeps the columns that it adds: they stand behind the input's.
func pruneUnnest(n *logical.Unnest, need columns) (logical.Node, place) {
	width, below := len(n.Input.Schema()), columns{}
	logical.MapExprs(n, func(e *expr.Node) *expr.Node {
		below.add(expr.Columns(e)...)
		return e
	})
	for c := range need {
		if c < width {
			below.add(c)
		}
	}
	in, at := prune(n.Input, below)
	out := logical.MapExprs(n, func(e *expr.Node) *expr.Node { return logical.Shift(e, at) }).With(in)
	now := len(in.Schema())
	return out, func(c int) int {
		if c < width {
			return at(c)
		}
		return now + c - width
	}
}

func placedAll(list []int, at place) []int {
	out := make([]int, len(list))
	for i, c := range list {
		out[i] = at(c)
	}
	return out
}
