package system

import (
	"github.com/dirigo-stream/dirigo/sql/ast"
	"github.com/dirigo-stream/dirigo/sql/result"
)

// source is a compiled FROM: rows of cols, with the conditions that could be
// tested on the way already met.
type source struct {
	cols []column
	// each calls f with each row; rows are not changed afterwards.
	each func(outer *frame, f func(row []any) error) error
}

// from compiles FROM and WHERE. Each condition of WHERE is tested as soon as
// the items it speaks of are there: clients join catalogs by commas.
func (c *compiler) from(items []ast.TableExpr, where ast.Expr, outer *scope, with *ctes) (*source, error) {
	all := &source{each: func(_ *frame, f func([]any) error) error { return f(nil) }}
	conds := conjuncts(where, nil)
	for _, item := range items {
		right, err := c.item(item, &scope{cols: all.cols, outer: outer}, with)
		if err != nil {
			return nil, err
		}
		if _, table := item.(*ast.TableName); table {
			all = c.tableJoin(all, right, where)
		} else {
			all = cross(all, right)
		}
		if all, conds, err = c.filter(all, conds, outer, with, item != items[len(items)-1]); err != nil {
			return nil, err
		}
	}
	if len(items) == 0 {
		var err error
		if all, _, err = c.filter(all, conds, outer, with, false); err != nil {
			return nil, err
		}
	}
	return all, nil
}

func conjuncts(e ast.Expr, list []ast.Expr) []ast.Expr {
	if e == nil {
		return list
	}
	if b, ok := e.(*ast.Binary); ok && b.Op == "and" {
		return conjuncts(b.R, conjuncts(b.L, list))
	}
	return append(list, e)
}

// filter tests conditions on src; with early those that name what is not there
// yet are left for later.
func (c *compiler) filter(src *source, conds []ast.Expr, outer *scope, with *ctes, early bool) (*source, []ast.Expr, error) {
	s := &scope{cols: src.cols, outer: outer}
	var tests []*node
	var later []ast.Expr
	for _, e := range conds {
		if early && !local(e, s) {
			later = append(later, e)
			continue
		}
		n, err := c.condition(e, s, with, "WHERE")
		if err != nil {
			return nil, nil, err
		}
		tests = append(tests, n)
	}
	if len(tests) == 0 {
		return src, later, nil
	}
	each := func(outer *frame, f func([]any) error) error {
		return src.each(outer, func(row []any) error {
			fr := &frame{row: row, outer: outer}
			for _, t := range tests {
				if v, err := t.eval(fr); err != nil || v != true {
					return err
				}
			}
			return f(row)
		})
	}
	return &source{cols: src.cols, each: each}, later, nil
}

// local reports whether e is a simple condition whose columns are all in s.
func local(e ast.Expr, s *scope) bool {
	switch e := e.(type) {
	case *ast.Ident:
		i, err := s.local(e.Name)
		return err == nil && i >= 0
	case *ast.Literal, *ast.Param:
		return true
	case *ast.Binary:
		return local(e.L, s) && local(e.R, s)
	case *ast.Unary:
		return local(e.X, s)
	case *ast.Cast:
		return local(e.X, s)
	case *ast.Is:
		return local(e.X, s)
	case *ast.In:
		for _, x := range e.List {
			if !local(x, s) {
				return false
			}
		}
		return e.Query == nil && local(e.X, s)
	}
	return false
}

func (c *compiler) condition(e ast.Expr, s *scope, with *ctes, where string) (*node, error) {
	inner := *s
	inner.with = with
	n, err := c.expr(e, &inner)
	if err != nil {
		return nil, err
	}
	if n, err = c.coerce(n, result.OIDBool); err != nil {
		return nil, at(result.Errorf(result.CodeDatatype, "argument of %s must be type boolean", where), e.At())
	}
	return n, nil
}

func concat(a, b []any) []any {
	row := make([]any, 0, len(a)+len(b))
	return append(append(row, a...), b...)
}

// cross pairs each row of left with each of right, which may look at it.
func cross(left, right *source) *source {
	cols := append(append([]column(nil), left.cols...), right.cols...)
	return &source{cols: cols, each: func(outer *frame, f func([]any) error) error {
		return left.each(outer, func(l []any) error {
			return right.each(&frame{row: l, outer: outer}, func(r []any) error { return f(concat(l, r)) })
		})
	}}
}

