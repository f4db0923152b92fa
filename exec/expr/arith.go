package expr

import (
	"math"

	"github.com/dirigo-stream/dirigo/exec/batch"
)

// loops are the kernels of one arithmetic operator over whole columns. They
// compute every row, selected or not, and return whether some result looks
// wrong (overflow, a zero divisor); only then are the rows looked at one by one.
type loops[T int64 | float64] struct {
	cc  func(out, a, b []T) (suspect bool)
	ck  func(out, a []T, k T) (suspect bool)
	kc  func(out []T, k T, b []T) (suspect bool)
	one func(a, b T) (T, *Error)
}

// arith is a binary operator on numbers of one kind.
type arith[T int64 | float64] struct {
	loops[T]
	l, r   evaluator
	lk, rk bool // a side is a constant
	k      T
	narrow func(data []T) (suspect bool) // the kind is smaller than T
	buf    slot[T]
}

func newArith[T int64 | float64](ops loops[T], narrow func([]T) bool, args []evaluator, fresh bool) evaluator {
	e := &arith[T]{loops: ops, narrow: narrow, l: args[0], r: args[1], buf: slot[T]{fresh: fresh}}
	if k, ok := constValue[T](args[1]); ok && ops.ck != nil {
		e.k, e.rk = k, true
	} else if k, ok := constValue[T](args[0]); ok && ops.kc != nil {
		e.k, e.lk = k, true
	}
	return e
}

func (e *arith[T]) eval(b *batch.Batch, sel []int32, cx *Context) batch.Column {
	out := e.buf.take(b.N)
	var a, c []T
	var suspect bool
	switch {
	case e.rk:
		l := e.l.eval(b, sel, cx).(*batch.Vec[T])
		out.Null = e.buf.union(l.Null, nil, b.N)
		a = l.Data
		suspect = e.ck(out.Data, a, e.k)
	case e.lk:
		r := e.r.eval(b, sel, cx).(*batch.Vec[T])
		out.Null = e.buf.union(r.Null, nil, b.N)
		c = r.Data
		suspect = e.kc(out.Data, e.k, c)
	default:
		l, r := e.l.eval(b, sel, cx).(*batch.Vec[T]), e.r.eval(b, sel, cx).(*batch.Vec[T])
		out.Null = e.buf.union(l.Null, r.Null, b.N)
		a, c = l.Data, r.Data
		suspect = e.cc(out.Data, a, c)
	}
	if e.narrow != nil && e.narrow(out.Data) {
		suspect = true
	}
	if suspect {
		e.careful(out, a, c, sel, cx)
	}
	return out
}

// careful computes the selected rows that are not NULL again, one by one.
func (e *arith[T]) careful(out *batch.Vec[T], a, b []T, sel []int32, cx *Context) {
	each(sel, len(out.Data), func(i int) {
		if out.Null != nil && out.Null[i] {
			return
		}
		x, y := e.k, e.k
		if a != nil {
			x = a[i]
		}
		if b != nil {
			y = b[i]
		}
		v, err := e.one(x, y)
		if err != nil {
			e.buf.fail(out, i, err, cx)
			return
		}
		out.Data[i] = v
	})
}

// arithTable defines + - * / % over numbers.
func arithTable() table {
	out := table{}
	for _, name := range []string{"+", "-", "*", "/", "%"} {
		var os []overload
		for _, k := range []batch.Kind{i2, i4, i8} {
			os = append(os, overload{args: in(k, k), ret: k, vec: newIntArith})
		}
		os = append(os, overload{args: in(num, num), ret: num, vec: newDecArith})
		if name != "%" {
			os = append(os, overload{args: in(f4, f4), ret: f4, vec: newFloatArith},
				overload{args: in(f8, f8), ret: f8, vec: newFloatArith})
			os = append(os, mixedFloats(overload{ret: f8})...)
		}
		out[name] = append(os, timeArith(name)...)
	}
	for name, negate := range map[string]bool{"+": false, "-": true} {
		out[name] = append(out[name], signs(negate)...)
	}
	return out
}

// signs are the unary operators.
func signs(negate bool) []overload {
	var out []overload
	for _, k := range []batch.Kind{i2, i4, i8} {
		out = append(out, overload{args: in(k), ret: k, row: func(f *frame) {
			v, ok := f.int(0), true
			if negate {
				v, ok = -v, v != math.MinInt64
			}
			setInteger(f, k)(v, ok)
		}})
	}
	for _, k := range []batch.Kind{f4, f8} {
		out = append(out, overload{args: in(k), ret: k, row: func(f *frame) {
			if negate {
				f.setFloat(-f.float(0))
			} else {
				f.setFloat(f.float(0))
			}
		}})
	}
	out = append(out, overload{args: in(num), ret: num, row: func(f *frame) {
		if negate {
			f.setDec(f.dec(0).Neg())
		} else {
			f.setDec(f.dec(0))
		}
	}})
	if negate {
		out = append(out, overload{args: in(iv), ret: iv, row: func(f *frame) { setSpan(f)(f.span(0).Neg()) }})
	}
	return out
}

func newIntArith(n *Node, args []evaluator, fresh bool) evaluator {
	k := n.Type.Kind
	var ops loops[int64]
	switch n.Name {
	case "+":
		ops = intAdd(k)
	case "-":
		ops = intSub(k)
	case "*":
		ops = intMul(k)
	case "/":
		ops = intDiv(k, func(a, b int64) int64 { return a / b })
		ops.cc, ops.ck = divCols, divConst
	default:
		ops = intDiv(k, func(a, b int64) int64 { return a % b })
		ops.cc, ops.ck = modCols, modConst
	}
	return newArith(ops, narrowInts(k), args, fresh)
}

