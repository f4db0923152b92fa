package actors

import (
	"errors"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/dirigo-stream/dirigo/actors/internal/fault"
)

// Config makes a Runtime. Its zero value works: one worker per core.
type Config struct {
	Workers int
	Clock   func() int64 // Unix ns; nil: the real clock
	// Virtual, if not nil, makes a runtime without goroutines, in virtual time,
	// that runs in Drive.
	Virtual *Virtual
	// Lending decides which messages are lent; nil: none are.
	Lending Lending
	// Policy orders work; nil: LeastLaxity.
	Policy Policy
	// IdleAfter is how long an actor that gets messages now and then is without
	// one before it is passivated; 0: 10 s. One that is new, or was away for as long,
	// is so after an eighth of that. A sweep does it, no timer per actor, and only
	// while there are actors in memory that could be passivated.
	IdleAfter time.Duration
	// Fuel is how many rows a call may emit before it should return more; 0: 8192.
	Fuel int
	// LentFor is how long batches stay lent before they are collected without
	// any work due; 0: 100 ms.
	LentFor time.Duration
	// Faults are rules to break on purpose.
	Faults fault.Set
}

// Spec says what an actor is.
type Spec[P any] struct {
	Name Name
	// Activate makes the behavior at the first message, and again after a
	// passivation. It is called in the actor's turn.
	Activate func() (Behavior[P], error)
	Inputs   []int // number of channels on each input port
	Outputs  []int // number of channels on each output port
	Lendable bool  // its behaviors are Lendable
	Window   int64 // µs: rows wait for windows that end at multiples of it; 0: they do not
	Quota    *Quota
	// Failed is told of the actor's error or panic, once, on a goroutine of its own,
	// maybe after the actor was removed and another one added in its name. It takes
	// no more messages. nil: nobody is told.
	Failed func(error)
}

// What Post and Spec.Failed report beside a behavior's own errors.
var (
	ErrRemoved = errors.New("actor removed")
	ErrClosed  = errors.New("runtime closed")
)

const (
	defaultIdleAfter = 10 * time.Second
	defaultLentFor   = 100 * time.Millisecond
	defaultFuel      = 8192
)

// Runtime runs actors.
type Runtime[P any] struct {
	cfg     Config
	workers *pool
	timers  *timers
	sched   atomic.Pointer[scheduling]

	mu     sync.Mutex
	actors map[*actor[P]]struct{}
	used   map[uint64]*Use // by job
	sweep  sweep[P]
	closed atomic.Bool

	activated, passivated atomic.Int64
}

// New returns a running Runtime.
func New[P any](cfg Config) *Runtime[P] {
	if cfg.Workers <= 0 {
		cfg.Workers = runtime.NumCPU()
	}
	if cfg.Virtual != nil {
		cfg.Clock = cfg.Virtual.Now
	}
	if cfg.Clock == nil {
		cfg.Clock = realClock()
	}
	if cfg.Policy == nil {
		cfg.Policy = LeastLaxity{}
	}
	cfg.IdleAfter = or(cfg.IdleAfter, defaultIdleAfter)
	cfg.LentFor = or(cfg.LentFor, defaultLentFor)
	cfg.Fuel = or(cfg.Fuel, defaultFuel)
	rt := &Runtime[P]{cfg: cfg, actors: map[*actor[P]]struct{}{}, used: map[uint64]*Use{}}
	rt.sched.Store(newScheduling(cfg.Policy, cfg.Lending))
	rt.timers = newTimers(cfg.Clock)
	rt.timers.driven = cfg.Virtual != nil
	rt.workers = newPool(cfg.Workers, cfg.Clock, rt.timers, cfg.Virtual)
	return rt
}

func or[T comparable](x, y T) T {
	var zero T
	if x == zero {
		return y
	}
	return x
}

// realClock reads the monotonic clock only, which is cheaper, and never steps.
func realClock() func() int64 {
	start := time.Now()
	unix := start.UnixNano()
	return func() int64 { return unix + int64(time.Since(start)) }
}

// Schedule changes who runs first and what is lent, from now on; a nil lending
// lends nothing. What waits keeps the key that it was sent with.
func (rt *Runtime[P]) Schedule(p Policy, l Lending) { rt.sched.Store(newScheduling(p, l)) }

// Scheduling returns what Schedule has set last.
func (rt *Runtime[P]) Scheduling() (Policy, Lending) {
	s := rt.policy()
	return s.Policy, s.lending
}

