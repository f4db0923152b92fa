package bind

import (
	"slices"
	"strconv"

	"github.com/dirigo-stream/dirigo/exec/batch"
	"github.com/dirigo-stream/dirigo/exec/expr"
	"github.com/dirigo-stream/dirigo/planner/logical"
	"github.com/dirigo-stream/dirigo/sql/ast"
	"github.com/dirigo-stream/dirigo/sql/catalog"
)

// Insert binds INSERT into a table.
func Insert(stmt *ast.Insert, table *catalog.Object, env Env) (*Change, error) {
	b := newBinder(env, false)
	c := &Change{Table: table}
	if err := b.with(stmt.With); err != nil {
		return nil, err
	}
	targets, err := insertTargets(stmt, table)
	if err != nil {
		return nil, err
	}
	if err := b.inserted(c, stmt, targets); err != nil {
		return nil, err
	}
	if err := b.onConflict(c, stmt); err != nil {
		return nil, err
	}
	if err := b.returning(c, stmt.Returning, targetScope(table, stmt.Table, stmt.Alias)); err != nil {
		return nil, err
	}
	return b.change(c), nil
}

// insertTargets are the columns that values are given for, in their order.
func insertTargets(stmt *ast.Insert, table *catalog.Object) ([]int, error) {
	out := make([]int, 0, len(table.Columns))
	if stmt.Columns == nil {
		for i := range table.Columns {
			out = append(out, i)
		}
		return out, nil
	}
	for _, n := range stmt.Columns {
		i, err := target(table, n)
		if err != nil {
			return nil, err
		}
		if slices.Contains(out, i) {
			return nil, fail(codeDuplicateColumn, n.Pos, "column %q specified more than once", n.Text)
		}
		out = append(out, i)
	}
	return out, nil
}

// inserted binds the rows.
func (b *binder) inserted(c *Change, stmt *ast.Insert, targets []int) error {
	if stmt.Query == nil {
		row, err := b.insertedRow(c.Table, stmt, nil, nil)
		c.Rows = [][]*expr.Node{row}
		return err
	}
	values, ok := stmt.Query.Body.(*ast.Values)
	if !ok || !computed(stmt.Query, values) {
		return b.insertedQuery(c, stmt, targets)
	}
	for _, cells := range values.Rows {
		if len(cells) != len(values.Rows[0]) {
			return fail(codeSyntax, cells[0].At(), "VALUES lists must all be the same length")
		}
		row, err := b.insertedRow(c.Table, stmt, targets, cells)
		if err != nil {
			return err
		}
		c.Rows = append(c.Rows, row)
	}
	return nil
}

// computed reports whether a VALUES list can be computed without a plan.
func computed(q *ast.Select, v *ast.Values) bool {
	return q.With == nil && bare(q) && !slices.ContainsFunc(v.Rows, hasQuery)
}

// bare reports whether a query has nothing behind its body.
func bare(q *ast.Select) bool {
	return q.OrderBy == nil && q.Limit == nil && q.Offset == nil && q.Emit == ast.EmitDefault
}

// insertedRow binds the values of one row.
func (b *binder) insertedRow(table *catalog.Object, stmt *ast.Insert, targets []int, cells []ast.Expr) ([]*expr.Node, error) {
	if err := fitting(stmt, len(targets), len(cells), func(i int) ast.Pos { return cells[i].At() }); err != nil {
		return nil, err
	}
	row := make([]*expr.Node, len(table.Columns))
	s := &scope{forbid: "in VALUES"}
	for i, e := range cells {
		if _, ok := e.(*ast.Default); ok {
			continue
		}
		n, err := b.expr(e, s)
		if err == nil {
			n, err = b.assigned(n, table, targets[i], e.At())
		}
		if err != nil {
			return nil, err
		}
		row[targets[i]] = n
	}
	for i, n := range row {
		if n == nil {
			row[i] = defaultValue(table.Columns[i])
		}
	}
	return row, nil
}

// fitting checks that there are as many values as columns that were named.
func fitting(stmt *ast.Insert, targets, values int, place func(i int) ast.Pos) error {
	switch {
	case values > targets:
		return fail(codeSyntax, place(targets), "INSERT has more expressions than target columns")
	case stmt.Columns != nil && values < targets:
		return fail(codeSyntax, stmt.Columns[values].Pos, "INSERT has more target columns than expressions")
	}
	return nil
}

// insertedQuery binds INSERT ... SELECT, and VALUES with subqueries: each row of
// those by itself, as each has its own constants to convert.
func (b *binder) insertedQuery(c *Change, stmt *ast.Insert, targets []int) error {
	values, ok := stmt.Query.Body.(*ast.Values)
	if !ok || !bare(stmt.Query) {
		n, err := b.insertedFrom(c, stmt, stmt.Query, targets)
		if err == nil {
			c.Plan = n
		}
		return err
	}
	union := &logical.Union{}
	for i, cells := range values.Rows {
		if len(cells) != len(values.Rows[0]) {
			return fail(codeSyntax, cells[0].At(), "VALUES lists must all be the same length")
		}
		n, err := b.insertedFrom(c, stmt, &ast.Select{Pos: stmt.Query.Pos, Body: rowSelect(values.Pos, cells)}, targets)
		if err != nil {
			return err
		}
		n.Exprs, n.Names = append(n.Exprs, expr.Const(batch.T(batch.Int64), strconv.Itoa(i))), append(n.Names, "row")
		union.Sides = append(union.Sides, n)
	}
	c.Plan = inOrder(union)
	return nil
}

