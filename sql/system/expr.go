package system

import (
	"strings"

	"github.com/dirigo-stream/dirigo/exec/batch"
	"github.com/dirigo-stream/dirigo/sql/ast"
	"github.com/dirigo-stream/dirigo/sql/result"
)

// expr compiles an expression.
func (c *compiler) expr(e ast.Expr, s *scope) (*node, error) {
	switch e := e.(type) {
	case *ast.Ident:
		return c.ident(e, s)
	case *ast.Literal:
		return c.literal(e)
	case *ast.TypedLiteral:
		return c.typed(e.Text, e.Type)
	case *ast.IntervalLiteral:
		span, err := batch.ParseSpanFields([]byte(e.Text), e.Fields)
		if err != nil {
			return nil, at(result.Errorf("22007", "%s", err), e.Pos)
		}
		return constant(span, result.OIDInterval), nil
	case *ast.Param:
		return c.param(e)
	case *ast.Unary:
		return c.unary(e, s)
	case *ast.Binary:
		return c.binary(e, s)
	case *ast.Is:
		return c.is(e, s)
	case *ast.IsDistinct:
		return c.isDistinct(e, s)
	case *ast.Between:
		return c.between(e, s)
	case *ast.In:
		return c.inList(e, s)
	case *ast.Like:
		return c.like(e, s)
	case *ast.Call:
		return c.call(e, s)
	case *ast.Cast:
		return c.castExpr(e, s)
	case *ast.Case:
		return c.caseExpr(e, s)
	case *ast.Collate:
		return c.expr(e.X, s)
	}
	return c.composite(e, s)
}

// composite compiles expressions that hold queries, arrays or rows.
func (c *compiler) composite(e ast.Expr, s *scope) (*node, error) {
	switch e := e.(type) {
	case *ast.Subquery:
		return c.subquery(e, s)
	case *ast.Quantified:
		return c.quantified(e, s)
	case *ast.Array:
		return c.array(e, s)
	case *ast.ArraySubquery:
		return c.arraySubquery(e, s)
	case *ast.Index:
		return c.index(e, s)
	}
	return nil, unsupported(e.At(), "this expression")
}

func constant(v any, typ uint32) *node {
	return &node{typ: typ, eval: func(*frame) (any, error) { return v, nil }}
}

func (c *compiler) literal(e *ast.Literal) (*node, error) {
	switch e.Kind {
	case ast.NullLit:
		return constant(nil, result.OIDUnknown), nil
	case ast.BoolLit:
		return constant(e.Text == "true", result.OIDBool), nil
	case ast.StringLit:
		n := constant(e.Text, result.OIDUnknown)
		n.literal = &e.Text
		return n, nil
	case ast.NumberLit:
		return c.number(e)
	}
	return nil, unsupported(e.Pos, "a bit string")
}

func (c *compiler) number(e *ast.Literal) (*node, error) {
	for _, t := range []uint32{result.OIDInt4, result.OIDInt8} {
		if v, err := c.parse(e.Text, t); err == nil {
			return constant(v, t), nil
		}
	}
	v, err := c.parse(e.Text, result.OIDNumeric)
	if err != nil {
		return nil, at(result.From(c.background(), err), e.Pos)
	}
	return constant(v, result.OIDNumeric), nil
}

func (c *compiler) typed(text string, t ast.TypeName) (*node, error) {
	oid, err := typeOf(t)
	if err != nil {
		return nil, err
	}
	v, err := c.parse(text, oid)
	if err != nil {
		return nil, at(result.From(c.background(), err), t.Pos)
	}
	return constant(v, oid), nil
}

func (c *compiler) param(e *ast.Param) (*node, error) {
	if e.N < 1 || e.N > 65535 {
		return nil, at(result.Errorf("42P02", "there is no parameter $%d", e.N), e.Pos)
	}
	for len(c.params) < e.N {
		c.params = append(c.params, 0)
	}
	i := e.N - 1
	n := &node{typ: c.params[i], eval: func(*frame) (any, error) {
		if i >= len(c.values) {
			return nil, nil
		}
		return c.values[i], nil
	}}
	if n.typ == 0 || n.typ == result.OIDUnknown {
		n.typ, n.param = result.OIDUnknown, e.N
	}
	return n, nil
}

