package expr

import (
	"math"
	"math/rand/v2"

	"github.com/dirigo-stream/dirigo/exec/batch"
)

// mathTable defines functions of numbers.
func mathTable() table {
	t := table{
		"abs": {}, "sign": {
			{args: in(num), ret: num, row: func(f *frame) { f.setDec(batch.DecimalFromInt(int64(f.dec(0).Sign()))) }},
			{args: in(f8), ret: f8, row: func(f *frame) { f.setFloat(signOf(f.float(0))) }},
		},
		"ceil":  roundings(math.Ceil, batch.Decimal.Ceil),
		"floor": roundings(math.Floor, batch.Decimal.Floor),
		"round": append(roundings(math.RoundToEven, func(d batch.Decimal) batch.Decimal { return d.Round(0) }),
			overload{args: in(num, i4), ret: num, row: func(f *frame) { f.setDec(f.dec(0).Round(int(f.int(1)))) }}),
		"trunc": append(roundings(math.Trunc, func(d batch.Decimal) batch.Decimal { return d.Trunc(0) }),
			overload{args: in(num, i4), ret: num, row: func(f *frame) { f.setDec(f.dec(0).Trunc(int(f.int(1)))) }}),
		"sqrt": {
			{args: in(num), ret: num, row: decPartial(batch.Decimal.Sqrt)},
			{args: in(f8), ret: f8, row: func(f *frame) {
				if f.float(0) < 0 {
					f.fail(errorf("2201F", "cannot take square root of a negative number"))
					return
				}
				f.setFloat(math.Sqrt(f.float(0)))
			}},
		},
		"cbrt":    {floatFunc(math.Cbrt)},
		"exp":     {{args: in(f8), ret: f8, row: floatExp}, {args: in(num), ret: num, row: decFunc(decExp)}},
		"ln":      {{args: in(f8), ret: f8, row: floatLog(math.Log)}, {args: in(num), ret: num, row: decFunc(decLn)}},
		"log":     {{args: in(f8), ret: f8, row: floatLog(math.Log10)}, {args: in(num), ret: num, row: decFunc(decLog10)}, {args: in(num, num), ret: num, row: decFunc2(decLogBase)}},
		"log10":   {{args: in(f8), ret: f8, row: floatLog(math.Log10)}, {args: in(num), ret: num, row: decFunc(decLog10)}},
		"power":   {{args: in(f8, f8), ret: f8, row: floatPower}, {args: in(num, num), ret: num, row: decFunc2(decPower)}},
		"^":       {{args: in(f8, f8), ret: f8, row: floatPower}, {args: in(num, num), ret: num, row: decFunc2(decPower)}},
		"pi":      {{ret: f8, row: func(f *frame) { f.setFloat(math.Pi) }}},
		"degrees": {floatFunc(func(x float64) float64 { return x * 180 / math.Pi })},
		"radians": {floatFunc(func(x float64) float64 { return x * math.Pi / 180 })},
		"sin":     {floatFunc(math.Sin)}, "cos": {floatFunc(math.Cos)}, "tan": {floatFunc(math.Tan)},
		"asin": {floatFunc(math.Asin)}, "acos": {floatFunc(math.Acos)}, "atan": {floatFunc(math.Atan)},
		"atan2":  {{args: in(f8, f8), ret: f8, row: func(f *frame) { f.setFloat(math.Atan2(f.float(0), f.float(1))) }}},
		"random": {{ret: f8, volatile: true, row: func(f *frame) { f.setFloat(rand.Float64()) }}},
		"mod":    {}, "div": {{args: in(num, num), ret: num, row: decDiv}},
		"gcd":   {},
		"scale": {{args: in(num), ret: i4, row: func(f *frame) { f.setInt(int64(f.dec(0).Scale)) }}},
	}
	for _, k := range []batch.Kind{i2, i4, i8} {
		t["abs"] = append(t["abs"], overload{args: in(k), ret: k, row: intAbs(k)})
		mod := overload{args: in(k, k), ret: k, vec: newModFunc}
		t["mod"] = append(t["mod"], mod)
	}
	for _, k := range []batch.Kind{i4, i8} {
		t["gcd"] = append(t["gcd"], overload{args: in(k, k), ret: k, row: intGCD(k)})
	}
	t["mod"] = append(t["mod"], overload{args: in(num, num), ret: num, vec: newModFunc})
	for _, k := range []batch.Kind{f4, f8} {
		t["abs"] = append(t["abs"], overload{args: in(k), ret: k, row: func(f *frame) { f.setFloat(math.Abs(f.float(0))) }})
	}
	t["abs"] = append(t["abs"], overload{args: in(num), ret: num, row: func(f *frame) { f.setDec(f.dec(0).Abs()) }})
	t["@"] = t["abs"]
	return t
}

// newModFunc is mod(a, b), which is a % b.
func newModFunc(n *Node, args []evaluator, fresh bool) evaluator {
	op := *n
	op.Name = "%"
	if n.Type.Kind == batch.Numeric {
		return newDecArith(&op, args, fresh)
	}
	return newIntArith(&op, args, fresh)
}

