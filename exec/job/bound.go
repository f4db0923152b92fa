package job

import (
	"github.com/dirigo-stream/dirigo/actors"
	"github.com/dirigo-stream/dirigo/connectors"
	"github.com/dirigo-stream/dirigo/exec/batch"
)

// boundGate lets a private pump read up to a bound, exactly.
type boundGate struct {
	pump    *pump
	past    past
	reached func()

	// In the pump's turn.
	bound  map[int32]int64
	paused map[int32]bool // at the bound; what else came of it was dropped
	told   bool
}

// aim sets the bound; the pump goes on. notes are all decisions about the source.
func (g *boundGate) aim(at []position, notes []note) {
	g.pump.ref.Post(0, func(_ actors.Behavior[*batch.Batch], err error) {
		if err != nil {
			return
		}
		g.past.refresh(notes)
		g.past.woken()
		g.past.moved()
		first := g.paused == nil
		for _, p := range at {
			g.bound[p.Partition] = p.Next
		}
		resume := g.paused
		g.paused, g.told = map[int32]bool{}, false
		for _, p := range at {
			mine := g.pump.at(p.Partition)
			if mine >= p.Next {
				g.paused[p.Partition] = true
			} else if first || resume[p.Partition] {
				g.pump.reader.Assign(p.Partition, connectors.Start(mine))
			}
		}
		g.check()
		g.pump.ref.Wake()
	})
}

// admit implements gate.
func (g *boundGate) admit(b *batch.Batch, next, _ int64) (n int, again bool) {
	bound, ok := g.bound[b.Origin.Partition]
	if !ok || g.paused[b.Origin.Partition] {
		return -1, false
	}
	if before := g.past.admit(b, min(next, bound)); before < b.N && b.Origin.Offset(before) < bound {
		return before, true
	}
	if next <= bound {
		return b.N, false
	}
	for n < b.N && b.Origin.Offset(n) < bound {
		n++
	}
	return n, false
}

// fed implements gate.
func (g *boundGate) fed(partition int32, next, _ int64) {
	g.past.moved()
	if next >= g.bound[partition] {
		g.paused[partition] = true
		g.check()
	}
}

// check tells once when every partition has reached its bound.
func (g *boundGate) check() {
	for p := range g.bound {
		if !g.paused[p] {
			return
		}
	}
	if !g.told {
		g.told = true
		g.pump.cut(0)
		g.reached()
	}
}

// drained implements gate.
func (g *boundGate) drained(connectors.Status, int64) {}

// closed implements gate.
func (g *boundGate) closed() bool { return g.told }
