package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/dirigo-stream/dirigo/actors"
	"github.com/dirigo-stream/dirigo/actors/sim"
)

func benchSim(ctx context.Context, args []string) error {
	f := flags("bench sim", "bench sim [flags]", `Runs the scheduler in virtual time: the mailboxes, queues, policies, lending and
stealing of the server, on synthetic queries (a source that hashes rows over the
instances of an aggregate, which tells its results at every tick). What is printed
is simulated, and determined by the seed.`)
	var x sim.Load
	f.IntVar(&x.Workers, "workers", 16, "`number` of workers, up to 10,000")
	f.IntVar(&x.Queries, "tenants", 16, "`number` of queries")
	f.IntVar(&x.Best, "best-effort", 8, "of them, `how many` have no latency target")
	f.IntVar(&x.Instances, "instances", 4, "`number` of instances of each aggregate")
	f.DurationVar(&x.SLO, "slo", 20*time.Millisecond, "latency target of the others")
	f.IntVar(&x.Rows, "rows", 250, "`rows` a message")
	f.DurationVar(&x.Tick, "tick", 10*time.Millisecond, "time between two ticks of a query")
	f.DurationVar(&x.Source, "before", 100*time.Nanosecond, "cost of a row before the aggregate")
	f.DurationVar(&x.Aggregate, "aggregate", 400*time.Nanosecond, "cost of a row in the aggregate")
	f.DurationVar(&x.Absorb, "absorb", 100*time.Nanosecond, "cost of merging a group of a partial state")
	f.IntVar(&x.Groups, "groups", 10, "groups in a partial state at most")
	f.Float64Var(&x.Hot, "hot", 0.5, "`share` of the rows that go to one instance")
	f.DurationVar(&x.For, "for", time.Second, "how long rows come, in virtual time")
	f.DurationVar(&x.Overhead, "overhead", 500*time.Nanosecond, "what the scheduler costs, a call")
	f.Uint64Var(&x.Seed, "seed", 1, "`seed` of the arrivals and of the skew")
	load := f.Float64("load", 0.9, "`share` of the workers' time that the rows need")
	policies := f.String("policies", strings.Join(actors.PolicyNames, ","), "`names` of the policies, side by side")
	lendings := f.String("lendings", strings.Join(actors.LendingNames, ","), "`names` of the ways to lend, side by side")
	asJSON := f.Bool("json", false, "print one JSON object a run")
	if err := parse(f, args); err != nil {
		return err
	}
	if x.Workers < 1 || x.Workers > 10_000 || *load <= 0 || x.Queries < 1 || x.Best < 0 || x.Best > x.Queries {
		return usageError{fmt.Errorf("bench sim: want 1 to 10,000 --workers, a --load above 0, and no more --best-effort than --tenants")}
	}
	message := time.Duration(x.Rows) * (x.Source + x.Aggregate)
	x.Every = max(2, time.Duration(float64(message)*float64(x.Queries)/(*load*float64(x.Workers))))
	if !*asJSON {
		fmt.Printf("simulated: %d workers, %d queries (%d best effort), load %.2f, seed %d\n", x.Workers, x.Queries, x.Best, *load, x.Seed)
		fmt.Println("policy lending  attained   p50 ms   p99 ms   max ms  M rows/s   busy     lent  refused  late    stolen")
	}
	for p := range strings.SplitSeq(*policies, ",") {
		for _, lending := range slices.Compact(strings.Split(*lendings, ",")) {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			x.Policy, x.Lending = p, lending
			r, err := x.Run()
			if err != nil {
				return err
			}
			if err := printSim(r, *asJSON); err != nil {
				return err
			}
		}
	}
	return nil
}

func printSim(r sim.Report, asJSON bool) error {
	if asJSON {
		return json.NewEncoder(os.Stdout).Encode(r)
	}
	ms := func(d time.Duration) float64 { return d.Seconds() * 1e3 }
	_, err := fmt.Printf("%-6s %-8s %8.4f %8.2f %8.2f %8.2f %9.2f %6.3f %8d %8d %7d %7d\n", r.Load.Policy, r.Load.Lending,
		r.Attained(), ms(r.P50), ms(r.P99), ms(r.Max), float64(r.Rows)/r.Took.Seconds()/1e6, r.Busy, r.Lent, r.Refused, r.Late, r.Stolen)
	return err
}
