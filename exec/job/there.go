package job

import (
	"context"
	"fmt"
	"iter"
	"slices"
	"time"
)

// After a restart live pumps begin where something was sealed last: of the node, or
// of all queries that read a source. What came after that may have been seen, and
// have been waited for by FLUSH: queries that read along from there show nothing
// until the pumps have come to where their sources ended at the restart.

// there says when a live pump made at a restart is where its source ended.
type there struct {
	come   chan struct{} // closed when it is there
	cancel context.CancelFunc
}

// findEnds asks a source where it ends, now or as soon as it answers.
func (p *pump) findEnds(ctx context.Context) {
	waiting, cancel := context.WithCancel(context.Background())
	p.there = &there{come: make(chan struct{}), cancel: cancel}
	ends, err := p.src.start(ctx, true)
	if err == nil && p.behind(ends) == nil {
		close(p.there.come)
		return
	}
	go func() {
		for err != nil {
			p.src.away(err)
			select {
			case <-time.After(time.Second):
			case <-waiting.Done():
				return
			}
			ends, err = p.src.start(waiting, true)
		}
		p.src.away(nil)
		for _, at := range p.behind(ends) {
			if p.waitFor(waiting, at.Partition, at.Next) != nil {
				return
			}
		}
		close(p.there.come)
	}()
}

// endless is more rows than anybody waits for: of a generator.
const endless = 1 << 40

// behind returns which of the given positions the pump has not come to.
func (p *pump) behind(ends []position) (out []position) {
	for _, at := range ends {
		if mine := p.at(at.Partition); mine < at.Next && at.Next-mine < endless {
			out = append(out, at)
		}
	}
	return out
}

// isThere says whether the pump is where its source ended when it began.
func (p *pump) isThere() bool {
	if p.there == nil {
		return true
	}
	select {
	case <-p.there.come:
		return true
	default:
		return false
	}
}

// liveWhenThere lets queries be read that have attached at once: when what lay in
// their sources as the live pumps began has passed through all of them.
func (e *Engine) liveWhenThere(queries []*query, rels []uint64) {
	var pumps []*pump
	for _, rel := range rels {
		if p := e.source(rel).livePump(); p != nil && !p.isThere() && !queries[0].ephemeral {
			pumps = append(pumps, p)
		}
	}
	if len(pumps) == 0 {
		if slices.ContainsFunc(queries, (*query).holds) {
			e.cutHeld(queries)
		}
		for _, q := range queries {
			e.nowLive(q)
		}
		return
	}
	for _, q := range queries {
		q.setState(stateCatching, "")
	}
	go func() {
		for _, p := range pumps {
			select {
			case <-p.there.come:
			case <-queries[0].live: // it has been stopped
				return
			}
		}
		e.passedThrough(queries)
		for _, q := range queries {
			if q.failure() == nil {
				e.nowLive(q)
			}
		}
	}()
}

// early says whether a live pump made at a restart has yet to come to where its
// source ended.
func (e *Engine) early(rels iter.Seq[uint64]) bool {
	for rel := range rels {
		if p := e.source(rel).livePump(); p != nil && !p.isThere() {
			return true
		}
	}
	return false
}

// liveOnceThere lets queries be read that have joined live pumps which were not
// where their sources ended at the restart: when these have come there, and what
// they have read has passed through.
func (e *Engine) liveOnceThere(queries []*query, rels iter.Seq[uint64]) {
	for rel := range rels {
		p := e.source(rel).livePump()
		if p == nil || p.there == nil {
			continue
		}
		select {
		case <-p.there.come:
		case <-queries[0].live: // it has been stopped
			return
		}
	}
	e.clock.mu.Lock()
	var ask []*feed
	for _, q := range queries {
		if q.member != nil {
			ask = q.member.flows(ask)
		}
	}
	e.clock.cutLocked(ask, 0)
	tick := e.clock.last
	e.clock.mu.Unlock()
	e.passedBefore(queries, tick)
	for _, q := range queries {
		if q.failure() == nil {
			e.nowLive(q)
		}
	}
}

// passedThrough waits until what has been read so far has passed through the
// queries, or these have been stopped.
func (e *Engine) passedThrough(queries []*query) { e.passedBefore(queries, e.cutHeld(queries)) }

// passedBefore waits until a tick has passed through queries, or these have been
// stopped.
func (e *Engine) passedBefore(queries []*query, tick uint64) {
	for _, q := range queries {
		last := q.lastTouched(tick)
		for _, end := range q.ends {
			passed := make(chan struct{})
			end.when(last, func() { close(passed) })
			<-passed
		}
	}
}

// cutHeld cuts all that flows into the queries, and lets their sinks be told
// with that tick what was kept back. It returns the tick.
func (e *Engine) cutHeld(queries []*query) uint64 {
	e.clock.mu.Lock()
	defer e.clock.mu.Unlock()
	var ask []*feed
	for _, q := range queries {
		if q.member != nil {
			ask = q.member.flows(ask)
		}
	}
	if len(ask) == 0 {
		return e.clock.last
	}
	for _, q := range queries {
		q.holdUntil(e.clock.last + 1)
	}
	return e.clock.cutLocked(ask, 0)
}

// away notes that the source's outside does not answer; nil: it does.
func (s *source) away(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.gone = ""; err != nil {
		s.gone = fmt.Sprint(err)
	}
}
