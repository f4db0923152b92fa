package job

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/dirigo-stream/dirigo/exec/agg"
	"github.com/dirigo-stream/dirigo/exec/batch"
	"github.com/dirigo-stream/dirigo/exec/expr"
	"github.com/dirigo-stream/dirigo/exec/op"
)

// selected reads the rows of a view as a SELECT does, all of them or those of the
// keys given, in no order.
func selected(eng *Engine, id uint64, keys ...int64) (out []string, err error) {
	q := eng.query(id)
	last := q.def.Graph.Vertices[len(q.def.Graph.Vertices)-1]
	schema := last.Schema
	read := &Read{Relation: id}
	for i := range schema {
		read.Columns = append(read.Columns, i)
	}
	if len(keys) > 0 {
		read.Point = &Point{Key: []int{0}}
		for _, k := range keys {
			read.Point.Values = append(read.Point.Values, &expr.Node{Op: expr.OpConst, Type: bigint, Text: fmt.Sprint(k)})
		}
	}
	b := Bounded{Graph: &Graph{KeyGroups: 1, Vertices: []Vertex{{ID: 1, Read: read, Instances: 1, Schema: schema}}}}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	err = eng.Run(ctx, b, func(b *batch.Batch) error {
		b = b.Compact()
		for i := range b.N {
			for range b.DiffAt(i) {
				out = append(out, rowText(b, i, typesOf(schema)))
			}
		}
		return nil
	})
	return out, err
}

// TestReadsWhileRestarted: while views are restarted again and again, a SELECT,
// also of one key, gives no error and shows a moment that was, which holds all
// that was flushed before; a SUBSCRIBE goes on or says why it ends.
func TestReadsWhileRestarted(t *testing.T) {
	for seed := range uint64(3) {
		h := newHarness(t, seed, 2)
		h.chop(seed)
		h.open(ladder(1 + 2*int(seed%2))...)
		h.flush()
		var flushed atomic.Int64 // rows
		var reads, restarts, ends atomic.Int64
		over := make(chan struct{})
		var all sync.WaitGroup
		again := func(f func(n int) error) {
			all.Go(func() {
				for n := 0; ; n++ {
					select {
					case <-over:
						return
					default:
					}
					if err := f(n); err != nil {
						t.Errorf("seed %d: %v", seed, err)
						return
					}
				}
			})
		}
		for n := range 2 {
			again(func(i int) error {
				least := flushed.Load()
				var keys []int64
				if (i+n)%2 == 0 {
					keys = []int64{0, 1, 2, 3, 4, 5, 6}
				}
				rows, err := selected(h.eng, 14, keys...) // the sums of all rows, twice: of the stream, and of a view
				if err != nil {
					return err
				}
				total := int64(0)
				for _, row := range rows {
					var k, count, sum int64
					if _, err := fmt.Sscanf(row, "(%d,%d,%d)", &k, &count, &sum); err != nil || count%2 != 0 || sum != 0 {
						return fmt.Errorf("%s: half an update (%v)", row, err)
					}
					total += count / 2
				}
				if total < least {
					return fmt.Errorf("%d rows, %d had been flushed", total, least)
				}
				reads.Add(1)
				return nil
			})
		}
		again(func(n int) error {
			q := h.eng.query([]uint64{10, 12, 14, 16}[restarts.Load()%4])
			was := flushed.Load()
			h.eng.detach(q)
			for h.eng.query(q.def.ID) == q {
				time.Sleep(50 * time.Microsecond)
			}
			restarts.Add(1)
			// One more while they catch up, then they are let come to rest.
			for ended := false; n%2 == 1 && flushed.Load() == was && !ended; time.Sleep(50 * time.Microsecond) {
				select {
				case <-over:
					ended = true
				default:
				}
			}
			time.Sleep(time.Millisecond)
			return nil
		})
		again(func(int) error {
			ctx, cancel := context.WithTimeout(context.Background(), patience)
			defer cancel()
			go func() {
				select {
				case <-over:
					cancel()
				case <-ctx.Done():
				}
			}()
			err := h.eng.Subscribe(ctx, 12, true, func(Changes) error { return nil })
			if !isDetached(err) && ctx.Err() == nil {
				return fmt.Errorf("SUBSCRIBE ended with %v", err)
			}
			ends.Add(1)
			return nil
		})
		rows := int64(0)
		for i := 0; i < 12 || (reads.Load() < 20 || restarts.Load() < 10) && !t.Failed(); i++ {
			h.log.add(i%2, h.randomRows(20, int64(i*20))...)
			rows += 20
			h.flush()
			flushed.Store(rows)
		}
		close(over)
		all.Wait()
		h.flush()
		h.checkLadder(fmt.Sprintf("seed %d, after %d restarts, %d reads, %d subscriptions", seed, restarts.Load(), reads.Load(), ends.Load()))
		h.close()
	}
}

