package job

import "time"

// Analysis is what can be said of a query that runs on: what it did, vertex by
// vertex, and why no rows come out of it.
type Analysis struct {
	Status   QueryStatus
	Vertices map[int]Measured // by id
	// Why are sentences: what keeps rows back, or time; nil: nothing that is known.
	Why []string
}

// Measured is what one vertex did, its instances together, since the query was
// started or the SELECT began.
type Measured struct {
	RowsIn, RowsOut, Batches int64
	Busy, Waited, Blocked    time.Duration // summed over messages
	P50, P99                 time.Duration // of a message here, its waiting included; 0: unknown
	Late, Lends, Refused     int64
	Lessees                  int
	StateBytes               int64
	ops                      []int64 // rows that each operator has given
}

// Analyze says what a query did, and why nothing comes out of it.
func (e *Engine) Analyze(id uint64) (Analysis, bool) {
	q := e.query(id)
	if q == nil {
		return Analysis{}, false
	}
	a := Analysis{Status: q.status(), Vertices: map[int]Measured{}}
	for v, of := range q.instances {
		a.Vertices[q.def.Graph.Vertices[v].ID] = measured(a.Status.Vertices[v], of)
	}
	a.Why = e.why(q, &a)
	return a, true
}

func measured(s VertexStatus, of []*instance) Measured {
	m := Measured{
		RowsIn: s.Rows, Batches: s.Messages, Busy: s.Busy, Waited: s.Waited, Blocked: s.Blocked,
		Late: s.Late, Lends: s.Lends, Refused: s.Refused, Lessees: s.Lessees, StateBytes: s.StateBytes,
	}
	times := timesOf(of)
	m.P50, m.P99 = times.Quantile(.5), times.Quantile(.99)
	for _, i := range of {
		gave := i.gave.Load()
		if gave == nil {
			continue
		}
		if m.ops == nil {
			m.ops = make([]int64, len(*gave))
		}
		for n := range *gave {
			m.ops[n] += (*gave)[n].Load()
		}
	}
	m.RowsOut = m.RowsIn // without operators
	if n := len(m.ops); n > 0 {
		m.RowsOut = m.ops[n-1]
	}
	return m
}

// stopwatch measures the vertices of a bounded query, which call each other: the
// time goes to the one that runs.
type stopwatch struct {
	on   *boundedNode // nil: none, or what takes the rows
	mark time.Time
}

// turn lets the time go to n until the function that it returns is called.
func (r *boundedRun) turn(n *boundedNode) (back func()) {
	if r.b.Analyzed == nil {
		return func() {}
	}
	was := r.watch.on
	r.goTo(n)
	return func() { r.goTo(was) }
}

func (r *boundedRun) goTo(n *boundedNode) {
	now := time.Now()
	if r.watch.on != nil {
		r.watch.on.did.Busy += now.Sub(r.watch.mark)
	}
	r.watch = stopwatch{n, now}
}

// measured returns what the vertices did.
func (r *boundedRun) measured() map[int]Measured {
	out := map[int]Measured{}
	for _, n := range r.nodes {
		out[n.def.ID] = n.did
	}
	return out
}
