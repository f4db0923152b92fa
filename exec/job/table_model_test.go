package job

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/dirigo-stream/dirigo/storage/mem"
)

// modelTables are what two tables hold: 100 by key, 200 with equal rows.
type modelTables struct {
	keyed map[int64]testRow
	bag   map[testRow]int
}

func (m *modelTables) clone() *modelTables {
	return &modelTables{maps.Clone(m.keyed), maps.Clone(m.bag)}
}

func (m *modelTables) views() (keyed, bag []string) {
	for r, n := range m.bag {
		for range n {
			bag = append(bag, r.String())
		}
	}
	slices.Sort(bag)
	return texts(m.keyed), bag
}

// statement makes random changes of both tables, in the transaction and the
// model, after looking up the keys.
func (h *harness) statement(x *Txn, m *modelTables, rows int) {
	h.t.Helper()
	var ks []int64
	for range rows {
		if k := h.rng.Int64N(40 + 10*int64(rows)); !slices.Contains(ks, k) {
			ks = append(ks, k)
		}
	}
	got, err := get(x, 100, ks...)
	if err != nil {
		h.t.Fatal(err)
	}
	var minus, plus []testRow
	for _, k := range ks {
		old, ok := m.keyed[k]
		if seen, found := got[k]; found != ok || seen != old {
			h.t.Fatalf("%s: key %d: looked up %v %v, want %v %v", h.label, k, seen, found, old, ok)
		}
		if ok {
			minus = append(minus, old)
		}
		if delete(m.keyed, k); !ok || h.rng.IntN(3) > 0 {
			r := testRow{k, h.rng.Int64N(1000), fmt.Sprint("n", h.rng.IntN(10))}
			m.keyed[k] = r
			plus = append(plus, r)
		}
	}
	h.rng.Shuffle(len(plus), func(i, j int) { plus[i], plus[j] = plus[j], plus[i] })
	if err := x.Change(100, change(minus, plus)); err != nil {
		h.t.Fatal(err)
	}
	minus, plus = nil, nil
	for range h.rng.IntN(3) {
		r := testRow{h.rng.Int64N(4), h.rng.Int64N(2), "e"}
		if m.bag[r] > 0 && h.rng.IntN(2) == 0 {
			m.bag[r]--
			minus = append(minus, r)
		} else {
			m.bag[r]++
			plus = append(plus, r)
		}
	}
	if len(minus)+len(plus) > 0 {
		if err := x.Change(200, change(minus, plus)); err != nil {
			h.t.Fatal(err)
		}
	}
}

func (h *harness) compareTables(m *modelTables, seed uint64) {
	h.t.Helper()
	h.flush()
	keyed, bag := m.views()
	if got := h.view(101); !slices.Equal(got, keyed) {
		h.t.Fatalf("seed %d, by key:\n got %v\nwant %v", seed, got, keyed)
	}
	if got := h.view(201); !slices.Equal(got, bag) {
		h.t.Fatalf("seed %d, equal rows:\n got %v\nwant %v", seed, got, bag)
	}
}

var errInjected = errors.New("injected")

// TestTablesAgainstModel: random transactions over two tables, statements that
// see their own changes, roll-backs, restarts, crashes, and writes that fail in
// the middle: what was acknowledged is there once, what was not is there whole
// or not at all.
func TestTablesAgainstModel(t *testing.T) {
	seeds, steps := uint64(10), 40
	if os.Getenv("DIRIGO_CHECK") == "long" {
		seeds = 500
	}
	for seed := range seeds {
		h := newHarness(t, seed, 1)
		h.chop(seed)
		h.runTableModel(seed, steps)
	}
}

