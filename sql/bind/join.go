package bind

import (
	"cmp"
	"maps"
	"slices"

	"github.com/dirigo-stream/dirigo/exec/batch"
	"github.com/dirigo-stream/dirigo/exec/expr"
	"github.com/dirigo-stream/dirigo/exec/join"
	"github.com/dirigo-stream/dirigo/planner/logical"
	"github.com/dirigo-stream/dirigo/sql/ast"
)

var joinKinds = map[ast.JoinKind]join.Kind{
	ast.InnerJoin: join.Inner, ast.LeftJoin: join.Left, ast.RightJoin: join.Right,
	ast.FullJoin: join.Full, ast.CrossJoin: join.Inner,
}

// join binds a JOIN b ….
func (b *binder) join(j *ast.Join) (logical.Node, *scope, error) {
	if j.Asof {
		return nil, nil, later(j.Pos, "ASOF JOIN is").
			hint("A bound in time can be written out: ON a.k = b.k AND a.ts BETWEEN b.ts AND b.ts + INTERVAL '...'.")
	}
	left, s, err := b.table(j.Left)
	if err != nil {
		return nil, nil, err
	}
	n, s, err := b.combine(left, s, j)
	if err != nil || j.Alias.Name.Empty() {
		return n, s, err
	}
	return b.joinAlias(n, s, j)
}

// combine joins what j.Right names to a bound left side.
func (b *binder) combine(left logical.Node, ls *scope, j *ast.Join) (logical.Node, *scope, error) {
	if t, ok := j.Right.(*ast.TableName); ok && t.AsOf != nil {
		return b.temporal(left, ls, j, t)
	}
	switch t := j.Right.(type) {
	case *ast.TableFunc:
		return b.lateralFunc(left, ls, j, t)
	case *ast.Subselect:
		if t.Lateral {
			return b.lateralJoin(left, ls, j, t)
		}
	}
	right, rs, err := b.table(j.Right)
	if err != nil {
		return nil, nil, err
	}
	s, err := ls.joined(rs, j.Right.At())
	if err != nil {
		return nil, nil, err
	}
	n := &logical.Join{Kind: joinKinds[j.Kind], Left: left, Right: right, Pos: int(j.Pos)}
	return b.condition(n, s, j)
}

// joined is the scope of two FROM items side by side.
func (s *scope) joined(right *scope, pos ast.Pos) (*scope, error) {
	for _, t := range right.tables {
		if s.has(t) {
			return nil, fail(codeDuplicateAlias, pos, "table name %q specified more than once", t)
		}
	}
	out := &scope{
		columns: slices.Concat(s.columns, right.columns),
		tables:  slices.Concat(s.tables, right.tables),
		hidden:  map[string]string{},
		outer:   s.outer,
	}
	maps.Copy(out.hidden, s.hidden)
	maps.Copy(out.hidden, right.hidden)
	return out, nil
}

// condition binds what a join has behind its tables: ON, USING or NATURAL.
func (b *binder) condition(n *logical.Join, s *scope, j *ast.Join) (logical.Node, *scope, error) {
	switch {
	case j.Natural:
		return b.using(n, s, j, naturalNames(n, s))
	case len(j.Using) > 0:
		if !j.UsingAlias.Empty() {
			return nil, nil, later(j.UsingAlias.Pos, "an alias of USING is")
		}
		return b.using(n, s, j, j.Using)
	case j.On != nil:
		bound, err := b.on(n, s, j)
		return bound, s, err
	}
	return n, s, nil
}

