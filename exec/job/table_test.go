package job

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/dirigo-stream/dirigo/exec/batch"
	"github.com/dirigo-stream/dirigo/exec/op"
)

// Tables of the tests: (k bigint primary key, v bigint, name text).
var tableSchema = batch.Schema{{Name: "k", Type: bigint}, {Name: "v", Type: bigint}, {Name: "name", Type: batch.T(batch.Text)}}

// testTable is a table with id, whose view has id+1.
func testTable(id uint64, instances int, key []int) TableDef {
	def := TableDef{ID: id, Name: fmt.Sprintf("t%d", id), Key: key}
	var cols []int
	for i, f := range tableSchema {
		def.Columns = append(def.Columns, TableColumn{Name: f.Name, Type: f.Type})
		cols = append(cols, i)
	}
	hash := key
	if hash == nil {
		hash = cols
	}
	def.View = QueryDef{
		ID: id + 1, Name: def.Name + " content",
		Graph: &Graph{KeyGroups: 16, Vertices: []Vertex{
			{ID: 1, Read: &Read{Relation: id, Columns: cols}, Instances: 1, Schema: tableSchema},
			{
				ID: 2, Inputs: []Input{{From: 1, Hash: hash}}, Instances: instances, Schema: tableSchema, State: 1, Updating: true,
				Ops: []op.Spec{{Materialize: &op.Materialize{Types: typesOf(tableSchema), Key: key}}},
			},
		}},
	}
	return def
}

// testRow is a row of the tests' tables.
type testRow struct {
	k, v int64
	name string
}

func (r testRow) String() string { return fmt.Sprintf("(%d,%d,%s)", r.k, r.v, r.name) }

// change makes a batch of rows to add and rows to take away.
func change(minus, plus []testRow) *batch.Batch {
	k, v, name := &batch.Vec[int64]{}, &batch.Vec[int64]{}, &batch.TextVec{}
	b := &batch.Batch{Cols: []batch.Column{k, v, name}, Time: batch.MaxTime}
	for i, rows := range [][]testRow{minus, plus} {
		for _, r := range rows {
			k.Append(r.k)
			v.Append(r.v)
			name.AppendString(r.name)
			b.Diff = append(b.Diff, int64(2*i-1))
			b.N++
		}
	}
	if len(minus) == 0 {
		b.Diff = nil
	}
	return b
}

func keysOf(ks ...int64) *batch.Batch {
	return &batch.Batch{Cols: []batch.Column{&batch.Vec[int64]{Data: ks}}, N: len(ks)}
}

// get looks keys up and returns the rows found.
func get(x *Txn, table uint64, ks ...int64) (map[int64]testRow, error) {
	rows, found, err := x.Lookup(context.Background(), table, keysOf(ks...))
	if err != nil {
		return nil, err
	}
	out := map[int64]testRow{}
	for i, k := range ks {
		if at := found[i]; at >= 0 {
			r := rowOf(rows, int(at))
			if r.k != k {
				return nil, fmt.Errorf("looked up %d, got %v", k, r)
			}
			out[k] = r
		}
	}
	return out, nil
}

func rowOf(b *batch.Batch, i int) testRow {
	return testRow{
		b.Cols[0].(*batch.Vec[int64]).Data[i], b.Cols[1].(*batch.Vec[int64]).Data[i], string(b.Cols[2].(*batch.TextVec).At(i)),
	}
}

// openTables opens an engine with tables over the harness's disk.
func (h *harness) openTables(defs []TableDef, queries ...QueryDef) {
	h.t.Helper()
	cfg := h.cfg
	cfg.Store = h.disk.Open()
	h.start(cfg, defs, queries...)
}

func (h *harness) start(cfg Config, defs []TableDef, queries ...QueryDef) {
	h.t.Helper()
	ctx := context.Background()
	e, err := Open(ctx, cfg)
	if err != nil {
		h.t.Fatal(err)
	}
	h.eng = e
	for _, d := range defs {
		if err := e.AddTable(ctx, d); err != nil {
			h.t.Fatal(err)
		}
	}
	for _, q := range queries {
		if err := e.StartQuery(ctx, q); err != nil {
			h.t.Fatal(err)
		}
	}
	if err := e.Start(ctx); err != nil {
		h.t.Fatal(err)
	}
}

// commit runs a transaction that makes one change.
func (h *harness) commit(table uint64, minus, plus []testRow) uint64 {
	h.t.Helper()
	x := h.eng.Begin()
	if err := x.Change(table, change(minus, plus)); err != nil {
		h.t.Fatal(err)
	}
	tick, err := x.Commit(context.Background())
	if err != nil {
		h.t.Fatal(err)
	}
	return tick
}

func texts(rows map[int64]testRow) []string {
	var out []string
	for _, r := range rows {
		out = append(out, r.String())
	}
	slices.Sort(out)
	return out
}

