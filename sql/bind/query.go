package bind

import (
	"slices"
	"strconv"

	"github.com/dirigo-stream/dirigo/exec/batch"
	"github.com/dirigo-stream/dirigo/exec/expr"
	"github.com/dirigo-stream/dirigo/planner/logical"
	"github.com/dirigo-stream/dirigo/planner/rules"
	"github.com/dirigo-stream/dirigo/sql/ast"
)

// bounded binds a SELECT that ends.
func (b *binder) bounded(q *ast.Select) (logical.Node, error) {
	n, err := b.nested(q)
	if err != nil {
		return nil, err
	}
	return &logical.Collect{Input: rules.Bounded(n, b.zone())}, nil
}

// nested binds a query, in the list order of its output columns, wherever it
// stands but at the root of a continuous query.
func (b *binder) nested(q *ast.Select) (logical.Node, error) {
	if q.Emit != ast.EmitDefault {
		where := "in a subquery"
		if !b.continuous {
			where = "in a SELECT"
		}
		return nil, fail(codeFeature, q.Pos, "EMIT is not allowed %s", where).
			hint("EMIT belongs at the end of CREATE STREAM ... AS or CREATE MATERIALIZED VIEW ... AS.")
	}
	return b.query(q)
}

// query binds a whole query but its EMIT clause.
func (b *binder) query(q *ast.Select) (logical.Node, error) {
	if b.continuous {
		if err := b.unordered(q); err != nil {
			return nil, err
		}
	}
	visible := len(b.ctes)
	defer func() { b.ctes = b.ctes[:visible] }()
	if err := b.with(q.With); err != nil {
		return nil, err
	}
	s, err := b.body(q.Body, q.OrderBy)
	if err != nil {
		return nil, err
	}
	return b.cut(s, q)
}

// unordered refuses what only a relation that ends can have.
func (b *binder) unordered(q *ast.Select) error {
	hint := "Put it where the result is read: SELECT ... FROM the view ORDER BY ... LIMIT ...."
	switch {
	case len(q.OrderBy) > 0:
		return later(q.OrderBy[0].At(), "ORDER BY in a continuous query is").hint("%s", hint)
	case q.Limit != nil:
		return later(q.Limit.At(), "LIMIT in a continuous query is").hint("%s", hint)
	case q.Offset != nil:
		return later(q.Offset.At(), "OFFSET in a continuous query is").hint("%s", hint)
	}
	return nil
}

// body binds what ORDER BY and LIMIT stand behind.
func (b *binder) body(body ast.Body, order []ast.OrderItem) (*selected, error) {
	if core, ok := body.(*ast.SelectCore); ok {
		return b.core(core, order, false)
	}
	n, err := b.side(body)
	if err != nil {
		return nil, err
	}
	return b.ordered(n, order)
}

// side binds a query body without clauses of its own around it.
func (b *binder) side(body ast.Body) (logical.Node, error) {
	switch body := body.(type) {
	case *ast.SelectCore:
		s, err := b.core(body, nil, true)
		if err != nil {
			return nil, err
		}
		return s.node, nil
	case *ast.Select:
		return b.nested(body)
	case *ast.SetOp:
		return b.setOp(body)
	case *ast.Values:
		return b.values(body)
	}
	return nil, later(body.At(), "this query is")
}

// ordered resolves ORDER BY over the output of anything but a plain SELECT:
// columns by number or name.
func (b *binder) ordered(n logical.Node, order []ast.OrderItem) (*selected, error) {
	schema := n.Schema()
	out := &selected{node: n, width: len(schema)}
	for _, item := range order {
		c := -1
		switch e := item.Expr.(type) {
		case *ast.Literal:
			if i, err := strconv.Atoi(e.Text); err == nil && e.Kind == ast.NumberLit {
				if i < 1 || i > len(schema) {
					return nil, fail(codeColumnReference, e.Pos, "ORDER BY position %d is not in select list", i)
				}
				c = i - 1
			}
		case *ast.Ident:
			name := e.Name.Last().Text
			if c = slices.IndexFunc(schema, func(f batch.Field) bool { return f.Name == name }); c < 0 {
				_, err := tableScope("", schema).column(e.Name)
				return nil, err
			}
		}
		if c < 0 {
			return nil, later(item.Expr.At(), "ORDER BY an expression over UNION or VALUES is").
				hint("Put the query into FROM: SELECT * FROM (...) AS q ORDER BY ....")
		}
		out.keys = append(out.keys, sortKey(c, item))
	}
	return out, nil
}

