package sim

import (
	"math/rand/v2"
	"sync/atomic"
	"time"

	"github.com/dirigo-stream/dirigo/actors"
)

// weight is a message: how many rows it counts for, of which instance's keys, and
// when they were born. Behind a first phase rows are groups.
type weight struct {
	rows, counts int
	to           int
	born         int64
}

type (
	turn     = actors.Turn[weight]
	frontier = actors.Frontier
	ref      = actors.Ref[weight]
	spec     = actors.Spec[weight]
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
	bursts  [][]span // by job
	failure atomic.Pointer[error]
}

func newPlay(l Load) *play {
	p := &play{Load: l, begin: 1_000_000_000, rng: rand.New(rand.NewPCG(l.Seed, 3+l.Arrivals))}
	p.v = actors.NewVirtual(p.begin)
	p.v.Overhead, p.v.Lend = int64(l.Overhead), int64(l.Lend)
	p.report.Jobs = make([]JobReport, l.Jobs)
	for job := range l.Jobs {
		p.bursts = append(p.bursts, l.burstsOf(job+l.Job))
	}
	return p
}

// query is one query: its sources, and the aggregate's instances.
type query struct {
	*play
	n, job  int
	slo     time.Duration
	sources []*source
	aggs    []*ref
}

// noLimit is what a channel may hold where nothing is said: the load is open loop.
const noLimit = 1 << 40

func (p *play) query(n int) *query {
	q := &query{play: p, n: n, job: n * p.Jobs / p.Queries, slo: p.SLO}
	if n >= p.Queries-p.Best {
		q.slo = 0
	}
	for i := range p.Sources {
		q.addSource(i)
	}
	above := make([]*ref, 0, max(p.Sources, p.TwoPhase))
	for _, s := range q.sources {
		above = append(above, s.ref)
	}
	if p.TwoPhase > 0 {
		above = q.addFirstPhase(above)
	}
	for i := range p.Instances {
		a := &aggregate{query: q}
		q.aggs = append(q.aggs, q.add(spec{
			Name: q.name(2, i), Inputs: []int{len(above)}, Lendable: p.TwoPhase == 0, Window: p.Window.Microseconds(),
			Activate: func() (actors.Behavior[weight], error) { return a, nil },
		}, above))
	}
	q.plan()
	return q
}

func (q *query) name(vertex, i int) actors.Name {
	return actors.Name{Job: uint64(q.n), Vertex: vertex, Instance: i}
}

// add makes an actor below others, each of which has a channel to it.
func (q *query) add(s spec, above []*ref) *ref {
	s.Failed = func(err error) { q.failure.Store(&err) }
	r := q.rt.Add(s)
	r.SetSLO(q.slo)
	credit := int64(q.Credit)
	if credit == 0 {
		credit = noLimit
	}
	for j, from := range above {
		q.rt.Connect(from, 0, s.Name.Instance, r, 0, j, credit)
	}
	return r
}

// plan arms the first event of each source; each arms the next.
func (q *query) plan() {
	phase := q.rng.Int64N(int64(q.Every))
	for _, s := range q.sources {
		s.message(q.begin + phase + q.rng.Int64N(int64(q.Every)))
		s.punct(q.begin + phase + int64(q.Tick))
	}
}

// sum adds the run up.
func (p *play) sum() Report {
	r := p.report
	r.Load = p.Load
	for _, q := range p.queries {
		for _, s := range q.sources {
			r.Jobs[q.job].Busy += s.ref.Stats().Busy
		}
		for _, ref := range q.aggs {
			s := ref.Stats()
			r.Jobs[q.job].Busy += s.Busy
			r.Lent, r.Refused, r.Late = r.Lent+s.Lent, r.Refused+s.Refused, r.Late+s.Late
			r.Rounds, r.GivenUp = r.Rounds+s.Rounds, r.GivenUp+s.GivenUp
		}
	}
	r.Cost = p.queries[0].aggs[0].Stats().Cost
	st := p.rt.Stats()
	r.Stolen = st.Steals
	r.Busy = float64(st.Busy) / float64(r.Took) / float64(p.Workers)
	r.order(p.delays)
	return r
}
