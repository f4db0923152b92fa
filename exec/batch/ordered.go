package batch

import (
	"bytes"
	"encoding/binary"
	"math"
	"strconv"
)

// Values inside JSONB and arrays are encoded so that their bytes order as the
// values do, none being a prefix of another. A number is
//
//	head: sign and decimal exponent | pairs of digits, each 1 more | 0
//
// for 0.d₁d₂d₃… × 10^exponent without trailing zeros; a negative one is the
// complement of its absolute value.
const (
	headNegInf  = 0x01
	headZero    = 0x80
	headTiny    = 0x81 // four bytes of exponent follow
	headSmall   = 0x82 // exponents minExp to maxExp
	headHuge    = headSmall + maxExp - minExp + 1
	headInf     = 0xfe
	headNaN     = 0xff
	minExp      = -31
	maxExp      = 62
	pairOffset  = 1
	wideExpBias = 1 << 31
)

// appendOrderedDecimal appends d. Zeros is how many digits the display has
// behind the point beyond those that the value needs.
func appendOrderedDecimal(dst []byte, d Decimal) (out []byte, zeros int) {
	switch d.Form {
	case NaN:
		return append(dst, headNaN), 0
	case PosInf:
		return append(dst, headInf), 0
	case NegInf:
		return append(dst, headNegInf), 0
	}
	var buf [40]byte
	digits, neg := d.digits(buf[:0])
	exp := len(digits) - int(d.Scale)
	digits = bytes.TrimRight(digits, "0")
	if len(digits) == 0 {
		return append(dst, headZero), int(d.Scale)
	}
	start := len(dst)
	switch {
	case exp < minExp:
		dst = binary.BigEndian.AppendUint32(append(dst, headTiny), uint32(exp+wideExpBias))
	case exp > maxExp:
		dst = binary.BigEndian.AppendUint32(append(dst, headHuge), uint32(exp+wideExpBias))
	default:
		dst = append(dst, byte(headSmall+exp-minExp))
	}
	for i := 0; i < len(digits); i += 2 {
		pair := 10 * (digits[i] - '0')
		if i+1 < len(digits) {
			pair += digits[i+1] - '0'
		}
		dst = append(dst, pair+pairOffset)
	}
	dst = append(dst, 0)
	if neg {
		complement(dst[start:])
	}
	return dst, int(d.Scale) - max(0, len(digits)-exp)
}

func complement(b []byte) {
	for i := range b {
		b[i] = ^b[i]
	}
}

// digits appends the decimal digits of d's unscaled absolute value, without
// leading zeros.
func (d Decimal) digits(dst []byte) (out []byte, neg bool) {
	if v, ok := d.small(); ok {
		u := uint64(v)
		if v < 0 {
			u = -u
		}
		if u == 0 {
			return dst, false
		}
		return strconv.AppendUint(dst, u, 10), v < 0
	}
	z := d.Unscaled()
	if z.Sign() < 0 {
		z.Neg(z)
		return z.Append(dst, 10), true
	}
	return z.Append(dst, 10), false
}

// sizeOrderedDecimal returns the length of the number at the head of b.
func sizeOrderedDecimal(b []byte) int {
	switch b[0] {
	case headZero, headInf, headNaN, headNegInf:
		return 1
	}
	from, end := 1, byte(0)
	if b[0] < headZero {
		end = 0xff
	}
	if h := b[0] ^ end; h == headTiny || h == headHuge {
		from = 5
	}
	return from + bytes.IndexByte(b[from:], end) + 1
}

