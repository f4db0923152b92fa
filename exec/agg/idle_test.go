package agg

import (
	"math/rand/v2"
	"runtime"
	"testing"

	"github.com/dirigo-stream/dirigo/exec"
	"github.com/dirigo-stream/dirigo/exec/batch"
	"github.com/dirigo-stream/dirigo/exec/state"
)

// TestIdleGroupsAreSmall: what a query keeps to which nothing comes any more is
// its groups, not the memory that its last batch took.
func TestIdleGroupsAreSmall(t *testing.T) {
	window := &Window{Time: 1, Size: 10, Slide: 10, TimeType: batch.T(batch.Timestamp)}
	for _, c := range []struct {
		name string
		spec Group
		most int // bytes
	}{
		{"groups", Group{Keys: []int{0}, KeyTypes: []batch.Type{batch.T(batch.Text)}, Calls: []Call{intCall("count", -1), intCall("sum", -1), intCall("max", -1)}}, 6 << 10},
		{"windows", Group{Keys: []int{0}, KeyTypes: []batch.Type{batch.T(batch.Text)}, Calls: []Call{intCall("count", -1), intCall("avg", -1)}, Window: window, OnClose: true}, 6 << 10},
		{"all in one", Group{Calls: []Call{intCall("count", -1), intCall("min", -1)}}, 5 << 10},
	} {
		const queries = 200
		b := longKeys(rand.New(rand.NewPCG(1, 2)), 4, 1024)
		clear(b.Cols[1].(*batch.Vec[int64]).Data) // one window
		before := heap()
		var idle []*Grouper
		for range queries {
			g, err := New(c.spec, state.Home{KeyGroups: 128, High: 128}, nil)
			if err != nil {
				t.Fatal(err)
			}
			more, err := g.Push(0, b, &drop{}, 8192)
			settle(t, g, &drop{}, more, err)
			more, err = g.Advance(exec.Frontier{Tick: 1, Watermark: 5}, &drop{}, 8192)
			settle(t, g, &drop{}, more, err)
			idle = append(idle, g)
		}
		each := (heap() - before) / queries
		t.Logf("%s: %d bytes a query", c.name, each)
		if each > c.most {
			t.Errorf("%s: %d bytes a query, want at most %d", c.name, each, c.most)
		}
		runtime.KeepAlive(idle)
	}
}

// heap returns the bytes of live objects; what is pooled has gone.
func heap() int {
	for range 3 {
		runtime.GC()
	}
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int(m.HeapAlloc)
}
