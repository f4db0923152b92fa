package expr

import (
	"math"

	"github.com/dirigo-stream/dirigo/exec/batch"
)

// setSpan and setTime set a result, or fail where it does not fit.
func setSpan(f *frame) func(v batch.Span, ok bool) {
	return func(v batch.Span, ok bool) {
		if !ok {
			f.fail(outOfRange(batch.Interval))
			return
		}
		f.setSpan(v)
	}
}

func setTime(f *frame, k batch.Kind) func(v int64, ok bool) {
	return func(v int64, ok bool) {
		if !ok {
			f.fail(outOfRange(k))
			return
		}
		f.setInt(v)
	}
}

// timeArith defines + - * / where dates, timestamps and intervals take part.
func timeArith(name string) []overload {
	switch name {
	case "+":
		return append(shiftTimes(1), swapped(shiftTimes(1))...)
	case "-":
		return append(shiftTimes(-1), differences()...)
	case "*":
		return []overload{
			{args: in(iv, f8), ret: iv, row: func(f *frame) { scaleSpan(f, f.span(0), f.float(1)) }},
			{args: in(f8, iv), ret: iv, row: func(f *frame) { scaleSpan(f, f.span(1), f.float(0)) }},
		}
	case "/":
		return []overload{{args: in(iv, f8), ret: iv, row: func(f *frame) {
			if f.float(1) == 0 {
				f.fail(errDivZero)
				return
			}
			setSpan(f)(f.span(0).Div(f.float(1)))
		}}}
	}
	return nil
}

func scaleSpan(f *frame, s batch.Span, by float64) {
	if math.IsNaN(by) {
		f.fail(outOfRange(batch.Interval))
		return
	}
	setSpan(f)(s.Mul(by))
}

// shiftTimes are time ± amount, for sign 1 or -1.
func shiftTimes(sign int64) []overload {
	out := []overload{
		{args: in(dat, i4), ret: dat, row: func(f *frame) {
			d := f.int(0)
			if d != batch.Infinity && d != batch.NegInfinity {
				d += sign * f.int(1)
			}
			setTime(f, dat)(d, batch.ValidDate(d))
		}},
		{args: in(dat, iv), ret: ts, row: func(f *frame) {
			t, ok := convertTime(f.int(0), dat, ts, f.cx)
			if ok {
				t, ok = shiftBy(t, f.span(1), sign, ts, f.cx)
			}
			setTime(f, ts)(t, ok)
		}},
		{args: in(iv, iv), ret: iv, row: func(f *frame) {
			if sign < 0 {
				setSpan(f)(f.span(0).Sub(f.span(1)))
			} else {
				setSpan(f)(f.span(0).Add(f.span(1)))
			}
		}},
	}
	for _, k := range []batch.Kind{ts, tz} {
		out = append(out, overload{args: in(k, iv), ret: k, vec: func(_ *Node, args []evaluator, fresh bool) evaluator {
			return &shiftEval{l: args[0], r: args[1], sign: sign, kind: k, buf: slot[int64]{fresh: fresh}}
		}})
	}
	return out
}

func shiftBy(t int64, s batch.Span, sign int64, k batch.Kind, cx *Context) (int64, bool) {
	if sign < 0 {
		var ok bool
		if s, ok = s.Neg(); !ok {
			return 0, false
		}
	}
	if k == batch.TimestampTZ {
		return batch.AddSpanTZ(t, s, cx.Loc)
	}
	return batch.AddSpan(t, s)
}

// swapped exchanges the arguments: interval + timestamp.
func swapped(os []overload) []overload {
	var out []overload
	for _, o := range os {
		if o.args[0] == o.args[1] {
			continue
		}
		s := overload{args: in(o.args[1], o.args[0]), ret: o.ret}
		if o.vec != nil {
			s.vec = func(n *Node, args []evaluator, fresh bool) evaluator {
				return o.vec(n, []evaluator{args[1], args[0]}, fresh)
			}
		} else {
			s.row = func(f *frame) {
				f.in[0], f.in[1] = f.in[1], f.in[0]
				o.row(f)
				f.in[0], f.in[1] = f.in[1], f.in[0]
			}
		}
		out = append(out, s)
	}
	return out
}

func differences() []overload {
	out := []overload{{args: in(dat, dat), ret: i4, row: func(f *frame) {
		for i := range 2 {
			if v := f.int(i); v == batch.Infinity || v == batch.NegInfinity {
				f.fail(errorf("22008", "cannot subtract infinite dates"))
				return
			}
		}
		f.setInt(f.int(0) - f.int(1))
	}}}
	for _, k := range []batch.Kind{ts, tz} {
		out = append(out, overload{args: in(k, k), ret: iv, row: func(f *frame) {
			a, b := f.int(0), f.int(1)
			d := a - b
			if (a^b)&(a^d) < 0 || a == batch.Infinity || a == batch.NegInfinity || b == batch.Infinity || b == batch.NegInfinity {
				f.fail(errorf("22008", "cannot subtract infinite timestamps"))
				return
			}
			setSpan(f)(batch.Span{Micros: d}.JustifyHours())
		}})
	}
	return out
}

// shiftEval is timestamp ± interval; for a constant interval without months
// and days it is one addition.
type shiftEval struct {
	l, r evaluator
	sign int64
	kind batch.Kind
	buf  slot[int64]
}

func (e *shiftEval) eval(b *batch.Batch, sel []int32, cx *Context) batch.Column {
	l := e.l.eval(b, sel, cx).(*batch.Vec[int64])
	out := e.buf.take(b.N)
	if s, ok := constValue[batch.Span](e.r); ok && s.Months == 0 && s.Days == 0 && s.Micros != math.MinInt64 {
		out.Null = e.buf.union(l.Null, nil, b.N)
		if addMicros(out.Data, l.Data, e.sign*s.Micros) {
			return out
		}
	}
	r := e.r.eval(b, sel, cx).(*batch.Vec[batch.Span])
	out.Null = e.buf.union(l.Null, r.Null, b.N)
	each(sel, b.N, func(i int) {
		if out.Null != nil && out.Null[i] {
			return
		}
		t, ok := shiftBy(l.Data[i], r.Data[i], e.sign, e.kind, cx)
		if !ok {
			e.buf.fail(out, i, outOfRange(e.kind), cx)
			return
		}
		out.Data[i] = t
	})
	return out
}

// addMicros adds by to every row, and says whether all is surely in range.
func addMicros(out, a []int64, by int64) bool {
	var size int64
	for i, t := range a[:len(out)] {
		size |= (t ^ t>>63) | (by ^ by>>63)
		out[i] = t + by
	}
	return size < 1<<56 // 2283 years around 1970
}

// nowTable defines the functions of the statement's time.
func nowTable() table {
	now := overload{ret: tz, volatile: true, row: func(f *frame) { f.setInt(f.cx.Now) }}
	return table{
		"now":             {now},
		"clock_timestamp": {now},
		"localtimestamp":  {{ret: ts, volatile: true, row: func(f *frame) { f.setInt(batch.Local(f.cx.Now, f.cx.Loc)) }}},
		"current_date": {{ret: dat, volatile: true, row: func(f *frame) {
			days, _ := batch.SplitMicros(batch.Local(f.cx.Now, f.cx.Loc))
			f.setInt(days)
		}}},
	}
}