// narrowInts looks whether results leave the range of a kind below bigint.
func narrowInts(k batch.Kind) func([]int64) bool {
	shift := 0
	switch k {
	case batch.Int16:
		shift = 15
	case batch.Int32:
		shift = 31
	default:
		return nil
	}
	return func(data []int64) bool {
		var out int64
		for _, v := range data {
			out |= (v >> shift) ^ (v >> 63)
		}
		return out != 0
	}
}

// checked makes a row-wise operation out of one that tells overflow of 64 bits.
func checked(k batch.Kind, f func(a, b int64) (int64, bool)) func(a, b int64) (int64, *Error) {
	return func(a, b int64) (int64, *Error) {
		v, ok := f(a, b)
		if !ok || !batch.FitsInt(v, k) {
			return 0, outOfRange(k)
		}
		return v, nil
	}
}

func intAdd(k batch.Kind) loops[int64] {
	ck := func(out, a []int64, k int64) bool {
		var over int64
		for i, v := range a[:len(out)] {
			s := v + k
			over |= (s ^ v) & (s ^ k)
			out[i] = s
		}
		return over < 0
	}
	return loops[int64]{
		cc: func(out, a, b []int64) bool {
			var over int64
			a, b = a[:len(out)], b[:len(out)]
			for i := range out {
				s := a[i] + b[i]
				over |= (s ^ a[i]) & (s ^ b[i])
				out[i] = s
			}
			return over < 0
		},
		ck: ck,
		kc: func(out []int64, k int64, b []int64) bool { return ck(out, b, k) },
		one: checked(k, func(a, b int64) (int64, bool) {
			s := a + b
			return s, (s^a)&(s^b) >= 0
		}),
	}
}

func intSub(k batch.Kind) loops[int64] {
	return loops[int64]{
		cc: func(out, a, b []int64) bool {
			var over int64
			a, b = a[:len(out)], b[:len(out)]
			for i := range out {
				s := a[i] - b[i]
				over |= (a[i] ^ b[i]) & (a[i] ^ s)
				out[i] = s
			}
			return over < 0
		},
		ck: func(out, a []int64, k int64) bool {
			var over int64
			for i, v := range a[:len(out)] {
				s := v - k
				over |= (v ^ k) & (v ^ s)
				out[i] = s
			}
			return over < 0
		},
		kc: func(out []int64, k int64, b []int64) bool {
			var over int64
			for i, v := range b[:len(out)] {
				s := k - v
				over |= (k ^ v) & (k ^ s)
				out[i] = s
			}
			return over < 0
		},
		one: checked(k, func(a, b int64) (int64, bool) {
			s := a - b
			return s, (a^b)&(a^s) >= 0
		}),
	}
}

// A product of two numbers below 2³¹ cannot overflow: the loops look at the
// operands' sizes, which is cheaper than a 128-bit product.
const mulSafe = 1 << 31

func intMul(k batch.Kind) loops[int64] {
	ck := func(out, a []int64, k int64) bool {
		var size int64
		for i, v := range a[:len(out)] {
			size |= v ^ v>>63
			out[i] = v * k
		}
		return size >= mulSafe || k >= mulSafe || k < -mulSafe
	}
	return loops[int64]{
		cc: func(out, a, b []int64) bool {
			var size int64
			a, b = a[:len(out)], b[:len(out)]
			for i := range out {
				size |= (a[i] ^ a[i]>>63) | (b[i] ^ b[i]>>63)
				out[i] = a[i] * b[i]
			}
			return size >= mulSafe
		},
		ck:  ck,
		kc:  func(out []int64, k int64, b []int64) bool { return ck(out, b, k) },
		one: checked(k, mulInt),
	}
}

func mulInt(a, b int64) (int64, bool) {
	if a == 0 || b == 0 {
		return 0, true
	}
	v := a * b
	return v, v/b == a && !(a == -1 && b == math.MinInt64) && !(b == -1 && a == math.MinInt64)
}

func intDiv(k batch.Kind, f func(a, b int64) int64) loops[int64] {
	return loops[int64]{one: func(a, b int64) (int64, *Error) {
		if b == 0 {
			return 0, errDivZero
		}
		v := f(a, b)
		if (a == math.MinInt64 && b == -1 && v != 0) || !batch.FitsInt(v, k) {
			return 0, outOfRange(k)
		}
		return v, nil
	}}
}

func divCols(out, a, b []int64) (suspect bool) {
	a, b = a[:len(out)], b[:len(out)]
	for i := range out {
		if uint64(b[i]+1) <= 1 { // 0 or -1
			suspect = true
			continue
		}
		out[i] = a[i] / b[i]
	}
	return suspect
}

func divConst(out, a []int64, k int64) bool {
	if k == 0 || k == -1 {
		return true
	}
	for i, v := range a[:len(out)] {
		out[i] = v / k
	}
	return false
}

func modCols(out, a, b []int64) (suspect bool) {
	a, b = a[:len(out)], b[:len(out)]
	for i := range out {
		if b[i] == 0 {
			suspect = true
			continue
		}
		out[i] = a[i] % b[i]
	}
	return suspect
}

func modConst(out, a []int64, k int64) bool {
	if k == 0 {
		return true
	}
	for i, v := range a[:len(out)] {
		out[i] = v % k
	}
	return false
}
