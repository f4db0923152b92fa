package batch

import (
	"cmp"
	"math/big"
)

// Limits of NUMERIC, as in PostgreSQL.
const (
	maxScale        = 16383  // digits after the point
	maxWholeDigits  = 131072 // digits before the point
	minDivDigits    = 16     // significant digits a quotient has at least
	maxResultScale  = 1000   // of division and the like
	maxNumericWidth = 1000   // p of NUMERIC(p, s)
)

// DecimalFromInt returns v with scale 0.
func DecimalFromInt(v int64) Decimal {
	return Decimal{Hi: v >> 63, Lo: uint64(v)}
}

// NewDecimal returns unscaled·10^-scale.
func NewDecimal(unscaled int64, scale int16) Decimal {
	return Decimal{Hi: unscaled >> 63, Lo: uint64(unscaled), Scale: scale}
}

// DecimalFromBig returns unscaled·10^-scale; the caller gives unscaled away.
func DecimalFromBig(unscaled *big.Int, scale int16) Decimal {
	if unscaled.BitLen() > 127 {
		return Decimal{Big: unscaled, Scale: scale}
	}
	var m uint128
	abs := new(big.Int).Abs(unscaled)
	m.lo = new(big.Int).And(abs, new(big.Int).SetUint64(^uint64(0))).Uint64()
	m.hi = new(big.Int).Rsh(abs, 64).Uint64()
	return fromMag(m, unscaled.Sign() < 0, scale)
}

func fromMag(m uint128, neg bool, scale int16) Decimal {
	if neg {
		lo := -m.lo
		hi := ^m.hi
		if lo == 0 {
			hi++
		}
		return Decimal{Hi: int64(hi), Lo: lo, Scale: scale}
	}
	return Decimal{Hi: int64(m.hi), Lo: m.lo, Scale: scale}
}

// mag returns sign and magnitude of a Decimal whose Big is nil.
func (d Decimal) mag() (m uint128, neg bool) {
	if d.Hi >= 0 {
		return uint128{uint64(d.Hi), d.Lo}, false
	}
	lo := -d.Lo
	hi := ^uint64(d.Hi)
	if lo == 0 {
		hi++
	}
	return uint128{hi, lo}, true
}

// Small returns the unscaled integer where it fits 64 bits: what kernels compute
// on.
func (d *Decimal) Small() (int64, bool) {
	return int64(d.Lo), d.Big == nil && d.Form == Finite && d.Hi == int64(d.Lo)>>63
}

// small returns the unscaled integer where it fits 64 bits.
func (d Decimal) small() (int64, bool) {
	return int64(d.Lo), d.Big == nil && d.Form == Finite && d.Hi == int64(d.Lo)>>63
}

// Unscaled returns the integer d·10^Scale. The caller may change it.
func (d Decimal) Unscaled() *big.Int {
	if d.Big != nil {
		return new(big.Int).Set(d.Big)
	}
	m, neg := d.mag()
	z := m.big()
	if neg {
		z.Neg(z)
	}
	return z
}

// Sign returns -1, 0 or 1; NaN counts as positive.
func (d Decimal) Sign() int {
	switch {
	case d.Form == NegInf:
		return -1
	case d.Form != Finite:
		return 1
	case d.Big != nil:
		return d.Big.Sign()
	case d.Hi < 0:
		return -1
	case d.Hi == 0 && d.Lo == 0:
		return 0
	}
	return 1
}

// Neg returns -d.
func (d Decimal) Neg() Decimal {
	switch {
	case d.Form == PosInf:
		return Decimal{Form: NegInf}
	case d.Form == NegInf:
		return Decimal{Form: PosInf}
	case d.Form == NaN:
		return d
	case d.Big != nil:
		return DecimalFromBig(new(big.Int).Neg(d.Big), d.Scale)
	}
	m, neg := d.mag()
	return fromMag(m, !neg, d.Scale)
}

// Abs returns |d|.
func (d Decimal) Abs() Decimal {
	if d.Sign() < 0 {
		return d.Neg()
	}
	return d
}

// Add returns d+e; its scale is the larger one.
func (d Decimal) Add(e Decimal) Decimal {
	if a, ok := d.small(); ok && d.Scale == e.Scale {
		if b, ok := e.small(); ok {
			if s := a + b; (s^a)&(s^b) >= 0 {
				return Decimal{Hi: s >> 63, Lo: uint64(s), Scale: d.Scale}
			}
		}
	}
	if d.Form != Finite || e.Form != Finite {
		return addSpecial(d.Form, e.Form)
	}
	if d.Big == nil && e.Big == nil {
		if s, ok := addMags(d, e); ok {
			return s
		}
	}
	a, b, scale := alignBig(d, e)
	return DecimalFromBig(a.Add(a, b), scale)
}

// Sub returns d-e; its scale is the larger one.
func (d Decimal) Sub(e Decimal) Decimal { return d.Add(e.Neg()) }

func addSpecial(a, b Form) Decimal {
	switch {
	case a == NaN || b == NaN || (a != Finite && b != Finite && a != b):
		return Decimal{Form: NaN}
	case a != Finite:
		return Decimal{Form: a}
	}
	return Decimal{Form: b}
}

