package job

import (
	"time"

	"github.com/dirigo-stream/dirigo/storage"
)

// urgeAbove makes the query's actors, and those of the views that it reads, work
// for the most urgent latency target that depends on them, and its sources' too.
func (e *Engine) urgeAbove(q *query) {
	q.mu.Lock()
	catching := q.state == stateCatching
	q.mu.Unlock()
	if catching {
		q.urge(0) // history is best-effort work
	} else {
		q.urge(e.attention(q))
	}
	for _, rel := range q.relations() {
		if up := q.ups[rel]; up != nil {
			e.urgeAbove(up)
		} else {
			e.hurry(rel, q)
		}
	}
}

// attended is the latency target, where none is stated, of what somebody waits
// for: the changes of a view for its subscribers, a table's content for those who
// write and read it.
const attended = 10 * time.Millisecond

// attention is the latency target that a query's actors work for: the least of
// its own and of all that read it, or that of those who wait; 0: best effort.
func (e *Engine) attention(q *query) time.Duration {
	if slo := e.urgency(q); slo > 0 {
		return slo
	}
	for _, d := range e.below(q) {
		if d.heard.Load() > 0 || e.keepsTable(d) {
			return attended
		}
	}
	return 0
}

// hear says that one more, or with -1 one less, waits for what a view gives.
func (e *Engine) hear(q *query, more int32) {
	e.hearing.Lock() // the last change of the number is the last to take effect
	defer e.hearing.Unlock()
	if n := q.heard.Add(more); n == 0 || n == 1 {
		e.urgeAbove(q)
	}
}

// keepsTable says whether a query keeps the content of a table.
func (e *Engine) keepsTable(q *query) bool {
	for _, rel := range q.relations() {
		if s := e.source(rel); s != nil && s.table != nil && s.table.def.View.ID == q.def.ID {
			return true
		}
	}
	return false
}

// urgency is the least latency target of a query and of all that read it, those
// of others less what a message costs there; 0: none has one.
func (e *Engine) urgency(q *query) time.Duration {
	least := q.slo()
	for _, d := range e.consumers(q) {
		if slo := d.left(e.urgency(d)); slo > 0 && (least == 0 || slo < least) {
			least = slo
		}
	}
	return least
}

// left is what a latency target of the query leaves to those that feed it: it,
// less what the query's costliest way costs. A target that cannot be kept leaves
// a part all the same, or they would be late from the beginning.
func (q *query) left(slo time.Duration) time.Duration {
	way := time.Duration(0)
	for _, of := range q.instances {
		for _, i := range of {
			if i.place != nil {
				way = max(way, i.ref.Way())
			}
		}
	}
	return max(slo-way, slo/4)
}

// urgeAgain has those that feed queries with a latency target work for what these
// leave them by now: costs change.
func (e *Engine) urgeAgain(sealed []storage.QuerySeal) {
	e.hearing.Lock()
	defer e.hearing.Unlock()
	for _, s := range sealed {
		if q := e.query(s.Query); q != nil && q.slo() > 0 {
			e.urgeAbove(q)
		}
	}
}
