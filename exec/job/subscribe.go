package job

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/dirigo-stream/dirigo/exec/batch"
)

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
