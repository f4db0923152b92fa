package expr

import (
	"math"
	"time"

	"github.com/dirigo-stream/dirigo/exec/batch"
)

// timeTable defines functions of dates, timestamps and intervals.
func timeTable() table {
	t := table{
		"to_timestamp": {{args: in(f8), ret: tz, row: toTimestamp}},
		"make_date": {{args: in(i4, i4, i4), ret: dat, row: func(f *frame) {
			if days, ok := makeDate(f, 0); ok {
				f.setInt(days)
			}
		}}},
		"make_timestamp":   {{args: in(i4, i4, i4, i4, i4, f8), ret: ts, row: func(f *frame) { makeTimestamp(f, false) }}},
		"make_timestamptz": {{args: in(i4, i4, i4, i4, i4, f8), ret: tz, row: func(f *frame) { makeTimestamp(f, true) }}},
		"age": {
			{args: in(ts, ts), ret: iv, row: func(f *frame) { f.setSpan(age(f.int(0), f.int(1))) }},
			{args: in(tz, tz), ret: iv, row: func(f *frame) {
				f.setSpan(age(batch.Local(f.int(0), f.cx.Loc), batch.Local(f.int(1), f.cx.Loc)))
			}},
		},
		"justify_hours":    {spanFunc(batch.Span.JustifyHours)},
		"justify_days":     {spanFunc(batch.Span.JustifyDays)},
		"justify_interval": {spanFunc(batch.Span.JustifyInterval)},
		"isfinite":         {{args: in(iv), ret: boolean_, row: func(f *frame) { f.setBool(true) }}},
	}
	for _, k := range []batch.Kind{dat, ts, tz} {
		t["isfinite"] = append(t["isfinite"], overload{args: in(k), ret: boolean_, row: func(f *frame) {
			f.setBool(f.int(0) != batch.Infinity && f.int(0) != batch.NegInfinity)
		}})
	}
	for n := range 8 { // trailing arguments default to 0
		t["make_interval"] = append(t["make_interval"], overload{
			args: in(i4, i4, i4, i4, i4, i4, f8)[:n:n], ret: iv, row: func(f *frame) { makeInterval(f, n) },
		})
	}
	for _, more := range []table{extractTable(), truncTable(), zoneTable(), charTable()} {
		for name, os := range more {
			t[name] = append(t[name], os...)
		}
	}
	return t
}

func spanFunc(fn func(batch.Span) (batch.Span, bool)) overload {
	return overload{args: in(iv), ret: iv, row: func(f *frame) { setSpan(f)(fn(f.span(0))) }}
}

func toTimestamp(f *frame) {
	v := f.float(0)
	switch {
	case math.IsNaN(v):
		f.fail(errorf("22008", "timestamp cannot be NaN"))
	case math.IsInf(v, 1):
		f.setInt(batch.Infinity)
	case math.IsInf(v, -1):
		f.setInt(batch.NegInfinity)
	case math.Abs(v) > 1e13:
		f.fail(errorf("22008", "timestamp out of range: \"%g\"", v))
	default:
		// PostgreSQL counts from 2000, and rounds there.
		const shift = 946684800
		t := int64(math.RoundToEven((v-shift)*1e6)) + shift*batch.Second
		setTime(f, tz)(t, batch.ValidTimestamp(t))
	}
}

// makeDate reads year, month and day from three arguments.
func makeDate(f *frame, i int) (days int64, ok bool) {
	y, m, d := f.int(i), f.int(i+1), f.int(i+2)
	era := y
	if y < 0 {
		era = y + 1
	}
	if y == 0 || y > 5874897 || y < -4714 || m < 1 || m > 12 || d < 1 || d > int64(batch.DaysIn(int(era), int(m))) {
		f.fail(errorf("22008", "date field value out of range: %d-%02d-%02d", y, m, d))
		return 0, false
	}
	return batch.DaysOf(int(era), int(m), int(d)), true
}

