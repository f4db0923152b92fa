package sim

import (
	"time"

	"github.com/dirigo-stream/dirigo/actors"
)

// perAdvance is what the due work of a tick costs, ns.
const perAdvance = 5_000

// aggregate counts rows, or, behind a first phase, merges what that has counted.
type aggregate struct {
	*query
	rows   int64
	closed int64 // number of the next window
}

// cost is what rows cost in an aggregate, ns.
func (q *query) cost(rows int) int64 {
	c := int64(rows) * int64(q.Aggregate)
	if q.DearerFrom > 0 && q.n == 0 && q.v.Now() > q.begin+int64(q.DearerFrom) {
		c *= 10
	}
	return c
}

// Push implements actors.Behavior.
func (a *aggregate) Push(_ int, w weight, _ *turn) (bool, error) {
	if a.TwoPhase > 0 {
		a.v.Spend(int64(w.rows) * int64(a.Load.Absorb))
	} else {
		a.v.Spend(a.cost(w.rows))
		a.report.Ran++
	}
	a.rows += int64(w.counts)
	return false, nil
}

// Due implements actors.Behavior.
func (a *aggregate) Due(f frontier, rows bool, _ int64) bool {
	if a.Window > 0 {
		return a.closes(f) > a.closed
	}
	return rows
}

// closes returns the number of the window that is open at a frontier.
func (a *aggregate) closes(f frontier) int64 { return max(0, f.Watermark) / a.Window.Microseconds() }

// Resume implements actors.Behavior.
func (a *aggregate) Resume(*turn) (bool, error) { return false, nil }

// Advance implements actors.Behavior: the result of a tick is one of every row in
// it, and as late as the tick's last row.
func (a *aggregate) Advance(f frontier, _ *turn) (bool, error) {
	a.v.Spend(perAdvance)
	if a.Window > 0 {
		a.closed = a.closes(f)
	}
	if a.slo == 0 {
		a.report.BestRows += a.rows
	} else {
		a.told(time.Duration(a.v.Now() - f.Born))
	}
	a.report.Rows += a.rows
	a.rows = 0
	a.report.Took = max(a.report.Took, time.Duration(a.v.Now()-a.begin))
	return false, nil
}

// told counts a result of a query with a target.
func (a *aggregate) told(delay time.Duration) {
	a.delays = append(a.delays, delay)
	job := &a.report.Jobs[a.job]
	job.Results++
	if delay <= a.slo {
		job.Kept++
		a.report.Kept++
	}
}

// Lend implements actors.Lendable.
func (a *aggregate) Lend() actors.Lessee[weight] { return &partial{of: a} }

// Absorb implements actors.Lendable.
func (a *aggregate) Absorb(v any, _ *turn) (bool, error) {
	rows := v.(int)
	a.v.Spend(int64(min(rows, a.Groups)) * int64(a.Load.Absorb))
	a.rows += int64(rows)
	return false, nil
}

// partial is a lessee's count.
type partial struct {
	of   *aggregate
	rows int
}

// Push implements actors.Lessee.
func (p *partial) Push(_ int, w weight) error {
	p.of.v.Spend(p.of.cost(w.rows))
	p.of.report.Ran++
	p.rows += w.counts
	return nil
}

// Collect implements actors.Lessee.
func (p *partial) Collect() (any, error) { return p.rows, nil }

// first is an aggregate of the first of two phases: it counts for all instances
// and tells each at every tick.
type first struct {
	*query
	rows []int // by instance
}

func (q *query) addFirstPhase(sources []*ref) (refs []*ref) {
	for i := range q.TwoPhase {
		f := &first{query: q, rows: make([]int, q.Instances)}
		refs = append(refs, q.add(spec{
			Name: q.name(1, i), Inputs: []int{len(sources)}, Outputs: []int{q.Instances},
			Activate: func() (actors.Behavior[weight], error) { return f, nil },
		}, sources))
	}
	return refs
}

// Push implements actors.Behavior.
func (f *first) Push(_ int, w weight, _ *turn) (bool, error) {
	f.v.Spend(f.cost(w.rows))
	f.report.Ran++
	f.rows[w.to] += w.rows
	return false, nil
}

// Due implements actors.Behavior.
func (f *first) Due(_ frontier, rows bool, _ int64) bool { return rows }

// Resume implements actors.Behavior.
func (f *first) Resume(*turn) (bool, error) { return false, nil }

// Advance implements actors.Behavior.
func (f *first) Advance(fr frontier, t *turn) (bool, error) {
	f.v.Spend(perAdvance)
	for to, rows := range f.rows {
		if rows > 0 {
			groups := min(rows, f.Groups)
			t.Emit(0, to, weight{rows: groups, counts: rows, to: to, born: fr.Born},
				actors.Meta{Rows: groups, Bytes: int64(groups), Time: actors.NoTime, Born: fr.Born})
		}
	}
	clear(f.rows)
	return false, nil
}
