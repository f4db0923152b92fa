package bind

import (
	"github.com/dirigo-stream/dirigo/exec/expr"
	"github.com/dirigo-stream/dirigo/exec/op"
	"github.com/dirigo-stream/dirigo/planner/logical"
	"github.com/dirigo-stream/dirigo/sql/ast"
)

// selection is one SELECT being bound: its lists are first over the columns of
// FROM, with references from firstAggregate on for aggregates; grouping then
// moves them over the columns of the Group.
type selection struct {
	*binder
	core  *ast.SelectCore
	input logical.Node
	scope *scope
	aggs  *aggregates
	subs  *subqueries
	sets  *sets
	open  bool // constants may stay without a type

	// regrouped moves an expression past GROUP BY; nil: there is none.
	regrouped func(*expr.Node) (*expr.Node, error)

	exprs  []*expr.Node
	names  []string
	at     []ast.Pos
	having *expr.Node
	order  []sortItem
}

// sortItem is one item of ORDER BY: an output column, or an expression over the
// columns that the select list is computed from.
type sortItem struct {
	column int // -1: expr
	expr   *expr.Node
	item   ast.OrderItem
}

// core binds a SELECT and its ORDER BY. As a side of UNION it leaves constants
// without a type open: the other side decides.
func (b *binder) core(c *ast.SelectCore, order []ast.OrderItem, side bool) (*selected, error) {
	if err := b.grow(c.Pos); err != nil {
		return nil, err
	}
	if err := refused(c); err != nil {
		return nil, err
	}
	input, from, err := b.from(c.From, c.Pos)
	if err != nil {
		return nil, err
	}
	s := &selection{binder: b, core: c, input: input, aggs: &aggregates{}, subs: &subqueries{}, sets: &sets{}, open: side && !c.Distinct}
	s.scope = &scope{columns: from.columns, tables: from.tables, hidden: from.hidden, aggs: s.aggs, outer: b.outer, subs: s.subs, sets: s.sets}
	for _, step := range []func() error{s.where, s.list, s.havingClause, func() error { return s.orderBy(order) }, s.group} {
		if err := step(); err != nil {
			return nil, err
		}
	}
	return s.project()
}

// refused are the clauses of a later release.
func refused(c *ast.SelectCore) error {
	switch {
	case c.DistinctOn != nil:
		return later(c.DistinctOn[0].At(), "DISTINCT ON is")
	case len(c.Windows) > 0:
		return later(c.Windows[0].Pos, "the WINDOW clause is")
	case c.GroupDistinct:
		return later(c.GroupBy[0].At(), "GROUP BY DISTINCT is")
	}
	return nil
}

func (s *selection) where() error {
	if s.core.Where == nil {
		return nil
	}
	pred, err := s.predicate(s.core.Where, s.scope.in("in WHERE"), "WHERE")
	if err != nil {
		return err
	}
	a := s.attacher(s.subs, s.input, nil)
	err = a.where(pred)
	s.input = a.node
	return err
}

// list binds the select list; stars become the columns they stand for.
func (s *selection) list() error {
	for _, f := range s.core.Fields {
		if star, ok := f.Expr.(*ast.Star); ok {
			if err := s.star(star); err != nil {
				return err
			}
			continue
		}
		n, err := s.expr(f.Expr, s.scope)
		if err == nil && !s.open {
			n, err = s.settled(n, f.Expr.At())
		}
		if err != nil {
			return err
		}
		s.add(n, label(f), f.Expr.At())
	}
	return nil
}

func (s *selection) add(n *expr.Node, name string, pos ast.Pos) {
	s.exprs, s.names, s.at = append(s.exprs, n), append(s.names, name), append(s.at, pos)
}

func (s *selection) star(star *ast.Star) error {
	table := ""
	if len(star.Qual) > 0 {
		if table = star.Qual.Last().Text; !s.scope.has(table) {
			return s.scope.missingTable(star.Qual, table)
		}
	}
	if len(s.scope.tables) == 0 && len(s.scope.columns) == 0 {
		return fail(codeSyntax, star.Pos, "SELECT * with no tables specified is not valid")
	}
	for i, c := range s.scope.columns {
		if table == "" && !c.merged || table != "" && c.table == table {
			s.add(s.ref(s.scope, i, star.Pos), c.name, star.Pos)
		}
	}
	return nil
}

