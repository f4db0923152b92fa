package batch

import (
	"bytes"
	"strconv"
	"strings"
	"time"
)

// readMoment reads any spelling of a date or timestamp that PostgreSQL takes
// with DateStyle ISO, MDY, apart from the words that depend on the clock.
func readMoment(s []byte) (moment, parseState) {
	var r dateReader
	for _, f := range dateFields(trimSpace(s)) {
		if st := r.field(f); st != parsed {
			return r.mo, st
		}
	}
	st := r.finish()
	return r.mo, st
}

// dateReader collects the fields of a text in the order they come.
type dateReader struct {
	mo       moment
	nums     []string // parts of the date, in order
	month    int      // by name, at position monthAt of nums
	monthAt  int
	ymd      bool
	bc, done bool
	clock    bool
	pm, am   bool
}

// dateFields splits at spaces and commas, and a T between date and time.
func dateFields(s []byte) []string {
	fields := strings.FieldsFunc(string(s), func(r rune) bool { return r == ' ' || r == ',' || r == '\t' || r == '\n' })
	for i, f := range fields {
		at := strings.IndexAny(f, "Tt")
		if at > 0 && at+1 < len(f) && isDigit(f[at-1]) && isDigit(f[at+1]) {
			rest := append([]string{f[:at], f[at+1:]}, fields[i+1:]...)
			return append(fields[:i:i], rest...)
		}
	}
	return fields
}

func (r *dateReader) field(f string) parseState {
	low := strings.ToLower(f)
	switch {
	case strings.Contains(f, ":") && isDigit(f[0]):
		return r.readClock(f)
	case isDigit(f[0]) && !r.haveDate():
		return r.readDate(f)
	case !r.clock && r.haveDate() && (len(f) == 4 || len(f) >= 6) && allDigits(f[:4]):
		return r.compactClock(f)
	case isDigit(f[0]) && r.month > 0 && len(r.nums) < 2:
		r.nums = append(r.nums, f)
		return parsed
	case (f[0] == '+' || f[0] == '-') && len(f) > 1 && isDigit(f[1]):
		if !r.clock && !r.haveDate() {
			return badSyntax
		}
		return r.readZone(f) // also behind a date alone: JDBC writes dates so
	}
	return r.word(f, low)
}

func (r *dateReader) haveDate() bool {
	return len(r.nums) == 3 || (len(r.nums) == 2 && r.month > 0)
}

func (r *dateReader) word(f, low string) parseState {
	switch low {
	case "infinity", "+infinity":
		r.mo.inf, r.done = Infinity, true
	case "-infinity":
		r.mo.inf, r.done = NegInfinity, true
	case "epoch":
		r.mo.year, r.mo.month, r.mo.day, r.done = 1970, 1, 1, true
		r.mo.zone = zoneOffset
	case "bc":
		r.bc = true
	case "ad":
	case "am":
		r.am = true
	case "pm":
		r.pm = true
	case "z", "utc", "gmt", "zulu":
		r.mo.zone, r.mo.offset = zoneOffset, 0
	default:
		return r.name(f, low)
	}
	return parsed
}

// name reads the name of a month, a day of the week or a zone.
func (r *dateReader) name(f, low string) parseState {
	if m := monthNumber(low); m > 0 && r.month == 0 {
		r.month, r.monthAt = m, len(r.nums)
		return parsed
	}
	if isWeekday(low) {
		return parsed
	}
	if off, ok := zoneAbbrevs[low]; ok {
		r.mo.zone, r.mo.offset = zoneOffset, off*3600
		return parsed
	}
	if loc, err := time.LoadLocation(f); err == nil && strings.Contains(f, "/") {
		r.mo.zone, r.mo.loc = zoneNamed, loc
		return parsed
	}
	return badSyntax
}

// zoneAbbrevs are the common ones of PostgreSQL's default list, in hours.
var zoneAbbrevs = map[string]int{
	"est": -5, "edt": -4, "cst": -6, "cdt": -5, "mst": -7, "mdt": -6, "pst": -8, "pdt": -7,
	"cet": 1, "cest": 2, "eet": 2, "eest": 3, "wet": 0, "west": 1, "bst": 1, "msk": 3, "jst": 9,
}

// readDate reads 2024-01-31, 2024/1/31, 1/31/2024, 20240131, 31-Jan-2024 or a
// lone part.
func (r *dateReader) readDate(f string) parseState {
	parts := strings.FieldsFunc(f, func(c rune) bool { return c == '-' || c == '/' || c == '.' })
	if len(parts) == 1 && len(r.nums) == 0 && r.month == 0 && (len(f) == 8 || len(f) == 6) && allDigits(f) {
		cut := len(f) - 4
		parts = []string{f[:cut], f[cut : cut+2], f[cut+2:]}
		r.ymd = true
	}
	for _, p := range parts {
		switch {
		case allDigits(p):
			r.nums = append(r.nums, p)
		case monthNumber(strings.ToLower(p)) > 0 && r.month == 0:
			r.month, r.monthAt = monthNumber(strings.ToLower(p)), len(r.nums)
		default:
			return badSyntax
		}
	}
	return parsed
}

