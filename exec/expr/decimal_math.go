package expr

import (
	"math"
	"math/big"

	"github.com/dirigo-stream/dirigo/exec/batch"
)

// Functions of NUMERIC beyond the four operations. Results have the scale that
// PostgreSQL chooses: 16 significant digits at least, no less than the
// argument's scale.

const minSigDigits = 16

func decFunc(fn func(batch.Decimal) (batch.Decimal, *Error)) rowFunc {
	return func(f *frame) {
		v, err := fn(f.dec(0))
		if err != nil {
			f.fail(err)
			return
		}
		f.setDec(v)
	}
}

func decFunc2(fn func(a, b batch.Decimal) (batch.Decimal, *Error)) rowFunc {
	return func(f *frame) {
		v, err := fn(f.dec(0), f.dec(1))
		if err != nil {
			f.fail(err)
			return
		}
		f.setDec(v)
	}
}

// fixed is a fixed-point number with fixedBits bits after the point.
const fixedBits = 512

func toFixed(d batch.Decimal) *big.Int {
	z := d.Unscaled()
	z.Lsh(z, fixedBits)
	return z.Quo(z, new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(d.Scale)), nil))
}

func fromFixed(x *big.Int, scale int) batch.Decimal {
	z := new(big.Int).Mul(x, new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(scale)), nil))
	half := new(big.Int).Lsh(big.NewInt(1), fixedBits-1)
	neg := z.Sign() < 0
	z.Abs(z).Add(z, half).Rsh(z, fixedBits)
	if neg {
		z.Neg(z)
	}
	return batch.DecimalFromBig(z, int16(scale))
}

func fixedMul(a, b *big.Int) *big.Int {
	z := new(big.Int).Mul(a, b)
	return z.Rsh(z, fixedBits)
}

func fixedOne() *big.Int { return new(big.Int).Lsh(big.NewInt(1), fixedBits) }

// fixedLn returns ln x for x > 0: x = m·2ᵉ with m in [1, 2), and ln m by the
// series of 2·atanh((m-1)/(m+1)).
func fixedLn(x *big.Int) *big.Int {
	e := x.BitLen() - 1 - fixedBits
	m := new(big.Int).Set(x)
	if e >= 0 {
		m.Rsh(m, uint(e))
	} else {
		m.Lsh(m, uint(-e))
	}
	out := atanhSeries(m)
	ln2 := atanhSeries(new(big.Int).Lsh(big.NewInt(2), fixedBits))
	return out.Add(out, ln2.Mul(ln2, big.NewInt(int64(e))))
}

// atanhSeries returns ln m for m in [1, 2].
func atanhSeries(m *big.Int) *big.Int {
	one := fixedOne()
	num := new(big.Int).Sub(m, one)
	den := new(big.Int).Add(m, one)
	y := num.Lsh(num, fixedBits)
	y.Quo(y, den)
	sq := fixedMul(y, y)
	sum, term := new(big.Int), y
	for k := int64(1); term.Sign() != 0; k += 2 {
		sum.Add(sum, new(big.Int).Quo(term, big.NewInt(k)))
		term = fixedMul(term, sq)
	}
	return sum.Lsh(sum, 1)
}

// fixedExp returns eˣ: x = k·ln 2 + r, and eʳ by its power series.
func fixedExp(x *big.Int) *big.Int {
	ln2 := atanhSeries(new(big.Int).Lsh(big.NewInt(2), fixedBits))
	k, r := new(big.Int).DivMod(x, ln2, new(big.Int))
	sum, term := fixedOne(), fixedOne()
	for i := int64(1); term.Sign() != 0; i++ {
		term = fixedMul(term, r)
		term.Quo(term, big.NewInt(i))
		sum.Add(sum, term)
	}
	if n := k.Int64(); n >= 0 {
		return sum.Lsh(sum, uint(n))
	} else if n > -2*fixedBits {
		return sum.Rsh(sum, uint(-n))
	}
	return new(big.Int)
}

// moderate tells whether 512 bits after the point are precise enough for d.
func moderate(d batch.Decimal) bool {
	return d.Form == batch.Finite && math.Abs(d.Float()) < 1e6 && d.Scale < 100
}

func clampScale(scale int) int { return min(max(scale, 0), 1000) }

func decLn(d batch.Decimal) (batch.Decimal, *Error) {
	if err := logDomain(d); err != nil {
		return d, err
	}
	if d.Form != batch.Finite {
		return d, nil
	}
	return fromFixed(fixedLn(toFixed(d)), clampScale(max(minSigDigits-lnWeight(d), int(d.Scale)))), nil
}

// lnWeight estimates the decimal weight of ln d as PostgreSQL does: digits
// before the point of a result shorten those after it.
func lnWeight(d batch.Decimal) int {
	if rest := d.Sub(whole1).Abs(); rest.Cmp(batch.NewDecimal(1, 1)) <= 0 {
		if rest.Sign() == 0 {
			return 0
		}
		return int(math.Floor(math.Log10(rest.Float())))
	}
	return int(math.Log10(math.Abs(math.Log(d.Float()))))
}

