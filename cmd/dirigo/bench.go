package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"runtime"
	"strings"
	"time"

	"github.com/dirigo-stream/dirigo/cmd/dirigo/bench"
)

func runBench(ctx context.Context, args []string) error {
	if len(args) > 0 {
		switch args[0] {
		case "nexmark":
			return benchNexmark(ctx, args[1:])
		case "kafka":
			return benchKafka(ctx, args[1:])
		case "start":
			return benchStart(ctx, args[1:])
		case "idle":
			return benchIdle(ctx, args[1:])
		case "sim":
			return benchSim(ctx, args[1:])
		case "slo":
			return benchSLO(ctx, args[1:])
		case "tables":
			return benchTables(ctx, args[1:])
		case "helper":
			return bench.Helper(ctx, args[1:])
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
  kafka     the same over a topic of JSON bids, and from topic to topic
  start     time until psql is answered, memory when idle, size of the program
  idle      what a hundred queries without traffic cost
  slo       latency targets: queries that share cores, lending, what the scheduler costs
  tables    INSERT, COPY, the way to a subscriber, SELECT by key
  sim       the scheduler in virtual time, on up to 10,000 workers

dirigo bench BENCHMARK --help explains one.
`)
}

func benchNexmark(ctx context.Context, args []string) error {
	f := flags("bench nexmark", "bench nexmark [flags]", `Runs Nexmark queries over generated bids into a sink that reads every value. Per
core means per second of the whole process's CPU time; medians of several runs.
An event is a row of a stream that the query reads, with all its columns built: a
bid, and in `+strings.Join(bench.RelationalNames(), ", ")+`, which join, a person or an auction too.`)
	names := f.String("queries", strings.Join(bench.QueryNames(), ","), "`names` of the queries to run")
	events := f.Int64("events", 4_000_000, "`number` of bids a run")
	pregenerate := f.Bool("pregenerate", false, "build all batches before the clock starts: the engine alone")
	runs := f.Int("runs", 3, "`number` of runs; medians are reported")
	workers := f.Int("workers", 0, "`number` of workers; 0: one per core")
	policy := f.String("policy", "", "`who` runs first, as in dirigo serve")
	lending := f.String("lending", "", "`how` messages are lent, as in dirigo serve")
	latency := f.Bool("latency", true, "measure latency in an open-loop run at 80 % of the measured rate")
	rate := f.Int("rate", 0, "measure it at so many events a `second` instead; 0: at 80 %")
	asJSON := f.Bool("json", false, "print one JSON object a query")
	dir := f.String("dir", "", "`directory` for temporary state; default: the system's")
	profiles := f.String("profile", "", "`directory` for cpu, allocs, heap and block profiles; empty: none")
	stop, err := measured(f, args, profiles)
	if err != nil {
		return err
	}
	defer stop()
	n := bench.Nexmark{
		Queries: strings.Split(*names, ","), Events: *events, Pregenerate: *pregenerate, Runs: *runs,
		Workers: *workers, Policy: *policy, Lending: *lending, Latency: *latency, Rate: *rate, Dir: *dir,
		Say: sayOnError,
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

// measured reads the flags and sets the process up; stop writes the profiles.
func measured(f *flag.FlagSet, args []string, profiles *string) (stop func() error, err error) {
	if err := parse(f, args); err != nil {
		return nil, err
	}
	tuneCollector(0)
	return bench.Profile(*profiles)
}

// sayOnError prints progress beside the results.
func sayOnError(format string, args ...any) { fmt.Fprintf(os.Stderr, format+"\n", args...) }

func benchKafka(ctx context.Context, args []string) error {
	f := flags("bench kafka", "bench kafka [flags]", `Runs queries over a topic of JSON bids of 165 bytes, then a filter from topic to
topic at a steady rate. Per core means per second of this process's CPU time; the
broker and those who write and read topics run in processes of their own. Every
record is read, or it is an error.`)
	names := f.String("queries", strings.Join(bench.KafkaQueryNames(), ","), "`names` of the queries to run; empty: none")
	brokers := f.String("brokers", "", "`broker` (host:port) to use; default: an embedded one")
	topic := f.String("topic", "dirigo-bench-bids", "`topic` to read; filled if it holds fewer than --events")
	events := f.Int64("events", 4_000_000, "`number` of bids in the topic")
	runs := f.Int("runs", 3, "`number` of runs; medians are reported")
	workers := f.Int("workers", 0, "`number` of workers; 0: one per core")
	rate := f.Int("rate", 20_000, "bids a `second` of the latency run")
	during := f.Duration("for", 20*time.Second, "how long the latency run takes; 0: none")
	asJSON := f.Bool("json", false, "print one JSON object a figure")
	dir := f.String("dir", "", "`directory` for temporary state; default: the system's")
	profiles := f.String("profile", "", "`directory` for cpu, allocs, heap and block profiles; empty: none")
	stop, err := measured(f, args, profiles)
	if err != nil {
		return err
	}
	defer stop()
	k := bench.Kafka{
		Brokers: *brokers, Topic: *topic, Events: *events, Runs: *runs, Workers: *workers,
		Rate: *rate, For: *during, Dir: *dir, Say: sayOnError,
	}
	if *names != "" {
		k.Queries = strings.Split(*names, ",")
	}
	return k.Run(ctx, func(r bench.KafkaResult) error {
		if *asJSON {
			return json.NewEncoder(os.Stdout).Encode(r)
		}
		_, err := fmt.Printf("%-7s %7.0f k events/s per core (%.0f–%.0f), %5.2f s wall, %5.2f s CPU, %d of %d records read, %d rows out, %4.0f MB\n",
			r.Query, r.EventsPerCPU/1e3, r.LowestPerCPU/1e3, r.HighestPerCPU/1e3, r.Wall, r.CPU, r.Events, r.Events, r.Rows, r.RSS)
		return err
	}, func(l bench.KafkaLatency) error {
		if *asJSON {
			return json.NewEncoder(os.Stdout).Encode(l)
		}
		_, err := fmt.Printf(`topic to topic at %d/s for %.0f s: %d sent, %d read, %d out
  append to ack, by the engine             p50 %7.2f ms  p99 %7.2f ms
  produce to consume of the output         p50 %7.2f ms  p99 %7.2f ms
  the broker alone, before                 p50 %7.2f ms  p99 %7.2f ms
  the broker alone, at the same time       p50 %7.2f ms  p99 %7.2f ms
`, l.Rate, l.Seconds, l.Sent, l.In, l.Out, l.Engine.P50, l.Engine.P99, l.Through.P50, l.Through.P99, l.Alone.P50, l.Alone.P99, l.Beside.P50, l.Beside.P99)
		return err
	})
}

func benchStart(ctx context.Context, args []string) error {
	f := flags("bench start", "bench start [flags]", `Starts servers in new and in used data directories and measures the time from exec
to the first answered handshake, and what an idle server holds in memory.`)
	runs := f.Int("runs", 10, "`number` of starts of each kind; medians are reported")
	idle := f.Duration("idle", 5*time.Second, "how long a server is left alone before its memory is read")
	asJSON := f.Bool("json", false, "print one JSON object")
	dir := f.String("dir", "", "`directory` for temporary data; default: the system's")
	if err := parse(f, args); err != nil {
		return err
	}
	r, err := bench.Start{Runs: *runs, Idle: *idle, Dir: *dir, Say: sayOnError}.Run(ctx)
	if err != nil {
		return err
	}
	if *asJSON {
		return json.NewEncoder(os.Stdout).Encode(r)
	}
	_, err = fmt.Printf(`ready for psql     %6.1f ms in a new directory, %.1f ms in a used one (medians of %d)
resident when idle %6.1f MB, of which %.1f MB are no pages of files
1,000 idle clients %6.1f MB, %.1f KB each
program            %6.1f MB (stripped: %v)
`, r.Fresh, r.Existing, r.Runs, r.Idle, r.IdleOwn, r.Connected, r.PerClient, r.Binary, r.Stripped)
	return err
}

func benchIdle(ctx context.Context, args []string) error {
	f := flags("bench idle", "bench idle [flags]", `Runs queries over one topic, lets them read it, and then counts what the node does
while nothing comes, beside a node with one query.`)
	queries := f.Int("queries", 100, "`number` of idle queries")
	during := f.Duration("for", 10*time.Second, "how long to watch")
	settle := f.Duration("settle", 25*time.Second, "how long to wait before, until actors are passivated")
	asJSON := f.Bool("json", false, "print one JSON object")
	dir := f.String("dir", "", "`directory` for temporary data; default: the system's")
	profiles := f.String("profile", "", "an existing `directory` for a profile of the idle heap; empty: none")
	dense := f.Bool("dense", false, "streams within the process, views too; the first message, live queries and a restart as well")
	perStream := f.Int("per-stream", 10, "`number` of queries on one stream, with -dense")
	live := f.Int("live", 1000, "`number` of queries that get ten messages a second each, with -dense")
	if err := parse(f, args); err != nil {
		return err
	}
	if *profiles != "" {
		runtime.MemProfileRate = 64 << 10
	}
	tuneCollector(0)
	if *dense {
		started() // a server that creates them has started long ago
		r, err := bench.Dense{
			Queries: *queries, PerStream: *perStream, Live: *live, For: *during, Settle: *settle, Dir: *dir, Profile: *profiles, Say: sayOnError,
		}.Run(ctx)
		if err != nil {
			return err
		}
		return json.NewEncoder(os.Stdout).Encode(r)
	}
	r, err := bench.Idle{Queries: *queries, For: *during, Settle: *settle, Dir: *dir, Profile: *profiles, Say: sayOnError}.Run(ctx)
	if err != nil {
		return err
	}
	if *asJSON {
		return json.NewEncoder(os.Stdout).Encode(r)
	}
	for _, u := range []bench.IdleUse{r.One, r.Many} {
		fmt.Printf("%4d idle queries, %.0f s: %d timers, %d turns, %d fsyncs, %d goroutines, %d switches, %.1f ms CPU, %.1f MB heap\n",
			u.Queries, u.Seconds, u.Timers, u.Turns, u.Syncs, u.Goroutines, u.Switches, u.CPU, u.Heap)
	}
	fmt.Printf("   a query more: %.2f timers, %.2f fsyncs, %.2f goroutines, %.2f switches, %.1f KB\n",
		r.TimersPerQuery, r.SyncsPerQuery, r.GoroutinesPerQuery, r.SwitchesPerQuery, r.BytesPerQuery/1024)
	fmt.Println(strings.Join(r.Many.Places(), "\n"))
	return nil
}
