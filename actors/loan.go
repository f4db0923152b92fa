package actors

import "time"

// loans is what an actor has learned of lending.
type loans struct {
	absorb  median        // sixteenths of a ns per lent row, of absorbing partials
	trip    median        // ns from asking a lessee to having its partial
	asked   int64         // when the round that collects asked
	rows    int64         // lent in the round that takes what is lent
	merging int64         // rows lent in the round whose partials are being absorbed
	spent   int64         // ns of absorbing them
	merged  time.Duration // all absorbing so far
	refused int64
	draws   uint64
	inflow  inflow
	offer   Offer     // reused
	stats   lentTally // under mu
}

const (
	// perPartial is what asking, answering and merging cost beside the rows, ns.
	perPartial = 5_000
	firstTrip  = 100_000 // ns, until it is known
	// fades is how fast the price of lending is forgotten where it keeps messages
	// here: keys become hot, and nobody would know.
	fades = 7
	// reserve is the part of a target that is kept where a window's work is guessed.
	reserve = 3
)

// reach is how far ahead latest starts may lie; 0: nobody asks for the slack.
func (a *actor[P]) reach(s *scheduling) int64 {
	slo := a.load.SLO.Load()
	if slo == 0 || s.lending == nil {
		return 0
	}
	if w := a.load.window.Load(); w != nil {
		slo += int64(min(w.slope*float64(w.period), float64(mostWait)))
	}
	return slo
}

// Lend implements Hooks.
func (a *actor[P]) Lend(m Meta, stamp int64) (int, bool) { return a.offer(m, stamp, 0) }

// LendAhead implements AheadHooks.
func (a *actor[P]) LendAhead(m Meta, stamp int64) (int, bool) {
	return a.offer(m, stamp, a.loan.busy(a.w.now))
}

// busy returns how long the lessor has to do with the round that collects, ns, as
// far as rounds before it tell.
func (l *loans) busy(now int64) int64 {
	ns := max(0, int64(l.absorb)*l.merging/16-l.spent)
	if l.asked > 0 {
		ns += max(0, int64(l.trip)-(now-l.asked))
	}
	return ns
}

// offer asks the lending of a message that cannot run here for so many ns.
func (a *actor[P]) offer(m Meta, stamp, busy int64) (int, bool) {
	s, l := a.rt.policy(), a.loan
	if s.lending == nil {
		return 0, false
	}
	now, n := a.w.now, a.mb.lend.n
	var states []any // of what is scheduled now: that may have changed in mid-round
	if r, ok := a.mb.Round().(*carried); ok && r.by == s {
		states = r.states
	}
	o := &l.offer
	*o = Offer{
		Lessor: a.spec.Name, Load: &a.load, Meta: m, N: n, Now: now,
		Start: never, Slack: never, Cost: a.load.Expected(m), Trip: int64(l.trip),
		Busy: busy, Round: states, peers: a, draws: &l.draws,
	}
	if a.load.SLO.Load() > 0 {
		o.Start = a.load.LatestStart(m, stamp)
		o.Slack = a.mb.Slack(o.Cost+busy, now)
		o.Ahead = a.ahead(m)
	}
	o.Price = int64(l.absorb) * int64(m.Rows) / 16
	if l.rows == 0 {
		o.Price += perPartial
	}
	if o.Trip == 0 {
		o.Trip = firstTrip
	}
	k, ok := s.lending.Lend(o)
	switch {
	case ok:
		l.rows += int64(m.Rows)
	case o.refused:
		l.refused++
	case !o.Here() && !o.Pays():
		l.absorb -= l.absorb >> fades
	}
	return min(max(k, 0), n-1), ok
}

// ahead returns how much work comes to the actor with and behind a message until
// its window fires, ns: all of it must be done before there is a result. Nothing
// of it waits here where credit is short, so the queue does not tell. A part of
// the target is kept in reserve, as this is an estimate.
func (a *actor[P]) ahead(m Meta) int64 {
	if a.load.window.Load() == nil || m.Born == 0 || a.loan.inflow.rate == 0 {
		return 0
	}
	slo := a.load.SLO.Load()
	return a.loan.inflow.ahead(m.Born, a.load.Deadline(m, m.Born)-slo) + slo/reserve
}

// carried is what the Rounders of a policy and a lending made for a round; they
// have it back, whatever is scheduled when it ends.
type carried struct {
	by     *scheduling
	states []any
}

// Opened implements RoundHooks.
func (a *actor[P]) Opened(now int64) any {
	s := a.rt.policy()
	if len(s.rounds) == 0 {
		return nil
	}
	c := &carried{by: s}
	for _, r := range s.rounds {
		c.states = append(c.states, r.Open(&a.load, now))
	}
	return c
}

// Ended implements RoundHooks.
func (a *actor[P]) Ended(state any, now int64) {
	l := a.loan
	if l.merging > 0 && l.spent > 0 {
		l.absorb.add(l.spent * 16 / l.merging)
	}
	l.merging, l.spent = 0, 0
	if c, ok := state.(*carried); ok {
		for i, r := range c.by.rounds {
			r.Ended(&a.load, c.states[i], now)
		}
	}
}

// collects notes that the round that took what was lent asks for it.
func (l *loans) collects(now int64) {
	l.merging += l.rows
	l.rows, l.asked = 0, now
}

// absorbing notes what merging a partial took.
func (l *loans) absorbing(took int64) {
	l.spent += took
	l.merged += time.Duration(took)
}

// returned notes that a partial came.
func (a *actor[P]) returned(now int64) {
	if l := a.loan; l != nil && l.asked > 0 && now > l.asked {
		l.trip.add(now - l.asked)
		l.asked = 0
	}
}

// accepts implements peers.
func (a *actor[P]) accepts(k int, start, cost, now int64) bool {
	lent := int64(0)
	if a.helpers != nil {
		lent = int64(a.helpers[k].owed.Load()) * cost
	}
	if lent > a.mb.Work() {
		return false // what waits here is done sooner here
	}
	return a.peer(k).accepts(start, cost, now, lent)
}

func (a *actor[P]) waits(k int) int64 {
	q := &a.peer(k).q
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.lax.total
}

// peer is the worker that lessee k is sent to.
func (a *actor[P]) peer(k int) *worker {
	all := a.rt.workers.workers
	return all[(int(a.home.Load())+1+k)%len(all)]
}

// accepts is the lending test at another worker, to which the lessor has lent so
// much that has not run. What is late anyway goes to one that has less to do than
// the message takes: where all have more, lending would only add merges.
func (w *worker) accepts(start, cost, now, lent int64) bool {
	until := w.until.Load()
	if w.q.size.Load() == 0 && (until == 0 || w.pool.virtual != nil && until <= now) {
		return true // it runs nothing
	}
	at := max(now, until)
	w.q.mu.Lock()
	defer w.q.mu.Unlock()
	if start < now {
		return at-now+w.q.lax.total+w.q.behind+lent < cost
	}
	return w.q.lax.fits(start, cost, at+lent)
}
