package actors

import (
	"fmt"
	"sync"
)

// activate makes the behavior.
func (a *actor[P]) activate() error {
	b, err := a.spec.Activate()
	if err != nil {
		return fmt.Errorf("activate %v: %w", a.spec.Name, err)
	}
	l := &live[P]{b: b}
	l.lendable, _ = b.(Lendable[P])
	l.poller, _ = b.(Poller[P])
	l.waiter, _ = b.(Waiter)
	l.passive, _ = b.(Passivable)
	if a.mb.lend != nil && l.lendable == nil {
		return fmt.Errorf("activate %v: %T is not lendable", a.spec.Name, b)
	}
	a.live = l
	a.warm()
	if l.poller == nil {
		a.mb.woken = false
	}
	l.did.Activated++
	a.rt.activated.Add(1)
	if l.waiter != nil {
		a.wait()
	}
	return nil
}

// fail stops the actor: what waits and what comes is discarded, its credit goes
// back, so that those above it do not hang.
func (a *actor[P]) fail(err error) {
	if a.failure != nil {
		return
	}
	a.failure = err
	a.live = nil
	if f := a.spec.Failed; f != nil && !a.gone.Load() {
		go f(err)
	}
}

// discard lets go of all that waits.
func (a *actor[P]) discard(err error) {
	posts := a.mb.Fail()
	a.perform(0)
	for _, f := range posts {
		go f(nil, err)
	}
}

// leaveForever marks the actor and its lessees as gone and waits for their turns.
func (a *actor[P]) leaveForever() {
	a.slot.leaveForever()
	for _, h := range a.helpers {
		h.slot.leaveForever()
	}
}

// end lets go of an actor that runs no more.
func (a *actor[P]) end(err error) {
	a.leaveForever()
	a.live, a.w = nil, nil
	a.mu.Lock()
	a.drain()
	a.discard(err)
	a.helpers = nil
}

// passivate drops the behavior if nothing needs it in memory.
func (a *actor[P]) passivate() {
	if a.live == nil || a.live.passive == nil || !a.mb.Empty() || a.woken.Load() {
		return
	}
	if !a.live.passive.Passivate() {
		a.live.refused++
		return
	}
	a.mu.Lock()
	a.publish()
	a.stats.Passivated++
	a.rt.passivated.Add(1)
	a.left = a.rt.cfg.Clock()
	a.mu.Unlock()
	a.live = nil
	a.mb.Shrink()
}

// warmest is how often an actor is to come back soon before it is kept in memory
// for IdleAfter; each time it stays twice as long. Most of those that came to read a
// history get nothing more for long, and where thousands of queries are made they
// would all be in memory at once; one that gets messages now and then is not to
// come and go with each.
const warmest = 3

// warm notes that the actor is back.
func (a *actor[P]) warm() {
	a.mu.Lock()
	defer a.mu.Unlock()
	switch soon := a.rt.cfg.Clock()-a.left < int64(a.rt.cfg.IdleAfter); {
	case a.left == 0: // it was never here
	case soon:
		a.warmth = min(a.warmth+1, warmest)
	default:
		a.warmth = 0
	}
}

// refusals is how often a behavior that will not leave memory is asked again
// without a new message, each time after twice as long: what it waits for may
// come by itself (its state is on the way to the disk), or never.
const refusals = 6

// sweep finds actors that have been idle for long. It keeps a list of those that
// could be passivated and an alarm only while the list is not empty.
type sweep[P any] struct {
	mu    sync.Mutex
	list  []*actor[P]
	armed bool
}

func (s *sweep[P]) add(a *actor[P]) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if a.swept.Swap(true) {
		return
	}
	s.list = append(s.list, a)
	if !s.armed {
		s.armed = true
		s.arm(a.rt)
	}
}

func (s *sweep[P]) arm(rt *Runtime[P]) {
	rt.timers.at(rt.cfg.Clock()+int64(rt.cfg.IdleAfter)>>warmest+1, func() { s.run(rt) })
}

func (s *sweep[P]) run(rt *Runtime[P]) {
	now := rt.cfg.Clock()
	var idle []*actor[P]
	s.mu.Lock()
	keep := s.list[:0]
	for _, a := range s.list {
		switch until, asleep := a.idleUntil(int64(rt.cfg.IdleAfter)); {
		case asleep && now >= until:
			a.swept.Store(false)
			idle = append(idle, a)
		case !a.gone.Load():
			keep = append(keep, a)
		}
	}
	clear(s.list[len(keep):])
	s.list = keep
	if s.armed = len(keep) > 0; s.armed {
		s.arm(rt)
	} else {
		s.list = nil
	}
	s.mu.Unlock()
	for _, a := range idle {
		a.control(nil, control[P]{kind: ctlPassivate})
	}
}

// idleUntil returns when the actor will have been idle for long.
func (a *actor[P]) idleUntil(after int64) (until int64, sleeps bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.phase != asleep || a.gone.Load() {
		return 0, false
	}
	after >>= warmest - a.warmth
	if a.live != nil {
		after <<= a.live.refused
	}
	return a.idle + after, true
}
