package bind

import (
	"github.com/dirigo-stream/dirigo/exec/agg"
	"github.com/dirigo-stream/dirigo/exec/expr"
	"github.com/dirigo-stream/dirigo/planner/logical"
	"github.com/dirigo-stream/dirigo/sql/ast"
)

// arrayQuery binds ARRAY(SELECT …): array_agg over the query, in its order, and
// an empty array where it has no rows.
func (b *binder) arrayQuery(e *ast.ArraySubquery, s *scope) (*expr.Node, error) {
	sub := &subquery{form: scalarSub, pos: e.Pos}
	if err := b.inner(sub, e.Query, s); err != nil {
		return nil, err
	}
	schema := sub.plan.Schema()
	if len(schema) != 1 {
		return nil, fail(codeSyntax, e.Pos, "subquery must return only one column")
	}
	in, column, order := sorted(sub.plan)
	arg := schema[0].Type
	t, err := agg.Resolve("array_agg", &arg, false)
	if err != nil {
		return nil, later(e.Pos, "an array of type "+arg.String()+"[] is")
	}
	call := agg.Call{Func: "array_agg", Arg: column, Filter: -1, ArgType: arg, Type: t, Order: order}
	g := &logical.Group{Input: in, Calls: []agg.Call{call}, Names: []string{"array"}, Pos: int(e.Pos)}
	value, err := expr.Resolve("coalesce", []*expr.Node{expr.Col(0, "array", t), expr.Const(t, "{}")})
	if err != nil {
		return nil, at(err, e.Pos, codeTypeMismatch)
	}
	sub.plan, sub.typ = &logical.Project{Input: g, Exprs: []*expr.Node{value}, Names: []string{"array"}}, t
	return s.subs.add(sub), nil
}

// sorted takes the order off a query of one column: it returns what is ordered,
// where the column stands in it, and the order. What LIMIT cuts stays cut.
func sorted(n logical.Node) (in logical.Node, column int, order []agg.Order) {
	in = n
	if p, ok := n.(*logical.Project); ok && p.Exprs[0].Op == expr.OpCol {
		if _, ok := p.Input.(*logical.Sort); ok {
			in, column = p.Input, p.Exprs[0].Col
		}
	}
	sort, ok := in.(*logical.Sort)
	if !ok {
		return n, 0, nil
	}
	schema := sort.Schema()
	for _, k := range sort.Keys {
		order = append(order, agg.Order{Col: k.Col, Type: schema[k.Col].Type, Desc: k.Desc, NullsFirst: k.NullsFirst})
	}
	if sort.Limit < 0 && sort.Offset == 0 {
		in = sort.Input
	}
	return in, column, order
}
