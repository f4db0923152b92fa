package main

import (
	"testing"
	"time"
)

// TestCollectorFloor: a small heap that is filled again and again is left to
// grow to the floor; one that is filled slowly, or that is large, is not.
func TestCollectorFloor(t *testing.T) {
	now := time.Unix(0, 0)
	var percent int
	var live, scan, allocated uint64
	c := &collector{
		floor: heapFloor, set: func(p int) { percent = p },
		heap: func() heap { return heap{live: live, scan: scan, allocated: allocated} }, now: func() time.Time { return now }, since: now,
	}
	steps := []struct {
		after     time.Duration
		allocated uint64 // since the collection before
		live      uint64
		want      int
	}{
		{100 * time.Millisecond, 50 << 20, 8 << 20, calmPercent}, // a start
		{200 * time.Millisecond, 50 << 20, 8 << 20, 3100},        // 8 MB grow to 256
		{100 * time.Millisecond, 200 << 20, 64 << 20, 300},
		{time.Second, 200 << 20, 200 << 20, calmPercent}, // twice what is live is above the floor
		{time.Second, 200 << 20, 0, 25500},
		{4 * time.Second, 250 << 20, 8 << 20, 3100},
		{300 * time.Millisecond, 8 << 20, 8 << 20, calmPercent},
		{2 * time.Minute, 200 << 20, 8 << 20, calmPercent}, // the runtime's own collection of an idle heap
		{time.Second, 200 << 20, 512 << 20, 50},            // 512 MB grow by the floor
		{time.Second, 200 << 20, 520 << 20, 50},            // not worth a stop of the world
		{time.Second, 200 << 20, 2 << 30, largePercent},
	}
	for i, s := range steps {
		now, live = now.Add(s.after), s.live
		allocated += s.allocated
		c.collected()
		if percent != s.want {
			t.Errorf("step %d: %d MB live after %v: %d percent, want %d", i, s.live>>20, s.after, percent, s.want)
		}
	}
}

// TestCollectorScan: a heap that the collector must look into gets more room than
// one of flat arrays.
func TestCollectorScan(t *testing.T) {
	for scan, want := range map[int64]int{0: 30, 100 << 20: 30, 512 << 20: 50, 1 << 30: 100, 2 << 30: 100} {
		if got := percentFor(2<<30, scan, heapFloor, true); got != want {
			t.Errorf("%d of 2048 MB to look into: %d percent, want %d", scan>>20, got, want)
		}
	}
}

// TestFloorFor: the floor follows what state may take, within bounds.
func TestFloorFor(t *testing.T) {
	for memory, want := range map[int64]int64{0: heapFloor, 1 << 20: leastFloor, 100 << 20: 200 << 20, 1 << 30: heapFloor} {
		if got := floorFor(memory); got != want {
			t.Errorf("memory %d MB: floor %d MB, want %d", memory>>20, got>>20, want>>20)
		}
	}
}
