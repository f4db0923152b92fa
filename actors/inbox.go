package actors

import "math"

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
	a.enqueue(w, a.rt.policy().Send(&a.load, anything, now))
}

// enqueue ends a delivery: it unlocks, and queues the actor if it slept.
func (a *actor[P]) enqueue(w *worker, key int64) {
	ok := a.wanted(key)
	a.mu.Unlock()
	if ok {
		a.rt.workers.push(w, a.rank(key, math.MinInt64), a)
	}
}

func (a *actor[P]) rank(key, now int64) Rank {
	s := a.rt.policy()
	r := s.Pick(&a.load, key, now)
	if s.lending != nil {
		r.cost = a.load.Cost.Load() + a.load.Wait.Load()
	}
	return r
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
	if len(in) > 0 {
		a.arrive(in)
	}
	if l != nil && cap(in) <= 64 {
		clear(in)
		l.spareIn = in[:0]
	}
	for i := range ctl {
		a.take(&ctl[i])
	}
}

// anything is what a message is that nobody knows better.
var anything = Meta{Rows: 1, Time: NoTime}

// arrive delivers messages to the mailbox.
func (a *actor[P]) arrive(in []arrival[P]) {
	s := a.rt.policy()
	if a.loan != nil {
		a.mb.Reach(a.reach(s))
	}
	for i := range in {
		x := &in[i]
		if x.isPunct {
			a.passed(&x.punct, x.stamp)
			a.mb.DeliverPunct(int(x.ch), x.punct, x.mark, x.key, x.stamp)
			continue
		}
		if s.arrives != nil {
			s.arrives.Arrive(&a.load, x.meta, x.key, x.stamp)
		}
		if a.loan == nil {
			a.mb.Deliver(int(x.ch), x.p, x.meta, x.key, x.stamp)
			continue
		}
		cost := a.load.Expected(x.meta)
		a.loan.inflow.add(x.meta.Born, cost)
		a.mb.DeliverDue(int(x.ch), x.p, x.meta, x.key, x.stamp, a.load.LatestStart(x.meta, x.stamp), cost)
	}
	if a.loan != nil {
		a.load.Wait.Store(a.mb.Work())
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
		a.returned(a.rt.cfg.Clock())
		a.mb.Merge(c.partial)
	case ctlFail:
		a.fail(c.err)
	case ctlPassivate:
		a.passivate()
	case ctlAlarm:
		a.alarm = 0
	}
}
