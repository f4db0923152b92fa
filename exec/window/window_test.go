package window

import (
	"math/rand/v2"
	"testing"
)

// TestGrid: every window of the definition that holds a time, and no other, is
// between First and Last; negative times and offsets included.
func TestGrid(t *testing.T) {
	for seed := range uint64(200) {
		r := rand.New(rand.NewPCG(seed, 1))
		g := Grid{Size: 1 + r.Int64N(40), Offset: r.Int64N(100) - 50}
		g.Slide = 1 + r.Int64N(g.Size)
		at := r.Int64N(400) - 200
		want := map[int64]bool{}
		for i := int64(-600); i < 600; i++ {
			if s := g.Offset + i*g.Slide; s <= at && at < s+g.Size {
				want[s] = true
			}
		}
		got := map[int64]bool{}
		for s := g.First(at); s <= at; s += g.Slide {
			if !g.Holds(s, at) {
				t.Fatalf("seed %d: %+v: window %d does not hold %d", seed, g, s, at)
			}
			got[s] = true
		}
		if len(got) != len(want) {
			t.Fatalf("seed %d: %+v at %d: windows %v, want %v", seed, g, at, got, want)
		}
		for s := range want {
			if !got[s] {
				t.Fatalf("seed %d: %+v at %d: window %d is missing", seed, g, at, s)
			}
			if (g.PaneOf(at)-s)%g.Pane() != 0 || g.PaneOf(at) > at || at-g.PaneOf(at) >= g.Pane() {
				t.Fatalf("seed %d: %+v: pane of %d is %d", seed, g, at, g.PaneOf(at))
			}
		}
	}
}

func TestFloorDiv(t *testing.T) {
	for _, c := range [][3]int64{{7, 2, 3}, {-7, 2, -4}, {-8, 2, -4}, {0, 5, 0}, {-1, 5, -1}} {
		if got := FloorDiv(c[0], c[1]); got != c[2] {
			t.Errorf("FloorDiv(%d, %d) = %d, want %d", c[0], c[1], got, c[2])
		}
	}
}
