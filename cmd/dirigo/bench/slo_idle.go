package bench

import (
	"context"
	"fmt"
	"time"
)

const (
	idleQueries = 10_000
	liveQueries = 1_000
)

// idle is experiment 7: what dirigo bench idle -dense measures.
func (s SLO) idle(ctx context.Context, x *Experiment) error {
	d := Dense{
		Queries: max(100, int(idleQueries*s.Scale)), Live: max(10, int(liveQueries*s.Scale)),
		For: 6 * time.Second, Settle: 17 * time.Second, Dir: s.Dir, Say: s.Say,
	}
	x.Setting = []string{
		fmt.Sprintf("%d queries, ten to a stream: counts by key into sinks and views, filters; left alone for %v, then watched for %v;", d.Queries, d.Settle, d.For),
		fmt.Sprintf("then idle ones get a first message, and %d of them ten a second each, whose writer is in the process too; one run", d.Live),
	}
	r, err := d.Run(ctx)
	if err != nil {
		return err
	}
	c := x.row(fmt.Sprint(r.Queries, " idle"), "llf")
	c.add("resident", "MB", r.Resident)
	c.add("heap", "KB a query", r.HeapPerQuery/1024)
	c.add("processor", "% of a core", 100*r.CoreShare)
	c.add("goroutines", "", float64(r.Idle.Goroutines))
	c.add("timers", "", float64(r.Idle.Timers))
	c.add("fsyncs", "", float64(r.Idle.Syncs))
	x.aim("resident with all idle queries", c.figure("resident"), 300, true)
	x.aim("processor with all idle queries", c.figure("processor"), 1, true)
	c = x.row("first message to an idle one", "llf")
	c.add("p50", "ms", r.First.P50)
	c.add("p99", "ms", r.First.P99)
	x.aim("first message to an idle query, p99", c.figure("p99"), 10, true)
	c = x.row(fmt.Sprint(r.Live.Queries, " live"), "llf")
	c.add("p50", "ms", r.Live.Latency.P50)
	c.add("p99", "ms", r.Live.Latency.P99)
	c.add("cores", "", r.Live.Cores)
	x.aim("cores of the live queries", c.figure("cores"), 1, true)
	return nil
}
