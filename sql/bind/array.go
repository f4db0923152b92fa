package bind

import (
	"math"

	"github.com/dirigo-stream/dirigo/exec/batch"
	"github.com/dirigo-stream/dirigo/exec/expr"
	"github.com/dirigo-stream/dirigo/sql/ast"
)

// array binds ARRAY[…].
func (b *binder) array(e *ast.Array, s *scope) (*expr.Node, error) {
	return b.operator(e.Pos, "array_construct", false, s, e.Elems...)
}

// castArray binds ARRAY[…]::type[]: the elements become of that type one by one,
// so that there need not be one that they all have, nor any element.
func (b *binder) castArray(e *ast.Array, to batch.Type, s *scope) (*expr.Node, error) {
	if len(e.Elems) == 0 {
		return b.cast(expr.Literal("{}"), to, e.Pos)
	}
	elems, err := b.exprs(e.Elems, s)
	if err != nil {
		return nil, err
	}
	for i := range elems {
		if elems[i], err = b.cast(elems[i], to.ElemType(), e.Elems[i].At()); err != nil {
			return nil, err
		}
	}
	n, err := b.apply("array_construct", e.Pos, elems...)
	if err != nil {
		return nil, err
	}
	return b.cast(n, to, e.Pos)
}

// index binds a[i] and a[i:j], where either bound may be left out.
func (b *binder) index(e *ast.Index, s *scope) (*expr.Node, error) {
	x, err := b.expr(e.X, s)
	if err != nil {
		return nil, err
	}
	switch x.Type.Kind {
	case batch.Array:
	case batch.JSONB:
		return nil, later(e.Pos, "subscripts of jsonb are").hint("Use the operator ->.")
	default:
		return nil, fail(codeTypeMismatch, e.Pos, "cannot subscript type %s because it does not support subscripting", x.Type)
	}
	low, err := b.bound(e.Lo, 1, s)
	if err != nil {
		return nil, err
	}
	if !e.Slice {
		return b.apply("array_subscript", e.Pos, x, low)
	}
	high, err := b.bound(e.Hi, math.MaxInt32, s)
	if err != nil {
		return nil, err
	}
	return b.apply("array_slice", e.Pos, x, low, high)
}

// bound binds a subscript, brought to integer as in an assignment.
func (b *binder) bound(e ast.Expr, absent int64, s *scope) (*expr.Node, error) {
	to := batch.T(batch.Int32)
	if e == nil {
		col := &batch.Vec[int64]{Data: []int64{absent}}
		return expr.Const(to, string(batch.AppendText(nil, col, 0, to, nil))), nil
	}
	n, err := b.expr(e, s)
	if err != nil {
		return nil, err
	}
	n, err = expr.Cast(n, to, expr.Assignment)
	if err != nil {
		return nil, at(err, e.At(), codeTypeMismatch)
	}
	return n, nil
}
