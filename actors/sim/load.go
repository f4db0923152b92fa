package sim

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/dirigo-stream/dirigo/actors"
)

// Load is synthetic work for the whole runtime in virtual time: queries of a
// source that hashes rows over the instances of an aggregate, which tells its
// results at every tick. Costs are of one row, as they are spent; what policies
// know of them they have learned.
type Load struct {
	Workers    int
	Queries    int
	Best       int           // of the queries, how many have no target
	Instances  int           // of each aggregate
	SLO        time.Duration // of the others
	Rows       int           // a message
	Every      time.Duration // between two messages of a query
	Tick       time.Duration // between two ticks
	Source     time.Duration // cost of a row before the aggregate
	Aggregate  time.Duration // and in it
	Absorb     time.Duration // of merging a group
	Groups     int           // in a partial at most
	Hot        float64       // share of the messages that go to the first instance
	For        time.Duration
	Policy     string // as actors.PolicyNamed; "": the default
	Lending    string // as actors.LendingNamed; "": the default
	Seed       uint64
	Overhead   time.Duration // of the scheduler, a turn
	DearerFrom time.Duration // from then on the first query's aggregate costs ten times as much; 0: never
}

// Report is what came of a Load.
type Report struct {
	Load                        Load
	Sent, Ran                   int64 // messages
	Rows                        int64 // that aggregates have counted
	Results, Kept               int64 // of queries with a target
	P50, P95, P99, Max          time.Duration
	BestRows                    int64
	Lent, Refused, Late, Stolen int64
	Rounds, GivenUp             int64
	Busy                        float64       // share of the workers' time
	Cost                        time.Duration // as learned at last by the first aggregate
	Took                        time.Duration // virtual, until all was done
}

// weight is a message: its rows, and when they were born.
type weight struct {
	rows int
	born int64
}

type (
	turn     = actors.Turn[weight]
	frontier = actors.Frontier
)

// play is a Load that runs.
type play struct {
	Load
	v       *actors.Virtual
	rt      *actors.Runtime[weight]
	rng     *rand.Rand
	begin   int64
	report  Report
	delays  []time.Duration
	queries []*query
}

type query struct {
	*play
	n      int
	source *actors.Ref[weight]
	due    []event
	tick   uint64
	aggs   []*actors.Ref[weight]
}

type event struct {
	at    int64
	punct bool
	to    int
}

// Run plays the load to its end.
func (l Load) Run() (Report, error) {
	policy, err := actors.PolicyNamed(l.Policy)
	if err != nil {
		return Report{}, err
	}
	lending, err := actors.LendingNamed(l.Lending)
	if err != nil {
		return Report{}, err
	}
	if l.Workers < 1 || l.Queries < 1 || l.Every <= 0 || l.Tick <= 0 || l.Rows < 1 {
		return Report{}, fmt.Errorf("a load needs workers, queries, rows, a rate and ticks")
	}
	l.Instances, l.Groups = max(1, l.Instances), max(1, l.Groups)
	p := &play{Load: l, begin: 1_000_000_000, rng: rand.New(rand.NewPCG(l.Seed, 3))}
	p.v = actors.NewVirtual(p.begin)
	p.v.Overhead = int64(l.Overhead)
	var failure error
	p.rt = actors.New[weight](actors.Config{
		Workers: l.Workers, Virtual: p.v, Policy: policy, Lending: lending,
		Failed: func(_ actors.Name, err error) { failure = err },
	})
	defer p.rt.Close()
	for n := range l.Queries {
		p.queries = append(p.queries, p.query(n))
	}
	p.rt.Drive(p.begin + int64(l.For)*100)
	return p.sum(), failure
}

// credit is what a channel may hold: much, as the load is open loop.
const credit = 1 << 40

func (p *play) query(n int) *query {
	q := &query{play: p, n: n}
	q.source = p.rt.Add(actors.Spec[weight]{
		Name: actors.Name{Job: uint64(n)}, Outputs: []int{p.Instances},
		Activate: func() (actors.Behavior[weight], error) { return (*source)(q), nil },
	})
	slo := p.SLO
	if n >= p.Queries-p.Best {
		slo = 0
	}
	q.source.SetSLO(slo)
	for i := range p.Instances {
		a := &aggregate{query: q, slo: slo}
		ref := p.rt.Add(actors.Spec[weight]{
			Name: actors.Name{Job: uint64(n), Vertex: 1, Instance: i}, Inputs: []int{1}, Lendable: true,
			Activate: func() (actors.Behavior[weight], error) { return a, nil },
		})
		ref.SetSLO(slo)
		p.rt.Connect(q.source, 0, i, ref, 0, 0, credit)
		q.aggs = append(q.aggs, ref)
	}
	q.plan()
	return q
}

// plan arms the query's first event; each arms the next.
func (q *query) plan() {
	phase := q.rng.Int64N(int64(q.Every))
	q.message(q.begin + phase)
	q.punct(q.begin + phase + int64(q.Tick))
}

func (q *query) message(at int64) {
	if at > q.begin+int64(q.For) {
		return
	}
	q.rt.At(at, func() {
		to := 0
		if q.rng.Float64() >= q.Hot {
			to = q.rng.IntN(q.Instances)
		}
		q.happens(event{at: at, to: to})
		q.message(at + int64(q.Every)/2 + q.rng.Int64N(int64(q.Every)))
	})
}

