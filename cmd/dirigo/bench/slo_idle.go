package bench

import (
	"context"
	"fmt"
	"time"
)

// idle is experiment 7.
func (s SLO) idle(ctx context.Context, x *Experiment) error {
	queries, live := int(10_000*s.Scale), int(1000*s.Scale)
	d := Dense{
		Queries: queries, Live: live, For: max(s.scaled(10*time.Second), time.Second), Settle: 25 * time.Second, Dir: s.Dir, Say: s.Say,
	}
	x.Setting = []string{
		fmt.Sprintf("%d queries, ten on each of %d streams within the process: counts by key into a sink, the same as a view, a filter into a sink", queries, queries/10),
		fmt.Sprintf("%v without rows, then %v watched; 200 streams get one message each; %d queries get ten messages a second each; a restart; one run", d.Settle, d.For, live),
	}
	r, err := d.Run(ctx)
	if err != nil {
		return err
	}
	r.show(x)
	return nil
}

// show adds what was measured to an experiment, and judges it.
func (r *DenseResult) show(x *Experiment) {
	idle := x.row(fmt.Sprint(r.Queries, " idle"), "llf")
	idle.add("resident", "MB", r.Resident)
	idle.add("objects a query", "KB", r.LivePerQuery/1024)
	idle.add("CPU", "% of a core", 100*r.CoreShare)
	idle.add("timers", "", float64(r.Idle.Timers))
	idle.add("fsyncs", "", float64(r.Idle.Syncs))
	idle.add("goroutines", "", float64(r.Idle.Goroutines))
	idle.add("scrape", "MB", r.Metrics.MB)
	first := x.row("first message to an idle query", "llf")
	first.add("p50", "ms", r.First.P50)
	first.add("p99", "ms", r.First.P99)
	first.add("p50 to SELECT", "ms", r.FirstOf.P50)
	first.add("p99 to SELECT", "ms", r.FirstOf.P99)
	live := x.row(fmt.Sprintf("%d queries with %g messages/s each", r.Live.Queries, r.Live.PerSecond), "llf")
	live.add("cores", "", r.Live.Cores)
	live.add("p50", "ms", r.Live.Latency.P50)
	live.add("p99", "ms", r.Live.Latency.P99)
	create := x.row("CREATE", "llf")
	create.add("p50 of the first hundred", "ms", r.Create.First.P50)
	create.add("p50 of the last hundred", "ms", r.Create.Last.P50)
	create.add("CPU of all", "s", r.Create.CPU)
	start := x.row("start with all", "llf")
	start.add("ready", "s", r.Start.Ready)
	start.add("CPU until ready", "s", r.Start.CPU)
	start.add("all read", "s", r.Start.All)
	x.aim("memory of all idle queries", idle.figure("resident"), 300, true)
	x.aim("CPU of all idle queries", idle.figure("CPU"), 1, true)
	x.aim("first message to an idle query", first.figure("p99"), 10, true)
	x.aim("first message until SELECT has it", first.figure("p99 to SELECT"), 10, true)
	x.aim("CPU of the live queries", live.figure("cores"), 1, true)
}
