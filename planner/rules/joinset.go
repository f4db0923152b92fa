package rules

import (
	"slices"

	"github.com/dirigo-stream/dirigo/exec/expr"
	"github.com/dirigo-stream/dirigo/exec/join"
	"github.com/dirigo-stream/dirigo/planner/logical"
)

// maxLeaves is how many inputs a set of joins has that is reordered.
const maxLeaves = 64

// leafSet are leaves of a set of joins, a bit each.
type leafSet uint64

func (s leafSet) has(leaf int) bool { return s>>leaf&1 != 0 }

// within says that all of s, and something, is in t.
func (s leafSet) within(t leafSet) bool { return s != 0 && s&^t == 0 }

// joinSet is a tree of inner joins taken apart: what is joined, and all
// conditions, over the columns of the leaves as they stand one after another.
type joinSet struct {
	leaves []logical.Node
	starts []int // first column of each leaf
	width  int
	preds  []*expr.Node
	pos    int

	sizes []float64 // rows of the leaves, guessed
	conds []cond    // the preds
}

// cond is what a condition does for a join: where its two sides come from, if it
// is an equality, and of how many values they are.
type cond struct {
	uses, left, right leafSet
	equal             bool
	keys              float64
}

// reorders says that a node is an inner join that has no keys yet, and so one of
// a set whose order is free.
func reorders(n logical.Node) bool {
	j, ok := n.(*logical.Join)
	return ok && j.Kind == join.Inner && !j.AsOf && len(j.LeftKey) == 0
}

// hidden returns the join of a set below a projection that only picks columns.
func hidden(n logical.Node) logical.Node {
	p, ok := n.(*logical.Project)
	if !ok || slices.ContainsFunc(p.Exprs, func(e *expr.Node) bool { return e.Op != expr.OpCol }) {
		return nil
	}
	if !reorders(p.Input) && hidden(p.Input) == nil {
		return nil
	}
	return p.Input
}

// flatten adds a tree and returns where its columns are.
func (s *joinSet) flatten(n logical.Node) []int {
	if below := hidden(n); below != nil {
		columns, exprs := s.flatten(below), n.(*logical.Project).Exprs
		out := make([]int, len(exprs))
		for i, e := range exprs {
			out[i] = columns[e.Col]
		}
		return out
	}
	if !reorders(n) {
		return s.leaf(n)
	}
	j := n.(*logical.Join)
	s.pos = j.Pos
	columns := append(s.flatten(j.Left), s.flatten(j.Right)...)
	for _, p := range conjuncts(j.On) {
		s.preds = append(s.preds, logical.Shift(p, func(c int) int { return columns[c] }))
	}
	return columns
}

func (s *joinSet) leaf(n logical.Node) []int {
	s.leaves, s.starts = append(s.leaves, n), append(s.starts, s.width)
	out := make([]int, len(n.Schema()))
	for i := range out {
		out[i] = s.width + i
	}
	s.width += len(out)
	return out
}

// measure guesses sizes, once for all orders.
func (s *joinSet) measure() {
	all := make([]float64, len(s.leaves)) // without their filters
	for i, leaf := range s.leaves {
		s.sizes, all[i] = append(s.sizes, rowsOf(leaf)), allOf(leaf)
	}
	keys := func(of leafSet) (most float64) {
		for i := range s.leaves {
			if of.has(i) {
				most = max(most, all[i])
			}
		}
		return most
	}
	for _, p := range s.preds {
		c := cond{uses: s.uses(p)}
		if l, r, _, ok := equalityOf(p); ok {
			c.left, c.right, c.equal = s.uses(l), s.uses(r), true
			c.keys = max(1, keys(c.left), keys(c.right))
		}
		s.conds = append(s.conds, c)
	}
}

// uses returns the leaves that an expression looks at.
func (s *joinSet) uses(n *expr.Node) (set leafSet) {
	for _, c := range expr.Columns(n) {
		leaf := len(s.starts) - 1
		for s.starts[leaf] > c {
			leaf--
		}
		set |= 1 << leaf
	}
	return set
}

// joined guesses how many rows two parts have together, and says whether a key
// joins them: each row of one side finds its share of the other's keys.
func (s *joinSet) joined(left leafSet, leftRows float64, right leafSet, rightRows float64) (rows float64, keyed bool) {
	rows = leftRows * rightRows
	for _, c := range s.conds {
		switch {
		case c.equal && (c.left.within(left) && c.right.within(right) || c.left.within(right) && c.right.within(left)):
			rows /= c.keys
			keyed = true
		case c.uses.within(left|right) && !c.uses.within(left) && !c.uses.within(right):
			rows *= rangeShare
		}
	}
	return max(1, rows), keyed
}

// build joins the leaves in an order, each condition where its columns are first
// together, and gives the columns wanted. Conditions without columns are with the
// first join.
func (s *joinSet) build(order []int, columns []int) logical.Node {
	place := make([]int, s.width) // of the set's columns
	rest := slices.Clone(s.preds)
	have, out := leafSet(0), logical.Node(nil)
	for _, leaf := range order {
		right, width := s.leaves[leaf], 0
		if out != nil {
			width = len(out.Schema())
		}
		for c := range right.Schema() {
			place[s.starts[leaf]+c] = width + c
		}
		have |= 1 << leaf
		if out == nil {
			out = right
			continue
		}
		var on []*expr.Node
		rest = slices.DeleteFunc(rest, func(p *expr.Node) bool {
			if s.uses(p)&^have != 0 {
				return false
			}
			on = append(on, logical.Shift(p, func(c int) int { return place[c] }))
			return true
		})
		out = &logical.Join{Kind: join.Inner, Left: out, Right: right, On: logical.And(on), Pos: s.pos}
	}
	keep := make([]int, len(columns))
	for i, c := range columns {
		keep[i] = place[c]
	}
	return logical.Keep(out, keep)
}
