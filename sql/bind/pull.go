package bind

import (
	"slices"

	"github.com/dirigo-stream/dirigo/exec/agg"
	"github.com/dirigo-stream/dirigo/exec/expr"
	"github.com/dirigo-stream/dirigo/exec/join"
	"github.com/dirigo-stream/dirigo/planner/logical"
	"github.com/dirigo-stream/dirigo/sql/ast"
)

// pulled is a subquery whose references to outer columns have been pulled out
// of it: for an outer row it stands for the rows of node for which preds hold.
type pulled struct {
	node logical.Node
	// out are the query's columns, over node's, and outer references.
	out []*expr.Node
	// preds are over the same.
	preds []*expr.Node
	// always: for an outer row without such rows there is one all the same, with
	// NULLs for node's columns: an aggregate without GROUP BY.
	always bool
}

// puller takes a subquery apart.
type puller struct {
	pos ast.Pos
	// anyRow: only which rows there are matters, not how often.
	anyRow bool
}

func (p *puller) refuse(what string) error {
	return later(p.pos, "a subquery with columns of the query around it "+what+" is").
		hint("Compare the outer columns in the subquery's WHERE, or write it as a join.")
}

func (p *puller) pull(n logical.Node) (*pulled, error) {
	if !correlated(n) {
		return &pulled{node: n, out: columnsOf(n)}, nil
	}
	switch n := n.(type) {
	case *logical.Filter:
		return p.filter(n)
	case *logical.Project:
		in, err := p.pull(n.Input)
		if err != nil {
			return nil, err
		}
		out := make([]*expr.Node, len(n.Exprs))
		for i, e := range n.Exprs {
			out[i] = in.over(e)
		}
		in.out = out
		return in, nil
	case *logical.Join:
		return p.join(n)
	case *logical.Group:
		return p.group(n)
	case *logical.Distinct:
		return p.distinct(n)
	case *logical.Window, *logical.Unnest:
		return p.adding(n)
	case *logical.Sort:
		if n.Limit < 0 && n.Offset == 0 || p.anyRow && n.Limit > 0 && n.Offset == 0 {
			return p.pull(n.Input)
		}
		return nil, p.refuse("under LIMIT")
	}
	return nil, p.refuse("in this place")
}

func columnsOf(n logical.Node) []*expr.Node {
	schema := n.Schema()
	out := make([]*expr.Node, len(schema))
	for i := range schema {
		out[i] = logical.Column(schema, i)
	}
	return out
}

// over moves an expression over the query's columns to node's.
func (p *pulled) over(e *expr.Node) *expr.Node {
	return logical.Replace(e, func(c *expr.Node) *expr.Node {
		if isOuter(c) {
			return c
		}
		return p.out[c.Col]
	})
}

// filter keeps what looks at the subquery alone, and pulls the rest.
func (p *puller) filter(n *logical.Filter) (*pulled, error) {
	in, err := p.pull(n.Input)
	if err != nil {
		return nil, err
	}
	if in.always {
		return nil, p.refuse("and HAVING without GROUP BY")
	}
	var keep []*expr.Node
	for _, pred := range logical.Conjuncts(n.Pred) {
		if pred = in.over(pred); hasOuter(pred) {
			in.preds = append(in.preds, pred)
		} else {
			keep = append(keep, pred)
		}
	}
	if len(keep) > 0 {
		in.node = &logical.Filter{Input: in.node, Pred: logical.And(keep)}
	}
	return in, nil
}

// join pulls out of both sides of an inner join, and out of the side of another
// one whose rows are all there.
func (p *puller) join(n *logical.Join) (*pulled, error) {
	left, err := p.pull(n.Left)
	if err != nil {
		return nil, err
	}
	inner := n.Kind == join.Inner && !n.AsOf
	if left.always || !inner && (n.Kind == join.Right || n.Kind == join.Full || correlated(n.Right) || n.On != nil && hasOuter(n.On)) {
		return nil, p.refuse("inside an outer join or another subquery")
	}
	right, err := p.pull(n.Right)
	if err != nil {
		return nil, err
	}
	if right.always {
		return nil, p.refuse("inside an aggregate that is joined")
	}
	if !inner { // so that what is joined are plain columns
		if left, err = p.flat(left); err != nil {
			return nil, err
		}
	}
	width := len(left.node.Schema())
	shift := func(e *expr.Node) *expr.Node {
		return logical.Shift(e, func(c int) int {
			if c >= outerLevel {
				return c
			}
			return c + width
		})
	}
	out := &pulled{out: slices.Clone(left.out), preds: slices.Clone(left.preds)}
	for _, e := range right.out {
		out.out = append(out.out, shift(e))
	}
	for _, e := range right.preds {
		out.preds = append(out.preds, shift(e))
	}
	j := *n
	j.Left, j.Right, j.On = left.node, right.node, nil
	var keep []*expr.Node
	if n.On != nil {
		for _, pred := range logical.Conjuncts(n.On) {
			if pred = out.over(pred); hasOuter(pred) {
				out.preds = append(out.preds, pred)
			} else {
				keep = append(keep, pred)
			}
		}
	}
	j.On = logical.And(keep)
	out.node = &j
	if j.LeftOnly() {
		out.out = out.out[:len(left.out)]
	}
	return out, nil
}

