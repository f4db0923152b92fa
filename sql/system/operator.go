package system

import (
	"regexp"
	"strings"

	"github.com/dirigo-stream/dirigo/sql/ast"
	"github.com/dirigo-stream/dirigo/sql/result"
)

func (c *compiler) unary(e *ast.Unary, s *scope) (*node, error) {
	n, err := c.expr(e.X, s)
	if err != nil {
		return nil, err
	}
	switch e.Op {
	case "not":
		if n, err = c.coerce(n, result.OIDBool); err != nil {
			return nil, err
		}
		return &node{typ: result.OIDBool, eval: func(f *frame) (any, error) {
			v, err := n.eval(f)
			return negate(v, true), err
		}}, nil
	case "+":
		return n, nil
	case "-":
		return c.binaryNodes("-", constant(int64(0), result.OIDInt2), n, e.Pos)
	}
	return nil, noOperator(e.Op, e.Pos)
}

func noOperator(op string, pos ast.Pos) error {
	return at(result.Errorf(result.CodeUndefinedFunc, "operator does not exist: %s", op), pos)
}

func (c *compiler) binary(e *ast.Binary, s *scope) (*node, error) {
	l, err := c.expr(e.L, s)
	if err != nil {
		return nil, err
	}
	r, err := c.expr(e.R, s)
	if err != nil {
		return nil, err
	}
	return c.binaryNodes(e.Op, l, r, e.Pos)
}

func (c *compiler) binaryNodes(op string, l, r *node, pos ast.Pos) (n *node, err error) {
	switch op {
	case "and", "or":
		n, err = c.logic(op, l, r)
	case "=", "<>", "!=", "<", "<=", ">", ">=":
		n, err = c.comparison(op, l, r)
	case "||":
		n, err = c.joined(l, r)
	case "~", "~*", "!~", "!~*", "~~", "!~~", "~~*", "!~~*":
		n, err = c.match(op, l, r)
	case "+", "-", "*", "/", "%":
		n, err = c.arithmetic(op, l, r)
	default:
		return nil, noOperator(op, pos)
	}
	if err != nil {
		e := result.From(c.background(), err)
		if e.Offset == 0 {
			e = at(e, pos)
		}
		return nil, e
	}
	return n, nil
}

// logic is AND and OR with three values.
func (c *compiler) logic(op string, l, r *node) (*node, error) {
	nodes, err := c.coerceAll([]*node{l, r}, result.OIDBool)
	if err != nil {
		return nil, err
	}
	decides := op == "or"
	return &node{typ: result.OIDBool, eval: func(f *frame) (any, error) {
		a, err := nodes[0].eval(f)
		if err != nil || a == decides {
			return a, err
		}
		b, err := nodes[1].eval(f)
		if err != nil || b == decides || a != nil {
			return b, err
		}
		return nil, nil
	}}, nil
}

// pair compiles two expressions to one type.
func (c *compiler) pair(x, y ast.Expr, s *scope) (*node, *node, error) {
	l, err := c.expr(x, s)
	if err != nil {
		return nil, nil, err
	}
	r, err := c.expr(y, s)
	if err != nil {
		return nil, nil, err
	}
	return c.match2(l, r)
}

func (c *compiler) match2(l, r *node) (*node, *node, error) {
	typ, ok := common(l.typ, r.typ)
	if !ok {
		return nil, nil, result.Errorf(result.CodeUndefinedFunc, "operator does not exist: %s = %s", formatType(l.typ, -1), formatType(r.typ, -1))
	}
	if typ == result.OIDUnknown {
		typ = result.OIDText
	}
	nodes, err := c.coerceAll([]*node{l, r}, typ)
	if err != nil {
		return nil, nil, err
	}
	return nodes[0], nodes[1], nil
}

func (c *compiler) comparison(op string, l, r *node) (*node, error) {
	l, r, err := c.match2(l, r)
	if err != nil {
		return nil, err
	}
	return strict(result.OIDBool, l, r, func(a, b any) (any, error) { return holds(op, compare(a, b)), nil }), nil
}

func holds(op string, d int) bool {
	switch op {
	case "=":
		return d == 0
	case "<":
		return d < 0
	case "<=":
		return d <= 0
	case ">":
		return d > 0
	case ">=":
		return d >= 0
	}
	return d != 0
}

// strict is a function of two values that is NULL where one of them is.
func strict(typ uint32, l, r *node, f func(a, b any) (any, error)) *node {
	return &node{typ: typ, eval: func(fr *frame) (any, error) {
		a, b, err := both(l, r, fr)
		if err != nil || a == nil || b == nil {
			return nil, err
		}
		return f(a, b)
	}}
}

// joined is || of texts or of arrays.
func (c *compiler) joined(l, r *node) (*node, error) {
	if isArray(l.typ) || isArray(r.typ) {
		return c.joinedArrays(l, r)
	}
	nodes, err := c.coerceAll([]*node{l, r}, result.OIDText)
	if err != nil {
		return nil, err
	}
	return strict(result.OIDText, nodes[0], nodes[1], func(a, b any) (any, error) {
		return a.(string) + b.(string), nil
	}), nil
}

// joinedArrays takes NULL for an empty array, as array_cat does.
func (c *compiler) joinedArrays(l, r *node) (*node, error) {
	typ := l.typ
	if !isArray(typ) {
		typ = r.typ
	}
	wrap := func(n *node) (*node, error) {
		if isArray(n.typ) || n.typ == result.OIDUnknown {
			return c.coerce(n, typ)
		}
		return c.arrayOfNodes([]*node{n})
	}
	l, err := wrap(l)
	if err != nil {
		return nil, err
	}
	if r, err = wrap(r); err != nil {
		return nil, err
	}
	return &node{typ: typ, eval: func(f *frame) (any, error) {
		a, b, err := both(l, r, f)
		switch {
		case err != nil || a == nil:
			return b, err
		case b == nil:
			return a, nil
		}
		return concat(a.([]any), b.([]any)), nil
	}}, nil
}

// match is LIKE and the regular expressions. The pattern of the last row is
// kept compiled: mostly it is a constant.
func (c *compiler) match(op string, l, r *node) (*node, error) {
	nodes, err := c.coerceAll([]*node{l, r}, result.OIDText)
	if err != nil {
		return nil, err
	}
	bare, not := strings.CutPrefix(op, "!")
	var last string
	var re *regexp.Regexp
	return strict(result.OIDBool, nodes[0], nodes[1], func(a, b any) (any, error) {
		if re == nil || last != b.(string) {
			pattern := b.(string)
			if strings.HasPrefix(bare, "~~") {
				pattern = likePattern(pattern)
			}
			if bare == "~*" || bare == "~~*" {
				pattern = "(?i)" + pattern
			}
			var err error
			if re, err = regexp.Compile(pattern); err != nil {
				return nil, result.Errorf("2201B", "invalid regular expression: %s", err)
			}
			last = b.(string)
		}
		return re.MatchString(a.(string)) != not, nil
	}), nil
}
