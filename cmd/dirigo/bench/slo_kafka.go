package bench

import (
	"context"
	"fmt"
	"path/filepath"
	"time"

	"github.com/dirigo-stream/dirigo/cmd/dirigo/bench/plot"
	"github.com/dirigo-stream/dirigo/cmd/dirigo/server"
)

// slidingRate is how many records a second come from Kafka.
const slidingRate = 20_000

// sliding is experiment 8.
func (s SLO) sliding(ctx context.Context, x *Experiment) error {
	x.Setting = []string{
		fmt.Sprintf("a topic of JSON bids, %d a second; windows of 1 s every 100 ms by bidder (a hundred of them), closed ones to a topic, slo 20 ms, at least once;", slidingRate),
		"beside it a best-effort query over a generated stream takes all there is; the broker, and who writes and reads topics, are processes of their own",
		"append to ack is the engine's own histogram; the broker alone is produce to consume of the input topic at the same time",
	}
	dir, err := filepath.Abs(s.Dir)
	if s.Dir == "" {
		dir, err = "", nil
	}
	if err != nil {
		return err
	}
	k := Kafka{Rate: slidingRate, Dir: dir, Workers: s.Workers, Say: s.Say}
	for run := range s.Runs {
		for _, w := range []way{{"llf", "reject"}, {"fifo", "reject"}} {
			for _, busy := range []bool{false, true} {
				if !busy && w.policy == "fifo" {
					continue // the order does not matter where nobody waits
				}
				at := "alone"
				if busy {
					at = "beside a saturating query"
				}
				r, err := k.sliding(ctx, w, busy, s.scaled(6*time.Second))
				if err != nil {
					return err
				}
				c := x.row(at, w.String())
				c.add("append to ack p50", "ms", r.Engine.P50)
				c.add("append to ack p99", "ms", r.Engine.P99)
				c.add("broker alone p99", "ms", r.Beside.P99)
				c.add("above the broker", "ms", r.Engine.P99-r.Beside.P99)
				c.add("produce to consume p99", "ms", r.Through.P99)
				c.add("bulk", "k rows/s", r.bulk/1e3)
				c.decisions(r.from, r.to)
				s.Say("run %d, %s, %s: append to ack p50 %.1f ms, p99 %.1f ms, the broker alone p99 %.1f ms; %d sent, %d results", run+1, at, w,
					r.Engine.P50, r.Engine.P99, r.Beside.P99, r.Sent, r.Out)
			}
		}
	}
	x.aim("p99 from append to ack above the broker alone, beside a saturating query, llf", x.row("beside a saturating query", "llf").figure("above the broker"), 15, true)
	x.compare("beside a saturating query", "append to ack p99", "<", "llf", "fifo")
	x.chart("slo-8-kafka", plot.Chart{
		Title: "Kafka to Kafka, alone and beside a saturating query", Y: "append to ack, p99, ms",
	}, "append to ack p99", []string{"alone", "beside a saturating query"})
	return nil
}

type slidingRun struct {
	KafkaLatency
	bulk     float64
	from, to counts
}

// sliding runs Kafka → sliding count → Kafka at a steady rate.
func (k Kafka) sliding(ctx context.Context, w way, busy bool, length time.Duration) (r slidingRun, err error) {
	b, err := startBroker("")
	if err != nil {
		return r, err
	}
	defer b.close()
	if err := ask(ctx, new(any), "create", "--brokers", b.addr, "--topic", "in", "--out", "out"); err != nil {
		return r, err
	}
	world, err := openWorld(ctx, k.Dir, server.Config{Workers: k.Workers, Kafka: b.addr, Policy: w.policy, Lends: w.lending})
	if err != nil {
		return r, err
	}
	sc := &scene{world, newMeter()}
	defer sc.close()
	statements := []string{
		`CREATE STREAM bids (bidder BIGINT, price BIGINT, ts TIMESTAMP, sent BIGINT, WATERMARK FOR ts AS ts)
		WITH (connector = 'kafka', topic = 'in', format = 'json', timestamp_format = 'epoch_millis', start = 'latest')`,
		`CREATE STREAM counted WITH (connector = 'kafka', topic = 'out', format = 'json', slo = '20 ms', delivery = 'at_least_once') AS
		SELECT window_start, who, count(*) AS bids, max(price) AS top, max(sent) AS sent FROM (
			SELECT window_start, mod(bidder, 100) AS who, price, sent FROM HOP(bids, ts, INTERVAL '100 milliseconds', INTERVAL '1 second')) b
		GROUP BY window_start, who EMIT ON WINDOW CLOSE`,
	}
	if busy {
		statements = append(statements, bulk(0, 0)...)
	}
	for _, sql := range statements {
		if err := sc.run(ctx, sql); err != nil {
			return r, err
		}
	}
	live := make(chan error, 1)
	r.from = sc.counts()
	go func() {
		var res both
		err := ask(ctx, &res, "live", "--brokers", b.addr, "--topic", "in", "--out", "out", "--rate", fmt.Sprint(k.Rate), "--for", length.String(), "--skip", (length / 5).String())
		r.Sent, r.Through, r.Beside = res.Sent, res.Out, res.In
		live <- err
	}()
	if err := <-live; err != nil {
		return r, err
	}
	r.to = sc.counts()
	st, _ := sc.query("counted")
	r.In, r.Out = st.In, st.Out
	r.Engine = arrivals{Records: st.Out, P50: milliseconds(st.Latency.P50), P99: milliseconds(st.Latency.P99), Max: milliseconds(st.Latency.Max)}
	r.bulk = float64(r.to.decoded["many0"]-r.from.decoded["many0"]) / r.to.at.Sub(r.from.at).Seconds()
	if r.Out == 0 || r.In == 0 {
		return r, fmt.Errorf("%d records sent, %d read, %d results", r.Sent, r.In, r.Out)
	}
	return r, sc.failed()
}
