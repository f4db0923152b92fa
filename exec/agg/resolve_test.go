package agg

import (
	"math"
	"math/big"
	"math/rand/v2"
	"testing"

	"github.com/dirigo-stream/dirigo/exec/batch"
)

// TestResolve: result types are PostgreSQL's.
func TestResolve(t *testing.T) {
	for _, c := range []struct {
		name string
		arg  batch.Kind
		want batch.Kind // Unknown: an error
	}{
		{"count", batch.Text, batch.Int64},
		{"sum", batch.Int16, batch.Int64},
		{"sum", batch.Int32, batch.Int64},
		{"sum", batch.Int64, batch.Numeric},
		{"sum", batch.Float32, batch.Float32},
		{"sum", batch.Float64, batch.Float64},
		{"avg", batch.Int32, batch.Numeric},
		{"avg", batch.Float32, batch.Float64},
		{"avg", batch.Interval, batch.Interval},
		{"min", batch.Date, batch.Date},
		{"max", batch.Text, batch.Text},
		{"max", batch.Bool, batch.Unknown},
		{"sum", batch.Text, batch.Unknown},
		{"median", batch.Int64, batch.Unknown},
	} {
		arg := batch.T(c.arg)
		got, err := Resolve(c.name, &arg, false)
		if (err != nil) != (c.want == batch.Unknown) || err == nil && got.Kind != c.want {
			t.Errorf("%s(%s) is %s, %v; want %s", c.name, arg, got, err, c.want)
		}
	}
}

// TestExactSum: the float sum is the exact one, rounded once, however the
// values are ordered and split.
func TestExactSum(t *testing.T) {
	for seed := range uint64(300) {
		r := rand.New(rand.NewPCG(seed, 9))
		var all, parts [3][]byte
		want := new(big.Rat)
		for range r.IntN(200) {
			v := math.Ldexp(r.Float64()-0.5, r.IntN(2000)-1040)
			n := r.Int64N(7) - 3
			if n == 0 || math.IsInf(v, 0) {
				continue
			}
			x := new(big.Rat).SetFloat64(v)
			want.Add(want, x.Mul(x, new(big.Rat).SetInt64(n)))
			all[0] = exactAdd(all[0], v, n)
			at := r.IntN(3)
			parts[at] = exactAdd(parts[at], v, n)
		}
		merged := exactMerge(exactMerge(append([]byte(nil), parts[2]...), parts[0]), parts[1])
		exact, _ := want.Float64()
		for _, acc := range [][]byte{all[0], merged} {
			if got := exactRound(acc); got != exact {
				t.Fatalf("seed %d: sum %g, want %g", seed, got, exact)
			}
		}
	}
}
