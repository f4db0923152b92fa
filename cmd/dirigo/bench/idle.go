package bench

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"runtime/metrics"
	"sort"
	"strings"
	"sync/atomic"
	"time"

	"github.com/dirigo-stream/dirigo/cmd/dirigo/server"
	"github.com/dirigo-stream/dirigo/storage"
	"github.com/dirigo-stream/dirigo/storage/badger"
)

// Idle says how many queries wait for how long.
type Idle struct {
	Queries int
	For     time.Duration
	Settle  time.Duration // before: until actors are passivated
	Dir     string
	Profile string // directory for a profile of the idle heap; "": none
	Say     func(format string, args ...any)
}

// IdleUse is what a node did in a while of nothing to do.
type IdleUse struct {
	Queries    int            `json:"queries"`
	Seconds    float64        `json:"seconds"`
	Goroutines int            `json:"goroutines"`
	Where      map[string]int `json:"goroutines_by_place"`
	Timers     int64          `json:"engine_timers_fired"`
	Turns      int64          `json:"actor_turns"`
	Syncs      int64          `json:"fsyncs"`
	Switches   uint64         `json:"goroutine_switches"` // times any goroutine began to run: what ticks anywhere shows here
	CPU        float64        `json:"cpu_ms"`
	Heap       float64        `json:"heap_mb"`      // spans in use, and stacks
	Live       float64        `json:"heap_live_mb"` // objects
}

// IdleResult sets a node with queries beside the same node with one.
type IdleResult struct {
	One  IdleUse `json:"one"`
	Many IdleUse `json:"many"`
	// PerQuery is the difference, a query.
	GoroutinesPerQuery float64 `json:"goroutines_per_query"`
	TimersPerQuery     float64 `json:"timers_per_query"`
	SyncsPerQuery      float64 `json:"fsyncs_per_query"`
	SwitchesPerQuery   float64 `json:"switches_per_query"`
	BytesPerQuery      float64 `json:"heap_bytes_per_query"`
	Load               float64 `json:"load_average"`
}

// Run starts a node over one topic, gives it queries and rows, and then nothing.
func (i Idle) Run(ctx context.Context) (r IdleResult, err error) {
	dir, err := os.MkdirTemp(i.Dir, "dirigo-bench-")
	if err != nil {
		return r, err
	}
	defer os.RemoveAll(dir)
	b, err := startBroker(filepath.Join(dir, "broker"))
	if err != nil {
		return r, err
	}
	defer b.close()
	if err := ask(ctx, new(any), "fill", "--brokers", b.addr, "--topic", "bids", "--records", fmt.Sprint(idleRecords)); err != nil {
		return r, err
	}
	store, err := badger.Open(filepath.Join(dir, "state"), badger.Config{})
	if err != nil {
		return r, err
	}
	counted := &countedStore{Store: store}
	k := Kafka{Brokers: b.addr, Dir: dir}
	w, err := openWorld(ctx, dir, server.Config{Kafka: b.addr, Store: counted})
	if err != nil {
		store.Close()
		return r, err
	}
	defer w.close()
	if err := w.run(ctx, k.stream("bids", "")); err != nil {
		return r, err
	}
	r.Load = LoadAverage()
	if r.One, err = i.measure(ctx, w, counted, 0, 1); err != nil {
		return r, err
	}
	if r.Many, err = i.measure(ctx, w, counted, 1, i.Queries+1); err != nil {
		return r, err
	}
	if err := i.wake(ctx, w, b.addr); err != nil {
		return r, err
	}
	n := float64(i.Queries)
	r.GoroutinesPerQuery = float64(r.Many.Goroutines-r.One.Goroutines) / n
	r.TimersPerQuery = float64(r.Many.Timers-r.One.Timers) / n
	r.SyncsPerQuery = float64(r.Many.Syncs-r.One.Syncs) / n
	r.SwitchesPerQuery = (float64(r.Many.Switches) - float64(r.One.Switches)) / n
	r.BytesPerQuery = (r.Many.Heap - r.One.Heap) * (1 << 20) / n
	return r, nil
}

// wake sends more rows and compares what a query makes of them that was idle
// with what one makes that reads all from the beginning.
func (i Idle) wake(ctx context.Context, w *world, brokers string) error {
	if err := ask(ctx, new(any), "fill", "--brokers", brokers, "--topic", "bids", "--records", fmt.Sprint(2*idleRecords)); err != nil {
		return err
	}
	if err := w.server.Engine.Flush(ctx); err != nil {
		return err
	}
	before := len(w.sinks)
	if err := w.run(ctx, idleQuery("fresh", 0)); err != nil {
		return err
	}
	if err := w.server.Engine.Flush(ctx); err != nil {
		return err
	}
	for _, q := range w.server.Engine.Queries() {
		if q.In != 2*idleRecords {
			return fmt.Errorf("%s read %d of %d rows: %s", q.Name, q.In, 2*idleRecords, q.Reason)
		}
	}
	perQuery := len(w.sinks) - before
	if old, fresh := sumOf(w.sinks[:perQuery]), sumOf(w.sinks[before:]); old != fresh {
		return fmt.Errorf("a query that was idle gave %s, one that reads all again %s", old, fresh)
	}
	return nil
}

