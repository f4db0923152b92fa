package job

import (
	"context"
	"errors"
	"slices"
)

var errDetached = errors.New("the query fell behind its source and was restarted from its last checkpoint")

// isDetached says whether a query ended only to be started again.
func isDetached(err error) bool { return errors.Is(err, errDetached) }

// detach restarts a query, and those that read its view, from their last
// manifests: its reader fell out of a ring, and nobody waits for it.
func (e *Engine) detach(q *query) {
	go func() {
		e.ddl.Lock()
		defer e.ddl.Unlock()
		if e.query(q.def.ID) != q || q.away.Load() || q.failure() != nil || e.closing.Load() {
			return
		}
		e.cfg.Logger.Warn("query fell behind its source and catches up", "query", q.def.Name)
		e.leave(q)
	}()
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
			q.setKept(nil)
			defer e.restAll(q)
			continue // it had stopped before
		}
		def := q.definition()
		fresh, err := e.newQuery(def)
		if err != nil {
			q.setKept(nil)
			e.failed(q, err)
			defer e.restAll(q)
			continue
		}
		fresh.latency, fresh.again = q.latency, true
		fresh.restarts = q.restarts + 1
		fresh.kept = q.swapKept(nil)
		if !q.settled.Load() && !q.lingered {
			fresh.retries = q.retries + 1
		}
		e.mu.Lock()
		e.enter(fresh, q)
		e.mu.Unlock()
		all = append(all, fresh)
	}
	_ = e.run(context.Background(), all, true)
}