// on binds ON. What of it has subqueries is said of the joined rows, which for an
// inner join is the same.
func (b *binder) on(n *logical.Join, s *scope, j *ast.Join) (logical.Node, error) {
	in := s.in("in JOIN conditions")
	in.subs = &subqueries{}
	pred, err := b.predicate(j.On, in, "JOIN/ON")
	if err != nil || len(in.subs.list) == 0 {
		n.On = pred
		return n, err
	}
	var plain, rest []*expr.Node
	for _, c := range logical.Conjuncts(pred) {
		if anyPart(c, isSubquery) {
			rest = append(rest, c)
		} else {
			plain = append(plain, c)
		}
	}
	n.On = logical.And(plain)
	if n.Kind != join.Inner {
		return nil, later(in.subs.list[0].pos, "a subquery in the condition of an outer join is").
			hint("Choose the rows before: LEFT JOIN (SELECT ... FROM the table WHERE ...) ON ....")
	}
	a := b.attacher(in.subs, n, nil)
	err = a.where(logical.And(rest))
	return a.node, err
}

// naturalNames are the columns that both sides have under one name.
func naturalNames(n *logical.Join, s *scope) []ast.Name {
	width := len(n.Left.Schema())
	var names []ast.Name
	for _, l := range s.columns[:width] {
		for _, r := range s.columns[width:] {
			if l.name == r.name && !l.merged && !r.merged {
				names = append(names, ast.Name{Pos: ast.NoPos, Text: l.name})
				break
			}
		}
	}
	return names
}

// using joins on equal columns of one name each, which become one column, before
// all others.
func (b *binder) using(n *logical.Join, s *scope, j *ast.Join, names []ast.Name) (logical.Node, *scope, error) {
	width := len(n.Left.Schema())
	out := &scope{tables: s.tables, hidden: s.hidden, outer: s.outer}
	p := &logical.Project{Input: n}
	old := slices.Clone(s.columns)
	var preds []*expr.Node
	for _, name := range names {
		pos := name.Pos
		if pos == ast.NoPos {
			pos = j.Pos
		}
		l, err := s.usingColumn(name, pos, 0, width, "left")
		if err != nil {
			return nil, nil, err
		}
		r, err := s.usingColumn(name, pos, width, len(s.columns), "right")
		if err != nil {
			return nil, nil, err
		}
		eq, merged, err := b.mergedColumn(n.Kind, b.ref(s, l, pos), b.ref(s, r, pos), pos)
		if err != nil {
			return nil, nil, err
		}
		preds = append(preds, eq)
		old[l].merged, old[r].merged = true, true
		p.Exprs, p.Names = append(p.Exprs, merged), append(p.Names, name.Text)
		out.columns = append(out.columns, column{name: name.Text, typ: merged.Type})
	}
	n.On = logical.And(preds)
	for c, f := range n.Schema() {
		p.Exprs, p.Names = append(p.Exprs, expr.Col(c, f.Name, f.Type)), append(p.Names, f.Name)
	}
	out.columns = append(out.columns, old...)
	return p, out, nil
}

// usingColumn finds a column of USING among those of one side.
func (s *scope) usingColumn(name ast.Name, pos ast.Pos, from, to int, side string) (int, error) {
	found := -1
	for i, c := range s.columns[from:to] {
		if c.name != name.Text || c.merged {
			continue
		}
		if found >= 0 {
			return 0, fail(codeAmbiguousColumn, pos, "common column name %q appears more than once in %s table", name.Text, side)
		}
		found = from + i
	}
	if found < 0 {
		return 0, fail(codeUndefinedColumn, pos, "column %q specified in USING clause does not exist in %s table", name.Text, side)
	}
	return found, nil
}

// mergedColumn is the condition of one column of USING, and the column's value:
// that of the side whose rows are all there.
func (b *binder) mergedColumn(kind join.Kind, l, r *expr.Node, pos ast.Pos) (eq, merged *expr.Node, err error) {
	if eq, err = b.apply("=", pos, l, r); err != nil {
		return nil, nil, err
	}
	t, err := expr.CommonType("JOIN/USING", []batch.Type{l.Type, r.Type})
	if err != nil {
		return nil, nil, at(err, pos, codeTypeMismatch)
	}
	switch kind {
	case join.Full:
		merged, err = b.apply("coalesce", pos, l, r)
	case join.Right:
		merged, err = b.convert(r, t, expr.Implicit, pos)
	default:
		merged, err = b.convert(l, t, expr.Implicit, pos)
	}
	return eq, merged, err
}

