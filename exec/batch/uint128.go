package batch

import (
	"math/big"
	"math/bits"
)

// uint128 is the magnitude of a small Decimal. It stays below 2¹²⁷, so that its
// negation fits the two's complement form as well.
type uint128 struct{ hi, lo uint64 }

const topBit = 1 << 63

// pow10 holds the powers of ten that fit 64 bits.
var pow10 = [20]uint64{
	1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9,
	1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19,
}

func (a uint128) isZero() bool { return a.hi|a.lo == 0 }

func (a uint128) cmp(b uint128) int {
	switch {
	case a == b:
		return 0
	case a.hi < b.hi || (a.hi == b.hi && a.lo < b.lo):
		return -1
	}
	return 1
}

// add returns a+b and whether it stayed below 2¹²⁷.
func (a uint128) add(b uint128) (uint128, bool) {
	lo, c := bits.Add64(a.lo, b.lo, 0)
	hi, c := bits.Add64(a.hi, b.hi, c)
	return uint128{hi, lo}, c == 0 && hi < topBit
}

// sub returns a-b for a ≥ b.
func (a uint128) sub(b uint128) uint128 {
	lo, c := bits.Sub64(a.lo, b.lo, 0)
	hi, _ := bits.Sub64(a.hi, b.hi, c)
	return uint128{hi, lo}
}

// mul64 returns a·m and whether it stayed below 2¹²⁷.
func (a uint128) mul64(m uint64) (uint128, bool) {
	c, lo := bits.Mul64(a.lo, m)
	over, hi := bits.Mul64(a.hi, m)
	hi, carry := bits.Add64(hi, c, 0)
	return uint128{hi, lo}, over|carry == 0 && hi < topBit
}

// mul returns a·b and whether it stayed below 2¹²⁷.
func (a uint128) mul(b uint128) (uint128, bool) {
	switch {
	case a.hi == 0 && b.hi == 0:
		hi, lo := bits.Mul64(a.lo, b.lo)
		return uint128{hi, lo}, hi < topBit
	case b.hi == 0:
		return a.mul64(b.lo)
	case a.hi == 0:
		return b.mul64(a.lo)
	}
	return uint128{}, false
}

// scaleUp returns a·10ⁿ and whether it stayed below 2¹²⁷.
func (a uint128) scaleUp(n int) (uint128, bool) {
	ok := true
	for n > 19 && ok {
		a, ok = a.mul64(pow10[19])
		n -= 19
	}
	if !ok || n > 19 {
		return a, a.isZero()
	}
	return a.mul64(pow10[n])
}

// div64 returns the quotient and remainder by d ≠ 0.
func (a uint128) div64(d uint64) (uint128, uint64) {
	if a.hi == 0 {
		return uint128{0, a.lo / d}, a.lo % d
	}
	hi, r := a.hi/d, a.hi%d
	lo, r := bits.Div64(r, a.lo, d)
	return uint128{hi, lo}, r
}

// digits returns the number of decimal digits; 0 for zero.
func (a uint128) digits() int {
	n := 0
	if a.hi != 0 {
		var q uint128
		q, _ = a.div64(pow10[19])
		if q.hi != 0 {
			return 39 // below 2¹²⁷ there are at most 39
		}
		a, n = q, 19
	}
	// 1233/4096 approximates log10(2).
	d := (bits.Len64(a.lo) * 1233) >> 12
	if a.lo >= pow10[min(d, 19)] {
		d++
	}
	return n + d
}

func (a uint128) big() *big.Int {
	z := new(big.Int).SetUint64(a.hi)
	z.Lsh(z, 64)
	return z.Or(z, new(big.Int).SetUint64(a.lo))
}
