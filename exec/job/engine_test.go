package job

import (
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/dirigo-stream/dirigo/actors"
	"github.com/dirigo-stream/dirigo/connectors"
	"github.com/dirigo-stream/dirigo/exec/agg"
	"github.com/dirigo-stream/dirigo/exec/batch"
	"github.com/dirigo-stream/dirigo/exec/expr"
	"github.com/dirigo-stream/dirigo/exec/op"
	"github.com/dirigo-stream/dirigo/storage"
	"github.com/dirigo-stream/dirigo/storage/mem"
)

// The stream of all tests: (key, value, time), watermark delayed by 10.
const streamID, testDelay = 1, 10

var (
	bigint  = batch.T(batch.Int64)
	stamp   = batch.T(batch.Timestamp)
	ktSpec  = batch.Schema{{Name: "k", Type: bigint}, {Name: "v", Type: bigint}, {Name: "t", Type: stamp}}
	sumType = batch.T(batch.Numeric)
)

func col(i int, t batch.Type) *expr.Node {
	return &expr.Node{Op: expr.OpCol, Col: i, Type: t, Name: fmt.Sprintf("c%d", i)}
}

func testSource() SourceDef {
	def := SourceDef{ID: streamID, Name: "s", Connector: "mem", Watermark: 2, Delay: testDelay}
	for i, f := range ktSpec {
		def.Spec.Columns = append(def.Spec.Columns, connectors.Column{Name: f.Name, Type: f.Type})
		def.Columns = append(def.Columns, SourceColumn{Name: f.Name, Expr: col(i, f.Type)})
	}
	return def
}

// harness is an engine over a store and a log that survive it.
type harness struct {
	t     *testing.T
	disk  *mem.Disk
	log   *memLog
	logs  []*memLog // of further streams, with the ids from 2 on
	sink  *memSink
	rng   *rand.Rand
	cfg   Config
	eng   *Engine
	defs  []QueryDef
	idle  time.Duration
	more  map[string]connectors.Connector
	label string // of messages
	store func(storage.Store) storage.Store
}

func newHarness(t *testing.T, seed uint64, parts int) *harness {
	h := &harness{
		t: t, disk: mem.NewDisk(), log: newMemLog(parts), sink: &memSink{},
		rng: rand.New(rand.NewPCG(seed, 1)),
	}
	h.cfg = Config{Workers: 2, Epoch: 3 * time.Millisecond}
	return h
}

// lend makes every lendable message be lent, or not, by a seed.
func (h *harness) lend(seed uint64) { h.cfg.Lending = actors.SeededLending(seed, 0.7) }

// chop makes units small and ticks end anywhere.
func (h *harness) chop(seed uint64) {
	var n atomic.Uint64
	h.cfg.CutNow = func() bool { return (n.Add(1)*2654435761+seed)%3 == 0 }
	h.cfg.ReadRows = func() int { return 1 + int((n.Load()+seed)%7) }
}

func (h *harness) open(defs ...QueryDef) {
	h.t.Helper()
	cfg := h.cfg
	cfg.Store = h.disk.Open()
	if h.store != nil {
		cfg.Store = h.store(cfg.Store)
	}
	cfg.Connectors = map[string]connectors.Connector{"mem": {
		Source: h.log.connector().Source, Sink: h.sink.connector().Sink,
	}}
	maps.Copy(cfg.Connectors, h.more)
	for i, l := range h.logs {
		cfg.Connectors[fmt.Sprintf("mem%d", i)] = l.connector()
	}
	e, err := Open(context.Background(), cfg)
	if err != nil {
		h.t.Fatal(err)
	}
	h.eng = e
	def := testSource()
	def.IdleTimeout = h.idle
	if err := e.AddSource(def); err != nil {
		h.t.Fatal(err)
	}
	for i := range h.logs {
		def := testSource()
		def.ID, def.Name, def.Connector = uint64(2+i), fmt.Sprintf("s%d", 2+i), fmt.Sprintf("mem%d", i)
		if err := e.AddSource(def); err != nil {
			h.t.Fatal(err)
		}
	}
	h.defs = defs
	for _, d := range defs {
		if err := e.StartQuery(context.Background(), d); err != nil {
			h.t.Fatal(err)
		}
	}
	if err := e.Start(context.Background()); err != nil {
		h.t.Fatal(err)
	}
}

// openWith is open with another sink.
func (h *harness) openWith(s connectors.Sink, defs ...QueryDef) {
	h.t.Helper()
	h.more = map[string]connectors.Connector{"mem": {
		Source: h.log.connector().Source,
		Sink:   func(connectors.Spec) (connectors.Sink, error) { return s, nil },
	}}
	h.open(defs...)
}

