package batch

import (
	"math"
	"strconv"
	"strings"
)

// ParseSpan reads an INTERVAL: '1 hour 30 minutes', '00:05:00', '1 day',
// '1-2 3 04:05:06', ISO 8601 'P1DT2H'; a bare number is seconds. Errors are
// 22007 or 22008.
func ParseSpan(s []byte) (Span, error) { return ParseSpanFields(s, "") }

// ParseSpanFields reads an INTERVAL with a qualifier: "hour", "day to second"
// and so on, in any case; "" means none. A bare number counts the last field of
// the qualifier, and smaller fields are cut off.
func ParseSpanFields(s []byte, qualifier string) (Span, error) {
	last := strings.ToLower(qualifier)
	if at := strings.LastIndex(last, " to "); at >= 0 {
		last = last[at+4:]
	}
	last = strings.TrimSpace(last)
	r := spanReader{bare: last}
	text := strings.ToLower(string(trimSpace(s)))
	st := badSyntax
	if strings.HasPrefix(text, "p") {
		st = r.iso(text[1:])
	} else if text != "" {
		st = r.words(text)
	}
	if st == badField {
		return Span{}, &ValueError{Code: "22008", Message: "interval field value out of range: \"" + string(s) + "\""}
	}
	out, ok := spanOf(r.months, r.days, r.micros, !r.over)
	if st != parsed || r.count == 0 {
		return Span{}, errSyntax(Interval, s)
	}
	if !ok {
		return Span{}, &ValueError{Code: "22008", Message: "interval field value out of range: \"" + string(s) + "\""}
	}
	return cutSpan(out, last), nil
}

// cutSpan drops what is smaller than the last field of a qualifier.
func cutSpan(s Span, last string) Span {
	switch last {
	case "year":
		return Span{Months: s.Months / 12 * 12}
	case "month":
		return Span{Months: s.Months}
	case "day":
		s.Micros = 0
	case "hour":
		s.Micros -= s.Micros % Hour
	case "minute":
		s.Micros -= s.Micros % Minute
	}
	return s
}

type spanReader struct {
	months, days, micros int64
	bare                 string // the unit of a number without one
	count                int
	over                 bool
}

// spanUnit is a unit of one of the three parts of a Span.
type spanUnit struct {
	part  byte // m, d or u
	times int64
}

var spanUnits = map[string]spanUnit{
	"us": {'u', 1}, "usec": {'u', 1}, "usecs": {'u', 1}, "microsecond": {'u', 1}, "microseconds": {'u', 1},
	"ms": {'u', 1000}, "msec": {'u', 1000}, "msecs": {'u', 1000}, "millisecond": {'u', 1000}, "milliseconds": {'u', 1000},
	"s": {'u', Second}, "sec": {'u', Second}, "secs": {'u', Second}, "second": {'u', Second}, "seconds": {'u', Second},
	"m": {'u', Minute}, "min": {'u', Minute}, "mins": {'u', Minute}, "minute": {'u', Minute}, "minutes": {'u', Minute},
	"h": {'u', Hour}, "hr": {'u', Hour}, "hrs": {'u', Hour}, "hour": {'u', Hour}, "hours": {'u', Hour},
	"d": {'d', 1}, "day": {'d', 1}, "days": {'d', 1},
	"w": {'d', 7}, "week": {'d', 7}, "weeks": {'d', 7},
	"mon": {'m', 1}, "mons": {'m', 1}, "month": {'m', 1}, "months": {'m', 1},
	"y": {'m', 12}, "yr": {'m', 12}, "yrs": {'m', 12}, "year": {'m', 12}, "years": {'m', 12},
	"dec": {'m', 120}, "decs": {'m', 120}, "decade": {'m', 120}, "decades": {'m', 120},
	"c": {'m', 1200}, "cent": {'m', 1200}, "century": {'m', 1200}, "centuries": {'m', 1200},
	"mil": {'m', 12000}, "mils": {'m', 12000}, "millennium": {'m', 12000}, "millennia": {'m', 12000},
}

// words reads PostgreSQL's and the SQL standard's spellings.
func (r *spanReader) words(text string) parseState {
	fields := spanFields(text)
	ago := len(fields) > 1 && fields[len(fields)-1] == "ago"
	if ago {
		fields = fields[:len(fields)-1]
	}
	for i := 0; i < len(fields); i++ {
		f := fields[i]
		st := parsed
		switch {
		case strings.Contains(f, ":"):
			st = r.clock(f)
		case strings.LastIndexByte(f, '-') > 0:
			st = r.yearMonth(f)
		default:
			unit, used := r.unitOf(fields, i)
			st = r.number(f, unit)
			i += used
		}
		if st != parsed {
			return st
		}
	}
	if ago {
		r.months, r.days, r.micros = -r.months, -r.days, -r.micros
	}
	return parsed
}

// unitOf returns the unit of the number at fields[i] and how many fields it
// takes. A bare number before a time of day counts days.
func (r *spanReader) unitOf(fields []string, i int) (unit string, used int) {
	if i+1 < len(fields) {
		if _, ok := spanUnits[fields[i+1]]; ok {
			return fields[i+1], 1
		}
		if strings.Contains(fields[i+1], ":") {
			return "day", 0
		}
		return "none", 0
	}
	if r.bare != "" {
		return r.bare, 0
	}
	return "second", 0
}

// spanFields splits into numbers, units and times: "1h30m" is four fields.
func spanFields(text string) []string {
	var out []string
	i := 0
	for i < len(text) {
		c := text[i]
		start := i
		switch {
		case c == ' ' || c == '\t' || c == '\n' || c == ',' || c == '@':
			i++
			continue
		case c >= 'a' && c <= 'z':
			for i < len(text) && text[i] >= 'a' && text[i] <= 'z' {
				i++
			}
		default:
			for i++; i < len(text) && strings.IndexByte("0123456789.:-", text[i]) >= 0; i++ {
			}
		}
		f := text[start:i]
		if len(out) > 0 && (out[len(out)-1] == "+" || out[len(out)-1] == "-") {
			out[len(out)-1] += f
		} else {
			out = append(out, f)
		}
	}
	return out
}

