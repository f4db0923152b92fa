package job

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
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
	again, unread := e.reachEnds(ctx)
	if err := ctx.Err(); err != nil {
		return false, cmp.Or(unread, err)
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
	return again && unread == nil, unread
}

// reachEnds waits until every live pump has read what is in its source now. A
// source that does not answer does not keep it from waiting for the others. One
// that has ended meanwhile, as all that read it were restarted, is moved: another
// may have taken its place.
func (e *Engine) reachEnds(ctx context.Context) (moved bool, err error) {
	e.mu.Lock()
	var all []*source
	for _, s := range e.sources {
		all = append(all, s)
	}
	e.mu.Unlock()
	errs := make([]error, len(all))
	var wait sync.WaitGroup
	var gone atomic.Bool
	for i, s := range all {
		wait.Go(func() {
			p := s.livePump()
			if errs[i] = s.reachEnd(ctx, p); s.livePump() != p {
				gone.Store(true)
			}
		})
	}
	wait.Wait()
	return gone.Load(), errors.Join(errs...)
}

// reachEnd waits until the source's live pump, if it has one, has read what is
// there now.
func (s *source) reachEnd(ctx context.Context, p *pump) error {
	if p == nil {
		return nil
	}
	ends, err := s.start(ctx, true)
	if err != nil {
		return fmt.Errorf("flush: %w", err)
	}
	for _, at := range ends {
		if err := p.waitFor(ctx, at.Partition, at.Next); err != nil {
			return fmt.Errorf("flush: read %s partition %d: %w", s.def.Name, at.Partition, err)
		}
	}
	return nil
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
		if dead || !new && !q.isLive() && q.scans() {
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
