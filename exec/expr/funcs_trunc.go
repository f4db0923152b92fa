package expr

import (
	"strings"

	"github.com/dirigo-stream/dirigo/exec/batch"
)

// truncUnit says how a timestamp is cut to a unit: to a multiple of step
// counted from base, or by its date.
type truncUnit struct {
	step, base int64
	civil      func(y, m, d int) (int, int, int)
	months     int32 // of an interval
}

var truncUnits = map[string]truncUnit{
	"microseconds": {step: 1},
	"milliseconds": {step: 1000},
	"second":       {step: batch.Second},
	"minute":       {step: batch.Minute},
	"hour":         {step: batch.Hour},
	"day":          {step: batch.Day},
	"week":         {step: 7 * batch.Day, base: 4 * batch.Day}, // 1970-01-05 was a Monday
	"month":        {months: 1, civil: func(y, m, _ int) (int, int, int) { return y, m, 1 }},
	"quarter":      {months: 3, civil: func(y, m, _ int) (int, int, int) { return y, (m-1)/3*3 + 1, 1 }},
	"year":         {months: 12, civil: func(y, _, _ int) (int, int, int) { return y, 1, 1 }},
	"decade":       {months: 120, civil: func(y, _, _ int) (int, int, int) { return int(floorDiv(int64(y), 10)) * 10, 1, 1 }},
	"century":      {months: 1200, civil: truncYears(100)},
	"millennium":   {months: 12000, civil: truncYears(1000)},
}

// truncYears goes back to the first year of a century or millennium, which is
// its year 1.
func truncYears(size int64) func(y, m, d int) (int, int, int) {
	return func(y, _, _ int) (int, int, int) { return int(floorDiv(int64(y)-1, size)*size) + 1, 1, 1 }
}

func truncUnitOf(text string, k batch.Kind) (*truncUnit, *Error) {
	name := fieldName(text)
	u, ok := truncUnits[name]
	if ok && (k != batch.Interval || name != "week") {
		return &u, nil
	}
	if ok || dateFields[name] != nil || zoneFields[name] != nil || name == "epoch" {
		e := errorf("0A000", "unit \"%s\" not supported for type %s", strings.ToLower(text), k)
		if ok {
			e.Detail = "Months usually have fractional weeks."
		}
		return nil, e
	}
	return nil, errorf("22023", "unit \"%s\" not recognized for type %s", strings.ToLower(text), k)
}

// local cuts local time t.
func (u *truncUnit) local(t int64) int64 {
	if u.civil == nil {
		return floorDiv(t-u.base, u.step)*u.step + u.base
	}
	days, _ := batch.SplitMicros(t)
	y, m, d := u.civil(batch.CivilOf(days))
	return batch.DaysOf(y, m, d) * batch.Day
}

func (u *truncUnit) span(s batch.Span) batch.Span {
	switch {
	case u.months > 0:
		if u.months == 3 {
			return batch.Span{Months: s.Months - s.Months%12 + s.Months%12/3*3}
		}
		return batch.Span{Months: s.Months / u.months * u.months}
	case u.step == batch.Day:
		s.Micros = 0
	default:
		s.Micros = s.Micros / u.step * u.step
	}
	return s
}

// truncTable defines date_trunc and date_bin.
func truncTable() table {
	return table{
		"date_trunc": {
			{args: in(txt, ts), ret: ts, check: checkTrunc(ts), vec: newTrunc},
			{args: in(txt, tz), ret: tz, check: checkTrunc(tz), spec: func(n *Node) rowFunc { return truncRow(n, tz) }},
			{args: in(txt, iv), ret: iv, check: checkTrunc(iv), spec: func(n *Node) rowFunc { return truncRow(n, iv) }},
			{args: in(txt, tz, txt), ret: tz, check: checkTrunc(tz), spec: truncInZone},
		},
		"date_bin": {
			{args: in(iv, ts, ts), ret: ts, row: dateBin},
			{args: in(iv, tz, tz), ret: tz, row: dateBin},
		},
	}
}

// newTrunc is date_trunc of a timestamp: one division a row where the unit is a
// constant of fixed length.
func newTrunc(n *Node, args []evaluator, fresh bool) evaluator {
	if text, ok := constText(args[0]); ok {
		if u, err := truncUnitOf(text, ts); err == nil && u.civil == nil {
			return &truncEval{arg: args[1], unit: u, buf: slot[int64]{fresh: fresh}}
		}
	}
	return newRowEval(n, args, truncRow(n, ts), false, fresh)
}

type truncEval struct {
	arg  evaluator
	unit *truncUnit
	buf  slot[int64]
}

func (e *truncEval) eval(b *batch.Batch, sel []int32, cx *Context) batch.Column {
	in := e.arg.eval(b, sel, cx).(*batch.Vec[int64])
	out := e.buf.take(b.N)
	out.Null = e.buf.union(in.Null, nil, b.N)
	step, base := e.unit.step, e.unit.base
	for i, t := range in.Data[:len(out.Data)] {
		rest := (t - base) % step
		if rest < 0 {
			rest += step
		}
		if t == batch.Infinity || t == batch.NegInfinity {
			rest = 0
		}
		out.Data[i] = t - rest
	}
	return out
}

// checkTrunc refuses a constant unit that kind k cannot be cut to.
func checkTrunc(k batch.Kind) func(n *Node) *Error {
	return func(n *Node) *Error {
		if n.Args[0].Op != OpConst || n.Args[0].Null {
			return nil
		}
		_, err := truncUnitOf(n.Args[0].Text, k)
		return err
	}
}

func truncRow(n *Node, k batch.Kind) rowFunc {
	get := cached(n.Args[0], func(text string) (*truncUnit, *Error) { return truncUnitOf(text, k) })
	return func(f *frame) {
		u, err := get(f.text(0))
		if err != nil {
			f.fail(err)
			return
		}
		switch {
		case k == batch.Interval:
			f.setSpan(u.span(f.span(1)))
		case f.int(1) == batch.Infinity || f.int(1) == batch.NegInfinity:
			f.setInt(f.int(1))
		case k == batch.TimestampTZ:
			f.setInt(batch.UTC(u.local(batch.Local(f.int(1), f.cx.Loc)), f.cx.Loc))
		default:
			f.setInt(u.local(f.int(1)))
		}
	}
}

func truncInZone(n *Node) rowFunc {
	get := cached(n.Args[0], func(text string) (*truncUnit, *Error) { return truncUnitOf(text, tz) })
	zone := cached(n.Args[2], loadZone)
	return func(f *frame) {
		u, err := get(f.text(0))
		if err == nil {
			if loc, zerr := zone(f.text(2)); zerr == nil {
				f.setInt(batch.UTC(u.local(batch.Local(f.int(1), loc)), loc))
				return
			} else {
				err = zerr
			}
		}
		f.fail(err)
	}
}

func dateBin(f *frame) {
	s, t, origin := f.span(0), f.int(1), f.int(2)
	if s.Months != 0 {
		f.fail(errorf("0A000", "timestamps cannot be binned into intervals containing months or years"))
		return
	}
	step := int64(s.Days)*batch.Day + s.Micros
	switch {
	case step <= 0:
		f.fail(errorf("22008", "stride must be greater than zero"))
	case t == batch.Infinity || t == batch.NegInfinity:
		f.setInt(t)
	case origin == batch.Infinity || origin == batch.NegInfinity:
		f.fail(errorf("22008", "origin out of range"))
	default:
		f.setInt(origin + floorDiv(t-origin, step)*step)
	}
}
