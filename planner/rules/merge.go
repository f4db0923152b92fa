package rules

import (
	"github.com/dirigo-stream/dirigo/exec/expr"
	"github.com/dirigo-stream/dirigo/planner/logical"
)

// Merge joins neighbouring projections and filters, and drops projections that
// change nothing and filters that are always true.
func Merge(n logical.Node) logical.Node { return logical.Transform(n, merge) }

func merge(n logical.Node) logical.Node {
	switch n := n.(type) {
	case *logical.Filter:
		return mergeFilter(n)
	case *logical.Project:
		return mergeProject(n)
	}
	return n
}

func mergeFilter(n *logical.Filter) logical.Node {
	if isTrue(n.Pred) {
		return n.Input
	}
	if in, ok := n.Input.(*logical.Filter); ok {
		preds := append(logical.Conjuncts(in.Pred), logical.Conjuncts(n.Pred)...)
		return &logical.Filter{Input: in.Input, Pred: logical.And(preds)}
	}
	return n
}

func mergeProject(n *logical.Project) logical.Node {
	if n.Identity() {
		return n.Input
	}
	switch in := n.Input.(type) {
	case *logical.Project:
		if !repeats(n, in) {
			return mergeProject(inline(n, in))
		}
	case *logical.Values:
		if len(in.Columns) == 0 {
			return constants(n, in)
		}
	}
	return n
}

// repeats says that inlining would compute something more than once.
func repeats(outer, inner *logical.Project) bool {
	used := make([]int, len(inner.Exprs))
	for _, e := range outer.Exprs {
		count(e, used)
	}
	for i, times := range used {
		if op := inner.Exprs[i].Op; times > 1 && op != expr.OpCol && op != expr.OpConst {
			return true
		}
	}
	return false
}

func count(n *expr.Node, used []int) {
	if n.Op == expr.OpCol {
		used[n.Col]++
	}
	for _, a := range n.Args {
		count(a, used)
	}
}

func inline(outer, inner *logical.Project) *logical.Project {
	out := &logical.Project{Input: inner.Input, Names: outer.Names, Exprs: make([]*expr.Node, len(outer.Exprs))}
	for i, e := range outer.Exprs {
		out.Exprs[i] = logical.Replace(e, func(c *expr.Node) *expr.Node { return inner.Exprs[c.Col] })
	}
	return out
}

// constants turns SELECT without FROM into a constant relation.
func constants(n *logical.Project, in *logical.Values) logical.Node {
	out := &logical.Values{Columns: n.Schema()}
	for range in.Rows {
		out.Rows = append(out.Rows, n.Exprs)
	}
	return out
}