// windowsOf is countView over another relation.
func windowsOf(id, rel uint64, inst int) QueryDef {
	def := countView(id, 1, inst, &agg.Window{Time: 2, Size: 40, Slide: 40, TimeType: stamp})
	def.Graph.Vertices[0].Read.Relation = rel
	def.Graph.Vertices[0].Instances = inst
	def.Graph.Vertices[0].Ops = []op.Spec{}
	return def
}

// TestWatermarkOfView: event time passes through views as it does through what
// they are made of: windows over a view, and over a view of that, have closed
// at every moment that one can read just when those over the stream have, also
// where the last rows are none of theirs, after crashes and detaches, and for
// queries that came later.
func TestWatermarkOfView(t *testing.T) {
	closed := 0
	for seed := range uint64(10) {
		h := newHarness(t, seed, 2)
		h.chop(seed)
		inst := 1 + 2*int(seed%2)
		defs := []QueryDef{
			filterView(10, streamID, inst, -20), filterView(11, 10, inst, -20),
			windowsOf(20, streamID, 1), windowsOf(21, 10, inst), windowsOf(22, 11, 1),
		}
		// The windows over the stream are those of the rows that the views keep.
		defs[2].Graph.Vertices[0].Ops = []op.Spec{{Filter: call(">", col(1, bigint), number(-20))}}
		h.open(defs...)
		now := int64(0)
		for round := range 8 {
			for range 1 + h.rng.IntN(3) {
				rows := make([][3]int64, 1+h.rng.IntN(60))
				for i := range rows {
					now += h.rng.Int64N(4)
					v := h.rng.Int64N(100) - 40
					if i > len(rows)/2 {
						v = -30 // moves event time on, and is kept by no view
					}
					rows[i] = [3]int64{h.rng.Int64N(5), v, now - h.rng.Int64N(testDelay)}
				}
				for p := range 2 { // both go on: an event time holds for all of a stream
					h.log.add(p, rows...)
				}
			}
			what := fmt.Sprintf("seed %d, round %d", seed, round)
			switch h.rng.IntN(4) {
			case 0:
				h.crash()
				h.open(defs...)
			case 1:
				q := h.eng.query(defs[h.rng.IntN(len(defs))].ID)
				h.eng.detach(q)
				for h.eng.query(q.def.ID) == q {
					time.Sleep(50 * time.Microsecond)
				}
			case 2:
				late := windowsOf(uint64(30+round), []uint64{10, 11}[round%2], inst)
				if err := h.eng.StartQuery(context.Background(), late); err != nil {
					t.Fatal(err)
				}
				defs = append(defs, late)
			}
			h.flush()
			want := h.view(20)
			closed += len(want)
			for _, d := range defs[3:] {
				if got := h.view(d.ID); !slices.Equal(got, want) {
					t.Fatalf("%s, windows of %s:\n got %v\nwant %v", what, d.Name, got, want)
				}
			}
		}
		h.close()
	}
	if closed < 100 {
		t.Errorf("%d windows closed", closed)
	}
}
