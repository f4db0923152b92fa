package bind

import (
	"slices"
	"strings"

	"github.com/dirigo-stream/dirigo/exec/batch"
	"github.com/dirigo-stream/dirigo/exec/expr"
	"github.com/dirigo-stream/dirigo/sql/ast"
)

// firstAggregate is the column index from which references mean aggregates, as
// long as a select list is bound over the columns before grouping.
const firstAggregate = 1 << 20

// aggregates are the calls of one SELECT, each distinct one once.
type aggregates struct {
	calls []aggregateCall
}

type aggregateCall struct {
	name      string
	arg       *expr.Node // nil: count(*)
	filter    *expr.Node // nil: none
	distinct  bool
	order     []aggregateOrder // of array_agg and string_agg
	separator string           // of string_agg
	typ       batch.Type
	pos       ast.Pos
}

// aggregateOrder is an item of ORDER BY inside a call.
type aggregateOrder struct {
	expr             *expr.Node
	desc, nullsFirst bool
}

// otherAggregates are PostgreSQL's that this release does not have.
var otherAggregates = map[string]bool{
	"stddev": true, "stddev_pop": true, "stddev_samp": true, "variance": true, "var_pop": true, "var_samp": true, "json_agg": true,
	"jsonb_agg": true, "percentile_cont": true, "percentile_disc": true, "mode": true, "corr": true,
	"bit_and": true, "bit_or": true, "approx_count_distinct": true, "first_value": true, "last_value": true,
}

var aggregateNames = []string{
	"count", "sum", "min", "max", "avg", "bool_and", "bool_or", "every", "array_agg", "string_agg",
}

func isAggregate(name string) bool {
	return slices.Contains(aggregateNames, name) || otherAggregates[name]
}

// aggregate binds a call of an aggregate function to a reference to its result.
func (b *binder) aggregate(e *ast.Call, name string, s *scope) (*expr.Node, error) {
	switch {
	case otherAggregates[name]:
		return nil, later(e.Pos, "aggregate function "+name+" is").hint("There are %s.", strings.Join(aggregateNames, ", "))
	case s.aggs == nil && s.forbid == "":
		return nil, fail(codeGrouping, e.Pos, "aggregate function calls cannot be nested")
	case s.aggs == nil:
		return nil, fail(codeGrouping, e.Pos, "aggregate functions are not allowed %s", s.forbid)
	case e.WithinGroup != nil:
		return nil, later(e.Pos, "WITHIN GROUP is")
	}
	call, err := b.aggregateCall(e, name, s)
	if err != nil {
		return nil, err
	}
	i := s.aggs.add(call)
	return &expr.Node{Op: expr.OpCol, Type: call.typ, Col: firstAggregate + i, Name: name}, nil
}

func (b *binder) aggregateCall(e *ast.Call, name string, s *scope) (aggregateCall, error) {
	call := aggregateCall{name: name, distinct: e.Distinct, pos: e.Pos}
	inner, args := s.in(""), 1
	if name == "string_agg" {
		args = 2
	}
	switch {
	case e.Star && name == "count":
	case e.Star:
		return call, fail(codeUndefinedFunction, e.Pos, "function %s() does not exist", name)
	case len(e.Args) == 0 && name == "count":
		return call, fail("42809", e.Pos, "count(*) must be used to call a parameterless aggregate function")
	case len(e.Args) != args:
		return call, b.noAggregate(e, name, inner)
	default:
		var err error
		if call.arg, err = b.expr(e.Args[0], inner); err != nil {
			return call, err
		}
		if name == "string_agg" {
			if err := b.separator(&call, e, inner); err != nil {
				return call, err
			}
		}
	}
	if e.Filter != nil {
		var err error
		if call.filter, err = b.predicate(e.Filter, s.in("in FILTER"), "FILTER"); err != nil {
			return call, err
		}
	}
	if err := b.resolveAggregate(&call); err != nil {
		return call, err
	}
	return call, b.aggregateOrder(&call, e, inner)
}