func (q *query) punct(at int64) {
	if at > q.begin+int64(q.For)+2*int64(q.Tick) {
		return
	}
	q.rt.At(at, func() {
		q.happens(event{at: at, punct: true})
		q.punct(at + int64(q.Tick))
	})
}

func (q *query) happens(e event) {
	q.due = append(q.due, e)
	q.source.Wake()
}

// source is the reader of a query.
type source query

func (s *source) Push(int, weight, *turn) (bool, error) { return false, nil }
func (s *source) Due(frontier, bool, int64) bool        { return false }
func (s *source) Advance(frontier, *turn) (bool, error) { return false, nil }
func (s *source) Resume(*turn) (bool, error)            { return false, nil }

// Urgent implements actors.Poller.
func (s *source) Urgent() int64 {
	if len(s.due) == 0 {
		return 0
	}
	return s.due[0].at
}

// Poll implements actors.Poller.
func (s *source) Poll(t *turn) (bool, error) {
	if len(s.due) == 0 {
		return false, nil
	}
	e := s.due[0]
	s.due = s.due[1:]
	if e.punct {
		s.tick++
		t.Punct(actors.Punct{Tick: s.tick, Watermark: actors.NoWatermark, Born: e.at})
		return len(s.due) > 0, nil
	}
	s.v.Spend(int64(s.Rows) * int64(s.Source))
	s.report.Sent++
	t.Emit(0, e.to, weight{s.Rows, e.at}, actors.Meta{Rows: s.Rows, Bytes: int64(s.Rows), Time: actors.NoTime, Born: e.at})
	return len(s.due) > 0, nil
}

// aggregate counts rows.
type aggregate struct {
	*query
	slo   time.Duration
	rows  int64
	least int64 // born first of what no tick has covered
}

func (a *aggregate) cost(rows int) int64 {
	c := int64(rows) * int64(a.Aggregate)
	if a.DearerFrom > 0 && a.n == 0 && a.v.Now() > a.begin+int64(a.DearerFrom) {
		c *= 10
	}
	return c
}

func (a *aggregate) count(rows int, born int64) {
	a.rows += int64(rows)
	if born > 0 && (a.least == 0 || born < a.least) {
		a.least = born
	}
}

// Push implements actors.Behavior.
func (a *aggregate) Push(_ int, w weight, _ *turn) (bool, error) {
	a.v.Spend(a.cost(w.rows))
	a.report.Ran++
	a.count(w.rows, w.born)
	return false, nil
}

// Due implements actors.Behavior.
func (a *aggregate) Due(_ frontier, rows bool, _ int64) bool { return rows }

// Resume implements actors.Behavior.
func (a *aggregate) Resume(*turn) (bool, error) { return false, nil }

// Advance implements actors.Behavior: the result of a tick is one of every row in
// it, and as late as the tick's last row.
func (a *aggregate) Advance(f frontier, _ *turn) (bool, error) {
	a.v.Spend(5_000)
	if a.slo == 0 {
		a.report.BestRows += a.rows
	} else {
		d := time.Duration(a.v.Now() - f.Born)
		a.delays = append(a.delays, d)
		if d <= a.slo {
			a.report.Kept++
		}
	}
	a.report.Rows += a.rows
	a.rows, a.least = 0, 0
	a.report.Took = max(a.report.Took, time.Duration(a.v.Now()-a.begin))
	return false, nil
}

// Lend implements actors.Lendable.
func (a *aggregate) Lend() actors.Lessee[weight] { return &partial{of: a} }

// Absorb implements actors.Lendable.
func (a *aggregate) Absorb(v any, _ *turn) (bool, error) {
	p := v.(partial)
	a.v.Spend(int64(min(p.rows, a.Groups)) * int64(a.Load.Absorb))
	a.count(p.rows, 0)
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
	p.rows += w.rows
	return nil
}

// Collect implements actors.Lessee.
func (p *partial) Collect() (any, error) { return partial{rows: p.rows}, nil }

// sum adds the run up.
func (p *play) sum() Report {
	r := p.report
	r.Load = p.Load
	for _, q := range p.queries {
		for _, ref := range q.aggs {
			s := ref.Stats()
			r.Lent, r.Refused, r.Late = r.Lent+s.Lent, r.Refused+s.Refused, r.Late+s.Late
			r.Rounds, r.GivenUp = r.Rounds+s.Rounds, r.GivenUp+s.GivenUp
		}
	}
	r.Cost = p.queries[0].aggs[0].Stats().Cost
	st := p.rt.Stats()
	r.Stolen = st.Steals
	r.Busy = float64(st.Busy) / float64(r.Took) / float64(p.Workers)
	slices.SortFunc(p.delays, func(a, b time.Duration) int { return cmp.Compare(a, b) })
	r.Results = int64(len(p.delays))
	at := func(q float64) time.Duration { return p.delays[int(q*float64(len(p.delays)-1))] }
	if len(p.delays) > 0 {
		r.P50, r.P95, r.P99, r.Max = at(.5), at(.95), at(.99), at(1)
	}
	return r
}

// Attained returns the share of results within their target; 1: there were none.
func (r Report) Attained() float64 {
	if r.Results == 0 {
		return 1
	}
	return float64(r.Kept) / float64(r.Results)
}
