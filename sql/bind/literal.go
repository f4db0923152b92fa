package bind

import (
	"github.com/dirigo-stream/dirigo/exec/batch"
	"github.com/dirigo-stream/dirigo/exec/expr"
	"github.com/dirigo-stream/dirigo/sql/ast"
)

// literal binds a constant or a parameter.
func (b *binder) literal(e ast.Expr) (*expr.Node, error) {
	switch e := e.(type) {
	case *ast.Literal:
		n, err := plain(e)
		if err == nil {
			b.places[n] = e.Pos
		}
		return n, err
	case *ast.TypedLiteral:
		t, err := typeOf(e.Type)
		if err != nil {
			return nil, err
		}
		return b.cast(expr.Literal(e.Text), t, e.Pos)
	case *ast.IntervalLiteral:
		return interval(e)
	case *ast.Param:
		return b.param(e)
	}
	return nil, unsupported(e)
}

func plain(e *ast.Literal) (*expr.Node, error) {
	switch e.Kind {
	case ast.NullLit:
		return expr.Null(batch.Type{}), nil
	case ast.BoolLit:
		return expr.BoolConst(e.Text == "true"), nil
	case ast.NumberLit:
		return number(e.Text, e.Pos)
	case ast.BitLit:
		return nil, later(e.Pos, "bit strings are")
	}
	return expr.Literal(e.Text), nil
}

// number types a numeric constant: the least of integer, bigint and numeric
// that holds it.
func number(text string, pos ast.Pos) (*expr.Node, error) {
	n, err := expr.Number(text)
	if err != nil {
		return nil, at(err, pos, codeInvalidParameter)
	}
	return n, nil
}

func interval(e *ast.IntervalLiteral) (*expr.Node, error) {
	if e.Precision >= 0 && e.Precision != 6 {
		return nil, later(e.Pos, "a precision of intervals other than 6 is")
	}
	n, err := expr.IntervalLiteral(e.Text, e.Fields)
	if err != nil {
		return nil, at(err, e.Pos, codeInvalidParameter)
	}
	return n, nil
}

// param binds $n: to its value when there is one, else to a NULL that takes the
// type of its place.
func (b *binder) param(e *ast.Param) (*expr.Node, error) {
	if e.N < 1 || e.N > 65535 {
		return nil, fail(codeUndefinedParam, e.Pos, "there is no parameter $%d", e.N)
	}
	for len(b.params) < e.N {
		stated := batch.Type{}
		if i := len(b.params); i < len(b.env.ParamTypes) {
			stated = b.env.ParamTypes[i]
		}
		b.params = append(b.params, stated)
	}
	if b.continuous {
		return nil, fail(codeFeature, e.Pos, "a continuous query has no parameters").
			hint("Write the value into the statement.")
	}
	if b.env.Params == nil {
		n := expr.Null(b.params[e.N-1])
		if n.Type.Kind == batch.Unknown {
			b.placeholders[n] = e.N - 1
		}
		return n, nil
	}
	if e.N > len(b.env.Params) {
		return nil, fail(codeUndefinedParam, e.Pos, "there is no parameter $%d", e.N)
	}
	return b.value(e)
}

func (b *binder) value(e *ast.Param) (*expr.Node, error) {
	p, t := b.env.Params[e.N-1], b.params[e.N-1]
	if p.Null {
		return expr.Null(t), nil
	}
	if t.Kind == batch.Unknown {
		return expr.Literal(p.Text), nil
	}
	return b.cast(expr.Literal(p.Text), t, e.Pos)
}

// learn notes the types that placeholders got: before and after are the same
// arguments, without and with the casts that a function's choice put there.
func (b *binder) learn(before, after []*expr.Node) {
	for i, n := range before {
		if p, ok := b.placeholders[n]; ok && i < len(after) {
			b.learned(p, after[i].Type)
		}
	}
}

func (b *binder) learned(param int, t batch.Type) {
	if b.params[param].Kind == batch.Unknown {
		b.params[param] = t
	}
}

// paramTypes are the parameters' types; what nothing decided is text.
func (b *binder) paramTypes() []batch.Type {
	out := make([]batch.Type, len(b.params))
	for i, t := range b.params {
		if out[i] = t; t.Kind == batch.Unknown {
			out[i] = batch.T(batch.Text)
		}
	}
	return out
}
