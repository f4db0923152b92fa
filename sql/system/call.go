package system

import (
	"slices"

	"github.com/dirigo-stream/dirigo/sql/ast"
	"github.com/dirigo-stream/dirigo/sql/result"
)

// function is one function: its arguments become args (the last one repeats if
// variadic; OIDUnknown takes anything), and f gets them. Unless loose, the
// result is NULL where an argument is.
type function struct {
	args     []uint32
	least    int // how many arguments must be given
	variadic bool
	loose    bool
	typ      uint32
	f        func(c *compiler, a []any) (any, error)
}

// special compiles what is no plain function.
type special func(c *compiler, e *ast.Call, args []*node) (*node, error)

// call compiles a function call.
func (c *compiler) call(e *ast.Call, s *scope) (*node, error) {
	name := e.Name.Last().Text
	if e.Over != nil {
		return c.over(e, s)
	}
	if n, err := c.aggregateCall(e, s); n != nil || err != nil {
		return n, err
	}
	args := make([]*node, len(e.Args))
	for i, arg := range e.Args {
		var err error
		if args[i], err = c.expr(arg, s); err != nil {
			return nil, err
		}
	}
	if sp, ok := specials[name]; ok {
		n, err := sp(c, e, args)
		if err != nil {
			return nil, placed(c, err, e.Pos)
		}
		return n, nil
	}
	for _, fn := range functions[name] {
		if len(args) >= fn.least && (len(args) <= len(fn.args) || fn.variadic) && fn.takes(args) {
			n, err := c.apply(fn, args)
			if err != nil {
				return nil, placed(c, err, e.Pos)
			}
			return n, nil
		}
	}
	return nil, unknownFunction(e, args)
}

func placed(c *compiler, err error, pos ast.Pos) error {
	e := result.From(c.background(), err)
	if e.Offset == 0 {
		return at(e, pos)
	}
	return e
}

func unknownFunction(e *ast.Call, args []*node) error {
	list := ""
	for i, a := range args {
		if i > 0 {
			list += ", "
		}
		list += formatType(a.typ, -1)
	}
	return at(result.Errorf(result.CodeUndefinedFunc, "function %s(%s) does not exist", e.Name, list), e.Pos).
		WithHint("No function matches the given name and argument types in a query over system relations.")
}

// takes reports whether the types of the arguments will do.
func (fn function) takes(args []*node) bool {
	for i, a := range args {
		want := fn.args[min(i, len(fn.args)-1)]
		if want == result.OIDUnknown || a.typ == result.OIDUnknown || want == result.OIDText && !isArray(a.typ) {
			continue
		}
		if isArray(want) && isArray(a.typ) {
			continue
		}
		if _, ok := common(a.typ, want); !ok {
			return false
		}
	}
	return true
}

func (c *compiler) apply(fn function, args []*node) (*node, error) {
	nodes := slices.Clone(args)
	for i, a := range nodes {
		want := fn.args[min(i, len(fn.args)-1)]
		if want == result.OIDUnknown || isArray(want) && isArray(a.typ) {
			continue
		}
		var err error
		if nodes[i], err = c.coerce(a, want); err != nil {
			return nil, err
		}
	}
	return &node{typ: fn.typ, eval: func(f *frame) (any, error) {
		values, err := evalAll(nodes, f)
		if err != nil {
			return nil, err
		}
		if !fn.loose && slices.Contains(nulls(values), true) {
			return nil, nil
		}
		return fn.f(c, values)
	}}, nil
}

func nulls(values []any) []bool {
	out := make([]bool, len(values))
	for i, v := range values {
		out[i] = v == nil
	}
	return out
}

// setFunc compiles a function in FROM to an array of what it returns.
func (c *compiler) setFunc(e *ast.Call, s *scope) (*node, error) {
	n, err := c.call(e, s)
	if err != nil {
		return nil, err
	}
	switch e.Name.Last().Text {
	case "unnest", "generate_series", "regexp_split_to_table", "generate_subscripts":
		return &node{typ: elementOf[n.typ], eval: n.eval}, nil
	}
	typ := arrayOf[n.typ]
	if typ == 0 {
		typ = result.OIDTextArray
	}
	return &node{typ: n.typ, eval: func(f *frame) (any, error) {
		v, err := n.eval(f)
		return []any{v}, err
	}}, nil
}

