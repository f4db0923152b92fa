package job

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/dirigo-stream/dirigo/exec/batch"
	"github.com/dirigo-stream/dirigo/exec/join"
	"github.com/dirigo-stream/dirigo/exec/op"
)

// joined is SELECT l.k, count(*), sum(r.v) of one relation's rows and another's
// on equal values, by the first one's key: as a view.
func joined(id, one, other uint64, inst int, temporal bool) QueryDef {
	p := &plan{inst: inst}
	kt, kv := typesOf(ktSpec), batch.Schema{{Name: "k", Type: bigint}, {Name: "v", Type: bigint}}
	a, b := p.read(one, ktSpec), p.read(other, ktSpec)
	j := op.Spec{Join: &join.Join{
		Kind: join.Inner, Left: kt, Right: kt, LeftKey: []int{1}, RightKey: []int{1}, Output: []int{0, 3},
		LeftUpdating: true, RightUpdating: true,
	}}
	if temporal {
		j = op.Spec{Temporal: &join.Temporal{
			Kind: join.Inner, Left: kt, Right: kt, LeftKey: []int{1}, RightKey: []int{1}, Output: []int{0, 3},
		}}
	}
	n := p.add(Vertex{
		Inputs: []Input{{From: a, Hash: []int{1}}, {From: b, Hash: []int{1}}}, Schema: kv,
		Ops: []op.Spec{j}, Updating: true, State: 1,
	})
	return p.keep(id, p.sums(n, 0, 1), 0)
}

func naiveJoin(one, other [][3]int64) []string {
	n, s := map[int64]int64{}, map[int64]int64{} // of the other's rows, by value
	for _, r := range other {
		n[r[1]]++
		s[r[1]] += r[0]
	}
	count, sum := map[int64]int64{}, map[int64]int64{}
	for _, r := range one {
		if n[r[1]] > 0 {
			count[r[0]] += n[r[1]]
			sum[r[0]] += s[r[1]]
		}
	}
	var out []string
	for k := range count {
		out = append(out, fmt.Sprintf("(%d,%d,%d)", k, count[k], sum[k]))
	}
	slices.Sort(out)
	return out
}

// rowsOf makes rows of seven keys with values of their own from first on.
func rowsOf(first, n int) [][3]int64 {
	out := make([][3]int64, n)
	for i := range out {
		out[i] = [3]int64{int64(i % 7), int64(first + i), int64(first + i)}
	}
	return out
}

// TestLongHistory: a new query over a stream with much that is old and a view
// comes to its end with rings that keep a small part of it, and while rows flow;
// it is what a recomputation gives, and it holds nobody.
func TestLongHistory(t *testing.T) {
	old, views := 200_000, 20_000
	if testing.Short() {
		old, views = 40_000, 10_000
	}
	for _, flows := range []bool{false, true} {
		for _, temporal := range []bool{false, true} {
			t.Run(fmt.Sprintf("flows %v, temporal %v", flows, temporal), func(t *testing.T) {
				h := newHarness(t, 1, 2)
				h.logs = []*memLog{newMemLog(1)}
				h.cfg.FeedKeep = 64 << 10
				h.cfg.Epoch = 20 * time.Millisecond
				defs := []QueryDef{filterView(10, 2, 1, -1000), countView(11, 1, 1, nil)}
				h.open(defs...)
				h.log.add(0, rowsOf(0, old/2)...)
				h.log.add(1, rowsOf(old/2, old/2)...)
				h.logs[0].add(0, rowsOf(0, views)...)
				h.flush()
				defs = append(defs, joined(12, streamID, 10, 2, temporal))
				if err := h.eng.StartQuery(context.Background(), defs[2]); err != nil {
					t.Fatal(err)
				}
				at := old
				for until := time.Now().Add(patience); flows && !h.eng.query(12).isLive(); time.Sleep(time.Millisecond) {
					h.log.add(0, rowsOf(at, 100)...)
					if at += 100; !temporal { // what comes later is not looked up again
						h.logs[0].add(0, rowsOf(at, 100)...)
					}
					// At the pace of those that are there: nobody catches up with more than can be done.
					h.flushBut(12)
					if at == old+500 && !temporal { // and after a crash it begins again
						h.crash()
						h.open(defs...)
					}
					if time.Now().After(until) {
						t.Fatal("it catches up for ever")
					}
				}
				h.flush()
				h.want("joined", 12, naiveJoin(h.log.all(), h.logs[0].all()))
				h.want("beside", 11, counts(h.log.all()))
				h.close()
			})
		}
	}
}
