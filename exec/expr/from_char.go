package expr

import (
	"math"
	"strconv"
	"strings"

	"github.com/dirigo-stream/dirigo/exec/batch"
)

// fromCharTable defines to_date and to_timestamp with a format.
func fromCharTable() table {
	return table{
		"to_date": {{args: in(txt, txt), ret: dat, spec: func(n *Node) rowFunc {
			return fromChar(n, func(f *frame, days, _ int64, _ *int) { f.setInt(days) })
		}}},
		"to_timestamp": {{args: in(txt, txt), ret: tz, spec: func(n *Node) rowFunc {
			return fromChar(n, func(f *frame, days, micros int64, offset *int) {
				t := days*batch.Day + micros
				if offset != nil {
					t -= int64(*offset) * batch.Second
				} else {
					t = batch.UTC(t, f.cx.Loc)
				}
				setTime(f, tz)(t, days < math.MaxInt32/10 && batch.ValidTimestamp(t))
			})
		}}},
	}
}

func fromChar(n *Node, set func(f *frame, days, micros int64, offset *int)) rowFunc {
	get := cached(n.Args[1], parseTimeFormat)
	return func(f *frame) {
		format, err := get(f.text(1))
		if err != nil {
			f.fail(err)
			return
		}
		r := charReader{in: string(f.text(0)), year: 0, month: 1, day: 1}
		if err = r.read(format.parts); err == nil {
			err = r.check()
		}
		if err != nil {
			f.fail(err)
			return
		}
		set(f, r.days(), r.micros(), r.offset)
	}
}

// charReader reads a text by a format.
type charReader struct {
	in                   string
	year, month, day     int
	dayOfYear, julian    int
	hour, min, sec, frac int64
	half                 string // am or pm
	twelve, bc           bool
	offset               *int
}

func (r *charReader) read(parts []timePart) *Error {
	for i, p := range parts {
		if r.in == "" {
			return nil
		}
		if p.pattern == "" {
			r.literal(p.text)
			continue
		}
		r.in = strings.TrimLeft(r.in, " \t\n")
		if r.in == "" {
			return nil
		}
		next := i+1 < len(parts) && parts[i+1].pattern != "" && startsWithDigit(parts[i+1].pattern)
		if err := r.pattern(p.pattern, next); err != nil {
			return err
		}
		if p.ordinal != "" && len(r.in) >= 2 {
			r.in = r.in[2:]
		}
	}
	return nil
}

// literal passes text: a separator stands for one of any kind, with spaces
// before it, or for none; another character for one of any kind.
func (r *charReader) literal(text string) {
	for _, c := range []byte(text) {
		sep := isSeparator(c)
		if sep {
			r.in = strings.TrimLeft(r.in, " \t\n")
		}
		if r.in != "" && (!sep || isSeparator(r.in[0])) {
			r.in = r.in[1:]
		}
	}
}

func isSeparator(c byte) bool {
	return c == ' ' || c > ' ' && c < 0x7f && !(c >= '0' && c <= '9') && !(c|0x20 >= 'a' && c|0x20 <= 'z')
}

func startsWithDigit(pattern string) bool {
	switch strings.ToUpper(pattern) {
	case "MONTH", "MON", "DAY", "DY", "AM", "PM", "A.M.", "P.M.", "BC", "AD", "B.C.", "A.D.", "TZ", "OF", "RM":
		return false
	}
	return true
}

// number reads digits, at most width of them where another number follows.
func (r *charReader) number(pattern string, width int, next bool) (v, n int, err *Error) {
	end := 0
	if r.in[0] == '-' || r.in[0] == '+' {
		end = 1
	}
	from := end
	for end < len(r.in) && r.in[end] >= '0' && r.in[end] <= '9' && (!next || end-from < width) {
		end++
	}
	v, bad := strconv.Atoi(r.in[:end])
	switch {
	case end == from:
		return 0, 0, &Error{
			Code: "22007", Message: "invalid value \"" + r.in[:min(width, len(r.in))] + "\" for \"" + pattern + "\"", Detail: "Value must be an integer.",
		}
	case bad != nil || v > math.MaxInt32 || v < math.MinInt32:
		return 0, 0, &Error{Code: "22008", Message: "value for \"" + pattern + "\" in source string is out of range"}
	}
	r.in = r.in[end:]
	return v, end - from, nil
}

func (r *charReader) pattern(p string, next bool) *Error {
	up := strings.ToUpper(p)
	switch up {
	case "MONTH", "MON":
		m, err := r.name(p, monthNames, up == "MON")
		r.month = m
		return err
	case "DAY", "DY":
		_, err := r.name(p, dayNames, up == "DY")
		return err
	case "AM", "PM", "A.M.", "P.M.", "BC", "AD", "B.C.", "A.D.":
		return r.word(p)
	case "TZH", "TZM", "TZ", "OF", "RM", "CC", "Q", "WW", "W", "IW", "ID", "IDDD", "D", "I", "IY", "IYY", "IYYY", "Y,YYY":
		return &Error{Code: "0A000", Message: "format \"" + p + "\" is not supported for reading dates and times"}
	}
	width := map[string]int{"YYYY": 4, "YYY": 3, "Y": 1, "MS": 3, "US": 6, "DDD": 3, "J": 10, "SSSS": 5, "SSSSS": 5}[up]
	if strings.HasPrefix(up, "FF") {
		width = int(up[2] - '0')
	} else if width == 0 {
		width = 2
	}
	v, n, err := r.number(p, width, next)
	if err != nil {
		return err
	}
	r.take(up, v, n)
	return nil
}

