package rules

import (
	"slices"
	"time"

	"github.com/dirigo-stream/dirigo/exec/batch"
	"github.com/dirigo-stream/dirigo/exec/expr"
	"github.com/dirigo-stream/dirigo/planner/logical"
)

// Fold computes constant parts of expressions, in a time zone, and simplifies
// what is left: AND and OR with constants, double NOT, CASE with constant
// conditions.
func Fold(n logical.Node, zone *time.Location) logical.Node {
	simple := func(n *expr.Node) *expr.Node { return Simplify(n, zone) }
	return logical.Transform(n, func(n logical.Node) logical.Node {
		if p, ok := n.(*logical.Project); ok {
			return foldProject(p, simple)
		}
		return logical.MapExprs(n, simple)
	})
}

// foldProject keeps the names of columns, but for those named after what they compute.
func foldProject(n *logical.Project, simple func(*expr.Node) *expr.Node) logical.Node {
	out := &logical.Project{Input: n.Input, Names: slices.Clone(n.Names), Exprs: make([]*expr.Node, len(n.Exprs))}
	for i, e := range n.Exprs {
		out.Exprs[i] = simple(e)
		if n.Names[i] == e.String() {
			out.Names[i] = out.Exprs[i].String()
		}
	}
	return out
}

// Simplify returns an expression that gives the same values with less work.
func Simplify(n *expr.Node, zone *time.Location) *expr.Node {
	return logical.Rewrite(expr.Fold(n, &expr.Context{Loc: zone}), simplify)
}

func simplify(n *expr.Node) *expr.Node {
	switch {
	case n.Op == expr.OpCall && (n.Name == "and" || n.Name == "or"):
		return junction(n)
	case n.Op == expr.OpCall && n.Name == "not" && n.Args[0].Op == expr.OpCall && n.Args[0].Name == "not":
		return n.Args[0].Args[0]
	case n.Op == expr.OpCall && n.Name == "not" && isTruth(n.Args[0]):
		return expr.BoolConst(!isTrue(n.Args[0]))
	case n.Op == expr.OpCase:
		return simplifyCase(n)
	}
	return n
}

// junction simplifies AND and OR: the one's neutral value is the other's
// absorbing one. Absorbing also saves the other side's errors, as PostgreSQL's
// planner does.
func junction(n *expr.Node) *expr.Node {
	neutral := n.Name == "and"
	var left []*expr.Node
	for _, a := range n.Args {
		switch {
		case !isTruth(a):
			left = append(left, a)
		case isTrue(a) != neutral:
			return expr.BoolConst(!neutral)
		}
	}
	switch len(left) {
	case 0:
		return expr.BoolConst(neutral)
	case 1:
		return left[0]
	case len(n.Args):
		return n
	}
	c := *n
	c.Args = left
	return &c
}

// simplifyCase drops arms that are never taken, and all behind one that always is.
func simplifyCase(n *expr.Node) *expr.Node {
	var args []*expr.Node
	i := 0
	for ; i+1 < len(n.Args); i += 2 {
		cond, value := n.Args[i], n.Args[i+1]
		switch {
		case isTrue(cond):
			return caseOf(n, append(args, value))
		case isTruth(cond), cond.Op == expr.OpConst && cond.Null:
		default:
			args = append(args, cond, value)
		}
	}
	return caseOf(n, append(args, n.Args[i:]...))
}

func caseOf(n *expr.Node, args []*expr.Node) *expr.Node {
	switch {
	case len(args) == len(n.Args):
		return n
	case len(args) == 1:
		return args[0]
	case len(args) == 0:
		return expr.Null(n.Type)
	}
	c := *n
	c.Args = args
	return &c
}

// isTruth says that n is the constant true or false.
func isTruth(n *expr.Node) bool {
	return n.Op == expr.OpConst && !n.Null && n.Type.Kind == batch.Bool
}

func isTrue(n *expr.Node) bool { return isTruth(n) && (n.Text == "t" || n.Text == "true") }
