package batch

// AppendTime appends a TIME as hh:mm:ss[.ffffff].
func AppendTime(dst []byte, micros int64) []byte { return appendClock(dst, micros) }

// ParseTime reads a TIME: microseconds since midnight. A date before it and a
// zone behind it are taken and forgotten, as PostgreSQL does. Errors are 22007
// or 22008.
func ParseTime(s []byte) (int64, error) {
	var r dateReader
	t := trimSpace(s)
	fields := dateFields(t)
	for _, f := range fields {
		st := badSyntax
		switch {
		case f == "allballs" && len(fields) == 1:
			return 0, nil
		case !r.clock && !r.haveDate() && clockDigits(f):
			st = r.compactClock(f)
		case r.clock && !r.haveDate() && (f[0] == '+' || f[0] == '-'):
			st = r.readZone(f)
		default:
			st = r.field(f)
		}
		if st != parsed {
			return 0, st.err(Time, s)
		}
	}
	if !r.clock || r.done || r.mo.zone == zoneNamed && !r.haveDate() {
		return 0, errSyntax(Time, s)
	}
	st := r.halfDay()
	if len(r.nums) > 0 || r.month > 0 {
		st = r.finish()
	}
	if st != parsed {
		return 0, st.err(Time, s)
	}
	if r.mo.micros > Day {
		return 0, errField(s)
	}
	return r.mo.micros, nil
}

// clockDigits tells hhmm and hhmmss[.f…] from dates.
func clockDigits(f string) bool {
	n := 0
	for n < len(f) && isDigit(f[n]) {
		n++
	}
	return (n == 4 && n == len(f)) || (n == 6 && (n == len(f) || f[n] == '.'))
}

// ClockOf returns the microseconds since midnight of a timestamp.
func ClockOf(t int64) int64 {
	_, micros := SplitMicros(t)
	return micros
}
