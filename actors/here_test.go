package actors

import (
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
)

// counter counts what is pushed; its calls must never overlap.
type hereCounter struct {
	inside atomic.Int32
	n      int
	twice  *atomic.Bool
}

func (c *hereCounter) alone() func() {
	if c.inside.Add(1) != 1 {
		c.twice.Store(true)
	}
	return func() { c.inside.Add(-1) }
}

func (c *hereCounter) Push(int, int, *Turn[int]) (bool, error) {
	defer c.alone()()
	c.n++
	return false, nil
}
func (c *hereCounter) Due(Frontier, bool, int64) bool             { return false }
func (c *hereCounter) Advance(Frontier, *Turn[int]) (bool, error) { return false, nil }
func (c *hereCounter) Resume(*Turn[int]) (bool, error)            { return false, nil }

// TestHereIsATurn: what is done at an idle actor from outside never overlaps with
// its turns, sees what they did, and loses nothing of what comes meanwhile.
func TestHereIsATurn(t *testing.T) {
	rt := New[int](Config{Workers: 2})
	defer rt.Close()
	twice := &atomic.Bool{}
	c := &hereCounter{twice: twice}
	ref := rt.Add(Spec[int]{Name: Name{Job: 1}, Activate: func() (Behavior[int], error) { return c, nil }})
	if ref.Here(func(Behavior[int]) {}) {
		t.Fatal("the actor is not in memory yet")
	}
	const clients, each = 4, 3000
	var all sync.WaitGroup
	var here, posted atomic.Int64
	for range clients {
		all.Go(func() {
			for range each {
				add := func(b Behavior[int]) {
					x := b.(*hereCounter)
					defer x.alone()()
					x.n++
				}
				if ref.Here(add) {
					here.Add(1)
					continue
				}
				done := make(chan struct{})
				ref.Post(0, func(b Behavior[int], err error) {
					if err == nil {
						add(b)
					}
					close(done)
				})
				<-done
				posted.Add(1)
			}
		})
	}
	all.Wait()
	for !ref.Here(func(b Behavior[int]) { b.(*hereCounter).n++ }) { // until its last turn has ended
		runtime.Gosched()
	}
	done := make(chan int)
	ref.Post(0, func(b Behavior[int], _ error) { done <- b.(*hereCounter).n })
	if n := <-done; n != clients*each+1 || twice.Load() {
		t.Fatalf("%d of %d were counted, overlapping: %v", n, clients*each+1, twice.Load())
	}
	t.Logf("%d here, %d posted, in each other's way", here.Load(), posted.Load())
	rt.Remove(ref)
	if ref.Here(func(Behavior[int]) {}) {
		t.Fatal("the actor has been removed")
	}
}

// TestHerePanics: a panic is the actor's failure, not its caller's.
func TestHerePanics(t *testing.T) {
	failed := make(chan error, 1)
	rt := New[int](Config{Workers: 1})
	defer rt.Close()
	ref := rt.Add(Spec[int]{
		Name: Name{Job: 1}, Failed: func(err error) { failed <- err },
		Activate: func() (Behavior[int], error) { return &hereCounter{twice: &atomic.Bool{}}, nil },
	})
	awake := make(chan struct{})
	ref.Post(0, func(Behavior[int], error) { close(awake) })
	<-awake
	for called := false; !called; { // until its first turn has ended
		ref.Here(func(Behavior[int]) { called = true; panic("no") })
	}
	if err := <-failed; err == nil {
		t.Fatal("it goes on")
	}
	told := make(chan error)
	ref.Post(0, func(_ Behavior[int], err error) { told <- err })
	if <-told == nil {
		t.Fatal("it goes on")
	}
}
