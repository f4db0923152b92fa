package bench

import (
	"bytes"
	"context"
	"fmt"
	"runtime/pprof"
	"strings"
	"time"

	"github.com/dirigo-stream/dirigo/cmd/dirigo/bench/plot"
	"github.com/dirigo-stream/dirigo/cmd/dirigo/bench/profile"
)

// schedulerPath is where the scheduler's code lives: mailboxes, queues, policies,
// lending, workers.
const schedulerPath = "github.com/dirigo-stream/dirigo/actors"

// costQueries are run one at a time, as fast as they go, in batches of a thousand
// rows.
var costQueries = []string{"q0", "q2", "tumble", "hop", "q17"}

// cost is experiment 5: which part of the processor's time is the scheduler's, by
// a profile of the whole process.
func (s SLO) cost(ctx context.Context, x *Experiment) error {
	x.Setting = []string{
		"Nexmark queries as fast as they go, batches of 1,024 rows, llf with lending; a sample of the profile is the scheduler's where the innermost",
		"function outside of the runtime is in package actors: with its locks, clock readings and allocations; waiting for the next turn is not work",
	}
	for run := range s.Runs {
		for _, q := range costQueries {
			p, rows, err := s.costRun(ctx, q, s.scaled(12*time.Second))
			if err != nil {
				return err
			}
			c := x.row(q, "llf")
			c.add("scheduler", "% of CPU", 100*p.Share(func(f string) bool { return strings.HasPrefix(f, schedulerPath) }))
			c.add("garbage collector", "% of CPU", 100*p.Share(func(f string) bool { return f == "" }))
			c.add("rows", "k/s per core", rows/1e3)
			s.Say("run %d, %s: the scheduler takes %s %% of the processor's time", run+1, q, short(c.figure("scheduler").Runs[run]))
		}
	}
	for _, q := range costQueries {
		x.aim(q+", share of the scheduler", x.row(q, "llf").figure("scheduler"), 3, true)
	}
	x.chart("slo-5-cost", plot.Chart{
		Title: "What the scheduler takes of the processor", X: "query", Y: "% of CPU", Limit: 3, LimitName: "aim",
	}, "scheduler", costQueries)
	return nil
}

func (s SLO) costRun(ctx context.Context, q string, length time.Duration) (*profile.CPU, float64, error) {
	var statements []string
	for _, table := range queries[q].tables() {
		statements = append(statements, strings.Replace(streamSQL(table, 0, 0), "events = '0'", "event_rate = '10000'", 1))
	}
	statements = append(statements, "CREATE STREAM out WITH (connector = 'blackhole', slo = '100 ms') AS "+queries[q].sql)
	sc, err := s.scene(ctx, ways[0], statements...)
	if err != nil {
		return nil, 0, err
	}
	defer sc.close()
	if err := sleep(ctx, s.scaled(500*time.Millisecond)); err != nil {
		return nil, 0, err
	}
	var out bytes.Buffer
	if err := pprof.StartCPUProfile(&out); err != nil {
		return nil, 0, fmt.Errorf("experiment 5 takes a profile of its own: %w", err)
	}
	from, to, err := sc.watch(ctx, 0, length)
	pprof.StopCPUProfile()
	if err != nil {
		return nil, 0, err
	}
	p, err := profile.Read(out.Bytes())
	rows := 0.0
	for name := range to.decoded {
		rows += float64(to.decoded[name] - from.decoded[name])
	}
	return p, rows / (to.cpu - from.cpu).Seconds(), err
}
