package bench

import (
	"context"
	"fmt"
	"time"

	"github.com/dirigo-stream/dirigo/cmd/dirigo/bench/plot"
)

// The backfill: a new view that reads old rows while a query with a target runs.
const (
	backfillRows   = 10_000_000
	backfillTarget = 20 * time.Millisecond
	backfillRate   = 2_000 // events a second of the query with the target
)

// backfill is experiment 6.
func (s SLO) backfill(ctx context.Context, x *Experiment) error {
	rows := int64(float64(backfillRows) * s.Scale)
	x.Setting = []string{
		fmt.Sprintf("a filter over %d events/s with an slo of %v; beside it a new view groups %d rows that were there before, by auction", backfillRate, backfillTarget, rows),
		"alone: the same query for as long, before the view is made",
	}
	for run := range s.Runs {
		for _, w := range []way{{"llf", "reject"}, {"fifo", "reject"}} {
			r, err := calm(s, func() (backfilled, error) { return s.backfillRun(ctx, w, rows) }, func(r backfilled) (counts, counts) { return r.alone.from, r.beside.to })
			if err != nil {
				return err
			}
			alone, beside, took := r.alone, r.beside, r.beside.to.at.Sub(r.beside.from.at)
			c := x.row("alone", w.String())
			alone.latency(c)
			c = x.row("beside the new view", w.String())
			beside.latency(c)
			c.add("p99 above alone", "ms", milliseconds(beside.P99-alone.P99))
			c.add("view ready after", "s", took.Seconds())
			c.add("view", "k rows/s", float64(rows)/took.Seconds()/1e3)
			c.decisions(beside.from, beside.to)
			s.Say("run %d, %s: %d rows read in %.1f s; p99 %.2f ms beside it, %.2f ms alone", run+1, w, rows, took.Seconds(), milliseconds(beside.P99), milliseconds(alone.P99))
		}
	}
	x.aim("p99 above that of running alone, llf", x.row("beside the new view", "llf").figure("p99 above alone"), 3, true)
	x.compare("beside the new view", "p99", "<", "llf", "fifo")
	x.compare("beside the new view", "view ready after", "<", "llf", "fifo")
	x.chart("slo-6-new-view", plot.Chart{
		Title: "A query with a target, alone and beside a new view over old rows", Y: "latency, p99, ms",
	}, "p99", []string{"alone", "beside the new view"})
	return nil
}

// backfilled is what one run gave before the view was made, and while it read.
type backfilled struct{ alone, beside hotRun }

func (s SLO) backfillRun(ctx context.Context, w way, rows int64) (r backfilled, err error) {
	sc, err := s.scene(ctx, w,
		fmt.Sprintf(`CREATE STREAM old (auction BIGINT, bidder BIGINT, price BIGINT, date_time TIMESTAMP)
			WITH (connector = 'nexmark', "table" = 'bid', events = '%d')`, rows*perEpoch/46+perEpoch),
		// A reader that has them all: the view's rows are history.
		"CREATE MATERIALIZED VIEW all_of_it AS SELECT count(*) AS n FROM old", "FLUSH",
		fmt.Sprintf(`CREATE STREAM live (auction BIGINT, price BIGINT, date_time TIMESTAMP, WATERMARK FOR date_time AS date_time)
			WITH (connector = 'nexmark', "table" = 'bid', rate = '%d')`, backfillRate),
		fmt.Sprintf(`CREATE STREAM alert WITH (connector = 'timed', of = 'live', slo = '%d ms') AS
			SELECT date_time AS due, auction, price FROM live WHERE mod(price, 2) = 0`, backfillTarget.Milliseconds()),
	)
	if err != nil {
		return r, err
	}
	defer sc.close()
	if r.alone.from, r.alone.to, err = sc.watch(ctx, time.Second, s.scaled(3*time.Second)); err != nil {
		return r, err
	}
	r.beside.from = sc.counts()
	if err = sc.run(ctx, "CREATE MATERIALIZED VIEW fresh AS SELECT auction, count(*) AS n, max(price) AS top, avg(price) AS mean FROM old GROUP BY auction"); err != nil {
		return r, err
	}
	if err = sc.whenIn(ctx, "fresh", rows); err != nil {
		return r, err
	}
	r.beside.to = sc.counts()
	if err = sleep(ctx, 200*time.Millisecond); err != nil {
		return r, err
	}
	for _, part := range []*hotRun{&r.alone, &r.beside} {
		all, _ := sc.meter.results("live", part.from.at, part.to.at, time.Now(), 0)
		part.spread = spreadOf(all, backfillTarget, 0)
	}
	return r, sc.failed()
}

// whenIn waits until a query has read so many rows, and runs.
func (sc *scene) whenIn(ctx context.Context, name string, rows int64) error {
	for {
		q, ok := sc.query(name)
		switch {
		case ok && q.State == "failed":
			return fmt.Errorf("%s: %s", name, q.Reason)
		case ok && q.In >= rows && q.State == "running":
			return nil
		}
		if err := sleep(ctx, 2*time.Millisecond); err != nil {
			return fmt.Errorf("%s has read %d of %d rows: %w", name, q.In, rows, err)
		}
	}
}
