package job

import (
	"context"
	"errors"
	"slices"
)

var errDetached = errors.New("the query fell behind its source and was restarted from its last checkpoint")

// isDetached says whether a query ended only to be started again.
func isDetached(err error) bool { return errors.Is(err, errDetached) }

// detach restarts a query, and those that seal together with it, from their last
// manifests: its reader fell out of a ring, and nobody waits for it.
func (e *Engine) detach(q *query) {
	go func() {
		e.ddl.Lock()
		defer e.ddl.Unlock()
		if e.query(q.def.ID) != q || e.closing.Load() {
			return
		}
		e.cfg.Logger.Warn("query fell behind its source and catches up", "query", q.def.Name)
		group := e.groupOf(q)
		e.stopAll(group, errDetached)
		e.restart(group)
	}()
}

// stopFor stops a query for good. Those that were catching up together with it
// begin to catch up again, without it: they read by the same pumps.
func (e *Engine) stopFor(q *query, why error) {
	mates := q.replay.mates(q)
	e.stop(q, why)
	if e.closing.Load() || len(mates) == 0 {
		return
	}
	e.stopAll(mates, errDetached)
	e.restart(mates)
}

// mates returns the other queries of a replay that is under way; nil: it has none.
func (r *replay) mates(q *query) (out []*query) {
	if r == nil || r.done() {
		return nil
	}
	for _, o := range r.queries {
		if o != q && o.failure() == nil {
			out = append(out, o)
		}
	}
	return out
}

// stopAll stops queries of one group, so that none of them seals without the
// others meanwhile. The caller holds ddl.
func (e *Engine) stopAll(queries []*query, why error) {
	leaveSeals(queries...)
	for _, q := range slices.Backward(queries) {
		e.stop(q, why)
	}
}

// restart runs queries that have been stopped again, from their manifests. The
// caller holds ddl.
func (e *Engine) restart(queries []*query) {
	var all []*query
	for _, q := range queries {
		if f := q.failure(); f != nil && !isDetached(f) {
			continue // it had stopped before
		}
		def := q.definition()
		fresh, err := e.newQuery(def)
		if err != nil {
			e.failed(q, err)
			continue
		}
		fresh.latency, fresh.again = q.latency, true
		if !q.settled.Load() {
			fresh.retries = q.retries + 1
		}
		e.mu.Lock()
		e.enter(fresh, q)
		e.mu.Unlock()
		all = append(all, fresh)
	}
	_ = e.run(context.Background(), all, true)
}
