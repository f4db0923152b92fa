package batch

import (
	"math"
	"time"
)

// Units of time in microseconds.
const (
	Second int64 = 1e6
	Minute       = 60 * Second
	Hour         = 60 * Minute
	Day          = 24 * Hour
)

// Infinity and NegInfinity are the dates and timestamps 'infinity' and
// '-infinity'.
const (
	Infinity    int64 = math.MaxInt64
	NegInfinity int64 = math.MinInt64
)

// The range of finite dates, in days, and timestamps, in microseconds. Dates are
// PostgreSQL's; timestamps begin with it and end with the year 294246, where 64
// bits from 1970 do.
const (
	minDays   = -2440588   // 4713-11-24 BC
	maxDays   = 2145042905 // 5874897-12-31
	minMicros = minDays * Day
	maxMicros = 106751626 * Day // 294247-01-01
)

// ValidTimestamp tells whether t is infinite or in range.
func ValidTimestamp(t int64) bool {
	return (t >= minMicros && t < maxMicros) || t == Infinity || t == NegInfinity
}

// ValidDate tells whether d is infinite or in range.
func ValidDate(d int64) bool {
	return (d >= minDays && d <= maxDays) || d == Infinity || d == NegInfinity
}

// DaysOf returns the day number of a date of the proleptic Gregorian calendar;
// year 0 is 1 BC. (Hinnant, "chrono-compatible low-level date algorithms".)
func DaysOf(year, month, day int) int64 {
	y, m := int64(year), int64(month)
	if m <= 2 {
		y--
	}
	era := y / 400
	if y < 0 {
		era = (y - 399) / 400
	}
	yoe := y - era*400
	mp := (m + 9) % 12
	doy := (153*mp+2)/5 + int64(day) - 1
	doe := yoe*365 + yoe/4 - yoe/100 + doy
	return era*146097 + doe - 719468
}

// CivilOf returns the date of a day number; year 0 is 1 BC.
func CivilOf(days int64) (year, month, day int) {
	z := days + 719468
	era := z / 146097
	if z < 0 {
		era = (z - 146096) / 146097
	}
	doe := uint64(z - era*146097)
	yoe := (doe - doe/1460 + doe/36524 - doe/146096) / 365
	doy := doe - (365*yoe + yoe/4 - yoe/100)
	mp := (5*doy + 2) / 153
	day = int(doy - (153*mp+2)/5 + 1)
	month = int(mp + 3)
	year = int(int64(yoe) + era*400)
	if month > 12 {
		month -= 12
		year++
	}
	return year, month, day
}

// SplitMicros cuts a timestamp into a day number and microseconds of the day.
func SplitMicros(t int64) (days, micros int64) {
	days = t / Day
	micros = t - days*Day
	if micros < 0 {
		days--
		micros += Day
	}
	return days, micros
}

var monthDays = [...]int{31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31}

// DaysIn returns the number of days of a month.
func DaysIn(year, month int) int {
	if month == 2 && year%4 == 0 && (year%100 != 0 || year%400 == 0) {
		return 29
	}
	return monthDays[month-1]
}

// ZoneOffset returns what to add to the UTC timestamp t for local time, in
// seconds; a nil loc is UTC.
func ZoneOffset(t int64, loc *time.Location) int {
	if loc == nil || loc == time.UTC {
		return 0
	}
	_, off := time.Unix(floorSeconds(t), 0).In(loc).Zone()
	return off
}

// Local returns UTC timestamp t as local time.
func Local(t int64, loc *time.Location) int64 {
	if loc == nil || loc == time.UTC || t == Infinity || t == NegInfinity {
		return t
	}
	return t + int64(ZoneOffset(t, loc))*Second
}

// UTC returns local time t as a UTC timestamp. A time skipped by a transition
// is read with the offset before it, an ambiguous one with that after it, as
// PostgreSQL does.
func UTC(t int64, loc *time.Location) int64 {
	if loc == nil || loc == time.UTC || t == Infinity || t == NegInfinity {
		return t
	}
	before := t - int64(ZoneOffset(t-Day, loc))*Second
	after := t - int64(ZoneOffset(t+Day, loc))*Second
	if before == after {
		return before
	}
	okBefore, okAfter := Local(before, loc) == t, Local(after, loc) == t
	if okAfter || (!okBefore && before < after) {
		return after
	}
	return before
}

func floorSeconds(t int64) int64 {
	s := t / Second
	if t%Second < 0 {
		s--
	}
	return s
}
