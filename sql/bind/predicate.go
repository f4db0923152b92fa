package bind

import (
	"github.com/dirigo-stream/dirigo/exec/batch"
	"github.com/dirigo-stream/dirigo/exec/expr"
	"github.com/dirigo-stream/dirigo/sql/ast"
)

// predicate binds an argument of a clause that must be of type boolean.
func (b *binder) predicate(e ast.Expr, s *scope, clause string) (*expr.Node, error) {
	n, err := b.expr(e, s)
	if err != nil {
		return nil, err
	}
	if n.Type.Kind == batch.Unknown {
		return b.cast(n, batch.T(batch.Bool), e.At())
	}
	if n.Type.Kind != batch.Bool {
		return nil, fail(codeTypeMismatch, e.At(), "argument of %s must be type boolean, not type %s", clause, n.Type)
	}
	return n, nil
}

func (b *binder) is(e *ast.Is, s *scope) (*expr.Node, error) {
	if e.What == ast.IsNull {
		name := "is null"
		if e.Not {
			name = "is not null"
		}
		return b.operator(e.Pos, name, false, s, e.X)
	}
	name := map[ast.IsKind]string{ast.IsTrue: "true", ast.IsFalse: "false", ast.IsUnknown: "unknown"}[e.What]
	x, err := b.predicate(e.X, s, "IS "+name)
	if err != nil {
		return nil, err
	}
	if e.What == ast.IsUnknown {
		name = "null"
	}
	if e.Not {
		return b.apply("is not "+name, e.Pos, x)
	}
	return b.apply("is "+name, e.Pos, x)
}

func (b *binder) between(e *ast.Between, s *scope) (*expr.Node, error) {
	args, err := b.exprs([]ast.Expr{e.X, e.Lo, e.Hi}, s)
	if err != nil {
		return nil, err
	}
	n, err := b.inside(e.Pos, args[0], args[1], args[2])
	if err == nil && e.Symmetric {
		var other *expr.Node
		if other, err = b.inside(e.Pos, args[0], args[2], args[1]); err == nil {
			n, err = b.apply("or", e.Pos, n, other)
		}
	}
	if err != nil || !e.Not {
		return n, err
	}
	return b.apply("not", e.Pos, n)
}

func (b *binder) inside(pos ast.Pos, x, low, high *expr.Node) (*expr.Node, error) {
	from, err := b.apply(">=", pos, x, low)
	if err != nil {
		return nil, err
	}
	to, err := b.apply("<=", pos, x, high)
	if err != nil {
		return nil, err
	}
	return b.apply("and", pos, from, to)
}

func (b *binder) in(e *ast.In, s *scope) (*expr.Node, error) {
	if e.Query != nil {
		return b.inQuery(e, s)
	}
	return b.operator(e.Pos, "in", e.Not, s, append([]ast.Expr{e.X}, e.List...)...)
}

func (b *binder) like(e *ast.Like, s *scope) (*expr.Node, error) {
	name := map[ast.LikeKind]string{ast.LikeOp: "like", ast.ILikeOp: "ilike", ast.SimilarOp: "similar to"}[e.Kind]
	operands := []ast.Expr{e.X, e.Pattern}
	if e.Escape != nil {
		operands = append(operands, e.Escape)
	}
	return b.operator(e.Pos, name, e.Not, s, operands...)
}

// caseExpr binds both forms of CASE; all its values get one type.
func (b *binder) caseExpr(e *ast.Case, s *scope) (*expr.Node, error) {
	var args []*expr.Node
	s = s.setless("CASE")
	for _, w := range e.Whens {
		cond, err := b.when(e.Operand, w, s)
		if err != nil {
			return nil, err
		}
		value, err := b.expr(w.Then, s)
		if err != nil {
			return nil, err
		}
		args = append(args, cond, value)
	}
	last := expr.Null(batch.Type{})
	if e.Else != nil {
		var err error
		if last, err = b.expr(e.Else, s); err != nil {
			return nil, err
		}
	}
	args = append(args, last)
	n, err := expr.Case(args)
	if err != nil {
		return nil, at(err, b.culprit(err, args, e.Pos), codeTypeMismatch)
	}
	b.learn(args, n.Args)
	return n, nil
}

func (b *binder) when(operand ast.Expr, w ast.When, s *scope) (*expr.Node, error) {
	if operand == nil {
		return b.predicate(w.Cond, s, "CASE/WHEN")
	}
	return b.operator(w.Cond.At(), "=", false, s, operand, w.Cond)
}
