package actors

import "time"

// Config makes a Runtime. Its zero value works: one worker per core.
type Config struct {
	Workers int
	Clock   func() int64 // Unix ns; nil: the real clock
	// Lending decides which messages are lent; nil: none are.
	Lending Lending
	// IdleAfter is how long an actor is without messages before it is
	// passivated; 0: 10 s. A sweep does it, no timer per actor, and only while
	// there are actors in memory that could be passivated.
	IdleAfter time.Duration
	// Failed is told of an actor's error or panic, once, on a goroutine of its
	// own. The actor takes no more messages.
	Failed func(Name, error)
}

// Lending decides, for each data message admitted at a lendable actor, whether
// it is lent and to which of n lessees. Lend is called in the lessor's turn.
type Lending interface {
	Lend(lessor Name, m Meta, n int) (lessee int, lend bool)
}

// Quota bounds the batches that the actors of one query have lent and keep.
type Quota struct{ Limit int64 }

// Spec says what an actor is.
type Spec[P any] struct {
	Name Name
	// Activate makes the behavior at the first message, and again after a
	// passivation.
	Activate func() (Behavior[P], error)
	Inputs   []int // number of channels on each input port
	Outputs  []int // number of channels on each output port
	Lendable bool
	Quota    *Quota
}

// Runtime runs actors.
type Runtime[P any] struct{}

// New returns a running Runtime.
func New[P any](cfg Config) *Runtime[P] { panic("not yet") }

// Close stops the workers after their running messages and waits for them.
func (rt *Runtime[P]) Close() { panic("not yet") }

// Add makes an actor; it gets no message before Start.
func (rt *Runtime[P]) Add(s Spec[P]) *Ref[P] { panic("not yet") }

// Connect joins channel i of output port out of from with channel j of input
// port in of to, with credit for bytes.
func (rt *Runtime[P]) Connect(from *Ref[P], out, i int, to *Ref[P], in, j int, credit int64) {
	panic("not yet")
}

// Remove drops actors, whatever they hold; it waits until none of them runs.
func (rt *Runtime[P]) Remove(refs ...*Ref[P]) { panic("not yet") }

// Ref reaches one actor, through its mailbox only.
type Ref[P any] struct{}

// Wake makes a Poller's Poll run. It may be called from anywhere, never blocks,
// and costs little when the actor is awake already.
func (r *Ref[P]) Wake() { panic("not yet") }

// Post runs f in the actor's turn, between two messages, activating it if need
// be; due (Unix ns) is its deadline, which what stands before it inherits.
// While the actor's last call wants to be resumed, f waits. f gets an error
// instead of a behavior when the actor has failed or was removed.
func (r *Ref[P]) Post(due int64, f func(Behavior[P], error)) { panic("not yet") }

// SetSLO sets the latency target of the actor: the deadline of a message is
// its Born (or arrival) plus slo; 0: best effort.
func (r *Ref[P]) SetSLO(slo time.Duration) { panic("not yet") }

// Stats returns the actor's counters.
func (r *Ref[P]) Stats() Stats { panic("not yet") }

// Stats are counters since the actor was made.
type Stats struct {
	Messages, Rows        int64
	Busy, Waited          time.Duration // running; from arrival to run, summed over messages
	Lent, Merged, Rounds  int64
	GivenUp               int64 // lessees given up, their batches run again
	Activated, Passivated int64
	Queued                int64         // bytes waiting now
	Cost, Path            time.Duration // median per message here; the largest sum downstream
}

// Turn is an actor's hold on a worker during one call.
type Turn[P any] struct{}

// Emit sends a frozen payload on channel dest of output port out.
func (t *Turn[P]) Emit(out, dest int, p P, m Meta) { panic("not yet") }

// Fuel returns how many rows the call may still emit.
func (t *Turn[P]) Fuel() int { panic("not yet") }

// Punct sends a Punct on every output channel; only Pollers do it themselves.
func (t *Turn[P]) Punct(p Punct) { panic("not yet") }

// Now returns the clock at the start of the turn, Unix ns.
func (t *Turn[P]) Now() int64 { panic("not yet") }
