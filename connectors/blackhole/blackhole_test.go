package blackhole

import (
	"errors"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/dirigo-stream/dirigo/connectors"
	"github.com/dirigo-stream/dirigo/connectors/conntest"
	"github.com/dirigo-stream/dirigo/exec/batch"
)

func sink(t testing.TB) *Sink {
	t.Helper()
	s, err := New(connectors.Spec{})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func send(t testing.TB, s *Sink, b *batch.Batch) {
	t.Helper()
	c, err := s.Encode(b)
	if err != nil {
		t.Fatal(err)
	}
	s.Send(c, func(err error) {
		if err != nil {
			t.Fatal(err)
		}
	})
}

// rows returns a batch of every representation, with NULLs.
func rows(seed uint64, n int) *batch.Batch {
	r := rand.New(rand.NewPCG(seed, 0))
	kinds := []batch.Kind{batch.Bool, batch.Int64, batch.Float64, batch.Numeric, batch.Text, batch.Interval}
	cols := make([]batch.Column, len(kinds))
	for i, k := range kinds {
		cols[i] = batch.New(k, n)
	}
	for range n {
		cols[0].(*batch.Vec[bool]).Append(r.IntN(2) == 0)
		cols[1].(*batch.Vec[int64]).Append(r.Int64N(1000))
		if r.IntN(5) == 0 {
			cols[2].(*batch.Vec[float64]).AppendNull()
		} else {
			cols[2].(*batch.Vec[float64]).Append(r.Float64())
		}
		cols[3].(*batch.Vec[batch.Decimal]).Append(batch.Decimal{Lo: r.Uint64(), Scale: int16(r.IntN(4))})
		cols[4].(*batch.TextVec).Append(make([]byte, r.IntN(40)))
		cols[5].(*batch.Vec[batch.Span]).Append(batch.Span{Days: r.Int32()})
	}
	return &batch.Batch{Cols: cols, N: n}
}

// TestSumIgnoresOrder: the checksum depends on the rows alone, not on how they
// are ordered, cut, or selected.
func TestSumIgnoresOrder(t *testing.T) {
	for seed := range uint64(20) {
		b := rows(seed, 100)
		one, many := sink(t), sink(t)
		send(t, one, b)
		order := make([]int32, b.N)
		for i := range order {
			order[i] = int32(i)
		}
		rand.New(rand.NewPCG(seed, 1)).Shuffle(len(order), func(i, j int) { order[i], order[j] = order[j], order[i] })
		send(t, many, b.Gather(order[:33]))
		sel := slices.Sorted(slices.Values(order[33:]))
		selected := *b
		selected.Sel = sel
		send(t, many, &selected)
		if one.Stats() != many.Stats() {
			t.Fatalf("seed %d: %v, in parts %v", seed, one.Stats(), many.Stats())
		}
		selected.Diff = slices.Repeat([]int64{-1}, b.N)
		send(t, many, &selected)
		left := sink(t)
		send(t, left, b.Gather(order[:33]))
		if left.Stats().Sum != many.Stats().Sum {
			t.Fatalf("seed %d: retracted rows leave a trace in the sum", seed)
		}
	}
}

// TestSumSeesEveryValue: changing any one value, or swapping two rows' values in
// one column, changes the sum.
func TestSumSeesEveryValue(t *testing.T) {
	sum := func(change func(b *batch.Batch)) uint64 {
		b := rows(3, 50)
		change(b)
		s := sink(t)
		send(t, s, b)
		return s.Stats().Sum
	}
	base := sum(func(*batch.Batch) {})
	for i := range 50 {
		changes := map[string]func(b *batch.Batch){
			"bool":    func(b *batch.Batch) { v := b.Cols[0].(*batch.Vec[bool]); v.Data[i] = !v.Data[i] },
			"int":     func(b *batch.Batch) { b.Cols[1].(*batch.Vec[int64]).Data[i]++ },
			"null":    func(b *batch.Batch) { v := b.Cols[2].(*batch.Vec[float64]); v.Null[i] = !v.Null[i] },
			"scale":   func(b *batch.Batch) { b.Cols[3].(*batch.Vec[batch.Decimal]).Data[i].Scale++ },
			"span":    func(b *batch.Batch) { b.Cols[5].(*batch.Vec[batch.Span]).Data[i].Months++ },
			"missing": func(b *batch.Batch) { b.Cols[4] = nil },
		}
		if v := rows(3, 50).Cols[4].(*batch.TextVec); len(v.At(i)) > 0 {
			for k := range v.At(i) {
				changes["text"] = func(b *batch.Batch) { b.Cols[4].(*batch.TextVec).At(i)[k] ^= 1 }
			}
		}
		if v := rows(3, 50).Cols[1].(*batch.Vec[int64]); i > 0 && v.Data[i] != v.Data[0] {
			changes["swap"] = func(b *batch.Batch) {
				v := b.Cols[1].(*batch.Vec[int64])
				v.Data[0], v.Data[i] = v.Data[i], v.Data[0]
			}
		}
		for what, change := range changes {
			if sum(change) == base {
				t.Errorf("row %d: %s makes no difference", i, what)
			}
		}
	}
}

func TestOptionsAndChunks(t *testing.T) {
	var oe *connectors.OptionError
	if _, err := New(connectors.Spec{Options: map[string]string{"connector": "blackhole", "path": "x"}}); !errors.As(err, &oe) || oe.Option != "path" {
		t.Fatalf("an unknown option: %v", err)
	}
	var got error
	sink(t).Send(connectors.Chunk{Data: []byte("x")}, func(err error) { got = err })
	if got == nil {
		t.Fatal("a foreign chunk was taken")
	}
}

func BenchmarkInts(b *testing.B) {
	bench(b, &batch.Batch{Cols: []batch.Column{&batch.Vec[int64]{Data: make([]int64, 1024)}}, N: 1024})
}

func BenchmarkTexts70(b *testing.B) {
	v := &batch.TextVec{}
	for range 1024 {
		v.Append(make([]byte, 70))
	}
	bench(b, &batch.Batch{Cols: []batch.Column{v}, N: 1024})
}

// bench reports the time per value.
func bench(b *testing.B, rows *batch.Batch) {
	s := sink(b)
	b.ReportAllocs()
	for i := 0; i < b.N; i += rows.N {
		send(b, s, rows)
	}
}

func TestSink(t *testing.T) {
	conntest.RunSink(t, func(*testing.T) conntest.Sink {
		return conntest.Sink{
			Open: func() (connectors.Sink, error) { return New(connectors.Spec{}) },
			Rows: rows(1, 100),
		}
	})
}
