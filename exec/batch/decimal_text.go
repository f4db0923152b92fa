package batch

import (
	"math"
	"math/big"
	"strconv"
)

// AppendText appends d as PostgreSQL prints it.
func (d Decimal) AppendText(dst []byte) []byte {
	switch d.Form {
	case NaN:
		return append(dst, "NaN"...)
	case PosInf:
		return append(dst, "Infinity"...)
	case NegInf:
		return append(dst, "-Infinity"...)
	}
	if d.Big != nil {
		s := new(big.Int).Abs(d.Big).String()
		return appendPoint(dst, []byte(s), int(d.Scale), d.Big.Sign() < 0)
	}
	var buf [40]byte
	m, neg := d.mag()
	at := len(buf)
	for m.hi != 0 {
		var r uint64
		m, r = m.div64(pow10[19])
		at = putDigits(buf[:at], r, 19)
	}
	at = putDigits(buf[:at], m.lo, 1)
	return appendPoint(dst, buf[at:], int(d.Scale), neg)
}

// String returns d as PostgreSQL prints it.
func (d Decimal) String() string { return string(d.AppendText(nil)) }

// putDigits writes v at the end of buf, at least width digits, and returns where
// they begin.
func putDigits(buf []byte, v uint64, width int) int {
	at := len(buf)
	for v != 0 || width > 0 {
		at--
		buf[at] = byte('0' + v%10)
		v /= 10
		width--
	}
	return at
}

// appendPoint appends digits with a decimal point before the last scale ones.
func appendPoint(dst, digits []byte, scale int, neg bool) []byte {
	for len(digits) > 1 && len(digits) > scale+1 && digits[0] == '0' {
		digits = digits[1:]
	}
	if neg {
		dst = append(dst, '-')
	}
	if scale == 0 {
		return append(dst, digits...)
	}
	if len(digits) <= scale {
		dst = append(dst, '0', '.')
		for range scale - len(digits) {
			dst = append(dst, '0')
		}
		return append(dst, digits...)
	}
	dst = append(dst, digits[:len(digits)-scale]...)
	dst = append(dst, '.')
	return append(dst, digits[len(digits)-scale:]...)
}

// ParseDecimal reads a NUMERIC: digits with an optional point and exponent, NaN
// or [-]Infinity. Errors are *ValueError: 22P02, or 22003 beyond the limits.
func ParseDecimal(s []byte) (Decimal, error) {
	t := trimSpace(s)
	neg := false
	if len(t) > 0 && (t[0] == '-' || t[0] == '+') {
		neg = t[0] == '-'
		t = t[1:]
	}
	p := decimalParser{text: t}
	if !p.mantissa() || !p.exponent() {
		return parseSpecial(s, t, neg)
	}
	return p.value(neg)
}

func parseSpecial(whole, t []byte, neg bool) (Decimal, error) {
	switch {
	case equalFold(t, "nan") && (len(t) == len(trimSpace(whole))):
		return Decimal{Form: NaN}, nil
	case equalFold(t, "infinity") || equalFold(t, "inf"):
		if neg {
			return Decimal{Form: NegInf}, nil
		}
		return Decimal{Form: PosInf}, nil
	}
	return Decimal{}, errSyntax(Numeric, whole)
}

type decimalParser struct {
	text   []byte // what is left
	m      uint128
	over   bool   // more digits than m holds: they are in digits
	digits []byte // of the mantissa, without the point
	scale  int
	exp    int
	seen   bool
}

// mantissa reads digits and at most one point.
func (p *decimalParser) mantissa() bool {
	point := false
	t := p.text
	i := 0
	var chunk, unit uint64 = 0, 1
	for ; i < len(t); i++ {
		c := t[i]
		if c == '.' && !point {
			point = true
			continue
		}
		if c < '0' || c > '9' {
			break
		}
		p.seen = true
		if point {
			p.scale++
		}
		chunk, unit = chunk*10+uint64(c-'0'), unit*10
		if unit == 1e18 {
			p.flush(chunk, unit)
			chunk, unit = 0, 1
		}
	}
	p.flush(chunk, unit)
	if p.over {
		p.digits = onlyDigits(t[:i])
	}
	p.text = t[i:]
	return p.seen
}