// readOrderedDecimal returns the number that is b as a whole, displayed with
// zeros more digits than it needs.
func readOrderedDecimal(b []byte, zeros int) Decimal {
	switch b[0] {
	case headZero:
		return Decimal{Scale: int16(zeros)}
	case headInf:
		return Decimal{Form: PosInf}
	case headNaN:
		return Decimal{Form: NaN}
	case headNegInf:
		return Decimal{Form: NegInf}
	}
	flip := byte(0)
	if b[0] < headZero {
		flip = 0xff
	}
	exp, pairs := int(b[0]^flip)-headSmall+minExp, b[1:len(b)-1]
	if h := b[0] ^ flip; h == headTiny || h == headHuge {
		exp, pairs = 0, pairs[4:]
		for _, c := range b[1:5] {
			exp = exp<<8 | int(c^flip)
		}
		exp -= wideExpBias
	}
	if v, ok := smallOrdered(pairs, flip, exp, zeros); ok {
		return v
	}
	return wideOrdered(pairs, flip, exp, zeros)
}

// smallOrdered reads a number whose digits fit an int64.
func smallOrdered(pairs []byte, flip byte, exp, zeros int) (Decimal, bool) {
	if len(pairs) > 8 || exp > 16 || exp+zeros > 16 || exp < -200 || 2*len(pairs)+zeros > 17 {
		return Decimal{}, false
	}
	var v int64
	for _, p := range pairs {
		v = v*100 + int64(p^flip) - pairOffset
	}
	scale := 2*len(pairs) - exp
	if v%10 == 0 && scale > 0 {
		v, scale = v/10, scale-1
	}
	for ; scale < 0; scale++ {
		v *= 10
	}
	for range zeros {
		v *= 10
	}
	if flip != 0 {
		v = -v
	}
	return NewDecimal(v, int16(scale+zeros)), true
}

func wideOrdered(pairs []byte, flip byte, exp, zeros int) Decimal {
	text := make([]byte, 0, 2*len(pairs)+16)
	if flip != 0 {
		text = append(text, '-')
	}
	for _, p := range pairs {
		text = append2(text, int(p^flip)-pairOffset)
	}
	scale := 2*len(pairs) - exp
	if text[len(text)-1] == '0' && scale > 0 {
		text, scale = text[:len(text)-1], scale-1
	}
	for ; scale < 0; scale++ {
		text = append(text, '0')
	}
	for range zeros {
		text = append(text, '0')
	}
	d, _ := ParseDecimal(text)
	d.Scale = int16(scale + zeros)
	return d
}

// orderedInt and its inverse map integers to words that order as bytes do.
func orderedInt(v int64) uint64 { return uint64(v) ^ 1<<63 }

// orderedFloat returns f as a word that orders as PostgreSQL orders floats.
func orderedFloat(f float64) uint64 {
	u := floatBits(f)
	if u>>63 != 0 && f == f {
		return ^u
	}
	return u | 1<<63
}

func floatOrdered(w uint64) float64 {
	if w>>63 != 0 {
		return math.Float64frombits(w &^ (1 << 63))
	}
	return math.Float64frombits(^w)
}

// appendEscaped appends bytes so that a zero ends them: 00 ff stands for a zero,
// 00 01 for the end.
func appendEscaped(dst, s []byte) []byte {
	for {
		at := bytes.IndexByte(s, 0)
		if at < 0 {
			return append(append(dst, s...), 0, 1)
		}
		dst = append(append(dst, s[:at]...), 0, 0xff)
		s = s[at+1:]
	}
}

// sizeEscaped returns the length of escaped bytes at the head of b, their end
// included.
func sizeEscaped(b []byte) int {
	for n := 0; ; n += 2 {
		n += bytes.IndexByte(b[n:], 0)
		if b[n+1] == 1 {
			return n + 2
		}
	}
}

// unescape returns the bytes that b, a whole escaped value, stands for: a part
// of b, or of scratch where there are zeros in them.
func unescape(b, scratch []byte) []byte {
	b = b[:len(b)-2]
	at := bytes.IndexByte(b, 0)
	if at < 0 {
		return b
	}
	scratch = scratch[:0]
	for ; at >= 0; at = bytes.IndexByte(b, 0) {
		scratch = append(scratch, b[:at+1]...)
		b = b[at+2:]
	}
	return append(scratch, b...)
}
