package actors_test

import (
	"fmt"
	"math/rand/v2"
	"sync"
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

// played runs a graph on the threaded runtime until its views have shown the
// last tick, and returns what they showed, by vertex and instance.
type played struct {
	mu    sync.Mutex
	shown map[[2]int][]toy.Shown
	left  int
	done  chan struct{}
}

func play(t *testing.T, rt *actors.Runtime[*toy.Batch], g *toy.Graph, job uint64, quota *actors.Quota, credit func() int64) *played {
	t.Helper()
	p := &played{shown: map[[2]int][]toy.Shown{}, done: make(chan struct{})}
	last := uint64(0)
	for _, pu := range g.Ticks(0) {
		last = pu.Tick
	}
	view := len(g.Vertices) - 1
	p.left = g.Vertices[view].N
	show := func(v, i int, s toy.Shown) {
		p.mu.Lock()
		defer p.mu.Unlock()
		k := [2]int{v, i}
		p.shown[k] = append(p.shown[k], s)
		if s.Punct.Tick == last {
			if p.left--; p.left == 0 {
				close(p.done)
			}
		}
	}
	b := toy.Build(rt, g, job, quota, credit, toy.Observer{Show: show})
	for _, s := range b.Sources {
		s.Wake()
	}
	select {
	case <-p.done:
	case <-time.After(patience):
		t.Errorf("%s: views stand still", g.Name)
		for v, refs := range b.Refs {
			for i, r := range refs {
				t.Logf("%d/%d %+v", v, i, r.Stats())
			}
		}
	}
	rt.Remove(b.All...)
	return p
}

// check compares the view with the naive recomputation at every tick. Where an
// instance has not shown a tick (it had merged Puncts) its last state stands.
func (p *played) check(g *toy.Graph) error {
	view := len(g.Vertices) - 1
	for _, pu := range g.Ticks(0) {
		got := toy.Rel{}
		for i := range g.Vertices[view].N {
			var last toy.Rel
			for _, s := range p.shown[[2]int{view, i}] {
				if s.Punct.Tick <= pu.Tick {
					last = s.Rel
				}
			}
			for f, d := range last {
				got.Add(f, d)
			}
		}
		if want, _ := g.Eval(view, pu.Tick); !got.Equal(want) {
			return fmt.Errorf("tick %d: %v want %v", pu.Tick, got, want)
		}
	}
	return nil
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
				p := play(t, rt, g, 1, &actors.Quota{Limit: 6}, func() int64 { return 1 + rng.Int64N(3) })
				rt.Close()
				if err := p.check(g); err != nil || t.Failed() {
					t.Fatalf("%s seed %d lending %T: %v", name, seed, lend, err)
				}
			}
		}
	}
}