func (s *selection) havingClause() error {
	if s.core.Having == nil {
		return nil
	}
	var err error
	s.having, err = s.predicate(s.core.Having, s.scope.setless("HAVING"), "HAVING")
	return err
}

// selected is a bound query body: its rows, and an order still to be applied.
// The node has the output columns first, and behind them what only ORDER BY uses.
type selected struct {
	node  logical.Node
	width int // of the output
	keys  []op.SortKey
}

// project computes the select list, and what ORDER BY needs beside it.
func (s *selection) project() (*selected, error) {
	node, err := s.attached()
	if err != nil {
		return nil, err
	}
	p := &logical.Project{Input: s.expand(node), Exprs: s.exprs, Names: s.names}
	out := &selected{width: len(s.exprs)}
	for _, item := range s.order {
		c := item.column
		if c < 0 {
			if s.core.Distinct {
				return nil, fail(codeColumnReference, item.item.Expr.At(),
					"for SELECT DISTINCT, ORDER BY expressions must appear in select list")
			}
			c = len(p.Exprs)
			p.Exprs, p.Names = append(p.Exprs, item.expr), append(p.Names, item.expr.String())
		}
		out.keys = append(out.keys, sortKey(c, item.item))
	}
	out.node = p
	if s.core.Distinct {
		out.node = &logical.Distinct{Input: p}
	}
	return out, nil
}

// attached applies HAVING, and joins the subqueries of the lists.
func (s *selection) attached() (logical.Node, error) {
	a := s.attacher(s.subs, s.input, s.regrouped)
	if s.having != nil {
		if err := a.where(s.having); err != nil {
			return nil, err
		}
	}
	var err error
	for i, e := range s.exprs {
		if s.exprs[i], err = a.value(e); err != nil {
			return nil, err
		}
	}
	for i := range s.order {
		if item := &s.order[i]; item.expr != nil {
			if item.expr, err = a.value(item.expr); err != nil {
				return nil, err
			}
		}
	}
	for _, call := range s.sets.list {
		for _, arg := range call.args() {
			if *arg, err = a.value(*arg); err != nil {
				return nil, err
			}
		}
	}
	return a.node, nil
}

func sortKey(c int, item ast.OrderItem) op.SortKey {
	k := op.SortKey{Col: c, Desc: item.Desc, NullsFirst: item.Desc} // NULLs are the largest
	if item.NullsFirst != nil {
		k.NullsFirst = *item.NullsFirst
	}
	return k
}

// label is the name of an output column, by PostgreSQL's rules.
func label(f ast.Field) string {
	if !f.Alias.Empty() {
		return f.Alias.Text
	}
	if name := figure(f.Expr); name != "" {
		return name
	}
	return "?column?"
}

func figure(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.Ident:
		return e.Name.Last().Text
	case *ast.Call:
		return e.Name.Last().Text
	case *ast.Extract:
		return "extract"
	case *ast.Array, *ast.ArraySubquery:
		return "array"
	case *ast.Row:
		return "row"
	case *ast.Index:
		return figure(e.X)
	case *ast.FieldSel:
		return e.Field.Text
	case *ast.AtTimeZone:
		return "timezone"
	case *ast.Cast:
		if name := figure(e.X); name != "" {
			return name
		}
		return e.Type.Name
	case *ast.TypedLiteral:
		return e.Type.Name
	case *ast.IntervalLiteral:
		return "interval"
	case *ast.Literal:
		if e.Kind == ast.BoolLit {
			return "bool"
		}
	case *ast.Case:
		if e.Else != nil {
			if name := figure(e.Else); name != "" {
				return name
			}
		}
		return "case"
	case *ast.Collate:
		return figure(e.X)
	case *ast.Subquery:
		return subqueryFigure(e)
	}
	return ""
}

func subqueryFigure(e *ast.Subquery) string {
	if e.Exists {
		return "exists"
	}
	if core, ok := e.Query.Body.(*ast.SelectCore); ok && len(core.Fields) == 1 {
		return label(core.Fields[0])
	}
	return ""
}
