package bench

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/dirigo-stream/dirigo/cmd/dirigo/bench/plot"
)

// The tenants: queries with a target and few rows beside queries without one that
// take all there is.
const (
	tenants      = 8 // of each kind
	tenantTarget = 20 * time.Millisecond
	tenantWindow = 25 * time.Millisecond // of the sensitive ones
	sparseRate   = 1_000                 // events a second of each
	bulkClock    = 100_000               // events in a second of event time of the bulk ones
)

// tenantLoads are the shares of the capacity at which the tenants are watched.
var tenantLoads = []float64{0.5, 0.9, 1.2, 2}

// sensitive are the statements of sensitive query i: a window of 25 ms closes
// forty times a second.
func sensitive(i int) []string {
	return []string{
		fmt.Sprintf(`CREATE STREAM sparse%d (auction BIGINT, price BIGINT, date_time TIMESTAMP, WATERMARK FOR date_time AS date_time)
			WITH (connector = 'nexmark', "table" = 'bid', rate = '%d', seed = '%d')`, i, sparseRate, i),
		fmt.Sprintf(`CREATE STREAM alert%d WITH (connector = 'timed', of = 'sparse%d', slo = '%d ms') AS
			SELECT window_end AS due, auction, count(*) AS bids, max(price) AS top
			FROM TUMBLE(sparse%d, date_time, INTERVAL '%d milliseconds') GROUP BY window_end, auction`,
			i, i, tenantTarget.Milliseconds(), i, tenantWindow.Milliseconds()),
	}
}

// bulk are the statements of bulk query i at so many events a second; 0: as fast
// as they are read.
func bulk(i int, rate float64) []string {
	paced := ""
	if rate > 0 {
		paced = fmt.Sprintf(", rate = '%d'", int64(rate))
	}
	return []string{
		fmt.Sprintf(`CREATE STREAM many%d (auction BIGINT, bidder BIGINT, price BIGINT, date_time TIMESTAMP, WATERMARK FOR date_time AS date_time)
			WITH (connector = 'nexmark', "table" = 'bid', event_rate = '%d', seed = '%d'%s)`, i, bulkClock, 100+i, paced),
		fmt.Sprintf(`CREATE STREAM bulk%d WITH (connector = 'blackhole') AS
			SELECT window_start, auction, count(*) AS bids, max(price) AS top, avg(price) AS mean
			FROM TUMBLE(many%d, date_time, INTERVAL '10 seconds') GROUP BY window_start, auction`, i, i),
	}
}

// neighbours are the statements of all tenants; rate is of each bulk query, below
// 0: there are none.
func neighbours(rate float64) (all []string) {
	for i := range tenants {
		all = append(all, sensitive(i)...)
	}
	if rate < 0 {
		return all
	}
	for i := range tenants {
		all = append(all, bulk(i, rate)...)
	}
	return all
}

// shared is what one run of the tenants gave.
type shared struct {
	spread
	bulk     float64 // rows a second of all bulk queries
	cpu      float64 // cores
	from, to counts
}

// share runs the tenants under one policy.
func (s SLO) share(ctx context.Context, w way, rate float64, length time.Duration) (shared, error) {
	return calm(s, func() (shared, error) { return s.shareOnce(ctx, w, rate, length) }, func(r shared) (counts, counts) { return r.from, r.to })
}

func (s SLO) shareOnce(ctx context.Context, w way, rate float64, length time.Duration) (r shared, err error) {
	sc, err := s.scene(ctx, w, neighbours(rate)...)
	if err != nil {
		return r, err
	}
	defer sc.close()
	if r.from, r.to, err = sc.watch(ctx, s.scaled(time.Second), length); err != nil {
		return r, err
	}
	if err := sleep(ctx, 500*time.Millisecond); err != nil { // for what is on its way
		return r, err
	}
	var all []outcome
	missing := 0
	now := time.Now()
	for i := range tenants {
		got, gone := sc.meter.results(fmt.Sprint("sparse", i), r.from.at, r.to.at, now, tenantWindow)
		all, missing = append(all, got...), missing+gone
	}
	r.spread = spreadOf(all, tenantTarget, missing)
	took := r.to.at.Sub(r.from.at).Seconds()
	for i := range tenants {
		name := fmt.Sprint("many", i)
		r.bulk += float64(r.to.decoded[name]-r.from.decoded[name]) / took
	}
	r.cpu = (r.to.cpu - r.from.cpu).Seconds() / took
	return r, nil
}

// inTurns is the case of the figures by turns.
const inTurns = "by turns"

// bulkTurns is in which order two policies take turns: whatever the machine gains
// or loses steadily meanwhile counts for both.
var bulkTurns = slices.Repeat([]string{"llf", "fifo", "fifo", "llf"}, 5)

// byTurns returns the rows a second of all bulk queries under each policy, where
// one running server changes between them: the same queries, backlogs and memory.
func (s SLO) byTurns(ctx context.Context, rate float64) (map[string]float64, error) {
	sc, err := s.scene(ctx, way{"fifo", "reject"}, neighbours(rate)...)
	if err != nil {
		return nil, err
	}
	defer sc.close()
	if err := sleep(ctx, s.scaled(time.Second)); err != nil {
		return nil, err
	}
	rows, took := map[string]float64{}, map[string]float64{}
	for _, policy := range bulkTurns {
		if err := sc.server.Engine.SetScheduling(policy, "reject"); err != nil {
			return nil, err
		}
		from, to, err := sc.watch(ctx, s.scaled(250*time.Millisecond), s.scaled(time.Second))
		if err != nil {
			return nil, err
		}
		for i := range tenants {
			name := fmt.Sprint("many", i)
			rows[policy] += float64(to.decoded[name] - from.decoded[name])
		}
		took[policy] += to.at.Sub(from.at).Seconds()
	}
	for policy := range rows {
		rows[policy] /= took[policy]
	}
	return rows, nil
}