// crash ends the engine as SIGKILL would: nothing more becomes durable.
func (h *harness) crash() {
	h.disk.Open() // the old store is dead from here
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	_ = h.eng.Close(ctx)
}

func (h *harness) close() {
	h.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if err := h.eng.Close(ctx); err != nil {
		h.t.Fatal(err)
	}
}

func (h *harness) flush() {
	h.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if err := h.eng.Flush(ctx); err != nil {
		for _, q := range h.eng.Queries() {
			h.t.Logf("%s: %s %s", q.Name, q.State, q.Reason)
		}
		h.t.Fatal("flush: ", err)
	}
}

// view returns the content of a view as texts, sorted.
func (h *harness) view(id uint64) []string {
	h.t.Helper()
	q := h.eng.query(id)
	g := q.def.Graph
	schema := g.Vertices[len(g.Vertices)-1].Schema
	var cols []int
	for i := range schema {
		cols = append(cols, i)
	}
	var out []string
	b := Bounded{Graph: &Graph{KeyGroups: 1, Vertices: []Vertex{{
		ID: 1, Read: &Read{Relation: id, Columns: cols}, Instances: 1, Schema: schema,
	}}}}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	err := h.eng.Run(ctx, b, func(b *batch.Batch) error {
		b = b.Compact()
		for i := range b.N {
			for range b.DiffAt(i) {
				out = append(out, rowText(b, i, typesOf(schema)))
			}
		}
		return nil
	})
	if err != nil {
		h.t.Fatal(err)
	}
	slices.Sort(out)
	return out
}

// filterToSink keeps rows with v > 0 and writes them.
func filterToSink(id uint64) QueryDef {
	pred, err := expr.Resolve(">", []*expr.Node{col(1, bigint), {Op: expr.OpConst, Type: bigint, Text: "0"}})
	if err != nil {
		panic(err)
	}
	return QueryDef{
		ID: id, Name: fmt.Sprintf("filter%d", id), Sink: &SinkDef{Connector: "mem"},
		Graph: &Graph{KeyGroups: 16, Vertices: []Vertex{{
			ID: 1, Read: &Read{Relation: streamID, Columns: []int{0, 1, 2}}, Ops: []op.Spec{{Filter: pred}},
			Sink: true, Instances: 1, Schema: ktSpec,
		}}},
	}
}

// countView is SELECT k, count(*), sum(v) GROUP BY k, as a view.
func countView(id uint64, readers, groups int, window *agg.Window) QueryDef {
	out := batch.Schema{{Name: "k", Type: bigint}, {Name: "n", Type: bigint}, {Name: "s", Type: sumType}}
	key := []int{0}
	var late []op.Spec
	if window != nil {
		out = append(batch.Schema{{Name: "ws", Type: stamp}, {Name: "we", Type: stamp}}, out...)
		key = []int{0, 2}
		late = []op.Spec{{Late: &op.Late{Time: 2}}}
	}
	group := &agg.Group{
		Keys: []int{0}, KeyTypes: []batch.Type{bigint}, Window: window, OnClose: window != nil,
		Calls: []agg.Call{
			{Func: "count", Arg: -1, Filter: -1, Type: bigint},
			{Func: "sum", Arg: 1, Filter: -1, ArgType: bigint, Type: sumType},
		},
	}
	return QueryDef{
		ID: id, Name: fmt.Sprintf("count%d", id),
		Graph: &Graph{KeyGroups: 16, Vertices: []Vertex{
			{ID: 1, Read: &Read{Relation: streamID, Columns: []int{0, 1, 2}}, Ops: late, Instances: readers, Schema: ktSpec},
			{ID: 2, Inputs: []Input{{From: 1, Hash: []int{0}}}, Ops: []op.Spec{{Group: group}}, Instances: groups, Schema: out, Lend: true, State: 1, Updating: window == nil},
			{ID: 3, Inputs: []Input{{From: 2, Hash: key}}, Ops: []op.Spec{{Materialize: &op.Materialize{Types: typesOf(out), Key: key}}}, Instances: groups, Schema: out, State: 1, Updating: window == nil},
		}},
	}
}

// counts is the naive recomputation of countView without a window.
func counts(rows [][3]int64) []string {
	n, s := map[int64]int64{}, map[int64]int64{}
	for _, r := range rows {
		n[r[0]]++
		s[r[0]] += r[1]
	}
	var out []string
	for k := range maps.Keys(n) {
		out = append(out, fmt.Sprintf("(%d,%d,%d)", k, n[k], s[k]))
	}
	slices.Sort(out)
	return out
}

func (h *harness) randomRows(n int, from int64) [][3]int64 {
	rows := make([][3]int64, n)
	for i := range rows {
		rows[i] = [3]int64{h.rng.Int64N(7), h.rng.Int64N(100) - 50, from + int64(i) + h.rng.Int64N(20)}
	}
	return rows
}

