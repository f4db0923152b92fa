package sim

import (
	"fmt"

	"github.com/dirigo-stream/dirigo/actors"
)

// Actor is a mailbox in the simulator.
type Actor[P any] struct {
	w       *World[P]
	spec    actors.Spec[P]
	mb      *actors.Mailbox[P]
	b       actors.Behavior[P] // nil: passive
	outs    []*link[P]
	ins     []*link[P]
	lessees []*lessee[P]
	reports []actors.LesseeReport // on their way here
	ready   bool                  // Next may have something to say
	parked  bool                  // waits for something outside
	weight  int
	load    actors.Load // for the policy

	taken                      int64 // messages delivered
	steps, wakes, hears, rests func()
}

// Auditor is a behavior that says how many messages are in its state.
type Auditor interface{ Merged() int64 }

// Reader is a behavior that some posts ask to show itself.
type Reader interface{ Read() }

func newActor[P any](w *World[P], s actors.Spec[P]) *Actor[P] {
	a := &Actor[P]{w: w, spec: s, weight: 1 + w.rng.IntN(12)}
	cfg := actors.MailboxConfig{
		Inputs: s.Inputs, Outputs: s.Outputs, Quota: s.Quota,
		LentFor: w.cfg.LentFor, Hooks: a, Faults: w.cfg.Faults,
	}
	if s.Lendable && w.cfg.Lend > 0 {
		cfg.Lessees = w.cfg.Lessees
	}
	a.mb = actors.NewMailbox[P](cfg)
	for k := range cfg.Lessees {
		a.lessees = append(a.lessees, newLessee(a, k))
	}
	total := func(ports []int) (n int) {
		for _, k := range ports {
			n += k
		}
		return n
	}
	a.outs, a.ins = make([]*link[P], total(s.Outputs)), make([]*link[P], total(s.Inputs))
	a.load.Used = &actors.Use{}
	a.load.SLO.Store(w.rng.Int64N(3) * 10)
	a.load.Cost.Store(w.rng.Int64N(20))
	a.load.Path.Store(w.rng.Int64N(20))
	a.steps, a.wakes, a.hears, a.rests = a.step, a.unpark, a.hear, a.rest
	a.activate()
	return a
}

func (a *Actor[P]) activate() {
	b, err := a.spec.Activate()
	if err != nil {
		a.w.fail(err)
	}
	a.b = b
}

// rest has the actor leave memory. Nothing that was delivered may be missing in
// what its store keeps.
func (a *Actor[P]) rest() {
	if !a.mb.Empty() { // a post came
		return
	}
	a.w.stats.Rests++
	if x, ok := a.b.(Auditor); ok && x.Merged() != a.taken {
		a.w.fail(fmt.Errorf("%v: %d messages of %d: %w", a.spec.Name, x.Merged(), a.taken, ErrRest))
	}
	if a.b.(actors.Passivable).Passivate() {
		a.b = nil
		a.mb.Shrink()
	}
}

// Wake has the behavior, a Poller, polled.
func (a *Actor[P]) Wake() {
	a.mb.Wake()
	a.ready = true
}

// post queues a function as Ref.Post does; it must run, between two messages.
func (a *Actor[P]) post() {
	a.w.stats.Posts++
	a.mb.Post(a.w.now, func(b actors.Behavior[P], err error) {
		a.w.posted++
		if err != nil || a.mb.MidCall() {
			a.w.fail(fmt.Errorf("%v: a post in mid-call, or with an error: %v", a.spec.Name, err))
		}
		if x, ok := b.(Reader); ok {
			x.Read()
		}
	})
	a.ready = true
}

func (a *Actor[P]) enabled() {
	if a.ready {
		a.w.may(a.weight, a.steps)
	} else if a.w.cfg.Rests && a.b != nil && a.mb.Empty() {
		a.w.may(1, a.rests)
	}
	if a.parked {
		a.w.may(2, a.wakes)
	}
	if len(a.reports) > 0 {
		a.w.may(6, a.hears)
	}
	for _, l := range a.lessees {
		l.enabled()
	}
}

// step makes one call, if there is one.
func (a *Actor[P]) step() {
	if a.b == nil {
		if a.mb.Empty() {
			a.ready = false
			return
		}
		a.activate()
	}
	blocked := a.mb.Blocked()
	c := a.mb.Next(a.w.now)
	a.perform()
	if c == nil {
		a.ready = false
		return
	}
	if blocked && c.Kind != actors.CallPost {
		a.w.fail(fmt.Errorf("%v: called without credit", a.spec.Name))
	}
	a.w.stats.Calls++
	more, err := c.Do(a.b, actors.NewTurn[P](a, a.w.cfg.Fuel, a.w.now))
	if err != nil {
		a.w.fail(fmt.Errorf("%v: %w", a.spec.Name, err))
	}
	a.mb.Done(more)
	a.perform()
	if a.w.cfg.Parks && a.w.rng.IntN(6) == 0 {
		a.parked = true
		a.mb.Park(true)
	}
}

