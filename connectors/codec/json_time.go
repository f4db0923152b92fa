package codec

import (
	"math"

	"github.com/dirigo-stream/dirigo/exec/batch"
)

const dayMicros = 24 * 60 * 60 * 1_000_000

// toTime reads a date (days) or a timestamp (µs) as text, or as a number where
// the configuration names its unit.
func (d *JSONDecoder) toTime(f *jsonField, tok []byte, c class) (int64, *RecordError) {
	if c == num && d.cfg.Epoch > 0 && f.Type.Kind != batch.Date {
		return d.fromEpoch(f, tok)
	}
	if c != text {
		return 0, wrong(f, tok, c)
	}
	if us, offset, ok := timestamp(tok); ok {
		switch f.Type.Kind {
		case batch.Date:
			return floorDiv(us, dayMicros), nil
		case batch.TimestampTZ:
			return us - offset, nil
		}
		return us, nil
	}
	return parseTime(f, tok)
}

// fromEpoch reads a number of units since 1970; a fraction of a microsecond is
// rounded down.
func (d *JSONDecoder) fromEpoch(f *jsonField, tok []byte) (int64, *RecordError) {
	x, err := toInt(f, tok, num)
	if err == nil {
		if x > math.MaxInt64/d.cfg.Epoch || x < math.MinInt64/d.cfg.Epoch {
			return 0, tooLarge(f, tok)
		}
		return x * d.cfg.Epoch, nil
	}
	if err.Reason == Overflow {
		return 0, err
	}
	y, err := toFloat(f, tok, num)
	if err != nil || math.Abs(y*float64(d.cfg.Epoch)) >= 1<<62 {
		return 0, tooLarge(f, tok)
	}
	return int64(math.Floor(y * float64(d.cfg.Epoch))), nil
}

// timestamp reads YYYY-MM-DD[(space|T)HH:MM:SS[.ffffff][Z|±HH[:MM]]], the only
// forms that machines write; ok is false for all else. It returns the time as
// written and the offset of its zone, both in microseconds.
func timestamp(s []byte) (us, offset int64, ok bool) {
	if len(s) < 10 || s[4] != '-' || s[7] != '-' {
		return 0, 0, false
	}
	year, month, day := two(s, 0)*100+two(s, 2), two(s, 5), two(s, 8)
	if year < 1 || month < 1 || month > 12 || day < 1 || day > monthDays(year, month) {
		return 0, 0, false
	}
	us = days(year, month, day) * dayMicros
	if len(s) == 10 {
		return us, 0, true
	}
	if len(s) < 19 || (s[10] != ' ' && s[10] != 'T') || s[13] != ':' || s[16] != ':' {
		return 0, 0, false
	}
	h, m, sec := two(s, 11), two(s, 14), two(s, 17)
	if uint64(h) > 23 || uint64(m) > 59 || uint64(sec) > 59 {
		return 0, 0, false
	}
	us += (h*3600 + m*60 + sec) * 1_000_000
	i := 19
	if i < len(s) && s[i] == '.' {
		first := i + 1
		unit := int64(100_000)
		for i = first; i < len(s) && s[i]-'0' <= 9; i++ {
			us += int64(s[i]-'0') * unit
			unit /= 10
		}
		if i == first || i > first+6 {
			return 0, 0, false // rounding is the slow way's
		}
	}
	offset, ok = zone(s[i:])
	return us, offset, ok
}

func zone(s []byte) (offset int64, ok bool) {
	switch {
	case len(s) == 0 || len(s) == 1 && s[0] == 'Z':
		return 0, true
	case s[0] != '+' && s[0] != '-':
		return 0, false
	case len(s) == 3:
		offset = two(s, 1) * 3600
	case len(s) == 6 && s[3] == ':' && uint64(two(s, 4)) <= 59:
		offset = two(s, 1)*3600 + two(s, 4)*60
	default:
		return 0, false
	}
	if two(s, 1) < 0 || two(s, 1) > 15 {
		return 0, false
	}
	if s[0] == '-' {
		offset = -offset
	}
	return offset * 1_000_000, true
}

// two reads two digits, or returns a negative number no sum can hide.
func two(s []byte, i int) int64 {
	a, b := s[i]-'0', s[i+1]-'0'
	if a > 9 || b > 9 {
		return -1 << 20
	}
	return int64(a)*10 + int64(b)
}

func monthDays(year, month int64) int64 {
	if month == 2 {
		if year%4 == 0 && (year%100 != 0 || year%400 == 0) {
			return 29
		}
		return 28
	}
	return 30 + (month+month>>3)&1
}

// days counts from 1970-01-01 in the Gregorian calendar, year ≥ 1 (H. Hinnant,
// "chrono-compatible low-level date algorithms").
func days(year, month, day int64) int64 {
	if month <= 2 {
		year--
		month += 12
	}
	era := year / 400
	yoe := year - era*400
	doy := (153*(month-3)+2)/5 + day - 1
	return era*146_097 + yoe*365 + yoe/4 - yoe/100 + doy - 719_468
}

func floorDiv(a, b int64) int64 {
	q := a / b
	if a%b < 0 {
		q--
	}
	return q
}
