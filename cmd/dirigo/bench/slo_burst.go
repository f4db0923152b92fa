package bench

import (
	"context"
	"fmt"
	"time"

	"github.com/dirigo-stream/dirigo/cmd/dirigo/bench/plot"
)

// The burst: a query that has the node to itself, and for a second in three ten
// times the rows.
const (
	burstTarget = 50 * time.Millisecond
	burstWindow = 50 * time.Millisecond
	burstEvery  = 3 * time.Second
	burstFor    = time.Second
	burstTimes  = 10
	burstShare  = 0.8 // of the capacity, in a burst
)

// burstStream declares what the query reads; base is the events a second outside
// of bursts, 0: as fast as they are read.
func burstStream(base float64) string {
	options := "event_rate = '1000000'"
	if base > 0 {
		options = fmt.Sprintf("rate = '%d for %v, %d for %v'", int64(base), burstEvery-burstFor, int64(base*burstTimes), burstFor)
	}
	return fmt.Sprintf(`CREATE STREAM visits (auction BIGINT, bidder BIGINT, price BIGINT, date_time TIMESTAMP, WATERMARK FOR date_time AS date_time)
		WITH (connector = 'nexmark', "table" = 'bid', %s)`, options)
}

var burstQuery = fmt.Sprintf(`CREATE STREAM counted WITH (connector = 'timed', of = 'visits', slo = '%d ms') AS
	SELECT window_end AS due, auction, count(*) AS n, count(DISTINCT mod(bidder, 1000)) AS people, max(price) AS top, avg(price) AS mean
	FROM TUMBLE(visits, date_time, INTERVAL '%d milliseconds') GROUP BY window_end, auction`,
	burstTarget.Milliseconds(), burstWindow.Milliseconds())

// burst is experiment 1.
func (s SLO) burst(ctx context.Context, x *Experiment) error {
	x.Setting = []string{
		fmt.Sprintf("one query, windows of %v over bids, slo %v; for %v in %v the rate is %d times the rest's: %.0f %% of the capacity", burstWindow, burstTarget, burstFor, burstEvery, burstTimes, 100*burstShare),
		"capacity: as fast as rows are read, measured first in every run, under llf",
	}
	length := s.scaled(2 * burstEvery)
	lines := plot.Chart{
		Title: "One query: latency while the rate goes up ten times for a second", Note: x.Measured + "; the first run",
		X: "seconds", Y: "latency of a window's result, ms", Log: true, Limit: milliseconds(burstTarget), LimitName: "slo",
	}
	for run := range s.Runs {
		full, err := s.burstRun(ctx, ways[0], 0, s.scaled(2*time.Second))
		if err != nil {
			return err
		}
		x.row("as fast as it goes", ways[0].String()).add("rows", "k/s", full.rows/1e3)
		base := full.rows * perEpoch / 46 * burstShare / burstTimes
		for _, w := range s.ways() {
			r, err := s.burstRun(ctx, w, base, length)
			if err != nil {
				return err
			}
			c := x.row("bursts", w.String())
			r.latency(c)
			c.add("rows", "k/s", r.rows/1e3)
			c.decisions(r.from, r.to)
			if run == 0 {
				lines.Series = append(lines.Series, plot.Series{Name: w.String(), Line: over(r.all, r.from.at)})
			}
			s.Say("run %d, %s: %d results, %.4f within %v, p50 %.1f ms, p99 %.1f ms", run+1, w, r.N, r.attained(), burstTarget, milliseconds(r.P50), milliseconds(r.P99))
		}
	}
	x.against("bursts", "llf", s.ways(), "p99", "attained")
	x.charts = append(x.charts, chart{"slo-1-bursts", lines})
	return nil
}

func (s SLO) burstRun(ctx context.Context, w way, base float64, length time.Duration) (hotRun, error) {
	return calm(s, func() (hotRun, error) { return s.burstOnce(ctx, w, base, length) }, hotRun.between)
}

func (s SLO) burstOnce(ctx context.Context, w way, base float64, length time.Duration) (r hotRun, err error) {
	sc, err := s.scene(ctx, w, burstStream(base), burstQuery)
	if err != nil {
		return r, err
	}
	defer sc.close()
	if r.from, r.to, err = sc.watch(ctx, s.scaled(time.Second), length); err != nil {
		return r, err
	}
	r.rows = float64(r.to.decoded["visits"]-r.from.decoded["visits"]) / r.to.at.Sub(r.from.at).Seconds()
	if base == 0 {
		return r, nil
	}
	if err := sleep(ctx, 500*time.Millisecond); err != nil {
		return r, err
	}
	var missing int
	r.all, missing = sc.meter.results("visits", r.from.at, r.to.at, time.Now(), burstWindow)
	r.spread = spreadOf(r.all, burstTarget, missing)
	return r, nil
}

// latency notes how late results were.
func (s spread) latency(c *Case) {
	c.add("attained", "", s.attained())
	c.add("p50", "ms", milliseconds(s.P50))
	c.add("p99", "ms", milliseconds(s.P99))
	c.add("max", "ms", milliseconds(s.Max))
	c.add("not seen", "", float64(s.Missed))
}

// against compares one way with all others in some figures.
func (x *Experiment) against(at, one string, others []way, names ...string) {
	for _, name := range names {
		better := "<"
		if name == "attained" || name == "bulk" {
			better = ">"
		}
		for _, w := range others {
			if w.String() != one {
				x.compare(at, name, better, one, w.String())
			}
		}
	}
}
