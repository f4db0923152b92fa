package bind

import (
	"fmt"

	"github.com/dirigo-stream/dirigo/exec/batch"
	"github.com/dirigo-stream/dirigo/exec/expr"
	"github.com/dirigo-stream/dirigo/planner/logical"
	"github.com/dirigo-stream/dirigo/sql/ast"
)

// from binds the FROM clause. Without one there is a single row of no columns.
func (b *binder) from(items []ast.TableExpr, pos ast.Pos) (logical.Node, *scope, error) {
	switch len(items) {
	case 0:
		if b.continuous {
			return nil, nil, fail(codeFeature, pos, "a continuous query needs a FROM clause")
		}
		return &logical.Values{Rows: [][]*expr.Node{{}}}, &scope{}, nil
	}
	n, s, err := b.table(items[0])
	for _, item := range items[1:] {
		if err == nil {
			n, s, err = b.combine(n, s, &ast.Join{Pos: item.At(), Kind: ast.CrossJoin, Right: item})
		}
	}
	return n, s, err
}

// table binds one FROM item.
func (b *binder) table(t ast.TableExpr) (logical.Node, *scope, error) {
	switch t := t.(type) {
	case *ast.TableName:
		return b.tableName(t)
	case *ast.Subselect:
		return b.subselect(t)
	case *ast.WindowTable:
		return b.windowTable(t)
	case *ast.Join:
		return b.join(t)
	case *ast.TableFunc:
		return b.tableFunc(&logical.Values{Rows: [][]*expr.Node{{}}}, &scope{outer: b.outer}, t, false)
	}
	return nil, nil, later(t.At(), "this FROM item is")
}

func (b *binder) tableName(t *ast.TableName) (logical.Node, *scope, error) {
	if t.AsOf != nil {
		return nil, nil, fail(codeSyntax, t.AsOf.At(), "FOR SYSTEM_TIME AS OF belongs to the right side of a join").
			hint("FROM orders o JOIN rates FOR SYSTEM_TIME AS OF o.ts ON rates.currency = o.currency")
	}
	if len(t.Name) == 1 {
		if c := b.cte(t.Name[0].Text); c != nil {
			n, err := b.inline(c)
			if err != nil {
				return nil, nil, err
			}
			return b.aliased(n, c.def.Name.Text, t.Alias, t.Pos)
		}
	}
	parts := make([]string, len(t.Name))
	for i, p := range t.Name {
		parts[i] = p.Text
	}
	r, err := b.env.Relations.Relation(parts...)
	if err != nil {
		return nil, nil, at(err, t.Name.At(), codeUndefinedTable)
	}
	b.reads, b.names = append(b.reads, r), append(b.names, r)
	var scan logical.Node = logical.NewScan(r)
	if r.Upsert != nil {
		scan = &logical.Upsert{Input: scan, Key: r.Upsert}
	}
	return b.aliased(scan, t.Name.Last().Text, t.Alias, t.Pos)
}

func (b *binder) subselect(t *ast.Subselect) (logical.Node, *scope, error) {
	n, err := b.nested(t.Query)
	if err != nil {
		return nil, nil, err
	}
	return b.aliased(n, "", t.Alias, t.Pos)
}

// aliased returns a FROM item's scope under its own name or its alias.
func (b *binder) aliased(n logical.Node, name string, a ast.Alias, pos ast.Pos) (logical.Node, *scope, error) {
	own := name
	if !a.Name.Empty() {
		name = a.Name.Text
	}
	n, err := renamed(n, a.Columns, fmt.Sprintf("table %q", name), pos)
	if err != nil {
		return nil, nil, err
	}
	s := tableScope(name, n.Schema())
	if own != name {
		s.hidden = map[string]string{own: name}
	}
	return n, s, nil
}

// renamed gives the first columns of what other names: AS t (a, b).
func renamed(n logical.Node, names []ast.Name, what string, pos ast.Pos) (logical.Node, error) {
	if len(names) == 0 {
		return n, nil
	}
	schema := n.Schema()
	if len(names) > len(schema) {
		return nil, fail(codeColumnReference, pos, "%s has %d columns available but %d columns specified",
			what, len(schema), len(names))
	}
	p := &logical.Project{Input: n}
	for i, f := range schema {
		if i < len(names) {
			f.Name = names[i].Text
		}
		p.Exprs = append(p.Exprs, logical.Column(schema, i))
		p.Names = append(p.Names, f.Name)
	}
	return p, nil
}