// separator binds the second argument of string_agg, which stands between values.
func (b *binder) separator(call *aggregateCall, e *ast.Call, s *scope) error {
	pos := e.Args[1].At()
	n, err := b.expr(e.Args[1], s)
	if err != nil {
		return err
	}
	t := call.arg.Type
	if t.Kind == batch.Unknown {
		t = batch.T(batch.Text)
	}
	if t.Kind != batch.Text && t.Kind != batch.Bytea || n.Type.Kind != t.Kind && n.Type.Kind != batch.Unknown {
		return b.noAggregate(e, call.name, s)
	}
	if anyPart(n, func(n *expr.Node) bool { return n.Op == expr.OpCol }) {
		return later(pos, "a separator of string_agg that is not constant is").
			hint("Put it into the value: string_agg(x || separator, '').")
	}
	if n, err = b.constantOf(n, t, pos); err != nil || n.Null {
		return err
	}
	call.separator = n.Text
	return nil
}

// aggregateOrder binds ORDER BY inside a call. It matters to lists alone.
func (b *binder) aggregateOrder(call *aggregateCall, e *ast.Call, s *scope) error {
	list := call.name == "array_agg" || call.name == "string_agg"
	for _, item := range e.OrderBy {
		n, err := b.expr(item.Expr, s)
		if err == nil {
			n, err = b.settled(n, item.Expr.At())
		}
		switch {
		case err != nil:
			return err
		case item.Using != "":
			return later(item.At(), "ORDER BY ... USING is")
		case call.distinct && (call.arg == nil || !same(n, call.arg)):
			return fail(codeColumnReference, item.Expr.At(),
				"in an aggregate with DISTINCT, ORDER BY expressions must appear in argument list")
		case list && n.Op != expr.OpConst:
			k := sortKey(0, item)
			call.order = append(call.order, aggregateOrder{expr: n, desc: k.Desc, nullsFirst: k.NullsFirst})
		}
	}
	return nil
}

// noAggregate is the error of a wrong number of arguments.
func (b *binder) noAggregate(e *ast.Call, name string, s *scope) error {
	args, err := b.exprs(e.Args, s)
	if err != nil {
		return err
	}
	types := make([]string, len(args))
	for i, a := range args {
		types[i] = a.Type.Kind.String()
	}
	return fail(codeUndefinedFunction, e.Pos, "function %s(%s) does not exist", name, strings.Join(types, ", ")).
		hint("No function matches the given name and argument types. You might need to add explicit type casts.")
}

// add returns the index of the call, which it adds unless it is there.
func (a *aggregates) add(call aggregateCall) int {
	for i, c := range a.calls {
		if c.name == call.name && c.distinct == call.distinct && sameOrNil(c.arg, call.arg) && sameOrNil(c.filter, call.filter) &&
			c.separator == call.separator && slices.EqualFunc(c.order, call.order, sameOrder) {
			return i
		}
	}
	a.calls = append(a.calls, call)
	return len(a.calls) - 1
}

func sameOrder(a, b aggregateOrder) bool {
	return a.desc == b.desc && a.nullsFirst == b.nullsFirst && same(a.expr, b.expr)
}

func sameOrNil(a, b *expr.Node) bool {
	if a == nil || b == nil {
		return a == b
	}
	return same(a, b)
}

// same says that two expressions over the same columns are equal.
func same(a, b *expr.Node) bool {
	if a.Op != b.Op || a.Type != b.Type || a.Col != b.Col || a.Text != b.Text || a.Null != b.Null ||
		a.Op != expr.OpCol && a.Name != b.Name || len(a.Args) != len(b.Args) {
		return false
	}
	for i := range a.Args {
		if !same(a.Args[i], b.Args[i]) {
			return false
		}
	}
	return true
}
