package actors

import "math"

// Lent is a message on its way to a lessee. Seq counts those of one round at
// one lessee from 0: the lessee of the message with Seq 0 begins from empty.
type Lent[P any] struct {
	Round, Seq, Attempt int
	Lessee              int
	In                  int
	Payload             P
	Meta                Meta
	Code                Lessee[P] // with Seq 0, from the driver
}

// Collect asks a lessee for its partial of a round, in which it was sent Count
// messages. A lessee that has not run them all answers when it has.
type Collect struct{ Round, Attempt, Count, Lessee int }

// Ran reports that a lessee has run a lent message.
type Ran struct{ Round, Seq, Attempt, Lessee int }

// Partial is a lessee's answer to a Collect.
type Partial struct {
	Round, Attempt, Count int
	Lessee                int
	Value                 any
	Err                   error
}

// lending is the lessor's side of rounds. A round covers the messages admitted
// since the last; it is counted here only, and ends here.
type lending[P any] struct {
	// What every message looks at comes first, to lie together.
	lax      laxity // what waits
	quota    *Quota
	partials []Partial  // of the round that collects: arrived, not absorbed
	rerun    []*lent[P] // of it: given up, to be run here
	n        int        // lessees
	hooks    RoundHooks
	ahead    ahead
	lentFor  int64
	next     int // number of the next round
	giveUpAt int64
	spare    *round[P]
	count    LendCounts
}

// LendCounts are what a mailbox has lent so far.
type LendCounts struct{ Lent, Merged, Rounds, GivenUp int64 }

// round keeps what was lent in it: a lessee that stalls or is lost is given up,
// and its batches, which are frozen, run again at the lessor.
type round[P any] struct {
	no    int
	state any   // the driver's
	since int64 // the first was lent
	bytes int64 // charged to the quota
	left  int   // partials to be absorbed and batches to be run again
	parts []part[P]
	used  []int // lessees that something was lent to
}

// part is the share of one lessee in a round.
type part[P any] struct {
	lents   []lent[P]
	attempt int
	asked   Collect
	state   partState
}

type partState uint8

const (
	partOpen  partState = iota
	partAsked           // a Collect is out
	partCame            // its partial is here
	partGiven           // given up: runs again
)

// lent is a kept batch.
type lent[P any] struct {
	ch   int
	p    P
	meta Meta
	ran  bool // its credit has been returned
}

func (mb *Mailbox[P]) open() bool       { return mb.round != nil }
func (mb *Mailbox[P]) collecting() bool { return mb.closing != nil }

// tryLend lends the first item of channel ch, if the driver wants that.
func (mb *Mailbox[P]) tryLend(ch int, now int64) bool {
	it := mb.ins[ch].first()
	m := it.meta()
	if !mb.room(m) {
		return false
	}
	mb.uncount(it)
	k, ok := mb.hooks.Lend(m, it.stamp)
	if ok {
		mb.lendTo(k, ch, now)
	}
	return ok
}

func (mb *Mailbox[P]) room(m Meta) bool {
	return mb.lend.quota.room(charge(m)) || mb.faults.NoQuota
}

func (mb *Mailbox[P]) lendTo(k, ch int, now int64) {
	l, c := mb.lend, &mb.ins[ch]
	it := c.first()
	m := it.meta()
	if mb.round == nil {
		mb.round = l.newRound(now)
		if l.hooks != nil {
			mb.round.state = l.hooks.Opened(now)
		}
	}
	r := mb.round
	part := &r.parts[k]
	if len(part.lents) == 0 {
		r.used = append(r.used, k)
	}
	size := charge(m)
	r.bytes += size
	l.quota.add(size)
	l.count.Lent++
	c.unrun += size
	s := mb.scratch()
	if len(s.out) == 0 {
		clear(s.going)
		s.going = s.going[:0]
	}
	s.going = append(s.going, Lent[P]{
		Round: r.no, Seq: len(part.lents), Attempt: part.attempt, Lessee: k,
		In: c.port, Payload: it.p, Meta: m,
	})
	mb.effect(Effect[P]{Kind: EffectLend, Lessee: int32(k), Lent: &s.going[len(s.going)-1]})
	part.lents = append(part.lents, lent[P]{ch: ch, p: it.p, meta: m})
	mb.admit(m, true)
	c.drop()
}

func (l *lending[P]) newRound(now int64) *round[P] {
	r := l.spare
	l.spare = nil
	if r == nil {
		r = &round[P]{parts: make([]part[P], l.n)}
	}
	r.no, r.since, r.state = l.next, now, nil
	l.next++
	return r
}

// closeRound asks every lessee used in the open round for its partial; what is
// lent from now on belongs to the next one.
func (mb *Mailbox[P]) closeRound(due *Frontier, now int64) {
	l := mb.lend
	r := mb.round
	mb.round, mb.closing = nil, r
	l.giveUpAt = mb.hooks.GiveUp(due, now)
	if mb.faults.AskAll {
		mb.askAll(r)
	}
	for _, k := range r.used {
		part := &r.parts[k]
		part.state = partAsked
		r.left++
		part.asked = Collect{Round: r.no, Attempt: part.attempt, Count: len(part.lents), Lessee: k}
		mb.effect(Effect[P]{Kind: EffectCollect, Lessee: int32(k), Collect: &part.asked})
	}
}

// wantsEarly: lent batches are to be collected before any work is due.
func (mb *Mailbox[P]) wantsEarly(now int64) bool {
	l := mb.lend
	if !mb.open() || mb.collecting() || mb.faults.NoEarly || mb.faults.CreditLate {
		return false
	}
	if l.quota.half() {
		return true
	}
	return !mb.faults.QuotaOnly && mb.starved() || mb.ages() && now-mb.round.since >= l.lentFor
}

// ages: lent batches are collected when they have been away for long.
func (mb *Mailbox[P]) ages() bool {
	return mb.lend.lentFor > 0 && !mb.faults.NoEarly && !mb.faults.QuotaOnly && !mb.faults.CreditLate
}

// starved: an input's credit is held by lent batches that have not run. If
// their lessee is lost nothing else brings it back.
func (mb *Mailbox[P]) starved() bool {
	for i := range mb.ins {
		if c := &mb.ins[i]; c.cap > 0 && c.unrun >= c.cap {
			return true
		}
	}
	return false
}

// Rounds reports whether something is lent, or a round collects.
func (mb *Mailbox[P]) Rounds() bool { return mb.open() || mb.collecting() }

// Round returns the state of the round that takes what is lent; nil: none is open.
func (mb *Mailbox[P]) Round() any {
	if mb.open() {
		return mb.round.state
	}
	return nil
}

// Lessees returns how many lessees hold something of this actor.
func (mb *Mailbox[P]) Lessees() (n int) {
	if mb.open() {
		n = len(mb.round.used)
	}
	if !mb.collecting() {
		return n
	}
	for _, k := range mb.closing.used {
		if !mb.open() || len(mb.round.parts[k].lents) == 0 {
			n++
		}
	}
	return n
}

// Lending returns what was lent so far.
func (mb *Mailbox[P]) Lending() (c LendCounts) {
	if mb.lend != nil {
		c = mb.lend.count
	}
	return c
}

// Timer returns when Next is to be called though nothing happened: a lessee is
// to be given up, or lent batches have been away for too long.
func (mb *Mailbox[P]) Timer() int64 {
	l := mb.lend
	switch {
	case mb.collecting() && mb.mayGiveUp():
		return l.giveUpAt
	case mb.open() && !mb.collecting() && mb.due == nil && mb.ages():
		return mb.round.since + l.lentFor
	}
	return math.MaxInt64
}
