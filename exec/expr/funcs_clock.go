package expr

import (
	"math"

	"github.com/dirigo-stream/dirigo/exec/batch"
)

// clockTable defines what TIME takes part in. It wraps around at midnight.
func clockTable() table {
	shift := func(sign int64) rowFunc {
		return func(f *frame) { f.setInt(wrapDay(f.int(0) + sign*(f.span(1).Micros%batch.Day))) }
	}
	plus := []overload{
		{args: in(tim, iv), ret: tim, row: shift(1)},
		{args: in(dat, tim), ret: ts, row: func(f *frame) {
			t, ok := convertTime(f.int(0), dat, ts, f.cx)
			if ok && t != batch.Infinity && t != batch.NegInfinity {
				t += f.int(1)
			}
			setTime(f, ts)(t, ok && batch.ValidTimestamp(t))
		}},
	}
	out := table{
		"+": append(plus, swapped(plus)...),
		"-": {
			{args: in(tim, iv), ret: tim, row: shift(-1)},
			{args: in(tim, tim), ret: iv, row: func(f *frame) { f.setSpan(batch.Span{Micros: f.int(0) - f.int(1)}) }},
		},
		"make_time": {{args: in(i4, i4, f8), ret: tim, row: makeTime}},
		"localtime": {{ret: tim, volatile: true, row: func(f *frame) { f.setInt(batch.ClockOf(batch.Local(f.cx.Now, f.cx.Loc))) }}},
	}
	out["extract"] = []overload{{args: in(txt, tim), ret: num, check: checkField(tim), spec: func(n *Node) rowFunc {
		return extractRow(n, tim, func(f *frame, d batch.Decimal) { f.setDec(d) })
	}}}
	out["date_part"] = []overload{{args: in(txt, tim), ret: f8, check: checkField(tim), spec: func(n *Node) rowFunc {
		return extractRow(n, tim, func(f *frame, d batch.Decimal) { f.setFloat(d.Float()) })
	}}}
	return out
}

// wrapDay brings micros into the day: 24:00 plus nothing is 00:00.
func wrapDay(micros int64) int64 {
	_, micros = batch.SplitMicros(micros)
	return micros
}

func makeTime(f *frame) {
	h, m, s := f.int(0), f.int(1), f.float(2)
	if h < 0 || m < 0 || m > 59 || !(s >= 0 && s <= 60) || h > 24 || h == 24 && (m > 0 || s > 0) {
		f.fail(errorf("22008", "time field value out of range: %02d:%02d:%02g", h, m, s))
		return
	}
	f.setInt(h*batch.Hour + m*batch.Minute + int64(math.RoundToEven(s*1e6)))
}

// castToTime takes the time of day, of a timestamp with time zone in the
// session's.
func castToTime(from batch.Kind) rowFunc {
	switch from {
	case batch.Interval:
		return func(f *frame) { f.setInt(wrapDay(f.span(0).Micros)) }
	case batch.TimestampTZ:
		return func(f *frame) { setClock(f, batch.Local(f.int(0), f.cx.Loc)) }
	}
	return func(f *frame) { setClock(f, f.int(0)) }
}

func setClock(f *frame, t int64) {
	if t == batch.Infinity || t == batch.NegInfinity {
		f.setNull()
		return
	}
	f.setInt(batch.ClockOf(t))
}
