package job

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/dirigo-stream/dirigo/exec/agg"
	"github.com/dirigo-stream/dirigo/exec/batch"
	"github.com/dirigo-stream/dirigo/exec/op"
)

// manyKeys are rows with a key each.
func manyKeys(n int) [][3]int64 {
	rows := make([][3]int64, n)
	for i := range rows {
		rows[i] = [3]int64{int64(i) * 7919 % 1_000_003, int64(i), int64(i)}
	}
	return rows
}

// TestBudget: a query beyond its budget pages its own state out, and no other's;
// its results are the same.
func TestBudget(t *testing.T) {
	h := newHarness(t, 5, 1)
	small, large := countView(10, 1, 1, nil), countView(11, 1, 1, nil)
	small.Memory = 256 << 10
	h.open(small, large)
	rows := manyKeys(20_000)
	for part := range slices.Chunk(rows, 500) {
		h.log.add(0, part...)
	}
	h.flush()
	got, want := h.eng.query(10).account.Used(), h.eng.query(11).account.Used()
	if got > 2*small.Memory || want < 4*small.Memory {
		t.Errorf("with a budget of %d it holds %d, without one %d", small.Memory, got, want)
	}
	if st, _ := h.eng.Query(10); st.State != "running" || st.Memory != small.Memory {
		t.Errorf("state %s, %s, budget %d", st.State, st.Reason, st.Memory)
	}
	h.exact(10, counts(h.log.all()))
	h.exact(11, counts(h.log.all()))
	h.close()
}

// listView is SELECT k, array_agg(v) GROUP BY k: a group's state is in one page.
func listView(id uint64) QueryDef {
	list, err := agg.Resolve("array_agg", &bigint, false)
	if err != nil {
		panic(err)
	}
	p := &plan{inst: 1}
	from := p.read(streamID, ktSpec)
	lists := p.add(Vertex{
		Inputs: []Input{{From: from, Hash: []int{0}}}, State: 1, Updating: true,
		Schema: batch.Schema{{Name: "k", Type: bigint}, {Name: "l", Type: list}},
		Ops: []op.Spec{{Group: &agg.Group{
			Keys: []int{0}, KeyTypes: []batch.Type{bigint},
			Calls: []agg.Call{{Func: "array_agg", Arg: 1, Filter: -1, ArgType: bigint, Type: list}},
		}}},
	})
	return p.keep(id, lists, 0)
}

// TestBudgetTooSmall: where state cannot leave memory, only that query stops,
// with 53200, and goes on with a larger budget.
func TestBudgetTooSmall(t *testing.T) {
	h := newHarness(t, 5, 1)
	def := listView(10)
	def.Memory = 16 << 10
	h.open(def, countView(11, 1, 1, nil))
	for i := range int64(200) { // one group of 10,000 values
		var part [][3]int64
		for j := range int64(50) {
			part = append(part, [3]int64{1, i*50 + j, i*50 + j})
		}
		h.log.add(0, part...)
		h.flush()
	}
	st := h.inState(10, "failed")
	if st.Code != "53200" || !strings.Contains(st.Reason, "its budget is 16 kB") {
		t.Errorf("failed with %q, %q", st.Code, st.Reason)
	}
	h.exact(11, counts(h.log.all()))
	if err := h.eng.SetMemory(10, 64<<20); err != nil {
		t.Fatal(err)
	}
	h.resume(10)
	h.flush()
	h.inState(10, "running")
	h.close()
}

// TestSelectMemory: a SELECT that would keep more than it may ends with 53200.
func TestSelectMemory(t *testing.T) {
	h := newHarness(t, 5, 1)
	h.open(countView(10, 1, 1, nil))
	h.log.add(0, manyKeys(20_000)...)
	h.flush()
	g := countView(0, 1, 1, nil).Graph
	g.Vertices[0].Read = &Read{Relation: 10, Columns: []int{0, 1, 1}}
	for _, c := range []struct {
		memory int64
		fits   bool
	}{{64 << 10, false}, {64 << 20, true}, {0, true}} {
		err := h.eng.Run(context.Background(), Bounded{Graph: g, Memory: c.memory}, func(*batch.Batch) error { return nil })
		var coded interface{ SQLSTATE() string }
		if (err == nil) != c.fits || err != nil && (!errors.As(err, &coded) || coded.SQLSTATE() != "53200") {
			t.Errorf("with %d bytes: %v", c.memory, err)
		}
	}
	h.close()
}
