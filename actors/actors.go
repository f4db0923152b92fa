// Package actors runs virtual actors on shared cores: mailboxes with tick
// order, credits per channel, dual-mode rounds (a hot actor lends messages to
// lessees and merges their partial states before due work), and a two-level
// scheduler that orders single messages by deadline.
//
// It is generic in the payload P, imports nothing of the project and would
// serve another one. The mailbox is a pure state machine (mailbox*.go): events
// and clock readings in, decisions out; the threaded Runtime and actors/sim
// drive the same code.
package actors

import "fmt"

// Name identifies an actor; it exists by name whether it is in memory or not.
type Name struct {
	Job      uint64
	Vertex   int
	Instance int
}

func (n Name) String() string { return fmt.Sprintf("%d/%d/%d", n.Job, n.Vertex, n.Instance) }

// NoTime is the event time of a message without one: it is never waited for.
const NoTime = int64(1<<63 - 1)

// Meta is what mailbox and scheduler know of a data message.
type Meta struct {
	Rows  int
	Bytes int64 // retained; charged to the channel's credit
	Time  int64 // least event time, µs; NoTime: none
	Born  int64 // when the last event in it was appended at its origin, Unix ns; 0: unknown
}

// Punct says per channel: Tick is complete here, event time has reached
// Watermark (µs), and Seal (0: none) is the epoch that ends with Tick.
type Punct struct {
	Tick      uint64
	Watermark int64
	Seal      uint64
	Born      int64 // as in Meta, of the last event in the tick
}

// Frontier is how far all channels of an actor have come.
type Frontier struct {
	Punct         // the least tick, the least watermark; Born: the latest
	In    []int64 // the watermark of each input port, the least over its channels; good until the Advance is done
}

// Behavior is the code of one actor. Its methods run one at a time, in the
// actor's turn. An error stops the actor and goes to Config.Failed.
//
// A method that has more to emit than t.Fuel() returns more; Resume is called
// until it returns false, before the actor's next message.
type Behavior[P any] interface {
	Push(in int, p P, t *Turn[P]) (more bool, err error)
	// Due says whether f gives the actor something to do beyond passing it on:
	// rows is whether any row was admitted since the last Advance, least the
	// least event time of all rows admitted and not yet covered by an Advance
	// whose watermark passed them (those lent to lessees included), or a lower
	// bound of it: what an Advance leaves behind counts from its watermark on.
	// NoTime: none. A Seal makes every frontier due, without asking.
	Due(f Frontier, rows bool, least int64) bool
	// Advance runs the due work of a passed frontier, alone and on merged
	// state. The mailbox sends the Punct on when it is done.
	Advance(f Frontier, t *Turn[P]) (more bool, err error)
	Resume(t *Turn[P]) (more bool, err error)
}

// Lendable is a behavior whose Push may be done in parts elsewhere. Lend
// returns a new empty lessee; it may be called in any turn of the actor.
type Lendable[P any] interface {
	Behavior[P]
	Lend() Lessee[P]
	Absorb(partial any, t *Turn[P]) (more bool, err error)
}

// Lessee computes a partial state on another worker; it never emits. Its
// methods run one at a time, but not in the lessor's turn. Collect hands over
// what there is and starts from empty.
type Lessee[P any] interface {
	Push(in int, p P) error
	Collect() (partial any, err error)
}

// Poller is a behavior that also makes messages by itself (a source, a reader
// of a shared feed). Poll is called in a turn after Ref.Wake while every output
// has credit, until it returns false; it emits data and, by t.Punct, Puncts.
// Urgent tells when what it would emit next was born (Unix ns; 0: unknown).
type Poller[P any] interface {
	Behavior[P]
	Poll(t *Turn[P]) (more bool, err error)
	Urgent() (born int64)
}

// Waiter is a behavior that must sometimes wait for something outside (a page
// to be read, a sink to take more). It is asked after Activate and every call: a non-nil
// function parks the actor: nothing of it runs until ready is called, from any
// goroutine; then Resume is called if the last call had returned more.
type Waiter interface {
	Wait() (start func(ready func()))
}

// Passivable is a behavior that can leave memory: Passivate returns false when
// it has something that only memory holds. After true the behavior is dropped,
// and the next message activates a new one by Spec.Activate.
type Passivable interface {
	Passivate() bool
}