// cut applies ORDER BY, LIMIT and OFFSET, and drops what only they used.
func (b *binder) cut(s *selected, q *ast.Select) (logical.Node, error) {
	if q.WithTies {
		return nil, later(q.Limit.At(), "WITH TIES is")
	}
	limit, err := b.count(q.Limit, "LIMIT", -1)
	if err != nil {
		return nil, err
	}
	offset, err := b.count(q.Offset, "OFFSET", 0)
	if err != nil {
		return nil, err
	}
	n := s.node
	if len(s.keys) > 0 || limit >= 0 || offset > 0 {
		n = &logical.Sort{Input: n, Keys: s.keys, Limit: limit, Offset: offset}
	}
	if s.width == len(n.Schema()) {
		return n, nil
	}
	keep := make([]int, s.width)
	for i := range keep {
		keep[i] = i
	}
	return logical.Keep(n, keep), nil
}

// count binds the number of LIMIT or OFFSET; NULL means that there is none.
func (b *binder) count(e ast.Expr, clause string, none int64) (int64, error) {
	if e == nil {
		return none, nil
	}
	n, err := b.expr(e, &scope{forbid: "in " + clause})
	if wrong, ok := err.(*Error); ok && wrong.Code == codeUndefinedColumn {
		return none, fail(codeColumnReference, wrong.Pos, "argument of %s must not contain variables", clause)
	}
	if err == nil {
		n, err = b.constantOf(n, batch.T(batch.Int64), e.At())
	}
	if err != nil || n.Null {
		return none, err
	}
	v, err := strconv.ParseInt(n.Text, 10, 64)
	switch {
	case err != nil:
		return none, at(err, e.At(), codeInvalidParameter)
	case v < 0 && clause == "LIMIT":
		return none, fail("2201W", e.At(), "LIMIT must not be negative")
	case v < 0:
		return none, fail("2201X", e.At(), "OFFSET must not be negative")
	}
	return v, nil
}

// orderBy binds ORDER BY of a plain SELECT: an output column by number or name,
// else an expression over what FROM has.
func (s *selection) orderBy(order []ast.OrderItem) error {
	for _, item := range order {
		if item.Using != "" {
			return later(item.At(), "ORDER BY ... USING is")
		}
		entry := sortItem{column: -1, item: item}
		switch e := item.Expr.(type) {
		case *ast.Literal:
			i, err := s.position(e, "ORDER BY")
			if err != nil {
				return err
			}
			entry.column = i
		case *ast.Ident:
			if len(e.Name) == 1 {
				i, err := s.sortedOutput(e)
				if err != nil {
					return err
				}
				entry.column = i
			}
		}
		if entry.column < 0 {
			if err := s.sortExpr(&entry); err != nil {
				return err
			}
		}
		s.order = append(s.order, entry)
	}
	return nil
}

// sortedOutput is the output column of a name, or -1; two different ones are an error.
func (s *selection) sortedOutput(e *ast.Ident) (int, error) {
	found := -1
	for i, name := range s.names {
		if name != e.Name[0].Text {
			continue
		}
		if found >= 0 && !same(s.exprs[i], s.exprs[found]) {
			return 0, fail(codeAmbiguousColumn, e.Pos, "ORDER BY %q is ambiguous", name)
		}
		if found < 0 {
			found = i
		}
	}
	return found, nil
}

func (s *selection) sortExpr(entry *sortItem) error {
	n, err := s.expr(entry.item.Expr, s.scope)
	if err == nil {
		n, err = s.settled(n, entry.item.Expr.At())
	}
	if err != nil {
		return err
	}
	entry.expr = n
	entry.column = slices.IndexFunc(s.exprs, func(e *expr.Node) bool { return same(e, n) })
	if entry.column >= 0 {
		entry.expr = nil
	}
	return nil
}
