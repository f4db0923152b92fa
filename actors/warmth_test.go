package actors_test

import (
	"testing"
	"time"

	"github.com/dirigo-stream/dirigo/actors"
)

// TestWarmth: an actor that comes to memory for the first time, or after long,
// leaves it after an eighth of the time that one stays which came back soon again
// and again.
func TestWarmth(t *testing.T) {
	v := actors.NewVirtual(0)
	rt := actors.New[int](actors.Config{Workers: 1, Virtual: v, IdleAfter: 8 * time.Second})
	defer rt.Close()
	f := newFeed(rt, 1)
	to := rt.Add(spec(1, 1, 1, 0, func() *probe { return &probe{} }))
	rt.Connect(f.ref, 0, 0, to, 0, 0, 100)
	now := int64(0)
	after := func(s float64) int64 {
		now += int64(s * float64(time.Second))
		rt.Drive(now)
		return to.Stats().Passivated
	}
	// stays sends a message and returns for how long the actor is in memory after it.
	stays := func() float64 {
		before := to.Stats().Passivated
		rt.At(now, func() { f.add(emit(1)) })
		for s := 0.25; s <= 20; s += 0.25 {
			if after(0.25) > before {
				return s
			}
		}
		t.Fatal("it never left")
		return 0
	}
	for i, least := range []float64{1, 2, 4, 8, 8} {
		if got := stays(); got < least || got > least+1.5 { // the sweep comes once a second
			t.Errorf("time %d: it stayed for %v s, want %v", i, got, least)
		}
		after(3)
	}
	before := to.Stats()
	for range 20 { // a message every 7 s
		rt.At(now, func() { f.add(emit(1)) })
		after(7)
	}
	if s := to.Stats(); s.Activated != before.Activated+1 || s.Passivated != before.Passivated {
		t.Errorf("a message every 7 s brought it %d times, and it left %d times", s.Activated-before.Activated, s.Passivated-before.Passivated)
	}
	after(30)
	if got := stays(); got > 2.5 {
		t.Errorf("after long it stayed for %v s", got)
	}
}
