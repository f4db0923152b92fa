package actors

import (
	"math"

	"github.com/dirigo-stream/dirigo/actors/internal/fault"
)

// NoWatermark is the watermark of a channel before its first Punct.
const NoWatermark = int64(math.MinInt64)

// Hooks is what a mailbox asks its driver while it decides.
type Hooks interface {
	// Due is Behavior.Due.
	Due(f Frontier, rows bool, least int64) bool
	// Lend is asked for each data message of a lendable actor, with the stamp it
	// was delivered with.
	Lend(m Meta, stamp int64) (lessee int, lend bool)
	// GiveUp returns when a round that begins to collect at now gives up the
	// lessees that have not answered; due is nil for an early round.
	GiveUp(due *Frontier, now int64) int64
}

// RoundHooks is asked for once; a driver whose rounds carry state has it.
type RoundHooks interface {
	// Opened is called before the first message of a round is lent.
	Opened(now int64) (state any)
	// Ended is called when all that was lent in a round is merged.
	Ended(state any, now int64)
}

// MailboxConfig makes a Mailbox.
type MailboxConfig struct {
	Inputs, Outputs []int // channels per port
	Lessees         int   // 0: nothing is lent
	Quota           *Quota
	LentFor         int64 // ns after which lent batches are collected; 0: never
	Hooks           Hooks
	Faults          fault.Set
}

// Mailbox is the protocol of one actor as a state machine without goroutine,
// clock or lock: tick order, frontiers, credits, rounds with lessees.
//
// A driver owns it and calls its methods one at a time: events (Deliver,
// DeliverPunct, Credit, Wake, Post, Ran, Merge, Park), then Next until it
// returns nil. Next returns a call for the driver to make on the behavior, which
// Done answers; what else is to be done comes out of Effects.
//
// Channels are numbered through: those of port 0 first, then those of port 1.
type Mailbox[P any] struct {
	// What every message looks at comes first, to lie together.
	lend    *lending[P] // nil: not lendable
	ins     []inChan[P]
	inTick  uint64 // the least tick over the channels
	done    uint64 // the last tick passed on
	blocked int32  // outputs without credit
	kind    CallKind
	more    bool // the last call has more to emit
	rows    bool // admitted since the last Advance
	parked  bool
	woken   bool
	due     *Frontier // a passed frontier whose work has not been done; in cur
	posts   []post[P]
	cur     *Call[P] // the last call, which began as kind; nil: never called, or shrunk
	least   int64    // lower bound of the event times admitted and not covered
	out     []Effect[P]
	held    held[P]

	hooks  Hooks
	outs   []outChan
	inWm   []int64 // per port; lent to Frontier.In
	faults fault.Set
}

type post[P any] struct {
	due int64
	f   func(Behavior[P], error)
}

// held is what ends with the running message: its channel's credit, or the lent
// batch that is run again.
type held[P any] struct {
	ch   int
	size int64
	lent *lent[P]
}

// NewMailbox returns an empty mailbox: every channel at tick 0, no watermark.
// Channels have no credit until OpenIn and OpenOut.
func NewMailbox[P any](cfg MailboxConfig) *Mailbox[P] {
	mb := emptyMailbox[P](cfg.Inputs)
	mb.hooks, mb.least, mb.faults = cfg.Hooks, NoTime, cfg.Faults
	n := 0
	for _, k := range cfg.Outputs {
		n += k
	}
	mb.outs = make([]outChan, n)
	for i := range mb.outs {
		mb.outs[i].lastWm = NoWatermark
	}
	mb.inWm = make([]int64, len(cfg.Inputs))
	if cfg.Lessees > 0 {
		mb.lend = &lending[P]{n: cfg.Lessees, quota: cfg.Quota, lentFor: cfg.LentFor}
		mb.lend.hooks, _ = cfg.Hooks.(RoundHooks)
		mb.lend.ahead.hooks, _ = cfg.Hooks.(AheadHooks)
	}
	return mb
}

