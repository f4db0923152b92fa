package system

import (
	"strings"

	"github.com/dirigo-stream/dirigo/sql/ast"
	"github.com/dirigo-stream/dirigo/sql/result"
)

// aggregates sets up each aggregate function and returns the result's type.
var aggregates = map[string]func(*compiler, *aggregate, *ast.Call) (uint32, error){
	"count":      countOf,
	"min":        extreme(-1),
	"max":        extreme(1),
	"sum":        sumOf,
	"avg":        avgOf,
	"string_agg": stringAgg,
	"array_agg":  arrayAgg,
	"bool_and":   boolAgg(false),
	"bool_or":    boolAgg(true),
	"every":      boolAgg(false),
}

func countOf(_ *compiler, a *aggregate, _ *ast.Call) (uint32, error) {
	a.finish = func(values [][]any) (any, error) {
		n := int64(0)
		for _, v := range values {
			if len(a.args) == 0 || v[0] != nil {
				n++
			}
		}
		return n, nil
	}
	return result.OIDInt8, nil
}

func one(a *aggregate, call *ast.Call) error {
	if len(a.args) != 1 {
		return unknownFunction(call, a.args)
	}
	return nil
}

func extreme(sign int) func(*compiler, *aggregate, *ast.Call) (uint32, error) {
	return func(_ *compiler, a *aggregate, call *ast.Call) (uint32, error) {
		if err := one(a, call); err != nil {
			return 0, err
		}
		a.finish = func(values [][]any) (any, error) {
			var best any
			for _, v := range values {
				if v[0] != nil && (best == nil || compare(v[0], best)*sign > 0) {
					best = v[0]
				}
			}
			return best, nil
		}
		return a.args[0].typ, nil
	}
}

// sumType is what PostgreSQL's sum returns.
func sumType(t uint32) uint32 {
	switch t {
	case result.OIDInt2, result.OIDInt4:
		return result.OIDInt8
	case result.OIDFloat4, result.OIDFloat8:
		return t
	}
	return result.OIDNumeric
}

func sumOf(c *compiler, a *aggregate, call *ast.Call) (uint32, error) {
	if err := one(a, call); err != nil {
		return 0, err
	}
	if !isNumber(a.args[0].typ) {
		return 0, unknownFunction(call, a.args)
	}
	typ := sumType(a.args[0].typ)
	from := a.args[0].typ
	a.finish = func(values [][]any) (any, error) {
		sum, _, err := c.total(values, from, typ)
		return sum, err
	}
	return typ, nil
}

// total adds up what is not NULL.
func (c *compiler) total(values [][]any, from, typ uint32) (sum any, n int64, err error) {
	for _, v := range values {
		x, err := c.cast(v[0], from, typ)
		if err != nil {
			return nil, 0, err
		}
		if x == nil {
			continue
		}
		n++
		if sum == nil {
			sum = x
			continue
		}
		add, err := c.arithmetic("+", constant(sum, typ), constant(x, typ))
		if err == nil {
			sum, err = add.eval(nil)
		}
		if err != nil {
			return nil, 0, err
		}
	}
	return sum, n, nil
}

func avgOf(c *compiler, a *aggregate, call *ast.Call) (uint32, error) {
	if err := one(a, call); err != nil {
		return 0, err
	}
	from := a.args[0].typ
	if !isNumber(from) {
		return 0, unknownFunction(call, a.args)
	}
	typ := result.OIDNumeric
	if from == result.OIDFloat4 || from == result.OIDFloat8 {
		typ = result.OIDFloat8
	}
	a.finish = func(values [][]any) (any, error) {
		sum, n, err := c.total(values, from, typ)
		if err != nil || n == 0 {
			return nil, err
		}
		if typ == result.OIDFloat8 {
			return sum.(float64) / float64(n), nil
		}
		return decimal(sum).Div(decimal(n))
	}
	return typ, nil
}

func stringAgg(c *compiler, a *aggregate, call *ast.Call) (uint32, error) {
	if len(a.args) != 2 {
		return 0, unknownFunction(call, a.args)
	}
	var err error
	if a.args, err = c.coerceAll(a.args, result.OIDText); err != nil {
		return 0, err
	}
	a.finish = func(values [][]any) (any, error) {
		var b strings.Builder
		some := false
		for _, v := range values {
			if v[0] == nil {
				continue
			}
			if some && v[1] != nil {
				b.WriteString(v[1].(string))
			}
			some = true
			b.WriteString(v[0].(string))
		}
		if !some {
			return nil, nil
		}
		return b.String(), nil
	}
	return result.OIDText, nil
}

func arrayAgg(_ *compiler, a *aggregate, call *ast.Call) (uint32, error) {
	if err := one(a, call); err != nil {
		return 0, err
	}
	a.finish = func(values [][]any) (any, error) {
		if len(values) == 0 {
			return nil, nil
		}
		items := make([]any, len(values))
		for i, v := range values {
			items[i] = v[0]
		}
		return items, nil
	}
	if typ := arrayOf[a.args[0].typ]; typ != 0 {
		return typ, nil
	}
	return result.OIDTextArray, nil
}

func boolAgg(decides bool) func(*compiler, *aggregate, *ast.Call) (uint32, error) {
	return func(_ *compiler, a *aggregate, call *ast.Call) (uint32, error) {
		if err := one(a, call); err != nil {
			return 0, err
		}
		a.finish = func(values [][]any) (any, error) {
			var all any
			for _, v := range values {
				if v[0] == decides {
					return decides, nil
				}
				if v[0] != nil {
					all = !decides
				}
			}
			return all, nil
		}
		return result.OIDBool, nil
	}
}
