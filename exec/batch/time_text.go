package batch

import "time"

// AppendDate appends a day number as YYYY-MM-DD.
func AppendDate(dst []byte, days int64) []byte {
	if days == Infinity || days == NegInfinity {
		return appendInfinity(dst, days)
	}
	y, m, d := CivilOf(days)
	dst = appendCivil(dst, y, m, d)
	return appendEra(dst, y)
}

// AppendTimestamp appends a timestamp as YYYY-MM-DD hh:mm:ss[.ffffff].
func AppendTimestamp(dst []byte, t int64) []byte {
	if t == Infinity || t == NegInfinity {
		return appendInfinity(dst, t)
	}
	days, micros := SplitMicros(t)
	y, m, d := CivilOf(days)
	dst = append(appendCivil(dst, y, m, d), ' ')
	return appendEra(appendClock(dst, micros), y)
}

// AppendTimestampTZ appends a timestamp in loc (nil: UTC) with its offset.
func AppendTimestampTZ(dst []byte, t int64, loc *time.Location) []byte {
	if t == Infinity || t == NegInfinity {
		return appendInfinity(dst, t)
	}
	off := ZoneOffset(t, loc)
	days, micros := SplitMicros(t + int64(off)*Second)
	y, m, d := CivilOf(days)
	dst = append(appendCivil(dst, y, m, d), ' ')
	dst = AppendOffset(appendClock(dst, micros), off)
	return appendEra(dst, y)
}

func appendInfinity(dst []byte, t int64) []byte {
	if t == NegInfinity {
		dst = append(dst, '-')
	}
	return append(dst, "infinity"...)
}

// appendCivil appends a date. The width is settled first, so that the digits go
// into place without asking for room each time.
func appendCivil(dst []byte, y, m, d int) []byte {
	if y <= 0 {
		y = 1 - y
	}
	if y > 9999 {
		var buf [20]byte
		dst = append(dst, buf[putDigits(buf[:], uint64(y), 4):]...)
	} else {
		dst = append(dst, "0000"...)
		put2(dst, len(dst)-4, y/100)
		put2(dst, len(dst)-2, y%100)
	}
	dst = append(dst, "-00-00"...)
	put2(dst, len(dst)-5, m)
	put2(dst, len(dst)-2, d)
	return dst
}

func appendEra(dst []byte, y int) []byte {
	if y <= 0 {
		return append(dst, " BC"...)
	}
	return dst
}

// appendClock appends microseconds of a day as hh:mm:ss[.ffffff].
func appendClock(dst []byte, micros int64) []byte {
	secs := int(micros / Second)
	dst = append(dst, "00:00:00"...)
	put2(dst, len(dst)-8, secs/3600)
	put2(dst, len(dst)-5, secs/60%60)
	put2(dst, len(dst)-2, secs%60)
	return appendFraction(dst, int(micros-int64(secs)*Second))
}

// appendFraction appends .ffffff without trailing zeros; nothing for 0.
func appendFraction(dst []byte, micros int) []byte {
	if micros == 0 {
		return dst
	}
	dst = append(dst, ".000000"...)
	put2(dst, len(dst)-6, micros/10000)
	put2(dst, len(dst)-4, micros/100%100)
	put2(dst, len(dst)-2, micros%100)
	for dst[len(dst)-1] == '0' {
		dst = dst[:len(dst)-1]
	}
	return dst
}

// AppendOffset appends a zone offset, given in seconds, as ±hh[:mm[:ss]].
func AppendOffset(dst []byte, off int) []byte {
	if off < 0 {
		dst, off = append(dst, '-'), -off
	} else {
		dst = append(dst, '+')
	}
	dst = append2(dst, off/3600)
	if off%3600 != 0 {
		dst = append2(append(dst, ':'), off/60%60)
	}
	if off%60 != 0 {
		dst = append2(append(dst, ':'), off%60)
	}
	return dst
}

const digitPairs = "00010203040506070809101112131415161718192021222324252627282930313233343536373839" +
	"4041424344454647484950515253545556575859606162636465666768697071727374757677787980818283848586878889" +
	"90919293949596979899"

// put2 writes 0 ≤ v < 100 as two digits at dst[at].
func put2(dst []byte, at, v int) {
	dst[at], dst[at+1] = digitPairs[2*v], digitPairs[2*v+1]
}

// append2 appends 0 ≤ v < 100 as two digits.
func append2(dst []byte, v int) []byte {
	return append(dst, byte('0'+v/10), byte('0'+v%10))
}
