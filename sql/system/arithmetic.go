package system

import (
	"math"

	"github.com/dirigo-stream/dirigo/exec/batch"
	"github.com/dirigo-stream/dirigo/sql/result"
)

func (c *compiler) arithmetic(op string, l, r *node) (*node, error) {
	if l.typ == result.OIDInterval || r.typ == result.OIDInterval || isTime(l.typ) || isTime(r.typ) {
		return c.timeArithmetic(op, l, r)
	}
	l, r, err := c.match2(l, r)
	if err != nil {
		return nil, err
	}
	typ := l.typ
	if !isNumber(typ) {
		return nil, result.Errorf(result.CodeUndefinedFunc, "operator does not exist: %s %s %s", formatType(typ, -1), op, formatType(typ, -1))
	}
	return strict(typ, l, r, func(a, b any) (any, error) {
		switch a := a.(type) {
		case int64:
			v, err := intArithmetic(op, a, b.(int64))
			if err != nil {
				return nil, err
			}
			return castNumber(v, typ)
		case float64:
			return floatArithmetic(op, a, b.(float64))
		}
		return decimalArithmetic(op, a.(batch.Decimal), b.(batch.Decimal))
	}), nil
}

var (
	errZero  = result.Errorf("22012", "division by zero")
	errRange = result.Errorf("22003", "value out of range")
)

func intArithmetic(op string, a, b int64) (int64, error) {
	var v int64
	switch op {
	case "+":
		if v = a + b; (v > a) != (b > 0) {
			return v, rangeUnless(b == 0)
		}
	case "-":
		if v = a - b; (v < a) != (b > 0) {
			return v, rangeUnless(b == 0)
		}
	case "*":
		if v = a * b; a != 0 && (v/a != b || a == -1 && b == math.MinInt64) {
			return v, errRange
		}
	default:
		switch {
		case b == 0:
			return 0, errZero
		case b == -1 && op == "%":
			return 0, nil
		case op == "%":
			return a % b, nil
		case b == -1 && a == math.MinInt64:
			return 0, errRange
		}
		v = a / b
	}
	return v, nil
}

func rangeUnless(ok bool) error {
	if ok {
		return nil
	}
	return errRange
}

func floatArithmetic(op string, a, b float64) (any, error) {
	switch op {
	case "+":
		return a + b, nil
	case "-":
		return a - b, nil
	case "*":
		return a * b, nil
	case "/":
		if b == 0 {
			return nil, errZero
		}
		return a / b, nil
	}
	return nil, result.Errorf(result.CodeUndefinedFunc, "operator does not exist: double precision %% double precision")
}

func decimalArithmetic(op string, a, b batch.Decimal) (any, error) {
	switch op {
	case "+":
		return a.Add(b), nil
	case "-":
		return a.Sub(b), nil
	case "*":
		return a.Mul(b), nil
	}
	if b.Sign() == 0 && b.Form == batch.Finite {
		return nil, errZero
	}
	if op == "%" {
		return a.Mod(b)
	}
	return a.Div(b)
}

// timeArithmetic is time ± interval and time − time.
func (c *compiler) timeArithmetic(op string, l, r *node) (*node, error) {
	var err error
	if isTime(l.typ) && r.typ == result.OIDUnknown {
		r, err = c.coerce(r, l.typ)
	}
	if err == nil && l.typ == result.OIDDate {
		l, err = c.coerce(l, result.OIDTimestamp)
	}
	if err == nil && r.typ == result.OIDDate {
		r, err = c.coerce(r, result.OIDTimestamp)
	}
	if err != nil {
		return nil, err
	}
	switch {
	case isTime(l.typ) && r.typ == result.OIDInterval && (op == "+" || op == "-"):
		return strict(l.typ, l, r, func(a, b any) (any, error) { return c.shift(op, a.(int64), b.(batch.Span)) }), nil
	case isTime(l.typ) && isTime(r.typ) && op == "-":
		return strict(result.OIDInterval, l, r, func(a, b any) (any, error) {
			d := a.(int64) - b.(int64)
			return batch.Span{Days: int32(d / 86400e6), Micros: d % 86400e6}, nil
		}), nil
	}
	return nil, result.Errorf(result.CodeUndefinedFunc, "operator does not exist: %s %s %s", formatType(l.typ, -1), op, formatType(r.typ, -1))
}

func (c *compiler) shift(op string, t int64, s batch.Span) (any, error) {
	ok := true
	if op == "-" {
		s, ok = s.Neg()
	}
	if ok {
		t, ok = batch.AddSpanTZ(t, s, c.env.Zone)
	}
	if !ok {
		return nil, result.Errorf("22008", "timestamp out of range")
	}
	return t, nil
}