func (p *decimalParser) flush(chunk, unit uint64) {
	if unit == 1 || p.over {
		return
	}
	m, ok := p.m.mul64(unit)
	if ok {
		m, ok = m.add(uint128{0, chunk})
	}
	p.m, p.over = m, !ok
}

func onlyDigits(t []byte) []byte {
	out := make([]byte, 0, len(t))
	for _, c := range t {
		if c != '.' {
			out = append(out, c)
		}
	}
	return out
}

// exponent reads an optional exponent up to the end of the text.
func (p *decimalParser) exponent() bool {
	if len(p.text) == 0 {
		return true
	}
	if p.text[0] != 'e' && p.text[0] != 'E' {
		return false
	}
	n, err := strconv.ParseInt(string(p.text[1:]), 10, 64)
	if ne, ok := err.(*strconv.NumError); ok && ne.Err == strconv.ErrRange {
		n, err = math.MaxInt32, nil
	}
	p.exp = int(max(min(n, math.MaxInt32), -math.MaxInt32))
	return err == nil
}

func (p *decimalParser) value(neg bool) (Decimal, error) {
	scale := p.scale - p.exp
	if p.exp == 0 && !p.over && scale <= maxScale {
		return fromMag(p.m, neg, int16(scale)), nil
	}
	var z *big.Int
	if p.over {
		z, _ = new(big.Int).SetString(string(p.digits), 10)
	} else {
		z = p.m.big()
	}
	if z.Sign() != 0 && len(z.String())-scale > maxWholeDigits {
		return Decimal{}, errNumericRange
	}
	switch {
	case scale < 0:
		if z.Sign() != 0 {
			z = scaleBig(z, -scale)
		}
		scale = 0
	case scale > maxScale+len(p.digits)+40:
		z, scale = new(big.Int), maxScale
	case scale > maxScale:
		z, scale = roundBig(z, scale-maxScale, halfAway), maxScale
	}
	if neg {
		z.Neg(z)
	}
	return DecimalFromBig(z, int16(scale)), nil
}

var errNumericRange = &ValueError{Code: "22003", Message: "value overflows numeric format"}

// DecimalFromFloat returns v with at most digits significant digits: 15 for
// DOUBLE PRECISION, 6 for REAL, as PostgreSQL's casts do.
func DecimalFromFloat(v float64, digits int) Decimal {
	switch {
	case math.IsNaN(v):
		return Decimal{Form: NaN}
	case math.IsInf(v, 1):
		return Decimal{Form: PosInf}
	case math.IsInf(v, -1):
		return Decimal{Form: NegInf}
	}
	var buf [40]byte
	d, _ := ParseDecimal(trimFloat(strconv.AppendFloat(buf[:0], v, 'e', digits-1, 64)))
	return d
}

// trimFloat drops the trailing zeros of a mantissa: 1.500e+01 becomes 1.5e+01.
func trimFloat(t []byte) []byte {
	e := len(t) - 1
	for t[e] != 'e' {
		e--
	}
	end := e
	for t[end-1] == '0' {
		end--
	}
	if t[end-1] == '.' {
		end--
	}
	return append(t[:end], t[e:]...)
}

// Float returns the nearest float64.
func (d Decimal) Float() float64 {
	switch d.Form {
	case NaN:
		return math.NaN()
	case PosInf:
		return math.Inf(1)
	case NegInf:
		return math.Inf(-1)
	}
	// Both operands are exact below 2⁵³ and 10²², so one division rounds once.
	if v, ok := d.small(); ok && v > -1<<53 && v < 1<<53 && d.Scale <= 19 {
		return float64(v) / float64(pow10[d.Scale])
	}
	f, _ := strconv.ParseFloat(d.String(), 64)
	return f
}

// Int returns d rounded half away from zero, and whether it fits an int64.
func (d Decimal) Int() (int64, bool) {
	if d.Form != Finite {
		return 0, false
	}
	if d.Scale != 0 {
		d = d.Round(0)
	}
	return d.small()
}