// emptyMailbox returns one with its input channels. Two of them lie beside the rest:
// where ten thousand actors have a message each, all of it is one place in memory.
func emptyMailbox[P any](inputs []int) *Mailbox[P] {
	total := 0
	for _, n := range inputs {
		total += n
	}
	var mb *Mailbox[P]
	if total <= 2 {
		small := new(struct {
			Mailbox[P]
			ins [2]inChan[P]
		})
		mb = &small.Mailbox
		mb.ins = small.ins[:0]
	} else {
		mb = &Mailbox[P]{ins: make([]inChan[P], 0, total)}
	}
	for port, n := range inputs {
		for range n {
			mb.ins = append(mb.ins, inChan[P]{port: port, wm: NoWatermark})
		}
	}
	return mb
}

// CallKind tells the calls on a behavior apart.
type CallKind uint8

// The calls: each is a method of Behavior, Lendable or Poller, or a post.
const (
	CallNone CallKind = iota
	CallPush
	CallResume
	CallAdvance
	CallAbsorb
	CallPoll
	CallPost
)

// Call is one call to be made on the behavior.
type Call[P any] struct {
	Kind     CallKind
	In       int // port
	Payload  P
	Meta     Meta
	Stamp    int64 // the stamp it was delivered with
	Frontier Frontier
	Partial  any
	Post     func(Behavior[P], error)
}

// Do makes the call on b.
func (c *Call[P]) Do(b Behavior[P], t *Turn[P]) (more bool, err error) {
	switch c.Kind {
	case CallPush:
		return b.Push(c.In, c.Payload, t)
	case CallResume:
		return b.Resume(t)
	case CallAdvance:
		return b.Advance(c.Frontier, t)
	case CallAbsorb:
		return b.(Lendable[P]).Absorb(c.Partial, t)
	case CallPoll:
		return b.(Poller[P]).Poll(t)
	case CallPost:
		c.Post(b, nil)
	}
	return false, nil
}

// EffectKind tells effects apart.
type EffectKind uint8

// The effects.
const (
	// EffectCredit: return Size bytes of credit to the sender of channel Ch.
	EffectCredit EffectKind = iota
	// EffectPunct: send Punct on every output, each with its own Stamp.
	EffectPunct
	// EffectLend: send Lent to lessee Lessee.
	EffectLend
	// EffectCollect: ask lessee Lessee for its partial.
	EffectCollect
)

// Effect is something for the driver to do beside calls, in order.
type Effect[P any] struct {
	Kind    EffectKind
	Ch      int32
	Lessee  int32
	Size    int64
	Punct   Punct
	Lent    *Lent[P]
	Collect *Collect
}

// Effects hands over what is to be done; the slice is good until the next event.
func (mb *Mailbox[P]) Effects() []Effect[P] {
	e := mb.out
	mb.out = mb.out[:0]
	return e
}

// Wake makes Next poll the behavior, which must be a Poller.
func (mb *Mailbox[P]) Wake() { mb.woken = true }

// Post queues f to be called between two messages.
func (mb *Mailbox[P]) Post(due int64, f func(Behavior[P], error)) {
	mb.posts = append(mb.posts, post[P]{due, f})
}

// Park stops (or lets go on) everything but the bookkeeping of events: the
// behavior waits for something outside.
func (mb *Mailbox[P]) Park(parked bool) { mb.parked = parked }

// Still reports whether nothing is under way: no call to be resumed, no post, no
// page that is waited for.
func (mb *Mailbox[P]) Still() bool { return !mb.more && !mb.parked && len(mb.posts) == 0 }

// MidCall reports whether the last call has more to emit.
func (mb *Mailbox[P]) MidCall() bool { return mb.more }

// Shrink lets go of memory that an idle mailbox does not need.
func (mb *Mailbox[P]) Shrink() {
	mb.out, mb.posts, mb.cur = nil, nil, nil
	for i := range mb.ins {
		mb.ins[i].q, mb.ins[i].head = nil, 0
	}
	if l := mb.lend; l != nil {
		l.spare, l.partials, l.rerun, l.going = nil, nil, nil, nil
		l.lax.forget()
	}
}
