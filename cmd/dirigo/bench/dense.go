package bench

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"runtime/pprof"
	"time"

	"github.com/dirigo-stream/dirigo/cmd/dirigo/server"
	"github.com/dirigo-stream/dirigo/exec/batch"
	"github.com/dirigo-stream/dirigo/sql/result"
	"github.com/dirigo-stream/dirigo/storage/badger"
)

// Dense says how many queries a node is to hold: a third each counts by key into
// a sink, does so into a view, and filters into a sink. Each stream, a topic in
// this process, is read by PerStream of them.
type Dense struct {
	Queries   int
	PerStream int           // queries on one stream; 0: 10
	Rows      int           // in every stream before; 0: 20
	Wakes     int           // idle queries that get a first message; 0: 200
	Live      int           // queries that get LiveRate messages a second; 0: 1,000
	LiveRate  float64       // 0: 10
	For       time.Duration // how long to watch idle ones, and live ones
	Settle    time.Duration // before: until actors are passivated
	IdleAfter time.Duration // without messages before an actor leaves memory; 0: the engine's own
	Dir       string
	Profile   string // directory for heap profiles; "": none
	Say       func(format string, args ...any)
}

// DenseResult is what a node with many queries costs.
type DenseResult struct {
	Queries int `json:"queries"`
	Streams int `json:"streams"`

	Create DenseCreate `json:"create"`
	Idle   IdleUse     `json:"idle"`
	// HeapPerQuery and ResidentPerQuery are beside a node with one stream and one query.
	HeapPerQuery     float64 `json:"heap_bytes_per_query"` // of spans in use
	LivePerQuery     float64 `json:"live_bytes_per_query"` // of objects
	Resident         float64 `json:"resident_mb"`
	ResidentPerQuery float64 `json:"resident_bytes_per_query"`
	CoreShare        float64 `json:"idle_core_share"` // of one core, while idle

	Metrics DenseMetrics `json:"metrics"`
	First   Times        `json:"first_message_ms"` // from append to the answer of an idle query
	FirstOf Times        `json:"first_message_view_ms"`
	Live    DenseLive    `json:"live"`
	Start   DenseStart   `json:"start"`
	Load    float64      `json:"load_average"`
}

// DenseCreate is what CREATE costs.
type DenseCreate struct {
	Seconds float64 `json:"seconds"`
	CPU     float64 `json:"cpu_s"`
	First   Times   `json:"first_hundred_ms"`
	Last    Times   `json:"last_hundred_ms"`
}

// DenseMetrics is one scrape.
type DenseMetrics struct {
	Milliseconds float64 `json:"ms"`
	CPU          float64 `json:"cpu_ms"`
	MB           float64 `json:"mb"`
}

// DenseLive is queries that get a few messages a second each, beside the idle ones.
type DenseLive struct {
	Queries   int     `json:"queries"`
	PerSecond float64 `json:"messages_per_query_s"`
	Cores     float64 `json:"cores"` // of the whole process, the writer of messages included
	Latency   Times   `json:"append_to_sink_ms"`
}

// DenseStart is a restart.
type DenseStart struct {
	Ready   float64 `json:"ready_s"` // until clients are answered
	CPU     float64 `json:"ready_cpu_s"`
	All     float64 `json:"all_s"` // until every query runs
	AllCPU  float64 `json:"all_cpu_s"`
	Running int     `json:"running"`
}

// dense is one run.
type dense struct {
	Dense
	drips *drips
	w     *world
	count *countedStore
	r     DenseResult
}

