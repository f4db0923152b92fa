package bind

import (
	"slices"
	"strconv"

	"github.com/dirigo-stream/dirigo/exec/agg"
	"github.com/dirigo-stream/dirigo/exec/expr"
	"github.com/dirigo-stream/dirigo/planner/logical"
	"github.com/dirigo-stream/dirigo/sql/ast"
)

// group puts a Group under the select list where the query has one, and moves
// the lists over its columns.
func (s *selection) group() error {
	if len(s.core.GroupBy) == 0 && len(s.aggs.calls) == 0 && s.having == nil {
		return nil
	}
	g := &grouping{selection: s}
	for _, e := range s.core.GroupBy {
		if err := g.addKey(e); err != nil {
			return err
		}
	}
	if err := g.attachInputs(); err != nil {
		return err
	}
	s.input = g.build()
	s.regrouped = g.over
	return g.move()
}

// grouping is the Group of one SELECT.
type grouping struct {
	*selection
	keys  []*expr.Node
	names []string
}

// addKey binds an item of GROUP BY: the number of an output column, a column of
// FROM, the name of an output column, or an expression.
func (g *grouping) addKey(e ast.Expr) error {
	n, name, err := g.key(e)
	if err == nil {
		n, err = g.settled(n, e.At())
	}
	if err != nil {
		return err
	}
	if anyPart(n, isSet) {
		return later(e.At(), "a set-returning function in GROUP BY is").hint("Put the function in FROM.")
	}
	if c := firstAggregateIn(n); c != nil {
		return fail(codeGrouping, e.At(), "aggregate functions are not allowed in GROUP BY")
	}
	if !slices.ContainsFunc(g.keys, func(k *expr.Node) bool { return same(k, n) }) {
		g.keys, g.names = append(g.keys, n), append(g.names, name)
	}
	return nil
}

func (g *grouping) key(e ast.Expr) (*expr.Node, string, error) {
	switch e := e.(type) {
	case *ast.GroupingSet:
		if e.Kind == ast.EmptySet {
			return nil, "", later(e.Pos, "GROUP BY () is").hint("Leave GROUP BY out for one group of all rows.")
		}
	case *ast.Literal:
		i, err := g.position(e, "GROUP BY")
		if err != nil {
			return nil, "", err
		}
		return g.exprs[i], g.selection.names[i], nil
	case *ast.Ident:
		if i := g.output(e); i >= 0 {
			return g.exprs[i], g.selection.names[i], nil
		}
	}
	n, err := g.expr(e, g.scope.in("in GROUP BY"))
	return n, g.named(e, n), err
}

// output is the output column that a name in GROUP BY means: none where FROM
// has a column of that name.
func (s *selection) output(e *ast.Ident) int {
	if len(e.Name) != 1 {
		return -1
	}
	if _, err := s.scope.column(e.Name); err == nil {
		return -1
	}
	return slices.Index(s.names, e.Name[0].Text)
}

// position is an output column by its number, from 0.
func (s *selection) position(e *ast.Literal, clause string) (int, error) {
	if e.Kind != ast.NumberLit {
		return 0, fail(codeSyntax, e.Pos, "non-integer constant in %s", clause)
	}
	i, err := strconv.Atoi(e.Text)
	if err != nil {
		return 0, fail(codeSyntax, e.Pos, "non-integer constant in %s", clause)
	}
	if i < 1 || i > len(s.exprs) {
		return 0, fail(codeColumnReference, e.Pos, "%s position %d is not in select list", clause, i)
	}
	return i - 1, nil
}

// named is how a key is called in plans: as the select list calls it, if it
// stands there.
func (g *grouping) named(e ast.Expr, n *expr.Node) string {
	if n != nil {
		for i, out := range g.exprs {
			if same(out, n) {
				return g.selection.names[i]
			}
		}
	}
	if name := figure(e); name != "" {
		return name
	}
	return "key" + strconv.Itoa(len(g.keys)+1)
}

// attachInputs joins the subqueries of keys, arguments and filters.
func (g *grouping) attachInputs() error {
	a := g.attacher(g.subs, g.input, nil)
	var err error
	for i, k := range g.keys {
		if g.keys[i], err = a.value(k); err != nil {
			return err
		}
	}
	for i := range g.aggs.calls {
		c := &g.aggs.calls[i]
		if c.arg != nil {
			if c.arg, err = a.value(c.arg); err != nil {
				return err
			}
		}
		if c.filter != nil {
			if c.filter, err = a.value(c.filter); err != nil {
				return err
			}
		}
		for j := range c.order {
			if c.order[j].expr, err = a.value(c.order[j].expr); err != nil {
				return err
			}
		}
	}
	g.input = a.node
	return nil
}

