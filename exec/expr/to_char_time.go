package expr

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/dirigo-stream/dirigo/exec/batch"
)

// appendPattern appends what one pattern of to_char stands for.
func (m *fields) appendPattern(dst []byte, p timePart, k batch.Kind, f *frame) []byte {
	if v, width, ok := m.number(p.pattern, k); ok {
		if !p.fill {
			width = 0
		}
		if v < 0 && width > 0 {
			width++
		}
		return appendPadded(dst, v, width)
	}
	switch p.pattern {
	case "MONTH", "Month", "month":
		return appendName(dst, m.month, monthNames, p, 9)
	case "MON", "Mon", "mon":
		return appendName(dst, m.month, monthNames, p, 3)
	case "DAY", "Day", "day":
		return appendName(dst, int(weekday(m.days))+1, dayNames, p, 9)
	case "DY", "Dy", "dy":
		return appendName(dst, int(weekday(m.days))+1, dayNames, p, 3)
	case "RM", "rm":
		return appendName(dst, m.month, romanMonths, p, 4)
	case "Y,YYY":
		return fmt.Appendf(dst, "%d,%03d", m.year/1000, m.year%1000)
	}
	return append(dst, m.word(p.pattern, k, f)...)
}

// appendPadded appends v with zeros in front up to width, of which the sign is
// a part.
func appendPadded(dst []byte, v int64, width int) []byte {
	if v < 0 {
		dst, v, width = append(dst, '-'), -v, width-1
	}
	digits := 1
	for n := v; n >= 10; n /= 10 {
		digits++
	}
	for ; digits < width; digits++ {
		dst = append(dst, '0')
	}
	return strconv.AppendInt(dst, v, 10)
}

// number returns a numeric pattern's value and width.
func (m *fields) number(p string, k batch.Kind) (v int64, width int, ok bool) {
	hour := m.micros / batch.Hour
	switch strings.ToUpper(p) {
	case "HH24":
		return hour, 2, true
	case "HH12", "HH":
		return (hour+11)%12 + 1, 2, true
	case "MI":
		return m.micros % batch.Hour / batch.Minute, 2, true
	case "SS":
		return m.micros % batch.Minute / batch.Second, 2, true
	case "MS":
		return m.micros % batch.Second / 1000, 3, true
	case "US", "FF6":
		return m.micros % batch.Second, 6, true
	case "FF1", "FF2", "FF3", "FF4", "FF5":
		n := int(p[2] - '0')
		v = m.micros % batch.Second
		for range 6 - n {
			v /= 10
		}
		return v, n, true
	case "SSSS", "SSSSS":
		return m.micros / batch.Second, 0, true
	case "MM":
		return int64(m.month), 2, true
	case "DD":
		return int64(m.day), 2, true
	}
	return m.dateNumber(p, k)
}

func (m *fields) dateNumber(p string, k batch.Kind) (v int64, width int, ok bool) {
	year := int64(m.year)
	if k != batch.Interval && year <= 0 {
		year = 1 - year
	}
	switch strings.ToUpper(p) {
	case "YYYY":
		return year, 4, true
	case "YYY":
		return year % 1000, 3, true
	case "YY":
		return year % 100, 2, true
	case "Y":
		return year % 10, 1, true
	case "IYYY", "IYY", "IY", "I", "IW", "ID", "IDDD":
		return m.isoNumber(p)
	case "D":
		return weekday(m.days) + 1, 1, true
	case "DDD":
		return dayOfYear(m), 3, true
	case "WW":
		return (dayOfYear(m)-1)/7 + 1, 2, true
	case "W":
		return int64(m.day-1)/7 + 1, 1, true
	case "CC":
		return centuries(m.year, 100), 2, true
	case "Q":
		return int64(m.month-1)/3 + 1, 1, true
	case "J":
		return m.days + 2440588, 0, true
	}
	return 0, 0, false
}

// isoNumber returns a pattern of ISO 8601's weeks.
func (m *fields) isoNumber(p string) (v int64, width int, ok bool) {
	year, week := isoWeek(m.days)
	day := (weekday(m.days)+6)%7 + 1
	switch strings.ToUpper(p) {
	case "IYYY":
		return year, 4, true
	case "IYY":
		return year % 1000, 3, true
	case "IY":
		return year % 100, 2, true
	case "I":
		return year % 10, 1, true
	case "IW":
		return week, 2, true
	case "ID":
		return day, 1, true
	}
	return (week-1)*7 + day, 3, true
}

// word returns a pattern that is a word or a zone.
func (m *fields) word(p string, k batch.Kind, f *frame) string {
	pick := func(first bool, a, b string) string {
		out := b
		if first {
			out = a
		}
		if strings.Contains(p, ".") {
			out = out[:1] + "." + out[1:] + "."
		}
		if strings.ToLower(p) == p {
			return strings.ToLower(out)
		}
		return out
	}
	switch strings.ToUpper(p) {
	case "AM", "PM", "A.M.", "P.M.":
		return pick(m.micros%batch.Day < 12*batch.Hour, "AM", "PM")
	case "BC", "AD", "B.C.", "A.D.":
		return pick(m.year <= 0, "BC", "AD")
	}
	if k != batch.TimestampTZ {
		return map[string]string{"OF": "+00", "TZH": "+00", "TZM": "00"}[p]
	}
	switch p {
	case "OF":
		return string(batch.AppendOffset(nil, m.offset))
	case "TZH":
		return fmt.Sprintf("%+03d", m.offset/3600)
	case "TZM":
		return fmt.Sprintf("%02d", max(m.offset, -m.offset)%3600/60)
	}
	return zoneName(m.utc, f.cx.Loc, p)
}

func zoneName(utc int64, loc *time.Location, p string) string {
	name := "UTC"
	if loc != nil {
		name, _ = time.UnixMicro(utc).In(loc).Zone()
	}
	if p == "tz" {
		return strings.ToLower(name)
	}
	return name
}

var (
	monthNames = []string{
		"January", "February", "March", "April", "May", "June", "July",
		"August", "September", "October", "November", "December",
	}
	dayNames    = []string{"Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"}
	romanMonths = []string{"I", "II", "III", "IV", "V", "VI", "VII", "VIII", "IX", "X", "XI", "XII"}
)

// appendName appends names[i-1] in the case of the pattern, cut or padded to
// width; full names are not padded after FM.
func appendName(dst []byte, i int, names []string, p timePart, width int) []byte {
	if i < 1 || i > len(names) {
		return dst
	}
	name := names[i-1]
	if width == 3 {
		name = name[:3]
	}
	switch p.pattern {
	case strings.ToUpper(p.pattern):
		name = strings.ToUpper(name)
	case strings.ToLower(p.pattern):
		name = strings.ToLower(name)
	}
	dst = append(dst, name...)
	for n := len(name); p.fill && n < width; n++ {
		dst = append(dst, ' ')
	}
	return dst
}
