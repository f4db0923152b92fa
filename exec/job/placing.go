package job

import (
	"context"
	"fmt"
)

// placing is queries on their way to their feeds.
type placing struct {
	eng     *Engine
	queries []*query
	from    map[uint64][]position            // by source: where they all stand; nil: wherever the live reader is
	at      map[*query]map[uint64][]position // the same, with what each remembers of its partitions
}

// add finds out where a query begins in its sources, and makes sure that these
// are read.
func (p *placing) add(ctx context.Context, q *query, fresh []*pump) ([]*pump, error) {
	e := p.eng
	p.at[q] = map[uint64][]position{}
	for _, rel := range q.sources() {
		s := e.source(rel)
		if s == nil {
			return fresh, fmt.Errorf("stream %d is not there", rel)
		}
		at := q.base.Positions[rel]
		if at == nil {
			var err error
			if at, err = s.start(ctx, s.def.Latest || q.ephemeral); err != nil {
				return fresh, err
			}
		}
		live, made, err := e.liveOf(ctx, s, at, q.again)
		if err != nil {
			return fresh, err
		}
		if made {
			fresh = append(fresh, live)
		} else if (s.def.Latest || q.ephemeral) && q.base.Positions[rel] == nil {
			at = nil // joins wherever the live reader stands
		}
		if have, ok := p.from[rel]; ok && !samePlace(have, at) {
			return fresh, fmt.Errorf("%s and the queries that it is connected with stand at different places of stream %s", q.def.Name, s.def.Name)
		}
		p.from[rel], p.at[q][rel] = at, at
		live.widen(s.columnsOf(q.demand(rel)))
	}
	return fresh, nil
}

// liveOf returns the pump that reads a source for all queries, made if need be:
// again, where one has been there before, and may have read more than was sealed.
func (e *Engine) liveOf(ctx context.Context, s *source, at []position, again bool) (p *pump, made bool, err error) {
	if p := s.livePump(); p != nil {
		return p, false, nil
	}
	if done := e.resume[s.def.ID]; done != nil {
		at = done
	}
	p, err = e.newLive(ctx, s, at, again || e.resume != nil)
	return p, err == nil, err
}

// attach joins the live feeds if the queries stand exactly where they do; a nil
// position is wherever they are, and is set to it.
func (p *placing) attach() bool {
	e := p.eng
	c := e.clock
	c.mu.Lock()
	defer c.mu.Unlock()
	live := map[uint64]*pump{}
	var feeds []*feed
	for rel := range p.from {
		live[rel] = e.source(rel).livePump()
		feeds = append(feeds, live[rel].feed)
	}
	c.cutLocked(feeds, 0) // queries join between two ticks
	if !p.join(feeds, live) {
		return false
	}
	above := false
	for _, q := range p.queries {
		q.attached = c.last
		for _, up := range q.ups {
			q.member.above(up.member)
			above = true
		}
		q.readEdges(false)
	}
	if above {
		c.cutLocked(feeds, 0) // tells consumers how far event time has come above
	}
	return true
}

// join gives the readers of sources their cursors, if no row lies between.
func (p *placing) join(feeds []*feed, live map[uint64]*pump) bool {
	c := p.eng.clock
	group := c.group(feeds, false)
	for _, f := range group {
		f.mu.Lock()
	}
	defer func() {
		for _, f := range group {
			f.mu.Unlock()
		}
	}()
	for rel, at := range p.from {
		if live[rel].feed.uncut > 0 || at != nil && !samePlace(at, live[rel].marks.parts) {
			return false
		}
	}
	for _, q := range p.queries {
		q.member = &member{q: q, live: true}
		for rel, at := range p.at[q] {
			l := live[rel]
			l.feed.readers[q.member] = true
			q.member.feeds = append(q.member.feeds, l.feed)
			if at == nil {
				at = latestPositions(l.marks.parts)
				p.from[rel], p.at[q][rel] = at, at
			}
			for _, i := range q.readers(rel) {
				i.place.marks = newMarker(&l.src.def, at)
				i.place.begin(l.feed, l.feed.joinLocked(q, i.ref.Wake))
			}
		}
	}
	return true
}

// readEdges gives the query's readers of views their cursors, at the ends of
// the edges: nothing has happened there yet.
func (q *query) readEdges(patient bool) {
	for rel, up := range q.ups {
		for _, i := range q.readers(rel) {
			i.place.start(true, up.edges(q, i.ref.Wake, 0, false, patient)...)
		}
	}
}

// edges returns the way through the edges of a view, for one reader instance of
// q that wants what comes after a tick.
func (q *query) edges(by *query, wake func(), after uint64, catching, patient bool) (tracks []*track) {
	for _, p := range q.views {
		f, c := p.consume(by, wake, after, catching, patient)
		tracks = append(tracks, &track{feed: f, cursor: c})
	}
	return tracks
}
