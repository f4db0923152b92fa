package sim_test

import (
	"reflect"
	"testing"
	"time"

	"github.com/dirigo-stream/dirigo/actors"
	"github.com/dirigo-stream/dirigo/actors/sim"
)

// hot is an aggregate that takes nine tenths of a query's rows and cannot keep up
// on one core: c = 400 ns a row, s = 100 ns before it.
func hot(lending string, workers int) sim.Load {
	return sim.Load{
		Workers: workers, Queries: 1, Instances: 1, SLO: 20 * time.Millisecond, Rows: 250, Every: 65 * time.Microsecond,
		Tick: 10 * time.Millisecond, Source: 100, Aggregate: 400, Absorb: 100, Groups: 10, Hot: 1,
		For: 2 * time.Second, Lending: lending, Seed: 1, Overhead: 500,
	}
}

// TestHotKey: an aggregate that one core cannot keep up with reaches nine tenths
// of the bound, 2c/(c+s), when it lends to the other one; every row is counted.
func TestHotKey(t *testing.T) {
	took := map[string]time.Duration{}
	for _, lending := range actors.LendingNames {
		r, err := hot(lending, 2).Run()
		if err != nil || r.Rows != r.Sent*250 {
			t.Fatalf("%s: %d rows of %d, %v", lending, r.Rows, r.Sent*250, err)
		}
		t.Logf("%-6s %.2f M rows/s, lent %d, refused %d, late %d, rounds %d, p99 %v, attained %.3f", lending,
			float64(r.Rows)/r.Took.Seconds()/1e6, r.Lent, r.Refused, r.Late, r.Rounds, r.P99, r.Attained())
		if took[lending] = r.Took; (lending == "off") != (r.Lent == 0) {
			t.Errorf("%s: %d messages were lent", lending, r.Lent)
		}
	}
	const bound = 2 * 400 / (400 + 100.0)
	for _, lending := range []string{"reject", "direct"} {
		if gain := float64(took["off"]) / float64(took[lending]); gain < .9*bound {
			t.Errorf("%s: %.2f times the throughput of one core, want 0.9 of %.2f", lending, gain, bound)
		}
	}
}

// TestHotKeyWide: the same on 64 workers, of which the load needs eight tenths,
// beside two-phase aggregation, which spreads every key over all workers always.
func TestHotKeyWide(t *testing.T) {
	rate := map[string]float64{}
	for _, way := range []string{"off", "reject", "direct", "two-phase"} {
		l := sim.HotKey(64, 0.8)
		l.For, l.Lending = 40*time.Millisecond, way
		if way == "two-phase" {
			l.Lending, l.TwoPhase = "off", l.Workers
		}
		r, err := l.Run()
		if err != nil || r.Rows != r.Sent*250 {
			t.Fatalf("%s: %d rows of %d, %v", way, r.Rows, r.Sent*250, err)
		}
		t.Logf("%-9s %.2f M rows/s of %.2f (alone %.2f), busy %.2f, lent %d, refused %d, late %d, rounds %d, p99 %v, attained %.3f", way,
			r.Rate()/1e6, l.Bound()/1e6, l.Alone()/1e6, r.Busy, r.Lent, r.Refused, r.Late, r.Rounds, r.P99, r.Attained())
		rate[way] = r.Rate()
	}
	for _, way := range []string{"reject", "direct", "two-phase"} {
		if gain := rate[way] / rate["off"]; gain < 10 {
			t.Errorf("%s: %.1f times what one worker does", way, gain)
		}
	}
}

// TestHotKeyVeryWide: one lessor hands on what keeps 1,024 workers busy, of which
// the load needs nineteen twentieths. Where it waits for its rounds before it lends
// what comes behind them, they keep the target for less than nine results in ten.
func TestHotKeyVeryWide(t *testing.T) {
	if testing.Short() {
		t.Skip("some seconds")
	}
	l := sim.HotKey(1024, 0.95)
	l.Rows, l.Every, l.For = 4*l.Rows, 4*l.Every, 100*time.Millisecond
	r, err := l.Run()
	if err != nil || r.Rows != r.Sent*int64(l.Rows) {
		t.Fatalf("%d rows of %d, %v", r.Rows, r.Sent*int64(l.Rows), err)
	}
	t.Logf("%.0f %% of the bound, busy %.2f, lent %d, rounds %d, p99 %v, attained %.3f", 100*r.Rate()/l.Bound(), r.Busy, r.Lent, r.Rounds, r.P99, r.Attained())
	if r.Attained() < 0.97 || r.Busy < 0.75 {
		t.Errorf("attained %.3f, busy %.2f", r.Attained(), r.Busy)
	}
}

// TestSameSeed: a run is determined by its seed.
func TestSameSeed(t *testing.T) {
	l := hot("direct", 4)
	l.Queries, l.Every, l.For = 6, 300*time.Microsecond, time.Second/4
	a, _ := l.Run()
	b, _ := l.Run()
	l.Seed++
	c, _ := l.Run()
	if !reflect.DeepEqual(a, b) {
		t.Errorf("%+v\n%+v", a, b)
	}
	if c.Sent == a.Sent && c.P99 == a.P99 {
		t.Errorf("another seed gives the same: %+v", c)
	}
}

