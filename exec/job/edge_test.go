package job

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/dirigo-stream/dirigo/exec/agg"
	"github.com/dirigo-stream/dirigo/exec/batch"
	"github.com/dirigo-stream/dirigo/exec/expr"
	"github.com/dirigo-stream/dirigo/exec/op"
)

func number(n int) *expr.Node {
	return &expr.Node{Op: expr.OpConst, Type: bigint, Text: fmt.Sprint(n)}
}

func call(name string, args ...*expr.Node) *expr.Node {
	n, err := expr.Resolve(name, args)
	if err != nil {
		panic(err)
	}
	return n
}

// plan makes graphs by hand.
type plan struct {
	g    Graph
	inst int
}

func (p *plan) add(v Vertex) int {
	v.ID = len(p.g.Vertices) + 1
	if v.Instances = p.inst; v.Schema == nil {
		v.Schema = ktSpec
	}
	p.g.Vertices = append(p.g.Vertices, v)
	return v.ID
}

func (p *plan) read(rel uint64, schema batch.Schema, ops ...op.Spec) int {
	cols := make([]int, len(schema))
	for i := range cols {
		cols[i] = i
	}
	return p.add(Vertex{Read: &Read{Relation: rel, Columns: cols}, Ops: ops, Schema: schema})
}

// keep ends the plan in a view by key.
func (p *plan) keep(id uint64, from int, key ...int) QueryDef {
	schema := p.g.Vertices[from-1].Schema
	p.add(Vertex{
		Inputs: []Input{{From: from, Hash: key}}, Schema: schema, State: 1, Updating: true,
		Ops: []op.Spec{{Materialize: &op.Materialize{Types: typesOf(schema), Key: key}}},
	})
	p.g.KeyGroups = 16
	return QueryDef{ID: id, Name: fmt.Sprintf("v%d", id), Graph: &p.g}
}

// sums is SELECT column key, count(*), sum(column v) GROUP BY column key.
func (p *plan) sums(from, key, v int) int {
	in := p.g.Vertices[from-1].Schema
	out := batch.Schema{{Name: "k", Type: in[key].Type}, {Name: "n", Type: bigint}, {Name: "s", Type: sumType}}
	return p.add(Vertex{
		Inputs: []Input{{From: from, Hash: []int{key}}}, Schema: out, State: 1, Lend: true, Updating: true,
		Ops: []op.Spec{{Group: &agg.Group{
			Keys: []int{key}, KeyTypes: []batch.Type{in[key].Type},
			Calls: []agg.Call{
				{Func: "count", Arg: -1, Filter: -1, Type: bigint},
				{Func: "sum", Arg: v, Filter: -1, ArgType: bigint, Type: sumType},
			},
		}}},
	})
}

// filterView is SELECT * FROM rel WHERE v > least.
func filterView(id, rel uint64, inst, least int) QueryDef {
	p := &plan{inst: inst}
	r := p.read(rel, ktSpec, op.Spec{Filter: call(">", col(1, bigint), number(least))})
	return p.keep(id, r, 0, 1, 2)
}

// sumsOf is the sums of a relation as a view.
func sumsOf(id, rel uint64, inst int) QueryDef {
	p := &plan{inst: inst}
	return p.keep(id, p.sums(p.read(rel, ktSpec), 0, 1), 0)
}

// histogram is SELECT n, count(*), sum(k) FROM rel GROUP BY n, of sums.
func histogram(id, rel uint64, inst int) QueryDef {
	p := &plan{inst: inst}
	schema := batch.Schema{{Name: "k", Type: bigint}, {Name: "n", Type: bigint}, {Name: "s", Type: sumType}}
	return p.keep(id, p.sums(p.read(rel, schema), 1, 0), 0)
}

