package bind

import (
	"slices"

	"github.com/dirigo-stream/dirigo/exec/batch"
	"github.com/dirigo-stream/dirigo/exec/expr"
	"github.com/dirigo-stream/dirigo/exec/join"
	"github.com/dirigo-stream/dirigo/exec/op"
	"github.com/dirigo-stream/dirigo/planner/logical"
	"github.com/dirigo-stream/dirigo/sql/ast"
)

// tableFuncs are the functions that give rows, with the name of their column;
// "": that of the function, or its alias.
var tableFuncs = map[string]string{
	"unnest": "", "generate_series": "", "jsonb_array_elements": "value", "jsonb_array_elements_text": "value",
}

// tableFunc binds a function in FROM over the rows of a left side, whose columns
// its arguments may use. The scope is both sides'.
func (b *binder) tableFunc(left logical.Node, ls *scope, t *ast.TableFunc, outer bool) (logical.Node, *scope, error) {
	name := t.Call.Name.Last().Text
	column, ok := tableFuncs[name]
	switch {
	case !ok && windowing[name]:
		return nil, nil, fail(codeSyntax, t.Pos, "wrong use of %s", name)
	case !ok:
		return nil, nil, later(t.Pos, "function "+name+" in FROM is").
			hint("There are unnest, generate_series, jsonb_array_elements and jsonb_array_elements_text.")
	case b.continuous && len(left.Schema()) == 0:
		return nil, nil, fail(codeFeature, t.Pos, "a continuous query needs a relation beside a function in FROM").
			hint("FROM a stream, unnest(its array).")
	}
	args, err := b.exprs(t.Call.Args, ls.in("in functions in FROM"))
	if err != nil {
		return nil, nil, err
	}
	spec, err := b.unnesting(t, name, args)
	if err != nil {
		return nil, nil, err
	}
	spec.Ordinality, spec.Outer = t.Ordinality, outer
	alias := name
	if !t.Alias.Name.Empty() {
		alias = t.Alias.Name.Text
		if column == "" {
			column = alias
		}
	}
	if column == "" {
		column = name
	}
	names := []string{column, "ordinality"}
	for i, n := range t.Alias.Columns {
		if i > 1 || i == 1 && !t.Ordinality {
			return nil, nil, fail(codeColumnReference, t.Pos, "table %q has %d columns available but %d columns specified",
				alias, i, len(t.Alias.Columns))
		}
		names[i] = n.Text
	}
	u := &logical.Unnest{Input: left, Spec: *spec, Names: names}
	mine := tableScope(alias, u.Schema()[len(left.Schema()):])
	mine.columns[0].scalar = !t.Ordinality
	s, err := ls.joined(mine, t.Pos)
	return u, s, err
}

// unnesting types the arguments of a function that gives rows.
func (b *binder) unnesting(t *ast.TableFunc, name string, args []*expr.Node) (*op.Unnest, error) {
	if name == "generate_series" {
		return b.series(t, args)
	}
	if len(args) != 1 {
		return nil, later(t.Pos, name+" of several arguments is")
	}
	var err error
	arg := args[0]
	spec := &op.Unnest{Func: name, Arg: arg}
	switch {
	case name == "unnest" && arg.Type.Kind == batch.Array:
		spec.Type = batch.T(arg.Type.Elem)
	case name != "unnest" && (arg.Type.Kind == batch.JSONB || arg.Type.Kind == batch.Unknown):
		if spec.Arg, err = b.convert(arg, batch.T(batch.JSONB), expr.Implicit, t.Call.Args[0].At()); err != nil {
			return nil, err
		}
		spec.Type = batch.T(batch.JSONB)
		if name == "jsonb_array_elements_text" {
			spec.Type = batch.T(batch.Text)
		}
	default:
		return nil, fail(codeUndefinedFunction, t.Pos, "function %s(%s) does not exist", name, arg.Type).
			hint("No function matches the given name and argument types. You might need to add explicit type casts.")
	}
	return spec, nil
}

// series brings the arguments of generate_series to common types.
func (b *binder) series(t *ast.TableFunc, args []*expr.Node) (*op.Unnest, error) {
	if len(args) < 2 || len(args) > 3 {
		return nil, fail(codeUndefinedFunction, t.Pos, "function generate_series of %d arguments does not exist", len(args))
	}
	ends := 2
	if k := args[0].Type.Kind; len(args) == 3 && k != batch.Timestamp && k != batch.TimestampTZ && k != batch.Date {
		ends = 3
	}
	types := make([]batch.Type, ends)
	for i := range types {
		types[i] = args[i].Type
	}
	common, err := expr.CommonType("generate_series", types)
	if err != nil {
		return nil, at(err, t.Pos, codeTypeMismatch)
	}
	switch common.Kind {
	case batch.Int16:
		common = batch.T(batch.Int32)
	case batch.Int32, batch.Int64, batch.Timestamp, batch.TimestampTZ:
	case batch.Date:
		common = batch.T(batch.TimestampTZ)
	default:
		return nil, later(t.Pos, "generate_series of "+common.String()+" is").hint("There are integers and timestamps.")
	}
	timed := common.Kind == batch.Timestamp || common.Kind == batch.TimestampTZ
	if timed && len(args) != 3 {
		return nil, fail(codeUndefinedFunction, t.Pos, "generate_series over times needs a step").hint("generate_series(first, last, INTERVAL '1 hour')")
	}
	for i := range args {
		to := common
		if timed && i == 2 {
			to = batch.T(batch.Interval)
		}
		if args[i], err = b.convert(args[i], to, expr.Implicit, t.Call.Args[i].At()); err != nil {
			return nil, err
		}
	}
	return &op.Unnest{Func: "generate_series", Arg: args[0], More: args[1:], Type: common}, nil
}