// build computes keys, arguments and filters, and groups by the keys.
func (g *grouping) build() logical.Node {
	p := &logical.Project{Input: g.input}
	column := func(n *expr.Node, name string) int {
		if i := slices.IndexFunc(p.Exprs, func(e *expr.Node) bool { return same(e, n) }); i >= 0 {
			return i
		}
		p.Exprs, p.Names = append(p.Exprs, n), append(p.Names, name)
		return len(p.Exprs) - 1
	}
	out := &logical.Group{Input: p, Pos: int(g.core.Pos)}
	for i, k := range g.keys {
		out.Keys = append(out.Keys, column(k, g.names[i]))
	}
	for i, c := range g.aggs.calls {
		call := agg.Call{Func: c.name, Arg: -1, Filter: -1, Distinct: c.distinct, Separator: c.separator, Type: c.typ}
		if c.arg != nil {
			call.Arg, call.ArgType = column(c.arg, c.arg.String()), c.arg.Type
		}
		if c.filter != nil {
			call.Filter = column(c.filter, c.filter.String())
		}
		for _, o := range c.order {
			call.Order = append(call.Order, agg.Order{
				Col: column(o.expr, o.expr.String()), Type: o.expr.Type, Desc: o.desc, NullsFirst: o.nullsFirst,
			})
		}
		out.Calls, out.Names = append(out.Calls, call), append(out.Names, c.name)
		if i == 0 {
			out.Pos = int(c.pos)
		}
	}
	if len(out.Keys)+len(out.Calls) == 0 { // HAVING alone: one row, which needs a column
		out.Calls, out.Names = []agg.Call{countAll()}, []string{"count"}
	}
	return out
}

// move rewrites the select list, HAVING and ORDER BY over the group's columns.
func (g *grouping) move() error {
	var err error
	for i := range g.exprs {
		if g.exprs[i], err = g.over(g.exprs[i]); err != nil {
			return err
		}
	}
	if g.having != nil {
		if g.having, err = g.over(g.having); err != nil {
			return err
		}
	}
	for i := range g.order {
		if item := &g.order[i]; item.expr != nil {
			if item.expr, err = g.over(item.expr); err != nil {
				return err
			}
		}
	}
	return nil
}

// over rewrites one expression: a part that equals a key is that key.
func (g *grouping) over(n *expr.Node) (*expr.Node, error) {
	for i, k := range g.keys {
		if n.Op != expr.OpConst && same(n, k) {
			return expr.Col(i, g.names[i], k.Type), nil
		}
	}
	if isOuter(n) {
		return n, nil
	}
	if isSet(n) {
		return n, g.moveSet(g.sets.list[n.Col-firstSet])
	}
	if isSubquery(n) {
		return n, g.moveSubquery(g.subs.list[n.Col-firstSubquery])
	}
	if n.Op == expr.OpCol {
		if n.Col < firstAggregate {
			return nil, g.ungrouped(n)
		}
		c := *n
		c.Col = len(g.keys) + n.Col - firstAggregate
		return &c, nil
	}
	if len(n.Args) == 0 {
		return n, nil
	}
	c := *n
	c.Args = make([]*expr.Node, len(n.Args))
	for i, a := range n.Args {
		var err error
		if c.Args[i], err = g.over(a); err != nil {
			return nil, err
		}
	}
	return &c, nil
}

// moveSubquery rewrites what a subquery is compared with. Its references to
// outer columns are moved when it is joined.
func (g *grouping) moveSubquery(sub *subquery) error {
	if sub.moved {
		return nil
	}
	sub.moved = true
	for i, l := range sub.left {
		var err error
		if sub.left[i], err = g.over(l); err != nil {
			return err
		}
	}
	return nil
}

func (g *grouping) ungrouped(n *expr.Node) error {
	name := n.Name
	if c := g.scope.columns[n.Col]; c.table != "" {
		name = c.table + "." + c.name
	}
	pos, ok := g.places[n]
	if !ok {
		pos = ast.NoPos
	}
	return fail(codeGrouping, pos, "column %q must appear in the GROUP BY clause or be used in an aggregate function", name)
}

// firstAggregateIn returns a reference to an aggregate in n, or nil.
func firstAggregateIn(n *expr.Node) *expr.Node {
	if n.Op == expr.OpCol && n.Col >= firstAggregate && n.Col < firstSubquery {
		return n
	}
	for _, a := range n.Args {
		if c := firstAggregateIn(a); c != nil {
			return c
		}
	}
	return nil
}
