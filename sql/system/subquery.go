package system

import (
	"context"
	"slices"

	"github.com/dirigo-stream/dirigo/sql/ast"
	"github.com/dirigo-stream/dirigo/sql/result"
)

func (c *compiler) background() context.Context { return context.Background() }

// nested compiles a query inside an expression; it sees the rows around it.
func (c *compiler) nested(q *ast.Select, s *scope) (*plan, error) {
	return c.query(q, s, s.with)
}

func (c *compiler) subquery(e *ast.Subquery, s *scope) (*node, error) {
	p, err := c.nested(e.Query, s)
	if err != nil {
		return nil, err
	}
	if e.Exists {
		return &node{typ: result.OIDBool, eval: func(f *frame) (any, error) {
			rows, err := p.run(f)
			return len(rows) > 0, err
		}}, nil
	}
	if len(p.cols) != 1 {
		return nil, at(result.Errorf(result.CodeSyntax, "subquery must return only one column"), e.Pos)
	}
	return &node{typ: p.cols[0].typ, eval: func(f *frame) (any, error) {
		rows, err := p.run(f)
		switch {
		case err != nil || len(rows) == 0:
			return nil, err
		case len(rows) > 1:
			return nil, result.Errorf("21000", "more than one row returned by a subquery used as an expression")
		}
		return rows[0][0], nil
	}}, nil
}

func (c *compiler) arraySubquery(e *ast.ArraySubquery, s *scope) (*node, error) {
	items, err := c.column(e.Query, s)
	if err != nil {
		return nil, err
	}
	return items, nil
}

// column compiles a query of one column to an array of its values.
func (c *compiler) column(q *ast.Select, s *scope) (*node, error) {
	p, err := c.nested(q, s)
	if err != nil {
		return nil, err
	}
	if len(p.cols) != 1 {
		return nil, at(result.Errorf(result.CodeSyntax, "subquery must return only one column"), q.Pos)
	}
	typ := arrayOf[p.cols[0].typ]
	if typ == 0 {
		typ = result.OIDTextArray
	}
	return &node{typ: typ, eval: func(f *frame) (any, error) {
		rows, err := p.run(f)
		items := make([]any, len(rows))
		for i, r := range rows {
			items[i] = r[0]
		}
		return items, err
	}}, nil
}

// quantified is x op ANY (…) and ALL, and x [NOT] IN (query).
func (c *compiler) quantified(e *ast.Quantified, s *scope, not ...bool) (*node, error) {
	x, err := c.expr(e.X, s)
	if err != nil {
		return nil, err
	}
	var items *node
	if e.Query != nil {
		items, err = c.column(e.Query, s)
	} else if items, err = c.expr(e.Array, s); err == nil && !isArray(items.typ) {
		typ := arrayOf[x.typ]
		if typ == 0 {
			typ = result.OIDTextArray
		}
		items, err = c.coerce(items, typ)
	}
	if err != nil {
		return nil, err
	}
	var item any // the element that test looks at
	elem := &node{typ: elementOf[items.typ], eval: func(*frame) (any, error) { return item, nil }}
	test, err := c.binaryNodes(e.Op, x, elem, e.Pos)
	if err != nil {
		return nil, err
	}
	negated := slices.Contains(not, true)
	return &node{typ: result.OIDBool, eval: func(f *frame) (any, error) {
		list, err := items.eval(f)
		if err != nil || list == nil {
			return nil, err
		}
		var found any = e.All
		for _, item = range list.([]any) {
			v, err := test.eval(f)
			if err != nil {
				return nil, err
			}
			if v == !e.All {
				return negate(v, negated), nil
			}
			if v == nil {
				found = nil
			}
		}
		return negate(found, negated), nil
	}}, nil
}

func (c *compiler) array(e *ast.Array, s *scope) (*node, error) {
	nodes := make([]*node, len(e.Elems))
	for i, x := range e.Elems {
		var err error
		if nodes[i], err = c.expr(x, s); err != nil {
			return nil, err
		}
	}
	return c.arrayOfNodes(nodes)
}

func (c *compiler) arrayOfNodes(nodes []*node) (*node, error) {
	typ, err := c.unify(nodes)
	if err != nil {
		return nil, err
	}
	if nodes, err = c.coerceAll(nodes, typ); err != nil {
		return nil, err
	}
	array := arrayOf[typ]
	if array == 0 {
		return nil, result.Errorf(result.CodeUnsupported, "arrays of %s are not supported", formatType(typ, -1))
	}
	return &node{typ: array, eval: func(f *frame) (any, error) { return evalAll(nodes, f) }}, nil
}

func (c *compiler) index(e *ast.Index, s *scope) (*node, error) {
	if e.Slice {
		return nil, unsupported(e.Pos, "a slice of an array")
	}
	x, err := c.expr(e.X, s)
	if err != nil {
		return nil, err
	}
	if !isArray(x.typ) {
		return nil, at(result.Errorf(result.CodeDatatype, "cannot subscript type %s because it does not support subscripting", formatType(x.typ, -1)), e.Pos)
	}
	i, err := c.expr(e.Lo, s)
	if err == nil {
		i, err = c.coerce(i, result.OIDInt4)
	}
	if err != nil {
		return nil, err
	}
	base := int64(1)
	if x.typ == result.OIDInt2Vector || x.typ == result.OIDOidVector {
		base = 0
	}
	return strict(elementOf[x.typ], x, i, func(list, at any) (any, error) {
		items, k := list.([]any), at.(int64)-base
		if k < 0 || k >= int64(len(items)) {
			return nil, nil
		}
		return items[k], nil
	}), nil
}
