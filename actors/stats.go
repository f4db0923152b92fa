package actors

import (
	"math/bits"
	"time"
)

// Stats are counters since the actor was made, as of its last turn.
type Stats struct {
	Messages, Rows        int64
	Busy, Waited          time.Duration // running; from arrival to run, summed over messages
	Lent, Merged, Rounds  int64
	GivenUp               int64 // lessees given up, their batches run again
	Activated, Passivated int64
	Queued                int64         // bytes waiting
	Cost, Path            time.Duration // median per message here; the largest sum downstream
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
	Delay  [DelayBuckets]int64
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
	a.rt.policy.After(&a.load, took)
	l := a.live
	if l == nil { // failed
		return
	}
	l.did.Busy += time.Duration(took)
	if a.mb.kind != CallPush {
		return
	}
	if c.Kind == CallPush {
		l.took = 0
		l.did.Messages++
		l.did.Rows += int64(c.Meta.Rows)
		if waited := from - c.Stamp; c.Stamp > 0 && waited >= 0 {
			l.did.Waited += time.Duration(waited)
			a.w.delay[min(bits.Len64(uint64(waited)/1000), DelayBuckets-1)].Add(1)
		}
	}
	if l.took += took; !a.mb.MidCall() {
		a.learn(l.took, c.Meta.Rows)
	}
}

func (a *actor[P]) learn(took int64, rows int) {
	a.perMsg.add(took)
	if rows > 0 {
		a.perRow.add(took / int64(rows))
	}
	if cost := int64(a.perMsg); cost != a.load.Cost.Load() {
		a.load.Cost.Store(cost)
	}
}

func (a *actor[P]) readStats() Stats {
	a.mu.Lock()
	s := a.stats
	a.mu.Unlock()
	s.Cost = time.Duration(a.load.Cost.Load())
	s.Path = time.Duration(a.load.Path.Load())
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
		s.Activated += l.did.Activated
		l.did = Stats{}
	}
	if l := a.mb.lend; l != nil {
		s.Lent, s.Merged, s.Rounds, s.GivenUp = l.count.Lent, l.count.Merged, l.count.Rounds, l.count.GivenUp
	}
	s.Queued = a.mb.Queued()
}
