package job

import (
	"sync"
	"time"

	"github.com/dirigo-stream/dirigo/actors"
	"github.com/dirigo-stream/dirigo/connectors"
	"github.com/dirigo-stream/dirigo/exec/batch"
)

// replay is a query that catches up: it reads all its sources by pumps of its
// own, on a private clock, up to where the live ones stand; when the gap is
// small it joins the live feeds at one cut and reads the last slice up to
// exactly there. Nothing of it is shown to reads until then. A restart, a new
// query over a running source, and a reader that fell out of the ring all come
// back this way.
type replay struct {
	q     *query
	clock *clock
	pumps map[uint64]*pump
	gates map[uint64]*boundGate

	mu      sync.Mutex
	reached int
	joining uint64 // the tick at which it joins the live feeds; 0: not yet
	rounds  int
	sealAt  time.Time
	over    bool
}

// startReplay makes the query read by itself from the given positions.
func (q *query) startReplay(from map[uint64][]position) error {
	r := &replay{
		q: q, pumps: map[uint64]*pump{}, gates: map[uint64]*boundGate{}, sealAt: time.Now(),
	}
	r.clock = newReplayClock(q.eng.incarnation, r.ticket)
	m := &member{q: q}
	for rel, at := range from {
		s := q.eng.source(rel)
		name := actors.Name{Job: q.def.ID, Vertex: -2, Instance: int(rel)}
		p, err := s.newPump(r.clock, name, at)
		if err != nil {
			return err
		}
		notes, err := q.eng.decisions.read(rel)
		if err != nil {
			return err
		}
		g := &boundGate{pump: p, past: newPast(p, notes), reached: r.arrived, bound: map[int32]int64{}}
		p.gate = g
		r.pumps[rel], r.gates[rel] = p, g
		p.feed.readers[m] = true
		m.feeds = append(m.feeds, p.feed)
		for _, i := range q.readers(rel) {
			i.place.marks = newMarker(&s.def, at)
			i.place.begin(p.feed, p.feed.join(q, i.ref.Wake))
		}
		p.widen(s.columnsOf(q.demand(rel)))
	}
	q.replay = r
	q.setState(stateCatching, "")
	r.aim(r.livePositions())
	return nil
}

// ticket returns a number for a Seal, if one is due: long catch-ups seal too.
func (r *replay) ticket() uint64 {
	every := max(r.q.def.Checkpoint, r.q.eng.cfg.Epoch)
	if r.q.ephemeral || time.Since(r.sealAt) < every {
		return 0
	}
	r.sealAt = time.Now()
	return r.q.eng.epochs.next()
}

// livePositions returns where the live pumps stand now.
func (r *replay) livePositions() map[uint64][]position {
	out := map[uint64][]position{}
	for rel := range r.pumps {
		live := r.q.eng.source(rel).livePump()
		if live == nil {
			continue
		}
		live.feed.mu.Lock()
		out[rel] = live.positions()
		live.feed.mu.Unlock()
	}
	return out
}

// aim makes every pump read up to the given positions.
func (r *replay) aim(at map[uint64][]position) {
	r.mu.Lock()
	r.reached = 0
	r.rounds++
	r.mu.Unlock()
	for rel, g := range r.gates {
		notes, err := r.q.eng.decisions.read(rel) // whatever took effect up to there
		if err != nil {
			r.q.eng.failed(r.q, err)
			return
		}
		g.aim(at[rel], notes)
	}
}

// arrived is called, in a pump's turn, when it has reached its bound.
func (r *replay) arrived() {
	r.mu.Lock()
	r.reached++
	all, joining, over := r.reached == len(r.pumps), r.joining, r.over
	r.mu.Unlock()
	if !all || over {
		return
	}
	if joining != 0 {
		r.q.eng.io.run(func() { r.finish(joining) })
		return
	}
	go r.next() // waits for DDL, which may wait for the I/O goroutines
}