func (h *harness) runTableModel(seed uint64, steps int) {
	h.label = fmt.Sprint("seed ", seed)
	h.t.Helper()
	defs := []TableDef{testTable(100, 1+int(seed%3), []int{0}), testTable(200, 1+int(seed%2), nil)}
	m := &modelTables{map[int64]testRow{}, map[testRow]int{}}
	h.openTables(defs)
	h.foldTables(seed%2 == 0)
	for range steps {
		switch h.rng.IntN(12) {
		case 0:
			h.compareTables(m, seed)
		case 1:
			h.close()
			h.openTables(defs)
			h.foldTables(seed%2 == 0)
		case 2:
			h.crash()
			h.openTables(defs)
			h.foldTables(seed%2 == 0)
		case 3:
			m = h.failingTxn(m, defs, seed)
		default:
			h.tableTxn(m)
		}
	}
	h.compareTables(m, seed)
	h.crash()
	h.openTables(defs)
	h.compareTables(m, seed)
	h.close()
}

func (h *harness) foldTables(on bool) {
	ts := h.eng.tables
	ts.mu.Lock()
	defer ts.mu.Unlock()
	ts.fold.off = !on
}

// tableTxn runs one transaction, which it sometimes rolls back.
func (h *harness) tableTxn(m *modelTables) {
	h.t.Helper()
	x, next := h.eng.Begin(), m.clone()
	for range 1 + h.rng.IntN(3) {
		h.statement(x, next, 1+h.rng.IntN(4))
	}
	if h.rng.IntN(4) == 0 {
		x.Rollback()
		return
	}
	if _, err := x.Commit(context.Background()); err != nil {
		h.t.Fatal(err)
	}
	*m = *next
}

// failingTxn runs a transaction, at times a large one, whose nth write fails,
// and returns what is there after a restart.
func (h *harness) failingTxn(m *modelTables, defs []TableDef, seed uint64) *modelTables {
	h.t.Helper()
	x, next := h.eng.Begin(), m.clone()
	for range 1 + h.rng.IntN(4) {
		h.statement(x, next, 1+h.rng.IntN(4)*700)
	}
	var left atomic.Int32
	left.Store(int32(h.rng.IntN(4)))
	h.disk.Fail(func(op mem.Op) error {
		if op.Kind == mem.PutLog && op.Name == "tables" && left.Add(-1) < 0 {
			return errInjected
		}
		return nil
	})
	_, err := x.Commit(context.Background())
	switch {
	case err == nil:
		m = next // it needed fewer writes
	case !errors.Is(err, errInjected):
		h.t.Fatal(err)
	default:
		if _, err := h.eng.Begin().Commit(context.Background()); err != nil {
			h.t.Fatal("an empty transaction: ", err)
		}
		y := h.eng.Begin()
		if err := y.Lock(context.Background(), 100); !errors.Is(err, errInjected) {
			h.t.Fatalf("tables are written on after a failed fsync: %v", err)
		}
		y.Rollback()
	}
	h.crash()
	h.disk.Fail(nil)
	h.openTables(defs)
	h.foldTables(seed%2 == 0)
	h.flush()
	if keyed, _ := m.views(); slices.Equal(h.view(101), keyed) {
		h.compareTables(m, seed)
		return m
	}
	if errors.Is(err, errInjected) {
		h.compareTables(next, seed) // whole, though not acknowledged
		return next
	}
	h.compareTables(m, seed) // fails
	return m
}

// copyOf is a view of all rows of the table 100.
func copyOf(id uint64) QueryDef {
	def := testTable(100, 3, []int{0}).View
	def.ID, def.Name = id, fmt.Sprintf("copy%d", id)
	return def
}

// TestTableLogIsCutOff: the log shrinks once its readers have sealed, restarts
// and crashes included, and nothing is lost; new queries begin with what is no
// more in the log.
func TestTableLogIsCutOff(t *testing.T) {
	h := newHarness(t, 3, 1)
	defs := []TableDef{testTable(100, 2, []int{0}), testTable(200, 1, nil)}
	m := &modelTables{map[int64]testRow{}, map[testRow]int{}}
	var copies []QueryDef
	for round := range uint64(6) {
		h.openTables(defs, copies...)
		for range 60 {
			h.tableTxn(m)
			time.Sleep(time.Millisecond)
		}
		tab := h.eng.tables.table(100)
		tab.mu.Lock()
		first := tab.bases[0]
		tab.mu.Unlock()
		if round > 0 && first == 0 {
			t.Fatal("nothing was cut off")
		}
		copies = append(copies, copyOf(300+round))
		if err := h.eng.StartQuery(context.Background(), copies[round]); err != nil {
			t.Fatal(err)
		}
		h.tableTxn(m)
		h.compareTables(m, 3)
		for _, c := range copies {
			if got, want := h.view(c.ID), texts(m.keyed); !slices.Equal(got, want) {
				t.Fatalf("round %d, view %d:\n got %v\nwant %v", round, c.ID, got, want)
			}
		}
		if round%2 == 0 {
			h.crash()
		} else {
			h.close()
		}
	}
	h.openTables(defs)
	h.compareTables(m, 3)
	h.close()
}