func makeTimestamp(f *frame, zoned bool) {
	days, ok := makeDate(f, 0)
	if !ok {
		return
	}
	h, mi, sec := f.int(3), f.int(4), f.float(5)
	if h < 0 || h > 24 || mi < 0 || mi > 59 || !(sec >= 0 && sec <= 60) || (h == 24 && (mi > 0 || sec > 0)) {
		f.fail(errorf("22008", "time field value out of range: %d:%02d:%02g", h, mi, sec))
		return
	}
	t := days*batch.Day + h*batch.Hour + mi*batch.Minute + int64(math.RoundToEven(sec*1e6))
	k := batch.Timestamp
	if zoned {
		t, k = batch.UTC(t, f.cx.Loc), batch.TimestampTZ
	}
	setTime(f, k)(t, batch.ValidTimestamp(t))
}

func makeInterval(f *frame, n int) {
	var v [6]int64
	for i := range min(n, 6) {
		v[i] = f.int(i)
	}
	secs := 0.0
	if n == 7 {
		secs = f.float(6)
	}
	s, err := spanFrom(v, secs)
	if err != nil {
		f.fail(err)
		return
	}
	f.setSpan(s)
}

// spanFrom makes an interval of years, months, weeks, days, hours, minutes.
func spanFrom(v [6]int64, secs float64) (batch.Span, *Error) {
	micros := math.RoundToEven(secs * 1e6)
	months, days := v[0]*12+v[1], v[2]*7+v[3]
	if !(math.Abs(micros) < 1<<62) || months != int64(int32(months)) || days != int64(int32(days)) {
		return batch.Span{}, outOfRange(batch.Interval)
	}
	return batch.Span{
		Months: int32(months), Days: int32(days),
		Micros: v[4]*batch.Hour + v[5]*batch.Minute + int64(micros),
	}, nil
}

// age is the difference of two local times in years, months, days and time, as
// a calendar shows it (PostgreSQL's timestamp_age).
func age(a, b int64) batch.Span {
	if a < b {
		s, _ := age(b, a).Neg()
		return s
	}
	ad, am := batch.SplitMicros(a)
	bd, bm := batch.SplitMicros(b)
	ay, amo, ady := batch.CivilOf(ad)
	by, bmo, bdy := batch.CivilOf(bd)
	micros, days, months, years := am-bm, ady-bdy, amo-bmo, ay-by
	if micros < 0 {
		micros += batch.Day
		days--
	}
	for days < 0 {
		days += batch.DaysIn(by, bmo)
		months--
	}
	for months < 0 {
		months += 12
		years--
	}
	return batch.Span{Months: int32(years*12 + months), Days: int32(days), Micros: micros}
}

// zoneTable defines AT TIME ZONE (value, zone) and timezone(zone, value).
func zoneTable() table {
	t := table{}
	for _, k := range []batch.Kind{ts, tz} {
		to := tz
		if k == tz {
			to = ts
		}
		t["at time zone"] = append(t["at time zone"],
			overload{args: in(k, txt), ret: to, spec: func(n *Node) rowFunc { return atZone(n.Args[1], 0, 1, k) }},
			overload{args: in(k, iv), ret: to, row: func(f *frame) { atOffset(f, 0, 1, k) }})
		t["timezone"] = append(t["timezone"],
			overload{args: in(txt, k), ret: to, spec: func(n *Node) rowFunc { return atZone(n.Args[0], 1, 0, k) }},
			overload{args: in(iv, k), ret: to, row: func(f *frame) { atOffset(f, 1, 0, k) }})
	}
	return t
}

func atZone(zone *Node, value, at int, k batch.Kind) rowFunc {
	get := cached(zone, loadZone)
	return func(f *frame) {
		loc, err := get(f.text(at))
		if err != nil {
			f.fail(err)
			return
		}
		setZoned(f, f.int(value), loc, k)
	}
}

func atOffset(f *frame, value, at int, k batch.Kind) {
	s := f.span(at)
	if s.Months != 0 || s.Days != 0 {
		f.fail(errorf("22023", "interval time zone \"%s\" must not include months or days", s))
		return
	}
	setZoned(f, f.int(value), time.FixedZone("", int(s.Micros/batch.Second)), k)
}

func setZoned(f *frame, v int64, loc *time.Location, k batch.Kind) {
	if k == batch.TimestampTZ {
		f.setInt(batch.Local(v, loc))
	} else {
		f.setInt(batch.UTC(v, loc))
	}
}

func loadZone(name string) (*time.Location, *Error) {
	loc, err := batch.LoadZone(name)
	if err != nil {
		return nil, fromValue(err)
	}
	return loc, nil
}