// Run measures.
func (d Dense) Run(ctx context.Context) (r DenseResult, err error) {
	d.PerStream, d.Rows, d.Wakes = or(d.PerStream, 10), or(d.Rows, 20), or(d.Wakes, 200)
	d.Live, d.LiveRate = or(d.Live, 1000), or(d.LiveRate, 10)
	dir, err := os.MkdirTemp(d.Dir, "dirigo-bench-")
	if err != nil {
		return r, err
	}
	defer os.RemoveAll(dir)
	x := &dense{Dense: d, drips: newDrips()}
	x.r.Queries, x.r.Load = d.Queries, LoadAverage()
	if err := x.open(ctx, filepath.Join(dir, "data")); err != nil {
		return r, err
	}
	defer func() { x.w.close() }()
	for _, step := range []struct {
		name string
		do   func(context.Context) error
	}{{"create", x.create}, {"scrape", x.scrape}, {"wake", x.wake}, {"live", x.live}, {"restart", x.restart}, {"check", x.check}} {
		if err := x.profiled(step.name, func() error { return step.do(ctx) }); err != nil {
			return x.r, fmt.Errorf("%s: %w", step.name, err)
		}
	}
	return x.r, nil
}

// profiled writes a profile of the processor time of a step, where profiles are
// wanted.
func (x *dense) profiled(name string, step func() error) error {
	if x.Profile == "" {
		return step()
	}
	f, err := os.Create(filepath.Join(x.Profile, name+".pprof"))
	if err != nil {
		return err
	}
	defer f.Close()
	if err := pprof.StartCPUProfile(f); err != nil {
		return err
	}
	defer pprof.StopCPUProfile()
	return step()
}

func or[T int | float64](x, y T) T {
	if x == 0 {
		return y
	}
	return x
}

// open starts a server on a directory.
func (x *dense) open(ctx context.Context, data string) error {
	store, err := badger.Open(data, badger.Config{})
	if err != nil {
		return err
	}
	x.count = &countedStore{Store: store}
	x.w = &world{dir: data}
	x.w.server, err = server.Start(ctx, server.Config{
		Data: data, Store: x.count, Connectors: x.drips.connectors(), HTTP: "127.0.0.1:0", Listen: "127.0.0.1:0",
		Bounds: server.Bounds{IdleAfter: x.IdleAfter},
	})
	if err != nil {
		store.Close()
		return err
	}
	x.w.session, err = x.w.server.DB.Open(result.Client{User: "bench", Database: "dirigo"})
	return err
}

// kinds of queries, in turn.
const (
	denseCounts = iota
	denseView
	denseFilter
	denseKinds
)

func (x *dense) stream(n int) string { return fmt.Sprint("in", n/x.PerStream) }

func denseName(n int) string { return fmt.Sprint("out", n) }

func (x *dense) query(n int) string {
	switch name, from := denseName(n), x.stream(n); n % denseKinds {
	case denseCounts:
		return fmt.Sprintf(`CREATE STREAM %s WITH (connector = 'blackhole') AS SELECT k, count(*) AS n, max(v) AS top FROM %s GROUP BY k EMIT CHANGES`, name, from)
	case denseView:
		return fmt.Sprintf(`CREATE MATERIALIZED VIEW %s AS SELECT k, count(*) AS n, max(v) AS top FROM %s GROUP BY k`, name, from)
	default:
		return fmt.Sprintf(`CREATE STREAM %s WITH (connector = 'blackhole') AS SELECT k, v * 2 AS twice FROM %s WHERE mod(v, 7) <> 3`, name, from)
	}
}

// add makes queries from ≤ n < to, with their streams, and returns how long each took.
func (x *dense) add(ctx context.Context, from, to int) (took []time.Duration, err error) {
	for n := from; n < to; n++ {
		if n%x.PerStream == 0 {
			topic := x.drips.topic(x.stream(n))
			for i := range x.Rows {
				topic.append(time.Now().UnixNano(), [2]int64{int64(i % 4), int64(10 * i)})
			}
			sql := fmt.Sprintf(`CREATE STREAM %s (k BIGINT, v BIGINT) WITH (connector = 'drip', topic = '%[1]s')`, x.stream(n))
			if err := x.w.run(ctx, sql); err != nil {
				return nil, err
			}
		}
		begin := time.Now()
		if err := x.w.run(ctx, x.query(n)); err != nil {
			return nil, err
		}
		took = append(took, time.Since(begin))
	}
	return took, nil
}

