package batch

import (
	"fmt"
	"math/big"
)

// Div returns d/e, rounded half away from zero to the scale that PostgreSQL
// chooses: at least 16 significant digits and no less than either operand's
// scale. Division by zero is an error 22012.
func (d Decimal) Div(e Decimal) (Decimal, error) {
	if d.Form != Finite || e.Form != Finite {
		return divSpecial(d, e)
	}
	if e.Sign() == 0 {
		return Decimal{}, errDivZero
	}
	return d.DivScale(e, divScale(d, e)), nil
}

var errDivZero = &ValueError{Code: "22012", Message: "division by zero"}

func divSpecial(d, e Decimal) (Decimal, error) {
	switch {
	case d.Form == NaN || e.Form == NaN:
		return Decimal{Form: NaN}, nil
	case d.Form != Finite && e.Form != Finite:
		return Decimal{Form: NaN}, nil
	case d.Form != Finite && e.Sign() == 0:
		return Decimal{}, errDivZero
	case d.Form != Finite:
		if d.Sign() == e.Sign() {
			return Decimal{Form: PosInf}, nil
		}
		return Decimal{Form: NegInf}, nil
	}
	return Decimal{}, nil // finite / infinity
}

// DivScale returns d/e for finite d and e ≠ 0, rounded half away from zero to
// the given scale.
func (d Decimal) DivScale(e Decimal, scale int) Decimal {
	shift := scale + int(e.Scale) - int(d.Scale)
	if d.Big == nil && e.Big == nil && shift >= 0 {
		if q, ok := divMags(d, e, shift, int16(scale)); ok {
			return q
		}
	}
	num, den := d.Unscaled(), e.Unscaled()
	if shift >= 0 {
		num = scaleBig(num, shift)
	} else {
		den = scaleBig(den, -shift)
	}
	return DecimalFromBig(quoHalfAway(num, den), int16(scale))
}

func divMags(d, e Decimal, shift int, scale int16) (Decimal, bool) {
	a, aNeg := d.mag()
	b, bNeg := e.mag()
	if b.hi != 0 {
		return Decimal{}, false
	}
	a, ok := a.scaleUp(shift)
	if !ok {
		return Decimal{}, false
	}
	q, r := a.div64(b.lo)
	if r >= b.lo-r {
		q, ok = q.add(uint128{0, 1})
	}
	return fromMag(q, aNeg != bNeg, scale), ok
}

// divScale is PostgreSQL's select_div_scale, which works in digits of base 10⁴.
func divScale(d, e Decimal) int {
	w1, f1 := d.leading()
	w2, f2 := e.leading()
	weight := w1 - w2
	if f1 <= f2 {
		weight--
	}
	scale := max(minDivDigits-weight*4, int(d.Scale), int(e.Scale), 0)
	return min(scale, maxResultScale)
}

// leading returns the position and the value of the first base-10⁴ digit.
func (d Decimal) leading() (weight, digit int) {
	if d.Sign() == 0 {
		return 0, 0
	}
	var n int // decimal digits
	var m uint128
	var b *big.Int
	if d.Big == nil {
		m, _ = d.mag()
		n = m.digits()
	} else {
		b = new(big.Int).Abs(d.Big)
		n = len(b.String())
	}
	top := n - 1 - int(d.Scale) // power of ten of the first decimal digit
	weight = floorDiv(top, 4)   // power of 10⁴
	keep := top - 4*weight + 1  // decimal digits in the first base-10⁴ digit
	if drop := n - keep; b != nil {
		return weight, int(b.Quo(b, bigPow10(drop)).Int64())
	} else if drop < 0 {
		return weight, int(m.lo * pow10[-drop])
	} else {
		for drop > 19 {
			m, _ = m.div64(pow10[19])
			drop -= 19
		}
		m, _ = m.div64(pow10[drop])
	}
	return weight, int(m.lo)
}

func floorDiv(a, b int) int {
	q := a / b
	if a%b != 0 && (a < 0) != (b < 0) {
		q--
	}
	return q
}

// Mod returns the remainder of the truncating division, with the sign of d.
func (d Decimal) Mod(e Decimal) (Decimal, error) {
	switch {
	case d.Form == NaN || e.Form == NaN:
		return Decimal{Form: NaN}, nil
	case e.Form == Finite && e.Sign() == 0:
		return Decimal{}, errDivZero
	case d.Form != Finite:
		return Decimal{Form: NaN}, nil
	case e.Form != Finite:
		return d, nil
	}
	if d.Big == nil && e.Big == nil {
		if a, neg, b, _, scale, ok := alignMags(d, e); ok && b.hi == 0 {
			_, r := a.div64(b.lo)
			return fromMag(uint128{0, r}, neg, scale), nil
		}
	}
	a, b, scale := alignBig(d, e)
	return DecimalFromBig(a.Rem(a, b), scale), nil
}

// rounding says what becomes of digits cut off.
type rounding uint8

const (
	halfAway rounding = iota // half away from zero
	toZero
	toFloor
	toCeil
)

// Round returns d with n digits after the point, rounded half away from zero;
// n may be negative.
func (d Decimal) Round(n int) Decimal { return d.cut(n, halfAway) }

// Trunc returns d cut to n digits after the point; n may be negative.
func (d Decimal) Trunc(n int) Decimal { return d.cut(n, toZero) }