// TestTableLogIsKeptForTheFirstSeal: nothing is cut off while a running query has
// no manifest: its first one may be on its way to the disk. One that has stopped
// begins with the content of the view.
func TestTableLogIsKeptForTheFirstSeal(t *testing.T) {
	h := newHarness(t, 3, 1)
	defs := []TableDef{testTable(100, 2, []int{0}), testTable(200, 1, nil)}
	m := &modelTables{map[int64]testRow{}, map[testRow]int{}}
	h.openTables(defs)
	tab := h.eng.tables.table(100)
	needed := func() int64 {
		h.tableTxn(m)
		low, err := tab.needed()
		if err != nil {
			t.Fatal(err)
		}
		return low
	}
	h.until("a Seal of the table", func() bool { return needed() > 0 })
	fresh := &query{eng: h.eng, def: copyOf(300)}
	h.eng.mu.Lock()
	h.eng.queries[300] = fresh
	h.eng.mu.Unlock()
	if low := needed(); low != 0 {
		t.Errorf("below %d the log is not needed, with a query that has no manifest", low)
	}
	fresh.failed = errDropped
	if needed() == 0 {
		t.Error("a query that has stopped keeps the log")
	}
	h.eng.mu.Lock()
	delete(h.eng.queries, 300)
	h.eng.mu.Unlock()
	h.close()
}

// TestFilterIsMadeAnew: after a restart a filter of the keys is made when many
// were looked up in vain, while rows come; no key is missed then.
func TestFilterIsMadeAnew(t *testing.T) {
	h := newHarness(t, 4, 1)
	defs := []TableDef{testTable(100, 2, []int{0})}
	h.openTables(defs)
	var rows []testRow
	for k := range int64(5000) {
		rows = append(rows, testRow{k, k, "x"})
	}
	h.commit(100, nil, rows)
	h.flush()
	h.close()
	h.openTables(defs)
	tab := h.eng.tables.table(100)
	ready := func() bool {
		tab.mu.Lock()
		defer tab.mu.Unlock()
		return tab.filter != nil
	}
	if ready() {
		t.Fatal("there is a filter before anybody knows the keys")
	}
	next := int64(5000)
	for end := time.Now().Add(patience); !ready(); next += 10 {
		if time.Now().After(end) {
			t.Fatal("no filter was made")
		}
		x := h.eng.Begin()
		var ks []int64
		rows = nil
		for k := next; k < next+10; k++ {
			ks, rows = append(ks, k, k+1_000_000), append(rows, testRow{k, k, "x"})
		}
		if got, err := get(x, 100, ks...); err != nil || len(got) > 0 {
			t.Fatalf("keys that are not there: %v, %v", got, err)
		}
		if err := x.Change(100, change(nil, rows)); err != nil {
			t.Fatal(err)
		}
		if _, err := x.Commit(context.Background()); err != nil {
			t.Fatal(err)
		}
	}
	x := h.eng.Begin()
	for k := int64(0); k < next; k += 100 {
		var ks []int64
		for i := k; i < min(next, k+100); i++ {
			ks = append(ks, i)
		}
		if got, err := get(x, 100, ks...); err != nil || len(got) != len(ks) {
			t.Fatalf("%d keys of %d from %d on, %v", len(got), len(ks), k, err)
		}
	}
	x.Rollback()
	h.close()
}