const idleRecords = 20_000

// idleQuery is the text of query n.
func idleQuery(name string, n int) string {
	return fmt.Sprintf(`CREATE STREAM %s WITH (connector = 'blackhole') AS
		SELECT auction, count(*) AS bids, max(price) AS top FROM bids WHERE mod(auction, 50) = %d GROUP BY auction EMIT CHANGES`, name, n%50)
}

// measure adds queries, lets rows through, waits, and watches.
func (i Idle) measure(ctx context.Context, w *world, store *countedStore, from, to int) (u IdleUse, err error) {
	for n := from; n < to; n++ {
		if err := w.run(ctx, idleQuery(fmt.Sprint("out", n), n)); err != nil {
			return u, err
		}
	}
	if err := w.server.Engine.Flush(ctx); err != nil {
		return u, err
	}
	return i.watch(ctx, w, store, to)
}

// watch waits until actors are passivated, and then counts what is done.
func (i Idle) watch(ctx context.Context, w *world, store *countedStore, queries int) (u IdleUse, err error) {
	i.Say("%d queries have read all; waiting %v, then watching for %v", queries, i.Settle, i.For)
	if err := sleep(ctx, i.Settle); err != nil {
		return u, err
	}
	runtime.GC()
	runtime.GC()
	u = IdleUse{Queries: queries, Seconds: i.For.Seconds(), Goroutines: runtime.NumGoroutine(), Where: places()}
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	u.Heap, u.Live = float64(m.HeapInuse+m.StackInuse)/(1<<20), float64(m.HeapAlloc)/(1<<20)
	before, syncs, switches, cpu := w.server.Engine.Stats().Runtime, store.syncs.Load(), goroutineSwitches(), cpuTime()
	if err := sleep(ctx, i.For); err != nil {
		return u, err
	}
	after := w.server.Engine.Stats().Runtime
	if i.Profile != "" {
		if err := writeProfile(i.Profile, "heap"); err != nil {
			return u, err
		}
	}
	u.CPU = (cpuTime() - cpu).Seconds() * 1e3
	u.Switches = goroutineSwitches() - switches
	u.Timers, u.Turns, u.Syncs = after.Timers-before.Timers, after.Runs-before.Runs, store.syncs.Load()-syncs
	return u, nil
}

// goroutineSwitches returns how many times goroutines went from ready to
// running.
func goroutineSwitches() (n uint64) {
	s := []metrics.Sample{{Name: "/sched/latencies:seconds"}}
	metrics.Read(s)
	if s[0].Value.Kind() == metrics.KindFloat64Histogram {
		for _, c := range s[0].Value.Float64Histogram().Counts {
			n += c
		}
	}
	return n
}

// places counts goroutines by the function that was started with them.
func places() map[string]int {
	buf := make([]byte, 8<<20)
	out := map[string]int{}
	for _, g := range strings.Split(string(buf[:runtime.Stack(buf, true)]), "\n\n") {
		at := "main"
		for line := range strings.Lines(g) {
			if rest, ok := strings.CutPrefix(line, "created by "); ok {
				at, _, _ = strings.Cut(strings.TrimSpace(rest), " in goroutine")
			}
		}
		out[at]++
	}
	return out
}

// Places returns what u.Where says, most first.
func (u IdleUse) Places() []string {
	var names []string
	for name := range u.Where {
		names = append(names, name)
	}
	sort.Slice(names, func(a, b int) bool {
		if u.Where[names[a]] != u.Where[names[b]] {
			return u.Where[names[a]] > u.Where[names[b]]
		}
		return names[a] < names[b]
	})
	for i, name := range names {
		names[i] = fmt.Sprintf("%4d %s", u.Where[name], name)
	}
	return names
}

// countedStore counts what is made durable: each such call is an fsync or more.
type countedStore struct {
	storage.Store
	syncs atomic.Int64
}

// Write implements storage.Store.
func (s *countedStore) Write(ctx context.Context, blocks []storage.Block) error {
	s.syncs.Add(1)
	return s.Store.Write(ctx, blocks)
}

// Commit implements storage.Store.
func (s *countedStore) Commit(ctx context.Context, root storage.Root, keep int) error {
	s.syncs.Add(1)
	return s.Store.Commit(ctx, root, keep)
}

// Delete implements storage.Store.
func (s *countedStore) Delete(names []string) error {
	s.syncs.Add(1)
	return s.Store.Delete(names)
}

// Log implements storage.Store.
func (s *countedStore) Log(name string) (storage.Log, error) {
	l, err := s.Store.Log(name)
	return &countedLog{l, &s.syncs}, err
}

type countedLog struct {
	storage.Log
	syncs *atomic.Int64
}

// Put implements storage.Log.
func (l *countedLog) Put(ctx context.Context, puts []storage.Record, deletes []string) error {
	l.syncs.Add(1)
	return l.Log.Put(ctx, puts, deletes)
}
