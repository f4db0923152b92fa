package bench

import (
	"context"
	"fmt"
	"time"

	"github.com/dirigo-stream/dirigo/cmd/dirigo/bench/plot"
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
		fmt.Sprintf("then idle ones get a first message, and %d of them ten a second each, whose writer is in the process too", d.Live),
	}
	idle, first, live := fmt.Sprint(d.Queries, " idle"), "first message to an idle one", fmt.Sprint(d.Live, " live")
	for range s.Runs {
		r, err := d.Run(ctx)
		if err != nil {
			return err
		}
		c := x.row(idle, "llf")
		c.add("resident", "MB", r.Resident)
		c.add("heap", "KB a query", r.HeapPerQuery/1024)
		c.add("live heap", "KB a query", r.LivePerQuery/1024)
		c.add("processor", "% of a core", 100*r.CoreShare)
		c.add("goroutines", "", float64(r.Idle.Goroutines))
		c.add("timers", "", float64(r.Idle.Timers))
		c.add("fsyncs", "", float64(r.Idle.Syncs))
		c = x.row(first, "llf")
		c.add("p50", "ms", r.First.P50)
		c.add("p99", "ms", r.First.P99)
		c = x.row(live, "llf")
		c.add("p50", "ms", r.Live.Latency.P50)
		c.add("p99", "ms", r.Live.Latency.P99)
		c.add("cores", "", r.Live.Cores)
	}
	figure := func(at, name string) Figure { return x.Figure(at, "llf", name) }
	x.aim("resident with all idle queries", figure(idle, "resident"), 300, true)
	x.aim("processor with all idle queries", figure(idle, "processor"), 1, true)
	x.aim("first message to an idle query, p99", figure(first, "p99"), 10, true)
	x.aim("cores of the live queries", figure(live, "cores"), 1, true)
	x.chart("slo-7-density", plot.Chart{
		Title: fmt.Sprintf("Among %d queries", d.Queries), X: "", Y: "from message to result, p99, ms", Limit: 10, LimitName: "aim for the first",
	}, "p99", []string{first, live})
	return nil
}
