package actors

import "sync/atomic"

// Rank is a place in the order of work: units with a deadline by Key (smallest
// first), Shared ones beside them by share, Key being what their query has used.
type Rank struct {
	Key    int64
	Shared bool
}

// Policy orders work. Its methods are called on the path of every message, from
// many goroutines. It cannot break ordering: the mailbox stands below it.
type Policy interface {
	// Arrive returns the key of a message for l: Born, or the time of its
	// arrival, with what the policy adds. Smaller is more urgent.
	Arrive(l *Load, m Meta, now int64) int64
	// Pick returns the place of a unit whose most urgent message has key.
	Pick(l *Load, key, now int64) Rank
	// After is told that a call at l took so many ns.
	After(l *Load, took int64)
}

// Load is what policies and senders know of an actor. Its fields are read by
// anyone and written in the actor's turn (Lead, Cost, Path) or by SetSLO.
type Load struct {
	SLO  atomic.Int64  // ns; 0: best effort
	Cost atomic.Int64  // ns per message, running median
	Path atomic.Int64  // ns, the largest sum of costs downstream
	Due  atomic.Int64  // earliest deadline of a post that waits, Unix ns; 0: none
	Used *atomic.Int64 // ns that the query has run; shared by its actors
}

// LeastLaxity is the default policy: by latest start, born + SLO − cost here −
// costs downstream. What is too late, or has no target, runs by share.
type LeastLaxity struct{}

// Arrive implements Policy.
func (LeastLaxity) Arrive(l *Load, m Meta, now int64) int64 {
	t := m.Born
	if t == 0 {
		t = now
	}
	return t + l.SLO.Load() - l.Cost.Load() - l.Path.Load()
}

// Pick implements Policy.
func (LeastLaxity) Pick(l *Load, key, now int64) Rank {
	meets := l.SLO.Load() != 0 && key >= now
	if due := l.Due.Load(); due != 0 { // what stands before it inherits it, late or not: somebody waits
		if meets {
			due = min(due, key)
		}
		return Rank{Key: due}
	}
	if !meets {
		return Rank{Key: l.Used.Load(), Shared: true}
	}
	return Rank{Key: key}
}

// After implements Policy.
func (LeastLaxity) After(l *Load, took int64) { l.Used.Add(took) }
