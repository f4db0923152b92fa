package actors

import (
	"math/bits"
	"time"
)

// Stats are counters since the actor was made, as of its last turn.
type Stats struct {
	Messages, Rows        int64
	Busy, Waited          time.Duration // running; from arrival to run, summed over messages
	Blocked               time.Duration // without credit for what it would emit, though something waited
	Late                  int64         // messages that began after their latest start
	Lent, Merged, Rounds  int64
	Merging               time.Duration // of Busy: absorbing partials
	GivenUp               int64         // lessees given up, their batches run again
	Refused               int64         // messages that a worker was asked to take, and that ran here
	Lessees               int           // that hold something of it now
	Activated, Passivated int64
	Queued                int64         // bytes waiting
	Cost, Fire, Path      time.Duration // medians per message and of due work here; the largest sum downstream
}

// tally is the part of Stats that an actor without lessees needs.
type tally struct {
	Messages, Rows, Late  int64
	Busy, Waited, Blocked time.Duration
	Queued                int64
	Activated, Passivated int32
}

// lent is the part of Stats that a lessor has beside it.
type lentTally struct {
	LendCounts
	merging time.Duration
	refused int64
	lessees int
}

// DelayBuckets is the number of buckets of a delay histogram: bucket i counts
// delays below 2^i µs (the last: all others).
const DelayBuckets = 24

// RuntimeStats are counters of all workers since the start.
type RuntimeStats struct {
	Runs   int64         // turns
	Busy   time.Duration // that they took, summed over the workers
	Steals int64         // of them taken from another worker's queue
	Parks  int64         // times a worker went to sleep
	Timers int64         // times the timer fired
	// Activated and Passivated are how often actors came into memory and left it.
	Activated, Passivated int64
	Delay                 [DelayBuckets]int64
}

// Stats returns the runtime's counters.
func (rt *Runtime[P]) Stats() (s RuntimeStats) {
	for _, w := range rt.workers.workers {
		s.Runs += w.runs.Load()
		s.Busy += time.Duration(w.busy.Load())
		s.Steals += w.steals.Load()
		s.Parks += w.parks.Load()
		for i := range w.delay {
			s.Delay[i] += w.delay[i].Load()
		}
	}
	s.Activated, s.Passivated = rt.activated.Load(), rt.passivated.Load()
	rt.timers.mu.Lock()
	s.Timers = rt.timers.fires
	rt.timers.mu.Unlock()
	return s
}

// Busy returns how long turns took so far, summed over the workers, and how many
// workers there are.
func (rt *Runtime[P]) Busy() (took time.Duration, workers int) {
	for _, w := range rt.workers.workers {
		took += time.Duration(w.busy.Load())
	}
	return took, len(rt.workers.workers)
}

// Armed returns how many due times are set: none when nothing is in flight and
// nothing can be passivated.
func (rt *Runtime[P]) Armed() int {
	rt.timers.mu.Lock()
	defer rt.timers.mu.Unlock()
	return len(rt.timers.due)
}

// account notes what a call took. A message's cost is that of its Push and of
// what resumed it.
func (a *actor[P]) account(c *Call[P], from, to int64) {
	took := to - from
	a.rt.policy().took(&a.load, took)
	l := a.live
	if l == nil { // failed
		return
	}
	l.did.Busy += time.Duration(took)
	switch a.mb.kind {
	case CallPush:
	case CallAdvance:
		a.fired(c, took)
		return
	case CallAbsorb:
		a.loan.absorbing(took)
		return
	case CallPoll:
		if rows := l.turn.read; rows > 0 {
			a.spent(took)
			a.learn(took, rows)
		}
		return
	default:
		return
	}
	if c.Kind == CallPush {
		l.took, l.waited = 0, 0
		l.did.Messages++
		l.did.Rows += int64(c.Meta.Rows)
		if waited := from - c.Stamp; c.Stamp > 0 && waited >= 0 {
			l.did.Waited += time.Duration(waited)
			l.waited = waited
			a.w.delay[min(bits.Len64(uint64(waited)/1000), DelayBuckets-1)].Add(1)
		}
		if a.load.SLO.Load() > 0 && c.Stamp > 0 && from > a.load.LatestStart(c.Meta, c.Stamp) {
			l.did.Late++
		}
	}
	if l.took += took; !a.mb.MidCall() {
		a.spent(l.waited + l.took)
		a.learn(l.took, a.mb.call().Meta.Rows)
	}
}

// fired learns what the work costs that a frontier makes due.
func (a *actor[P]) fired(c *Call[P], took int64) {
	l := a.live
	if c.Kind == CallAdvance {
		l.took = 0
	}
	if l.took += took; !a.mb.MidCall() {
		a.perFire.add(l.took)
		a.load.Fire.Store(int64(a.perFire))
	}
}

// expect tells other workers when this one will have run the call.
func (a *actor[P]) expect(c *Call[P], now int64) {
	if c.Kind == CallPush {
		if b := a.rt.policy().before; b != nil {
			b.Before(&a.load, c.Meta, now)
		}
	}
	a.w.until.Store(now + a.load.Cost.Load())
}

// unblocked counts how long the actor waited for credit.
func (a *actor[P]) unblocked(now int64) {
	a.mu.Lock()
	a.stats.Blocked += time.Duration(max(0, now-a.blocked))
	a.mu.Unlock()
	a.blocked = 0
}

func (a *actor[P]) learn(took int64, rows int) {
	a.perMsg.add(took)
	if rows > 0 {
		a.perRow.add(took / int64(rows))
		if row := int64(a.perRow); row != a.load.Row.Load() {
			a.load.Row.Store(row)
		}
	}
	if cost := int64(a.perMsg); cost != a.load.Cost.Load() {
		a.load.Cost.Store(cost)
	}
}

func (a *actor[P]) readStats() Stats {
	a.mu.Lock()
	t := a.stats
	s := Stats{
		Messages: t.Messages, Rows: t.Rows, Late: t.Late, Busy: t.Busy, Waited: t.Waited, Blocked: t.Blocked,
		Queued: t.Queued, Activated: int64(t.Activated), Passivated: int64(t.Passivated),
	}
	if a.loan != nil {
		l := a.loan.stats
		s.Lent, s.Merged, s.Rounds, s.GivenUp = l.Lent, l.Merged, l.Rounds, l.GivenUp
		s.Merging, s.Refused, s.Lessees = l.merging, l.refused, l.lessees
	}
	a.mu.Unlock()
	s.Cost = time.Duration(a.load.Cost.Load())
	s.Path = time.Duration(a.load.Path.Load())
	s.Fire = time.Duration(a.load.Fire.Load())
	return s
}

// publish adds up what the turn did; mu is held.
func (a *actor[P]) publish() {
	s := &a.stats
	if l := a.live; l != nil {
		s.Messages += l.did.Messages
		s.Rows += l.did.Rows
		s.Busy += l.did.Busy
		s.Waited += l.did.Waited
		s.Late += l.did.Late
		s.Activated += int32(l.did.Activated)
		l.did = Stats{}
	}
	if l := a.mb.lend; l != nil {
		a.loan.stats = lentTally{l.count, a.loan.merged, a.loan.refused, a.mb.Lessees()}
	}
	s.Queued = a.mb.Queued()
}