// lateralFunc binds a function in FROM behind other items, each row of which it
// is called for.
func (b *binder) lateralFunc(left logical.Node, ls *scope, j *ast.Join, t *ast.TableFunc) (logical.Node, *scope, error) {
	kind := joinKinds[j.Kind]
	if kind == join.Right || kind == join.Full || len(j.Using) > 0 || j.Natural {
		return nil, nil, later(j.Pos, "this join with a function in FROM is").hint("Use a comma, CROSS JOIN, JOIN ... ON, or LEFT JOIN ... ON true.")
	}
	n, s, err := b.tableFunc(left, ls, t, kind == join.Left)
	if err != nil {
		return nil, nil, err
	}
	return b.afterLateral(n, s, j, kind)
}

// afterLateral applies ON. Of a left join it must be true: the padding is done
// by then.
func (b *binder) afterLateral(n logical.Node, s *scope, j *ast.Join, kind join.Kind) (logical.Node, *scope, error) {
	if j.On == nil {
		return n, s, nil
	}
	pred, err := b.predicate(j.On, s.in("in JOIN conditions"), "JOIN/ON")
	if err != nil {
		return nil, nil, err
	}
	if pred.Op == expr.OpConst && !pred.Null && pred.Text == "t" {
		return n, s, nil
	}
	if kind == join.Left {
		return nil, nil, later(j.On.At(), "a left join LATERAL with another condition than ON true is").
			hint("Put the condition into the subquery.")
	}
	return &logical.Filter{Input: n, Pred: pred}, s, nil
}

// lateralJoin binds LATERAL (SELECT …): a subquery that sees the columns of what
// stands before it.
func (b *binder) lateralJoin(left logical.Node, ls *scope, j *ast.Join, t *ast.Subselect) (logical.Node, *scope, error) {
	kind := joinKinds[j.Kind]
	if kind == join.Right || kind == join.Full || len(j.Using) > 0 || j.Natural {
		return nil, nil, fail(codeFeature, j.Pos, "a LATERAL subquery cannot be on the kept side of a join").hint("Use JOIN LATERAL or LEFT JOIN LATERAL ... ON true.")
	}
	outer := b.outer
	b.outer = ls
	plan, err := b.nested(t.Query)
	b.outer = outer
	if err != nil {
		return nil, nil, err
	}
	a := b.attacher(nil, left, nil)
	p, err := a.pulled(&subquery{pos: t.Pos, plan: plan}, false)
	if err != nil {
		return nil, nil, err
	}
	values, err := a.lateral(p, kind, j)
	if err != nil {
		return nil, nil, err
	}
	width := len(left.Schema())
	proj := &logical.Project{Input: a.node, Exprs: slices.Concat(columnsOf(a.node)[:width], values)}
	for _, f := range left.Schema() {
		proj.Names = append(proj.Names, f.Name)
	}
	for _, f := range plan.Schema() {
		proj.Names = append(proj.Names, f.Name)
	}
	// The alias renames columns of the right side alone.
	_, rs, err := b.aliased(plan, "", t.Alias, t.Pos)
	if err != nil {
		return nil, nil, err
	}
	s, err := ls.joined(rs, t.Pos)
	if err != nil {
		return nil, nil, err
	}
	return b.afterLateral(proj, s, j, kind)
}

// lateral joins the rows that a subquery has for each row, and returns its columns.
func (a *attacher) lateral(p *pulled, kind join.Kind, j *ast.Join) ([]*expr.Node, error) {
	sub := &subquery{pos: j.Pos}
	if p.always { // a row for every row, whatever the join
		return a.row(sub, p)
	}
	if kind == join.Left {
		if oneRow(p.node) && len(p.preds) == 0 {
			kind = join.Inner
		} else {
			return a.row(sub, p)
		}
	}
	on, err := a.allBeside(p.preds)
	if err != nil {
		return nil, err
	}
	values, err := a.allBeside(p.out)
	if err != nil {
		return nil, err
	}
	a.node = &logical.Join{Kind: kind, Left: a.node, Right: p.node, On: logical.And(on), Pos: int(j.Pos)}
	return values, nil
}
