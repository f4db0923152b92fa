package actors

import (
	"fmt"
	"math"
	"runtime/debug"
)

// Here runs f in the actor's turn at once, on the caller's goroutine, where the
// actor is in memory and has nothing to do: a question that somebody waits for
// need then not wait for a worker, which may be in the middle of other work, or
// have lost its core. False: it has, or f failed; Post says more.
//
// f is as short as a message, and does not wait; it makes nothing wait for a page
// either. In virtual time there is no goroutine but the driver's.
func (r *Ref[P]) Here(f func(Behavior[P])) bool {
	a := r.a
	if !a.visit() {
		return false
	}
	defer a.visited()
	f(a.live.b)
	return true
}

// visit begins a turn outside of the workers, if the actor is idle.
func (a *actor[P]) visit() bool {
	if a.rt.cfg.Virtual != nil {
		return false
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.phase != asleep || a.gone.Load() || a.rt.closed.Load() || a.kicked || a.dirty.Load() {
		return false
	}
	if a.live == nil || a.failure != nil || !a.mb.Still() {
		return false
	}
	a.phase, a.key = running, math.MaxInt64
	return true
}

// visited ends it, and queues the actor if something came meanwhile.
func (a *actor[P]) visited() {
	if p := recover(); p != nil {
		a.fail(fmt.Errorf("panic: %v\n%s", p, debug.Stack()))
	}
	now := a.rt.cfg.Clock()
	a.mu.Lock()
	a.idle = now // who is asked stays in memory
	if !a.kicked && !a.dirty.Load() && a.failure == nil {
		a.rest(asleep)
		a.mu.Unlock()
		return
	}
	key := min(a.key, now)
	a.key = key
	a.rest(queued)
	gone := a.gone.Load()
	a.mu.Unlock()
	if !gone {
		a.rt.workers.push(nil, a.rank(key, math.MinInt64), a)
	}
}
