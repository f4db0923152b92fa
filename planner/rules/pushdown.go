package rules

import (
	"slices"

	"github.com/dirigo-stream/dirigo/exec/expr"
	"github.com/dirigo-stream/dirigo/planner/logical"
)

// Pushdown moves filters towards the sources: through projections that pass on
// the columns they use, to every side of a union, below windows, and below an
// aggregate where they only look at its keys.
func Pushdown(n logical.Node) logical.Node { return push(n, nil) }

// push returns n under a conjunction of predicates over its columns.
func push(n logical.Node, preds []*expr.Node) logical.Node {
	switch n := n.(type) {
	case *logical.Filter:
		return push(n.Input, append(logical.Conjuncts(n.Pred), preds...))
	case *logical.Project:
		return split(n, preds, func(p *expr.Node) *expr.Node { return belowProject(n, p) })
	case *logical.Window:
		width := len(n.Input.Schema())
		return split(n, preds, func(p *expr.Node) *expr.Node { return belowWidth(width, p) })
	case *logical.Group:
		return split(n, preds, func(p *expr.Node) *expr.Node { return belowGroup(n, p) })
	case *logical.Sort:
		if n.Limit < 0 && n.Offset == 0 {
			return n.With(push(n.Input, preds))
		}
	case *logical.Distinct:
		return n.With(push(n.Input, preds))
	case *logical.Join:
		return pushJoin(n, preds)
	case *logical.Unnest:
		width := len(n.Input.Schema())
		return split(n, preds, func(p *expr.Node) *expr.Node { return belowWidth(width, p) })
	case *logical.Upsert:
		return split(n, preds, func(p *expr.Node) *expr.Node { return belowUpsert(n, p) })
	case *logical.SetOp:
		return pushSetOp(n, preds)
	case *logical.Union:
		return logical.WithInputs(n, func(side logical.Node) logical.Node { return push(side, named(side, preds)) })
	}
	return filter(logical.WithInputs(n, Pushdown), preds)
}

// split sends the predicates for which below finds a form under n's input, and
// leaves the others above n.
func split(n logical.Node, preds []*expr.Node, below func(*expr.Node) *expr.Node) logical.Node {
	var above, under []*expr.Node
	for _, p := range preds {
		if q := below(p); q != nil {
			under = append(under, q)
		} else {
			above = append(above, p)
		}
	}
	return filter(n.With(push(n.Inputs()[0], under)), above)
}

func filter(n logical.Node, preds []*expr.Node) logical.Node {
	if len(preds) == 0 {
		return n
	}
	return &logical.Filter{Input: n, Pred: logical.And(preds)}
}

// belowProject follows a predicate through a projection. What is computed there
// would be computed twice below it, so only columns and constants are followed.
func belowProject(n *logical.Project, pred *expr.Node) *expr.Node {
	for _, c := range expr.Columns(pred) {
		if op := n.Exprs[c].Op; op != expr.OpCol && op != expr.OpConst {
			return nil
		}
	}
	return logical.Replace(pred, func(c *expr.Node) *expr.Node { return n.Exprs[c.Col] })
}

func belowWidth(width int, pred *expr.Node) *expr.Node {
	if slices.ContainsFunc(expr.Columns(pred), func(c int) bool { return c >= width }) {
		return nil
	}
	return pred
}

// belowGroup follows a predicate on keys. One without columns stays above: it
// would empty the input of an aggregate that has a row even then.
func belowGroup(n *logical.Group, pred *expr.Node) *expr.Node {
	uses, before := expr.Columns(pred), n.Before()
	isKey := func(c int) bool { return c >= before && c < before+len(n.Keys) }
	if len(uses) == 0 || slices.ContainsFunc(uses, func(c int) bool { return !isKey(c) }) {
		return nil
	}
	in := n.Input.Schema()
	return logical.Replace(pred, func(c *expr.Node) *expr.Node { return logical.Column(in, n.Keys[c.Col-before]) })
}

// named returns the predicates with the names that a union's side has for the columns.
func named(side logical.Node, preds []*expr.Node) []*expr.Node {
	schema := side.Schema()
	out := make([]*expr.Node, len(preds))
	for i, p := range preds {
		out[i] = logical.Replace(p, func(c *expr.Node) *expr.Node { return logical.Column(schema, c.Col) })
	}
	return out
}

// belowUpsert lets predicates on the key pass: all records of a key agree.
func belowUpsert(n *logical.Upsert, pred *expr.Node) *expr.Node {
	if slices.ContainsFunc(expr.Columns(pred), func(c int) bool { return !slices.Contains(n.Key, c) }) {
		return nil
	}
	return pred
}

// pushSetOp sends predicates to both sides: they hold for whole rows.
func pushSetOp(n *logical.SetOp, preds []*expr.Node) logical.Node {
	return logical.WithInputs(n, func(side logical.Node) logical.Node { return push(side, named(side, preds)) })
}