// balance is the sums of (k, v) of one relation and (k, -v) of another: where
// both hold the same rows, every sum is zero and every count even.
func balance(id, one, other uint64, inst int) QueryDef {
	p := &plan{inst: inst}
	kv := batch.Schema{{Name: "k", Type: bigint}, {Name: "v", Type: bigint}}
	a := p.read(one, ktSpec, op.Spec{Project: []*expr.Node{col(0, bigint), col(1, bigint)}})
	b := p.read(other, ktSpec, op.Spec{Project: []*expr.Node{col(0, bigint), call("*", col(1, bigint), number(-1))}})
	p.g.Vertices[a-1].Schema, p.g.Vertices[b-1].Schema = kv, kv
	u := p.add(Vertex{
		Inputs: []Input{{From: a, Hash: []int{0}}, {From: b, Hash: []int{0}}}, Schema: kv,
		Ops: []op.Spec{{Union: true}}, Updating: true,
	})
	return p.keep(id, p.sums(u, 0, 1), 0)
}

// toSink writes a view's rows to the sink.
func toSink(id, rel uint64, inst int) QueryDef {
	p := &plan{inst: inst}
	p.read(rel, ktSpec)
	p.g.KeyGroups, p.g.Vertices[0].Sink = 16, true
	return QueryDef{ID: id, Name: fmt.Sprintf("q%d", id), Graph: &p.g, Sink: &SinkDef{Connector: "mem"}}
}

// histogramOf recomputes histogram.
func histogramOf(rows [][3]int64) (out []string) {
	n := map[int64]int64{}
	for _, r := range rows {
		n[r[0]]++
	}
	count, sum := map[int64]int64{}, map[int64]int64{}
	for k, c := range n {
		count[c]++
		sum[c] += k
	}
	for c := range maps.Keys(count) {
		out = append(out, fmt.Sprintf("(%d,%d,%d)", c, count[c], sum[c]))
	}
	slices.Sort(out)
	return out
}

func above(rows [][3]int64, least int64) (out [][3]int64) {
	for _, r := range rows {
		if r[1] > least {
			out = append(out, r)
		}
	}
	return out
}

func (h *harness) want(what string, id uint64, want []string) {
	h.t.Helper()
	if got := h.view(id); !slices.Equal(got, want) {
		h.t.Fatalf("%s, view %d:\n got %v\nwant %v", what, id, got, want)
	}
}

// ladder is views on views: rows above -20, their sums, how many keys have how
// many of them; and the same rows against those of the stream itself, in two
// ways.
func ladder(inst int) []QueryDef {
	return []QueryDef{
		filterView(10, streamID, inst, -1000),
		filterView(11, 10, inst, -20),
		sumsOf(12, 11, inst),
		histogram(13, 12, inst),
		balance(14, streamID, 10, inst),
		filterView(15, 10, inst, -1000),
		balance(16, 15, 10, inst),
	}
}

func (h *harness) checkLadder(what string) {
	h.t.Helper()
	rows := h.log.all()
	kept := above(rows, -20)
	h.want(what, 12, counts(kept))
	h.want(what, 13, histogramOf(kept))
	twice := map[int64]int{}
	for _, r := range rows {
		twice[r[0]] += 2
	}
	var want []string
	for k, n := range twice {
		want = append(want, fmt.Sprintf("(%d,%d,0)", k, n))
	}
	slices.Sort(want)
	h.want(what, 14, want)
	h.want(what, 16, want)
}