// joinAlias gives a parenthesised join a name, under which its columns stand.
func (b *binder) joinAlias(n logical.Node, s *scope, j *ast.Join) (logical.Node, *scope, error) {
	p := &logical.Project{Input: n}
	for i, c := range s.columns {
		if !c.merged {
			p.Exprs, p.Names = append(p.Exprs, expr.Col(i, c.name, c.typ)), append(p.Names, c.name)
		}
	}
	return b.aliased(p, "", j.Alias, j.Pos)
}

// temporal binds JOIN t FOR SYSTEM_TIME AS OF time ON …: each row is joined with
// the table as it is when the row comes.
func (b *binder) temporal(left logical.Node, ls *scope, j *ast.Join, t *ast.TableName) (logical.Node, *scope, error) {
	kind := joinKinds[j.Kind]
	if kind != join.Inner && kind != join.Left {
		return nil, nil, fail(codeFeature, j.Pos, "a join FOR SYSTEM_TIME AS OF must be an inner or a left join")
	}
	if err := b.asOf(t.AsOf, ls); err != nil {
		return nil, nil, err
	}
	table := *t
	table.AsOf = nil
	right, rs, err := b.tableName(&table)
	if err != nil {
		return nil, nil, err
	}
	props := right.Props()
	switch {
	case len(props.Key) == 0:
		return nil, nil, fail(codeFeature, t.Pos, "a join FOR SYSTEM_TIME AS OF needs a relation with a key on its right side").
			hint("Create the table with a PRIMARY KEY, or read a view that is grouped by the key.")
	case left.Props().Updating:
		return nil, nil, fail(codeFeature, j.Pos, "a join FOR SYSTEM_TIME AS OF needs rows that only come on its left side").
			hint("Leave FOR SYSTEM_TIME AS OF out: the result then changes as both sides do.")
	}
	s, err := ls.joined(rs, t.Pos)
	if err != nil {
		return nil, nil, err
	}
	n := &logical.Join{Kind: kind, Left: left, Right: right, Pos: int(j.Pos)}
	bound, s, err := b.condition(n, s, j)
	if err != nil {
		return nil, nil, err
	}
	n.AsOf = true
	if missing := unboundKey(n, props.Key); missing >= 0 {
		return nil, nil, fail(codeFeature, j.Pos, "a join FOR SYSTEM_TIME AS OF must compare the whole key of %q: column %q is missing",
			t.Name.Last().Text, right.Schema()[missing].Name)
	}
	return bound, s, nil
}

// asOf checks the time of FOR SYSTEM_TIME AS OF: a time of the left side's rows.
func (b *binder) asOf(e ast.Expr, ls *scope) error {
	if id, ok := e.(*ast.Ident); ok {
		i, err := ls.column(id.Name)
		if err != nil {
			return err
		}
		if k := ls.columns[i].typ.Kind; k == batch.Timestamp || k == batch.TimestampTZ {
			return nil
		}
	}
	return fail(codeFeature, e.At(), "FOR SYSTEM_TIME AS OF needs a timestamp column of the left side").
		hint("Rows see the table as it is when they come: FOR SYSTEM_TIME AS OF o.ts.")
}

// unboundKey is a key column of the right side that the condition does not
// compare with the left side, or -1.
func unboundKey(n *logical.Join, key []int) int {
	width := len(n.Left.Schema())
	bound := map[int]bool{}
	for _, p := range logical.Conjuncts(cmp.Or(n.On, expr.BoolConst(true))) {
		if p.Op != expr.OpCall || p.Name != "=" {
			continue
		}
		for i, side := range p.Args {
			for side.Op == expr.OpCast {
				side = side.Args[0]
			}
			other := expr.Columns(p.Args[1-i])
			if side.Op == expr.OpCol && side.Col >= width && (len(other) == 0 || other[len(other)-1] < width) {
				bound[side.Col-width] = true
			}
		}
	}
	for _, c := range key {
		if !bound[c] {
			return c
		}
	}
	return -1
}
