package bench

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/dirigo-stream/dirigo/cmd/dirigo/server"
)

// Kafka says what to run over a topic of JSON bids.
type Kafka struct {
	Brokers string // "": an embedded broker in a process of its own
	Topic   string // filled where it holds fewer than Events
	Events  int64
	Runs    int
	Workers int
	Rate    int           // bids a second in the latency run
	For     time.Duration // of the latency run; 0: none
	Dir     string
	Queries []string
	Say     func(format string, args ...any)
}

// KafkaResult is one throughput figure. Nothing is lost: the query has read
// Events rows, or it is an error.
type KafkaResult struct {
	Query         string  `json:"query"`
	Broker        string  `json:"broker"` // embedded, or given
	Events        int64   `json:"events"`
	Rows          int64   `json:"rows_out"`
	Rejected      int64   `json:"rejected"`
	Wall          float64 `json:"wall_s"`
	CPU           float64 `json:"cpu_s"`
	EventsPerCPU  float64 `json:"events_per_cpu_s"`
	LowestPerCPU  float64 `json:"lowest_events_per_cpu_s"`
	HighestPerCPU float64 `json:"highest_events_per_cpu_s"`
	RSS           float64 `json:"rss_mb"`
	Runs          int     `json:"runs"`
	Checksum      string  `json:"checksum"`
	Load          float64 `json:"load_average"`
}

// KafkaLatency is the way of a record from one topic to another, beside the
// broker alone: Alone is produce to consume before the query runs, Beside the
// same while it runs.
type KafkaLatency struct {
	Query   string   `json:"query"`
	Rate    int      `json:"events_per_s"`
	Seconds float64  `json:"seconds"`
	Sent    int64    `json:"sent"`
	In      int64    `json:"rows_in"`
	Out     int64    `json:"rows_out"`
	Engine  arrivals `json:"append_to_ack"` // by the engine's own histogram
	Through arrivals `json:"produce_to_consume_of_output"`
	Alone   arrivals `json:"broker_alone"`
	Beside  arrivals `json:"broker_beside_query"`
	Load    float64  `json:"load_average"`
}

// kafkaQueries run over the stream bids.
var kafkaQueries = map[string]string{
	"filter": `SELECT auction, bidder, price, channel, url, ts, extra FROM bids WHERE mod(auction, 2) = 0`,
	"narrow": `SELECT auction, price FROM bids WHERE mod(auction, 123) = 0`,
	"tumble": `SELECT window_start, auction, count(*) AS bids, max(price) AS top
		FROM TUMBLE(bids, ts, INTERVAL '10 seconds') GROUP BY window_start, auction EMIT ON WINDOW CLOSE`,
}

// KafkaQueryNames lists the queries that can be run.
func KafkaQueryNames() []string { return []string{"filter", "narrow", "tumble"} }

