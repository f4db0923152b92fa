package sim_test

import (
	"testing"
	"time"

	"github.com/dirigo-stream/dirigo/actors"
	"github.com/dirigo-stream/dirigo/actors/sim"
)

const seeds = 20

// busy is a load on four workers: so many queries with a target, and with none,
// each of which needs a share of all workers.
func busy(seed uint64, targets, best int, each float64) sim.Load {
	l := sim.Load{
		Workers: 4, Queries: targets + best, Best: best, Jobs: targets + best, SLO: 20 * time.Millisecond, Rows: 250, Tick: 10 * time.Millisecond,
		Source: 100, Aggregate: 400, For: 200 * time.Millisecond, Lending: "off", Seed: seed, Overhead: 500,
	}
	l.Every = time.Duration(float64(l.Rows) * float64(l.Source+l.Aggregate) / (each * float64(l.Workers)))
	return l
}

func play(t *testing.T, l sim.Load, p actors.Policy) sim.Report {
	t.Helper()
	r, err := l.RunWith(p)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// TestTargetsFirst: at twice the capacity, half a capacity's worth of targets is
// kept, whatever else waits; in the order of arrival it is not.
func TestTargetsFirst(t *testing.T) {
	least, most := 1.0, 0.0
	for seed := range uint64(seeds) {
		l := busy(seed, 4, 12, 0.125)
		least = min(least, play(t, l, actors.LeastLaxity{}).Attained())
		most = max(most, play(t, l, actors.FirstCome{}).Attained())
	}
	t.Logf("%d seeds: llf attains %.3f at least, fifo %.3f at most", seeds, least, most)
	if least < .99 || most > .7 {
		t.Errorf("llf attains %.3f at least, fifo %.3f at most", least, most)
	}
}

// deadlineOnly is a deadline order that has no second class: the control.
type deadlineOnly struct{ actors.LeastLaxity }

func (deadlineOnly) Pick(_ *actors.Load, key, _ int64) actors.Rank { return actors.Rank{Key: key} }

// TestNoDomino: queries that need twice what there is are late for ever, and do
// not make others late, which have targets too and need a fifth. By deadlines
// alone each late message goes before every fresh one.
func TestNoDomino(t *testing.T) {
	least, most := 1.0, 0.0
	for seed := range uint64(seeds) {
		l := busy(seed, 12, 0, 0.05)
		l.Hogs, l.HogTimes, l.Until = 8, 5, l.For
		least = min(least, keptBy(play(t, l, actors.LeastLaxity{}).Jobs[8:]))
		most = max(most, keptBy(play(t, l, deadlineOnly{}).Jobs[8:]))
	}
	t.Logf("%d seeds: the small ones attain %.3f at least, by deadlines alone %.3f at most", seeds, least, most)
	if least < .93 || most > .5 {
		t.Errorf("the small ones attain %.3f at least, by deadlines alone %.3f at most", least, most)
	}
}

func keptBy(jobs []sim.JobReport) float64 {
	var kept, all int64
	for _, j := range jobs {
		kept, all = kept+j.Kept, all+j.Results
	}
	return float64(kept) / float64(max(1, all))
}

// spread is by how much the time differs that jobs had.
func spread(jobs []sim.JobReport) float64 {
	least, most := jobs[0].Busy, jobs[0].Busy
	for _, j := range jobs {
		least, most = min(least, j.Busy), max(most, j.Busy)
	}
	return float64(most) / float64(max(1, least))
}

// TestGuaranteedMinimum: targets that could use all workers leave best effort its
// part, a ninth, to within a fifth, and its queries have about the same of that.
func TestGuaranteedMinimum(t *testing.T) {
	least, uneven := 1.0, 1.0
	for seed := range uint64(seeds) {
		l := busy(seed, 8, 3, 0.12)
		l.Until = l.For
		best := play(t, l, actors.LeastLaxity{}).Jobs[8:]
		all := time.Duration(0)
		for _, j := range best {
			all += j.Busy
		}
		uneven = max(uneven, spread(best))
		least = min(least, float64(all)/float64(l.Until)/float64(l.Workers))
	}
	t.Logf("%d seeds: best effort has %.3f of the workers at least, its queries differ by %.2f at most", seeds, least, uneven)
	if least < .8/9 || uneven > 1.5 {
		t.Errorf("best effort has %.3f of the workers, its queries differ by %.2f", least, uneven)
	}
}