// policy returns the policy of this moment.
func (rt *Runtime[P]) policy() *scheduling { return rt.sched.Load() }

// Close stops the workers after their running messages and waits for them. What
// was posted and has not run gets ErrClosed.
func (rt *Runtime[P]) Close() {
	if rt.closed.Swap(true) {
		return
	}
	rt.timers.stop()
	rt.workers.stop()
	rt.mu.Lock()
	all := rt.actors
	rt.actors = nil
	rt.mu.Unlock()
	for a := range all {
		a.end(ErrClosed)
	}
}

// Add makes an actor; it gets no message before its inputs are connected and
// their senders run.
func (rt *Runtime[P]) Add(s Spec[P]) *Ref[P] {
	rt.mu.Lock()
	defer rt.mu.Unlock()
	use := rt.used[s.Name.Job]
	if use == nil {
		use = &Use{}
		rt.used[s.Name.Job] = use
	}
	use.actors++
	a := newActor(rt, s, use)
	if rt.actors != nil {
		rt.actors[a] = struct{}{}
	}
	return &Ref[P]{a}
}

// Connect joins channel i of output port out of from with channel j of input
// port in of to, with credit for bytes. Both actors are without messages yet.
func (rt *Runtime[P]) Connect(from *Ref[P], out, i int, to *Ref[P], in, j int, credit int64) {
	k := index(from.a.spec.Outputs, out, i)
	ch := index(to.a.spec.Inputs, in, j)
	l := &link[P]{from: from.a, to: to.a, out: k, in: ch}
	from.a.outs[k] = l
	to.a.ins[ch] = l
	from.a.mb.OpenOut(k, max(1, credit))
	to.a.mb.OpenIn(ch, max(1, credit))
}

// index returns the number of channel i of port among all channels.
func index(ports []int, port, i int) int {
	for _, n := range ports[:port] {
		i += n
	}
	return i
}

// Remove drops actors, whatever they hold; it waits until none of them runs, so
// it is not to be called in a turn of one of them.
func (rt *Runtime[P]) Remove(refs ...*Ref[P]) {
	for _, r := range refs {
		r.a.leaveForever()
	}
	for _, r := range refs {
		r.a.end(ErrRemoved)
	}
	rt.mu.Lock()
	defer rt.mu.Unlock()
	for _, r := range refs {
		if _, ok := rt.actors[r.a]; !ok {
			continue
		}
		delete(rt.actors, r.a)
		job := r.a.spec.Name.Job
		if use := rt.used[job]; use != nil {
			if use.actors--; use.actors == 0 {
				delete(rt.used, job)
			}
		}
	}
}

// Ref reaches one actor, through its mailbox only.
type Ref[P any] struct{ a *actor[P] }

// Wake makes a Poller's Poll run. It may be called from anywhere, never blocks,
// and costs little when the actor is awake already.
func (r *Ref[P]) Wake() {
	if !r.a.woken.Load() && !r.a.woken.Swap(true) {
		r.a.kick(nil)
	}
}

// Post runs f in the actor's turn, between two messages, activating it if need
// be; due (Unix ns) is its deadline, which what stands before it inherits; 0:
// none of its own.
// While the actor's last call wants to be resumed, f waits. f gets an error
// instead of a behavior when the actor has failed or was removed; it is then
// called on a goroutine of its own.
func (r *Ref[P]) Post(due int64, f func(Behavior[P], error)) {
	key := due
	if due == 0 {
		key = r.a.rt.policy().Send(&r.a.load, Meta{Rows: 1, Time: NoTime}, r.a.rt.cfg.Clock())
	}
	r.a.control(nil, control[P]{kind: ctlPost, key: key, due: due, post: f})
}

// SetSLO sets the latency target of the actor: the deadline of a message is
// its Born (or arrival) plus slo; 0: best effort.
func (r *Ref[P]) SetSLO(slo time.Duration) { r.a.load.SLO.Store(int64(slo)) }

// SLO returns the latency target of the actor; 0: best effort.
func (r *Ref[P]) SLO() time.Duration { return time.Duration(r.a.load.SLO.Load()) }

// Way returns what a message costs from here on: at this actor and downstream.
func (r *Ref[P]) Way() time.Duration {
	l := &r.a.load
	return time.Duration(l.Cost.Load() + l.Path.Load())
}

// Name returns the actor's name.
func (r *Ref[P]) Name() Name { return r.a.spec.Name }

// Stats returns the actor's counters.
func (r *Ref[P]) Stats() Stats { return r.a.readStats() }