// TestTableBasics: what a transaction commits is there for reads, for look-ups
// before the view has it, and after the engine was opened again.
func TestTableBasics(t *testing.T) {
	h := newHarness(t, 1, 1)
	def := testTable(100, 2, []int{0})
	h.openTables([]TableDef{def})
	ctx := context.Background()
	tick := h.commit(100, nil, []testRow{{1, 10, "a"}, {2, 20, "b"}})
	if tick == 0 {
		t.Fatal("no tick")
	}
	x := h.eng.Begin()
	if at, err := x.Wait(ctx, 100); err != nil || at != tick {
		t.Fatalf("a reader reads at %d, want %d: %v", at, tick, err)
	}
	if err := x.Lock(ctx, 100); err != nil {
		t.Fatal(err)
	}
	if at, err := x.Wait(ctx, 100); err != nil || at != tick {
		t.Fatalf("a writer waited for %d, want %d: %v", at, tick, err)
	}
	if got, want := h.view(101), []string{"(1,10,a)", "(2,20,b)"}; !slices.Equal(got, want) {
		t.Fatalf("got %v, want %v", got, want)
	}
	rows, err := get(x, 100, 1, 2, 3)
	if err != nil || len(rows) != 2 || rows[1] != (testRow{1, 10, "a"}) {
		t.Fatalf("got %v, %v", rows, err)
	}
	// Its own changes: 1 is updated, 2 deleted, 3 added and deleted, keys moved.
	if err := x.Change(100, change([]testRow{{1, 10, "a"}, {2, 20, "b"}, {3, 1, "x"}}, []testRow{{1, 11, "a"}, {3, 1, "x"}})); err != nil {
		t.Fatal(err)
	}
	if rows, err = get(x, 100, 1, 2, 3); err != nil || len(rows) != 1 || rows[1].v != 11 {
		t.Fatalf("own changes: %v, %v", rows, err)
	}
	if n := len(x.Overlay(100)); n != 1 {
		t.Fatalf("%d batches in the overlay", n)
	}
	if _, err := x.Commit(ctx); err != nil {
		t.Fatal(err)
	}
	h.flush()
	want := []string{"(1,11,a)"}
	if got := h.view(101); !slices.Equal(got, want) {
		t.Fatalf("got %v, want %v", got, want)
	}
	for range 2 { // sealed and not sealed
		h.crash()
		h.openTables([]TableDef{def})
		h.flush()
		if got := h.view(101); !slices.Equal(got, want) {
			t.Fatalf("after a crash: %v, want %v", got, want)
		}
		h.close()
		h.openTables([]TableDef{def})
		h.flush()
		if got := h.view(101); !slices.Equal(got, want) {
			t.Fatalf("after a restart: %v, want %v", got, want)
		}
		x := h.eng.Begin()
		if rows, err = get(x, 100, 1, 2); err != nil || len(rows) != 1 {
			t.Fatalf("after a restart: %v, %v", rows, err)
		}
		x.Rollback()
	}
	if err := h.eng.DropTable(ctx, 100); err != nil {
		t.Fatal(err)
	}
	if ids, err := h.eng.tables.log.tables(); err != nil || len(ids) != 0 {
		t.Fatalf("logs of %v are left, %v", ids, err)
	}
	h.close()
}

// TestIdleTablesAreFree: after the last commit no goroutine is left of tables,
// and nothing is kept of what the view has applied.
func TestIdleTablesAreFree(t *testing.T) {
	h := newHarness(t, 1, 1)
	h.openTables([]TableDef{testTable(100, 2, []int{0})})
	for k := range int64(50) {
		h.commit(100, nil, []testRow{{k, 1, "x"}})
	}
	h.flush()
	ts := h.eng.tables
	ts.settle()
	tab := ts.table(100)
	for end := time.Now().Add(patience); ; time.Sleep(time.Millisecond) {
		tab.mu.Lock()
		left := len(tab.overlay.entries) + len(tab.overlay.heads)
		tab.mu.Unlock()
		ts.mu.Lock()
		writing := ts.writing
		ts.mu.Unlock()
		if left == 0 && !writing {
			break
		}
		if time.Now().After(end) {
			t.Fatalf("%d entries are left, writing %v", left, writing)
		}
	}
	stacks := make([]byte, 1<<20)
	if stacks = stacks[:runtime.Stack(stacks, true)]; bytes.Contains(stacks, []byte("(*tables).write")) {
		t.Fatalf("the committer runs:\n%s", stacks)
	}
	st := h.eng.Sources()
	if len(st) != 1 || st[0].Decoded != 50 || len(st[0].Partitions) != 1 || st[0].Partitions[0].Next != 50 || st[0].Partitions[0].High != 50 {
		t.Fatalf("status %+v", st)
	}
	h.close()
}

// TestTxnTooLarge: a transaction that changes more than it may is told so, and
// nothing of it stays; the next one may change as much.
func TestTxnTooLarge(t *testing.T) {
	h := newHarness(t, 1, 1)
	h.cfg.TxnBytes = 64 << 10
	h.openTables([]TableDef{testTable(100, 2, []int{0})})
	for round := range int64(2) {
		x, n := h.eng.Begin(), int64(0)
		var err error
		for ; err == nil && n < 1000; n++ {
			err = x.Change(100, change(nil, []testRow{{n, round, strings.Repeat("x", 1000)}}))
		}
		if !errors.Is(err, ErrTooLarge) || n < 50 || n > 70 {
			t.Fatalf("%d rows of 1 KB: %v", n, err)
		}
		x.Rollback()
		h.commit(100, nil, []testRow{{-1 - round, round, strings.Repeat("x", 1000)}})
	}
	if err := h.eng.Flush(context.Background()); err != nil {
		t.Fatal(err)
	}
	if got := h.view(101); len(got) != 2 {
		t.Errorf("%d rows are there, want 2", len(got))
	}
}