// coerce makes n a typ: literals and parameters become one, others are cast.
func (c *compiler) coerce(n *node, typ uint32) (*node, error) {
	switch {
	case n.typ == typ || typ == result.OIDUnknown:
		return n, nil
	case n.param > 0:
		c.params[n.param-1] = typ
		return &node{typ: typ, eval: n.eval}, nil
	case n.literal != nil:
		v, err := c.parse(*n.literal, typ)
		if err != nil {
			return nil, err
		}
		return constant(v, typ), nil
	}
	from := n.typ
	return &node{typ: typ, eval: func(f *frame) (any, error) {
		v, err := n.eval(f)
		if err != nil {
			return nil, err
		}
		return c.cast(v, from, typ)
	}}, nil
}

func (c *compiler) castExpr(e *ast.Cast, s *scope) (*node, error) {
	n, err := c.expr(e.X, s)
	if err != nil {
		return nil, err
	}
	typ, err := typeOf(e.Type)
	if err != nil {
		return nil, err
	}
	if e.Type.Name == "regproc" && n.literal != nil { // functions are known by name alone
		return constant(strings.TrimPrefix(*n.literal, pgCatalog+"."), typ), nil
	}
	if n, err = c.coerce(n, typ); err != nil {
		return nil, at(result.From(c.background(), err), e.X.At())
	}
	return n, nil
}

func (c *compiler) caseExpr(e *ast.Case, s *scope) (*node, error) {
	var conds, thens []*node
	for _, w := range e.Whens {
		cond := w.Cond
		if e.Operand != nil {
			cond = &ast.Binary{Pos: w.Pos, Op: "=", L: e.Operand, R: w.Cond}
		}
		n, err := c.condition(cond, s, s.with, "CASE/WHEN")
		if err != nil {
			return nil, err
		}
		then, err := c.expr(w.Then, s)
		if err != nil {
			return nil, err
		}
		conds, thens = append(conds, n), append(thens, then)
	}
	last := constant(nil, result.OIDUnknown)
	if e.Else != nil {
		var err error
		if last, err = c.expr(e.Else, s); err != nil {
			return nil, err
		}
	}
	typ, err := c.unify(append(thens, last))
	if err != nil {
		return nil, err
	}
	all, err := c.coerceAll(append(thens, last), typ)
	if err != nil {
		return nil, err
	}
	return &node{typ: typ, eval: func(f *frame) (any, error) {
		for i, cond := range conds {
			if v, err := cond.eval(f); err != nil {
				return nil, err
			} else if v == true {
				return all[i].eval(f)
			}
		}
		return all[len(all)-1].eval(f)
	}}, nil
}

// unify returns the type that all nodes can take.
func (c *compiler) unify(nodes []*node) (uint32, error) {
	typ := result.OIDUnknown
	for _, n := range nodes {
		if n.typ == result.OIDUnknown {
			continue
		}
		t, ok := common(typ, n.typ)
		if !ok {
			return 0, result.Errorf(result.CodeDatatype, "types %s and %s cannot be matched", formatType(typ, -1), formatType(n.typ, -1))
		}
		typ = t
	}
	if typ == result.OIDUnknown {
		typ = result.OIDText
	}
	return typ, nil
}

func (c *compiler) coerceAll(nodes []*node, typ uint32) ([]*node, error) {
	out := make([]*node, len(nodes))
	for i, n := range nodes {
		var err error
		if out[i], err = c.coerce(n, typ); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// common returns the type in which values of two types can be compared.
func common(a, b uint32) (uint32, bool) {
	switch {
	case a == b, b == result.OIDUnknown:
		return a, true
	case a == result.OIDUnknown:
		return b, true
	case isText(a) && isText(b):
		return result.OIDText, true
	case isReg(a) && isInt(b), isReg(b) && isInt(a):
		return result.OIDOid, true
	case isNumber(a) && isNumber(b):
		return max(rank(a), rank(b)).oid(), true
	case isTime(a) && isTime(b):
		if a == result.OIDTimestampTZ || b == result.OIDTimestampTZ {
			return result.OIDTimestampTZ, true
		}
		return result.OIDTimestamp, true
	case isArray(a) && isArray(b):
		t, ok := common(elementOf[a], elementOf[b])
		return arrayOf[t], ok && arrayOf[t] != 0
	}
	return 0, false
}

type numberRank int

var ranks = []uint32{result.OIDInt2, result.OIDInt4, result.OIDOid, result.OIDInt8, result.OIDNumeric, result.OIDFloat4, result.OIDFloat8}

func rank(t uint32) numberRank {
	for i, r := range ranks {
		if r == t {
			return numberRank(i)
		}
	}
	return 0
}

func (r numberRank) oid() uint32 { return ranks[r] }
