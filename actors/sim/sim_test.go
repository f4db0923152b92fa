package sim_test

import (
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/dirigo-stream/dirigo/actors"
	"github.com/dirigo-stream/dirigo/actors/internal/fault"
	"github.com/dirigo-stream/dirigo/actors/internal/toy"
	"github.com/dirigo-stream/dirigo/actors/sim"
)

var (
	schedules = flag.Int("schedules", 1000, "schedules per topology")
	from      = flag.Uint64("from", 0, "first seed")
)

// run plays one schedule of a topology: graph, speeds, credits, quota and losses
// all come from seed.
func run(name string, seed uint64, f fault.Set) (stats sim.Stats, err error) {
	rng := rand.New(rand.NewPCG(seed, 17))
	g := toy.Random(name, rng, 14)
	w := sim.New[*toy.Batch](rng, sim.Config{
		Fuel: 1 + rng.IntN(2), Lend: []float64{0, 0.5, 0.9, 1}[rng.IntN(4)],
		LentFor: []int64{20, 400}[rng.IntN(2)], Parks: rng.IntN(4) == 0, Lossy: rng.IntN(2) == 0, Steps: 60_000, Faults: f,
	})
	most := 1 + rng.Int64N([]int64{3, 20}[rng.IntN(2)])
	quota := &actors.Quota{Limit: 2 + rng.Int64N([]int64{8, 60}[rng.IntN(2)])}
	log := toy.NewLog(g)
	b := toy.Build(w, g, 1, quota, func() int64 { return 1 + rng.Int64N(most) }, log.Observer())
	for _, s := range b.Sources {
		s.Wake()
	}
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("panic: %v", r)
		}
	}()
	if stats, err = w.Run(); err == nil && quota.Used() != 0 {
		err = fmt.Errorf("%d bytes of the lending quota are in use at the end", quota.Used())
	}
	return stats, errors.Join(err, log.Check())
}

// TestSchedules: whatever the order of steps and whatever lessees do, views show
// the naive result at every tick, each actor takes each Seal once and at its
// tick, every round ends, all credit comes back, and nothing waits for ever.
func TestSchedules(t *testing.T) {
	for _, name := range toy.Names {
		t.Run(name, func(t *testing.T) {
			var sum sim.Stats
			for seed := *from; seed < *from+uint64(*schedules); seed++ {
				stats, err := run(name, seed, fault.Set{})
				if err != nil {
					t.Fatalf("%s seed %d: %v", name, seed, err)
				}
				sum.Add(stats)
			}
			t.Logf("seeds %d to %d: %+v", *from, *from+uint64(*schedules)-1, sum)
			lends := strings.Contains("chain self multi window exchange", name)
			if lends && (sum.Lent == 0 || sum.Merged == 0 || sum.GivenUp == 0) {
				t.Errorf("nothing was lent, merged or given up: %+v", sum)
			}
		})
	}
}