func TestFilterToSink(t *testing.T) {
	h := newHarness(t, 1, 2)
	h.open(filterToSink(10))
	rows := h.randomRows(5000, 0)
	h.log.add(0, rows[:2000]...)
	h.log.add(1, rows[2000:]...)
	h.flush()
	want := 0
	for _, r := range rows {
		if r[1] > 0 {
			want++
		}
	}
	h.sink.mu.Lock()
	got := len(h.sink.rows)
	h.sink.mu.Unlock()
	if got != want {
		t.Fatalf("%d rows in the sink, want %d", got, want)
	}
	st, _ := h.eng.Query(10)
	if st.In != int64(len(rows)) || st.Out != int64(want) {
		t.Fatalf("in %d out %d, want %d and %d", st.In, st.Out, len(rows), want)
	}
	h.close()
}

// TestCountIsExact: a grouped view equals the recomputation whatever the
// parallelism, the cuts, the lending.
func TestCountIsExact(t *testing.T) {
	for seed := range uint64(12) {
		h := newHarness(t, seed, 3)
		h.lend(seed)
		h.chop(seed)
		h.open(countView(10, 1+int(seed%3), 1+int(seed/3%3), nil))
		for i := range 10 {
			h.log.add(h.rng.IntN(3), h.randomRows(50, int64(i*50))...)
			if i%3 == 0 {
				h.flush()
				if got, want := h.view(10), counts(h.log.all()); !slices.Equal(got, want) {
					t.Fatalf("seed %d:\n got %v\nwant %v", seed, got, want)
				}
			}
		}
		h.flush()
		if got, want := h.view(10), counts(h.log.all()); !slices.Equal(got, want) {
			t.Fatalf("seed %d:\n got %v\nwant %v", seed, got, want)
		}
		h.close()
	}
}

// TestCrashIsExact: after crashes at any moment views are what they would be
// without, and no reject is counted twice.
func TestCrashIsExact(t *testing.T) {
	for seed := range uint64(10) {
		h := newHarness(t, seed, 2)
		h.lend(seed)
		h.chop(seed)
		window := &agg.Window{Time: 2, Size: 40, Slide: 40, TimeType: stamp}
		defs := []QueryDef{countView(10, 2, 2, nil), countView(11, 2, 2, window)}
		h.open(defs...)
		from := int64(1000)
		for range 8 {
			for p := range 2 {
				h.log.add(p, h.randomRows(40, from)...)
			}
			from += 40
			time.Sleep(time.Duration(h.rng.IntN(6)) * time.Millisecond)
			if h.rng.IntN(2) == 0 {
				h.flush()
			}
			h.crash()
			h.open(defs...)
		}
		h.flush()
		if got, want := h.view(10), counts(h.log.all()); !slices.Equal(got, want) {
			t.Fatalf("seed %d:\n got %v\nwant %v", seed, got, want)
		}
		want, late := h.naiveWindows(40)
		if got := h.view(11); !slices.Equal(got, want) {
			t.Fatalf("seed %d, windows:\n got %v\nwant %v", seed, got, want)
		}
		st, _ := h.eng.Query(11)
		if st.Rejected["late"] != late {
			t.Fatalf("seed %d: %d late, want %d (%v)", seed, st.Rejected["late"], late, st.Rejected)
		}
		h.close()
	}
}

// naiveWindows recomputes the closed tumbling windows and the late rows.
func (h *harness) naiveWindows(size int64) (rows []string, late int64) {
	type key struct{ w, k int64 }
	n, s := map[key]int64{}, map[key]int64{}
	low := int64(1) << 60
	for _, part := range h.log.parts {
		top := int64(-1 << 60)
		for _, r := range part {
			if r[2] < top-testDelay {
				late++
				continue
			}
			top = max(top, r[2])
			w := key{r[2] / size * size, r[0]}
			n[w]++
			s[w] += r[1]
		}
		low = min(low, top-testDelay)
	}
	for w := range n {
		if w.w+size <= low {
			b := &batch.Batch{N: 1, Cols: []batch.Column{
				&batch.Vec[int64]{Data: []int64{w.w}}, &batch.Vec[int64]{Data: []int64{w.w + size}},
			}}
			head := rowText(b, 0, []batch.Type{stamp, stamp})
			rows = append(rows, fmt.Sprintf("%s,%d,%d,%d)", head[:len(head)-1], w.k, n[w], s[w]))
		}
	}
	slices.Sort(rows)
	return rows, late
}