func floatFunc(fn func(float64) float64) overload {
	return overload{args: in(f8), ret: f8, row: func(f *frame) {
		v := fn(f.float(0))
		if v != v && f.float(0) == f.float(0) {
			f.fail(errorf("22003", "input is out of range"))
			return
		}
		f.setFloat(v)
	}}
}

func roundings(fn func(float64) float64, dec func(batch.Decimal) batch.Decimal) []overload {
	return []overload{
		{args: in(num), ret: num, row: func(f *frame) { f.setDec(dec(f.dec(0))) }},
		{args: in(f8), ret: f8, row: func(f *frame) { f.setFloat(fn(f.float(0))) }},
	}
}

func signOf(v float64) float64 {
	switch {
	case v > 0:
		return 1
	case v < 0:
		return -1
	}
	return v
}

func intAbs(k batch.Kind) rowFunc {
	return func(f *frame) {
		v := f.int(0)
		if v < 0 {
			v = -v
		}
		setInteger(f, k)(v, v >= 0)
	}
}

func intGCD(k batch.Kind) rowFunc {
	return func(f *frame) {
		a, b := f.int(0), f.int(1)
		for b != 0 {
			a, b = b, a%b
		}
		if a < 0 {
			a = -a
		}
		setInteger(f, k)(a, a >= 0)
	}
}

func floatExp(f *frame) {
	v := math.Exp(f.float(0))
	switch {
	case math.IsInf(v, 0) && !math.IsInf(f.float(0), 0):
		f.fail(errFloatOver)
	case v == 0 && !math.IsInf(f.float(0), 0):
		f.fail(errFloatUnder)
	default:
		f.setFloat(v)
	}
}

var (
	errLogZero     = errorf("2201E", "cannot take logarithm of zero")
	errLogNegative = errorf("2201E", "cannot take logarithm of a negative number")
)

func floatLog(fn func(float64) float64) rowFunc {
	return func(f *frame) {
		switch v := f.float(0); {
		case v == 0:
			f.fail(errLogZero)
		case v < 0:
			f.fail(errLogNegative)
		default:
			f.setFloat(fn(v))
		}
	}
}

var (
	errPowerZero = errorf("2201F", "zero raised to a negative power is undefined")
	errPowerRoot = errorf("2201F", "a negative number raised to a non-integer power yields a complex result")
)

func floatPower(f *frame) {
	a, b := f.float(0), f.float(1)
	switch {
	case a == 0 && b < 0:
		f.fail(errPowerZero)
		return
	case a < 0 && b != math.Trunc(b):
		f.fail(errPowerRoot)
		return
	}
	v := math.Pow(a, b)
	switch {
	case math.IsInf(v, 0) && !math.IsInf(a, 0) && !math.IsInf(b, 0):
		f.fail(errFloatOver)
	case v == 0 && a != 0 && !math.IsInf(a, 0) && !math.IsInf(b, 0):
		f.fail(errFloatUnder)
	default:
		f.setFloat(v)
	}
}

func decDiv(f *frame) {
	q, err := f.dec(0).Div(f.dec(1))
	if err != nil {
		f.failValue(err)
		return
	}
	if q.Form == batch.Finite {
		rest, _ := f.dec(0).Mod(f.dec(1))
		q, _ = f.dec(0).Sub(rest).Div(f.dec(1))
	}
	f.setDec(q.Trunc(0))
}

// decPartial makes a rowFunc of a function that may fail.
func decPartial(fn func(batch.Decimal) (batch.Decimal, error)) rowFunc {
	return func(f *frame) {
		v, err := fn(f.dec(0))
		setParsed(f, v, err, f.setDec)
	}
}

// bitTable defines the bit operators; ~ is in likeTable.
func bitTable() table {
	t := table{}
	for name, fn := range map[string]func(a, b int64) int64{
		"&": func(a, b int64) int64 { return a & b },
		"|": func(a, b int64) int64 { return a | b },
		"#": func(a, b int64) int64 { return a ^ b },
	} {
		for _, k := range []batch.Kind{i2, i4, i8} {
			t[name] = append(t[name], overload{args: in(k, k), ret: k, row: func(f *frame) { f.setInt(fn(f.int(0), f.int(1))) }})
		}
	}
	for _, k := range []batch.Kind{i2, i4, i8} {
		t["<<"] = append(t["<<"], overload{args: in(k, i4), ret: k, row: shift(k, true)})
		t[">>"] = append(t[">>"], overload{args: in(k, i4), ret: k, row: shift(k, false)})
	}
	return t
}

// shift shifts as C does on PostgreSQL's platforms: by the count modulo the
// width, the result cut to the kind.
func shift(k batch.Kind, left bool) rowFunc {
	width := map[batch.Kind]int{i2: 32, i4: 32, i8: 64}[k]
	return func(f *frame) {
		by := uint(f.int(1)) & uint(width-1)
		v := f.int(0)
		if !left {
			f.setInt(v >> by)
			return
		}
		v <<= by
		switch k {
		case i2:
			v = int64(int16(v))
		case i4:
			v = int64(int32(v))
		}
		f.setInt(v)
	}
}
