package job

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"
)

// wait returns when the view has applied all that is in the log, or queued for
// it.
func (t *table) wait(ctx context.Context) (tick uint64, err error) {
	t.mu.Lock()
	last := t.last
	t.mu.Unlock()
	if last != nil {
		<-last.done
		if last.err != nil {
			return 0, last.err
		}
		tick = last.tick.Load()
	}
	for {
		q := t.view()
		if q == nil {
			return 0, ErrNoTable
		}
		if err := q.whenReadable(ctx, tick); err != nil && !errors.Is(err, errDetached) {
			return 0, err
		}
		switch err := q.failure(); {
		case err == nil:
			return tick, nil
		case !errors.Is(err, errDetached):
			return 0, err
		}
		if err := ctx.Err(); err != nil {
			return 0, err
		}
		time.Sleep(time.Millisecond) // it is being restarted
	}
}

// whenReadable waits until the query has attached to live feeds, applied all
// that it caught up with before, and passed tick.
func (q *query) whenReadable(ctx context.Context, tick uint64) error {
	if err := q.whenLive(ctx); err != nil {
		return err
	}
	q.eng.clock.mu.Lock()
	attached := q.attached
	q.eng.clock.mu.Unlock()
	return q.whenPassed(ctx, max(tick, q.lastTouched(attached)))
}

// whenPassed waits until tick has passed through all ends of the query.
func (q *query) whenPassed(ctx context.Context, tick uint64) error {
	done := make(chan struct{})
	left := int32(1)
	passed := func() {
		if atomic.AddInt32(&left, -1) == 0 {
			close(done)
		}
	}
	for _, end := range q.ends {
		if end.done.Load() < tick {
			atomic.AddInt32(&left, 1)
			end.when(tick, passed)
		}
	}
	if atomic.AddInt32(&left, -1) == 0 {
		return nil
	}
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// hasPassed says whether all ticks that touch the query up to one have passed
// through its ends.
func (q *query) hasPassed(tick uint64) bool {
	last := q.lastTouched(tick)
	for _, end := range q.ends {
		if end.done.Load() < last {
			return false
		}
	}
	return true
}

// watch makes sure that the overlay is dropped once the view has applied tick.
func (t *table) watch(tick uint64) {
	t.mu.Lock()
	if t.watched || len(t.overlay.layers) == 0 {
		t.mu.Unlock()
		return
	}
	t.watched = true
	t.mu.Unlock()
	q := t.view()
	if q == nil || len(q.ends) == 0 {
		t.applied()
		return
	}
	var mu sync.Mutex
	left := len(q.ends)
	for _, end := range q.ends {
		end.when(tick, func() {
			mu.Lock()
			left--
			last := left == 0
			mu.Unlock()
			if last {
				t.applied()
			}
		})
	}
}

// applied drops what the view has applied from the overlay.
func (t *table) applied() {
	upTo := t.viewTick()
	t.mu.Lock()
	t.overlay.drop(upTo)
	t.watched = false
	next := uint64(0)
	for i := len(t.overlay.layers) - 1; i >= 0 && next == 0; i-- {
		next = t.overlay.layers[i].commit.tick.Load() // of the newest that is visible
	}
	t.mu.Unlock()
	if next > upTo && upTo > 0 {
		t.watch(next)
	}
}

// viewTick returns the tick up to which the view has applied all; 0: unknown.
func (t *table) viewTick() uint64 {
	q := t.view()
	if q == nil {
		return 0
	}
	least := ^uint64(0)
	for _, end := range q.ends {
		least = min(least, end.done.Load())
	}
	if q.failure() != nil {
		return 0 // those numbers mean that it has ended
	}
	return least
}
