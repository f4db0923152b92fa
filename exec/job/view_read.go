package job

import (
	"context"
	"slices"
	"time"
)

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
