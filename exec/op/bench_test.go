package op

import (
	"testing"

	"github.com/dirigo-stream/dirigo/exec"
	"github.com/dirigo-stream/dirigo/exec/agg"
	"github.com/dirigo-stream/dirigo/exec/batch"
	"github.com/dirigo-stream/dirigo/exec/expr"
)

type drop struct{}

func (drop) Emit(*batch.Batch) {}

func benchmark(b *testing.B, spec Spec) {
	types := []batch.Type{batch.T(batch.Int64), batch.T(batch.Text), batch.T(batch.Timestamp)}
	o, err := New(spec, Env{Inputs: [][]batch.Type{types}})
	if err != nil {
		b.Fatal(err)
	}
	in := &batch.Batch{N: 1024, Time: 0}
	ints, texts, times := &batch.Vec[int64]{}, &batch.TextVec{}, &batch.Vec[int64]{}
	for i := range int64(1024) {
		ints.Append(i % 10)
		texts.AppendString("some text")
		times.Append(i * 1000)
	}
	in.Cols = []batch.Column{ints, texts, times}
	b.ReportAllocs()
	rows := 0
	for b.Loop() {
		more, err := o.Push(0, in, drop{}, 1024)
		for more && err == nil {
			more, err = o.Resume(drop{}, 1024)
		}
		if err != nil {
			b.Fatal(err)
		}
		if _, ok := o.(*Materialized); ok {
			if _, err := o.Advance(exec.Frontier{}, drop{}, 1<<20); err != nil {
				b.Fatal(err)
			}
		}
		rows += in.N
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(rows), "ns/row")
}

func BenchmarkFilter(b *testing.B) {
	col := expr.Col(0, "a", batch.T(batch.Int64))
	for name, limit := range map[string]string{"half": "4", "tenth": "8"} {
		n, err := expr.Resolve(">", []*expr.Node{col, expr.Const(batch.T(batch.Int64), limit)})
		if err != nil {
			b.Fatal(err)
		}
		b.Run(name, func(b *testing.B) { benchmark(b, Spec{Filter: n}) })
	}
}

func BenchmarkAssign(b *testing.B) {
	w := agg.Window{Time: 2, Size: 10_000, Slide: 10_000, TimeType: batch.T(batch.Timestamp)}
	b.Run("tumble", func(b *testing.B) { benchmark(b, Spec{Window: &Window{w}}) })
	w.Slide = 2_000
	b.Run("hop", func(b *testing.B) { benchmark(b, Spec{Window: &Window{w}}) })
}

func BenchmarkMaterialize(b *testing.B) {
	types := []batch.Type{batch.T(batch.Int64), batch.T(batch.Text), batch.T(batch.Timestamp)}
	benchmark(b, Spec{Materialize: &Materialize{Types: types, Key: []int{2}}})
}
