package system

import (
	"github.com/dirigo-stream/dirigo/sql/ast"
	"github.com/dirigo-stream/dirigo/sql/result"
)

func (c *compiler) is(e *ast.Is, s *scope) (*node, error) {
	n, err := c.expr(e.X, s)
	if err != nil {
		return nil, err
	}
	want := map[ast.IsKind]any{ast.IsNull: nil, ast.IsUnknown: nil, ast.IsTrue: true, ast.IsFalse: false}[e.What]
	return &node{typ: result.OIDBool, eval: func(f *frame) (any, error) {
		v, err := n.eval(f)
		if want == nil {
			return (v == nil) != e.Not, err
		}
		return (v == want) != e.Not, err
	}}, nil
}

func (c *compiler) isDistinct(e *ast.IsDistinct, s *scope) (*node, error) {
	l, r, err := c.pair(e.L, e.R, s)
	if err != nil {
		return nil, err
	}
	return &node{typ: result.OIDBool, eval: func(f *frame) (any, error) {
		a, b, err := both(l, r, f)
		if err != nil {
			return nil, err
		}
		distinct := (a == nil) != (b == nil) || a != nil && compare(a, b) != 0
		return distinct != e.Not, nil
	}}, nil
}

func both(l, r *node, f *frame) (a, b any, err error) {
	if a, err = l.eval(f); err == nil {
		b, err = r.eval(f)
	}
	return a, b, err
}

func (c *compiler) between(e *ast.Between, s *scope) (*node, error) {
	lo := &ast.Binary{Pos: e.Pos, Op: ">=", L: e.X, R: e.Lo}
	hi := &ast.Binary{Pos: e.Pos, Op: "<=", L: e.X, R: e.Hi}
	var all ast.Expr = &ast.Binary{Pos: e.Pos, Op: "and", L: lo, R: hi}
	if e.Symmetric {
		return nil, unsupported(e.Pos, "BETWEEN SYMMETRIC")
	}
	if e.Not {
		all = &ast.Unary{Pos: e.Pos, Op: "not", X: all}
	}
	return c.expr(all, s)
}

func (c *compiler) inList(e *ast.In, s *scope) (*node, error) {
	if e.Query != nil {
		return c.quantified(&ast.Quantified{Pos: e.Pos, X: e.X, Op: "=", Query: e.Query}, s, e.Not)
	}
	var tests []*node
	for _, x := range e.List {
		n, err := c.expr(&ast.Binary{Pos: e.Pos, Op: "=", L: e.X, R: x}, s)
		if err != nil {
			return nil, err
		}
		tests = append(tests, n)
	}
	return &node{typ: result.OIDBool, eval: func(f *frame) (any, error) {
		var found any = false
		for _, t := range tests {
			v, err := t.eval(f)
			if err != nil {
				return nil, err
			}
			if v == true {
				return !e.Not, nil
			}
			if v == nil {
				found = nil
			}
		}
		return negate(found, e.Not), nil
	}}, nil
}

func negate(v any, not bool) any {
	if b, ok := v.(bool); ok {
		return b != not
	}
	return v
}
