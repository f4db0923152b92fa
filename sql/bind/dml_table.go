package bind

import (
	"slices"

	"github.com/dirigo-stream/dirigo/exec/batch"
	"github.com/dirigo-stream/dirigo/exec/expr"
	"github.com/dirigo-stream/dirigo/exec/job"
	"github.com/dirigo-stream/dirigo/planner/logical"
	"github.com/dirigo-stream/dirigo/sql/ast"
	"github.com/dirigo-stream/dirigo/sql/catalog"
)

// CreateTable binds CREATE TABLE. Its plan is that of the table's hidden view;
// it reads relation 0, which stands for the table until it has an id.
func CreateTable(stmt *ast.CreateTable, env Env) (*Create, error) {
	if err := refusedTable(stmt); err != nil {
		return nil, err
	}
	name, err := objectName(stmt.Name)
	if err != nil {
		return nil, err
	}
	b := newBinder(env, false)
	b.deferred = true
	columns, err := b.tableColumns(stmt)
	if err != nil {
		return nil, err
	}
	key, err := keyColumns(stmt.PrimaryKey, columns)
	if err != nil {
		return nil, err
	}
	o := &catalog.Object{
		Kind: catalog.Table, Name: name, Columns: columns, Key: key, Watermark: -1, Settings: env.Settings,
		Table: &job.TableDef{Key: key},
	}
	if key != nil {
		if o.KeyName = stmt.KeyName.Text; o.KeyName == "" {
			o.KeyName = name + "_pkey"
		}
	}
	for _, c := range columns {
		o.Table.Columns = append(o.Table.Columns, job.TableColumn{Name: c.Name, Type: c.Type, NotNull: c.NotNull})
	}
	scan := logical.NewScan(&logical.Relation{
		Name: name, Kind: logical.Table, Columns: o.Schema(), Key: key, Updating: true, Watermark: -1,
	})
	return &Create{
		Object: o, Plan: &logical.Materialize{Input: scan, Name: name, Key: key},
		IfNotExists: stmt.IfNotExists, Notices: b.notices,
	}, nil
}

func refusedTable(stmt *ast.CreateTable) error {
	switch {
	case stmt.Temporary:
		return later(stmt.Pos, "temporary tables are")
	case stmt.As != nil:
		return later(stmt.As.Pos, "CREATE TABLE ... AS is").hint("CREATE TABLE with its columns, then INSERT INTO it ... SELECT.")
	case stmt.Watermark != nil:
		return later(stmt.Watermark.Pos, "a watermark of a table is").hint("A table has no event time; streams have.")
	case len(stmt.With) > 0:
		return fail(codeInvalidParameter, stmt.With[0].Pos, "unrecognized parameter %q", stmt.With[0].Name).
			hint("A table has no options. CREATE STREAM takes a connector.")
	case len(stmt.Columns) == 0:
		return later(stmt.Pos, "a table without columns is")
	}
	return nil
}

// serial are types that stand for a sequence.
var serial = []string{"serial", "bigserial", "smallserial", "serial2", "serial4", "serial8"}

func (b *binder) tableColumns(stmt *ast.CreateTable) ([]catalog.Column, error) {
	var columns []catalog.Column
	for _, c := range stmt.Columns {
		switch {
		case slices.ContainsFunc(columns, func(o catalog.Column) bool { return o.Name == c.Name.Text }):
			return nil, fail(codeDuplicateColumn, c.Name.Pos, "column %q specified more than once", c.Name.Text)
		case slices.Contains(serial, c.Type.Name):
			return nil, later(c.Type.Pos, "type "+c.Type.Name+" is").hint("There are no sequences: give the column a value, or DEFAULT gen_random_uuid().")
		case c.Generated != nil:
			return nil, later(c.Generated.At(), "generated columns of tables are").hint("Compute the column in a view.")
		case c.Metadata != nil:
			return nil, fail(codeSyntax, c.Pos, "a table's rows have no metadata")
		}
		t, err := typeOf(c.Type)
		if err != nil {
			return nil, err
		}
		out := catalog.Column{Name: c.Name.Text, Type: t, NotNull: c.NotNull}
		if c.Default != nil {
			out.Default = c.Default.String()
			if out.DefaultExpr, err = b.defaultOf(c, t); err != nil {
				return nil, err
			}
		}
		columns = append(columns, out)
	}
	return columns, nil
}

func (b *binder) defaultOf(c ast.ColumnDef, t batch.Type) (*expr.Node, error) {
	if contains(c.Default, isColumn) && !isMoment(c.Default) {
		if _, err := b.expr(c.Default, &scope{}); err != nil {
			return nil, fail(codeFeature, c.Default.At(), "cannot use column reference in DEFAULT expression")
		}
	}
	if contains(c.Default, isQuery) {
		return nil, fail(codeFeature, c.Default.At(), "cannot use subquery in DEFAULT expression")
	}
	n, err := b.expr(c.Default, &scope{forbid: "in DEFAULT expressions"})
	if err != nil {
		return nil, err
	}
	out, err := b.assign(n, t, c.Default.At())
	if e, ok := err.(*Error); ok && e.Code == codeTypeMismatch {
		return nil, fail(codeTypeMismatch, c.Default.At(), "column %q is of type %s but default expression is of type %s",
			c.Name.Text, t, n.Type).hint("You will need to rewrite or cast the expression.")
	}
	return out, err
}

// isMoment reports whether an expression is a bare current_date or its like,
// which reads as a column.
func isMoment(e ast.Expr) bool {
	id, ok := e.(*ast.Ident)
	return ok && len(id.Name) == 1 && deferredMoment(id.Name[0].Text) != nil
}

// deferredMoment is now() and its like as a call, for a time that is not yet known.
func deferredMoment(name string) *expr.Node {
	switch name {
	case "now", "current_timestamp", "transaction_timestamp", "statement_timestamp", "clock_timestamp":
		n, _ := expr.Resolve("now", nil)
		return n
	case "localtimestamp", "current_date":
		kind := map[string]batch.Kind{"localtimestamp": batch.Timestamp, "current_date": batch.Date}[name]
		now, err := expr.Resolve("now", nil)
		if err != nil {
			return nil
		}
		n, _ := expr.Cast(now, batch.T(kind), expr.Explicit)
		return n
	}
	return nil
}

// keyColumns finds the columns of a primary key, which are then NOT NULL.
func keyColumns(names []ast.Name, columns []catalog.Column) ([]int, error) {
	var key []int
	for _, n := range names {
		i := slices.IndexFunc(columns, func(c catalog.Column) bool { return c.Name == n.Text })
		switch {
		case i < 0:
			return nil, fail(codeUndefinedColumn, n.Pos, "column %q named in key does not exist", n.Text)
		case slices.Contains(key, i):
			return nil, fail(codeDuplicateColumn, n.Pos, "column %q appears twice in primary key constraint", n.Text)
		}
		columns[i].NotNull = true
		key = append(key, i)
	}
	return key, nil
}
