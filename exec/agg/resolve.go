package agg

import (
	"fmt"

	"github.com/dirigo-stream/dirigo/exec/batch"
)

// Resolve returns the result type of an aggregate function, by PostgreSQL's
// rules; arg is nil for count(*).
func Resolve(name string, arg *batch.Type, distinct bool) (batch.Type, error) {
	if arg == nil {
		if name == "count" && !distinct {
			return batch.T(batch.Int64), nil
		}
		return batch.Type{}, fmt.Errorf("function %s() does not exist", name)
	}
	k := arg.Kind
	if k == batch.Unknown {
		k = batch.Text
	}
	result, ok := batch.Unknown, false
	switch name {
	case "count":
		result, ok = batch.Int64, true
	case "sum":
		result, ok = sumKind(k)
	case "avg":
		result, ok = avgKind(k)
	case "min", "max":
		if k == batch.Array {
			return batch.ArrayOf(batch.T(arg.Elem)), nil
		}
		result, ok = k, k != batch.Bool && k.Rep() != batch.RepBytes
	case "bool_and", "every", "bool_or":
		result, ok = batch.Bool, k == batch.Bool
	case "string_agg": // (value, separator)
		result, ok = k, k == batch.Text || k == batch.Bytea
	case "array_agg":
		if arg.Kind == batch.Array {
			return batch.Type{}, fmt.Errorf("array_agg of arrays is not supported: there are arrays of one dimension")
		}
		t := *arg
		t.Kind = k
		return batch.ArrayOf(t), nil
	default:
		return batch.Type{}, fmt.Errorf("aggregate function %s does not exist", name)
	}
	if !ok {
		return batch.Type{}, fmt.Errorf("function %s(%s) does not exist", name, batch.Type{Kind: k, Elem: arg.Elem})
	}
	return batch.T(result), nil
}

func sumKind(k batch.Kind) (batch.Kind, bool) {
	switch k {
	case batch.Int16, batch.Int32:
		return batch.Int64, true
	case batch.Int64, batch.Numeric:
		return batch.Numeric, true
	case batch.Float32, batch.Float64, batch.Interval:
		return k, true
	}
	return 0, false
}

func avgKind(k batch.Kind) (batch.Kind, bool) {
	switch k {
	case batch.Int16, batch.Int32, batch.Int64, batch.Numeric:
		return batch.Numeric, true
	case batch.Float32, batch.Float64:
		return batch.Float64, true
	case batch.Interval:
		return k, true
	}
	return 0, false
}
