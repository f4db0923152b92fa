package expr

import (
	"fmt"
	"testing"

	"github.com/dirigo-stream/dirigo/exec/batch"
)

const benchRows = 1024

// benchBatch has columns a bigint, f double precision, t timestamp, s text and
// d numeric.
func benchBatch() *batch.Batch {
	a, f, at := &batch.Vec[int64]{}, &batch.Vec[float64]{}, &batch.Vec[int64]{}
	s, d := &batch.TextVec{}, &batch.Vec[batch.Decimal]{}
	for i := range int64(benchRows) {
		v := i * 7919 % 1000
		a.Append(v)
		f.Append(float64(v) / 8)
		at.Append(1_700_000_000_000_000 + v*1000)
		s.AppendString(fmt.Sprintf("channel-%d", v))
		d.Append(batch.NewDecimal(v*100+25, 2))
	}
	return &batch.Batch{N: benchRows, Cols: []batch.Column{a, f, at, s, d}}
}

var benchCols = map[string]*Node{
	"a": Col(0, "a", batch.T(i8)), "f": Col(1, "f", batch.T(f8)), "at": Col(2, "at", batch.T(ts)),
	"s": Col(3, "s", batch.T(txt)), "d": Col(4, "d", batch.T(num)),
	"j": Col(5, "j", batch.T(jsn)), "xs": Col(6, "xs", batch.ArrayOf(batch.T(i4))), "ds": Col(7, "ds", batch.ArrayOf(batch.T(num))),
	"bin": Col(8, "bin", batch.T(byt)), "u": Col(9, "u", batch.T(uid)), "clock": Col(10, "clock", batch.T(tim)),
}

// BenchmarkEval prints the cost per row in ns.
func BenchmarkEval(b *testing.B) {
	for _, text := range []string{
		"a < 5", "a + 1", "a * 3", "a / 10", "f * 0.908::double precision", "f < 5", "0.908 * a", "d * 0.908", "d + d",
		"s = 'channel-7'", "s like '%-77%'", "at - interval '4 seconds'", "date_trunc('hour', at)", "extract(hour from at)",
		"case when a < 500 then 'low' else 'high' end", "a in (1, 2, 3)", "lower(s)", "a::text",
	} {
		n, err := parseText(text)
		if err != nil {
			b.Fatal(err)
		}
		p, err := Compile(Fold(n, &Context{}))
		if err != nil {
			b.Fatal(err)
		}
		in := benchBatch()
		b.Run(text, func(b *testing.B) {
			var cx Context
			for b.Loop() {
				p.Eval(in, &cx)
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/benchRows, "ns/row")
		})
	}
}

// BenchmarkSelect prints the cost per row of a filter in ns.
func BenchmarkSelect(b *testing.B) {
	for _, text := range []string{"a < 5", "a < 500", "a = 7 or a = 8", "a > 100 and a < 200 and f > 3"} {
		n, err := parseText(text)
		if err != nil {
			b.Fatal(err)
		}
		p, err := Compile(Fold(n, &Context{}))
		if err != nil {
			b.Fatal(err)
		}
		in := benchBatch()
		b.Run(text, func(b *testing.B) {
			var cx Context
			var sel []int32
			for b.Loop() {
				sel = p.Select(in, &cx, sel[:0])
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/benchRows, "ns/row")
		})
	}
}
