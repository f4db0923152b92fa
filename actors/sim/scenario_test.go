package sim_test

import (
	"errors"
	"fmt"
	"math/rand/v2"

	"github.com/dirigo-stream/dirigo/actors"
	"github.com/dirigo-stream/dirigo/actors/internal/fault"
	"github.com/dirigo-stream/dirigo/actors/internal/toy"
	"github.com/dirigo-stream/dirigo/actors/sim"
)

// scenario is one random world; Seed stands for the graph and for the order in
// which everything happens.
type scenario struct {
	Topology string
	Seed     uint64
	Rows     int
	Fuel     int
	Lessees  int
	Lend     float64
	LentFor  int64
	Credit   int64 // of a channel, at most
	Quota    int64
	Policy   string // "": keys are drawn
	Parks    bool
	Rests    bool
	Lossy    bool
}

// draws gives a number below n, labelled.
type draws func(n int, label string) int

// newScenario draws a scenario; what is small is simple.
func newScenario(topology string, draw draws) scenario {
	pick := func(label string, of ...int64) int64 { return of[draw(len(of), label)] }
	s := scenario{Topology: topology, Seed: uint64(draw(1<<31, "seed"))<<31 + uint64(draw(1<<31, "and"))}
	s.Rows = 2 + 2*draw(16, "rows")
	s.Lend = float64(pick("lend", 90, 50, 100, 0)) / 100
	s.Lessees = 1 + draw(4, "lessees")
	s.Fuel = 1 + draw(2, "fuel")
	s.LentFor = pick("lent for", 20, 400)
	s.Credit = pick("credit", 3, 1, 20)
	s.Quota = pick("quota", 60, 2, 6)
	s.Lossy = draw(2, "lossy") == 1
	s.Parks = draw(4, "parks") == 1
	s.Rests = draw(2, "rests") == 1
	if n := draw(2*len(actors.PolicyNames), "policy"); n < len(actors.PolicyNames) {
		s.Policy = actors.PolicyNames[n]
	}
	return s
}

// seeded draws from a seed.
func seeded(seed uint64) draws {
	rng := rand.New(rand.NewPCG(seed, 18))
	return func(n int, _ string) int { return rng.IntN(n) }
}

// run plays a scenario and returns what is wrong with it: what the books say, what
// the world says, what the view showed.
func (s scenario) run(f fault.Set) (stats sim.Stats, reads int, err error) {
	rng := rand.New(rand.NewPCG(s.Seed, 17))
	g := toy.Random(s.Topology, rng, s.Rows)
	g.Faults = f
	cfg := sim.Config{
		Fuel: s.Fuel, Lend: s.Lend, Lessees: s.Lessees, LentFor: s.LentFor,
		Parks: s.Parks, Rests: s.Rests, Lossy: s.Lossy, Steps: 60_000, Faults: f,
	}
	if s.Policy != "" {
		cfg.Policy, _ = actors.PolicyNamed(s.Policy)
	}
	w := sim.New[*toy.Batch](rng, cfg)
	quota := &actors.Quota{Limit: s.Quota}
	log := toy.NewLog(g)
	b := toy.Build(w, g, 1, quota, func() int64 { return 1 + rng.Int64N(s.Credit) }, log.Observer())
	for _, s := range b.Sources {
		s.Wake()
	}
	defer func() {
		if r := recover(); r != nil {
			err = errors.Join(b.Books.Err(), fmt.Errorf("panic: %v", r))
		}
	}()
	if stats, err = w.Run(); err == nil && quota.Used() != 0 {
		err = fmt.Errorf("%d bytes of the lending quota are in use at the end", quota.Used())
	}
	return stats, log.Reads(), errors.Join(b.Books.Err(), err, log.Check())
}
