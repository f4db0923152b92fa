package nexmark

import (
	"math"
	"testing"

	"github.com/dirigo-stream/dirigo/exec/batch"
)

func generator(t testing.TB, table string, events int64) *Generator {
	t.Helper()
	g, err := NewGenerator(Config{Table: table, Events: events, Seed: 42})
	if err != nil {
		t.Fatal(err)
	}
	return g
}

func ints(c batch.Column) []int64 { return c.(*batch.Vec[int64]).Data }

// TestProportions: the three tables share out the events, none twice.
func TestProportions(t *testing.T) {
	for events := range int64(500) {
		sum, seen := int64(0), make(map[int64]string)
		for name := range tables {
			g := generator(t, name, events)
			if events == 0 {
				if g.Rows() != -1 {
					t.Fatalf("an endless %s has %d rows", name, g.Rows())
				}
				continue
			}
			sum += g.Rows()
			for r := range g.Rows() {
				e := g.table.event(r)
				if seen[e] != "" || e >= events {
					t.Fatalf("of %d events, %d is a %s and a %s", events, e, name, seen[e])
				}
				seen[e] = name
			}
		}
		if sum != events {
			t.Fatalf("%d events make %d rows", events, sum)
		}
	}
}

// TestColumnsDoNotDependOnCuts: a row is the same however it is reached.
func TestColumnsDoNotDependOnCuts(t *testing.T) {
	for name := range tables {
		g := generator(t, name, 0)
		whole := g.Columns(90, 200, nil)
		for _, size := range []int{1, 3, 47, 64} {
			for at := 0; at+size <= 200; at += size {
				part := g.Columns(90+int64(at), size, nil)
				for c := range part {
					for i := range size {
						if text(part[c], i) != text(whole[c], at+i) {
							t.Fatalf("%s row %d column %d: %q in a cut of %d, %q in one of 200",
								name, 90+at+i, c, text(part[c], i), size, text(whole[c], at+i))
						}
					}
				}
			}
		}
	}
	if a, b := generator(t, "bid", 0), (&Generator{}); a.seeds["key"] == b.seeds["key"] {
		t.Fatal("the seed makes no difference")
	}
}

func text(c batch.Column, i int) any {
	if v, ok := c.(*batch.TextVec); ok {
		return string(v.At(i))
	}
	return ints(c)[i]
}

// TestShape: sizes, skew and ranges are the published ones.
func TestShape(t *testing.T) {
	const n = 200_000
	bids := generator(t, "bid", 0).Columns(46_000, n, nil)
	near(t, "extra of a bid", float64(len(bids[6].(*batch.TextVec).Data))/n, 100-32, 1)
	hot, logs := 0, 0.0
	for i, a := range ints(bids[0]) {
		epoch := int64(46_000+i) / 46
		last := epoch*3 + 2
		if a < firstID+last-100 || a > firstID+last+10 {
			t.Fatalf("bid %d on auction %d, the last was %d", i, a, firstID+last)
		}
		if a == firstID+last/100*100 {
			hot++
		}
		p := ints(bids[2])[i]
		if p < 100 || p > 100_000_000 {
			t.Fatalf("price %d", p)
		}
		logs += math.Log10(float64(p))
	}
	near(t, "share of bids on hot auctions", float64(hot)/n, .5+.5/111, .01)
	near(t, "mean of log10(price)", logs/n, 5, .02)

	people := generator(t, "person", 0)
	cols := people.Columns(0, 20_000, nil)
	size := 20_000.0 * 8
	for _, c := range cols {
		if v, ok := c.(*batch.TextVec); ok {
			size += float64(len(v.Data))
		}
	}
	near(t, "size of a person", size/20_000, 200, 2)
	cols = generator(t, "auction", 0).Columns(0, 20_000, nil)
	size = 20_000.0 * 6 * 8
	for _, c := range cols {
		if v, ok := c.(*batch.TextVec); ok {
			size += float64(len(v.Data))
		}
	}
	near(t, "size of an auction", size/20_000, 500, 5)
}

func near(t *testing.T, what string, have, want, tolerance float64) {
	t.Helper()
	if math.Abs(have-want) > tolerance {
		t.Errorf("%s: have %.3f, want %.3f ± %.3f", what, have, want, tolerance)
	}
}

// TestPriceCurve: interpolation stays within a thousandth of the formula.
func TestPriceCurve(t *testing.T) {
	for i := range uint64(10_000) {
		r := mix(i)
		want := math.Pow(10, 6*float64(r)/(1<<64)) * 100
		if have := float64(price(prices(), r)); math.Abs(have-want) > want/1000+.51 {
			t.Fatalf("price of %x: have %v, want %v", r, have, want)
		}
	}
}

// TestEventTimes: event time moves on evenly, at any rate.
func TestEventTimes(t *testing.T) {
	for _, rate := range []int64{0, 1, 7, 10_000, 333_333, 3_000_000} {
		g, err := NewGenerator(Config{Table: "bid", Rate: rate})
		if err != nil {
			t.Fatal(err)
		}
		perSecond := max(rate, 1)
		if rate == 0 {
			perSecond = defaultRate
		}
		for i, at := range ints(g.times(1000, 100)) {
			e := g.table.event(int64(1000 + i))
			if want := defaultBase + e*1_000_000/perSecond; at != want {
				t.Fatalf("rate %d, event %d: at %d, want %d", rate, e, at, want)
			}
		}
	}
}

func BenchmarkBid(b *testing.B) {
	g := generator(b, "bid", 0)
	for name, demand := range map[string][]bool{
		"ints": {true, true, true, false, false, false, false},
		"all":  nil,
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for i := 0; i < b.N; i += 1024 {
				g.Columns(int64(i), 1024, demand)
			}
		})
	}
}

func BenchmarkAuction(b *testing.B) {
	g := generator(b, "auction", 0)
	for i := 0; i < b.N; i += 1024 {
		g.Columns(int64(i), 1024, nil)
	}
}
