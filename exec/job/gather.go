package job

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/dirigo-stream/dirigo/storage"
)

// gather reads the manifests of queries and sorts them: groups that go on from
// one moment, each in an order in which producers come first, and those that
// begin anew, in such an order.
//
// A query without a manifest goes on too, with nothing, where a consumer of it
// has one: nothing had come to it. One whose manifest does not go with those of
// its producers begins anew: it had stopped while they went on. One that has left
// its group is as a new one, but for its own state.
func (e *Engine) gather(ctx context.Context, queries []*query, retry bool) (groups [][]*query, fresh []*query, err error) {
	slices.SortFunc(queries, byID)
	in := map[*query]bool{}
	for _, q := range queries {
		in[q] = true
		err := e.link(ctx, q, in)
		if err == nil {
			continue
		}
		if delete(in, q); !retry {
			return nil, nil, err
		}
		if errors.As(err, new(*endedError)) {
			e.failed(q, err)
			continue
		}
		e.retryLaunch([]*query{q}, err)
	}
	with := map[*query]bool{} // goes on from the group's moment
	for _, q := range slices.Backward(queries) {
		if !in[q] || q.keeps() || !q.restored && !with[q] {
			continue
		}
		with[q] = true
		for _, up := range q.ups {
			with[up] = true
		}
	}
	done := map[*query]bool{}
	for _, q := range queries {
		switch {
		case !in[q]:
		case !with[q]:
			fresh = append(fresh, q)
		case !done[q]:
			groups = append(groups, e.connected(q, with, done))
		}
	}
	return groups, fresh, nil
}

// connected returns the members of a set that are connected with q by views.
func (e *Engine) connected(q *query, set, done map[*query]bool) (out []*query) {
	todo := []*query{q}
	for len(todo) > 0 {
		m := todo[0]
		if todo = todo[1:]; done[m] || !set[m] {
			continue
		}
		done[m] = true
		out = append(out, m)
		for _, up := range m.ups {
			todo = append(todo, up)
		}
		for _, d := range e.downsOf(m) { // of which some may not start now
			if d.ups[m.def.ID] == m {
				todo = append(todo, d)
			}
		}
	}
	slices.SortFunc(out, byID)
	return out
}

// link reads a query's manifest and finds the views that it reads. with are
// those that start together with it.
func (e *Engine) link(ctx context.Context, q *query, with map[*query]bool) error {
	q.ups = map[uint64]*query{}
	for _, rel := range q.relations() {
		if e.source(rel) != nil {
			continue
		}
		up := e.query(rel)
		if up == nil {
			return fmt.Errorf("relation %d is not there", rel)
		}
		if err := up.failure(); err != nil {
			return stopped(&upstream{view: up, err: err})
		}
		if len(up.views) == 0 {
			return fmt.Errorf("%s keeps nothing that could be read", up.def.Name)
		}
		q.ups[rel] = up
	}
	e.lower(q)
	if err := q.restore(ctx); err != nil {
		return err
	}
	if !q.restored || q.keptFits() {
		return nil
	}
	for rel, up := range q.ups {
		if !with[up] || q.base.Ups[rel] != up.seals.committed() {
			e.cfg.Logger.Warn("query begins anew: it had stopped while its view went on", "query", q.def.Name, "view", up.def.Name)
			return e.reset(ctx, q)
		}
	}
	return nil
}

// reset makes a query one that has no state.
func (e *Engine) reset(ctx context.Context, q *query) error {
	m, err := e.ledger.Query(q.def.ID)
	if errors.Is(err, storage.ErrNotFound) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("state of %s: %w", q.def.Name, err)
	}
	extra, err := json.Marshal(manifestExtra{Reset: true})
	if err != nil {
		return err
	}
	n := e.epochs.next()
	seal := storage.QuerySeal{Query: q.def.ID, Epoch: n, Extra: extra}
	for _, b := range m.Blocks {
		seal.Blocks = append(seal.Blocks, storage.NewBlock{Vertex: b.Vertex, Instance: b.Instance, Low: b.Low, High: b.High, Full: true})
	}
	if err := e.epochs.commit([]storage.QuerySeal{seal}); err != nil {
		return fmt.Errorf("begin %s anew: %w", q.def.Name, err)
	}
	q.restored = false
	q.seals.last.Store(0)
	return q.restore(ctx)
}

// lower makes a query known to those whose views it reads.
func (e *Engine) lower(q *query) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, up := range q.ups {
		if !slices.Contains(up.downs, q) {
			up.downs = append(up.downs, q)
		}
	}
}

// lift undoes lower.
func (e *Engine) lift(q *query) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, up := range q.ups {
		up.downs = slices.DeleteFunc(slices.Clone(up.downs), func(d *query) bool { return d == q })
	}
}

// downsOf returns the queries that read q's view, stopped ones too.
func (e *Engine) downsOf(q *query) []*query {
	e.mu.Lock()
	defer e.mu.Unlock()
	return slices.Clone(q.downs)
}

// consumers returns the queries that read q's view.
func (e *Engine) consumers(q *query) (out []*query) {
	downs := e.downsOf(q)
	if len(downs) == 0 {
		return nil
	}
	return slices.DeleteFunc(downs, func(d *query) bool { return d.failure() != nil })
}

// below returns q and all that read it, directly or through others.
func (e *Engine) below(q *query) []*query {
	out := []*query{q}
	for i := 0; i < len(out); i++ {
		for _, d := range e.consumers(out[i]) {
			if !slices.Contains(out, d) {
				out = append(out, d)
			}
		}
	}
	return out
}

// groupOf returns the queries that must restart when q does: those that seal
// together with it, and those that read one of these.
func (e *Engine) groupOf(q *query) []*query {
	g := q.seals.lock()
	if g == nil {
		return e.below(q)
	}
	var members []*query
	for m := range g.members {
		members = append(members, m)
	}
	g.mu.Unlock()
	out := []*query{}
	for _, m := range members {
		for _, d := range e.below(m) {
			if !slices.Contains(out, d) {
				out = append(out, d)
			}
		}
	}
	return out
}