// windowTable binds TUMBLE and HOP: the input's columns, window_start and window_end.
func (b *binder) windowTable(t *ast.WindowTable) (logical.Node, *scope, error) {
	if t.Kind != ast.Tumble && t.Kind != ast.Hop {
		return nil, nil, later(t.Pos, "SESSION and CUMULATE windows are").hint("There are TUMBLE and HOP.")
	}
	in, s, err := b.table(t.Input)
	if err != nil {
		return nil, nil, err
	}
	span, err := b.span(t, s)
	if err != nil {
		return nil, nil, err
	}
	w := &logical.Window{Input: in, Span: *span, Pos: int(t.Pos)}
	name := ""
	if len(s.tables) > 0 {
		name = s.tables[0]
	}
	n, s, err := b.aliased(w, name, t.Alias, t.Pos)
	if err == nil && len(t.Alias.Columns) == 0 {
		shadow(s)
	}
	return n, s, err
}

// shadow lets window_start and window_end mean the bounds that a window function
// adds, where what it reads has columns of these names, from windows of its own.
func shadow(s *scope) {
	for i := range s.columns[:len(s.columns)-2] {
		if c := &s.columns[i]; c.name == logical.WindowStart || c.name == logical.WindowEnd {
			c.table, c.merged = "", true
		}
	}
}

func (b *binder) span(t *ast.WindowTable, s *scope) (*logical.Span, error) {
	c, err := s.column(t.Time.Name)
	if err != nil {
		return nil, err
	}
	if k := s.columns[c].typ.Kind; k != batch.Timestamp && k != batch.TimestampTZ {
		return nil, fail(codeTypeMismatch, t.Time.Pos, "windows need a timestamp: column %q is of type %s", s.columns[c].name, k).
			hint("Convert it where the stream is declared: ts TIMESTAMP AS to_timestamp(...).")
	}
	least, usage := 1, "TUMBLE(relation, time_column, size [, offset])"
	if t.Kind == ast.Hop {
		least, usage = 2, "HOP(relation, time_column, slide, size [, offset])"
	}
	if len(t.Args) < least || len(t.Args) > least+1 {
		return nil, fail(codeSyntax, t.Pos, "wrong number of arguments of a window function").hint("Usage: %s", usage)
	}
	sizes := make([]int64, 3)
	for i, a := range t.Args {
		if sizes[i], err = b.duration(a); err != nil {
			return nil, err
		}
	}
	span := &logical.Span{Time: c, Slide: sizes[0], Size: sizes[0], Offset: sizes[1]}
	if t.Kind == ast.Hop {
		span.Size, span.Offset = sizes[1], sizes[2]
	}
	return span, checkSpan(t, span)
}

// maxOverlap is how many windows may hold one row.
const maxOverlap = 10_000

func checkSpan(t *ast.WindowTable, s *logical.Span) error {
	switch {
	case s.Slide <= 0:
		return fail(codeInvalidParameter, t.Args[0].At(), "the size of a window must be positive")
	case t.Kind == ast.Hop && s.Size <= 0:
		return fail(codeInvalidParameter, t.Args[1].At(), "the size of a window must be positive")
	case s.Slide > s.Size:
		return fail(codeInvalidParameter, t.Args[0].At(), "HOP with a slide greater than its size would lose rows").
			hint("The order of arguments is slide, then size: HOP(relation, time_column, slide, size).")
	case s.Size/s.Slide > maxOverlap:
		return fail(codeInvalidParameter, t.Args[0].At(), "each row would be in %d windows, at most %d are allowed",
			s.Size/s.Slide, maxOverlap)
	}
	return nil
}

// duration binds a constant interval of a fixed length, in microseconds.
func (b *binder) duration(e ast.Expr) (int64, error) {
	n, err := b.expr(e, &scope{forbid: "here"})
	if err != nil {
		return 0, err
	}
	return b.fixed(n, e.At())
}

func (b *binder) fixed(n *expr.Node, pos ast.Pos) (int64, error) {
	n, err := b.constantOf(n, batch.T(batch.Interval), pos)
	if err != nil {
		return 0, err
	}
	span, err := batch.ParseSpan([]byte(n.Text))
	switch {
	case err != nil:
		return 0, at(err, pos, codeInvalidParameter)
	case n.Null:
		return 0, fail("22004", pos, "an interval here must not be NULL")
	case span.Months != 0:
		return 0, fail(codeInvalidParameter, pos, "months and years have no fixed length").hint("Use days, hours, minutes or seconds.")
	}
	return int64(span.Days)*batch.Day + span.Micros, nil
}
