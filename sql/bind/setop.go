package bind

import (
	"slices"
	"strconv"

	"github.com/dirigo-stream/dirigo/exec/batch"
	"github.com/dirigo-stream/dirigo/exec/expr"
	"github.com/dirigo-stream/dirigo/exec/op"
	"github.com/dirigo-stream/dirigo/planner/logical"
	"github.com/dirigo-stream/dirigo/sql/ast"
)

// setOp binds UNION, INTERSECT and EXCEPT; the sides' columns are brought to common types.
func (b *binder) setOp(op *ast.SetOp) (logical.Node, error) {
	left, err := b.side(op.Left)
	if err != nil {
		return nil, err
	}
	right, err := b.side(op.Right)
	if err != nil {
		return nil, err
	}
	if len(left.Schema()) != len(right.Schema()) {
		return nil, fail(codeSyntax, fieldPos(op.Right, 0), "each %s query must have the same number of columns", setOpNames[op.Op])
	}
	types, err := commonTypes(setOpNames[op.Op], op.Right, left.Schema(), right.Schema())
	if err != nil {
		return nil, err
	}
	if op.Op != ast.Union {
		return b.intersection(op, left, right, types)
	}
	all, err := b.sides(left, op.Left, types)
	if err != nil {
		return nil, err
	}
	more, err := b.sides(right, op.Right, types)
	if err != nil {
		return nil, err
	}
	var union logical.Node = &logical.Union{Sides: append(all, more...)}
	if !op.All {
		union = &logical.Distinct{Input: union}
	}
	return union, nil
}

var setOpNames = map[ast.SetOpKind]string{ast.Union: "UNION", ast.Intersect: "INTERSECT", ast.Except: "EXCEPT"}

// intersection builds INTERSECT or EXCEPT.
func (b *binder) intersection(op *ast.SetOp, left, right logical.Node, types []batch.Type) (logical.Node, error) {
	left, err := b.converted(left, types, op.Left.At())
	if err != nil {
		return nil, err
	}
	if right, err = b.converted(right, types, op.Right.At()); err != nil {
		return nil, err
	}
	return &logical.SetOp{Left: left, Right: right, Except: op.Op == ast.Except, All: op.All}, nil
}

// sides flattens a union of unions, and converts each side's columns.
func (b *binder) sides(n logical.Node, body ast.Body, types []batch.Type) ([]logical.Node, error) {
	list := []logical.Node{n}
	if inner, ok := body.(*ast.SetOp); ok && inner.All && inner.Op == ast.Union {
		if u, ok := n.(*logical.Union); ok {
			list = slices.Clone(u.Sides)
		}
	}
	for i := range list {
		var err error
		if list[i], err = b.converted(list[i], types, body.At()); err != nil {
			return nil, err
		}
	}
	return list, nil
}

// converted brings the columns of a side to the union's types. A constant of
// the select list is converted as the literal that it is.
func (b *binder) converted(n logical.Node, types []batch.Type, pos ast.Pos) (logical.Node, error) {
	schema := n.Schema()
	p := &logical.Project{Input: n}
	list, _ := n.(*logical.Project)
	if list != nil {
		p.Input = list.Input
	}
	for i, f := range schema {
		e := logical.Column(schema, i)
		if list != nil {
			e = list.Exprs[i]
		}
		e, err := b.convert(e, types[i], expr.Implicit, pos)
		if err != nil {
			return nil, err
		}
		p.Exprs, p.Names = append(p.Exprs, e), append(p.Names, f.Name)
	}
	return p, nil
}

func commonTypes(what string, body ast.Body, left, right batch.Schema) ([]batch.Type, error) {
	out := make([]batch.Type, len(left))
	for i := range left {
		t, err := expr.CommonType(what, []batch.Type{left[i].Type, right[i].Type})
		if err != nil {
			return nil, at(err, fieldPos(body, i), codeTypeMismatch)
		}
		out[i] = t
	}
	return out, nil
}

// fieldPos is where column i of a query comes from in the text, as far as that
// can be told.
func fieldPos(body ast.Body, i int) ast.Pos {
	core, ok := body.(*ast.SelectCore)
	if !ok || i >= len(core.Fields) {
		return body.At()
	}
	for _, f := range core.Fields[:i+1] {
		if _, star := f.Expr.(*ast.Star); star {
			return body.At()
		}
	}
	return core.Fields[i].Expr.At()
}

// values binds VALUES: constant rows of columns named column1, column2, ….
func (b *binder) values(v *ast.Values) (logical.Node, error) {
	if b.continuous {
		return nil, later(v.Pos, "VALUES in a continuous query is")
	}
	if slices.ContainsFunc(v.Rows, hasQuery) {
		return b.selects(v)
	}
	out := &logical.Values{}
	for _, row := range v.Rows {
		if len(row) != len(v.Rows[0]) {
			return nil, fail(codeSyntax, row[0].At(), "VALUES lists must all be the same length")
		}
		cells, err := b.exprs(row, &scope{forbid: "in VALUES", outer: b.outer})
		if err != nil {
			return nil, err
		}
		out.Rows = append(out.Rows, cells)
	}
	return out, b.unifyRows(out, v.Pos)
}

func hasQuery(cells []ast.Expr) bool {
	return slices.ContainsFunc(cells, func(e ast.Expr) bool { return contains(e, isQuery) })
}

// selects binds VALUES with subqueries among the values: a SELECT a row, in their
// order.
func (b *binder) selects(v *ast.Values) (logical.Node, error) {
	var all ast.Body
	for i, row := range v.Rows {
		if len(row) != len(v.Rows[0]) {
			return nil, fail(codeSyntax, row[0].At(), "VALUES lists must all be the same length")
		}
		number := &ast.Literal{Pos: v.Pos, Kind: ast.NumberLit, Text: strconv.Itoa(i)}
		if core := rowSelect(v.Pos, append(slices.Clip(row), number)); all == nil {
			all = core
		} else {
			all = &ast.SetOp{Pos: v.Pos, Op: ast.Union, All: true, Left: all, Right: core}
		}
	}
	n, err := b.side(all)
	if err != nil {
		return nil, err
	}
	return inOrder(n), nil
}

// inOrder sorts rows by their last column, and leaves it out.
func inOrder(n logical.Node) logical.Node {
	last := len(n.Schema()) - 1
	columns := make([]int, last)
	for i := range columns {
		columns[i] = i
	}
	return logical.Keep(&logical.Sort{Input: n, Keys: []op.SortKey{{Col: last}}, Limit: -1}, columns)
}

// rowSelect is the SELECT that gives a row of VALUES.
func rowSelect(pos ast.Pos, cells []ast.Expr) *ast.SelectCore {
	core := &ast.SelectCore{Pos: pos}
	for i, e := range cells {
		name := ast.Name{Pos: e.At(), Text: "column" + strconv.Itoa(i+1)}
		core.Fields = append(core.Fields, ast.Field{Pos: e.At(), Expr: e, Alias: name})
	}
	return core
}

func (b *binder) unifyRows(v *logical.Values, pos ast.Pos) error {
	for c := range v.Rows[0] {
		types := make([]batch.Type, len(v.Rows))
		for r, row := range v.Rows {
			types[r] = row[c].Type
		}
		t, err := expr.CommonType("VALUES", types)
		if err != nil {
			return at(err, pos, codeTypeMismatch)
		}
		for _, row := range v.Rows {
			if row[c], err = b.convert(row[c], t, expr.Implicit, pos); err != nil {
				return err
			}
		}
		v.Columns = append(v.Columns, batch.Field{Name: "column" + strconv.Itoa(c+1), Type: t})
	}
	return nil
}