func (a *Actor[P]) unpark() {
	a.parked, a.ready = false, true
	a.mb.Park(false)
}

func (a *Actor[P]) perform() {
	for _, e := range a.mb.Effects() {
		switch e.Kind {
		case actors.EffectCredit:
			a.ins[e.Ch].returned += e.Size
		case actors.EffectPunct:
			a.Punct(e.Punct)
		case actors.EffectLend:
			if q := a.spec.Quota; q != nil && q.Used() > q.Limit {
				a.w.fail(fmt.Errorf("%v: %d bytes of %d: %w", a.spec.Name, q.Used(), q.Limit, ErrQuota))
			}
			if e.Lent.Seq == 0 {
				e.Lent.Code = a.b.(actors.Lendable[P]).Lend()
			}
			a.lessees[e.Lessee].lent = append(a.lessees[e.Lessee].lent, *e.Lent)
		case actors.EffectCollect:
			if e.Collect.Count == 0 {
				a.w.fail(fmt.Errorf("%v: %w", a.spec.Name, ErrEmpty))
			}
			a.lessees[e.Lessee].asked(*e.Collect)
		}
	}
}

// hear takes one of the reports, in any order; some are lost or come twice.
func (a *Actor[P]) hear() {
	i := a.w.rng.IntN(len(a.reports))
	r := a.reports[i]
	if !a.w.doubled() {
		a.reports = append(a.reports[:i], a.reports[i+1:]...)
	}
	if a.w.dropped() {
		return
	}
	if r.DidRun {
		a.mb.Ran(r.Ran)
	}
	if r.Answered {
		a.mb.Merge(r.Partial)
	}
	a.perform()
	a.ready = true
}

// Emit implements actors.Host.
func (a *Actor[P]) Emit(out, dest int, p P, m actors.Meta) {
	k := index(a.spec.Outputs, out, dest)
	a.mb.Emitted(k, m)
	a.outs[k].flying = append(a.outs[k].flying, message[P]{p: p, meta: m})
}

// Punct implements actors.Host.
func (a *Actor[P]) Punct(p actors.Punct) {
	for k, l := range a.outs {
		l.flying = append(l.flying, message[P]{punct: p, mark: a.mb.Stamp(k, p), isPunct: true})
	}
}

// Due implements actors.Hooks.
func (a *Actor[P]) Due(f actors.Frontier, rows bool, least int64) bool {
	if a.parked || a.mb.MidCall() && !a.w.cfg.Faults.Overtake {
		a.w.fail(fmt.Errorf("%v: asked what is due while it waits, or in mid-call", a.spec.Name))
	}
	return a.b.Due(f, rows, least)
}

// Lend implements actors.Hooks.
func (a *Actor[P]) Lend(actors.Meta, int64) (int, bool) {
	return a.w.rng.IntN(len(a.lessees)), a.w.rng.Float64() < a.w.cfg.Lend
}

// LendAhead implements actors.AheadHooks.
func (a *Actor[P]) LendAhead(m actors.Meta, stamp int64) (int, bool) { return a.Lend(m, stamp) }

// GiveUp implements actors.Hooks: sometimes far too early.
func (a *Actor[P]) GiveUp(_ *actors.Frontier, now int64) int64 {
	if a.w.cfg.Lossy {
		return now + 1 + a.w.rng.Int64N(40)
	}
	return now + 1_000_000
}

// link is a channel with what travels on it.
type link[P any] struct {
	w        *World[P]
	from, to *Actor[P]
	out, in  int
	flying   []message[P]
	returned int64
	weight   int

	bringsMessage, bringsCredit func()
}

type message[P any] struct {
	p       P
	meta    actors.Meta
	punct   actors.Punct
	mark    actors.Mark
	isPunct bool
}

func (l *link[P]) enabled() {
	if len(l.flying) > 0 {
		l.w.may(l.weight, l.bringsMessage)
	}
	if l.returned > 0 {
		l.w.may(l.weight, l.bringsCredit)
	}
}

func (l *link[P]) arrive() {
	m := l.flying[0]
	l.flying = l.flying[1:]
	key := l.key(m.meta)
	if m.isPunct {
		l.to.mb.DeliverPunct(l.in, m.punct, m.mark, key, 0)
	} else {
		l.to.taken++
		l.to.mb.Deliver(l.in, m.p, m.meta, key, 0)
	}
	l.to.ready = true
}

// key is how urgent a message is: by the policy, or by chance.
func (l *link[P]) key(m actors.Meta) int64 {
	if p := l.w.cfg.Policy; p != nil {
		return p.Send(&l.to.load, m, l.w.now)
	}
	return int64(l.w.rng.IntN(1000))
}

func (l *link[P]) credit() {
	l.from.mb.Credit(l.out, l.returned)
	l.returned = 0
	if used := l.from.mb.Owed(l.out); used < 0 {
		l.w.fail(fmt.Errorf("%v to %v: returned %d bytes too many: %w", l.from.spec.Name, l.to.spec.Name, -used, ErrCredit))
	}
	l.from.ready = true
}
