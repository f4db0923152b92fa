package actors

import (
	"math"
	"sync/atomic"
)

// Rank is a place in the order of work: units with a deadline by Key (smallest
// first), Shared ones beside them by share, Key being what their query has used.
type Rank struct {
	Key    int64
	Shared bool

	cost int64 // ns of work there, where lending asks; 0: it does not
	now  int64 // with cost
}

// Policy orders work. Its methods are called on the path of every message, from
// many goroutines: they read a Load and keep what they must in atomics. It cannot
// break ordering: the mailbox stands below it.
//
// A policy that also implements Arriver, Beforer, Afterer or Rounder is told more.
// A message passes the hooks in this order: Send as it is sent; Arrive as it is
// taken into the mailbox; Pick whenever its actor is queued; then, if it runs at
// its actor, Before and After; if it is lent, Open (the first of a round), After
// at the lessee, and Ended when the round is merged.
type Policy interface {
	// Send returns the key of a message as it is sent to an actor. Smaller is
	// more urgent. Of several channels of one actor the one whose first message
	// has the smallest key goes first. m.Rows is 0 for a Punct.
	Send(to *Load, m Meta, now int64) (key int64)
	// Pick returns the place of a unit whose most urgent message has key; it is
	// asked whenever the unit is queued, and again when its key has passed.
	Pick(l *Load, key, now int64) Rank
}

// Arriver is a policy that is told of data messages as they are taken into a
// mailbox, in the actor's turn.
type Arriver interface {
	Arrive(at *Load, m Meta, key, now int64)
}

// Beforer is a policy that is told of a data message about to run at its actor.
type Beforer interface {
	Before(l *Load, m Meta, now int64)
}

// Afterer is a policy that is told that a call at l, or at a lessee of it, took
// so many ns. What queries have used is counted without it.
type Afterer interface {
	After(l *Load, took int64)
}

// Rounder is a policy or a Lending with state that a round carries: Open makes
// it when the first message of a round is lent, Offer.Round shows it to every
// later decision of that round, and Ended has it when all is merged. They are
// called in the lessor's turn.
type Rounder interface {
	Open(l *Load, now int64) (state any)
	Ended(l *Load, state any, now int64)
}

// Load is what policies and senders know of an actor. Its fields are read by
// anyone and written in the actor's turn, or by SetSLO.
type Load struct {
	SLO  atomic.Int64 // ns; 0: best effort
	Cost atomic.Int64 // ns per message, running median
	Row  atomic.Int64 // ns per row, running median
	Fire atomic.Int64 // ns of work that a frontier makes due, running median
	Path atomic.Int64 // ns, the largest sum of costs downstream
	Wait atomic.Int64 // ns of work queued at an actor that may lend
	Due  atomic.Int64 // earliest deadline of a post that waits, Unix ns; 0: none
	Used *Use         // shared by the actors of a query

	window atomic.Pointer[window] // nil: rows are not kept back
}

// Use is what a query has had of the workers.
type Use struct {
	Total atomic.Int64 // ns that its actors have run
	// Tokens are for a policy that counts by intervals: the number of the
	// interval, and ns used in it.
	Interval, InInterval atomic.Int64

	actors int
}

// Expected returns what a message costs at l, ns: for a Punct, what must be
// absorbed before it and the work that it makes due.
func (l *Load) Expected(m Meta) int64 {
	if m.Rows == 0 {
		return l.Fire.Load() + l.Wait.Load()
	}
	if row := l.Row.Load(); row > 0 {
		return row * int64(m.Rows)
	}
	return l.Cost.Load()
}

// Deadline returns when the results of a message that came at now are due: born
// + SLO, or where it waits for a window, when the window can fire + SLO.
func (l *Load) Deadline(m Meta, now int64) int64 {
	t := m.Born
	if t == 0 {
		t = now
	}
	if w := l.window.Load(); w != nil && m.Rows > 0 {
		t = max(t, w.fires(m.Time, t))
	}
	return t + l.SLO.Load()
}

// LatestStart returns the deadline less what the message costs here and
// downstream. For best effort it is when the message came, less its costs.
func (l *Load) LatestStart(m Meta, now int64) int64 {
	return l.Deadline(m, now) - l.Expected(m) - l.Path.Load()
}

// asked returns the place of a unit that a read or a FLUSH waits for: what
// stands before it inherits its deadline, late or not: somebody waits.
func (l *Load) asked() (Rank, bool) {
	due := l.Due.Load()
	return Rank{Key: due}, due != 0
}

func (l *Load) share() Rank { return Rank{Key: l.Used.Total.Load(), Shared: true} }

// byDeadline is the place of a unit in the policies that know deadlines: what is
// too late, or has no target, runs by share. Late messages first, as the order
// alone would have it, collapses under overload: each outranks every fresh one.
func (l *Load) byDeadline(key, now int64) Rank {
	meets := l.SLO.Load() != 0 && key >= now
	if r, ok := l.asked(); ok {
		if meets {
			r.Key = min(r.Key, key)
		}
		return r
	}
	if !meets {
		return l.share()
	}
	return Rank{Key: key}
}

// scheduling is a policy, a lending and their optional powers, asked for once.
type scheduling struct {
	Policy
	arrives Arriver
	before  Beforer
	after   Afterer
	rounds  []Rounder
	lending Lending
}

func newScheduling(p Policy, l Lending) *scheduling {
	s := &scheduling{Policy: p, lending: l}
	s.arrives, _ = p.(Arriver)
	s.before, _ = p.(Beforer)
	s.after, _ = p.(Afterer)
	for _, x := range []any{p, l} {
		if r, ok := x.(Rounder); ok {
			s.rounds = append(s.rounds, r)
		}
	}
	return s
}

// took notes what a call at l took.
func (s *scheduling) took(l *Load, ns int64) {
	l.Used.Total.Add(ns)
	if s.after != nil {
		s.after.After(l, ns)
	}
}

const never = math.MaxInt64