// TestDearer: what an operator costs is learned anew within a second when it
// becomes ten times as dear.
func TestDearer(t *testing.T) {
	l := hot("off", 4)
	l.Queries, l.Every, l.For = 3, 2*time.Millisecond, 3*time.Second
	before, err := l.Run()
	if err != nil {
		t.Fatal(err)
	}
	l.DearerFrom = 2 * time.Second
	after, err := l.Run()
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("a message cost %v, then %v", before.Cost, after.Cost)
	if after.Cost < 8*before.Cost || after.Cost > 11*before.Cost {
		t.Errorf("a message cost %v, then %v", before.Cost, after.Cost)
	}
}

// TestOverloadInTime: at twice the capacity what can still be in time is: llf
// keeps far more targets than fifo, and best effort has its minimum.
func TestOverloadInTime(t *testing.T) {
	kept := map[string]sim.Report{}
	for _, policy := range actors.PolicyNames {
		l := hot("off", 4)
		l.Queries, l.Best, l.Every, l.For, l.Policy = 16, 12, 250*time.Microsecond, 500*time.Millisecond, policy
		r, err := l.Run()
		if err != nil {
			t.Fatal(err)
		}
		t.Logf("%-4s attained %.3f, p50 %v, p99 %v, best effort %d rows, late %d, stolen %d", policy, r.Attained(), r.P50, r.P99, r.BestRows, r.Late, r.Stolen)
		kept[policy] = r
	}
	llf, fifo := kept["llf"], kept["fifo"]
	if llf.Attained() < .99 || fifo.Attained() > .5 {
		t.Errorf("llf attains %.3f, fifo %.3f", llf.Attained(), fifo.Attained())
	}
	if llf.BestRows == 0 {
		t.Error("best effort got nothing")
	}
}

// TestSmallTicks: at ticks of a millisecond a round is paid for only where
// something was lent, and results come within two ticks.
func TestSmallTicks(t *testing.T) {
	l := hot("reject", 4)
	l.Tick, l.Every, l.For = time.Millisecond, 300*time.Microsecond, 200*time.Millisecond
	r, err := l.Run()
	if err != nil {
		t.Fatal(err)
	}
	if r.Results < 190 || r.Lent != 0 || r.Rounds != 0 || r.P99 > 2*time.Millisecond {
		t.Errorf("%d results, %d lent, %d rounds, p99 %v", r.Results, r.Lent, r.Rounds, r.P99)
	}
	l.Every, l.SLO = 65*time.Microsecond, 3*time.Millisecond // cannot keep up alone
	if r, err = l.Run(); err != nil {
		t.Fatal(err)
	}
	t.Logf("%d results, %d lent in %d rounds, attained %.3f", r.Results, r.Lent, r.Rounds, r.Attained())
	if r.Rounds == 0 || r.Rounds > r.Results || r.Attained() < .9 {
		t.Errorf("%d results, %d rounds, attained %.3f", r.Results, r.Rounds, r.Attained())
	}
}

// TestHotKeyWindow: rows that wait for a window are lent before it is late too,
// though those behind them wait upstream, where credit is short: results keep
// their target, and beyond what all can do most of that is done.
func TestHotKeyWindow(t *testing.T) {
	for _, credit := range []int{0, 10_000, 2_500} {
		for _, window := range []time.Duration{0, 50 * time.Millisecond} {
			kept := map[string]float64{}
			for _, lending := range []string{"reject", "off"} {
				l := sim.HotKey(2, 0.85)
				l.Credit, l.Window, l.Lending, l.Instances, l.For = credit, window, lending, 2, 400*time.Millisecond
				r, err := l.Run()
				if err != nil {
					t.Fatal(err)
				}
				t.Logf("credit %5d, window %4v, %-6s %.2f M rows/s of %.2f, attained %.3f, p50 %v, p99 %v, lent %d, rounds %d",
					credit, window, lending, r.Rate()/1e6, l.Bound()/1e6, r.Attained(), r.P50, r.P99, r.Lent, r.Rounds)
				kept[lending] = r.Attained()
			}
			if kept["reject"] < .99 || kept["off"] > .7 {
				t.Errorf("credit %d, window %v: attained %v", credit, window, kept)
			}
		}
	}
	l := sim.HotKey(2, 1.1)
	l.Credit, l.Window, l.Lending, l.Instances, l.For = 10_000, 50*time.Millisecond, "reject", 2, 400*time.Millisecond
	r, err := l.Run()
	if err != nil || r.Rate() < .9*l.Bound() {
		t.Errorf("%.2f M rows/s, want 0.9 of %.2f, %v", r.Rate()/1e6, l.Bound()/1e6, err)
	}
}
