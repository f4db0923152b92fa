package bind

import (
	"github.com/dirigo-stream/dirigo/exec/batch"
	"github.com/dirigo-stream/dirigo/exec/expr"
	"github.com/dirigo-stream/dirigo/sql/ast"
)

// expr binds a scalar expression over the columns of a scope.
func (b *binder) expr(e ast.Expr, s *scope) (*expr.Node, error) {
	switch e := e.(type) {
	case *ast.Ident:
		return b.ident(e, s)
	case *ast.Literal, *ast.TypedLiteral, *ast.IntervalLiteral, *ast.Param:
		return b.literal(e)
	case *ast.Unary:
		return b.unary(e, s)
	case *ast.Binary:
		return b.binary(e, s)
	case *ast.Is:
		return b.is(e, s)
	case *ast.IsDistinct:
		return b.operator(e.Pos, "is distinct from", e.Not, s, e.L, e.R)
	case *ast.Between:
		return b.between(e, s)
	case *ast.In:
		return b.in(e, s)
	case *ast.Like:
		return b.like(e, s)
	case *ast.Call:
		return b.call(e, s)
	case *ast.Cast:
		return b.castExpr(e, s)
	case *ast.Case:
		return b.caseExpr(e, s)
	case *ast.Extract:
		return b.extract(e, s)
	case *ast.AtTimeZone:
		return b.operator(e.Pos, "timezone", false, s, e.Zone, e.X)
	case *ast.Collate:
		return b.collate(e, s)
	case *ast.Array:
		return b.array(e, s)
	case *ast.Index:
		return b.index(e, s)
	case *ast.Subquery:
		return b.subqueryExpr(e, s)
	case *ast.Quantified:
		return b.quantified(e, s)
	case *ast.ArraySubquery:
		return b.arrayQuery(e, s)
	}
	return nil, unsupported(e)
}

// unsupported names what cannot be bound.
func unsupported(e ast.Expr) error {
	switch e := e.(type) {
	case *ast.Star:
		return fail(codeSyntax, e.Pos, "* is not allowed here")
	case *ast.Default:
		return fail(codeSyntax, e.Pos, "DEFAULT is not allowed in this context")
	case *ast.NamedArg:
		return later(e.Pos, "named arguments are")
	case *ast.Row, *ast.FieldSel:
		return later(e.At(), "row values are")
	case *ast.GroupingSet:
		return later(e.Pos, "grouping sets are")
	}
	return later(e.At(), "this expression is")
}

func (b *binder) ident(e *ast.Ident, s *scope) (*expr.Node, error) {
	i, err := s.column(e.Name)
	if err == nil {
		return b.ref(s, i, e.Pos), nil
	}
	if n, found, err := b.outerRef(e, s, err); found || err != nil {
		return n, err
	}
	if len(e.Name) == 1 { // a function of SQL's that is written without parentheses
		if n, ok, err := b.environment(e.Name[0].Text, e.Pos); ok {
			return n, err
		}
	}
	return nil, err
}

// outerRef finds a name in the queries around, the nearest first; missed is why
// it is not in the query itself.
func (b *binder) outerRef(e *ast.Ident, s *scope, missed error) (n *expr.Node, found bool, err error) {
	for level := 1; s.outer != nil; level++ {
		if wrong, ok := missed.(*Error); !ok || wrong.Code != codeUndefinedColumn && wrong.Code != codeUndefinedTable {
			return nil, false, missed
		}
		s = s.outer
		var i int
		if i, missed = s.column(e.Name); missed == nil {
			n = b.ref(s, i, e.Pos)
			n.Col += level * outerLevel
			return n, true, nil
		}
	}
	return nil, false, nil
}

func (b *binder) exprs(list []ast.Expr, s *scope) ([]*expr.Node, error) {
	out := make([]*expr.Node, len(list))
	for i, e := range list {
		var err error
		if out[i], err = b.expr(e, s); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// operator binds an operator's operands and finds the operator; negate puts NOT
// before it.
func (b *binder) operator(pos ast.Pos, name string, negate bool, s *scope, operands ...ast.Expr) (*expr.Node, error) {
	args, err := b.exprs(operands, s)
	if err != nil {
		return nil, err
	}
	n, err := b.apply(name, pos, args...)
	if err != nil || !negate {
		return n, err
	}
	return b.apply("not", pos, n)
}

func (b *binder) unary(e *ast.Unary, s *scope) (*expr.Node, error) {
	if lit, ok := e.X.(*ast.Literal); ok && e.Op == "-" && lit.Kind == ast.NumberLit {
		return number("-"+lit.Text, e.Pos) // so that the least bigint is one
	}
	if e.Op == "not" {
		x, err := b.predicate(e.X, s, "NOT")
		if err != nil {
			return nil, err
		}
		return b.apply("not", e.Pos, x)
	}
	return b.operator(e.Pos, e.Op, false, s, e.X)
}

func (b *binder) binary(e *ast.Binary, s *scope) (*expr.Node, error) {
	if e.Op != "and" && e.Op != "or" {
		op := e.Op
		if op == "!=" {
			op = "<>"
		}
		return b.operator(e.Pos, op, false, s, e.L, e.R)
	}
	clause := map[string]string{"and": "AND", "or": "OR"}[e.Op]
	l, err := b.predicate(e.L, s, clause)
	if err != nil {
		return nil, err
	}
	r, err := b.predicate(e.R, s, clause)
	if err != nil {
		return nil, err
	}
	return b.apply(e.Op, e.Pos, l, r)
}

func (b *binder) extract(e *ast.Extract, s *scope) (*expr.Node, error) {
	x, err := b.expr(e.X, s)
	if err != nil {
		return nil, err
	}
	field := expr.Const(batch.T(batch.Text), e.Field)
	return b.apply("extract", e.Pos, field, x)
}

// collate accepts the one collation there is: bytewise.
func (b *binder) collate(e *ast.Collate, s *scope) (*expr.Node, error) {
	switch name := e.Collation.Last().Text; name {
	case "C", "POSIX", "default", "ucs_basic":
		return b.expr(e.X, s)
	default:
		return nil, fail(codeUndefinedObject, e.Pos, "collation %q does not exist", name).
			hint(`Text is compared bytewise: the one collation is "C".`)
	}
}

func (b *binder) castExpr(e *ast.Cast, s *scope) (*expr.Node, error) {
	to, err := typeOf(e.Type)
	if err != nil {
		return nil, err
	}
	if list, ok := e.X.(*ast.Array); ok && to.Kind == batch.Array {
		return b.castArray(list, to, s)
	}
	x, err := b.expr(e.X, s)
	if err != nil {
		return nil, err
	}
	return b.cast(x, to, e.Pos)
}