// Floor returns the greatest integer ≤ d.
func (d Decimal) Floor() Decimal { return d.cut(0, toFloor) }

// Ceil returns the least integer ≥ d.
func (d Decimal) Ceil() Decimal { return d.cut(0, toCeil) }

func (d Decimal) cut(n int, how rounding) Decimal {
	if d.Form != Finite {
		return d
	}
	n = max(min(n, maxScale), -maxWholeDigits)
	drop := int(d.Scale) - n
	if drop <= 0 {
		return d.widen(int16(n))
	}
	if d.Big == nil && drop <= 19 {
		m, neg := d.mag()
		q, r := m.div64(pow10[drop])
		if up(how, neg, r != 0, r >= pow10[drop]-r) {
			q, _ = q.add(uint128{0, 1})
		}
		return fromMag(q, neg, int16(max(n, 0))).grow(-n)
	}
	z := roundBig(d.Unscaled(), drop, how)
	return DecimalFromBig(z, int16(max(n, 0))).grow(-n)
}

// grow multiplies an integer by 10ⁿ where n is positive.
func (d Decimal) grow(n int) Decimal {
	if n <= 0 || d.Sign() == 0 {
		return d
	}
	return DecimalFromBig(scaleBig(d.Unscaled(), n), 0)
}

// widen returns d with a larger scale.
func (d Decimal) widen(scale int16) Decimal {
	by := int(scale - d.Scale)
	if by == 0 {
		return d
	}
	if d.Big == nil {
		m, neg := d.mag()
		if m, ok := m.scaleUp(by); ok {
			return fromMag(m, neg, scale)
		}
	}
	return DecimalFromBig(scaleBig(d.Unscaled(), by), scale)
}

// up tells whether the magnitude grows by one when digits are cut off.
func up(how rounding, neg, rest, half bool) bool {
	switch how {
	case halfAway:
		return half
	case toFloor:
		return neg && rest
	case toCeil:
		return !neg && rest
	}
	return false
}

// roundBig returns x without its last n decimal digits.
func roundBig(x *big.Int, n int, how rounding) *big.Int {
	unit := bigPow10(n)
	neg := x.Sign() < 0
	q, r := new(big.Int).QuoRem(x, unit, new(big.Int))
	r.Abs(r)
	rest := r.Sign() != 0
	if up(how, neg, rest, r.Lsh(r, 1).Cmp(unit) >= 0) {
		one := int64(1)
		if neg {
			one = -1
		}
		q.Add(q, big.NewInt(one))
	}
	return q
}

// quoHalfAway returns a/b rounded half away from zero.
func quoHalfAway(a, b *big.Int) *big.Int {
	neg := (a.Sign() < 0) != (b.Sign() < 0)
	den := new(big.Int).Abs(b)
	q, r := new(big.Int).QuoRem(new(big.Int).Abs(a), den, new(big.Int))
	if r.Lsh(r, 1).Cmp(den) >= 0 {
		q.Add(q, big.NewInt(1))
	}
	if neg {
		q.Neg(q)
	}
	return q
}

// Rescale returns d as a NUMERIC(precision, scale) stores it, or an error 22003.
func (d Decimal) Rescale(precision, scale int16) (Decimal, error) {
	if precision == 0 || d.Form == NaN {
		return d, nil
	}
	if d.Form != Finite {
		return Decimal{}, fieldOverflow(precision, scale, "cannot hold an infinite value")
	}
	r := d.Round(int(scale))
	if r.wholeDigits() > int(precision)-int(scale) {
		return Decimal{}, fieldOverflow(precision, scale,
			fmt.Sprintf("must round to an absolute value less than %s", powerText(int(precision)-int(scale))))
	}
	return r, nil
}

func powerText(n int) string {
	if n == 0 {
		return "1"
	}
	return fmt.Sprintf("10^%d", n)
}

func fieldOverflow(p, s int16, what string) error {
	return &ValueError{
		Code: "22003", Message: "numeric field overflow",
		Detail: fmt.Sprintf("A field with precision %d, scale %d %s.", p, s, what),
	}
}

// wholeDigits returns the exponent of the first digit plus one; very negative
// for zero.
func (d Decimal) wholeDigits() int {
	if d.Sign() == 0 {
		return -maxWholeDigits
	}
	if d.Big == nil {
		m, _ := d.mag()
		return m.digits() - int(d.Scale)
	}
	return len(new(big.Int).Abs(d.Big).String()) - int(d.Scale)
}

// Sqrt returns the square root, to the scale that PostgreSQL chooses; a
// negative d is an error 2201F.
func (d Decimal) Sqrt() (Decimal, error) {
	if d.Form == NaN || d.Form == PosInf {
		return d, nil
	}
	if d.Sign() < 0 {
		return Decimal{}, &ValueError{Code: "2201F", Message: "cannot take square root of a negative number"}
	}
	w, _ := d.leading()
	scale := min(max(minDivDigits-floorDiv((w+1)*4, 2)+1, int(d.Scale), 0), maxResultScale)
	// √(x·10^-s) at two more digits than wanted: isqrt(x·10^(2(scale+1)-s)).
	z := d.Unscaled()
	if by := 2*(scale+1) - int(d.Scale); by >= 0 {
		z = scaleBig(z, by)
	} else {
		z.Quo(z, bigPow10(-by))
	}
	z.Sqrt(z)
	return DecimalFromBig(roundBig(z, 1, halfAway), int16(scale)), nil
}
