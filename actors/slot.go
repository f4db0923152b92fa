package actors

import (
	"sync"
	"sync/atomic"
)

// slot is the scheduling state of a unit. Whoever gives it something to do takes
// the lock; the unit's own state belongs to the worker that runs it.
type slot struct {
	mu     sync.Mutex
	key    int64 // the most urgent of what it was given since it slept
	phase  phase
	kicked bool        // look again before sleeping
	warmth uint8       // how often an actor came back soon, at most warmest
	gone   atomic.Bool // removed; set under mu
	left   chan struct{}
}

type phase uint8

const (
	asleep phase = iota
	queued
	running
)

// enter begins a turn; false: the entry is stale, or the unit is gone.
func (s *slot) enter() bool {
	if s.phase != queued || s.gone.Load() {
		return false
	}
	s.phase, s.kicked = running, false
	return true
}

// rest ends a turn in phase p.
func (s *slot) rest(p phase) {
	s.phase = p
	if s.gone.Load() && s.left != nil {
		close(s.left)
		s.left = nil
	}
}

// wanted notes that something with key arrived; true: an entry is to be queued.
// A queued unit that becomes more urgent is entered again.
func (s *slot) wanted(key int64) bool {
	switch {
	case s.gone.Load():
		return false
	case s.phase == asleep, s.phase == queued && key < s.key-stealGap:
		s.phase, s.key = queued, key
		return true
	}
	s.kicked = true
	s.key = min(s.key, key)
	return false
}

// leaveForever marks the unit as gone and waits until it does not run.
func (s *slot) leaveForever() {
	s.mu.Lock()
	s.gone.Store(true)
	var wait chan struct{}
	if s.phase == running {
		if s.left == nil {
			s.left = make(chan struct{})
		}
		wait = s.left
	}
	s.mu.Unlock()
	if wait != nil {
		<-wait
	}
}
