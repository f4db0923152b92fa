package job

import (
	"sync"
	"sync/atomic"

	"github.com/dirigo-stream/dirigo/actors"
	"github.com/dirigo-stream/dirigo/exec/batch"
	"github.com/dirigo-stream/dirigo/exec/op"
)

// viewPart is one instance of a view: it serves reads at a tick and passes
// changes to subscribers. All but the subscribers' queues runs in the turn of
// the instance, or under its lock.
type viewPart struct {
	q     *query
	home  *instance
	state func() snapshot // of the operator that keeps the view

	mu      sync.Mutex
	begun   uint64 // the largest tick that it has begun to apply
	done    uint64 // the largest tick that it has applied, or that passed it by
	reads   []*viewRead
	subs    []*subscription
	changes []*batch.Batch // of the tick being applied
	low     int64          // the watermark that has passed
	edge    *feed          // what other queries read; nil: none does
	pending []injection    // for them, rising

	rows  *op.Materialized // in the instance's turn; nil while it is not in memory
	lent  atomic.Int32     // snapshots that are being read
	ready atomic.Pointer[func()]
}

// snapshot is the content of one instance of a view at one tick; Next returns
// nil at its end.
type snapshot interface {
	Next(max int) (*batch.Batch, error)
}

// lend gives a snapshot out: until it has been read, what it reads must stay.
func (p *viewPart) lend(s snapshot) snapshot {
	p.lent.Add(1)
	return &lentSnapshot{snapshot: s, of: p}
}

type lentSnapshot struct {
	snapshot
	of   *viewPart
	done bool
}

// Next implements snapshot.
func (s *lentSnapshot) Next(limit int) (*batch.Batch, error) {
	b, err := s.snapshot.Next(limit)
	if b == nil || err != nil {
		s.back()
	}
	return b, err
}

// Close gives back what was not read.
func (s *lentSnapshot) Close() {
	s.back()
	if c, ok := s.snapshot.(interface{ Close() }); ok {
		c.Close()
	}
}

func (s *lentSnapshot) back() {
	if !s.done {
		s.done = true
		s.of.lent.Add(-1)
	}
}

// used says that somebody reads the view now.
func (p *viewPart) used() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.lent.Load() > 0 || len(p.reads)+len(p.changes) > 0
}

// leave lets go of the operator, which leaves memory.
func (p *viewPart) leave() { p.state, p.rows = nil, nil }

// viewRead waits at an instance for the last touched tick ≤ tick to be applied.
type viewRead struct {
	tick  uint64
	serve func(snapshot, error)
	// inTurn: serve looks at the operator itself, and gets no snapshot.
	inTurn bool
}

// begin is called before tick is applied: reads of earlier ticks are served.
// It passes a gate under the clock's lock, so that a read that picks its tick
// there knows what every instance has begun.
func (p *viewPart) begin(tick uint64) {
	c := p.q.eng.clock
	c.mu.Lock()
	defer c.mu.Unlock()
	p.mu.Lock()
	defer p.mu.Unlock()
	p.serveLocked(func(r *viewRead) bool { return r.tick < tick })
	p.begun = tick
}

// applied is called when a tick has been applied. It reports whether somebody
// listens.
func (p *viewPart) applied(f actors.Punct) (told bool) {
	p.finish(f)
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, b := range p.changes {
		p.q.observe(b.Born, int64(b.Rows()))
	}
	for _, s := range p.subs {
		s.add(p.home.index, f.Tick, p.changes)
	}
	p.changes = nil
	return len(p.subs) > 0
}

// passed is called for a tick that had nothing for this instance.
func (p *viewPart) passed(f actors.Punct) {
	p.finish(f)
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, s := range p.subs {
		s.add(p.home.index, f.Tick, nil)
	}
}

// finish ends a tick: its changes go to the queries that read the view, and
// reads that wait for nothing more are served.
func (p *viewPart) finish(f actors.Punct) {
	c := p.q.eng.clock
	c.mu.Lock()
	defer c.mu.Unlock()
	p.mu.Lock()
	defer p.mu.Unlock()
	p.give(f)
	p.begun, p.done = max(p.begun, f.Tick), f.Tick
	p.bringWhile(func(x injection) bool { return !p.q.touchedIn(f.Tick, x.tick) })
	p.serveLocked(func(r *viewRead) bool { return !p.q.touchedIn(f.Tick, r.tick) })
}

// serveLocked serves the reads for which now is true.
func (p *viewPart) serveLocked(now func(*viewRead) bool) {
	rest := p.reads[:0]
	for _, r := range p.reads {
		switch {
		case !now(r):
			rest = append(rest, r)
		case r.inTurn:
			r.serve(nil, nil)
		default:
			r.serve(p.state(), nil)
		}
	}
	p.reads = rest
}

// wake makes the instance serve the reads that wait for nothing more: here, where
// it is idle, so that who reads waits for no worker. One that was stopped tells
// why.
func (p *viewPart) wake() {
	if p.home.ref.Here(func(behavior) { p.serve() }) && !p.asked() {
		return
	}
	p.home.ref.Post(p.q.eng.cfg.now(), func(_ behavior, err error) {
		if err == nil {
			p.serve()
			return
		}
		p.fail(p.q.why(err))
	})
}

// asked says whether a read waits.
func (p *viewPart) asked() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.reads) > 0
}

// serve serves the reads that wait for nothing more; in the instance's turn.
func (p *viewPart) serve() {
	c := p.q.eng.clock
	c.mu.Lock()
	defer c.mu.Unlock()
	p.mu.Lock()
	defer p.mu.Unlock()
	p.serveLocked(func(r *viewRead) bool { return !p.q.touchedIn(p.done, r.tick) })
}

// fail ends all reads and subscriptions.
func (p *viewPart) fail(err error) {
	p.mu.Lock()
	reads, subs := p.reads, p.subs
	p.reads, p.subs = nil, nil
	p.mu.Unlock()
	for _, r := range reads {
		r.serve(nil, err)
	}
	for _, s := range subs {
		s.fail(err)
	}
}

// changed collects what the view's operator emits while it applies a tick.
func (p *viewPart) changed(b *batch.Batch) {
	p.mu.Lock()
	p.changes = append(p.changes, b)
	p.mu.Unlock()
}
