package expr

import (
	"math"

	"github.com/dirigo-stream/dirigo/exec/batch"
)

var (
	errFloatOver  = &Error{Code: "22003", Message: "value out of range: overflow"}
	errFloatUnder = &Error{Code: "22003", Message: "value out of range: underflow"}
)

const (
	expMask = 0x7ff << 52
	expOne  = 1 << 52
)

// wild has its highest bit set for an infinity or a NaN.
func wild(v float64) uint64 { return math.Float64bits(v)&expMask + expOne }

func newFloatArith(n *Node, args []evaluator, fresh bool) evaluator {
	var ops loops[float64]
	switch n.Name {
	case "+":
		ops = floatAdd()
	case "-":
		ops = floatSub()
	case "*":
		ops = floatMul()
	default:
		ops = floatDiv()
	}
	var narrow func([]float64) bool
	if n.Type.Kind == batch.Float32 {
		narrow, ops.one = narrowFloats, narrowOne(ops.one)
	}
	return newArith(ops, narrow, args, fresh)
}

// narrowFloats rounds to REAL.
func narrowFloats(data []float64) bool {
	var w uint64
	zero := false
	for i, v := range data {
		r := float64(float32(v))
		zero = zero || (r == 0 && v != 0)
		w |= wild(r)
		data[i] = r
	}
	return zero || w>>63 != 0
}

func narrowOne(f func(a, b float64) (float64, *Error)) func(a, b float64) (float64, *Error) {
	return func(a, b float64) (float64, *Error) {
		v, err := f(a, b)
		if err != nil {
			return 0, err
		}
		r := float64(float32(v))
		switch {
		case math.IsInf(r, 0) && !math.IsInf(v, 0):
			return 0, errFloatOver
		case r == 0 && v != 0:
			return 0, errFloatUnder
		}
		return r, nil
	}
}

// floatChecked makes a row-wise operation: an infinity from finite operands is
// an overflow.
func floatChecked(f func(a, b float64) float64) func(a, b float64) (float64, *Error) {
	return func(a, b float64) (float64, *Error) {
		v := f(a, b)
		if math.IsInf(v, 0) && !math.IsInf(a, 0) && !math.IsInf(b, 0) {
			return 0, errFloatOver
		}
		return v, nil
	}
}

func floatAdd() loops[float64] {
	ck := func(out, a []float64, k float64) bool {
		var w uint64
		for i, v := range a[:len(out)] {
			r := v + k
			w |= wild(r)
			out[i] = r
		}
		return w>>63 != 0
	}
	return loops[float64]{
		cc: func(out, a, b []float64) bool {
			var w uint64
			a, b = a[:len(out)], b[:len(out)]
			for i := range out {
				r := a[i] + b[i]
				w |= wild(r)
				out[i] = r
			}
			return w>>63 != 0
		},
		ck:  ck,
		kc:  func(out []float64, k float64, b []float64) bool { return ck(out, b, k) },
		one: floatChecked(func(a, b float64) float64 { return a + b }),
	}
}

func floatSub() loops[float64] {
	return loops[float64]{
		cc: func(out, a, b []float64) bool {
			var w uint64
			a, b = a[:len(out)], b[:len(out)]
			for i := range out {
				r := a[i] - b[i]
				w |= wild(r)
				out[i] = r
			}
			return w>>63 != 0
		},
		ck: func(out, a []float64, k float64) bool {
			var w uint64
			for i, v := range a[:len(out)] {
				r := v - k
				w |= wild(r)
				out[i] = r
			}
			return w>>63 != 0
		},
		kc: func(out []float64, k float64, b []float64) bool {
			var w uint64
			for i, v := range b[:len(out)] {
				r := k - v
				w |= wild(r)
				out[i] = r
			}
			return w>>63 != 0
		},
		one: floatChecked(func(a, b float64) float64 { return a - b }),
	}
}

func floatMul() loops[float64] {
	ck := func(out, a []float64, k float64) bool {
		var w uint64
		zero := false
		for i, v := range a[:len(out)] {
			r := v * k
			w |= wild(r)
			if r == 0 && v != 0 {
				zero = k != 0
			}
			out[i] = r
		}
		return zero || w>>63 != 0
	}
	return loops[float64]{
		cc: func(out, a, b []float64) bool {
			var w uint64
			zero := false
			a, b = a[:len(out)], b[:len(out)]
			for i := range out {
				r := a[i] * b[i]
				w |= wild(r)
				if r == 0 && a[i] != 0 && b[i] != 0 {
					zero = true
				}
				out[i] = r
			}
			return zero || w>>63 != 0
		},
		ck: ck,
		kc: func(out []float64, k float64, b []float64) bool { return ck(out, b, k) },
		one: func(a, b float64) (float64, *Error) {
			v, err := floatChecked(func(a, b float64) float64 { return a * b })(a, b)
			if v == 0 && a != 0 && b != 0 && err == nil {
				err = errFloatUnder
			}
			return v, err
		},
	}
}

func floatDiv() loops[float64] {
	return loops[float64]{
		cc: func(out, a, b []float64) bool {
			var w uint64
			zero := false
			a, b = a[:len(out)], b[:len(out)]
			for i := range out {
				r := a[i] / b[i]
				w |= wild(r)
				if b[i] == 0 || (r == 0 && a[i] != 0) {
					zero = true
				}
				out[i] = r
			}
			return zero || w>>63 != 0
		},
		ck: func(out, a []float64, k float64) bool {
			var w uint64
			zero := k == 0
			for i, v := range a[:len(out)] {
				r := v / k
				w |= wild(r)
				if r == 0 && v != 0 {
					zero = true
				}
				out[i] = r
			}
			return zero || w>>63 != 0
		},
		one: divFloat,
	}
}

func divFloat(a, b float64) (float64, *Error) {
	if b == 0 && a == a {
		return 0, errDivZero
	}
	v, err := floatChecked(func(a, b float64) float64 { return a / b })(a, b)
	if v == 0 && a != 0 && !math.IsInf(b, 0) && err == nil {
		err = errFloatUnder
	}
	return v, err
}