// flat computes the query's columns, none of which may have outer references,
// in node's first columns, with what preds need behind them.
func (p *puller) flat(in *pulled) (*pulled, error) {
	if slices.ContainsFunc(in.out, hasOuter) {
		return nil, p.refuse("among what it computes with")
	}
	proj := &logical.Project{Input: in.node}
	out := &pulled{node: proj, preds: make([]*expr.Node, len(in.preds))}
	add := func(e *expr.Node) *expr.Node {
		proj.Exprs, proj.Names = append(proj.Exprs, e), append(proj.Names, e.String())
		return expr.Col(len(proj.Exprs)-1, e.String(), e.Type)
	}
	for _, e := range in.out {
		out.out = append(out.out, add(e))
	}
	places := map[int]*expr.Node{}
	for i, pred := range in.preds {
		out.preds[i] = logical.Replace(pred, func(c *expr.Node) *expr.Node {
			if isOuter(c) {
				return c
			}
			if places[c.Col] == nil {
				places[c.Col] = add(c)
			}
			return places[c.Col]
		})
	}
	return out, nil
}

// equalities splits the predicates into what the subquery's rows have and what
// the outer row has; ok: all are equalities of the two.
func (in *pulled) equalities() (inner, outer []*expr.Node, ok bool) {
	for _, pred := range in.preds {
		if pred.Op != expr.OpCall || pred.Name != "=" || pred.Args[0].Type.Kind != pred.Args[1].Type.Kind {
			return nil, nil, false
		}
		x, y := pred.Args[0], pred.Args[1]
		if hasOuter(x) {
			x, y = y, x
		}
		if hasOuter(x) || anyPart(y, func(n *expr.Node) bool { return n.Op == expr.OpCol && !isOuter(n) }) {
			return nil, nil, false
		}
		inner, outer = append(inner, x), append(outer, y)
	}
	return inner, outer, true
}

// equal is the predicate of an equality whose inner side is a column.
func equal(column, outer *expr.Node) *expr.Node {
	n, err := expr.Resolve("=", []*expr.Node{column, outer})
	if err != nil {
		panic(err) // it was one before
	}
	return n
}

// group groups by what is compared with the outer row, too.
func (p *puller) group(n *logical.Group) (*pulled, error) {
	in, err := p.pull(n.Input)
	if err != nil {
		return nil, err
	}
	inner, outer, ok := in.equalities()
	switch {
	case !ok:
		return nil, p.refuse("in other conditions than equalities, under an aggregate,")
	case in.always:
		return nil, p.refuse("under two aggregates")
	}
	if slices.ContainsFunc(in.out, hasOuter) {
		return nil, p.refuse("in what it groups or aggregates")
	}
	below := &logical.Project{Input: in.node}
	schema := n.Input.Schema()
	for i, e := range in.out {
		below.Exprs, below.Names = append(below.Exprs, e), append(below.Names, schema[i].Name)
	}
	g := &logical.Group{Input: below, Keys: slices.Clone(n.Keys), Calls: n.Calls, Names: n.Names, Pos: n.Pos}
	out := &pulled{node: g, always: len(n.Keys) == 0}
	for i, e := range inner {
		below.Exprs, below.Names = append(below.Exprs, e), append(below.Names, e.String())
		g.Keys = append(g.Keys, len(below.Exprs)-1)
		out.preds = append(out.preds, equal(expr.Col(len(n.Keys)+i, e.String(), e.Type), outer[i]))
	}
	columns := columnsOf(g)
	out.out = append(out.out, columns[:len(n.Keys)]...)
	for i, c := range columns[len(g.Keys):] {
		out.out = append(out.out, ofNothing(n.Calls[i], c))
	}
	return out, nil
}

// ofNothing is the value of an aggregate where it may be NULL for want of rows.
func ofNothing(call agg.Call, value *expr.Node) *expr.Node {
	if call.Func != "count" && call.Func != "approx_count_distinct" {
		return value
	}
	return orZero(value)
}

func orZero(count *expr.Node) *expr.Node {
	n, err := expr.Resolve("coalesce", []*expr.Node{count, expr.Const(count.Type, "0")})
	if err != nil {
		panic(err) // both are counts
	}
	return n
}

// distinct keeps different rows for each of the outer row's values.
func (p *puller) distinct(n *logical.Distinct) (*pulled, error) {
	in, err := p.pull(n.Input)
	if err != nil || p.anyRow || in.always {
		return in, err
	}
	if _, _, ok := in.equalities(); !ok {
		return nil, p.refuse("in other conditions than equalities, under DISTINCT,")
	}
	if in, err = p.flat(in); err != nil {
		return nil, err
	}
	in.node = &logical.Distinct{Input: in.node}
	return in, nil
}

// adding pulls from below an operator that adds columns behind its input's.
func (p *puller) adding(n logical.Node) (*pulled, error) {
	in, err := p.pull(n.Inputs()[0])
	if err != nil {
		return nil, err
	}
	if in.always {
		return nil, p.refuse("under an aggregate")
	}
	old := len(in.out)
	if in, err = p.flat(in); err != nil {
		return nil, err
	}
	before := len(in.node.Schema())
	outer := false
	logical.MapExprs(n, func(e *expr.Node) *expr.Node {
		outer = outer || hasOuter(e)
		return e
	})
	if outer {
		return nil, p.refuse("in a function in FROM")
	}
	in.node = n.With(in.node)
	columns := columnsOf(in.node)
	in.out = slices.Concat(in.out[:old], columns[before:])
	return in, nil
}