// create makes the queries and measures them idle.
func (x *dense) create(ctx context.Context) error {
	if _, err := x.add(ctx, 0, 1); err != nil {
		return err
	}
	one, resident, err := x.rest(ctx, 1)
	if err != nil {
		return err
	}
	begin, cpu := time.Now(), cpuTime()
	took, err := x.add(ctx, 1, x.Queries+1)
	if err != nil {
		return err
	}
	c := &x.r.Create
	c.Seconds, c.CPU = time.Since(begin).Seconds(), (cpuTime() - cpu).Seconds()
	most := min(100, len(took))
	c.First, c.Last = times(took[:most]), times(took[len(took)-most:])
	x.Say("%d queries made in %.1f s, %.1f s of CPU", x.Queries, c.Seconds, c.CPU)
	x.r.Streams = x.Queries/x.PerStream + 1
	many, all, err := x.rest(ctx, x.Queries+1)
	if err != nil {
		return err
	}
	x.r.Idle, x.r.Resident = many, all
	n := float64(x.Queries)
	x.r.HeapPerQuery = (many.Heap - one.Heap) * (1 << 20) / n
	x.r.LivePerQuery = (many.Live - one.Live) * (1 << 20) / n
	x.r.ResidentPerQuery = (all - resident) * (1 << 20) / n
	x.r.CoreShare = many.CPU / 1e3 / many.Seconds
	return nil
}

// rest waits until all is idle, and watches.
func (x *dense) rest(ctx context.Context, queries int) (u IdleUse, resident float64, err error) {
	if err := x.w.server.Engine.Flush(ctx); err != nil {
		return u, 0, err
	}
	i := Idle{For: x.For, Settle: x.Settle, Profile: x.Profile, Say: x.Say}
	u, err = i.watch(ctx, x.w, x.count, queries)
	return u, anonymousMB(os.Getpid()), err
}

// scrape reads the metrics once.
func (x *dense) scrape(ctx context.Context) error {
	begin, cpu := time.Now(), cpuTime()
	resp, err := http.Get("http://" + x.w.server.Metrics() + "/metrics")
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	n, err := io.Copy(io.Discard, resp.Body)
	x.r.Metrics = DenseMetrics{
		Milliseconds: time.Since(begin).Seconds() * 1e3, CPU: (cpuTime() - cpu).Seconds() * 1e3, MB: float64(n) / (1 << 20),
	}
	return err
}

// wake sends a message to streams whose queries are idle, one after the other,
// and times the answer of one of them.
func (x *dense) wake(ctx context.Context) error {
	var sinks, views []time.Duration
	order := rand.New(rand.NewPCG(1, 2)).Perm(x.Queries / x.PerStream)
	for i, s := range order[:min(x.Wakes, len(order))] {
		n := s*x.PerStream + i%x.PerStream
		took, err := x.first(ctx, n)
		if err != nil {
			return fmt.Errorf("first message to %s: %w", denseName(n), err)
		}
		if took > 50*time.Millisecond {
			x.Say("first message %d, to %s: %v", i, denseName(n), took)
		}
		if n%denseKinds == denseView {
			views = append(views, took)
		} else {
			sinks = append(sinks, took)
		}
		if err := sleep(ctx, 5*time.Millisecond); err != nil {
			return err
		}
	}
	x.r.First, x.r.FirstOf = times(sinks), times(views)
	x.Say("first messages: %+v to sinks, %+v to a SELECT", x.r.First, x.r.FirstOf)
	return nil
}

// first sends one message and waits for what query n says to it.
func (x *dense) first(ctx context.Context, n int) (time.Duration, error) {
	topic := x.drips.topic(x.stream(n))
	begin := time.Now()
	if n%denseKinds != denseView {
		c := x.drips.ear(denseName(n)).heard()
		topic.append(begin.UnixNano(), [2]int64{1, 1})
		err := wait(ctx, c)
		return time.Since(begin), err
	}
	topic.append(begin.UnixNano(), [2]int64{1, 1})
	for want := topic.len(); time.Since(begin) < 10*time.Second; {
		if n, err := x.sum(ctx, denseName(n)); err != nil || n == want {
			return time.Since(begin), err
		}
	}
	return 0, errSilent
}