// number adds a number of a unit; what is beyond the point goes to smaller
// parts, as PostgreSQL carries it.
func (r *spanReader) number(text, unit string) parseState {
	u, ok := spanUnits[unit]
	if !ok {
		return badSyntax
	}
	whole, frac, st := splitNumber(text)
	if st != parsed {
		return st
	}
	r.count++
	switch u.part {
	case 'u':
		r.addMicros(whole, u.times)
		r.addMicros(int64(math.RoundToEven(frac*float64(u.times))), 1)
	case 'd':
		r.add(&r.days, whole, u.times)
		r.addDays(frac * float64(u.times))
	case 'm':
		r.add(&r.months, whole, u.times)
		if u.times == 1 {
			r.addDays(frac * 30)
		} else {
			r.add(&r.months, int64(math.RoundToEven(frac*float64(u.times))), 1)
		}
	}
	return parsed
}

// addDays adds a fraction of days: whole days, and the rest as time.
func (r *spanReader) addDays(d float64) {
	whole := math.Trunc(d)
	r.days += int64(whole)
	r.addMicros(int64(math.RoundToEven((d-whole)*float64(Day))), 1)
}

func (r *spanReader) add(to *int64, v, times int64) {
	if v > math.MaxInt32 || v < math.MinInt32 {
		r.over = true
		return
	}
	*to += v * times
}

func (r *spanReader) addMicros(v, times int64) {
	by := v * times
	sum := r.micros + by
	if by/times != v || (sum^r.micros)&(sum^by) < 0 {
		r.over = true
	}
	r.micros = sum
}

func splitNumber(text string) (whole int64, frac float64, st parseState) {
	head, tail, point := strings.Cut(text, ".")
	if head == "" || head == "-" || head == "+" {
		if tail == "" {
			return 0, 0, badSyntax
		}
		head += "0"
	}
	whole, err := strconv.ParseInt(head, 10, 64)
	if err != nil {
		if ne, ok := err.(*strconv.NumError); ok && ne.Err == strconv.ErrRange {
			return 0, 0, badField
		}
		return 0, 0, badSyntax
	}
	if point && tail != "" {
		if frac, err = strconv.ParseFloat("0."+tail, 64); err != nil || !allDigits(tail) {
			return 0, 0, badSyntax
		}
		if head[0] == '-' {
			frac = -frac
		}
	}
	return whole, frac, parsed
}

// yearMonth reads the SQL standard's years-months.
func (r *spanReader) yearMonth(f string) parseState {
	at := strings.LastIndexByte(f, '-')
	years, err1 := strconv.ParseInt(f[:at], 10, 32)
	months, err2 := strconv.ParseInt(f[at+1:], 10, 32)
	if err1 != nil || err2 != nil {
		return badSyntax
	}
	if months > 11 {
		return badField
	}
	if f[0] == '-' {
		months = -months
	}
	r.count++
	r.months += years*12 + months
	return parsed
}

// clock reads [±]h:mm[:ss[.f]], or mm:ss.f where there is a point.
func (r *spanReader) clock(f string) parseState {
	neg := strings.HasPrefix(f, "-")
	f = strings.TrimLeft(f, "+-")
	parts := strings.Split(f, ":")
	if f == "" || len(parts) > 3 {
		return badSyntax
	}
	if len(parts) == 2 && (strings.Contains(parts[1], ".") || r.bare == "second") {
		parts = append([]string{"0"}, parts...)
	}
	units := [...]int64{Hour, Minute, Second}
	before := r.micros
	r.micros = 0
	for i, p := range parts {
		whole, frac, st := splitNumber(p)
		if st != parsed || p[0] == '-' || (frac != 0 && i < 2) {
			return badSyntax
		}
		if i > 0 && whole > 59 {
			return badField
		}
		r.addMicros(whole, units[i])
		r.addMicros(int64(math.RoundToEven(frac*float64(Second))), 1)
	}
	if neg {
		r.micros = -r.micros
	}
	r.count++
	r.addMicros(before, 1)
	return parsed
}

// iso reads what follows the P of ISO 8601: 1Y2M3W4DT5H6M7.5S, or
// 0001-02-03T04:05:06.
func (r *spanReader) iso(text string) parseState {
	date, clock, hasTime := strings.Cut(text, "t")
	if strings.ContainsAny(date, "ymwd") || date == "" {
		return max(r.isoPart(date, "y", "year", "m", "month", "w", "week", "d", "day"),
			r.isoPart(clock, "h", "hour", "m", "minute", "s", "second"))
	}
	if !hasTime && !strings.Contains(date, "-") {
		return badSyntax
	}
	parts := strings.Split(date, "-")
	for i, unit := range []string{"year", "month", "day"} {
		if i < len(parts) {
			if st := r.number(parts[i], unit); st != parsed {
				return st
			}
		}
	}
	if hasTime {
		return r.clock(clock)
	}
	return parsed
}

func (r *spanReader) isoPart(text string, units ...string) parseState {
	for text != "" {
		at := strings.IndexAny(text, "ymwdhs")
		if at <= 0 {
			return badSyntax
		}
		unit := ""
		for i := 0; i < len(units); i += 2 {
			if units[i] == text[at:at+1] {
				unit = units[i+1]
			}
		}
		if st := r.number(text[:at], unit); st != parsed {
			return st
		}
		text = text[at+1:]
	}
	return parsed
}
