package actors

import (
	"fmt"
	"math"
	"runtime/debug"
	"sync"
	"sync/atomic"
)

// slot is the scheduling state of a unit. Whoever gives it something to do takes
// the lock; the unit's own state belongs to the worker that runs it.
type slot struct {
	mu     sync.Mutex
	key    int64 // while queued: the most urgent entry's
	phase  phase
	kicked bool        // look again before sleeping
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

// actor is a mailbox in the threaded runtime.
type actor[P any] struct {
	slot
	inbox []arrival[P] // under mu
	ctl   []control[P] // under mu
	stats Stats        // under mu

	rt    *Runtime[P]
	spec  Spec[P]
	load  Load
	woken atomic.Bool
	dirty atomic.Bool // inbox or ctl is not empty
	home  atomic.Int32
	outs  []*link[P]
	ins   []*link[P]

	// Of the turn:
	mb      *Mailbox[P]
	live    *live[P] // nil: passive
	w       *worker
	perRow  median
	perMsg  median
	failure error
	alarm   int64       // armed for; 0: not
	idle    int64       // since; under mu
	swept   atomic.Bool // on the sweep's list
	helpers []*helper[P]
}

// live is the part of an actor that only exists while it is in memory.
type live[P any] struct {
	b        Behavior[P]
	lendable Lendable[P]
	poller   Poller[P]
	waiter   Waiter
	passive  Passivable
	refused  uint // how often it refused to leave memory since the last message
	turn     Turn[P]
	spareIn  []arrival[P]
	did      Stats // since the stats were published
	took     int64 // ns, of the running message so far
	turns    int
}

// link is one channel between two actors.
type link[P any] struct {
	from, to *actor[P]
	out, in  int
	returned atomic.Int64 // credit on its way back
	path     atomic.Int64 // ns, what a message costs from to on
	starved  atomic.Bool  // the sender waits for it
}

type arrival[P any] struct {
	p       P
	meta    Meta
	punct   Punct
	key     int64
	stamp   int64
	ch      int32
	mark    Mark
	isPunct bool
}

type control[P any] struct {
	kind    ctlKind
	key     int64
	due     int64 // of a post that has a deadline
	post    func(Behavior[P], error)
	ran     Ran
	partial Partial
	err     error
}

type ctlKind uint8

const (
	ctlPost ctlKind = iota
	ctlReady
	ctlRan
	ctlPartial
	ctlFail
	ctlPassivate
	ctlAlarm
)

func newActor[P any](rt *Runtime[P], s Spec[P], used *atomic.Int64) *actor[P] {
	a := &actor[P]{rt: rt, spec: s}
	a.load.Used = used
	cfg := MailboxConfig{Inputs: s.Inputs, Outputs: s.Outputs, Quota: s.Quota, Hooks: a, LentFor: int64(rt.cfg.LentFor)}
	if s.Lendable && rt.cfg.Lending != nil {
		cfg.Lessees = max(1, len(rt.workers.workers)-1)
	}
	a.mb = NewMailbox[P](cfg)
	a.outs = make([]*link[P], len(a.mb.outs))
	a.ins = make([]*link[P], len(a.mb.ins))
	return a
}

// deliver takes a message from another actor's turn at w.
func (a *actor[P]) deliver(w *worker, x *arrival[P]) {
	a.mu.Lock()
	if a.gone.Load() {
		a.mu.Unlock()
		if !x.isPunct {
			a.ins[x.ch].giveBack(w, charge(x.meta), 0)
		}
		return
	}
	a.inbox = append(a.inbox, *x)
	a.dirty.Store(true)
	a.enqueue(w, x.key)
}

// control takes anything else, from anywhere.
func (a *actor[P]) control(w *worker, c control[P]) {
	a.mu.Lock()
	if a.gone.Load() || a.rt.closed.Load() {
		a.mu.Unlock()
		if c.kind == ctlPost {
			go c.post(nil, a.goneErr())
		}
		return
	}
	a.ctl = append(a.ctl, c)
	if d := a.load.Due.Load(); c.due != 0 && (d == 0 || c.due < d) {
		a.load.Due.Store(c.due)
	}
	a.dirty.Store(true)
	a.enqueue(w, c.key)
}

func (a *actor[P]) goneErr() error {
	if a.rt.closed.Load() {
		return ErrClosed
	}
	return ErrRemoved
}

// kick has the actor look at what changed outside its inbox.
func (a *actor[P]) kick(w *worker) {
	now := int64(0)
	if w != nil {
		now = w.now
	} else {
		now = a.rt.cfg.Clock()
	}
	a.mu.Lock()
	a.enqueue(w, a.rt.policy.Arrive(&a.load, Meta{}, now))
}

// enqueue ends a delivery: it unlocks, and queues the actor if it slept.
func (a *actor[P]) enqueue(w *worker, key int64) {
	ok := a.wanted(key)
	a.mu.Unlock()
	if ok {
		a.rt.workers.push(w, a.rank(key, math.MinInt64), a)
	}
}

func (a *actor[P]) rank(key, now int64) Rank { return a.rt.policy.Pick(&a.load, key, now) }

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
	a.drain()
	a.run(w)
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
	for {
		if a.failure != nil {
			a.discard(a.failure)
		} else if call := a.next(now); call != nil {
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
			a.control(nil, control[P]{kind: ctlReady, key: a.rt.policy.Arrive(&a.load, Meta{}, a.rt.cfg.Clock())})
		}
	})
}

// mustYield: the quantum is over, or something more urgent waits, or the actor
// is not wanted any more.
func (a *actor[P]) mustYield(start, now int64) bool {
	if now-start >= quantum || a.w.pool.closed.Load() {
		return true
	}
	if a.w.q.size.Load() == 0 {
		return a.gone.Load()
	}
	key := a.mb.Urgency()
	if a.w.before(key, a.rank(key, now).Shared) || a.gone.Load() {
		return true
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
	m := Meta{}
	if a.live != nil && a.live.poller != nil {
		m.Born = a.live.poller.Urgent()
	}
	return a.rt.policy.Arrive(&a.load, m, now)
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
	if a.kicked || len(a.inbox) > 0 || len(a.ctl) > 0 {
		a.drain()
		return false
	}
	a.publish()
	a.met()
	a.rest(asleep)
	a.mu.Unlock()
	return true
}

// drain moves what arrived into the mailbox; it unlocks.
func (a *actor[P]) drain() {
	in, ctl := a.inbox, a.ctl
	a.inbox, a.ctl = nil, nil
	l := a.live
	if l != nil {
		a.inbox, l.spareIn = l.spareIn, nil
	}
	a.kicked = false
	a.dirty.Store(false)
	a.mu.Unlock()
	for i := range in {
		x := &in[i]
		if x.isPunct {
			a.mb.DeliverPunct(int(x.ch), x.punct, x.mark, x.key, x.stamp)
		} else {
			a.mb.Deliver(int(x.ch), x.p, x.meta, x.key, x.stamp)
		}
	}
	if l != nil && cap(in) <= 64 {
		clear(in)
		l.spareIn = in[:0]
	}
	for i := range ctl {
		a.take(&ctl[i])
	}
}

func (a *actor[P]) take(c *control[P]) {
	switch c.kind {
	case ctlPost:
		a.mb.Post(c.key, c.post)
	case ctlReady:
		a.mb.Park(false)
	case ctlRan:
		a.mb.Ran(c.ran)
	case ctlPartial:
		a.mb.Merge(c.partial)
	case ctlFail:
		a.fail(c.err)
	case ctlPassivate:
		a.passivate()
	case ctlAlarm:
		a.alarm = 0
	}
}