// Run measures throughput of every query, then latency.
func (k Kafka) Run(ctx context.Context, throughput func(KafkaResult) error, latency func(KafkaLatency) error) error {
	for _, q := range k.Queries {
		if kafkaQueries[q] == "" {
			return fmt.Errorf("no query %q; there are %v", q, KafkaQueryNames())
		}
	}
	dir, err := os.MkdirTemp(k.Dir, "dirigo-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	k.Dir = dir
	name := "given"
	if k.Brokers == "" {
		b, err := startBroker(filepath.Join(dir, "broker"))
		if err != nil {
			return err
		}
		defer b.close()
		k.Brokers, name = b.addr, "embedded"
	}
	if len(k.Queries) > 0 {
		if err := k.fill(ctx); err != nil {
			return err
		}
	}
	for _, q := range k.Queries {
		r, err := k.query(ctx, q)
		if err != nil {
			return fmt.Errorf("kafka %s: %w", q, err)
		}
		r.Broker = name
		if err := throughput(r); err != nil {
			return err
		}
	}
	if k.For == 0 {
		return nil
	}
	l, err := k.latency(ctx)
	if err != nil {
		return fmt.Errorf("kafka latency: %w", err)
	}
	return latency(l)
}

// fill makes the topic, in a process of its own.
func (k *Kafka) fill(ctx context.Context) error {
	var have filled
	begin := time.Now()
	err := ask(ctx, &have, "fill", "--brokers", k.Brokers, "--topic", k.Topic, "--records", fmt.Sprint(k.Events))
	if err != nil {
		return err
	}
	k.Events = have.Records
	k.Say("topic %s holds %d bids (%.1f s), load average %.1f", k.Topic, have.Records, time.Since(begin).Seconds(), LoadAverage())
	return nil
}

// query measures one query: the median of the runs.
func (k *Kafka) query(ctx context.Context, q string) (KafkaResult, error) {
	var all []KafkaResult
	for i := range max(1, k.Runs) {
		r, err := k.throughput(ctx, q)
		if err != nil {
			return r, err
		}
		k.Say("%s run %d: %.0f k events/s per core, %.2f s wall, %.2f s CPU", q, i+1, r.EventsPerCPU/1e3, r.Wall, r.CPU)
		all = append(all, r)
	}
	slices.SortFunc(all, func(a, b KafkaResult) int { return cmp.Compare(a.EventsPerCPU, b.EventsPerCPU) })
	r := all[len(all)/2]
	r.Runs, r.LowestPerCPU, r.HighestPerCPU = len(all), all[0].EventsPerCPU, all[len(all)-1].EventsPerCPU
	for _, other := range all {
		if other.Checksum != r.Checksum {
			return r, fmt.Errorf("two runs gave different results: %d rows, %s and %d rows, %s", r.Rows, r.Checksum, other.Rows, other.Checksum)
		}
	}
	return r, nil
}

// open starts a server with the stream bids.
func (k *Kafka) open(ctx context.Context, topic, more string) (*world, error) {
	w, err := openWorld(ctx, k.Dir, server.Config{Workers: k.Workers, Kafka: k.Brokers})
	if err != nil {
		return nil, err
	}
	if err := w.run(ctx, k.stream(topic, more)); err != nil {
		w.close()
		return nil, err
	}
	return w, nil
}

// stream declares the stream bids.
func (k *Kafka) stream(topic, more string) string {
	return fmt.Sprintf(`CREATE STREAM bids (
		auction BIGINT, bidder BIGINT, price BIGINT, channel TEXT, url TEXT, ts TIMESTAMP, sent BIGINT, extra TEXT,
		WATERMARK FOR ts AS ts - INTERVAL '1 second'
	) WITH (connector = 'kafka', topic = '%s', format = 'json', timestamp_format = 'epoch_millis'%s)`, topic, more)
}

func (k *Kafka) throughput(ctx context.Context, q string) (KafkaResult, error) {
	w, err := k.open(ctx, k.Topic, "")
	if err != nil {
		return KafkaResult{}, err
	}
	defer w.close()
	begin, cpu := time.Now(), cpuTime()
	if err := w.run(ctx, "CREATE STREAM out WITH (connector = 'blackhole') AS "+kafkaQueries[q]); err != nil {
		return KafkaResult{}, err
	}
	if err := w.whenRead(ctx, k.Events); err != nil {
		return KafkaResult{}, err
	}
	wall, used := time.Since(begin), cpuTime()-cpu
	st := w.status()
	r := KafkaResult{
		Query: q, Events: st.In, Rows: st.Out, Wall: wall.Seconds(), CPU: used.Seconds(),
		EventsPerCPU: float64(st.In) / used.Seconds(), RSS: residentMB(os.Getpid()), Checksum: w.checksum(), Load: LoadAverage(),
	}
	for _, n := range st.Rejected {
		r.Rejected += n
	}
	if st.In != k.Events || r.Rejected > 0 {
		return r, fmt.Errorf("%d of %d records were read, %d rejected", st.In, k.Events, r.Rejected)
	}
	return r, nil
}

// latency runs Kafka → filter → Kafka at a steady rate.
func (k *Kafka) latency(ctx context.Context) (KafkaLatency, error) {
	in, out := fmt.Sprintf("live-in-%d", time.Now().UnixNano()), fmt.Sprintf("live-out-%d", time.Now().UnixNano())
	if err := ask(ctx, new(any), "create", "--brokers", k.Brokers, "--topic", in, "--out", out); err != nil {
		return KafkaLatency{}, err
	}
	live := func(res *both, d time.Duration, more ...string) error {
		args := []string{"live", "--brokers", k.Brokers, "--topic", in, "--rate", fmt.Sprint(k.Rate), "--for", d.String(), "--skip", (d / 5).String()}
		return ask(ctx, res, append(args, more...)...)
	}
	var alone, beside both
	if err := live(&alone, k.For); err != nil {
		return KafkaLatency{}, err
	}
	w, err := k.open(ctx, in, ", start = 'latest'")
	if err != nil {
		return KafkaLatency{}, err
	}
	defer w.close()
	err = w.run(ctx, fmt.Sprintf(`CREATE STREAM out WITH (connector = 'kafka', topic = '%s', format = 'json', slo = '20 ms', delivery = 'at_least_once') AS
		SELECT auction, bidder, price, sent FROM bids WHERE mod(auction, 2) = 0`, out))
	if err != nil {
		return KafkaLatency{}, err
	}
	if err := live(&beside, k.For, "--out", out); err != nil {
		return KafkaLatency{}, err
	}
	if err := w.server.Engine.Flush(ctx); err != nil {
		return KafkaLatency{}, err
	}
	st := w.status()
	ms := func(d time.Duration) float64 { return d.Seconds() * 1e3 }
	r := KafkaLatency{
		Query: "filter to Kafka", Rate: k.Rate, Seconds: k.For.Seconds(), Sent: beside.Sent, In: st.In, Out: st.Out,
		Engine:  arrivals{Records: st.Out, P50: ms(st.Latency.P50), P99: ms(st.Latency.P99), Max: ms(st.Latency.Max)},
		Through: beside.Out, Alone: alone.In, Beside: beside.In, Load: LoadAverage(),
	}
	if beside.Out.Records != st.Out || beside.In.Records != beside.Sent {
		return r, fmt.Errorf("%d records sent, %d seen; %d results, %d seen", beside.Sent, beside.In.Records, st.Out, beside.Out.Records)
	}
	return r, nil
}