// balanced follows a balance by SUBSCRIBE and says whether it ever showed half
// an update; stop ends it.
func (h *harness) balanced(id uint64) (stop func() (ticks int, err error)) {
	ctx, cancel := context.WithCancel(context.Background())
	var wait sync.WaitGroup
	ticks, bad := 0, error(nil)
	content := map[string]int64{}
	types := []batch.Type{bigint, bigint, sumType}
	check := func(tick uint64) {
		ticks++
		for row, n := range content {
			var k, count, sum int64
			if _, err := fmt.Sscanf(row, "(%d,%d,%d)", &k, &count, &sum); err != nil || n != 1 || count%2 != 0 || sum != 0 {
				bad = errors.Join(bad, fmt.Errorf("tick %d shows %s %d times (%v)", tick, row, n, err))
			}
		}
	}
	eng := h.eng
	wait.Go(func() {
		last := uint64(0)
		_ = eng.Subscribe(ctx, id, true, func(c Changes) error {
			if c.Rows == nil || bad != nil {
				return bad
			}
			if c.Tick != last && last != 0 {
				check(last)
			}
			last = c.Tick
			b := c.Rows.Compact()
			for i := range b.N {
				t := rowText(b, i, types)
				if content[t] += b.DiffAt(i); content[t] == 0 {
					delete(content, t)
				}
			}
			return nil
		})
	})
	return func() (int, error) {
		cancel()
		wait.Wait()
		return ticks, bad
	}
}

// TestViewsOnViews: views on views equal the recomputation, and no tick of a
// query that reads a stream on two ways shows half of an update, whatever the
// parallelism, the cuts, the lending.
func TestViewsOnViews(t *testing.T) {
	ticks := 0
	for seed := range uint64(8) {
		h := newHarness(t, seed, 3)
		h.lend(seed)
		h.chop(seed)
		h.open(ladder(1 + 2*int(seed%2))...)
		h.flush()
		stops := []func() (int, error){h.balanced(14), h.balanced(16)}
		for i := range 10 {
			h.log.add(h.rng.IntN(3), h.randomRows(50, int64(i*50))...)
			if i%3 == 0 {
				h.flush()
				h.checkLadder(fmt.Sprintf("seed %d", seed))
			}
		}
		h.flush()
		h.checkLadder(fmt.Sprintf("seed %d", seed))
		for _, stop := range stops {
			n, err := stop()
			if err != nil {
				t.Fatalf("seed %d: %v", seed, err)
			}
			ticks += n
		}
		h.close()
	}
	if ticks < 100 {
		t.Fatalf("only %d ticks were looked at", ticks)
	}
	t.Logf("%d ticks", ticks)
}

// TestViewsOnViewsCreatedLater: it makes no difference whether the data is there
// before the views are, or flows while they begin.
func TestViewsOnViewsCreatedLater(t *testing.T) {
	for seed := range uint64(8) {
		h := newHarness(t, seed, 3)
		h.chop(seed)
		defs := ladder(1 + 2*int(seed%2))
		h.open(defs[0])
		from := int64(0)
		for _, d := range defs[1:] {
			for p := range 3 {
				h.log.add(p, h.randomRows(30, from)...)
				from += 30
			}
			if seed%4 > 1 {
				h.flush()
			}
			if err := h.eng.StartQuery(context.Background(), d); err != nil {
				t.Fatal(err)
			}
		}
		stop := h.balanced(14)
		h.log.add(0, h.randomRows(100, from)...)
		h.flush()
		h.checkLadder(fmt.Sprintf("seed %d", seed))
		if _, err := stop(); err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
		h.close()
	}
}

// TestViewsOnViewsCrash: after crashes at any moment views on views are what
// they would be without.
func TestViewsOnViewsCrash(t *testing.T) {
	for seed := range uint64(10) {
		h := newHarness(t, seed, 2)
		h.lend(seed)
		h.chop(seed)
		defs := ladder(1 + 2*int(seed%2))
		h.open(defs...)
		from := int64(0)
		for range 8 {
			for p := range 2 {
				h.log.add(p, h.randomRows(40, from)...)
			}
			from += 40
			time.Sleep(time.Duration(h.rng.IntN(9)) * time.Millisecond)
			if h.rng.IntN(2) == 0 {
				h.flush()
			}
			h.crash()
			h.open(defs...)
		}
		h.flush()
		h.checkLadder(fmt.Sprintf("seed %d", seed))
		h.close()
	}
}
