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
	round   *round[P]   // takes what is lent; nil: nothing was
	closing *round[P]   // collects
	ins     []inChan[P]
	inTick  uint64 // the least tick over the channels
	done    uint64 // the last tick passed on
	blocked int32  // outputs without credit
	kind    CallKind
	more    bool // the last call has more to emit
	rows    bool // admitted since the last Advance
	parked  bool
	woken   bool
	due     *Frontier // a passed frontier whose work has not been done; in the call
	posts   []post[P]
	ports   int16       // of its inputs
	desk    *scratch[P] // nil: until it is needed
	least   int64       // lower bound of the event times admitted and not covered

	hooks  Hooks
	outs   []outChan
	faults *fault.Set
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
	mb := new(Mailbox[P])
	var lend *lending[P]
	if cfg.Lessees > 0 {
		lend = new(lending[P])
	}
	mb.init(cfg, nil, lend)
	return mb
}

var noFaults fault.Set

// few is how many input channels lie in an actor's own memory, if it has no more.
const few = 2

// init makes mb an empty mailbox, with input channels in ins where they fit; lend is
// nil where nothing is lent. An owner that has all of it in its own memory finds it
// without going from pointer to pointer: where ten thousand actors have a message
// each, that is what a message costs.
func (mb *Mailbox[P]) init(cfg MailboxConfig, ins []inChan[P], lend *lending[P]) {
	mb.hooks, mb.least, mb.faults, mb.ports = cfg.Hooks, NoTime, &noFaults, int16(len(cfg.Inputs))
	if broken := cfg.Faults; broken != noFaults {
		mb.faults = &broken
	}
	total := 0
	for _, n := range cfg.Inputs {
		total += n
	}
	if mb.ins = ins[:0]; cap(ins) < total {
		mb.ins = make([]inChan[P], 0, total)
	}
	for port, n := range cfg.Inputs {
		for range n {
			mb.ins = append(mb.ins, inChan[P]{port: port, wm: NoWatermark})
		}
	}
	n := 0
	for _, k := range cfg.Outputs {
		n += k
	}
	mb.outs = make([]outChan, n)
	for i := range mb.outs {
		mb.outs[i].lastWm = NoWatermark
	}
	if mb.lend = lend; lend != nil {
		lend.n, lend.quota, lend.lentFor = cfg.Lessees, cfg.Quota, cfg.LentFor
		lend.hooks, _ = cfg.Hooks.(RoundHooks)
		lend.ahead.hooks, _ = cfg.Hooks.(AheadHooks)
	}
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
	s := mb.desk
	if s == nil {
		return nil
	}
	e := s.out
	s.out = s.out[:0]
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
	mb.desk, mb.posts = nil, nil
	for i := range mb.ins {
		mb.ins[i].q, mb.ins[i].head = nil, 0
	}
	if l := mb.lend; l != nil {
		l.spare, l.partials, l.rerun = nil, nil, nil
		l.lax.forget()
	}
}
