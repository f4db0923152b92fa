package actors

import "sync/atomic"

// actor is a mailbox in the threaded runtime.
type actor[P any] struct {
	slot
	inbox []arrival[P] // under mu
	ctl   []control[P] // under mu
	stats tally        // under mu

	rt    *Runtime[P]
	spec  Spec[P]
	load  Load
	woken atomic.Bool
	dirty atomic.Bool // inbox or ctl is not empty
	home  atomic.Int32
	swept atomic.Bool // on the sweep's list
	outs  []*link[P]
	ins   []*link[P]

	// Of the turn:
	mb      *Mailbox[P]
	live    *live[P] // nil: passive
	w       *worker
	perRow  median
	perMsg  median
	perFire median
	fit     *fit   // nil: no windows
	loan    *loans // nil: not lendable
	blocked int64  // ns; since when credit is missing; 0: it is not
	failure error
	times   atomic.Pointer[times]
	alarm   int64 // armed for; 0: not
	idle    int64 // since; under mu
	left    int64 // when it left memory; under mu
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
	waited   int64 // ns, of the running message before it
	turns    int
	emitted  int64 // bytes in this turn
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

func newActor[P any](rt *Runtime[P], s Spec[P], used *Use) *actor[P] {
	a := &actor[P]{rt: rt, spec: s}
	a.load.Used = used
	cfg := MailboxConfig{Inputs: s.Inputs, Outputs: s.Outputs, Quota: s.Quota, Hooks: a, LentFor: int64(rt.cfg.LentFor), Faults: rt.cfg.Faults}
	if s.Lendable {
		cfg.Lessees = max(1, len(rt.workers.workers)-1)
		a.loan = &loans{}
	}
	if s.Window > 0 {
		a.fit = &fit{windowSize: s.Window}
	}
	a.mb = NewMailbox[P](cfg)
	a.outs = make([]*link[P], len(a.mb.outs))
	a.ins = make([]*link[P], len(a.mb.ins))
	return a
}
