package actors_test

import (
	"math/rand/v2"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/dirigo-stream/dirigo/actors"
	"github.com/dirigo-stream/dirigo/actors/internal/toy"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// patience bounds how long a test waits for what must happen; none waits that
// long when it passes.
const patience = 20 * time.Second

// play runs g until its views have shown the last tick, and checks them.
func play(rt *actors.Runtime[*toy.Batch], g *toy.Graph, quota *actors.Quota, credit func() int64) error {
	log := toy.NewLog(g)
	b := toy.Build(rt, g, 1, quota, credit, log.Observer())
	defer rt.Remove(b.All...)
	for _, s := range b.Sources {
		s.Wake()
	}
	select {
	case <-log.Done():
	case <-time.After(patience):
	}
	return log.Check()
}

// TestRuntimeEqualsReference: views of every topology show the naive result at
// each tick, at the smallest credits, with and without lending.
func TestRuntimeEqualsReference(t *testing.T) {
	for _, lend := range []actors.Lending{nil, &actors.LendAll{}, actors.SeededLending(7, 0.5)} {
		for _, name := range toy.Names {
			for seed := range uint64(12) {
				rng := rand.New(rand.NewPCG(seed, 1))
				g := toy.Random(name, rng, 20)
				rt := actors.New[*toy.Batch](actors.Config{Workers: 1 + int(seed%4), Lending: lend, Fuel: 1 + int(seed%3)})
				err := play(rt, g, &actors.Quota{Limit: 6}, func() int64 { return 1 + rng.Int64N(3) })
				rt.Close()
				if err != nil {
					t.Fatalf("%s seed %d lending %T: %v", name, seed, lend, err)
				}
			}
		}
	}
}