func (r *charReader) take(p string, v, digits int) {
	switch p {
	case "YYYY":
		r.year = v
	case "YYY", "YY", "Y":
		r.year = v
		if digits < 4 {
			r.year = nearYear(v)
		}
	case "MM":
		r.month = v
	case "DD":
		r.day = v
	case "DDD":
		r.dayOfYear = v
	case "J":
		r.julian = v
	case "HH24":
		r.hour = int64(v)
	case "HH12", "HH":
		r.hour, r.twelve = int64(v), true
	case "MI":
		r.min = int64(v)
	case "SS":
		r.sec = int64(v)
	case "SSSS", "SSSSS":
		r.hour, r.min, r.sec = int64(v)/3600, int64(v)/60%60, int64(v)%60
	default: // MS, US, FFn: digits behind the point
		for ; digits < 6; digits++ {
			v *= 10
		}
		r.frac += int64(v)
	}
}

// nearYear completes a year of less than four digits to one near 2020.
func nearYear(y int) int {
	switch {
	case y < 0 || y >= 1000:
		return y
	case y < 70:
		return y + 2000
	case y < 100:
		return y + 1900
	case y < 520:
		return y + 2000
	}
	return y + 1000
}

// name reads one of names, or its first three letters.
func (r *charReader) name(p string, names []string, short bool) (int, *Error) {
	for i, name := range names {
		if short {
			name = name[:3]
		}
		if len(r.in) >= len(name) && strings.EqualFold(r.in[:len(name)], name) {
			r.in = r.in[len(name):]
			return i + 1, nil
		}
	}
	return 0, &Error{
		Code: "22007", Message: "invalid value \"" + r.in[:min(len(p), len(r.in))] + "\" for \"" + p + "\"",
		Detail: "The given value did not match any of the allowed values for this field.",
	}
}

func (r *charReader) word(p string) *Error {
	for _, w := range []string{"am", "pm", "bc", "ad"} {
		if strings.Contains(p, ".") {
			w = w[:1] + "." + w[1:] + "."
		}
		if len(r.in) < len(w) || !strings.EqualFold(r.in[:len(w)], w) {
			continue
		}
		r.in = r.in[len(w):]
		if w[0] == 'b' {
			r.bc = true
		} else if strings.HasSuffix(strings.Trim(w, "."), "m") {
			r.half, r.twelve = w[:1], true
		}
		return nil
	}
	_, err := r.name(p, nil, false)
	return err
}

// check finds what is out of range, and settles the half of the day and the era.
func (r *charReader) check() *Error {
	if r.twelve {
		if r.hour < 1 || r.hour > 12 {
			return &Error{
				Code: "22007", Message: "hour \"" + strconv.FormatInt(r.hour, 10) + "\" is invalid for the 12-hour clock",
				Hint: "Use the 24-hour clock, or give an hour between 1 and 12.",
			}
		}
		switch {
		case r.half == "p" && r.hour < 12:
			r.hour += 12
		case r.half == "a" && r.hour == 12:
			r.hour = 0
		}
	}
	if r.bc && r.year > 0 {
		r.year = 1 - r.year
	} else if r.year < 0 {
		r.year++
	}
	if r.dayOfYear > 0 && r.julian == 0 {
		days := batch.DaysOf(r.year+1, 1, 1) - batch.DaysOf(r.year, 1, 1)
		if int64(r.dayOfYear) > days {
			return r.outOfRange()
		}
		_, r.month, r.day = batch.CivilOf(batch.DaysOf(r.year, 1, 1) + int64(r.dayOfYear) - 1)
	}
	if r.month < 1 || r.month > 12 || r.day < 1 || r.day > batch.DaysIn(r.year, r.month) ||
		r.hour < 0 || r.hour > 23 || r.min < 0 || r.min > 59 || r.sec < 0 || r.sec > 59 || !batch.ValidDate(r.days()) {
		return r.outOfRange()
	}
	return nil
}

func (r *charReader) outOfRange() *Error {
	return &Error{Code: "22008", Message: "date/time field value out of range"}
}

func (r *charReader) days() int64 {
	if r.julian > 0 {
		return int64(r.julian) - 2440588
	}
	return batch.DaysOf(r.year, r.month, r.day)
}

func (r *charReader) micros() int64 {
	return r.hour*batch.Hour + r.min*batch.Minute + r.sec*batch.Second + r.frac
}
