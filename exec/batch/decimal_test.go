package batch

import (
	"math/big"
	"math/rand/v2"
	"testing"
)

// randomDecimal draws numbers of all sizes: small, near the edges of 64 and 128
// bits, and beyond.
func randomDecimal(r *rand.Rand) Decimal {
	z := new(big.Int)
	for range 1 + r.IntN(3) {
		z.Lsh(z, 64).Or(z, new(big.Int).SetUint64(r.Uint64()))
	}
	z.Rsh(z, uint(r.IntN(z.BitLen()+1)))
	if r.IntN(2) == 0 {
		z.Neg(z)
	}
	return DecimalFromBig(z, int16(r.IntN(25)))
}

func ratOf(d Decimal) *big.Rat {
	ten := new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(d.Scale)), nil)
	return new(big.Rat).SetFrac(d.Unscaled(), ten)
}

// TestDecimalAgainstRationals: sums, products, comparisons and texts are exact,
// and quotients are the nearest number of their scale, whatever the sizes.
func TestDecimalAgainstRationals(t *testing.T) {
	for seed := range uint64(4000) {
		r := rand.New(rand.NewPCG(seed, 1))
		a, b := randomDecimal(r), randomDecimal(r)
		x, y := ratOf(a), ratOf(b)
		check := func(what string, got Decimal, want *big.Rat) {
			if ratOf(got).Cmp(want) != 0 {
				t.Fatalf("seed %d: %s %s %s = %s, want %s", seed, a, what, b, got, want.FloatString(30))
			}
			if got.Big != nil && got.Big.BitLen() < 127 {
				t.Fatalf("seed %d: %s %s %s is small but kept big", seed, a, what, b)
			}
		}
		check("+", a.Add(b), new(big.Rat).Add(x, y))
		check("-", a.Sub(b), new(big.Rat).Sub(x, y))
		check("*", a.Mul(b), new(big.Rat).Mul(x, y))
		if got := a.Cmp(b); got != x.Cmp(y) {
			t.Fatalf("seed %d: %s cmp %s = %d", seed, a, b, got)
		}
		if back, err := ParseDecimal([]byte(a.String())); err != nil || back.Scale != a.Scale || back.Cmp(a) != 0 {
			t.Fatalf("seed %d: %s reads back as %s, %v", seed, a, back, err)
		}
		if want := x.FloatString(int(a.Scale)); x.Sign() != 0 && a.String() != want {
			t.Fatalf("seed %d: prints %s, want %s", seed, a, want)
		}
		if n := a.Normal(); n.Cmp(a) != 0 || a.Add(Decimal{Scale: 30}).Normal().Cmp(n) != 0 {
			t.Fatalf("seed %d: normal form of %s is %s", seed, a, n)
		}
		if b.Sign() != 0 {
			q, _ := a.Div(b)
			rest := new(big.Rat).Sub(ratOf(q), new(big.Rat).Quo(x, y))
			unit := ratOf(NewDecimal(1, q.Scale))
			if rest.Abs(rest).Mul(rest, big.NewRat(2, 1)).Cmp(unit) > 0 {
				t.Fatalf("seed %d: %s / %s = %s", seed, a, b, q)
			}
			m, _ := a.Mod(b)
			whole := new(big.Int).Quo(new(big.Int).Mul(x.Num(), y.Denom()), new(big.Int).Mul(x.Denom(), y.Num()))
			check("%", m, new(big.Rat).Sub(x, new(big.Rat).Mul(y, new(big.Rat).SetInt(whole))))
		}
		places := r.IntN(30) - 5
		want := roundRat(x, places)
		check("round", a.Round(places), want)
	}
}

// roundRat rounds half away from zero.
func roundRat(x *big.Rat, places int) *big.Rat {
	unit := new(big.Rat).SetInt(new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(max(places, -places))), nil))
	if places < 0 {
		unit.Inv(unit)
	}
	y := new(big.Rat).Mul(x, unit)
	y.Abs(y).Add(y, big.NewRat(1, 2))
	q := new(big.Rat).SetInt(new(big.Int).Quo(y.Num(), y.Denom()))
	q.Quo(q, unit)
	if x.Sign() < 0 {
		q.Neg(q)
	}
	return q
}

// TestCivilRoundTrip: every day number is the day of its date.
func TestCivilRoundTrip(t *testing.T) {
	prev := 23 // the range begins on a 24th
	for days := int64(minDays); days < 400000; days++ {
		y, m, d := CivilOf(days)
		if DaysOf(y, m, d) != days || d < 1 || d > DaysIn(y, m) || (d != prev+1 && d != 1) {
			t.Fatalf("day %d is %d-%d-%d, after %d", days, y, m, d, prev)
		}
		prev = d
	}
}