// readClock reads h:mm[:ss[.f…]] with an offset behind it.
func (r *dateReader) readClock(f string) parseState {
	if r.clock {
		return badSyntax
	}
	r.clock = true
	if at := strings.IndexAny(f, "+-"); at > 0 {
		if st := r.readZone(f[at:]); st != parsed {
			return st
		}
		f = f[:at]
	}
	low := strings.ToLower(f)
	for _, tail := range []string{"z", "am", "pm"} {
		if strings.HasSuffix(low, tail) {
			r.word("", tail)
			f = f[:len(f)-len(tail)]
			break
		}
	}
	parts := strings.Split(f, ":")
	if len(parts) > 3 {
		return badSyntax
	}
	var v [3]int64
	for i, p := range parts {
		if i == 2 {
			if at := strings.IndexByte(p, '.'); at >= 0 {
				micros, n := fraction([]byte(p[at+1:]))
				if n != len(p)-at-1 {
					return badSyntax
				}
				r.mo.micros = micros
				p = p[:at]
			}
		}
		n, err := strconv.ParseUint(p, 10, 31)
		if err != nil {
			return badSyntax
		}
		v[i] = int64(n)
	}
	if v[0] > 24 || v[1] > 59 || v[2] > 60 || (v[0] == 24 && (v[1]|v[2]|r.mo.micros) != 0) {
		return badField
	}
	r.mo.micros += v[0]*Hour + v[1]*Minute + v[2]*Second
	return parsed
}

// compactClock reads hhmm or hhmmss[.f…] with an offset behind it.
func (r *dateReader) compactClock(f string) parseState {
	out := f[:2] + ":" + f[2:4]
	if len(f) >= 6 && isDigit(f[4]) {
		out += ":" + f[4:6] + f[6:]
	} else {
		out += f[4:]
	}
	return r.readClock(out)
}

func (r *dateReader) readZone(f string) parseState {
	if at := strings.LastIndexByte(f, ':'); len(f) == 9 && at == 6 {
		f = f[:at] // seconds of an offset count only in local mean time
	}
	if len(f) == 2 || (len(f) > 2 && f[2] == ':') {
		f = f[:1] + "0" + f[1:]
	}
	if !r.mo.readOffset([]byte(f)) {
		return badField
	}
	return parsed
}

func (r *dateReader) finish() parseState {
	if r.done {
		if len(r.nums) > 0 {
			return badSyntax
		}
		return parsed
	}
	if !r.haveDate() {
		return badSyntax
	}
	y, m, d, st := r.order()
	if st != parsed {
		return st
	}
	if r.bc {
		if y <= 0 {
			return badField
		}
		if m < 1 || m > 12 || d < 1 || d > DaysIn(1-y, m) {
			return badField
		}
		y = 1 - y
	} else if st := checkDate(y, m, d); st != parsed {
		return st
	}
	r.mo.year, r.mo.month, r.mo.day = y, m, d
	return r.halfDay()
}

// order tells year, month and day apart: a part of three or more digits in
// front is a year, else month, day, year.
func (r *dateReader) order() (y, m, d int, st parseState) {
	n := make([]int, len(r.nums))
	for i, s := range r.nums {
		v, err := strconv.ParseUint(s, 10, 31)
		if err != nil {
			return 0, 0, 0, badField
		}
		n[i] = int(v)
	}
	first := len(r.nums[0]) > 2 || r.ymd
	var yearText string
	switch {
	case r.month > 0 && first:
		y, m, d, yearText = n[0], r.month, n[1], r.nums[0]
	case r.month > 0:
		y, m, d, yearText = n[1], r.month, n[0], r.nums[1]
	case first:
		y, m, d, yearText = n[0], n[1], n[2], r.nums[0]
	default:
		y, m, d, yearText = n[2], n[0], n[1], r.nums[2]
	}
	if len(yearText) <= 2 && !r.bc {
		if y < 70 {
			y += 2000
		} else {
			y += 1900
		}
	}
	return y, m, d, parsed
}

func (r *dateReader) halfDay() parseState {
	hour := r.mo.micros / Hour
	if (r.am || r.pm) && (hour < 1 || hour > 12) {
		return badField
	}
	switch {
	case r.am && hour == 12:
		r.mo.micros -= 12 * Hour
	case r.pm && hour != 12:
		r.mo.micros += 12 * Hour
	}
	return parsed
}

var monthNames = [...]string{
	"january", "february", "march", "april", "may", "june", "july",
	"august", "september", "october", "november", "december",
}

var dayNames = [...]string{"sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday"}

// monthNumber reads a month's name or its first three letters; 0: none.
func monthNumber(low string) int {
	for i, name := range monthNames {
		if low == name || low == name[:3] || (low == "sept" && i == 8) {
			return i + 1
		}
	}
	return 0
}

func isWeekday(low string) bool {
	for _, name := range dayNames {
		if low == name || low == name[:3] {
			return true
		}
	}
	return false
}

func isDigit(c byte) bool { return c-'0' <= 9 }

func allDigits(s string) bool {
	for i := range len(s) {
		if !isDigit(s[i]) {
			return false
		}
	}
	return s != ""
}

func trimSpace(s []byte) []byte {
	if len(s) == 0 || (s[0] > ' ' && s[len(s)-1] > ' ') {
		return s
	}
	return bytes.Trim(s, " \t\n\r\v\f")
}

func equalFold(s []byte, low string) bool {
	if len(s) != len(low) {
		return false
	}
	for i := range len(low) {
		if s[i]|0x20 != low[i] {
			return false
		}
	}
	return true
}