var specials = map[string]special{
	"coalesce": func(c *compiler, _ *ast.Call, args []*node) (*node, error) {
		return c.firstOf(args, func(best, v any) bool { return best == nil })
	},
	"greatest": func(c *compiler, _ *ast.Call, args []*node) (*node, error) {
		return c.firstOf(args, func(best, v any) bool { return best == nil || v != nil && compare(v, best) > 0 })
	},
	"least": func(c *compiler, _ *ast.Call, args []*node) (*node, error) {
		return c.firstOf(args, func(best, v any) bool { return best == nil || v != nil && compare(v, best) < 0 })
	},
	"nullif": func(c *compiler, e *ast.Call, args []*node) (*node, error) {
		if len(args) != 2 {
			return nil, unknownFunction(e, args)
		}
		l, r, err := c.match2(args[0], args[1])
		if err != nil {
			return nil, err
		}
		return &node{typ: l.typ, eval: func(f *frame) (any, error) {
			a, b, err := both(l, r, f)
			if err != nil || a != nil && b != nil && compare(a, b) == 0 {
				return nil, err
			}
			return a, nil
		}}, nil
	},
	"unnest": func(c *compiler, e *ast.Call, args []*node) (*node, error) {
		if len(args) != 1 {
			return nil, unknownFunction(e, args)
		}
		if args[0].typ == result.OIDUnknown {
			return c.coerce(args[0], result.OIDTextArray)
		}
		return args[0], nil
	},
	"array_remove": func(c *compiler, e *ast.Call, args []*node) (*node, error) {
		if len(args) != 2 || !isArray(args[0].typ) {
			return nil, unknownFunction(e, args)
		}
		item, err := c.coerce(args[1], elementOf[args[0].typ])
		if err != nil {
			return nil, err
		}
		return strict(args[0].typ, args[0], item, func(list, x any) (any, error) {
			return slices.DeleteFunc(slices.Clone(list.([]any)), func(v any) bool { return v != nil && compare(v, x) == 0 }), nil
		}), nil
	},
	"pg_typeof": func(c *compiler, e *ast.Call, args []*node) (*node, error) {
		if len(args) != 1 {
			return nil, unknownFunction(e, args)
		}
		return constant(int64(args[0].typ), result.OIDRegtype), nil
	},
	// abs, round and the like keep the type of their argument.
	"abs": func(c *compiler, e *ast.Call, args []*node) (*node, error) {
		if len(args) != 1 || !isNumber(args[0].typ) {
			return nil, unknownFunction(e, args)
		}
		neg, err := c.binaryNodes("-", constant(int64(0), result.OIDInt2), args[0], e.Pos)
		if err != nil {
			return nil, err
		}
		return c.firstOf([]*node{args[0], neg}, func(best, v any) bool { return best == nil || v != nil && compare(v, best) > 0 })
	},
	"round": rounding,
}

func rounding(c *compiler, e *ast.Call, args []*node) (*node, error) {
	if len(args) < 1 || len(args) > 2 || !isNumber(args[0].typ) && args[0].typ != result.OIDUnknown {
		return nil, unknownFunction(e, args)
	}
	n, err := c.coerce(args[0], result.OIDNumeric)
	digits := constant(int64(0), result.OIDInt4)
	if err == nil && len(args) == 2 {
		digits, err = c.coerce(args[1], result.OIDInt4)
	}
	if err != nil {
		return nil, err
	}
	return strict(result.OIDNumeric, n, digits, func(v, d any) (any, error) {
		return decimal(v).Round(int(d.(int64))), nil
	}), nil
}

// firstOf folds arguments of one type.
func (c *compiler) firstOf(args []*node, better func(best, v any) bool) (*node, error) {
	typ, err := c.unify(args)
	if err != nil {
		return nil, err
	}
	nodes, err := c.coerceAll(args, typ)
	if err != nil {
		return nil, err
	}
	return &node{typ: typ, eval: func(f *frame) (any, error) {
		var best any
		for _, n := range nodes {
			v, err := n.eval(f)
			if err != nil {
				return nil, err
			}
			if better(best, v) {
				best = v
			}
		}
		return best, nil
	}}, nil
}
