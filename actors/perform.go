package actors

import (
	"fmt"
	"math"
	"time"
)

// Emit implements Host.
func (a *actor[P]) Emit(out, dest int, p P, m Meta) {
	k := index(a.spec.Outputs, out, dest)
	l := a.outs[k]
	if l == nil {
		panic(fmt.Sprintf("actor %v: output %d channel %d is not connected", a.spec.Name, out, dest))
	}
	a.mb.Emitted(k, m)
	a.live.emitted += m.Bytes
	now := a.live.turn.now
	x := arrival[P]{p: p, meta: m, ch: int32(l.in), stamp: now}
	x.key = a.rt.policy().Send(&l.to.load, m, now)
	l.to.deliver(a.w, &x)
}

// Punct implements Host.
func (a *actor[P]) Punct(p Punct) { a.punct(p, a.live.turn.now) }

func (a *actor[P]) punct(p Punct, now int64) {
	for k, l := range a.outs {
		if l == nil {
			continue
		}
		x := arrival[P]{punct: p, isPunct: true, mark: a.mb.Stamp(k, p), ch: int32(l.in), stamp: now}
		x.key = a.rt.policy().Send(&l.to.load, Meta{Born: p.Born, Time: NoTime}, now)
		l.to.deliver(a.w, &x)
	}
}

// perform carries out the mailbox's effects.
func (a *actor[P]) perform(now int64) {
	for _, e := range a.mb.Effects() {
		switch e.Kind {
		case EffectCredit:
			a.ins[e.Ch].giveBack(a.w, e.Size, a.load.Cost.Load()+a.load.Fire.Load()+a.load.Path.Load())
		case EffectPunct:
			a.punct(e.Punct, now)
		case EffectLend:
			a.lendTo(e.Lent, now)
		case EffectCollect:
			m := anything // what was lent inherits the deadline of the work that waits for it
			if a.mb.due != nil {
				m.Born = a.mb.due.Born
			}
			a.loan.collects(now)
			a.helpers[e.Lessee].collect(*e.Collect, a.rt.policy().Send(&a.load, m, now))
		}
	}
}

func (a *actor[P]) lendTo(l *Lent[P], now int64) {
	if v := a.rt.cfg.Virtual; v != nil {
		v.Spend(v.Lend)
	}
	if a.helpers == nil {
		a.helpers = make([]*helper[P], a.mb.lend.n)
		for k := range a.helpers {
			a.helpers[k] = &helper[P]{lessor: a, k: k, box: *NewLesseeBox[P](a.rt.cfg.Faults)}
		}
	}
	if l.Seq == 0 {
		l.Code = a.live.lendable.Lend()
	}
	a.helpers[l.Lessee].lend(*l, a.rt.policy().Send(&a.load, l.Meta, now))
}

// giveBack returns credit to the sender, and what lies downstream costs.
func (l *link[P]) giveBack(w *worker, size, path int64) {
	if l.path.Load() != path {
		l.path.Store(path)
	}
	l.returned.Add(size)
	if l.starved.Load() && l.starved.CompareAndSwap(true, false) {
		l.from.kick(w)
	}
}

// survey learns what lies downstream costs, from what came back with credit.
func (a *actor[P]) survey() {
	most := int64(0)
	for _, l := range a.outs {
		if l != nil {
			most = max(most, l.path.Load())
		}
	}
	a.load.Path.Store(most)
}

// refill takes the credit that came back, if an output lacks some, and reports
// whether that lets the actor go on. Otherwise whoever returns credit kicks it.
func (a *actor[P]) refill() bool {
	if !a.mb.Blocked() || a.failure != nil {
		return false
	}
	for k, l := range a.outs {
		if l == nil || !a.mb.BlockedOut(k) {
			continue
		}
		a.mb.Credit(k, l.returned.Swap(0))
		if a.mb.BlockedOut(k) {
			l.starved.Store(true)
			a.mb.Credit(k, l.returned.Swap(0))
		}
	}
	return !a.mb.Blocked()
}

// Due implements Hooks.
func (a *actor[P]) Due(f Frontier, rows bool, least int64) bool { return a.live.b.Due(f, rows, least) }

const (
	leastPatience = int64(50 * time.Millisecond)
	mostPatience  = int64(2 * time.Second)
)

// GiveUp implements Hooks: the latest start of the due work less the cost of
// running the batches again, within reason: giving up too early only adds work.
func (a *actor[P]) GiveUp(due *Frontier, now int64) int64 {
	r := a.mb.closing
	var rows int64
	for _, k := range r.used {
		for i := range r.parts[k].lents {
			rows += int64(r.parts[k].lents[i].meta.Rows)
		}
	}
	again := rows * int64(a.perRow)
	at := int64(math.MaxInt64)
	if slo := a.load.SLO.Load(); slo > 0 && due != nil {
		at = a.load.LatestStart(Meta{Born: due.Born, Time: NoTime}, now) - again
	}
	return min(max(at, now+leastPatience+2*again), now+mostPatience+4*again)
}

// arm sets an alarm for the mailbox's timer.
func (a *actor[P]) arm() {
	at := a.mb.Timer()
	if at == math.MaxInt64 || a.alarm != 0 && a.alarm <= at {
		return
	}
	a.alarm = at
	a.rt.timers.at(at, func() { a.control(nil, control[P]{kind: ctlAlarm, key: at}) })
}
