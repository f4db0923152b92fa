package actors

import "sync/atomic"

// actor is a mailbox in the threaded runtime.
type actor[P any] struct {
	slot
	inbox []arrival[P] // under mu
	ctl   []control[P] // under mu
	stats tally        // under mu

	rt    *Runtime[P]
	spec  lasting[P]
	load  Load
	woken atomic.Bool
	dirty atomic.Bool // inbox or ctl is not empty
	home  atomic.Int32
	swept atomic.Bool // on the sweep's list
	outs  []*link[P]
	ins   []*link[P]

	// Of the turn:
	mb      Mailbox[P]
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

// lasting is what an actor needs of its Spec once it is made.
type lasting[P any] struct {
	Name            Name
	Activate        func() (Behavior[P], error)
	Inputs, Outputs []int
	Failed          func(error)
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
	cfg := MailboxConfig{Inputs: s.Inputs, Outputs: s.Outputs, Quota: s.Quota, LentFor: int64(rt.cfg.LentFor), Faults: rt.cfg.Faults}
	var a *actor[P]
	if s.Lendable {
		cfg.Lessees = max(1, len(rt.workers.workers)-1)
		a = newLessor[P](cfg)
	} else {
		x := new(struct {
			actor[P]
			ins [few]inChan[P]
		})
		a, cfg.Hooks = &x.actor, &x.actor
		a.mb.init(cfg, x.ins[:0], nil)
	}
	a.rt, a.load.Used = rt, used
	a.spec = lasting[P]{Name: s.Name, Activate: s.Activate, Inputs: s.Inputs, Outputs: s.Outputs, Failed: s.Failed}
	if s.Window > 0 {
		a.fit = &fit{windowSize: s.Window}
	}
	a.outs = make([]*link[P], len(a.mb.outs))
	a.ins = make([]*link[P], len(a.mb.ins))
	return a
}

func newLessor[P any](cfg MailboxConfig) *actor[P] {
	x := new(struct {
		actor[P]
		ins  [few]inChan[P]
		lend lending[P]
		loan loans
	})
	a := &x.actor
	cfg.Hooks, a.loan = a, &x.loan
	a.mb.init(cfg, x.ins[:0], &x.lend)
	return a
}
