package sim

import (
	"fmt"
	"time"

	"github.com/dirigo-stream/dirigo/actors"
)

// Load is synthetic work for the whole runtime in virtual time: queries of
// sources that hash rows over the instances of an aggregate, which tells its
// results at every tick. Costs are of one row, as they are spent; what policies
// know of them they have learned.
type Load struct {
	Workers   int
	Queries   int
	Best      int // of the queries, how many have no target
	Hogs      int // of the queries, how many (the first) have HogTimes as many rows
	HogTimes  float64
	Sources   int           // of each query, side by side; 0: 1
	Instances int           // of each aggregate
	SLO       time.Duration // of the others
	Rows      int           // a message
	Every     time.Duration // between two messages of a query
	Tick      time.Duration // between two ticks
	Source    time.Duration // cost of a row before the aggregate
	Aggregate time.Duration // and in it
	Absorb    time.Duration // of merging a group
	Groups    int           // in a partial at most
	Hot       float64       // share of the messages that go to the first instance
	// Credit is how many rows may be on their way on a channel; what comes beyond
	// that waits before the source, as it would at a broker. 0: any number.
	Credit int
	// Window is how long the windows of the aggregates are, whose results come when
	// they close; 0: at every tick.
	Window time.Duration
	// TwoPhase is the rival of lending: so many aggregates take the rows of a
	// query in turn, whatever their key, and send what they have of each instance
	// there at every tick. 0: one phase.
	TwoPhase int
	// Jobs is into how many groups the queries fall that have their bursts
	// together; 0: one. The first of them is number Job.
	Jobs, Job  int
	Burst      float64       // how many times as many rows come in a burst; 0: none are
	BurstFor   time.Duration // how long one is
	BurstEvery time.Duration // one in each of these spans
	Apart      bool          // a job's bursts come half a span after the last job's; else at any time
	For        time.Duration
	Until      time.Duration // the run is cut there; 0: it ends when all is done
	Policy     string        // as actors.PolicyNamed; "": the default
	Lending    string        // as actors.LendingNamed; "": the default
	Seed       uint64
	Arrivals   uint64        // other arrivals, the same bursts
	Overhead   time.Duration // of the scheduler, a turn
	Lend       time.Duration // of lending a message, at its lessor
	DearerFrom time.Duration // from then on the first query's aggregate costs ten times as much; 0: never
}

// Run plays the load to its end.
func (l Load) Run() (Report, error) {
	policy, err := actors.PolicyNamed(l.Policy)
	if err != nil {
		return Report{}, err
	}
	return l.RunWith(policy)
}

// RunWith plays the load under a policy that need not have a name.
func (l Load) RunWith(policy actors.Policy) (Report, error) {
	lending, err := actors.LendingNamed(l.Lending)
	if err != nil {
		return Report{}, err
	}
	if l.Workers < 1 || l.Queries < 1 || l.Every <= 0 || l.Tick <= 0 || l.Rows < 1 {
		return Report{}, fmt.Errorf("a load needs workers, queries, rows, a rate and ticks")
	}
	l.Instances, l.Groups = max(1, l.Instances), max(1, l.Groups)
	l.Sources, l.Jobs = max(1, l.Sources), max(1, l.Jobs)
	p := newPlay(l)
	p.rt = actors.New[weight](actors.Config{
		Workers: l.Workers, Virtual: p.v, Policy: policy, Lending: lending,
	})
	defer p.rt.Close()
	for n := range l.Queries {
		p.queries = append(p.queries, p.query(n))
	}
	end := l.Until
	if end == 0 {
		end = l.For * 100
	}
	p.rt.Drive(p.begin + int64(end))
	if err := p.failure.Load(); err != nil {
		return p.sum(), *err
	}
	return p.sum(), nil
}

// Share returns the share of a worker's time that the rows of one query need
// outside of bursts.
func (l Load) Share() float64 {
	return float64(l.Rows) * float64(l.Source+l.Aggregate) / float64(l.Every)
}
