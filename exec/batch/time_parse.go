package batch

import "time"

// moment is what the text of a date or timestamp says.
type moment struct {
	year, month, day int // year 0 is 1 BC
	micros           int64
	inf              int64 // Infinity or NegInfinity, if not 0
	zone             zone
	offset           int // seconds east, for zoneOffset
	loc              *time.Location
}

type zone uint8

const (
	zoneNone zone = iota
	zoneOffset
	zoneNamed
)

// parseState is how reading a text ended.
type parseState uint8

const (
	parsed parseState = iota
	badSyntax
	badField
)

func (st parseState) err(k Kind, s []byte) error {
	if st == badField {
		return errField(s)
	}
	return errSyntax(k, s)
}

// ParseDate reads a DATE: a day number. Errors are 22007 or 22008.
func ParseDate(s []byte) (int64, error) {
	if y, m, d, ok := isoDate(s); ok && len(s) == 10 {
		if st := checkDate(y, m, d); st == parsed {
			return DaysOf(y, m, d), nil
		}
	}
	mo, st := readMoment(s)
	if st != parsed {
		return 0, st.err(Date, s)
	}
	if mo.inf != 0 {
		return mo.inf, nil
	}
	days := DaysOf(mo.year, mo.month, mo.day)
	if !ValidDate(days) {
		return 0, &ValueError{Code: "22008", Message: "date out of range: \"" + string(s) + "\""}
	}
	return days, nil
}

// ParseTimestamp reads a TIMESTAMP: microseconds of local time. A zone in the
// text is ignored, as PostgreSQL does. Errors are 22007 or 22008.
func ParseTimestamp(s []byte) (int64, error) {
	var mo moment
	if !mo.readISO(s) {
		var st parseState
		if mo, st = readMoment(s); st != parsed {
			return 0, st.err(Timestamp, s)
		}
	}
	return mo.timestamp(s)
}

// ParseTimestampTZ reads a TIMESTAMPTZ: microseconds of UTC. A text without a
// zone is in loc (nil: UTC). Errors are 22007 or 22008.
func ParseTimestampTZ(s []byte, loc *time.Location) (int64, error) {
	var mo moment
	if !mo.readISO(s) {
		var st parseState
		if mo, st = readMoment(s); st != parsed {
			return 0, st.err(TimestampTZ, s)
		}
	}
	t, err := mo.timestamp(s)
	if err != nil || mo.inf != 0 {
		return t, err
	}
	switch mo.zone {
	case zoneOffset:
		t -= int64(mo.offset) * Second
	case zoneNamed:
		t = UTC(t, mo.loc)
	default:
		t = UTC(t, loc)
	}
	if !ValidTimestamp(t) {
		return 0, errTimestampRange(s)
	}
	return t, nil
}

func errTimestampRange(s []byte) error {
	return &ValueError{Code: "22008", Message: "timestamp out of range: \"" + string(s) + "\""}
}

func (mo *moment) timestamp(s []byte) (int64, error) {
	if mo.inf != 0 {
		return mo.inf, nil
	}
	days := DaysOf(mo.year, mo.month, mo.day)
	if days < minDays || days*Day >= maxMicros || days > maxMicros/Day {
		return 0, errTimestampRange(s)
	}
	return days*Day + mo.micros, nil
}

// readISO reads YYYY-MM-DD hh:mm:ss[.f…][Z|±hh[[:]mm]] or with a T between, and
// nothing else: the spelling that data come in.
func (mo *moment) readISO(s []byte) bool {
	y, m, d, ok := isoDate(s)
	if !ok || checkDate(y, m, d) != parsed {
		return false
	}
	mo.year, mo.month, mo.day = y, m, d
	if len(s) == 10 {
		return true
	}
	if len(s) < 19 || (s[10] != ' ' && s[10] != 'T') || s[13] != ':' || s[16] != ':' {
		return false
	}
	h, bad1 := pair(s[11], s[12])
	mi, bad2 := pair(s[14], s[15])
	sec, bad3 := pair(s[17], s[18])
	if int(bad1|bad2|bad3) < 0 || h > 23 || mi > 59 || sec > 59 {
		return false
	}
	mo.micros = int64(h*3600+mi*60+sec) * Second
	if len(s) == 19 {
		return true
	}
	s = s[19:]
	if s[0] == '.' {
		f, n := fraction(s[1:])
		if n == 0 || n > 6 {
			return false
		}
		mo.micros += f
		s = s[1+n:]
	}
	return len(s) == 0 || mo.readOffset(s)
}

// readOffset reads Z or ±hh[[:]mm] up to the end.
func (mo *moment) readOffset(s []byte) bool {
	mo.zone, mo.offset = zoneOffset, 0
	if len(s) == 1 && (s[0] == 'Z' || s[0] == 'z') {
		return true
	}
	if len(s) < 3 || (s[0] != '+' && s[0] != '-') {
		return false
	}
	h, m := two(s[1:]), uint(0)
	switch {
	case len(s) == 3:
	case len(s) == 5:
		m = two(s[3:])
	case len(s) == 6 && s[3] == ':':
		m = two(s[4:])
	default:
		return false
	}
	if h > 15 || m > 59 {
		return false
	}
	mo.offset = int(h*3600 + m*60)
	if s[0] == '-' {
		mo.offset = -mo.offset
	}
	return true
}

// isoDate reads YYYY-MM-DD at the head of s.
func isoDate(s []byte) (y, m, d int, ok bool) {
	if len(s) < 10 || s[4] != '-' || s[7] != '-' {
		return 0, 0, 0, false
	}
	a, bad1 := pair(s[0], s[1])
	b, bad2 := pair(s[2], s[3])
	c, bad3 := pair(s[5], s[6])
	e, bad4 := pair(s[8], s[9])
	return int(a*100 + b), int(c), int(e), int(bad1|bad2|bad3|bad4) >= 0
}

// pair reads two digits; bad is negative, as an int, if they are none. The
// caller looks at all pairs of a text at once.
func pair(a, b byte) (v, bad uint) {
	x, y := uint(a)-'0', uint(b)-'0'
	return x*10 + y, (9 - x) | x | (9 - y) | y
}

// two reads two digits; the result exceeds 99 if they are none.
func two(s []byte) uint {
	a, b := uint(s[0]-'0'), uint(s[1]-'0')
	if a > 9 || b > 9 {
		return 1000
	}
	return a*10 + b
}

// fraction reads digits after a point as microseconds, rounding beyond six, and
// returns how many there were.
func fraction(s []byte) (micros int64, n int) {
	for n < len(s) && n < 6 && isDigit(s[n]) {
		micros = micros*10 + int64(s[n]-'0')
		n++
	}
	micros *= int64(pow10[6-n])
	if n == 6 && len(s) > 6 && isDigit(s[6]) {
		if s[6] >= '5' {
			micros++
		}
		for n < len(s) && isDigit(s[n]) {
			n++
		}
	}
	return micros, n
}

func checkDate(y, m, d int) parseState {
	if m < 1 || m > 12 || d < 1 || y == 0 || (d > 28 && d > DaysIn(y, m)) {
		return badField
	}
	return parsed
}
