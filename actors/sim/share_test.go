package sim_test

import (
	"context"
	"reflect"
	"testing"
	"time"

	"github.com/dirigo-stream/dirigo/actors/sim"
)

// TestSharing: two jobs whose bursts alternate need fewer cores in one pool than
// in two, and no more in two pools than on slots; the same question has the same
// answer.
func TestSharing(t *testing.T) {
	s := sim.Sharing{Cores: 8, Apart: true, Seed: 1, For: 300 * time.Millisecond}
	a, err := s.Run(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("fluid %d; slots %+v, static %+v, pool %+v; %d messages", a.Fluid, a.Slots, a.Static, a.Pool, a.Messages)
	for name, n := range map[string]sim.Need{"slots": a.Slots, "static": a.Static, "pool": a.Pool} {
		if n.Attained < .99 {
			t.Errorf("%s: %d cores attain %.3f", name, n.Cores, n.Attained)
		}
	}
	if a.Pool.Cores < a.Fluid {
		t.Errorf("a pool of %d cores did what takes %d", a.Pool.Cores, a.Fluid)
	}
	if 4*a.Pool.Cores > 3*a.Static.Cores || a.Static.Cores > a.Slots.Cores {
		t.Errorf("pool %d, static %d, slots %d", a.Pool.Cores, a.Static.Cores, a.Slots.Cores)
	}
	if b, _ := s.Run(context.Background()); !reflect.DeepEqual(a, b) {
		t.Errorf("asked again: %+v", b)
	}
}
