package expr

import (
	"strings"

	"github.com/dirigo-stream/dirigo/exec/batch"
)

// fieldFunc computes a field of a date, timestamp (local time; utc is the
// instant and offset its zone's, in seconds) or interval.
type fieldFunc func(m *fields) batch.Decimal

// fields is a value taken apart.
type fields struct {
	year, month, day int
	days             int64 // since 1970-01-01
	micros           int64 // of the day; of an interval: its time part
	utc              int64
	offset           int
	span             batch.Span
}

func whole(v int64) batch.Decimal { return batch.DecimalFromInt(v) }

// dateFields are the fields that dates and timestamps have.
var dateFields = map[string]fieldFunc{
	"day":        func(m *fields) batch.Decimal { return whole(int64(m.day)) },
	"month":      func(m *fields) batch.Decimal { return whole(int64(m.month)) },
	"year":       func(m *fields) batch.Decimal { return whole(eraYear(m.year)) },
	"quarter":    func(m *fields) batch.Decimal { return whole(int64(m.month+2) / 3) },
	"decade":     func(m *fields) batch.Decimal { return whole(floorDiv(int64(m.year), 10)) },
	"century":    func(m *fields) batch.Decimal { return whole(centuries(m.year, 100)) },
	"millennium": func(m *fields) batch.Decimal { return whole(centuries(m.year, 1000)) },
	"week":       func(m *fields) batch.Decimal { _, w := isoWeek(m.days); return whole(w) },
	"isoyear":    func(m *fields) batch.Decimal { y, _ := isoWeek(m.days); return whole(eraYear(int(y))) },
	"dow":        func(m *fields) batch.Decimal { return whole(weekday(m.days)) },
	"isodow":     func(m *fields) batch.Decimal { return whole((weekday(m.days)+6)%7 + 1) },
	"doy":        func(m *fields) batch.Decimal { return whole(dayOfYear(m)) },
	"julian": func(m *fields) batch.Decimal {
		day := whole(m.days + 2440588)
		if m.micros == 0 {
			return day
		}
		part, _ := whole(m.micros).Div(whole(batch.Day))
		return day.Add(part)
	},
}

// clockFields are the fields that timestamps and intervals have.
var clockFields = map[string]fieldFunc{
	"hour":         func(m *fields) batch.Decimal { return whole(m.micros / batch.Hour) },
	"minute":       func(m *fields) batch.Decimal { return whole(m.micros % batch.Hour / batch.Minute) },
	"second":       func(m *fields) batch.Decimal { return batch.NewDecimal(m.micros%batch.Minute, 6) },
	"milliseconds": func(m *fields) batch.Decimal { return batch.NewDecimal(m.micros%batch.Minute, 3) },
	"microseconds": func(m *fields) batch.Decimal { return whole(m.micros % batch.Minute) },
}

var zoneFields = map[string]fieldFunc{
	"timezone":        func(m *fields) batch.Decimal { return whole(int64(m.offset)) },
	"timezone_hour":   func(m *fields) batch.Decimal { return whole(int64(m.offset / 3600)) },
	"timezone_minute": func(m *fields) batch.Decimal { return whole(int64(m.offset % 3600 / 60)) },
}

var spanFields = map[string]fieldFunc{
	"day":        func(m *fields) batch.Decimal { return whole(int64(m.span.Days)) },
	"month":      func(m *fields) batch.Decimal { return whole(int64(m.span.Months % 12)) },
	"year":       func(m *fields) batch.Decimal { return whole(int64(m.span.Months / 12)) },
	"quarter":    func(m *fields) batch.Decimal { return whole(int64(m.span.Months%12/3 + 1)) },
	"decade":     func(m *fields) batch.Decimal { return whole(int64(m.span.Months / 120)) },
	"century":    func(m *fields) batch.Decimal { return whole(int64(m.span.Months / 1200)) },
	"millennium": func(m *fields) batch.Decimal { return whole(int64(m.span.Months / 12000)) },
	"epoch": func(m *fields) batch.Decimal {
		// A year counts 365.25 days here, a month 30.
		secs := int64(m.span.Months/12)*31557600 + int64(m.span.Months%12)*2592000 + int64(m.span.Days)*86400
		return whole(secs).Mul(batch.NewDecimal(1000000, 6)).Add(batch.NewDecimal(m.span.Micros, 6))
	},
}

// fieldAliases are other spellings of fields.
var fieldAliases = map[string]string{
	"us": "microseconds", "usec": "microseconds", "microsecond": "microseconds", "usecs": "microseconds",
	"ms": "milliseconds", "msec": "milliseconds", "millisecond": "milliseconds", "msecs": "milliseconds",
	"s": "second", "sec": "second", "secs": "second", "seconds": "second",
	"m": "minute", "min": "minute", "mins": "minute", "minutes": "minute",
	"h": "hour", "hr": "hour", "hrs": "hour", "hours": "hour", "d": "day", "days": "day",
	"w": "week", "weeks": "week", "mon": "month", "mons": "month", "months": "month", "qtr": "quarter",
	"y": "year", "yr": "year", "yrs": "year", "years": "year", "decades": "decade", "dec": "decade",
	"c": "century", "cent": "century", "centuries": "century", "mil": "millennium", "millennia": "millennium",
	"timezone_h": "timezone_hour", "timezone_m": "timezone_minute",
}

func fieldName(s string) string {
	s = strings.ToLower(strings.TrimSpace(s))
	if a, ok := fieldAliases[s]; ok {
		return a
	}
	return s
}

