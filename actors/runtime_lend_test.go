package actors_test

import (
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/dirigo-stream/dirigo/actors"
)

// adder is a lendable behavior: it adds up numbers and tells the total at every
// tick.
type adder struct {
	total int
	lent  func() actors.Lessee[int]
	told  chan int

	failed func(error)
}

func (a *adder) Push(_ int, n int, _ *actors.Turn[int]) (bool, error) {
	a.total += n
	return false, nil
}
func (a *adder) Due(_ actors.Frontier, rows bool, _ int64) bool { return rows }
func (a *adder) Resume(*actors.Turn[int]) (bool, error)         { return false, nil }
func (a *adder) Lend() actors.Lessee[int]                       { return a.lent() }

func (a *adder) Advance(actors.Frontier, *actors.Turn[int]) (bool, error) {
	a.told <- a.total
	return false, nil
}

func (a *adder) Absorb(partial any, _ *actors.Turn[int]) (bool, error) {
	a.total += partial.(int)
	return false, nil
}

// part is a lessee of an adder.
type part struct {
	total int
	push  func(n int) error
}

func (p *part) Push(_ int, n int) error {
	p.total += n
	if p.push != nil {
		return p.push(n)
	}
	return nil
}

func (p *part) Collect() (any, error) {
	n := p.total
	p.total = 0
	return n, nil
}

// firstOnly lends to lessee 0.
type firstOnly struct{}

func (firstOnly) Lend(*actors.Offer) (int, bool) { return 0, true }

func addAdder(rt *actors.Runtime[int], f *feed, a *adder) *actors.Ref[int] {
	ref := rt.Add(actors.Spec[int]{
		Name: actors.Name{Job: 1, Vertex: 1}, Inputs: []int{1}, Lendable: true, Quota: &actors.Quota{Limit: 1 << 10},
		Activate: func() (actors.Behavior[int], error) { return a, nil }, Failed: a.failed,
	})
	rt.Connect(f.ref, 0, 0, ref, 0, 0, 1<<10)
	return ref
}

// TestStalledLessee: a lessee that stands still is given up, the result is right
// without it, and its late partial changes nothing.
func TestStalledLessee(t *testing.T) {
	rt := actors.New[int](actors.Config{Workers: 3, Lending: firstOnly{}})
	defer rt.Close()
	f := newFeed(rt, 1)
	stall := make(chan struct{})
	var stalled atomic.Bool
	a := &adder{told: make(chan int, 10)}
	a.lent = func() actors.Lessee[int] {
		return &part{push: func(int) error {
			if !stalled.Swap(true) {
				<-stall
			}
			return nil
		}}
	}
	ref := addAdder(rt, f, a)
	ref.SetSLO(time.Millisecond)
	f.add(emit(1), emit(2), emit(3), punct(1))
	if n := <-a.told; n != 6 {
		t.Errorf("tick 1: %d", n)
	}
	close(stall)
	f.add(emit(10), emit(20), punct(2))
	if n := <-a.told; n != 36 {
		t.Errorf("tick 2: %d", n)
	}
	wait(t, "stats", func() bool { return ref.Stats().Rounds >= 2 })
	if s := ref.Stats(); s.GivenUp != 1 || s.Lent != 5 || s.Queued != 0 {
		t.Errorf("%+v", s)
	}
	rt.Remove(f.ref, ref)
}

// TestFailingLessee: an error or a panic of a lessee stops its lessor.
func TestFailingLessee(t *testing.T) {
	for _, how := range []string{"error", "panic"} {
		failed := make(chan error, 3)
		rt := actors.New[int](actors.Config{Workers: 2, Lending: &actors.LendAll{}})
		f := newFeed(rt, 1)
		a := &adder{told: make(chan int, 10), failed: func(err error) { failed <- err }}
		a.lent = func() actors.Lessee[int] {
			return &part{push: func(n int) error {
				if n == 2 && how == "panic" {
					panic("boom")
				}
				if n == 2 {
					return errors.New("boom")
				}
				return nil
			}}
		}
		ref := addAdder(rt, f, a)
		f.add(emit(1), emit(2), emit(3), punct(1))
		select {
		case err := <-failed:
			if !strings.Contains(err.Error(), "boom") {
				t.Error(err)
			}
		case <-time.After(patience):
			t.Error("nobody was told")
		}
		wait(t, "credit", func() bool { return ref.Stats().Queued == 0 })
		rt.Close()
	}
}

// TestLendingSpreads: with lending and work that takes time, several workers are
// at it at once.
func TestLendingSpreads(t *testing.T) {
	rt := actors.New[int](actors.Config{Workers: 4, Lending: &actors.LendAll{}})
	defer rt.Close()
	f := newFeed(rt, 1)
	var at, most atomic.Int64
	meet := make(chan struct{})
	a := &adder{told: make(chan int, 10)}
	a.lent = func() actors.Lessee[int] {
		return &part{push: func(int) error {
			if n := at.Add(1); n == 2 && most.Swap(n) < 2 {
				close(meet)
			}
			select {
			case <-meet:
			case <-time.After(patience):
			}
			at.Add(-1)
			return nil
		}}
	}
	addAdder(rt, f, a)
	sum := 0
	for n := range 30 {
		f.add(emit(n))
		sum += n
	}
	f.add(punct(1))
	if n := <-a.told; n != sum {
		t.Errorf("%d, want %d", n, sum)
	}
	if most.Load() < 2 {
		t.Error("lessees never ran side by side")
	}
}

// TestSeededLending: decisions are those of the seed, whatever other actors do.
func TestSeededLending(t *testing.T) {
	draw := func(noise int) string {
		l := actors.SeededLending(5, 0.5)
		var s strings.Builder
		for range 40 {
			for range noise {
				l.Lend(&actors.Offer{Lessor: actors.Name{Job: 2}, N: 3})
			}
			k, ok := l.Lend(&actors.Offer{Lessor: actors.Name{Job: 1}, N: 3})
			fmt.Fprintf(&s, "%d%v ", k, ok)
		}
		return s.String()
	}
	a := draw(0)
	if b := draw(3); a != b {
		t.Errorf("%s\n%s", a, b)
	}
	for _, part := range []string{"0true", "1true", "2true", "false"} {
		if !strings.Contains(a, part) {
			t.Errorf("no %s in %s", part, a)
		}
	}
}