func logDomain(d batch.Decimal) *Error {
	switch s := d.Sign(); {
	case s == 0:
		return errLogZero
	case s < 0:
		return errLogNegative
	}
	return nil
}

func decLog10(d batch.Decimal) (batch.Decimal, *Error) {
	return decLogBase(batch.DecimalFromInt(10), d)
}

func decLogBase(base, d batch.Decimal) (batch.Decimal, *Error) {
	for _, x := range []batch.Decimal{base, d} {
		if err := logDomain(x); err != nil {
			return d, err
		}
	}
	if d.Form != batch.Finite || base.Form != batch.Finite {
		return batch.Decimal{Form: batch.NaN}, nil
	}
	den := fixedLn(toFixed(base))
	if den.Sign() == 0 {
		return d, errDivZero
	}
	weight := lnWeight(d) - lnWeight(base)
	q := fixedLn(toFixed(d))
	q.Lsh(q, fixedBits).Quo(q, den)
	return fromFixed(q, clampScale(max(minSigDigits-weight, int(d.Scale), int(base.Scale)))), nil
}

func decExp(d batch.Decimal) (batch.Decimal, *Error) {
	switch {
	case d.Form == batch.NegInf:
		return batch.Decimal{}, nil
	case d.Form != batch.Finite:
		return d, nil
	case math.Abs(d.Float()) > 6000:
		return d, errorf("22003", "value overflows numeric format")
	}
	weight := int(d.Float() * 0.434294481903252)
	return fromFixed(fixedExp(toFixed(d)), clampScale(max(minSigDigits-weight, int(d.Scale)))), nil
}

var whole1 = batch.DecimalFromInt(1)

func decPower(a, b batch.Decimal) (batch.Decimal, *Error) {
	n, whole := b.Int()
	whole = whole && b.Trunc(0).Cmp(b) == 0
	switch {
	case a.Form == batch.NaN || b.Form == batch.NaN:
		return batch.Decimal{Form: batch.NaN}, nil
	case a.Sign() == 0 && b.Sign() < 0:
		return a, errPowerZero
	case a.Sign() < 0 && !whole:
		return a, errPowerRoot
	case a.Form != batch.Finite || b.Form != batch.Finite:
		return batch.DecimalFromFloat(math.Pow(a.Float(), b.Float()), 15), nil
	}
	if a.Sign() == 0 {
		if b.Sign() == 0 {
			return batch.DecimalFromInt(1).Round(minSigDigits), nil
		}
		return batch.Decimal{}.Round(minSigDigits), nil
	}
	if whole && n >= math.MinInt32 && n <= math.MaxInt32 {
		return powerInt(a, n, clampScale(max(minSigDigits, int(a.Scale))))
	}
	if !moderate(b) {
		return a, errorf("22003", "value overflows numeric format")
	}
	ln := fixedLn(toFixed(a.Abs()))
	digits := b.Float() * math.Log10(a.Float())
	if math.Abs(digits) > 3000 {
		return a, errorf("22003", "value overflows numeric format")
	}
	scale := clampScale(max(minSigDigits-int(digits), int(a.Scale), int(b.Scale)))
	return fromFixed(fixedExp(fixedMul(ln, toFixed(b))), scale), nil
}

// powerInt is exact up to the last rounding. A result that rounds to 0 at scale
// is not computed.
func powerInt(a batch.Decimal, n int64, scale int) (batch.Decimal, *Error) {
	neg := n < 0
	if neg {
		n = -n
	}
	switch digits := math.Log10(math.Abs(a.Float())) * float64(n); {
	case neg && digits > float64(scale)+2, !neg && digits < -float64(scale)-2:
		return batch.Decimal{}.Round(scale), nil
	case math.Abs(digits) > 131072:
		return a, errorf("22003", "value overflows numeric format")
	}
	if a.Abs().Cmp(whole1) == 0 {
		n %= 2
	}
	m := new(big.Int).Exp(a.Unscaled(), big.NewInt(n), nil)
	places := int64(a.Scale) * n
	ten := new(big.Int).Exp(big.NewInt(10), big.NewInt(places), nil)
	up := new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(scale)), nil)
	if neg {
		m, ten = ten, m
	}
	return batch.DecimalFromBig(quoRound(m.Mul(m, up), ten), int16(scale)), nil
}

// quoRound returns a/b rounded half away from zero.
func quoRound(a, b *big.Int) *big.Int {
	neg := (a.Sign() < 0) != (b.Sign() < 0)
	a, b = new(big.Int).Abs(a), new(big.Int).Abs(b)
	q, r := new(big.Int).QuoRem(a, b, new(big.Int))
	if r.Lsh(r, 1).Cmp(b) >= 0 {
		q.Add(q, big.NewInt(1))
	}
	if neg {
		q.Neg(q)
	}
	return q
}
