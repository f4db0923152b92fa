package job

import (
	"time"

	"github.com/dirigo-stream/dirigo/actors"
	"github.com/dirigo-stream/dirigo/connectors"
	"github.com/dirigo-stream/dirigo/exec/batch"
)

// liveGate decides which partitions of a live source are idle: those whose
// reader stands at the broker's end, is not held back, and got nothing for the
// source's idle timeout. Each decision is durable before anything sees it, and
// travels in-band, so that a replay decides the same.
type liveGate struct {
	pump    *pump
	past    past
	timeout time.Duration // 0: never idle

	// In the pump's turn.
	last     map[int32]int64 // arrival of the last rows, Unix ns
	deciding bool            // a decision is being written
	then     func()          // after it took effect
	asked    int64           // when new partitions were looked for, Unix ns
	asking   bool
	timer    *time.Timer
	armed    bool
}

func newLiveGate(p *pump, notes []note) *liveGate {
	return &liveGate{pump: p, past: newPast(p, notes), timeout: p.src.def.IdleTimeout, last: map[int32]int64{}}
}

// admit implements gate: the rows of a partition that was idle wait until its
// return is durable.
func (g *liveGate) admit(b *batch.Batch, next, _ int64) (n int, again bool) {
	n = b.N
	if len(g.past.notes) > 0 {
		n, again = g.past.admit(b, next), true
	}
	if !g.pump.idle(b.Origin.Partition) {
		return n, again
	}
	g.decide([]*note{g.note("active", b.Origin.Partition)})
	return -1, true
}

// fed implements gate.
func (g *liveGate) fed(partition int32, _, now int64) {
	if len(g.past.notes) > 0 {
		g.past.moved()
		return
	}
	g.discover(now)
	if g.timeout > 0 {
		g.last[partition] = now
	}
}

// closed implements gate.
func (g *liveGate) closed() bool { return g.deciding }

// drained implements gate: a timer runs only while a partition may become idle.
func (g *liveGate) drained(st connectors.Status, now int64) {
	if len(g.past.notes) > 0 {
		if g.past.moved(); len(g.past.notes) > 0 {
			return
		}
		g.pump.ref.Wake()
	}
	g.discover(now)
	if g.timeout == 0 || g.armed || g.deciding {
		return
	}
	var quiet []*note
	wait := int64(-1)
	for _, p := range st.Partitions {
		g.pump.feed.mu.Lock()
		idle := g.pump.marks.at(p.Partition).Idle
		g.pump.feed.mu.Unlock()
		if idle {
			continue
		}
		if g.last[p.Partition] == 0 {
			g.last[p.Partition] = now
		}
		left := g.last[p.Partition] + int64(g.timeout) - now
		if left <= 0 && p.AtHigh {
			quiet = append(quiet, g.note("idle", p.Partition))
			continue
		}
		if left = max(left, int64(10*time.Millisecond)); wait < 0 || left < wait {
			wait = left
		}
	}
	switch {
	case len(quiet) > 0:
		g.decide(quiet)
	case wait >= 0:
		g.armed = true
		g.timer = time.AfterFunc(time.Duration(wait), g.fire)
	}
}

// fire looks again at which partitions are quiet.
func (g *liveGate) fire() {
	g.pump.ref.Post(0, func(_ actors.Behavior[*batch.Batch], err error) {
		if err != nil {
			return
		}
		g.armed = false
		g.drained(g.pump.reader.Status(), g.pump.src.eng.cfg.now())
	})
}

func (g *liveGate) note(kind string, partition int32) *note {
	f := g.pump.feed
	f.mu.Lock()
	defer f.mu.Unlock()
	return &note{
		Kind: kind, Partition: partition, Next: g.pump.marks.next(partition),
		Watermark: g.pump.marks.watermark(), Positions: g.pump.positions(),
	}
}

// decide writes decisions and, once they are durable, lets them take effect.
func (g *liveGate) decide(notes []*note) {
	if g.deciding {
		return
	}
	g.deciding = true
	e := g.pump.src.eng
	e.io.run(func() {
		err := e.decisions.write(g.pump.src.def.ID, notes)
		g.pump.ref.Post(0, func(_ actors.Behavior[*batch.Batch], gone error) {
			if gone != nil {
				return
			}
			g.deciding = false
			if err != nil {
				e.cfg.Logger.Error("idle decision not written", "stream", g.pump.src.def.Name, "err", err)
				return
			}
			for _, n := range notes {
				g.pump.feed.annotate(n)
			}
			if g.then != nil {
				g.then()
				g.then = nil
			}
			g.pump.clock.cut([]*feed{g.pump.feed}, 0)
			e.epochs.arm()
			g.pump.ref.Wake()
		})
	})
}

// stop ends the timer.
func (g *liveGate) stop() {
	if g.timer != nil {
		g.timer.Stop()
	}
}
