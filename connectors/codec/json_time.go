package codec

import (
	"math"

	"github.com/dirigo-stream/dirigo/exec/batch"
)

// toTime reads a date (days) or a timestamp (µs) as text, or a timestamp as a
// number where the configuration names its unit. A text without a zone is UTC.
func (d *JSONDecoder) toTime(f *jsonField, tok []byte, c class) (int64, *RecordError) {
	if c == num && d.cfg.Epoch > 0 && f.Type.Kind != batch.Date {
		return d.fromEpoch(f, tok)
	}
	if c != text {
		return 0, wrong(f, tok, c)
	}
	if us, ok := plainTime(tok); ok && f.Type.Kind != batch.Date {
		return us, nil
	}
	x, err := batch.ParseInt(tok, f.Type.Kind, nil)
	if err != nil {
		return 0, invalid(f, err)
	}
	return x, nil
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
	y, e := batch.ParseFloat(tok, batch.Float64)
	if y = math.Floor(y * float64(d.cfg.Epoch)); e != nil || math.Abs(y) >= 1<<62 {
		return 0, tooLarge(f, tok)
	}
	return int64(y), nil
}

// plainTime reads YYYY-MM-DD hh:mm:ss[.f…][Z], or with a T between: the spelling
// of nearly every record, worth a short way. ok is false for all else.
func plainTime(s []byte) (us int64, ok bool) {
	if len(s) < 19 || s[4] != '-' || s[7] != '-' || (s[10] != ' ' && s[10] != 'T') || s[13] != ':' || s[16] != ':' {
		return 0, false
	}
	year, month, day := two(s, 0)*100+two(s, 2), two(s, 5), two(s, 8)
	h, m, sec := two(s, 11), two(s, 14), two(s, 17)
	// Of the 29th on, the calendar decides, and that is the long way's.
	if year < 1 || year > 9999 || month < 1 || month > 12 || day < 1 || day > 28 && (day > 30 || month == 2) || h > 23 || m > 59 || sec > 59 {
		return 0, false
	}
	us = int64((h*60+m)*60+sec) * 1_000_000
	s = s[19:]
	if len(s) > 1 && s[0] == '.' {
		i, unit := 1, int64(100_000)
		for ; i < len(s) && s[i]-'0' <= 9; i++ {
			us += int64(s[i]-'0') * unit
			unit /= 10
		}
		if i == 1 || i > 7 { // more digits are to be rounded
			return 0, false
		}
		s = s[i:]
	}
	if len(s) > 1 || len(s) == 1 && s[0] != 'Z' {
		return 0, false
	}
	return us + batch.DaysOf(int(year), int(month), int(day))*batch.Day, true
}

// two reads two digits; where there are none the result is too large for any
// field of a time.
func two(s []byte, i int) uint {
	a, b := uint(s[i]-'0'), uint(s[i+1]-'0')
	if a > 9 || b > 9 {
		return 1 << 20
	}
	return a*10 + b
}