// addMags adds in 128 bits, and says whether that was enough.
func addMags(d, e Decimal) (Decimal, bool) {
	a, aNeg, b, bNeg, scale, ok := alignMags(d, e)
	if !ok {
		return Decimal{}, false
	}
	if aNeg == bNeg {
		s, ok := a.add(b)
		return fromMag(s, aNeg, scale), ok
	}
	if a.cmp(b) < 0 {
		return fromMag(b.sub(a), bNeg, scale), true
	}
	return fromMag(a.sub(b), aNeg, scale), true
}

// alignMags brings two small Decimals to one scale, if 128 bits are enough.
func alignMags(d, e Decimal) (a uint128, aNeg bool, b uint128, bNeg bool, scale int16, ok bool) {
	a, aNeg = d.mag()
	b, bNeg = e.mag()
	ok = true
	switch {
	case d.Scale < e.Scale:
		a, ok = a.scaleUp(int(e.Scale - d.Scale))
	case e.Scale < d.Scale:
		b, ok = b.scaleUp(int(d.Scale - e.Scale))
	}
	return a, aNeg, b, bNeg, max(d.Scale, e.Scale), ok
}

func alignBig(d, e Decimal) (a, b *big.Int, scale int16) {
	scale = max(d.Scale, e.Scale)
	return scaleBig(d.Unscaled(), int(scale-d.Scale)), scaleBig(e.Unscaled(), int(scale-e.Scale)), scale
}

// scaleBig multiplies x by 10ⁿ in place.
func scaleBig(x *big.Int, n int) *big.Int {
	if n == 0 {
		return x
	}
	return x.Mul(x, bigPow10(n))
}

func bigPow10(n int) *big.Int {
	if n < len(pow10) {
		return new(big.Int).SetUint64(pow10[n])
	}
	return new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(n)), nil)
}

// Mul returns d·e; its scale is the sum of both.
func (d Decimal) Mul(e Decimal) Decimal {
	if d.Form != Finite || e.Form != Finite {
		return mulSpecial(d, e)
	}
	scale := int(d.Scale) + int(e.Scale)
	if d.Big == nil && e.Big == nil && scale <= maxScale {
		a, aNeg := d.mag()
		b, bNeg := e.mag()
		if m, ok := a.mul(b); ok {
			return fromMag(m, aNeg != bNeg, int16(scale))
		}
	}
	z := d.Unscaled()
	z.Mul(z, e.Unscaled())
	if scale > maxScale {
		z, scale = roundBig(z, scale-maxScale, halfAway), maxScale
	}
	return DecimalFromBig(z, int16(scale))
}

func mulSpecial(d, e Decimal) Decimal {
	if d.Form == NaN || e.Form == NaN || d.Sign() == 0 || e.Sign() == 0 {
		return Decimal{Form: NaN}
	}
	if d.Sign() == e.Sign() {
		return Decimal{Form: PosInf}
	}
	return Decimal{Form: NegInf}
}

// Cmp returns -1, 0 or 1 in PostgreSQL's order: NaN is the greatest and equals
// itself.
func (d Decimal) Cmp(e Decimal) int {
	if d.Form != Finite || e.Form != Finite {
		return cmp.Compare(formRank(d.Form), formRank(e.Form))
	}
	if d.Scale == e.Scale && d.Big == nil && e.Big == nil {
		return cmpHiLo(d, e)
	}
	if ds, es := d.Sign(), e.Sign(); ds != es {
		if ds < es {
			return -1
		}
		return 1
	}
	if d.Big == nil && e.Big == nil {
		if a, neg, b, _, _, ok := alignMags(d, e); ok {
			if neg {
				return b.cmp(a)
			}
			return a.cmp(b)
		}
	}
	a, b, _ := alignBig(d, e)
	return a.Cmp(b)
}

func cmpHiLo(d, e Decimal) int {
	switch {
	case d.Hi == e.Hi && d.Lo == e.Lo:
		return 0
	case d.Hi < e.Hi || (d.Hi == e.Hi && d.Lo < e.Lo):
		return -1
	}
	return 1
}

// formRank orders the forms.
func formRank(f Form) int {
	switch f {
	case NegInf:
		return -1
	case PosInf:
		return 1
	case NaN:
		return 2
	}
	return 0
}

// Normal returns d with no trailing zeros after the point, so that equal values
// are equal structs (apart from Big) and hash alike.
func (d Decimal) Normal() Decimal {
	if d.Form != Finite {
		return Decimal{Form: d.Form}
	}
	if d.Scale == 0 {
		return d
	}
	if d.Big != nil {
		return normalBig(d)
	}
	m, neg := d.mag()
	if m.isZero() {
		return Decimal{}
	}
	scale := d.Scale
	for scale > 0 {
		q, r := m.div64(10)
		if r != 0 {
			break
		}
		m, scale = q, scale-1
	}
	return fromMag(m, neg, scale)
}

func normalBig(d Decimal) Decimal {
	z, scale := d.Unscaled(), d.Scale
	ten, q, r := big.NewInt(10), new(big.Int), new(big.Int)
	for scale > 0 {
		q.QuoRem(z, ten, r)
		if r.Sign() != 0 {
			break
		}
		z, q = q, z
		scale--
	}
	return DecimalFromBig(z, scale)
}
