package job

import "time"

// urgeAbove makes the query's actors, and those of the views that it reads, work
// for the most urgent latency target that depends on them, and its sources' too.
func (e *Engine) urgeAbove(q *query) {
	q.mu.Lock()
	catching := q.state == stateCatching
	q.mu.Unlock()
	if catching {
		q.urge(0) // history is best-effort work
	} else {
		q.urge(e.urgency(q))
	}
	for _, rel := range q.relations() {
		if up := q.ups[rel]; up != nil {
			e.urgeAbove(up)
		} else {
			e.hurry(rel)
		}
	}
}

// urgency is the least latency target of a query and of all that read it; 0:
// none has one.
func (e *Engine) urgency(q *query) time.Duration {
	least := q.slo()
	for _, d := range e.consumers(q) {
		if slo := e.urgency(d); slo > 0 && (least == 0 || slo < least) {
			least = slo
		}
	}
	return least
}
