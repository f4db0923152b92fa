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
	name     string
	arg      *expr.Node // nil: count(*)
	filter   *expr.Node // nil: none
	distinct bool
	typ      batch.Type
	pos      ast.Pos
}

// otherAggregates are PostgreSQL's that this release does not have.
var otherAggregates = map[string]bool{
	"array_agg": true, "string_agg": true, "bool_and": true, "bool_or": true, "every": true, "stddev": true,
	"stddev_pop": true, "stddev_samp": true, "variance": true, "var_pop": true, "var_samp": true, "json_agg": true,
	"jsonb_agg": true, "percentile_cont": true, "percentile_disc": true, "mode": true, "corr": true,
	"bit_and": true, "bit_or": true, "approx_count_distinct": true, "first_value": true, "last_value": true,
}

var aggregateNames = []string{"count", "sum", "min", "max", "avg"}

func isAggregate(name string) bool {
	return slices.Contains(aggregateNames, name) || otherAggregates[name]
}

// aggregate binds a call of an aggregate function to a reference to its result.
func (b *binder) aggregate(e *ast.Call, name string, s *scope) (*expr.Node, error) {
	switch {
	case otherAggregates[name]:
		return nil, later(e.Pos, "aggregate function "+name+" is").hint("There are count, sum, min, max and avg.")
	case s.aggs == nil && s.forbid == "":
		return nil, fail(codeGrouping, e.Pos, "aggregate function calls cannot be nested")
	case s.aggs == nil:
		return nil, fail(codeGrouping, e.Pos, "aggregate functions are not allowed %s", s.forbid)
	case e.OrderBy != nil || e.WithinGroup != nil:
		return nil, later(e.Pos, "ORDER BY in an aggregate is")
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
	inner := s.in("")
	switch {
	case e.Star && name == "count":
	case e.Star:
		return call, fail(codeUndefinedFunction, e.Pos, "function %s() does not exist", name)
	case len(e.Args) == 0 && name == "count":
		return call, fail("42809", e.Pos, "count(*) must be used to call a parameterless aggregate function")
	case len(e.Args) != 1:
		return call, b.noAggregate(e, name, inner)
	default:
		var err error
		if call.arg, err = b.expr(e.Args[0], inner); err != nil {
			return call, err
		}
	}
	if e.Filter != nil {
		var err error
		if call.filter, err = b.predicate(e.Filter, s.in("in FILTER"), "FILTER"); err != nil {
			return call, err
		}
	}
	return call, b.resolveAggregate(&call)
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
		if c.name == call.name && c.distinct == call.distinct && sameOrNil(c.arg, call.arg) && sameOrNil(c.filter, call.filter) {
			return i
		}
	}
	a.calls = append(a.calls, call)
	return len(a.calls) - 1
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