// sum returns how many rows a view has counted.
func (x *dense) sum(ctx context.Context, view string) (int64, error) {
	list, err := x.w.session.Split("SELECT CAST(sum(n) AS BIGINT) FROM " + view)
	if err != nil {
		return 0, err
	}
	var one oneNumber
	_, err = list[0].Run(ctx, nil, &one)
	return one.n, err
}

// oneNumber takes the one number that a SELECT gives.
type oneNumber struct {
	nothing
	n int64
}

// Rows implements result.Sink.
func (o *oneNumber) Rows(b *batch.Batch) error {
	if v, ok := b.Cols[0].(*batch.Vec[int64]); ok && b.N == 1 {
		o.n = v.Data[0]
		return nil
	}
	return fmt.Errorf("%d rows of %T", b.N, b.Cols[0])
}

// live sends messages at a steady rate, each stream at its own phase.
func (x *dense) live(ctx context.Context) error {
	streams := min(max(1, x.Live/x.PerStream), x.Queries/x.PerStream)
	if streams == 0 {
		return nil
	}
	x.r.Live = DenseLive{Queries: streams * x.PerStream, PerSecond: x.LiveRate}
	send := func(during time.Duration) error {
		begin, gap := time.Now(), time.Duration(float64(time.Second)/x.LiveRate/float64(streams))
		for n := 0; time.Duration(n)*gap < during; n++ {
			at := begin.Add(time.Duration(n) * gap)
			if early := time.Until(at); early > 0 {
				if err := sleep(ctx, early); err != nil {
					return err
				}
			}
			x.drips.topic(fmt.Sprint("in", n%streams)).append(at.UnixNano(), [2]int64{int64(n % 4), int64(n)})
		}
		return nil
	}
	if err := send(2 * time.Second); err != nil { // all are awake
		return err
	}
	x.drips.listening(true)
	begin, cpu := time.Now(), cpuTime()
	if err := send(x.For); err != nil {
		return err
	}
	x.r.Live.Cores = (cpuTime() - cpu).Seconds() / time.Since(begin).Seconds()
	x.r.Live.Latency = times(x.drips.listening(false))
	x.Say("live: %+v", x.r.Live)
	return x.w.server.Engine.Flush(ctx)
}

// restart stops the server and starts it again on what it left.
func (x *dense) restart(ctx context.Context) error {
	x.w.session.Close()
	if err := x.w.server.Close(ctx); err != nil {
		return err
	}
	x.w.session, x.w.server = nil, nil
	runtime.GC()
	begin, cpu := time.Now(), cpuTime()
	if err := x.open(ctx, x.w.dir); err != nil {
		return err
	}
	s := &x.r.Start
	s.Ready, s.CPU = time.Since(begin).Seconds(), (cpuTime() - cpu).Seconds()
	if err := x.w.server.Engine.Flush(ctx); err != nil {
		return err
	}
	s.All, s.AllCPU = time.Since(begin).Seconds(), (cpuTime() - cpu).Seconds()
	for _, q := range x.w.server.Engine.Queries() {
		if q.State == "running" {
			s.Running++
		}
	}
	x.Say("restart: %+v", *s)
	return nil
}

// check has every query read what its stream holds, and the views have counted
// just that.
func (x *dense) check(ctx context.Context) error {
	for _, q := range x.w.server.Engine.Queries() {
		var n int
		if _, err := fmt.Sscanf(q.Name, "out%d", &n); err != nil {
			return fmt.Errorf("query %s: %w", q.Name, err)
		}
		rows := x.drips.topic(x.stream(n)).len()
		if q.In != rows {
			return fmt.Errorf("%s read %d of %d rows: %s", q.Name, q.In, rows, q.Reason)
		}
		if n%denseKinds == denseView && n < 100*x.PerStream {
			if sum, err := x.sum(ctx, q.Name); err != nil || sum != rows {
				return fmt.Errorf("%s has counted %d of %d rows: %v", q.Name, sum, rows, err)
			}
		}
	}
	return nil
}
