package main

import (
	"testing"
	"time"
)

// TestCollectorFloor: a small heap that is collected again and again is left to
// grow to the floor; one that is collected now and then, or that is large, is
// not.
func TestCollectorFloor(t *testing.T) {
	now := time.Unix(0, 0)
	var percent int
	live := uint64(5 << 20)
	c := &collector{
		set: func(p int) { percent = p }, live: func() uint64 { return live }, now: func() time.Time { return now }, last: now,
	}
	steps := []struct {
		after time.Duration
		live  uint64
		want  int
	}{
		{10 * time.Millisecond, 8 << 20, 3100}, // 8 MB grow to 256
		{100 * time.Millisecond, 64 << 20, 300},
		{time.Second, 200 << 20, calmPercent}, // twice what is live is above the floor
		{time.Second, 0, 25500},
		{2 * time.Minute, 8 << 20, calmPercent}, // the runtime's own collection of an idle heap
	}
	for i, s := range steps {
		now, live = now.Add(s.after), s.live
		c.collected()
		if percent != s.want {
			t.Errorf("step %d: %d MB live after %v: %d percent, want %d", i, s.live>>20, s.after, percent, s.want)
		}
	}
}