// next aims at where the live pumps are by now, or joins them when the last
// round was short.
func (r *replay) next() {
	r.q.eng.ddl.Lock()
	defer r.q.eng.ddl.Unlock()
	if r.done() || r.ahead() {
		return
	}
	if r.far() && r.rounds < maxRounds {
		r.aim(r.livePositions())
		return
	}
	r.aim(r.join())
}

// ahead says whether a live pump has yet to come to where the query stands in
// some partition: the query then waits, as it would read the rows between a
// second time. It goes on when the pump has come there.
func (r *replay) ahead() bool {
	for rel, p := range r.pumps {
		live := r.q.eng.source(rel).livePump()
		if live == nil {
			continue
		}
		p.feed.mu.Lock()
		mine := p.positions()
		p.feed.mu.Unlock()
		for _, at := range mine {
			if live.whenAt(at.Partition, at.Next, func() { go r.next() }) {
				return true
			}
		}
	}
	return false
}

// maxRounds is how often a replay chases live pumps that outrun it, before it
// joins them anyway and relies on the ring.
const maxRounds = 64

// far says whether the live pumps are so far ahead that the ring might not hold
// what comes while the gap is read.
func (r *replay) far() bool {
	for rel, at := range r.livePositions() {
		p := r.pumps[rel]
		p.feed.mu.Lock()
		mine := p.positions()
		p.feed.mu.Unlock()
		for i := range at {
			if i >= len(mine) || at[i].Next-mine[i].Next > joinRecords {
				return true
			}
		}
	}
	return false
}

// joinRecords is the gap per partition, in offsets, below which a replay joins.
const joinRecords = 50_000

// join attaches the query to the live feeds at a cut of them, and returns where
// they stood there.
func (r *replay) join() map[uint64][]position {
	e := r.q.eng
	// From here on the live clock seals: a number taken here might be above one
	// of its own that comes later in what the query reads.
	r.clock.mu.Lock()
	r.clock.ticket = nil
	r.clock.mu.Unlock()
	c := e.clock
	c.mu.Lock()
	defer c.mu.Unlock()
	var ask []*feed
	live := map[uint64]*feed{}
	for rel := range r.pumps {
		f := e.source(rel).livePump().feed
		live[rel] = f
		ask = append(ask, f)
	}
	tick := c.cutLocked(ask, 0)
	at := map[uint64][]position{}
	m := &member{q: r.q, live: true}
	for rel, f := range live {
		f.mu.Lock()
		at[rel] = f.src.positions()
		f.readers[m] = true
		f.flowed = true // the next edge seals what was caught up, whether more comes or not
		for _, i := range r.q.readers(rel) {
			i.place.follow(f, f.joinLocked(r.q, i.ref.Wake), tick)
		}
		f.mu.Unlock()
		m.feeds = append(m.feeds, f)
	}
	r.q.member, r.q.attached = m, tick
	r.q.touch(tick)
	r.mu.Lock()
	r.joining = tick
	r.mu.Unlock()
	return at
}

// finish passes the tick at which the live feeds were joined through the query,
// and ends the private pumps.
func (r *replay) finish(tick uint64) {
	r.clock.mu.Lock()
	r.clock.last = tick - 1
	var ask []*feed
	for _, p := range r.pumps {
		ask = append(ask, p.feed)
	}
	r.clock.cutLocked(ask, 0)
	r.clock.mu.Unlock()
	r.close()
	q := r.q
	q.setState(stateRunning, "")
	q.setSLO(q.slo())
	q.goLive()
	q.eng.epochs.arm()
}

// alone says whether the query reads by itself, and has not begun to join.
func (r *replay) alone() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return !r.over && r.joining == 0
}

// cut closes a tick of the private clock.
func (r *replay) cut(seal uint64) uint64 {
	var ask []*feed
	for _, p := range r.pumps {
		ask = append(ask, p.feed)
	}
	return r.clock.cut(ask, seal)
}

func (r *replay) done() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.over
}

// close ends the private pumps. Their feeds live on until the readers have
// passed the last tick.
func (r *replay) close() {
	r.mu.Lock()
	over := r.over
	r.over = true
	r.mu.Unlock()
	if over {
		return
	}
	for _, p := range r.pumps {
		p.close()
	}
}

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
