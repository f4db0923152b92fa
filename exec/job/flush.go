package job

import (
	"context"
	"fmt"
	"sync"
)

// Flush returns when everything that was in the sources when it was called is
// visible in every view and acked by every sink.
func (e *Engine) Flush(ctx context.Context) error {
	for {
		again, err := e.flushOnce(ctx)
		if err != nil || !again {
			return err
		}
	}
}

// flushOnce is Flush, but for queries that were started or restarted meanwhile:
// then it wants to be called again.
func (e *Engine) flushOnce(ctx context.Context) (again bool, err error) {
	live := map[*query]bool{}
	for _, q := range e.sorted() {
		live[q] = true
		if q.ephemeral {
			continue
		}
		if err := q.whenLive(ctx); err != nil && ctx.Err() != nil {
			return false, err
		}
	}
	again, err = e.reachEnds(ctx)
	if err != nil {
		return false, err
	}
	e.clock.mu.Lock()
	var ask []*feed
	for f := range e.feeds {
		ask = append(ask, f)
	}
	e.clock.cutLocked(ask, 0)
	tick := e.clock.last
	e.clock.mu.Unlock()
	waited, err := e.passedBy(ctx, tick, true)
	if err != nil {
		return false, err
	}
	for _, q := range waited {
		again = again || !live[q] // restarted before it was waited for
	}
	for q := range live {
		again = again || isDetached(q.failure())
	}
	return again, nil
}

// reachEnds waits until every live pump has read what is in its source now. One
// that has ended meanwhile, as all that read it were restarted, is moved: another
// may have taken its place.
func (e *Engine) reachEnds(ctx context.Context) (moved bool, err error) {
	e.mu.Lock()
	var all []*source
	for _, s := range e.sources {
		all = append(all, s)
	}
	e.mu.Unlock()
	for _, s := range all {
		p := s.livePump()
		if p == nil {
			continue
		}
		conn, err := s.open()
		if err != nil {
			return false, err
		}
		ids, err := conn.Partitions(ctx)
		if err != nil {
			return false, fmt.Errorf("flush: partitions of %s: %w", s.def.Name, err)
		}
		for _, id := range ids {
			_, next, err := conn.Bounds(ctx, id)
			if err != nil {
				return false, fmt.Errorf("flush: end of %s partition %d: %w", s.def.Name, id, err)
			}
			if err := p.waitFor(ctx, id, next); err != nil {
				return false, fmt.Errorf("flush: read %s partition %d: %w", s.def.Name, id, err)
			}
		}
		moved = moved || s.livePump() != p
	}
	return moved, nil
}

// passedBy waits until a tick has passed through the ends of every query, and
// their sinks have acked what came before. It returns the queries waited for:
// without new, those that begin with the content of views are left out.
func (e *Engine) passedBy(ctx context.Context, tick uint64, new bool) (waited []*query, err error) {
	var wait sync.WaitGroup
	for _, q := range e.sorted() {
		q.mu.Lock()
		dead := q.failed != nil
		q.mu.Unlock()
		if dead || !new && !q.isLive() && q.replay != nil && len(q.replay.scans) > 0 {
			continue
		}
		waited = append(waited, q)
		last := q.lastTouched(tick)
		for _, end := range q.ends {
			wait.Add(1)
			end.when(last, func() {
				if end.sink == nil {
					wait.Done()
					return
				}
				end.sink.whenIdle(wait.Done)
			})
		}
	}
	done := make(chan struct{})
	go func() { wait.Wait(); close(done) }()
	select {
	case <-done:
		return waited, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}
