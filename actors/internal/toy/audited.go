package toy

import "github.com/dirigo-stream/dirigo/actors"

// audited is a behavior whose calls go into the books. What an actor's store would
// keep is the behavior itself: a passivation drops only this, and calls on what was
// dropped are wrong.
type audited struct {
	actors.Behavior[*Batch]
	own       *ledger
	spend     func(lessee bool)
	advancing uint64 // tick; 0: no
	dropped   bool
}

// auditedPoller is one that makes messages, auditedLendable one that lends.
type (
	auditedPoller   struct{ audited }
	auditedLendable struct{ audited }
)

func newAudited(b actors.Behavior[*Batch], own *ledger, g *Graph) actors.Behavior[*Batch] {
	x := audited{Behavior: b, own: own, spend: g.Spend}
	if x.spend == nil {
		x.spend = func(bool) {}
	}
	switch b.(type) {
	case actors.Poller[*Batch]:
		return &auditedPoller{x}
	case actors.Lendable[*Batch]:
		return &auditedLendable{x}
	}
	return &x
}

func (x *audited) begins(call string) {
	if x.own.mid || x.dropped {
		x.own.books.wrong(x.own, "calls", "%s in mid-call (or after a passivation: %v)", call, x.dropped)
	}
}

func (x *audited) ends(more bool, err error) (bool, error) {
	x.spend(false)
	if x.own.mid = more; !more && x.advancing != 0 {
		x.own.pass(x.advancing)
		x.advancing = 0
	}
	return more, err
}

// Push implements actors.Behavior.
func (x *audited) Push(in int, b *Batch, t *turn) (bool, error) {
	x.begins("Push")
	x.own.merges(b)
	return x.ends(x.Behavior.Push(in, b, t))
}

// Due implements actors.Behavior.
func (x *audited) Due(f actors.Frontier, rows bool, least int64) bool {
	x.begins("Due")
	x.own.judged(f, rows, least)
	due := x.Behavior.Due(f, rows, least)
	if !due {
		x.own.pass(f.Tick)
	}
	return due
}

// Advance implements actors.Behavior.
func (x *audited) Advance(f actors.Frontier, t *turn) (bool, error) {
	x.begins("Advance")
	x.own.done(f)
	x.advancing = f.Tick
	return x.ends(x.Behavior.Advance(f, t))
}

// Resume implements actors.Behavior.
func (x *audited) Resume(t *turn) (bool, error) { return x.ends(x.Behavior.Resume(t)) }

// Passivate implements actors.Passivable.
func (x *audited) Passivate() bool {
	x.begins("Passivate")
	x.own.rests()
	x.dropped = true
	return true
}

// Merged returns how many batches are in the state.
func (x *audited) Merged() int64 { return x.own.Merged() }

// Read has a view show itself to the reads that wait.
func (x *audited) Read() {
	if v, ok := x.Behavior.(*view); ok {
		v.read()
	}
}

// Urgent implements actors.Poller.
func (x *auditedPoller) Urgent() int64 { return x.Behavior.(actors.Poller[*Batch]).Urgent() }

// Poll implements actors.Poller.
func (x *auditedPoller) Poll(t *turn) (bool, error) {
	x.begins("Poll")
	return x.Behavior.(actors.Poller[*Batch]).Poll(t)
}

// Lend implements actors.Lendable.
func (x *auditedLendable) Lend() actors.Lessee[*Batch] {
	return &auditedLessee{Lessee: x.Behavior.(actors.Lendable[*Batch]).Lend(), own: x.own, spend: x.spend}
}

// Absorb implements actors.Lendable.
func (x *auditedLendable) Absorb(partial any, t *turn) (bool, error) {
	x.begins("Absorb")
	p := partial.(auditedPartial)
	for _, b := range p.batches {
		x.own.merges(b)
	}
	return x.ends(x.Behavior.(actors.Lendable[*Batch]).Absorb(p.partial, t))
}

type auditedLessee struct {
	actors.Lessee[*Batch]
	own   *ledger
	spend func(lessee bool)
	ran   []*Batch
}

type auditedPartial struct {
	partial any
	batches []*Batch
}

// Push implements actors.Lessee.
func (x *auditedLessee) Push(in int, b *Batch) error {
	x.ran = append(x.ran, b)
	x.spend(true)
	x.own.ranAway(b)
	return x.Lessee.Push(in, b)
}

// Collect implements actors.Lessee.
func (x *auditedLessee) Collect() (any, error) {
	p, err := x.Lessee.Collect()
	ran := x.ran
	x.ran = nil
	return auditedPartial{p, ran}, err
}
