package job

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

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

	vertex *vertex // in the instance's turn
	rows   *op.Materialized
	ready  atomic.Pointer[func()]
}

// snapshot is the content of one instance of a view at one tick; Next returns
// nil at its end.
type snapshot interface {
	Next(max int) (*batch.Batch, error)
}

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

// wake makes the instance serve the reads that wait for nothing more. One that
// was stopped tells why.
func (p *viewPart) wake() {
	p.home.ref.Post(p.q.eng.cfg.now(), func(_ behavior, err error) {
		if err == nil {
			p.serve()
			return
		}
		if why := p.q.failure(); why != nil {
			err = why
		}
		p.fail(err)
	})
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

// readViews leaves a read with every instance of the views, at the largest tick
// that any of them has begun, or at after where that is later, and returns that
// tick. read says what an instance is asked; nil: nothing. It is served once,
// when the instance has applied its last touched tick up to then and before it
// begins a later one. Picking the tick and leaving the reads is one step under
// the clock's lock, which begin passes too.
func (e *Engine) readViews(views []*query, after uint64, read func(view int, p *viewPart) *viewRead) uint64 {
	e.clock.mu.Lock()
	tick := after
	for _, q := range views {
		tick = max(tick, q.attached)
		for _, p := range q.views {
			p.mu.Lock()
			tick = max(tick, p.begun)
			p.mu.Unlock()
		}
	}
	var asked []*viewPart
	for i, q := range views {
		for _, p := range q.views {
			r := read(i, p)
			if r == nil {
				continue
			}
			asked = append(asked, p)
			r.tick = tick
			p.mu.Lock()
			p.reads = append(p.reads, r)
			p.mu.Unlock()
		}
	}
	e.clock.mu.Unlock()
	for _, p := range asked {
		p.wake()
	}
	return tick
}

// snapshots returns the content of views at one tick, as the snapshots of their
// instances, after waiting for the slowest of them.
func (e *Engine) snapshots(ctx context.Context, views []*query) (tick uint64, all [][]snapshot, err error) {
	return e.snapshotsAfter(ctx, views, 0)
}

// snapshotsAfter is snapshots at a tick that is not before the given one. Where
// a view is restarted meanwhile another tick is picked.
func (e *Engine) snapshotsAfter(ctx context.Context, views []*query, after uint64) (tick uint64, all [][]snapshot, err error) {
	for {
		tick, all, err = e.snapshotsOnce(ctx, views, after)
		if !isDetached(err) {
			return tick, all, err
		}
		if views, err = e.again(ctx, views); err != nil {
			return 0, nil, err
		}
	}
}

// again returns what has taken the place of queries that were restarted.
func (e *Engine) again(ctx context.Context, views []*query) ([]*query, error) {
	views = slices.Clone(views)
	for i, q := range views {
		for {
			now := e.query(q.def.ID)
			if now == nil {
				return nil, errDropped
			}
			if err := now.failure(); !isDetached(err) {
				views[i] = now
				break
			}
			select {
			case <-time.After(time.Millisecond):
			case <-ctx.Done():
				return nil, ctx.Err()
			}
		}
	}
	return views, nil
}

func (e *Engine) snapshotsOnce(ctx context.Context, views []*query, after uint64) (tick uint64, all [][]snapshot, err error) {
	n := 0
	for _, q := range views {
		if err := q.whenLive(ctx); err != nil {
			return 0, nil, err
		}
		n += len(q.views)
	}
	type answer struct {
		view int
		snap snapshot
		err  error
	}
	answers := make(chan answer, n)
	tick = e.readViews(views, after, func(view int, _ *viewPart) *viewRead {
		return &viewRead{serve: func(s snapshot, err error) { answers <- answer{view, s, err} }}
	})
	all = make([][]snapshot, len(views))
	for range n {
		select {
		case a := <-answers:
			if a.err != nil {
				return 0, nil, a.err
			}
			all[a.view] = append(all[a.view], a.snap)
		case <-ctx.Done():
			return 0, nil, ctx.Err()
		}
	}
	return tick, all, nil
}

// subscription gathers the changes of all instances of a view by tick.
type subscription struct {
	mu    sync.Mutex
	start []uint64 // per instance: the tick of its snapshot
	done  []uint64 // per instance: the last tick it has passed on
	held  map[uint64][]*batch.Batch
	bytes int64
	err   error
	more  chan struct{} // capacity 1
}

// subscriptionMax bounds, in bytes, what a slow subscriber leaves behind.
const subscriptionMax = 64 << 20

var errSlowSubscriber = errors.New("the subscriber reads too slowly: more than 64 MB of changes wait for it")

// add takes an instance's changes of one tick.
func (s *subscription) add(instance int, tick uint64, changes []*batch.Batch) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if tick <= s.start[instance] {
		return
	}
	s.done[instance] = tick
	for _, b := range changes {
		s.bytes += b.Bytes()
	}
	if s.bytes > subscriptionMax {
		s.err, s.held = errSlowSubscriber, nil
	}
	if len(changes) > 0 && s.err == nil {
		s.held[tick] = append(s.held[tick], changes...)
	}
	s.signal()
}

