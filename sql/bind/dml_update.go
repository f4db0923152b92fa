package bind

import (
	"slices"

	"github.com/dirigo-stream/dirigo/exec/expr"
	"github.com/dirigo-stream/dirigo/planner/logical"
	"github.com/dirigo-stream/dirigo/sql/ast"
	"github.com/dirigo-stream/dirigo/sql/catalog"
)

// Update binds UPDATE.
func Update(stmt *ast.Update, table *catalog.Object, env Env) (*Change, error) {
	u := &updating{
		binder: newBinder(env, false), c: &Change{Table: table}, pos: stmt.Pos,
		name: stmt.Table, alias: stmt.Alias, from: stmt.From, where: stmt.Where, fields: stmt.Returning,
	}
	if err := u.with(stmt.With); err != nil {
		return nil, err
	}
	var err error
	if u.set, err = assignments(stmt.Set, table); err != nil {
		return nil, err
	}
	for _, a := range u.set {
		if contains(a.value, isAggregateCall) && !contains(a.value, isQuery) {
			return nil, fail(codeGrouping, a.pos, "aggregate functions are not allowed in UPDATE")
		}
	}
	return u.bind(true)
}

// Delete binds DELETE.
func Delete(stmt *ast.Delete, table *catalog.Object, env Env) (*Change, error) {
	u := &updating{
		binder: newBinder(env, false), c: &Change{Table: table}, pos: stmt.Pos,
		name: stmt.Table, alias: stmt.Alias, from: stmt.Using, where: stmt.Where, fields: stmt.Returning,
	}
	if err := u.with(stmt.With); err != nil {
		return nil, err
	}
	return u.bind(false)
}

// updating is an UPDATE or DELETE being bound: as the SELECT of the rows that it
// changes, and of what they become.
type updating struct {
	*binder
	c      *Change
	pos    ast.Pos
	name   ast.QName
	alias  ast.Name
	set    []assignment
	from   []ast.TableExpr
	where  ast.Expr
	fields []ast.Field
}

func (u *updating) bind(update bool) (*Change, error) {
	p, err := u.selected()
	if err != nil {
		return nil, err
	}
	width := len(u.c.Table.Columns)
	old, sets, rest := p.Exprs[:width], p.Exprs[width:width+len(u.set)], p.Exprs[width+len(u.set):]
	exprs := slices.Clone(old)
	if update {
		next, err := u.next(old, sets)
		if err != nil {
			return nil, err
		}
		exprs = append(exprs, next...)
	}
	over := targetScope(u.c.Table, u.name, u.alias)
	if len(rest) > 0 {
		rest = rest[width:] // the star has the table's own first
		if err := u.others(over, len(rest)); err != nil {
			return nil, err
		}
		u.c.Rest = len(rest)
		exprs = append(exprs, rest...)
	}
	if err := u.returning(u.c, u.fields, over); err != nil {
		return nil, err
	}
	u.point(p, exprs)
	if u.c.Point == nil {
		u.c.Plan = &logical.Project{Input: p.Input, Exprs: exprs, Names: make([]string, len(exprs))}
	}
	return u.change(u.c), nil
}

// selected binds the SELECT of the table's columns, the values of SET, and, where
// RETURNING may ask for them, all columns of FROM.
func (u *updating) selected() (*logical.Project, error) {
	name := ast.Name{Pos: u.name.At(), Text: tableName(u.name, u.alias), Quoted: true}
	target := &ast.TableName{Pos: u.name.At(), Name: u.name, Alias: ast.Alias{Name: u.alias}}
	core := &ast.SelectCore{Pos: u.pos, From: append([]ast.TableExpr{target}, u.from...), Where: u.where}
	add := func(e ast.Expr) { core.Fields = append(core.Fields, ast.Field{Pos: e.At(), Expr: e}) }
	for _, c := range u.c.Table.Columns {
		add(&ast.Ident{Pos: u.pos, Name: ast.QName{name, {Pos: u.pos, Text: c.Name, Quoted: true}}})
	}
	for _, a := range u.set {
		e := a.value
		if e == nil {
			e = &ast.Literal{Pos: a.pos, Kind: ast.NullLit}
		}
		add(e)
	}
	if len(u.from) > 0 && u.fields != nil {
		add(&ast.Star{Pos: u.pos})
	}
	s, err := u.core(core, nil, true)
	if err != nil {
		return nil, err
	}
	p, ok := s.node.(*logical.Project)
	if !ok {
		schema := s.node.Schema()
		p = &logical.Project{Input: s.node}
		for i := range schema {
			p.Exprs = append(p.Exprs, logical.Column(schema, i))
		}
	}
	return p, nil
}

// next is the new row.
func (u *updating) next(old, sets []*expr.Node) ([]*expr.Node, error) {
	out := slices.Clone(old)
	for i, a := range u.set {
		n := defaultValue(u.c.Table.Columns[a.column])
		if a.value != nil {
			var err error
			if n, err = u.assigned(sets[i], u.c.Table, a.column, a.pos); err != nil {
				return nil, err
			}
		}
		out[a.column] = n
	}
	return out, nil
}

// others adds the columns of the other relations to the scope of RETURNING.
func (u *updating) others(s *scope, n int) error {
	_, all, err := u.binder.from(append([]ast.TableExpr{&ast.TableName{
		Pos: u.name.At(), Name: u.name, Alias: ast.Alias{Name: u.alias},
	}}, u.from...), u.pos)
	if err != nil {
		return err
	}
	for _, c := range all.columns[len(u.c.Table.Columns):] {
		if !c.merged {
			s.columns = append(s.columns, c)
		}
	}
	s.tables = all.tables
	if len(s.columns) != len(u.c.Table.Columns)+n {
		return later(u.pos, "RETURNING over such a FROM is")
	}
	return nil
}

// point finds out whether the condition names one row by its key.
func (u *updating) point(p *logical.Project, exprs []*expr.Node) {
	filter, ok := p.Input.(*logical.Filter)
	if !ok || len(u.c.Table.Key) == 0 || len(u.from) > 0 {
		return
	}
	scan, ok := filter.Input.(*logical.Scan)
	if !ok || scan.Relation.ID != u.c.Table.ID || len(scan.Columns) != len(u.c.Table.Columns) {
		return
	}
	width := len(u.c.Table.Columns)
	found := &Point{Key: make([]*expr.Node, len(u.c.Table.Key)), New: exprs[width:]}
	var rest []*expr.Node
	for _, c := range logical.Conjuncts(expr.Fold(filter.Pred, &expr.Context{Loc: u.zone(), Now: u.env.Now.UnixMicro()})) {
		column, value := equality(c)
		if i := slices.Index(u.c.Table.Key, column); value != nil && i >= 0 && found.Key[i] == nil {
			found.Key[i] = value
			continue
		}
		rest = append(rest, c)
	}
	if slices.Contains(found.Key, nil) {
		return
	}
	if len(rest) > 0 {
		found.Where = logical.And(rest)
	}
	u.c.Point = found
}

// equality returns the column and the constant of column = constant; nil: it is
// something else.
func equality(n *expr.Node) (int, *expr.Node) {
	if n.Op != expr.OpCall || n.Name != "=" || len(n.Args) != 2 {
		return -1, nil
	}
	l, r := n.Args[0], n.Args[1]
	if l.Op == expr.OpConst {
		l, r = r, l
	}
	if l.Op != expr.OpCol || r.Op != expr.OpConst || r.Null || l.Type.Kind != r.Type.Kind {
		return -1, nil
	}
	return l.Col, r
}
