package agg

import (
	"fmt"
	"math/rand/v2"
	"syscall"
	"testing"

	"github.com/dirigo-stream/dirigo/exec"
	"github.com/dirigo-stream/dirigo/exec/batch"
	"github.com/dirigo-stream/dirigo/exec/state"
)

type discard struct{ rows int }

func (d *discard) Emit(b *batch.Batch) { d.rows += b.Rows() }

var int64Type = batch.T(batch.Int64)

// bids makes batches of (auction, price, three flags, time), rate rows a
// second of event time.
func bids(keys int64, batches int, rate int64) []*batch.Batch {
	r := rand.New(rand.NewPCG(1, 2))
	var out []*batch.Batch
	at := int64(0)
	for range batches {
		key, price, when := make([]int64, 1024), make([]int64, 1024), make([]int64, 1024)
		flags := [3][]bool{make([]bool, 1024), make([]bool, 1024), make([]bool, 1024)}
		for i := range key {
			key[i], price[i] = r.Int64N(keys), r.Int64N(2_000_000)
			flags[0][i], flags[1][i] = price[i] < 10_000, price[i] >= 10_000 && price[i] < 1_000_000
			flags[2][i] = price[i] >= 1_000_000
			when[i] = at
			at += 1_000_000 / rate
		}
		b := &batch.Batch{N: 1024, Time: when[0], Cols: []batch.Column{&batch.Vec[int64]{Data: key}, &batch.Vec[int64]{Data: price}}}
		for _, f := range flags {
			b.Cols = append(b.Cols, &batch.Vec[bool]{Data: f})
		}
		b.Cols = append(b.Cols, &batch.Vec[int64]{Data: when})
		out = append(out, b)
	}
	return out
}

func intCall(name string, filter int) Call {
	c := Call{Func: name, Arg: 1, Filter: filter, ArgType: int64Type}
	c.Type, _ = Resolve(name, &int64Type, false)
	if name == "count" {
		c.Arg = -1
	}
	return c
}

// run plays batches with a frontier after every tick of them.
func runBench(b *testing.B, g Group, in []*batch.Batch, tick int) {
	g.KeyTypes = make([]batch.Type, len(g.Keys))
	for i := range g.Keys {
		g.KeyTypes[i] = int64Type
	}
	o, err := New(g, state.Home{KeyGroups: 128, High: 128}, nil)
	if err != nil {
		b.Fatal(err)
	}
	out := &discard{}
	rows, shift := 0, int64(0)
	b.ResetTimer()
	cpu := cpuTime()
	for n := 0; rows < b.N; n++ {
		x := in[n%len(in)]
		if g.Window != nil && n > 0 && n%len(in) == 0 {
			b.StopTimer()
			moving := cpuTime()
			shift += in[len(in)-1].Time + 1_000_000
			in = moved(in, shift)
			x = in[0]
			shift = 0
			cpu += cpuTime() - moving
			b.StartTimer()
		}
		if more, err := o.Push(0, x, out, 1024); err != nil || more {
			b.Fatal(more, err)
		}
		rows += x.N
		if n%tick == tick-1 {
			f := exec.Frontier{Tick: uint64(n), Watermark: x.Time - 4_000_000}
			if !o.Due(f, true, batch.MaxTime) {
				continue
			}
			more, err := o.Advance(f, out, 1024)
			for more && err == nil {
				more, err = o.Resume(out, 1024)
			}
			if err != nil {
				b.Fatal(err)
			}
		}
	}
	b.ReportMetric(float64(cpuTime()-cpu)/float64(rows), "cpu-ns/row")
	b.ReportMetric(float64(out.rows)/float64(rows), "out/row")
}

// cpuTime returns the process's CPU time in ns: on a busy machine it says more
// than the clock.
func cpuTime() int64 {
	var u syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &u)
	return u.Utime.Nano() + u.Stime.Nano()
}

// moved returns the batches with later times.
func moved(in []*batch.Batch, by int64) []*batch.Batch {
	out := make([]*batch.Batch, len(in))
	for i, x := range in {
		y := *x
		y.Cols = append([]batch.Column{}, x.Cols...)
		old := x.Cols[5].(*batch.Vec[int64]).Data
		when := make([]int64, len(old))
		for j := range when {
			when[j] = old[j] + by
		}
		y.Cols[5], y.Time = &batch.Vec[int64]{Data: when}, x.Time+by
		out[i] = &y
	}
	return out
}

// BenchmarkCountSum is count and sum per key, a row; the output is not asked for.
func BenchmarkCountSum(b *testing.B) {
	for _, keys := range []int64{1_000, 100_000, 1_000_000} {
		b.Run(fmt.Sprint(keys), func(b *testing.B) {
			in := bids(keys, 1000, 10_000)
			w := &Window{Time: 5, Size: 1 << 50, Slide: 1 << 50, TimeType: batch.T(batch.Timestamp)}
			runBench(b, Group{Keys: []int{0}, Calls: []Call{intCall("count", -1), intCall("sum", -1)}, Window: w, OnClose: true}, in, 1<<30)
		})
	}
}

// BenchmarkTumble is count and max per key in windows of 10 s, 10,000 rows a
// second.
func BenchmarkTumble(b *testing.B) {
	w := &Window{Time: 5, Size: 10_000_000, Slide: 10_000_000, TimeType: batch.T(batch.Timestamp)}
	in := bids(3000, 1000, 10_000)
	runBench(b, Group{Keys: []int{0}, Calls: []Call{intCall("count", -1), intCall("max", -1)}, Window: w, OnClose: true}, in, 4)
}

// BenchmarkHop is count per key in windows of 10 s by 2 s.
func BenchmarkHop(b *testing.B) {
	w := &Window{Time: 5, Size: 10_000_000, Slide: 2_000_000, TimeType: batch.T(batch.Timestamp)}
	in := bids(3000, 1000, 10_000)
	runBench(b, Group{Keys: []int{0}, Calls: []Call{intCall("count", -1)}, Window: w, OnClose: true}, in, 4)
}

// BenchmarkUpdating is Nexmark's q17: ten calls, some with FILTER, per key,
// changes sent every tick.
func BenchmarkUpdating(b *testing.B) {
	calls := []Call{
		intCall("count", -1), intCall("count", 2), intCall("count", 3), intCall("count", 4),
		intCall("min", -1), intCall("max", -1), intCall("avg", -1), intCall("sum", -1),
	}
	for _, keys := range []int64{1_000, 100_000} {
		for _, tick := range []int{1, 16, 64} {
			b.Run(fmt.Sprintf("keys=%d/tick=%d", keys, tick*1024), func(b *testing.B) {
				runBench(b, Group{Keys: []int{0}, Calls: calls}, bids(keys, 1000, 10_000), tick)
			})
		}
	}
}
