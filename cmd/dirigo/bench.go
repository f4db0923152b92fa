package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/dirigo-stream/dirigo/cmd/dirigo/bench"
)

func runBench(ctx context.Context, args []string) error {
	if len(args) > 0 {
		switch args[0] {
		case "nexmark":
			return benchNexmark(ctx, args[1:])
		case "help", "-h", "-help", "--help":
			benchUsage()
			return nil
		}
	}
	benchUsage()
	return usageError{errors.New("bench: say what to measure")}
}

func benchUsage() {
	fmt.Print(`Usage: dirigo bench BENCHMARK [flags]

Benchmarks:

  nexmark   throughput per core and latency of Nexmark queries, generator in the process

dirigo bench BENCHMARK --help explains one.
`)
}

func benchNexmark(ctx context.Context, args []string) error {
	f := flags("bench nexmark", "bench nexmark [flags]", `Runs Nexmark queries over generated bids into a sink that reads every value. Per
core means per second of the whole process's CPU time; medians of several runs.
An event is a bid, with all its columns built.`)
	names := f.String("queries", strings.Join(bench.QueryNames(), ","), "`names` of the queries to run")
	events := f.Int64("events", 4_000_000, "`number` of bids a run")
	pregenerate := f.Bool("pregenerate", false, "build all batches before the clock starts: the engine alone")
	runs := f.Int("runs", 3, "`number` of runs; medians are reported")
	workers := f.Int("workers", 0, "`number` of workers; 0: one per core")
	latency := f.Bool("latency", true, "measure latency in an open-loop run at 80 % of the measured rate")
	asJSON := f.Bool("json", false, "print one JSON object a query")
	dir := f.String("dir", "", "`directory` for temporary state; default: the system's")
	if err := parse(f, args); err != nil {
		return err
	}
	tuneCollector()
	n := bench.Nexmark{
		Queries: strings.Split(*names, ","), Events: *events, Pregenerate: *pregenerate, Runs: *runs,
		Workers: *workers, Latency: *latency, Dir: *dir,
		Say: func(format string, args ...any) { fmt.Fprintf(os.Stderr, format+"\n", args...) },
	}
	return n.Run(ctx, func(r bench.Result) error {
		if *asJSON {
			return json.NewEncoder(os.Stdout).Encode(r)
		}
		_, err := fmt.Printf("%-7s %7.0f k events/s per core (%.0f–%.0f), %5.2f s wall, generator %3.0f ns, p50 %7.2f ms, p99 %7.2f ms, %4.0f MB, %d rows\n",
			r.Query, r.EventsPerCPU/1e3, r.LowestPerCPU/1e3, r.HighestPerCPU/1e3, r.Wall, r.GeneratorPerEv, r.P50, r.P99, r.RSS, r.Rows)
		return err
	})
}