func (s *subscription) signal() {
	select {
	case s.more <- struct{}{}:
	default:
	}
}

func (s *subscription) fail(err error) {
	s.mu.Lock()
	s.err = err
	s.signal()
	s.mu.Unlock()
}

// take returns the ticks that every instance has passed, in order.
func (s *subscription) take() (ticks []uint64, changes [][]*batch.Batch, upTo uint64, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err != nil {
		return nil, nil, 0, s.err
	}
	upTo = ^uint64(0)
	for _, d := range s.done {
		upTo = min(upTo, d)
	}
	for t := range s.held {
		if t <= upTo {
			ticks = append(ticks, t)
		}
	}
	slices.Sort(ticks)
	for _, t := range ticks {
		changes = append(changes, s.held[t])
		for _, b := range s.held[t] {
			s.bytes -= b.Bytes()
		}
		delete(s.held, t)
	}
	return ticks, changes, upTo, nil
}

// Subscribe calls emit with the changes of a view as they come, a tick at a
// time, beginning with its content where snapshot is set, or with the rows of a
// stream from now on, until ctx ends or emit fails.
func (e *Engine) Subscribe(ctx context.Context, id uint64, snapshot bool, emit func(Changes) error) error {
	q := e.query(id)
	if q == nil || q.def.Sink != nil {
		if s := e.source(id); s != nil {
			return e.listen(ctx, s, emit)
		}
		return fmt.Errorf("relation %d cannot be subscribed to", id)
	}
	if err := q.whenLive(ctx); err != nil {
		return err
	}
	parts := q.views
	sub := &subscription{
		start: make([]uint64, len(parts)), done: make([]uint64, len(parts)),
		held: map[uint64][]*batch.Batch{}, more: make(chan struct{}, 1),
	}
	defer q.unsubscribe(sub)
	e.hear(q, 1)
	defer e.hear(q, -1)
	tick, snaps, err := q.join(ctx, sub)
	if err != nil {
		return err
	}
	if snapshot {
		if err := emitSnapshots(tick, snaps, emit); err != nil {
			return err
		}
	}
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-sub.more:
		}
		ticks, changes, _, err := sub.take()
		if err != nil {
			return err
		}
		for i, t := range ticks {
			for _, b := range changes[i] {
				if err := emit(Changes{Tick: t, Time: time.Unix(0, b.Born), Rows: b}); err != nil {
					return err
				}
			}
		}
		if err := emit(Changes{Time: time.Now()}); err != nil { // progress: flush
			return err
		}
	}
}

// emitSnapshots emits the content of a view as changes at a tick.
func emitSnapshots(tick uint64, snaps []snapshot, emit func(Changes) error) error {
	for _, s := range snaps {
		err := scan(s, func(b *batch.Batch) error {
			return emit(Changes{Tick: tick, Time: time.Now(), Rows: b})
		})
		if err != nil {
			return err
		}
	}
	return emit(Changes{Tick: tick, Time: time.Now()})
}

// join takes a snapshot of every instance at one tick and, in the same turn,
// begins to pass on what comes later.
func (q *query) join(ctx context.Context, sub *subscription) (uint64, []snapshot, error) {
	type answer struct {
		snap snapshot
		err  error
	}
	answers := make(chan answer, len(q.views))
	tick := q.eng.readViews([]*query{q}, 0, func(_ int, p *viewPart) *viewRead {
		return &viewRead{serve: func(s snapshot, err error) { // under p.mu
			if err == nil {
				i := p.home.index
				sub.start[i], sub.done[i] = p.done, p.done
				p.subs = append(p.subs, sub)
			}
			answers <- answer{s, err}
		}}
	})
	var snaps []snapshot
	for range q.views {
		select {
		case a := <-answers:
			if a.err != nil {
				return 0, nil, a.err
			}
			snaps = append(snaps, a.snap)
		case <-ctx.Done():
			return 0, nil, ctx.Err()
		}
	}
	return tick, snaps, nil
}

// unsubscribe ends a subscription.
func (q *query) unsubscribe(sub *subscription) {
	for _, p := range q.views {
		p.mu.Lock()
		p.subs = slices.DeleteFunc(p.subs, func(s *subscription) bool { return s == sub })
		p.mu.Unlock()
	}
}
