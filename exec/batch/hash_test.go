package batch

import (
	"math"
	"testing"
)

func hashOf(t *testing.T, k Kind, text string) uint64 {
	t.Helper()
	c := New(k, 1)
	if text == "NULL" {
		AppendNull(c)
	} else if err := AppendParsed(c, T(k), []byte(text), nil); err != nil {
		t.Fatal(err)
	}
	return HashRows([]Column{c}, []Type{T(k)}, nil, 1, nil)[0]
}

// TestHashIsFrozen: sealed state is found again by these numbers. If this test
// fails the function changed, and needs a new HashVersion beside the old one.
func TestHashIsFrozen(t *testing.T) {
	for _, c := range []struct {
		kind Kind
		text string
		want uint64
	}{
		{Bool, "t", 0xa4c23858921b55e7},
		{Bool, "f", 0x5c009a4f88e04547},
		{Int64, "0", 0x5c009a4f88e04547},
		{Int64, "1", 0xa4c23858921b55e7},
		{Int32, "-1", 0x5b1a8b0c8a75b007},
		{Int64, "1234567890123", 0xfd8dd3544ea38712},
		{Float64, "0", 0x5c009a4f88e04547},
		{Float64, "1.5", 0x2cf2d572c345661a},
		{Float64, "NaN", 0xac8192fa89eb3992},
		{Numeric, "1.5", 0x413fce20392be9b2},
		{Numeric, "1", 0xa4c23858921b55e7},
		{Numeric, "NaN", 0x907b67fd7680463},
		{Numeric, "123456789012345678901234567890123456789012345.5", 0x20abaa84bdf45a96},
		{Text, "", 0x5c009a4f88e04547},
		{Text, "a", 0x27ba22c11a341f1d},
		{Text, "abcd", 0x839d9b94f12f61c1},
		{Text, "abcdefgh", 0xbcbde91093f8a8e7},
		{Text, "the quick brown fox", 0xf1492a1358d69fce},
		{Date, "2024-01-01", 0xba527fba69b0c4f7},
		{Timestamp, "2024-01-01", 0xd3f816797d131111},
		{Interval, "1 day", 0x918dbb753318afb},
		{Text, "NULL", 0x7abfe04c006c2dce},
		{Int64, "NULL", 0x7abfe04c006c2dce},
	} {
		if got := hashOf(t, c.kind, c.text); got != c.want {
			t.Errorf("{%d, %q, %#x},", c.kind, c.text, got)
		}
	}
}

// TestEqualValuesHashAlike: what compares equal has one hash.
func TestEqualValuesHashAlike(t *testing.T) {
	for _, c := range []struct {
		kind Kind
		a, b string
	}{
		{Float64, "0", "-0"},
		{Float64, "NaN", "nan"},
		{Numeric, "1", "1.00"},
		{Numeric, "0", "-0.000"},
		{Numeric, "1200", "1.2e3"},
		{Numeric, "12345678901234567890123456789012345678901.50", "12345678901234567890123456789012345678901.5"},
		{Interval, "1 month", "30 days"},
		{Interval, "1 day", "24:00:00"},
		{Interval, "1 day -24:00:00", "0"},
	} {
		if hashOf(t, c.kind, c.a) != hashOf(t, c.kind, c.b) {
			t.Errorf("%s: %s and %s differ", c.kind, c.a, c.b)
		}
	}
	other := &Vec[float64]{Data: []float64{math.Float64frombits(0x7ff8000000000abc)}}
	if HashRows([]Column{other}, nil, nil, 1, nil)[0] != hashOf(t, Float64, "NaN") {
		t.Error("two NaNs differ")
	}
	if hashOf(t, Int64, "0") == hashOf(t, Int64, "NULL") {
		t.Error("NULL is like 0")
	}
}

// TestHashIgnoresCut: the hash of a row does not depend on its batch.
func TestHashIgnoresCut(t *testing.T) {
	ints, texts := &Vec[int64]{}, &TextVec{}
	for i := range 100 {
		ints.Append(int64(i * i))
		if i%7 == 0 {
			texts.AppendNull()
		} else {
			texts.AppendString("row number forty-two"[:i%20])
		}
	}
	cols := []Column{ints, texts}
	all := HashRows(cols, nil, nil, 100, nil)
	for i := range 100 {
		one := []Column{ints.Gather([]int32{int32(i)}), texts.Gather([]int32{int32(i)})}
		if got := HashRows(one, nil, nil, 1, nil)[0]; got != all[i] {
			t.Fatalf("row %d alone: %#x, in the batch %#x", i, got, all[i])
		}
		if got := HashRows(cols, nil, []int32{int32(i)}, 100, nil)[0]; got != all[i] {
			t.Fatalf("row %d selected: %#x, in the batch %#x", i, got, all[i])
		}
	}
	seen := map[uint64]bool{}
	for _, h := range all {
		seen[h] = true
	}
	if len(seen) != 100 {
		t.Fatalf("%d hashes for 100 rows", len(seen))
	}
}
