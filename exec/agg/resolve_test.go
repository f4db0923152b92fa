package agg

import (
	"bytes"
	"math"
	"math/big"
	"math/rand/v2"
	"testing"

	"github.com/dirigo-stream/dirigo/exec/batch"
	"github.com/dirigo-stream/dirigo/exec/state"
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
	inPlace, refused := 0, 0
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
		var into []byte
		for _, part := range append(parts[:], parts[:]...) { // the second time there is room
			before := bytes.Clone(into)
			if exactMergeInPlace(into, part) {
				inPlace++
				continue
			}
			if refused++; !bytes.Equal(into, before) {
				t.Fatalf("seed %d: refused, and changed", seed)
			}
			into = exactMerge(into, part)
		}
		if twice, _ := new(big.Rat).Add(want, want).Float64(); exactRound(into) != twice {
			t.Fatalf("seed %d: twice the sum %g, want %g", seed, exactRound(into), twice)
		}
		exact, _ := want.Float64()
		for _, acc := range [][]byte{all[0], merged} {
			if got := exactRound(acc); got != exact {
				t.Fatalf("seed %d: sum %g, want %g", seed, got, exact)
			}
		}
	}
	if inPlace < 100 || refused < 100 {
		t.Errorf("%d merged in place, %d not", inPlace, refused)
	}
}

// TestResolveLists: functions of booleans and of lists take what PostgreSQL's do.
func TestResolveLists(t *testing.T) {
	for _, c := range []struct {
		name string
		arg  batch.Kind
		want string // "": there is none
	}{
		{"bool_and", batch.Bool, "boolean"},
		{"every", batch.Bool, "boolean"},
		{"bool_or", batch.Int32, ""},
		{"string_agg", batch.Text, "text"},
		{"string_agg", batch.Bytea, "bytea"},
		{"string_agg", batch.Int64, ""},
		{"array_agg", batch.Int64, "bigint[]"},
		{"array_agg", batch.Timestamp, "timestamp without time zone[]"},
		{"array_agg", batch.Array, ""},
	} {
		arg := batch.T(c.arg)
		got, err := Resolve(c.name, &arg, false)
		if (err == nil) != (c.want != "") || err == nil && got.String() != c.want {
			t.Errorf("%s(%s) gives %v, %v; want %q", c.name, arg, got, err, c.want)
		}
	}
}

// TestTTLNeedsGroups: specs that a time to live says nothing for are refused.
func TestTTLNeedsGroups(t *testing.T) {
	keys := []batch.Type{batch.T(batch.Int64)}
	count := Call{Func: "count", Arg: -1, Filter: -1, Type: batch.T(batch.Int64)}
	distinct := Call{Func: "count", Arg: 0, Filter: -1, Distinct: true, ArgType: keys[0], Type: batch.T(batch.Int64)}
	for name, g := range map[string]Group{
		"negative": {Keys: []int{0}, KeyTypes: keys, Calls: []Call{count}, TTL: -1},
		"no keys":  {Calls: []Call{count}, TTL: 1},
		"distinct": {Keys: []int{0}, KeyTypes: keys, Calls: []Call{distinct}, TTL: 1},
	} {
		if _, err := New(g, state.Home{}, nil); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}