// add notes a run.
func (r shared) add(c *Case) {
	c.add("attained", "", r.attained())
	c.add("p50", "ms", milliseconds(r.P50))
	c.add("p99", "ms", milliseconds(r.P99))
	c.add("max", "ms", milliseconds(r.Max))
	c.add("not seen", "", float64(r.Missed))
	c.add("bulk", "k rows/s", r.bulk/1e3)
	c.add("cores", "", r.cpu)
	c.decisions(r.from, r.to)
}

// tenants is experiment 2.
func (s SLO) tenants(ctx context.Context, x *Experiment) error {
	length := s.scaled(3 * time.Second)
	loads := s.Loads
	if loads == nil {
		loads = tenantLoads
	}
	x.Setting = []string{
		fmt.Sprintf("%d queries with an slo of %v over %d events/s each, windows of %v, beside %d best-effort ones with windows of 10 s of event time", tenants, tenantTarget, sparseRate, tenantWindow, tenants),
		"closed loop: the bulk queries as fast as rows are read, under fifo, measured first in every run; loads are shares of that",
		"by turns: one server at the highest load changes between two policies nineteen times, llf, fifo, fifo, llf, and again; the ratio is of what came under each",
		"a result is one window of one sensitive query, due when the row that closes it is; what was not seen in time counts, as late as it is by then",
	}
	for run := range s.Runs {
		limit, err := s.loop(ctx, bulk(0, 0)[0], bulk(0, 0)[1], bulkClock)
		if err != nil {
			return err
		}
		x.row("one core", "plain loop, no engine").add("bulk", "k rows/s", limit.rate/1e3)
		full, err := s.share(ctx, way{"fifo", "reject"}, 0, length)
		if err != nil {
			return err
		}
		c := x.row("closed loop", "fifo")
		c.add("bulk", "k rows/s", full.bulk/1e3)
		c.add("cores", "", full.cpu)
		s.Say("run %d: a plain loop %.0f k rows/s on one core, the engine %.0f k rows/s, load average %.1f", run+1, limit.rate/1e3, full.bulk/1e3, LoadAverage())
		for _, w := range s.ways() {
			if w == ways[0] || w.policy == "fifo" {
				alone, err := s.share(ctx, w, -1, length)
				if err != nil {
					return err
				}
				alone.add(x.row("alone", w.String()))
			}
			for _, load := range loads {
				// The generator's events are of three tables: 46 of 50 are bids.
				r, err := s.share(ctx, w, load*full.bulk/tenants*perEpoch/46, length)
				if err != nil {
					return err
				}
				r.add(x.row(fmt.Sprintf("%.1f", load), w.String()))
				s.Say("run %d, load %.1f, %s: %d results, %.4f within %v, p50 %.1f ms, p99 %.1f ms, bulk %.0f k rows/s, %.2f cores",
					run+1, load, w, r.N, r.attained(), tenantTarget, milliseconds(r.P50), milliseconds(r.P99), r.bulk/1e3, r.cpu)
			}
		}
		turns, err := s.byTurns(ctx, loads[len(loads)-1]*full.bulk/tenants*perEpoch/46)
		if err != nil {
			return err
		}
		for _, policy := range []string{"llf", "fifo"} {
			x.row(inTurns, policy).add("bulk", "k rows/s", turns[policy]/1e3)
		}
		s.Say("run %d, by turns: bulk %.0f k rows/s under llf, %.0f under fifo", run+1, turns["llf"]/1e3, turns["fifo"]/1e3)
	}
	s.tenantVerdicts(x, loads)
	return nil
}

// tenantVerdicts says what follows.
func (s SLO) tenantVerdicts(x *Experiment, loads []float64) {
	rank := map[string]int{"one core": -3, "closed loop": -2, "alone": -1}
	var at []string
	for i, load := range loads {
		at = append(at, fmt.Sprintf("%.1f", load))
		rank[at[i]] = i
	}
	rank[inTurns] = len(loads)
	x.sorted(func(c Case) int { return rank[c.At] })
	x.row("one core", "plain loop, no engine").add("cores", "", 1)
	alone := x.row("alone", "llf").figure("p99")
	for _, load := range at {
		x.aim("load "+load+", sensitive results within 20 ms, llf", x.row(load, "llf").figure("attained"), 0.995, false)
		x.aim("load "+load+", p99 above that of running alone, llf", less("", "ms", x.row(load, "llf").figure("p99"), alone), 5, true)
	}
	most := at[len(at)-1]
	x.aim("load "+most+", bulk throughput of fifo's, llf, by turns", ratio("", "%", 100, x.row(inTurns, "llf").figure("bulk"), x.row(inTurns, "fifo").figure("bulk")), 90, false)
	for _, load := range at {
		x.against(load, "llf", s.ways(), "p99", "attained")
	}
	x.against(most, "llf", s.ways(), "bulk")
	x.chart("slo-2-latency", plot.Chart{
		Title: "Latency of the sensitive queries, alone and beside bulk ones", X: "load, of the capacity",
		Y: "latency of sensitive results, p99, ms", Log: true, Limit: milliseconds(tenantTarget), LimitName: "slo",
	}, "p99", append([]string{"alone"}, at...))
	x.chart("slo-2-bulk", plot.Chart{
		Title: "What is left for the bulk queries", X: "load, of the capacity", Y: "bulk, k rows/s",
	}, "bulk", at)
}
