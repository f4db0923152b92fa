package job

import (
	"slices"
	"sync/atomic"
)

// leave makes a query that has lost its place catch up by itself, and those that
// read its view: the others of its group go on, and seal on, without them. The
// caller holds ddl.
func (e *Engine) leave(q *query) {
	leaving := e.below(q)
	e.mark(leaving)
	if group := e.groupOf(q); e.cfg.faults.together || !e.leavesOthers(leaving, group) || keepAndLeaveSeals(leaving) != nil {
		if len(group) == 1 && !q.idle() {
			leaveSeals(q)
			e.apart(q)
			e.returnLater(q)
			return
		}
		e.stopAll(group, errDetached)
		e.restart(group)
		return
	}
	for _, l := range slices.Backward(leaving) {
		e.apart(l)
	}
	var now []*query
	for _, l := range leaving {
		if l.idle() {
			now = append(now, l)
		} else {
			e.returnLater(l)
		}
	}
	e.stopAll(now, errDetached)
	e.restart(now)
}

// leavesOthers says whether queries can leave a group: others are left, and none of
// these is catching up by the same pumps. Without others it is simpler that all
// catch up together.
func (e *Engine) leavesOthers(leaving, group []*query) bool {
	others := slices.ContainsFunc(group, func(q *query) bool { return !slices.Contains(leaving, q) })
	for _, q := range leaving {
		for _, up := range q.ups {
			others = others || !slices.Contains(leaving, up)
		}
	}
	mates := e.leftBehind(leaving)
	return others && !slices.ContainsFunc(mates, func(q *query) bool { return !slices.Contains(leaving, q) })
}

// keepAndLeaveSeals takes queries out of their group, and keeps what the views
// that they read held when they sealed last, at one moment. After an error
// nothing has changed.
func keepAndLeaveSeals(queries []*query) error {
	for {
		var g *sealGroup
		for _, q := range queries {
			if g = q.seals.lock(); g != nil {
				break
			}
		}
		if g != nil {
			if i := slices.IndexFunc(g.queue, func(s *sealing) bool { return s.writing }); i >= 0 {
				written := g.queue[i].written
				g.mu.Unlock()
				<-written
				continue
			}
		}
		var err error
		for _, q := range queries {
			if err == nil {
				err = q.keepViews()
			}
		}
		if g != nil {
			if err == nil {
				g.removeLocked(queries)
				g.writeLocked(queries[0].eng)
			}
			g.mu.Unlock()
		}
		return err
	}
}

// apart takes a query off its clock and out of all feeds: nobody waits for it.
func (e *Engine) apart(q *query) {
	q.away.Store(true)
	if r := q.replay.Load(); r != nil {
		r.close()
	}
	e.clock.mu.Lock()
	if q.member != nil {
		q.member.leave()
		q.member = nil
	}
	e.clock.mu.Unlock()
	for _, of := range q.instances {
		for _, i := range of {
			if i.place != nil {
				i.place.leave()
			}
		}
	}
	for _, up := range q.ups {
		for _, p := range up.views {
			p.release(q)
		}
	}
	e.lift(q)
}

// mark makes queries that are about to leave seal no more, should they have been
// about to begin with it.
func (e *Engine) mark(leaving []*query) {
	e.clock.mu.Lock()
	defer e.clock.mu.Unlock()
	for _, q := range leaving {
		q.away.Store(true)
	}
}

// idle says whether the query's sinks have taken all that was sent.
func (q *query) idle() bool {
	for _, end := range q.ends {
		if end.sink != nil && !end.sink.idle() {
			return false
		}
	}
	return true
}

// returnLater restarts a query when its sinks have taken what was sent: before
// that it would only be stuck again.
func (e *Engine) returnLater(q *query) {
	q.setState(stateWaiting, "its sink takes nothing")
	q.lingered = true
	var left atomic.Int64
	left.Store(1)
	taken := func() {
		if left.Add(-1) > 0 {
			return
		}
		go func() {
			e.ddl.Lock()
			defer e.ddl.Unlock()
			if e.query(q.def.ID) != q || q.failure() != nil || e.closing.Load() {
				return
			}
			e.stop(q, errDetached)
			e.restart([]*query{q})
		}()
	}
	for _, end := range q.ends {
		if end.sink != nil {
			left.Add(1)
			end.sink.whenIdle(taken)
		}
	}
	taken()
}
