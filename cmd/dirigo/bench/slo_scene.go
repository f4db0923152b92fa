package bench

import (
	"context"
	"fmt"
	"runtime"
	"time"

	"github.com/dirigo-stream/dirigo/cmd/dirigo/server"
	"github.com/dirigo-stream/dirigo/exec/job"
)

// way is a policy with a way to lend: what is compared side by side.
type way struct{ policy, lending string }

func (w way) String() string {
	if w.lending == "off" {
		return w.policy + ", no lending"
	}
	return w.policy
}

// ways are what the experiments set side by side: the default, the other
// policies, and static parallelism, which never lends.
var ways = []way{
	{"llf", "reject"},
	{"llf", "off"},
	{"edf", "reject"},
	{"sjf", "reject"},
	{"fifo", "reject"},
	{"fair", "reject"},
}

// scene is a server with queries over generated streams, for one run.
type scene struct {
	*world
	meter *meter
}

// scene starts a server and runs statements.
func (s SLO) scene(ctx context.Context, w way, statements ...string) (*scene, error) {
	runtime.GC() // what the run before left behind is not this one's cost
	m := newMeter()
	world, err := openWorld(ctx, s.Dir, server.Config{Workers: s.Workers, Parallelism: s.parallelism, Policy: w.policy, Lends: w.lending, Connectors: m.connectors()})
	if err != nil {
		return nil, err
	}
	sc := &scene{world, m}
	for _, sql := range statements {
		if err := sc.run(ctx, sql); err != nil {
			sc.close()
			return nil, fmt.Errorf("%w in %s", err, sql)
		}
	}
	return sc, nil
}

// counts is what a server has done so far.
type counts struct {
	at                  time.Time
	cpu, machine        time.Duration    // of this process, of all
	decoded             map[string]int64 // by stream
	lent, refused, late int64
	merges, rounds      int64
	merging             time.Duration
	stolen, turns       int64
	busy                time.Duration // of the workers
	rows, messages      int64
	stateful            time.Duration // in turns of vertices that keep state
	queued, ran         time.Duration
}

// counts reads the counters of all queries.
func (sc *scene) counts() counts {
	e := sc.server.Engine
	c := counts{at: time.Now(), cpu: cpuTime(), machine: machineTime(), decoded: map[string]int64{}}
	for _, s := range e.Sources() {
		c.decoded[s.Name] = s.Decoded
	}
	for _, q := range e.Queries() {
		c.lent += q.Lends
		c.refused += q.Refused
		c.late += q.Late
		c.merges += q.Merges
		c.merging += q.Merging
		c.rounds += q.Rounds
		c.ran += q.Busy
		c.queued += q.Waited
		for _, v := range q.Vertices {
			c.messages += v.Messages
			c.rows += v.Rows
			if v.StateBytes > 0 {
				c.stateful += v.Busy
			}
		}
	}
	r := e.Stats().Runtime
	c.stolen, c.turns, c.busy = r.Steals, r.Runs, r.Busy
	return c
}

// failed returns the reason of the first query that does not run.
func (sc *scene) failed() error {
	for _, q := range sc.server.Engine.Queries() {
		if q.State == "failed" {
			return fmt.Errorf("%s: %s", q.Name, q.Reason)
		}
	}
	return nil
}

// query returns the status of a query.
func (sc *scene) query(name string) (job.QueryStatus, bool) {
	for _, q := range sc.server.Engine.Queries() {
		if q.Name == name {
			return q, true
		}
	}
	return job.QueryStatus{}, false
}

// decisions adds to the case what the policy did between two counts.
func (c *Case) decisions(from, to counts) {
	c.add("lent", "", float64(to.lent-from.lent))
	c.add("refused", "", float64(to.refused-from.refused))
	c.add("run late", "", float64(to.late-from.late))
	c.add("stolen", "", float64(to.stolen-from.stolen))
	c.add("others", "cores", others(from, to))
}

// others returns how many cores other processes used between two counts.
func others(from, to counts) float64 {
	return max(0, (to.machine-from.machine-(to.cpu-from.cpu)).Seconds()/to.at.Sub(from.at).Seconds())
}

// calmTries is how often a run is repeated for the sake of a machine of its own.
const calmTries = 6

// calm repeats a run that others disturbed, where the SLO asks for it, and returns
// the least disturbed one.
func calm[T any](s SLO, run func() (T, error), between func(T) (from, to counts)) (best T, err error) {
	least := 0.0
	for try := range calmTries {
		r, err := run()
		if err != nil {
			return r, err
		}
		from, to := between(r)
		o := others(from, to)
		if try == 0 || o < least {
			best, least = r, o
		}
		if s.Quiet == 0 || o <= s.Quiet {
			break
		}
		s.Say("disturbed: others used %.2f cores", o)
	}
	return best, nil
}

// watch lets a scene run: first until it is warm, then for the time that counts.
func (sc *scene) watch(ctx context.Context, warm, length time.Duration) (from, to counts, err error) {
	if err = sleep(ctx, warm); err != nil {
		return from, to, err
	}
	from = sc.counts()
	if err = sleep(ctx, length); err != nil {
		return from, to, err
	}
	to = sc.counts()
	return from, to, sc.failed()
}