// tableJoin is cross for a right side that does not look at left: where WHERE
// equates columns of both, only the pairs that are equal there are made.
func (c *compiler) tableJoin(left, right *source, where ast.Expr) *source {
	n := nested{c: c, kind: ast.InnerJoin, left: left, right: right, lkey: -1}
	n.lookUp(where)
	return &source{cols: append(append([]column(nil), left.cols...), right.cols...), each: n.each}
}

// item compiles one item of FROM. Its each gets a frame whose row is that of
// the items before it, the columns of s: as if all were LATERAL.
func (c *compiler) item(t ast.TableExpr, s *scope, with *ctes) (*source, error) {
	switch t := t.(type) {
	case *ast.TableName:
		return c.table(t, with)
	case *ast.Subselect:
		p, err := c.query(t.Query, s, with)
		if err != nil {
			return nil, err
		}
		return aliased(planSource(p), t.Alias, ""), nil
	case *ast.TableFunc:
		return c.tableFunc(t, s, with)
	case *ast.Join:
		return c.join(t, s, with)
	}
	return nil, unsupported(t.At(), "this FROM item")
}

func planSource(p *plan) *source {
	return &source{cols: p.cols, each: func(outer *frame, f func([]any) error) error {
		rows, err := p.run(outer)
		if err != nil {
			return err
		}
		for _, row := range rows {
			if err := f(row); err != nil {
				return err
			}
		}
		return nil
	}}
}

// aliased gives the columns of an item the names under which they are known.
func aliased(src *source, a ast.Alias, name string) *source {
	if !a.Name.Empty() {
		name = a.Name.Text
	}
	cols := append([]column(nil), src.cols...)
	for i := range cols {
		cols[i].rel = name
		if i < len(a.Columns) {
			cols[i].name = a.Columns[i].Text
		}
	}
	return &source{cols: cols, each: src.each}
}

func (c *compiler) table(t *ast.TableName, with *ctes) (*source, error) {
	name := t.Name.Last().Text
	if len(t.Name) == 1 {
		for w := with; w != nil; w = w.outer {
			if w.name == name {
				return aliased(cteSource(w.plan), t.Alias, name), nil
			}
		}
	}
	r := find(t.Name)
	if r == nil {
		return nil, at(result.Errorf(result.CodeUndefinedTable, "relation %q does not exist", t.Name.String()), t.At())
	}
	var rows [][]any // made once a run, however often a join comes by
	var made *Env
	each := func(_ *frame, f func([]any) error) error {
		if made != c.env {
			made = c.env
			rows = r.rows(c.env)
		}
		if c.env.failed != nil {
			return c.env.failed
		}
		for i, row := range rows {
			if err := c.goOn(i); err != nil {
				return err
			}
			if err := f(row); err != nil {
				return err
			}
		}
		return nil
	}
	return aliased(&source{cols: r.cols, each: each}, t.Alias, name), nil
}

// cteSource runs a CTE, which sees nothing of the query around it.
func cteSource(p *plan) *source {
	src := planSource(p)
	return &source{cols: src.cols, each: func(_ *frame, f func([]any) error) error { return src.each(nil, f) }}
}

func (c *compiler) tableFunc(t *ast.TableFunc, s *scope, with *ctes) (*source, error) {
	if len(t.Call.Args) == 0 && find(t.Call.Name) != nil { // such as pg_timezone_names()
		return c.table(&ast.TableName{Pos: t.Pos, Name: t.Call.Name, Alias: t.Alias}, with)
	}
	inner := *s
	inner.with = with
	n, err := c.setFunc(t.Call, &inner)
	if err != nil {
		return nil, err
	}
	name := t.Call.Name.Last().Text
	cols := []column{{name: name, typ: n.typ}}
	if !t.Alias.Name.Empty() && len(t.Alias.Columns) == 0 {
		cols[0].name = t.Alias.Name.Text
	}
	if t.Ordinality {
		cols = append(cols, column{name: "ordinality", typ: result.OIDInt8})
	}
	each := func(f *frame, g func([]any) error) error {
		v, err := n.eval(f)
		if err != nil || v == nil {
			return err
		}
		for i, x := range v.([]any) {
			if err := c.goOn(i); err != nil {
				return err
			}
			row := []any{x}
			if t.Ordinality {
				row = append(row, int64(i+1))
			}
			if err := g(row); err != nil {
				return err
			}
		}
		return nil
	}
	return aliased(&source{cols: cols, each: each}, t.Alias, name), nil
}
