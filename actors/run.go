package actors

import (
	"fmt"
	"math"
	"runtime/debug"
	"sync/atomic"
)

// turn implements unit: messages until there is none, something more urgent
// waits, or the quantum is over. A panic ends here.
func (a *actor[P]) turn(w *worker) {
	a.mu.Lock()
	if !a.enter() {
		a.mu.Unlock()
		return
	}
	a.w = w
	if a.home.Load() != int32(w.i) {
		a.home.Store(int32(w.i))
	}
	defer a.recovered()
	a.sitDown(w)
	a.drain()
	a.run(w)
}

// sitDown gives the mailbox the worker's scratch, and standUp takes it back.
func (a *actor[P]) sitDown(w *worker) {
	if s, _ := w.scratch.(*scratch[P]); s != nil && a.mb.takeDesk(s) {
		w.scratch = nil
	}
}

func (a *actor[P]) standUp(w *worker) {
	if s := a.mb.leaveDesk(); s != nil {
		w.scratch = s
	}
}

func (a *actor[P]) recovered() {
	r := recover()
	if r == nil {
		return
	}
	a.fail(fmt.Errorf("panic: %v\n%s", r, debug.Stack()))
	a.again(a.w)
}

func (a *actor[P]) run(w *worker) {
	now := w.now
	start := now
	if a.blocked != 0 {
		a.unblocked(now)
	}
	if a.live != nil {
		a.live.emitted = 0
	}
	for {
		if a.failure != nil {
			a.discard(a.failure)
		} else if call := a.next(now); call != nil {
			a.expect(call, now)
			a.call(call, now)
			end := w.tick()
			a.account(call, now, end)
			now = end
			if a.mustYield(start, now) {
				a.again(w)
				return
			}
			if a.dirty.Load() {
				a.mu.Lock()
				a.drain()
			}
			continue
		} else if a.failure != nil || a.refill() {
			continue
		}
		if a.sleep(now) {
			return
		}
	}
}

// next decides what to do, activating the behavior if there is anything.
func (a *actor[P]) next(now int64) *Call[P] {
	if a.woken.Load() && (a.live == nil || a.live.poller != nil) {
		a.mb.Wake()
	}
	if a.live == nil {
		if a.mb.Empty() {
			return nil
		}
		if err := a.activate(); err != nil {
			a.fail(err)
			return nil
		}
	}
	c := a.mb.Next(now)
	a.perform(now)
	if c != nil && c.Kind == CallPoll {
		a.woken.Store(false)
	}
	return c
}

func (a *actor[P]) call(c *Call[P], now int64) {
	l := a.live
	l.turn = Turn[P]{host: a, fuel: a.rt.cfg.Fuel, now: now}
	more, err := c.Do(l.b, &l.turn)
	if l.turn.told || c.Kind == CallPost {
		a.w.told = true
	}
	if err != nil {
		a.fail(err)
		return
	}
	l.refused = 0
	a.mb.Done(more)
	a.perform(now)
	if l.waiter != nil {
		a.wait()
	}
}

// wait parks the actor if its behavior asks for it.
func (a *actor[P]) wait() {
	start := a.live.waiter.Wait()
	if start == nil {
		return
	}
	a.mb.Park(true)
	var once atomic.Bool
	start(func() {
		if !once.Swap(true) {
			a.control(nil, control[P]{kind: ctlReady, key: a.rt.policy().Send(&a.load, anything, a.rt.cfg.Clock())})
		}
	})
}

// hotBytes is what an actor may emit in one turn before those that wait for it.
const hotBytes = 128 << 10

// mustYield: the quantum is over, or something more urgent waits, or a goroutine
// that was given something, or the actor is not wanted any more.
func (a *actor[P]) mustYield(start, now int64) bool {
	if now-start >= quantum || a.w.told || a.w.pool.virtual != nil || a.w.pool.closed.Load() {
		return true
	}
	if a.w.q.size.Load() == 0 {
		return a.gone.Load()
	}
	key := a.mb.Urgency()
	if a.w.before(key, a.rank(key, now).Shared) || a.gone.Load() {
		return true
	}
	if a.live != nil && a.live.emitted >= hotBytes {
		return true // what it made is in the cache still: that goes first
	}
	a.w.pool.wakeOne() // what waits here has another call to wait for
	return false
}

// again ends the turn and queues the actor for another.
func (a *actor[P]) again(w *worker) {
	a.arm()
	a.rested()
	key := a.urgency(w.now)
	a.mu.Lock()
	a.publish()
	a.met()
	a.key = key
	a.standUp(w)
	a.rest(queued)
	gone := a.gone.Load()
	a.mu.Unlock()
	if !gone {
		w.pool.push(w, a.rank(key, math.MinInt64), a)
	}
}

// met forgets the posts' deadline when none waits; mu is held.
func (a *actor[P]) met() {
	if len(a.ctl) == 0 && len(a.mb.posts) == 0 && a.load.Due.Load() != 0 {
		a.load.Due.Store(0)
	}
}

// surveys is how many turns the costs downstream are good for.
const surveys = 16

// rested ends a turn's bookkeeping.
func (a *actor[P]) rested() {
	if l := a.live; l != nil {
		if l.turns++; l.turns%surveys == 1 {
			a.survey()
		}
	}
}

// urgency is the key of what the actor would do next.
func (a *actor[P]) urgency(now int64) int64 {
	key := a.mb.Urgency()
	if key != math.MaxInt64 {
		return key
	}
	m := anything
	switch {
	case a.mb.due != nil:
		m.Rows, m.Born = 0, a.mb.due.Born
	case a.live != nil && a.live.poller != nil:
		m.Born = a.live.poller.Urgent()
	}
	return a.rt.policy().Send(&a.load, m, now)
}

// sleep ends the turn if nothing arrived meanwhile.
func (a *actor[P]) sleep(now int64) bool {
	a.arm()
	a.rested()
	if l := a.live; l != nil && l.passive != nil && l.refused < refusals && !a.swept.Load() && a.mb.Empty() {
		a.rt.sweep.add(a)
	}
	a.mu.Lock()
	a.idle = now
	if a.mb.Blocked() && !a.mb.Empty() {
		a.blocked = now
	}
	if a.kicked || len(a.inbox) > 0 || len(a.ctl) > 0 {
		a.drain()
		return false
	}
	a.publish()
	a.met()
	a.standUp(a.w)
	a.rest(asleep)
	a.mu.Unlock()
	return true
}
