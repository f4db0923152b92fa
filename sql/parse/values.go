package parse

import (
	"strconv"

	"github.com/dirigo-stream/dirigo/sql/ast"
)

// constants reads a query that is VALUES of bare constants and parameters and
// nothing else, as most INSERTs have it: there is nothing to be spelled then.
// It returns nil, and has passed nothing, for any other query.
func (r *reader) constants(insert bool) *ast.Values {
	if !r.isWord("values") {
		return nil
	}
	start := r.p
	v := &ast.Values{Pos: r.pos()}
	r.p++
	for {
		row := r.constantRow(insert)
		if row == nil {
			r.p = start
			return nil
		}
		v.Rows = append(v.Rows, row)
		if !r.takePunct(",") {
			break
		}
	}
	if t := r.peek(); t.kind != tEnd && !t.punct(")") && !t.word("returning") && !r.isWord("on", "conflict") {
		r.p = start
		return nil
	}
	return v
}

// constantRow reads (constant, …); nil: it is something else.
func (r *reader) constantRow(insert bool) []ast.Expr {
	open := r.peek()
	if !open.punct("(") || open.match < 0 {
		return nil
	}
	row := make([]ast.Expr, 0, 8)
	for {
		r.p++ // the parenthesis, or the comma
		e := r.constant(insert)
		if e == nil {
			return nil
		}
		row = append(row, e)
		switch t := r.peek(); {
		case t.punct(")"):
			r.p++
			return row
		case !t.punct(","):
			return nil
		}
	}
}

// constant reads one bare constant or parameter; nil: it is something else.
func (r *reader) constant(insert bool) ast.Expr {
	pos, t := r.pos(), r.peek()
	switch {
	case t.kind == tNumber:
		r.p++
		return &ast.Literal{Pos: pos, Kind: ast.NumberLit, Text: t.text}
	case t.kind == tString:
		r.p++
		return &ast.Literal{Pos: pos, Kind: ast.StringLit, Text: t.text}
	case t.kind == tParam:
		n, err := strconv.Atoi(t.text)
		if err != nil || n < 1 || n > 65535 {
			return nil
		}
		r.p++
		return &ast.Param{Pos: pos, N: n}
	case t.op("-") && r.following().kind == tNumber:
		r.p += 2
		x := &ast.Literal{Pos: r.posAt(r.p - 1), Kind: ast.NumberLit, Text: r.at(r.p - 1).text}
		return &ast.Unary{Pos: pos, Op: "-", X: x}
	case t.kind == tWord && (t.text == "true" || t.text == "false"):
		r.p++
		return &ast.Literal{Pos: pos, Kind: ast.BoolLit, Text: t.text}
	case t.word("null"):
		r.p++
		return &ast.Literal{Pos: pos, Kind: ast.NullLit}
	case t.word("default") && insert:
		r.p++
		return &ast.Default{Pos: pos}
	}
	return nil
}
