package job

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"
)

// pauseWithin bounds how long a pause waits for a Seal: what was read after the
// last one is read again when the query goes on.
const pauseWithin = 2 * time.Second

// PauseQuery stops a query, and those that read its view, until ResumeQuery; a
// restart of the server does not start them. It returns the names of the others.
func (e *Engine) PauseQuery(ctx context.Context, id uint64) (others []string, err error) {
	q := e.query(id)
	if q == nil {
		return nil, fmt.Errorf("query %d is not running", id)
	}
	e.sealSoon(ctx, q)
	e.ddl.Lock()
	defer e.ddl.Unlock()
	if q = e.query(id); q == nil {
		return nil, errDropped
	}
	if err := q.failure(); err != nil && !q.isPaused() {
		return nil, stopped(fmt.Errorf("%s has stopped already", q.def.Name))
	}
	if err := e.halts.write(ctx, id, halt{State: statePaused}); err != nil {
		return nil, fmt.Errorf("pause %s: %w", q.def.Name, err)
	}
	if q.failure() != nil { // with a view that it reads: from now on by itself
		q.halt(statePaused, "", paused(q.def.Name))
		return nil, nil
	}
	set := e.below(q)
	for _, d := range set[1:] {
		others = append(others, d.def.Name)
	}
	q.halt(statePaused, "", paused(q.def.Name))
	for _, d := range set[1:] {
		u := &upstream{view: e.stoppedAbove(d), err: paused(q.def.Name)}
		d.halt(statePaused, u.Error(), stopped(u))
	}
	left := e.leftBehind(set)
	leaveSeals(set...)
	for _, d := range slices.Backward(set) {
		e.stop(d, d.failure())
	}
	e.bringBack(left)
	return others, nil
}

// halt notes, before the query is stopped, that it was, and why.
func (q *query) halt(state, reason string, err error) {
	q.mu.Lock()
	q.state, q.reason, q.failed = state, reason, err
	q.mu.Unlock()
}

// stoppedAbove returns the view that q reads and that has stopped; nil: none.
func (e *Engine) stoppedAbove(q *query) *query {
	for _, rel := range q.relations() {
		if up := e.query(rel); up != nil && up.failure() != nil {
			return up
		}
	}
	return nil
}

// sealSoon waits for a while until what the query has read is sealed.
func (e *Engine) sealSoon(ctx context.Context, q *query) {
	if !q.isLive() {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, pauseWithin)
	defer cancel()
	e.epochs.edge()
	done := make(chan struct{})
	q.seals.whenIdle(func() { close(done) })
	select {
	case <-done:
	case <-ctx.Done():
	}
}

// ResumeQuery lets a query go on, that was paused or has failed, from its last
// checkpoint, and with it those that had stopped only because it did. One that
// reads a view which went on without it begins anew with that view's content.
func (e *Engine) ResumeQuery(ctx context.Context, id uint64) error {
	e.ddl.Lock()
	defer e.ddl.Unlock()
	q := e.query(id)
	switch {
	case q == nil:
		return fmt.Errorf("query %d is not there", id)
	case q.failure() == nil:
		return stopped(fmt.Errorf("%s is not stopped", q.def.Name))
	}
	if up := e.stoppedAbove(q); up != nil {
		return stopped(fmt.Errorf("%s reads %s, which stands still: resume that one", q.def.Name, up.def.Name))
	}
	if err := e.letGo(ctx, q); err != nil {
		return fmt.Errorf("resume %s: %w", q.def.Name, err)
	}
	var again []*query
	for _, old := range e.haltedWith(q) {
		fresh, err := e.renew(old)
		if err != nil && old == q {
			return fmt.Errorf("resume %s: %w", q.def.Name, err)
		}
		if err == nil {
			again = append(again, fresh)
		}
	}
	if err := e.run(ctx, again, true); err != nil {
		return err
	}
	return again[0].failure()
}

// letGo forgets why a query stood still; what is still on its way to the disk of
// that is not written any more.
func (e *Engine) letGo(ctx context.Context, q *query) error {
	e.halts.mu.Lock()
	defer e.halts.mu.Unlock()
	q.resumed = true
	return e.halts.drop(ctx, q.def.ID)
}

// haltedWith returns a stopped query and those that stopped because it did,
// producers first.
func (e *Engine) haltedWith(q *query) []*query {
	out := []*query{q}
	for _, d := range e.sorted() {
		var up *upstream
		if err := d.failure(); err == nil || !errors.As(err, &up) {
			continue
		}
		if slices.ContainsFunc(out, func(x *query) bool { return slices.Contains(d.relations(), x.def.ID) }) {
			out = append(out, d)
		}
	}
	return out
}

// renew puts a query that has not run yet in the place of one that has stopped.
// The caller holds ddl.
func (e *Engine) renew(old *query) (*query, error) {
	e.stop(old, old.failure())
	def := old.definition()
	fresh, err := e.newQuery(def)
	if err != nil {
		return nil, err
	}
	fresh.latency, fresh.again = old.latency, true
	fresh.latency.target.Store(int64(def.SLO))
	e.mu.Lock()
	e.enter(fresh, old)
	e.mu.Unlock()
	return fresh, nil
}

// leftBehind returns those that started together with queries which stop, and
// have not come to the live readers yet: part of what they wait for goes with
// these.
func (e *Engine) leftBehind(stopping []*query) (out []*query) {
	for _, q := range stopping {
		for _, w := range q.with {
			if e.query(w.def.ID) == w && w.failure() == nil && !w.isLive() && !slices.Contains(out, w) {
				out = append(out, w)
			}
		}
	}
	return out
}

// bringBack restarts what leftBehind has found. The caller holds ddl.
func (e *Engine) bringBack(left []*query) {
	if len(left) == 0 || e.closing.Load() {
		return
	}
	e.stopAll(left, errDetached)
	e.restart(left)
}