// insertedFrom gives the rows of a query the columns of the table.
func (b *binder) insertedFrom(c *Change, stmt *ast.Insert, q *ast.Select, targets []int) (*logical.Project, error) {
	n, err := b.insertSource(q)
	if err != nil {
		return nil, err
	}
	schema := n.Schema()
	place := func(i int) ast.Pos { return fieldPos(q.Body, i) }
	if err := fitting(stmt, len(targets), len(schema), place); err != nil {
		return nil, err
	}
	p := &logical.Project{Input: n, Exprs: make([]*expr.Node, len(c.Table.Columns))}
	list, open := n.(*logical.Project)
	if open {
		p.Input = list.Input
	}
	for i := range schema {
		e := logical.Column(schema, i)
		if open {
			e = list.Exprs[i] // a constant is converted as the literal that it is
		}
		if p.Exprs[targets[i]], err = b.assigned(e, c.Table, targets[i], place(i)); err != nil {
			return nil, err
		}
	}
	for i, col := range c.Table.Columns {
		if p.Exprs[i] == nil {
			p.Exprs[i] = defaultValue(col)
		}
		p.Names = append(p.Names, col.Name)
	}
	return p, nil
}

// insertSource binds the query of an INSERT; constants of a plain SELECT stay
// without a type.
func (b *binder) insertSource(q *ast.Select) (logical.Node, error) {
	core, ok := q.Body.(*ast.SelectCore)
	if !ok || !bare(q) {
		return b.nested(q)
	}
	if err := b.with(q.With); err != nil {
		return nil, err
	}
	s, err := b.core(core, nil, true)
	if err != nil {
		return nil, err
	}
	return s.node, nil
}

// onConflict binds ON CONFLICT.
func (b *binder) onConflict(c *Change, stmt *ast.Insert) error {
	on := stmt.OnConflict
	if on == nil {
		return nil
	}
	c.Conflict = &Conflict{}
	if err := inferred(on, c.Table); err != nil {
		return err
	}
	if on.Set == nil {
		return nil
	}
	set, err := assignments(on.Set, c.Table)
	if err != nil {
		return err
	}
	both := conflictScope(c.Table, stmt)
	for i, col := range c.Table.Columns {
		c.Conflict.Set = append(c.Conflict.Set, expr.Col(i, col.Name, col.Type))
	}
	for _, a := range set {
		n := defaultValue(c.Table.Columns[a.column])
		if a.value != nil {
			if contains(a.value, isQuery) {
				return later(a.pos, "a subquery in ON CONFLICT is")
			}
			if n, err = b.expr(a.value, both); err == nil {
				n, err = b.assigned(n, c.Table, a.column, a.pos)
			}
		}
		if err != nil {
			return err
		}
		c.Conflict.Set[a.column] = n
	}
	if on.Where != nil {
		c.Conflict.Where, err = b.predicate(on.Where, both.in("in WHERE"), "WHERE")
	}
	return err
}

// conflictScope is the row that is there, under the table's name, and the one
// that was to be inserted, under excluded.
func conflictScope(o *catalog.Object, stmt *ast.Insert) *scope {
	s := targetScope(o, stmt.Table, stmt.Alias)
	excluded := tableScope("excluded", o.Schema())
	s.columns = append(s.columns, excluded.columns...)
	s.tables = append(s.tables, excluded.tables...)
	s.forbid = "in ON CONFLICT"
	return s
}

// inferred checks that what ON CONFLICT names is the table's key.
func inferred(on *ast.OnConflict, o *catalog.Object) error {
	var columns []int
	for _, n := range on.Columns {
		i := slices.IndexFunc(o.Columns, func(c catalog.Column) bool { return c.Name == n.Text })
		if i < 0 {
			return fail(codeUndefinedColumn, n.Pos, "column %q does not exist", n.Text)
		}
		if !slices.Contains(columns, i) {
			columns = append(columns, i)
		}
	}
	switch {
	case !on.Constraint.Empty():
		if o.KeyName == "" || on.Constraint.Text != o.KeyName {
			return fail(codeUndefinedObject, ast.NoPos, "constraint %q for table %q does not exist", on.Constraint.Text, o.Name)
		}
	case on.Columns == nil && on.Set != nil:
		return fail(codeSyntax, on.Pos, "ON CONFLICT DO UPDATE requires inference specification or constraint name").
			hint("For example, ON CONFLICT (column_name).")
	case on.Columns != nil && !sameColumns(columns, o.Key):
		return fail(codeColumnReference, ast.NoPos, "there is no unique or exclusion constraint matching the ON CONFLICT specification")
	}
	return nil
}

func sameColumns(a, b []int) bool {
	if len(a) != len(b) || len(b) == 0 {
		return false
	}
	for _, c := range a {
		if !slices.Contains(b, c) {
			return false
		}
	}
	return true
}