// TestDecodedOnce: a source is decoded once however many queries read it, and
// a query created later catches up beside the live ones.
func TestDecodedOnce(t *testing.T) {
	h := newHarness(t, 3, 2)
	h.open(countView(10, 1, 1, nil), countView(11, 2, 2, nil), countView(12, 1, 3, nil))
	h.log.add(0, h.randomRows(3000, 0)...)
	h.log.add(1, h.randomRows(2000, 0)...)
	h.flush()
	if n := h.log.decoded.Load(); n != 5000 {
		t.Fatalf("%d rows decoded, want 5000", n)
	}
	if err := h.eng.StartQuery(context.Background(), countView(13, 2, 1, nil)); err != nil {
		t.Fatal(err)
	}
	h.log.add(0, h.randomRows(500, 3000)...)
	h.flush()
	want := counts(h.log.all())
	for id := uint64(10); id <= 13; id++ {
		if got := h.view(id); !slices.Equal(got, want) {
			t.Fatalf("view %d:\n got %v\nwant %v", id, got, want)
		}
	}
	if n := h.eng.Sources()[0].Decoded; n != 5500 {
		t.Fatalf("the live reader decoded %d rows, want 5500", n)
	}
	if n := h.log.decoded.Load(); n < 10500 {
		t.Fatalf("%d rows decoded in all: the late query has not read by itself", n)
	}
	for id := uint64(10); id <= 13; id++ {
		if err := h.eng.DropQuery(context.Background(), id); err != nil {
			t.Fatal(err)
		}
	}
	if st := h.eng.Sources()[0]; st.State != "idle" {
		t.Fatalf("source is %s after the last query was dropped", st.State)
	}
	h.close()
}

// TestSlowSinkIsAlone: a query whose sink is stuck is detached; the others on
// its source do not notice, and it catches up later.
func TestSlowSinkIsAlone(t *testing.T) {
	h := newHarness(t, 4, 1)
	h.sink.stuck = true
	h.cfg.FeedKeep = 1 << 20
	h.open(filterToSink(10), countView(11, 1, 1, nil))
	total := 0
	for range 40 { // well beyond what the ring keeps
		h.log.add(0, h.randomRows(5_000, int64(total))...)
		total += 5_000
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if err := h.eng.source(streamID).livePump().waitFor(ctx, 0, int64(total)); err != nil {
		t.Fatal("the stuck query holds the source: ", err)
	}
	h.sink.unstick()
	h.flush()
	if got, want := h.view(11), counts(h.log.all()); !slices.Equal(got, want) {
		t.Fatalf("got %v\nwant %v", got, want)
	}
	h.sink.mu.Lock()
	seen := map[[3]int64]bool{}
	for _, r := range h.sink.rows {
		seen[[3]int64(r)] = true
	}
	h.sink.mu.Unlock()
	for _, r := range h.log.all() {
		if r[1] > 0 && !seen[r] {
			t.Fatalf("row %v was lost", r)
		}
	}
	h.close()
}

// patience is how long a test waits for what should come at once.
const patience = time.Minute

// TestIdleIsReplayed: what idleness decided is decided again at the same places
// by a query that is created later, and after crashes: it gives the same
// windows and rejects the same rows.
func TestIdleIsReplayed(t *testing.T) {
	behind, closed := int64(0), 0
	for seed := range uint64(6) {
		h := newHarness(t, seed, 3)
		h.chop(seed)
		h.idle = 2 * time.Millisecond
		window := &agg.Window{Time: 2, Size: 40, Slide: 40, TimeType: stamp}
		defs := []QueryDef{countView(10, 1, 2, window)}
		h.open(defs...)
		from := int64(1000)
		for range 10 {
			h.log.add(h.rng.IntN(3), h.randomRows(40, from)...) // two of three stand still
			from += 30
			time.Sleep(time.Duration(h.rng.IntN(12)) * time.Millisecond)
			if h.rng.IntN(3) == 0 {
				h.crash()
				h.open(defs...)
			}
		}
		h.flush()
		later := countView(11, 2, 1, window)
		if err := h.eng.StartQuery(context.Background(), later); err != nil {
			t.Fatal(err)
		}
		for p := range 3 { // time moves on everywhere: all windows close
			h.log.add(p, [3]int64{1, 1, from + 10_000})
		}
		h.flush()
		lived, replayed := h.view(10), h.view(11)
		a, _ := h.eng.Query(10)
		b, _ := h.eng.Query(11)
		if !slices.Equal(lived, replayed) || !maps.Equal(a.Rejected, b.Rejected) {
			t.Fatalf("seed %d:\nlived    %v %v\nreplayed %v %v", seed, lived, a.Rejected, replayed, b.Rejected)
		}
		behind += a.Rejected["late_after_idle"]
		closed += len(lived)
		h.close()
	}
	if behind == 0 || closed == 0 {
		t.Fatalf("%d rows behind idleness, %d windows: nothing was tested", behind, closed)
	}
	t.Logf("%d windows closed, %d rows came after idleness had moved time", closed, behind)
}
