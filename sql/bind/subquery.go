package bind

import (
	"slices"

	"github.com/dirigo-stream/dirigo/exec/batch"
	"github.com/dirigo-stream/dirigo/exec/expr"
	"github.com/dirigo-stream/dirigo/planner/logical"
	"github.com/dirigo-stream/dirigo/sql/ast"
)

// Column indices with a meaning of their own, while a SELECT is bound: below
// firstAggregate a reference means a column of FROM; the others are gone when
// the plan is done.
const (
	// firstSubquery: from here on a reference means the value of a subquery.
	firstSubquery = 1 << 21
	// outerLevel: a reference to a column of the query around is that column's
	// index plus outerLevel; of the one around that, plus twice as much.
	outerLevel = 1 << 22
	// firstSet: from here on a reference means an element that a function in the
	// select list gives.
	firstSet = firstSubquery + 1<<20
)

// subqueries are those in the expressions of one SELECT.
type subqueries struct{ list []*subquery }

// subquery is a query in an expression.
type subquery struct {
	form  subForm
	pos   ast.Pos
	plan  logical.Node // with references to outer columns
	left  []*expr.Node // what is compared: of IN, ANY and ALL
	op    string       // of ANY and ALL
	all   bool         // ALL
	typ   batch.Type   // of the value
	moved bool         // left is over the columns of GROUP BY
}

type subForm uint8

const (
	scalarSub subForm = iota
	existsSub
	inSub
	compareSub // ANY, ALL
)

// subqueryExpr binds (SELECT …) or EXISTS (SELECT …) in an expression.
func (b *binder) subqueryExpr(e *ast.Subquery, s *scope) (*expr.Node, error) {
	sub := &subquery{form: scalarSub, pos: e.Pos, typ: batch.T(batch.Bool)}
	q := e.Query
	if e.Exists {
		sub.form, q = existsSub, anyRow(q)
	}
	if err := b.inner(sub, q, s); err != nil {
		return nil, err
	}
	if !e.Exists {
		schema := sub.plan.Schema()
		if len(schema) != 1 {
			return nil, fail(codeSyntax, e.Pos, "subquery must return only one column")
		}
		sub.typ = schema[0].Type
	}
	return s.subs.add(sub), nil
}

// anyRow leaves out of a query what does not matter to whether it has a row.
func anyRow(q *ast.Select) *ast.Select {
	c := *q
	c.OrderBy = nil
	if n, ok := c.Limit.(*ast.Literal); ok && c.Offset == nil && n.Kind == ast.NumberLit && n.Text != "0" {
		c.Limit = nil
	}
	return &c
}

// inner binds the query of a subquery: it sees the columns of s.
func (b *binder) inner(sub *subquery, q *ast.Select, s *scope) error {
	if s.subs == nil {
		return later(sub.pos, "a subquery "+s.where()+" is").hint("A subquery may stand in FROM, WHERE, HAVING and the select list.")
	}
	outer := b.outer
	b.outer = s
	defer func() { b.outer = outer }()
	var err error
	sub.plan, err = b.nested(q)
	return err
}

func (s *scope) where() string {
	if s.forbid == "" {
		return "here"
	}
	return s.forbid
}

// add returns a reference to the value of a subquery.
func (l *subqueries) add(sub *subquery) *expr.Node {
	l.list = append(l.list, sub)
	return &expr.Node{Op: expr.OpCol, Type: sub.typ, Col: firstSubquery + len(l.list) - 1, Name: "subquery"}
}

// inQuery binds x [NOT] IN (SELECT …).
func (b *binder) inQuery(e *ast.In, s *scope) (*expr.Node, error) {
	n, err := b.compared(&subquery{form: inSub, pos: e.Pos, op: "="}, e.X, e.Query, s)
	if err != nil || !e.Not {
		return n, err
	}
	return b.apply("not", e.Pos, n)
}

