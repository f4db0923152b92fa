package join

import (
	"fmt"
	"math/rand/v2"
	"syscall"
	"testing"

	"github.com/dirigo-stream/dirigo/exec"
	"github.com/dirigo-stream/dirigo/exec/batch"
	"github.com/dirigo-stream/dirigo/exec/expr"
	"github.com/dirigo-stream/dirigo/exec/state"
)

// drop counts rows and forgets them.
type drop struct{ rows int }

func (d *drop) Emit(b *batch.Batch) { d.rows += b.Rows() }

var (
	bigint = batch.T(batch.Int64)
	text   = batch.T(batch.Text)
	stamp  = batch.T(batch.Timestamp)
)

// bids and auctions are like Nexmark's: auctions come before their bids, half of
// the bids go to a few of the newest.
func auctions(from, n int) *batch.Batch {
	id, seller, category, reserve, expires := ints(n), ints(n), ints(n), ints(n), ints(n)
	for i := range n {
		id.Data[i], seller.Data[i], category.Data[i] = int64(from+i), int64(from+i)/3, int64(i%5)
		reserve.Data[i], expires.Data[i] = 100, int64(from+i+500)*1000
	}
	return &batch.Batch{Cols: []batch.Column{id, seller, category, reserve, expires}, N: n, Time: batch.MaxTime}
}

func bids(r *rand.Rand, newest, n int, wide bool) *batch.Batch {
	auction, price, at := ints(n), ints(n), ints(n)
	for i := range n {
		auction.Data[i] = int64(max(0, newest-r.IntN(1000)))
		if r.IntN(2) == 0 {
			auction.Data[i] = int64(newest / 100 * 100)
		}
		price.Data[i], at.Data[i] = r.Int64N(1000), int64(newest)*1000
	}
	b := &batch.Batch{Cols: []batch.Column{auction, price, at}, N: n, Time: batch.MaxTime}
	if wide {
		url := &batch.TextVec{}
		for i := range n {
			url.AppendString(fmt.Sprintf("https://www.nexmark.com/item.htm?query=%d&channel=%030d", i, i))
		}
		b.Cols = append(b.Cols, url)
	}
	return b
}

func ints(n int) *batch.Vec[int64] { return &batch.Vec[int64]{Data: make([]int64, n)} }

var (
	auctionTypes = []batch.Type{bigint, bigint, bigint, bigint, stamp}
	bidTypes     = []batch.Type{bigint, bigint, stamp}
)

// run joins a quarter of a million rows, 46 bids an auction, over and over, and
// reports time, processor time and state a row.
func run(b *testing.B, spec Join, wide bool) {
	b.ReportAllocs()
	r := rand.New(rand.NewPCG(1, 2))
	var in [][2]*batch.Batch
	total := 0
	for ; total < 250_000; total += 1034 {
		in = append(in, [2]*batch.Batch{auctions(total/47, 22), bids(r, total/47+22, 1012, wide)})
	}
	var out drop
	held, rows := int64(0), 0
	spent := cpu()
	for b.Loop() {
		j, err := New(spec, state.Home{KeyGroups: 128, High: 128}, expr.Context{})
		if err != nil {
			b.Fatal(err)
		}
		for _, pair := range in {
			for side, x := range pair {
				more, err := j.Push(side, x, &out, 4096)
				for more && err == nil {
					more, err = j.Resume(&out, 4096)
				}
				if err != nil {
					b.Fatal(err)
				}
			}
			if _, err = j.Advance(exec.Frontier{Watermark: batch.MinTime}, &out, 1<<30); err != nil {
				b.Fatal(err)
			}
		}
		held, rows = j.store.Bytes(), rows+total
	}
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(float64(cpu()-spent)/float64(rows), "cpu-ns/row")
	b.ReportMetric(float64(held)/float64(total), "state-B/row")
	b.ReportMetric(float64(out.rows)/float64(rows), "out/in")
}

// cpu returns the processor time of this process, which a busy machine does not
// stretch as much as it does the time of day, in nanoseconds.
func cpu() int64 {
	var u syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &u)
	return u.Utime.Nano() + u.Stime.Nano()
}

func auctionBids(kind Kind, wide bool) Join {
	j := Join{Kind: kind, Left: auctionTypes, Right: bidTypes, LeftKey: []int{0}, RightKey: []int{0}, Output: []int{0, 2, 6, 7}}
	if wide {
		j.Right = append(append([]batch.Type{}, bidTypes...), text)
		j.Output = append(j.Output, 8)
	}
	return j
}

func BenchmarkJoin(b *testing.B) {
	b.Run("inner", func(b *testing.B) { run(b, auctionBids(Inner, false), false) })
	b.Run("inner wide", func(b *testing.B) { run(b, auctionBids(Inner, true), true) })
	b.Run("left", func(b *testing.B) { run(b, auctionBids(Left, false), false) })
	b.Run("updating", func(b *testing.B) {
		j := auctionBids(Inner, false)
		j.LeftUpdating, j.RightUpdating = true, true
		run(b, j, false)
	})
	b.Run("residual", func(b *testing.B) {
		j := auctionBids(Inner, false)
		j.On, _ = expr.Resolve("<", []*expr.Node{expr.Col(7, "t", stamp), expr.Col(4, "e", stamp)})
		run(b, j, false)
	})
	b.Run("semi", func(b *testing.B) {
		j := auctionBids(Semi, false)
		j.Output = []int{0, 1}
		run(b, j, false)
	})
	b.Run("bound", func(b *testing.B) {
		j := auctionBids(Inner, false)
		j.Bound = &Bound{LeftTime: 4, RightTime: 2, Low: -10_000_000, High: 10_000_000}
		run(b, j, false)
	})
}
