package bench

import (
	"context"
	"fmt"
	"os"
	"time"

	"github.com/dirigo-stream/dirigo/cmd/dirigo/server"
)

const (
	idleQueries = 10_000
	liveQueries = 1_000
	liveRate    = 10 // rows a second of each
	liveTarget  = 10 * time.Millisecond
)

// idle is experiment 7.
func (s SLO) idle(ctx context.Context, x *Experiment) error {
	queries, live := max(20, int(idleQueries*s.Scale)), max(10, int(liveQueries*s.Scale))
	i := Idle{Queries: queries, For: 10 * time.Second, Settle: 25 * time.Second, Dir: s.Dir, Say: s.Say}
	x.Setting = []string{
		fmt.Sprintf("idle: %d queries over one topic of an embedded broker in a process of its own; %v without rows, then %v watched", queries, i.Settle, i.For),
		fmt.Sprintf("live: %d queries, each over a stream of its own, a row every %v; woken: the same, and actors leave memory after 20 ms,", live, time.Second/liveRate),
		"so that every row meets an idle query; latency from when the row was due; one run, as the idle queries take minutes",
	}
	for _, woken := range []bool{false, true} {
		if err := s.live(ctx, x, live, woken); err != nil {
			return err
		}
	}
	r, err := i.Run(ctx)
	if err != nil {
		return err
	}
	for _, u := range []IdleUse{r.One, r.Many} {
		c := x.row(fmt.Sprint(u.Queries, " idle"), "llf")
		c.add("heap and stacks", "MB", u.Heap)
		c.add("CPU", "% of a core", u.CPU/u.Seconds/10)
		c.add("goroutines", "", float64(u.Goroutines))
		c.add("timers", "", float64(u.Timers))
		c.add("fsyncs", "", float64(u.Syncs))
	}
	many := x.row(fmt.Sprint(r.Many.Queries, " idle"), "llf")
	x.aim("heap and stacks with all idle queries", many.figure("heap and stacks"), 300, true)
	x.aim("processor with all idle queries", many.figure("CPU"), 1, true)
	return nil
}

// live runs queries that each get a row now and then.
func (s SLO) live(ctx context.Context, x *Experiment, queries int, woken bool) error {
	m, bounds, at := newMeter(), server.Bounds{}, fmt.Sprint(queries, " live")
	if woken {
		bounds.IdleAfter, at = 20*time.Millisecond, fmt.Sprint(queries, " woken by each row")
	}
	w, err := openWorld(ctx, s.Dir, server.Config{Workers: s.Workers, Connectors: m.connectors(), Bounds: bounds})
	if err != nil {
		return err
	}
	sc := &scene{w, m}
	defer sc.close()
	for i := range queries {
		// 11 events are 10 bids. The seed sets each at another moment of its own.
		err := sc.run(ctx, fmt.Sprintf(`CREATE STREAM drop%d (auction BIGINT, price BIGINT, date_time TIMESTAMP) WITH (connector = 'nexmark', "table" = 'bid', rate = '%d', seed = '%d');
			CREATE STREAM seen%d WITH (connector = 'timed', of = 'drop%d', slo = '%d ms', parallelism = 1) AS SELECT date_time AS due, auction, price FROM drop%d WHERE price > 0`,
			i, liveRate+1, i, i, i, liveTarget.Milliseconds(), i))
		if err != nil {
			return err
		}
	}
	from, to, err := sc.watch(ctx, time.Second, s.scaled(5*time.Second))
	if err != nil {
		return err
	}
	if err := sleep(ctx, 300*time.Millisecond); err != nil {
		return err
	}
	var all []outcome
	for i := range queries {
		got, _ := m.results(fmt.Sprint("drop", i), from.at, to.at, time.Now(), 0)
		all = append(all, got...)
	}
	c := x.row(at, "llf")
	spreadOf(all, liveTarget, 0).latency(c)
	c.add("rows", "/s", float64(len(all))/to.at.Sub(from.at).Seconds())
	c.add("cores", "", (to.cpu-from.cpu).Seconds()/to.at.Sub(from.at).Seconds())
	c.add("resident", "MB", residentMB(os.Getpid()))
	c.add("others", "cores", others(from, to))
	if woken {
		x.aim("latency of the first row to an idle query, p99", c.figure("p99"), 10, true)
	} else {
		x.aim("processor of "+at+" queries", c.figure("cores"), 1, true)
	}
	return nil
}