// fieldOf finds how a field of a kind is computed.
func fieldOf(text string, k batch.Kind) (fieldFunc, *Error) {
	name := fieldName(text)
	var fn fieldFunc
	switch k {
	case batch.Interval:
		if fn = spanFields[name]; fn == nil {
			fn = clockFields[name]
		}
	case batch.Time:
		if fn = clockFields[name]; name == "epoch" {
			fn = func(m *fields) batch.Decimal { return batch.NewDecimal(m.micros, 6) }
		}
	case batch.Date:
		fn = dateFields[name]
		if name == "epoch" {
			fn = func(m *fields) batch.Decimal { return whole(m.days * 86400) }
		}
	default:
		fn = timestampField(name, k)
	}
	if fn != nil {
		return fn, nil
	}
	known := name == "epoch" || dateFields[name] != nil || clockFields[name] != nil || zoneFields[name] != nil
	if known {
		return nil, errorf("0A000", "unit \"%s\" not supported for type %s", strings.ToLower(text), k)
	}
	return nil, errorf("22023", "unit \"%s\" not recognized for type %s", strings.ToLower(text), k)
}

func timestampField(name string, k batch.Kind) fieldFunc {
	if name == "epoch" {
		return func(m *fields) batch.Decimal { return batch.NewDecimal(m.utc, 6) }
	}
	if fn := dateFields[name]; fn != nil {
		return fn
	}
	if fn := clockFields[name]; fn != nil {
		return fn
	}
	if k == batch.TimestampTZ {
		return zoneFields[name]
	}
	return nil
}

// take fills m from argument i of kind k; it is false for an infinity.
func (m *fields) take(f *frame, i int, k batch.Kind) bool {
	if k == batch.Interval {
		m.span = f.span(i)
		m.micros = m.span.Micros
		return true
	}
	v := f.int(i)
	if v == batch.Infinity || v == batch.NegInfinity {
		return false
	}
	m.micros, m.utc = 0, v
	switch k {
	case batch.Time:
		m.micros = v
		return true
	case batch.Date:
		m.days = v
	case batch.TimestampTZ:
		m.offset = batch.ZoneOffset(v, f.cx.Loc)
		m.days, m.micros = batch.SplitMicros(v + int64(m.offset)*batch.Second)
	default:
		m.days, m.micros = batch.SplitMicros(v)
	}
	m.year, m.month, m.day = batch.CivilOf(m.days)
	return true
}

// extractTable defines extract (NUMERIC) and date_part (DOUBLE PRECISION).
func extractTable() table {
	t := table{}
	for _, k := range []batch.Kind{dat, ts, tz, iv} {
		t["extract"] = append(t["extract"], overload{args: in(txt, k), ret: num, check: checkField(k), spec: func(n *Node) rowFunc {
			return extractRow(n, k, func(f *frame, d batch.Decimal) { f.setDec(d) })
		}})
		part := overload{args: in(txt, k), ret: f8, check: checkField(k), spec: func(n *Node) rowFunc {
			return extractRow(n, k, func(f *frame, d batch.Decimal) { f.setFloat(d.Float()) })
		}}
		if k == dat { // a date is taken as a timestamp here
			part.as, part.check = in(txt, ts), checkField(ts)
		}
		t["date_part"] = append(t["date_part"], part)
	}
	return t
}

// checkField refuses a constant field that kind k does not have.
func checkField(k batch.Kind) func(n *Node) *Error {
	return func(n *Node) *Error {
		if n.Args[0].Op != OpConst || n.Args[0].Null {
			return nil
		}
		_, err := fieldOf(n.Args[0].Text, k)
		return err
	}
}

func extractRow(n *Node, k batch.Kind, set func(f *frame, d batch.Decimal)) rowFunc {
	get := cached(n.Args[0], func(field string) (fieldFunc, *Error) { return fieldOf(field, k) })
	var m fields
	return func(f *frame) {
		fn, err := get(f.text(0))
		if err != nil {
			f.fail(err)
			return
		}
		if !m.take(f, 1, k) {
			extractInfinity(f, set)
			return
		}
		set(f, fn(&m))
	}
}

// extractInfinity: fields that only grow are infinite, the others NULL.
func extractInfinity(f *frame, set func(f *frame, d batch.Decimal)) {
	switch fieldName(string(f.text(0))) {
	case "year", "decade", "century", "millennium", "isoyear", "julian", "epoch":
		form := batch.PosInf
		if f.int(1) == batch.NegInfinity {
			form = batch.NegInf
		}
		set(f, batch.Decimal{Form: form})
	default:
		f.setNull()
	}
}

func floorDiv(a, b int64) int64 {
	q := a / b
	if a%b != 0 && (a < 0) != (b < 0) {
		q--
	}
	return q
}

// eraYear numbers years without a year 0: 1 BC is -1.
func eraYear(y int) int64 {
	if y <= 0 {
		y--
	}
	return int64(y)
}

// centuries counts centuries or millennia, of which there is no 0th either.
func centuries(y int, size int64) int64 {
	if y > 0 {
		return (int64(y) + size - 1) / size
	}
	return -((size - (int64(y) - 1) - 1) / size)
}

// weekday counts from Sunday, 0.
func weekday(days int64) int64 { return ((days+4)%7 + 7) % 7 }

func dayOfYear(m *fields) int64 { return m.days - batch.DaysOf(m.year, 1, 1) + 1 }

// isoWeek returns the year and week of ISO 8601: a week belongs to the year of
// its Thursday.
func isoWeek(days int64) (year, week int64) {
	thursday := days - (weekday(days)+6)%7 + 3
	y, _, _ := batch.CivilOf(thursday)
	return int64(y), (thursday-batch.DaysOf(y, 1, 1))/7 + 1
}
