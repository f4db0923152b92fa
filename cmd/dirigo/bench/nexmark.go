// Package bench measures the whole engine: SQL in, results out, epochs on.
package bench

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"slices"
	"time"

	"github.com/dirigo-stream/dirigo/cmd/dirigo/server"
	"github.com/dirigo-stream/dirigo/connectors"
	"github.com/dirigo-stream/dirigo/connectors/nexmark"
)

// Nexmark says what to run.
type Nexmark struct {
	Queries     []string
	Events      int64 // bids per run
	Pregenerate bool  // build all batches before the clock starts
	Runs        int   // the medians of so many are reported
	Workers     int
	Policy      string // who runs first; "": the default
	Lending     string // how messages are lent; "": the default
	Latency     bool   // a second, open-loop run at 80 % of the measured rate
	Rate        int    // or at so many events a second; 0: that
	Dir         string
	Say         func(format string, args ...any)
}

// Result is one query's figures.
type Result struct {
	Query           string  `json:"query"`
	Events          int64   `json:"events"`
	Wall            float64 `json:"wall_s"`
	CPU             float64 `json:"cpu_s"`
	EventsPerCPU    float64 `json:"events_per_cpu_s"`
	GeneratorPerEv  float64 `json:"generator_ns_per_event"`
	P50             float64 `json:"p50_ms"`
	P99             float64 `json:"p99_ms"`
	Max             float64 `json:"max_ms"`
	RSS             float64 `json:"rss_mb"`
	Rows            int64   `json:"rows_out"`
	Pregenerated    bool    `json:"pregenerated,omitempty"`
	LatencyAtPerSec float64 `json:"latency_at_events_per_s,omitempty"`
	Runs            int     `json:"runs"`
	LowestPerCPU    float64 `json:"lowest_events_per_cpu_s"`
	HighestPerCPU   float64 `json:"highest_events_per_cpu_s"`
	StateBytes      int64   `json:"state_bytes"`
	StoredRows      int64   `json:"stored_rows,omitempty"`              // of a query that says which it keeps
	OverPayload     float64 `json:"state_over_payload_b_row,omitempty"` // bytes of state a stored row, less its values'
	Checksum        string  `json:"checksum"`
	Lends           int64   `json:"lends"`
}

// Run measures every query and calls report with each result.
func (n Nexmark) Run(ctx context.Context, report func(Result) error) error {
	for _, q := range n.Queries {
		if queries[q].sql == "" {
			return fmt.Errorf("no query %q; there are %v and %v", q, QueryNames(), RelationalNames())
		}
	}
	n.Say("load average %.1f", LoadAverage())
	generator := generatorCost()
	for _, q := range n.Queries {
		r, err := n.query(ctx, q)
		if err != nil {
			return fmt.Errorf("%s: %w", q, err)
		}
		r.GeneratorPerEv = generator
		if err := report(r); err != nil {
			return err
		}
	}
	return nil
}

// query measures one query: the medians of the runs.
func (n Nexmark) query(ctx context.Context, q string) (Result, error) {
	n.Events = queries[q].whole(n.Events)
	var all []Result
	for i := range max(1, n.Runs) {
		r, err := n.throughput(ctx, q)
		if err != nil {
			return r, err
		}
		n.Say("%s run %d: %.0f k events/s per core, %.2f s wall, %d messages lent", q, i+1, r.EventsPerCPU/1e3, r.Wall, r.Lends)
		if r.StoredRows > 0 {
			n.Say("%s keeps %d rows, %.0f bytes of state a row over the bytes of its values", q, r.StoredRows, r.OverPayload)
		}
		all = append(all, r)
	}
	slices.SortFunc(all, func(a, b Result) int { return cmp.Compare(a.EventsPerCPU, b.EventsPerCPU) })
	r := all[len(all)/2]
	r.Runs, r.LowestPerCPU, r.HighestPerCPU = len(all), all[0].EventsPerCPU, all[len(all)-1].EventsPerCPU
	for _, other := range all {
		if other.Rows != r.Rows && !queries[q].updating || other.Checksum != r.Checksum {
			return r, fmt.Errorf("two runs gave different results: %d rows, %s and %d rows, %s", r.Rows, r.Checksum, other.Rows, other.Checksum)
		}
	}
	if n.Latency && !n.Pregenerate {
		rate := float64(n.Rate)
		if n.Rate == 0 {
			sustained, err := n.sustained(ctx, q, float64(r.Events)/r.Wall)
			if err != nil {
				return r, err
			}
			rate = sustained * 0.8
		}
		if err := n.latency(ctx, q, rate, &r); err != nil {
			return r, err
		}
		n.Say("%s open loop at %.0f k events/s: p50 %.2f ms, p99 %.2f ms, at most %.1f ms", q, rate/1e3, r.P50, r.P99, r.Max)
	}
	return r, nil
}

