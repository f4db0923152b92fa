package job

import (
	"slices"
	"time"
)

// readers is which queries read a relation: of ten thousand queries, what
// concerns one stream asks only its own.
type readers map[uint64]map[*query]bool

// enter makes q the running query of its id, in the place of old where that is
// not nil. The engine's lock is held.
func (e *Engine) enter(q, old *query) {
	e.exit(old)
	e.queries[q.def.ID] = q
	for _, rel := range q.relations() {
		if e.readers[rel] == nil {
			e.readers[rel] = map[*query]bool{}
		}
		e.readers[rel][q] = true
	}
}

// exit forgets a query. The engine's lock is held.
func (e *Engine) exit(q *query) {
	if q == nil {
		return
	}
	if e.queries[q.def.ID] == q {
		delete(e.queries, q.def.ID)
	}
	for _, rel := range q.relations() {
		if delete(e.readers[rel], q); len(e.readers[rel]) == 0 {
			delete(e.readers, rel)
		}
	}
}

// readersOf returns the queries that read a relation, stopped ones too, by id.
func (e *Engine) readersOf(relation uint64) []*query {
	e.mu.Lock()
	out := make([]*query, 0, len(e.readers[relation]))
	for q := range e.readers[relation] {
		out = append(out, q)
	}
	e.mu.Unlock()
	slices.SortFunc(out, byID)
	return out
}

// isRead says whether a query that has not stopped reads a relation.
func (e *Engine) isRead(relation uint64) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	for q := range e.readers[relation] {
		if q.failure() == nil {
			return true
		}
	}
	return false
}

func byID(a, b *query) int { return int(int64(a.def.ID) - int64(b.def.ID)) }

// hurry tells the pump of a source that q reads how urgent q is. All readers are
// asked only where q was the most urgent one and is not any more.
func (e *Engine) hurry(relation uint64, q *query) {
	s := e.source(relation)
	if s == nil {
		return
	}
	p := s.livePump()
	if p == nil {
		return
	}
	p.urging.Lock()
	defer p.urging.Unlock()
	slo := time.Duration(0)
	if q.failure() == nil {
		slo = q.left(e.urgency(q))
	}
	was := p.urged[q]
	switch {
	case slo == was, slo > 0 && was > 0 && (slo-was).Abs() < was/16:
		return
	case slo == 0:
		delete(p.urged, q)
	default:
		if p.urged == nil {
			p.urged = map[*query]time.Duration{}
		}
		p.urged[q] = slo
	}
	least := p.least
	if slo > 0 && (least == 0 || slo < least) {
		least = slo
	} else if was == least {
		least = 0
		for _, slo := range p.urged {
			if least == 0 || slo < least {
				least = slo
			}
		}
	}
	if least != p.least {
		p.least = least
		p.hurry(least)
		p.ref.SetSLO(least)
	}
}
