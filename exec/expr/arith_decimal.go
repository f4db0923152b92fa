package expr

import (
	"math/bits"

	"github.com/dirigo-stream/dirigo/exec/batch"
)

// newDecArith computes on NUMERIC. An integer beside a constant (0.908 * price)
// and numbers that fit 64 bits have loops of their own.
func newDecArith(n *Node, args []evaluator, fresh bool) evaluator {
	e := &decArith{l: args[0], r: args[1], buf: slot[batch.Decimal]{fresh: fresh}}
	switch n.Name {
	case "+":
		e.total, e.small = batch.Decimal.Add, addSmall
	case "-":
		e.total, e.small = batch.Decimal.Sub, subSmall
	case "*":
		e.total, e.small = batch.Decimal.Mul, mulSmall
	case "/":
		e.partial = batch.Decimal.Div
	default:
		e.partial = batch.Decimal.Mod
	}
	if l := newLinear(n.Name, e); l != nil {
		return l
	}
	return e
}

type decArith struct {
	l, r    evaluator
	total   func(a, b batch.Decimal) batch.Decimal
	small   func(out, a, b *batch.Decimal) bool // whether 64 bits were enough
	partial func(a, b batch.Decimal) (batch.Decimal, error)
	buf     slot[batch.Decimal]
}

func (e *decArith) eval(b *batch.Batch, sel []int32, cx *Context) batch.Column {
	l, r := e.l.eval(b, sel, cx).(*batch.Vec[batch.Decimal]), e.r.eval(b, sel, cx).(*batch.Vec[batch.Decimal])
	out := e.buf.take(b.N)
	out.Null = e.buf.union(l.Null, r.Null, b.N)
	if sel == nil {
		for i := range b.N {
			e.one(out, l, r, i, cx)
		}
		return out
	}
	for _, i := range sel {
		e.one(out, l, r, int(i), cx)
	}
	return out
}

func (e *decArith) one(out, l, r *batch.Vec[batch.Decimal], i int, cx *Context) {
	switch {
	case out.Null != nil && out.Null[i]:
	case e.total == nil:
		v, err := e.partial(l.Data[i], r.Data[i])
		if err != nil {
			e.buf.fail(out, i, fromValue(err), cx)
			return
		}
		out.Data[i] = v
	case !e.small(&out.Data[i], &l.Data[i], &r.Data[i]):
		out.Data[i] = e.total(l.Data[i], r.Data[i])
	}
}

// setSmall sets the fields one by one: an assignment of the whole struct, which
// has a pointer in it, costs a write barrier a row while the collector runs.
func setSmall(out *batch.Decimal, v int64, scale int16) {
	out.Hi, out.Lo, out.Scale, out.Form = v>>63, uint64(v), scale, batch.Finite
	if out.Big != nil {
		out.Big = nil
	}
}

func addSmall(out, a, b *batch.Decimal) bool {
	x, ok1 := a.Small()
	y, ok2 := b.Small()
	s := x + y
	if !ok1 || !ok2 || a.Scale != b.Scale || (s^x)&(s^y) < 0 {
		return false
	}
	setSmall(out, s, a.Scale)
	return true
}

func subSmall(out, a, b *batch.Decimal) bool {
	x, ok1 := a.Small()
	y, ok2 := b.Small()
	s := x - y
	if !ok1 || !ok2 || a.Scale != b.Scale || (x^y)&(x^s) < 0 {
		return false
	}
	setSmall(out, s, a.Scale)
	return true
}

func mulSmall(out, a, b *batch.Decimal) bool {
	x, ok1 := a.Small()
	y, ok2 := b.Small()
	if !ok1 || !ok2 || x != int64(int32(x)) || y != int64(int32(y)) || a.Scale+b.Scale < 0 {
		return false
	}
	setSmall(out, x*y, a.Scale+b.Scale)
	return true
}

// linear is an integer plus, minus or times a NUMERIC constant: v·times + plus
// at one scale.
type linear struct {
	arg         evaluator // of integers
	times, plus int64
	scale       int16
	slow        *decArith
	flip        bool // the constant is on the left
	k           batch.Decimal
	buf         slot[batch.Decimal]
}

func newLinear(op string, e *decArith) evaluator {
	cast, left := e.l.(*intToDec)
	k, ok := constValue[batch.Decimal](e.r)
	if !left {
		cast, _ = e.r.(*intToDec)
		k, ok = constValue[batch.Decimal](e.l)
	}
	c, fits := k.Small()
	if cast == nil || !ok || !fits || k.Scale > 17 || c != int64(int32(c)) {
		return nil
	}
	l := &linear{arg: cast.arg, scale: k.Scale, slow: e, flip: !left, k: k, buf: e.buf}
	unit := int64(1)
	for range k.Scale {
		unit *= 10
	}
	switch {
	case op == "*":
		l.times = c
	case op == "+":
		l.times, l.plus = unit, c
	case op == "-" && left:
		l.times, l.plus = unit, -c
	case op == "-":
		l.times, l.plus = -unit, c
	default:
		return nil
	}
	return l
}

func (e *linear) eval(b *batch.Batch, sel []int32, cx *Context) batch.Column {
	in := e.arg.eval(b, sel, cx).(*batch.Vec[int64])
	out := e.buf.take(b.N)
	out.Null = e.buf.union(in.Null, nil, b.N)
	var size int64
	for i, v := range in.Data[:len(out.Data)] {
		size |= v ^ v>>63
		setSmall(&out.Data[i], v*e.times+e.plus, e.scale)
	}
	if bits.Len64(uint64(size))+bits.Len64(uint64(max(e.times, -e.times))) < 63 {
		return out
	}
	each(sel, b.N, func(i int) {
		v := batch.DecimalFromInt(in.Data[i])
		if e.flip {
			out.Data[i] = e.slow.total(e.k, v)
		} else {
			out.Data[i] = e.slow.total(v, e.k)
		}
	})
	return out
}

// intToDec is the cast of an integer to NUMERIC without precision.
type intToDec struct {
	arg evaluator
	buf slot[batch.Decimal]
}

func (e *intToDec) eval(b *batch.Batch, sel []int32, cx *Context) batch.Column {
	in := e.arg.eval(b, sel, cx).(*batch.Vec[int64])
	out := e.buf.take(b.N)
	out.Null = e.buf.union(in.Null, nil, b.N)
	for i, v := range in.Data[:len(out.Data)] {
		setSmall(&out.Data[i], v, 0)
	}
	return out
}