// generatorCost returns the CPU time of making one bid with all columns, in ns.
func generatorCost() float64 {
	g, err := nexmark.NewGenerator(nexmark.Config{Table: "bid"})
	if err != nil {
		return 0
	}
	const rows, times = 1024, 400
	best := 0.0
	for round := range int64(5) {
		begin := cpuTime()
		for i := range int64(times) {
			g.Columns((round*times+i)*rows, rows, nil)
		}
		if ns := float64(cpuTime()-begin) / (rows * times); best == 0 || ns < best {
			best = ns
		}
	}
	return best
}

// open starts a server with the streams that a query reads: n.Events of them in
// all, at rate a second (0: as fast as they are read).
func (n Nexmark) open(ctx context.Context, q string, rate int64) (w *world, err error) {
	query := queries[q]
	made := n.Events * perEpoch / query.perEpoch() // by the generator, of all tables
	source := allColumns()
	if n.Pregenerate {
		if source, err = pregenerate(query.tables(), made); err != nil {
			return nil, err
		}
	}
	w, err = openWorld(ctx, n.Dir, server.Config{
		Workers: n.Workers, Policy: n.Policy, Lends: n.Lending, Connectors: map[string]connectors.Connector{"nexmark": source},
	})
	if err != nil {
		return nil, err
	}
	for _, table := range query.tables() {
		if err := w.run(ctx, streamSQL(table, made, rate*perEpoch/query.perEpoch())); err != nil {
			w.close()
			return nil, err
		}
	}
	return w, nil
}

// create starts the query under test.
func create(ctx context.Context, w *world, query string) error {
	return w.run(ctx, "CREATE STREAM out WITH (connector = 'blackhole', slo = '100 ms') AS "+query)
}

// throughput runs a query over a bounded stream as fast as it goes.
func (n Nexmark) throughput(ctx context.Context, q string) (Result, error) {
	w, err := n.open(ctx, q, 0)
	if err != nil {
		return Result{}, err
	}
	defer w.close()
	begin, cpu := time.Now(), cpuTime()
	if err := create(ctx, w, queries[q].sql); err != nil {
		return Result{}, err
	}
	if err := w.server.Engine.Flush(ctx); err != nil {
		return Result{}, err
	}
	wall, used := time.Since(begin), cpuTime()-cpu
	st := w.status()
	if read := w.decoded(); read != n.Events {
		return Result{}, fmt.Errorf("%d of %d events were read", read, n.Events)
	}
	r := Result{
		Query: q, Events: n.Events, Wall: wall.Seconds(), CPU: used.Seconds(),
		EventsPerCPU: float64(n.Events) / used.Seconds(), RSS: residentMB(os.Getpid()), Rows: st.Out,
		Pregenerated: n.Pregenerate, StateBytes: st.StateBytes, Checksum: w.checksum(), Lends: st.Lends,
	}
	rows, payload, err := queries[q].payload(n.Events)
	if rows > 0 {
		r.StoredRows, r.OverPayload = rows, float64(st.StateBytes-payload)/float64(rows)
	}
	return r, err
}

// latencySeconds is how long the open loop runs. Event time goes by as in the
// other runs, faster than the clock, so that windows hold as much and close.
const latencySeconds = 10

// sustained returns the events a second of a run that is as long as the open
// loop's: state that grows with the events makes each one dearer.
func (n Nexmark) sustained(ctx context.Context, q string, rate float64) (float64, error) {
	n.Events = queries[q].whole(int64(rate * 10))
	r, err := n.throughput(ctx, q)
	if err != nil {
		return 0, err
	}
	n.Say("%s for long: %.0f k events/s, %.0f k per core", q, float64(r.Events)/r.Wall/1e3, r.EventsPerCPU/1e3)
	return float64(r.Events) / r.Wall, nil
}

// latency runs a query open loop: events come when they are due, whether the
// engine keeps up or not, and latency counts from there.
func (n Nexmark) latency(ctx context.Context, q string, rate float64, r *Result) error {
	n.Events = queries[q].whole(int64(rate * latencySeconds))
	w, err := n.open(ctx, q, int64(rate))
	if err != nil {
		return err
	}
	defer w.close()
	if err := create(ctx, w, queries[q].sql); err != nil {
		return err
	}
	if err := w.whenDecoded(ctx, n.Events); err != nil {
		return err
	}
	l := w.status().Latency
	r.P50, r.P99, r.Max = l.P50.Seconds()*1e3, l.P99.Seconds()*1e3, l.Max.Seconds()*1e3
	r.LatencyAtPerSec = rate
	return nil
}
