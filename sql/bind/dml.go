package bind

import (
	"reflect"
	"slices"

	"github.com/dirigo-stream/dirigo/exec/batch"
	"github.com/dirigo-stream/dirigo/exec/expr"
	"github.com/dirigo-stream/dirigo/planner/logical"
	"github.com/dirigo-stream/dirigo/planner/rules"
	"github.com/dirigo-stream/dirigo/sql/ast"
	"github.com/dirigo-stream/dirigo/sql/catalog"
)

// Change is a bound INSERT, UPDATE or DELETE.
//
// Its rows come from one of three: Rows, computed without a plan; Point, the
// one row of a key; or Plan. The columns are, for INSERT, the table's; for
// DELETE, the old row's; for UPDATE, the old row's and the new row's. Behind
// them Plan has Rest columns of the other relations, for RETURNING.
type Change struct {
	Table    *catalog.Object
	Rows     [][]*expr.Node
	Point    *Point
	Plan     logical.Node
	Rest     int
	Conflict *Conflict // of INSERT; nil: a key that is there is an error
	// Returning are over the new row (of DELETE: the old one) and the rest; nil:
	// no rows are wanted. Columns name them.
	Returning []*expr.Node
	Columns   batch.Schema

	Params  []batch.Type
	Reads   []*logical.Relation
	Notices []Notice
}

// Conflict says what becomes of a row whose key is there.
type Conflict struct {
	// Set is the row to be put there instead, over the row that is there and the
	// one that was to be inserted; nil: nothing happens.
	Set   []*expr.Node
	Where *expr.Node // over the same: which are updated; nil: all
}

// Point names one row by its whole key.
type Point struct {
	Key   []*expr.Node // constants, in the order of the table's key
	Where *expr.Node   // over the table's columns
	New   []*expr.Node // of UPDATE: the new row, over the old one
}

// change finishes a bound statement.
func (b *binder) change(c *Change) *Change {
	if c.Plan != nil {
		c.Plan = &logical.Collect{Input: rules.Bounded(c.Plan, b.zone())}
	}
	c.Params, c.Reads, c.Notices = b.paramTypes(), b.reads, b.notices
	return c
}

// tableName is what a table is called in its own statement.
func tableName(table ast.QName, alias ast.Name) string {
	if !alias.Empty() {
		return alias.Text
	}
	return table.Last().Text
}

// targetScope is the scope of the table that a statement changes.
func targetScope(o *catalog.Object, table ast.QName, alias ast.Name) *scope {
	s := tableScope(tableName(table, alias), o.Schema())
	if !alias.Empty() && alias.Text != o.Name {
		s.hidden = map[string]string{o.Name: alias.Text}
	}
	return s
}

// target finds a column that a statement assigns to.
func target(o *catalog.Object, n ast.Name) (int, error) {
	i := slices.IndexFunc(o.Columns, func(c catalog.Column) bool { return c.Name == n.Text })
	if i < 0 {
		names := make([]string, len(o.Columns))
		for i, c := range o.Columns {
			names[i] = c.Name
		}
		return 0, fail(codeUndefinedColumn, n.Pos, "column %q of relation %q does not exist", n.Text, o.Name).nearest(n.Text, names)
	}
	return i, nil
}

// assigned converts a value to a column's type.
func (b *binder) assigned(n *expr.Node, o *catalog.Object, column int, pos ast.Pos) (*expr.Node, error) {
	c := o.Columns[column]
	out, err := b.assign(n, c.Type, pos)
	if e, ok := err.(*Error); ok && e.Code == codeTypeMismatch {
		return nil, fail(codeTypeMismatch, pos, "column %q is of type %s but expression is of type %s", c.Name, c.Type, n.Type).
			hint("You will need to rewrite or cast the expression.")
	}
	return out, err
}

// defaultValue is what a column gets that is given no value.
func defaultValue(c catalog.Column) *expr.Node {
	if c.DefaultExpr != nil {
		return c.DefaultExpr
	}
	return expr.Null(c.Type)
}

// assignment is one column = value.
type assignment struct {
	column int
	value  ast.Expr // nil: the default
	pos    ast.Pos
}

func assignments(set []ast.Assign, o *catalog.Object) ([]assignment, error) {
	var out []assignment
	for _, a := range set {
		c, err := target(o, a.Column)
		if err != nil {
			return nil, err
		}
		if slices.ContainsFunc(out, func(x assignment) bool { return x.column == c }) {
			return nil, fail(codeSyntax, a.Column.Pos, "multiple assignments to same column %q", a.Column.Text)
		}
		x := assignment{column: c, value: a.Value, pos: a.Value.At()}
		if _, ok := a.Value.(*ast.Default); ok {
			x.value = nil
		}
		out = append(out, x)
	}
	return out, nil
}

// returning binds RETURNING over a scope.
func (b *binder) returning(c *Change, fields []ast.Field, over *scope) error {
	if fields == nil {
		return nil
	}
	for _, f := range fields {
		if contains(f.Expr, isQuery) {
			return later(f.Expr.At(), "a subquery in RETURNING is")
		}
	}
	s := &selection{binder: b, core: &ast.SelectCore{Fields: fields}, scope: over.in("in RETURNING")}
	if err := s.list(); err != nil {
		return err
	}
	c.Returning = s.exprs
	if c.Returning == nil {
		c.Returning = []*expr.Node{}
	}
	for i, e := range s.exprs {
		c.Columns = append(c.Columns, batch.Field{Name: s.names[i], Type: e.Type})
	}
	return nil
}

// isQuery finds a subquery in an expression, isColumn a name.
func isQuery(n any) bool {
	_, ok := n.(*ast.Select)
	return ok
}

func isAggregateCall(n any) bool {
	call, ok := n.(*ast.Call)
	return ok && isAggregate(call.Name.Last().Text)
}

func isColumn(n any) bool {
	_, ok := n.(*ast.Ident)
	return ok
}

// contains reports whether a node of an expression has a property.
func contains(e ast.Expr, has func(node any) bool) bool {
	switch e.(type) {
	case nil, *ast.Literal, *ast.Param, *ast.Default: // most values are
		return false
	}
	return containsIn(reflect.ValueOf(e), has)
}

func containsIn(v reflect.Value, has func(any) bool) bool {
	switch v.Kind() {
	case reflect.Interface:
		return !v.IsNil() && containsIn(v.Elem(), has)
	case reflect.Pointer:
		return !v.IsNil() && (has(v.Interface()) || containsIn(v.Elem(), has))
	case reflect.Slice:
		for i := range v.Len() {
			if containsIn(v.Index(i), has) {
				return true
			}
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if containsIn(v.Field(i), has) {
				return true
			}
		}
	}
	return false
}