// quantified binds x op ANY|ALL (SELECT … or array).
func (b *binder) quantified(e *ast.Quantified, s *scope) (*expr.Node, error) {
	op := e.Op
	if op == "!=" {
		op = "<>"
	}
	if e.Query == nil {
		return b.quantifiedArray(e, op, s)
	}
	switch {
	case op == "=" && !e.All:
		return b.compared(&subquery{form: inSub, pos: e.Pos, op: "="}, e.X, e.Query, s)
	case op == "<>" && e.All:
		n, err := b.compared(&subquery{form: inSub, pos: e.Pos, op: "="}, e.X, e.Query, s)
		if err != nil {
			return nil, err
		}
		return b.apply("not", e.Pos, n)
	case !slices.Contains([]string{"=", "<>", "<", "<=", ">", ">="}, op):
		return nil, later(e.Pos, "operator "+op+" with ANY or ALL is").hint("Use EXISTS (SELECT ... WHERE x %s y).", op)
	}
	return b.compared(&subquery{form: compareSub, pos: e.Pos, op: op, all: e.All}, e.X, e.Query, s)
}

func (b *binder) quantifiedArray(e *ast.Quantified, op string, s *scope) (*expr.Node, error) {
	name := op + " any"
	if e.All {
		name = op + " all"
	}
	return b.operator(e.Pos, name, false, s, e.X, e.Array)
}

// compared binds the operand and the query of a comparison with a subquery's rows.
func (b *binder) compared(sub *subquery, x ast.Expr, q *ast.Select, s *scope) (*expr.Node, error) {
	if err := b.inner(sub, unsorted(q), s); err != nil {
		return nil, err
	}
	operands := []ast.Expr{x}
	if row, ok := x.(*ast.Row); ok {
		operands = row.Elems
	}
	schema := sub.plan.Schema()
	switch {
	case len(schema) > len(operands):
		return nil, fail(codeSyntax, sub.pos, "subquery has too many columns")
	case len(schema) < len(operands):
		return nil, fail(codeSyntax, sub.pos, "subquery has too few columns")
	case sub.form == compareSub && len(operands) > 1:
		return nil, later(sub.pos, "a comparison of rows with ANY or ALL is")
	}
	var err error
	if sub.left, err = b.exprs(operands, s); err != nil {
		return nil, err
	}
	for i, f := range schema { // so that types that cannot be compared are found here
		if _, err := b.apply(sub.op, sub.pos, sub.left[i], expr.Col(i, f.Name, f.Type)); err != nil {
			return nil, err
		}
	}
	sub.typ = batch.T(batch.Bool)
	return s.subs.add(sub), nil
}

// unsorted leaves out an order that nothing depends on.
func unsorted(q *ast.Select) *ast.Select {
	if len(q.OrderBy) == 0 || q.Limit != nil || q.Offset != nil {
		return q
	}
	c := *q
	c.OrderBy = nil
	return &c
}

// isSubquery says that n is the value of a subquery.
func isSubquery(n *expr.Node) bool {
	return n.Op == expr.OpCol && n.Col >= firstSubquery && n.Col < firstSet
}

// isOuter says that n is a column of a query around.
func isOuter(n *expr.Node) bool { return n.Op == expr.OpCol && n.Col >= outerLevel }

// any says that f holds for a part of n.
func anyPart(n *expr.Node, f func(*expr.Node) bool) bool {
	return f(n) || slices.ContainsFunc(n.Args, func(a *expr.Node) bool { return anyPart(a, f) })
}

func hasOuter(n *expr.Node) bool { return anyPart(n, isOuter) }

// inward takes outer references one level in: those to the query right around
// become its columns.
func inward(n *expr.Node) *expr.Node {
	return logical.Shift(n, func(c int) int {
		if c >= outerLevel {
			return c - outerLevel
		}
		return c
	})
}

// correlated says that a plan refers to columns of a query around it.
func correlated(n logical.Node) bool {
	found := false
	logical.Walk(n, func(n logical.Node) {
		if !found {
			logical.MapExprs(n, func(e *expr.Node) *expr.Node {
				found = found || hasOuter(e)
				return e
			})
		}
	})
	return found
}
