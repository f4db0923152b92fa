package job

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/dirigo-stream/dirigo/storage"
)

// tableSums is the sums of v by k/10 of a table, read by its changes (rel is the
// table) or by what it holds (rel is its view).
func tableSums(id, rel uint64, inst int) QueryDef {
	p := &plan{inst: inst}
	return p.keep(id, p.sums(p.read(rel, tableSchema), 0, 1), 0)
}

// TestTablesAsInputs: a query over a table begins with what it holds and follows
// its changes, whenever it is created, also over views of it, and after crashes.
func TestTablesAsInputs(t *testing.T) {
	for seed := range uint64(6) {
		h := newHarness(t, seed, 1)
		inst := 1 + 2*int(seed%2)
		tables := []TableDef{testTable(100, inst, []int{0})}
		var queries []QueryDef
		h.openTables(tables)
		rows := map[int64]testRow{}
		for step := range 12 {
			var minus, plus []testRow
			for range 1 + h.rng.IntN(20) {
				k := h.rng.Int64N(30)
				if old, ok := rows[k]; ok {
					minus = append(minus, old)
				}
				rows[k] = testRow{k, h.rng.Int64N(100), "x"}
				plus = append(plus, rows[k])
			}
			h.commit(100, minus, plus)
			switch {
			case step%4 == 1 && len(queries) < 4:
				d := []QueryDef{tableSums(110, 100, inst), tableSums(111, 101, inst), tableSums(112, 100, 1)}[len(queries)]
				if err := h.eng.StartQuery(context.Background(), d); err != nil {
					t.Fatal(err)
				}
				queries = append(queries, d)
			case step%4 == 3:
				time.Sleep(time.Duration(h.rng.IntN(8)) * time.Millisecond)
				h.crash()
				h.openTables(tables, queries...)
			}
		}
		h.flush()
		var want []string
		for k, r := range rows {
			want = append(want, fmt.Sprintf("(%d,1,%d)", k, r.v))
		}
		slices.Sort(want)
		for _, d := range queries {
			h.want(fmt.Sprintf("seed %d", seed), d.ID, want)
		}
		h.close()
	}
}

// TestGroupFallsBack: where a block of one member is damaged, all of them go on
// from an older moment, and end where they should.
func TestGroupFallsBack(t *testing.T) {
	h := newHarness(t, 6, 2)
	h.logs = []*memLog{newMemLog(2)}
	defs := twoStreams(1)
	h.open(defs...)
	for i := range 12 {
		h.some(int64(i * 40))
		h.flush()
		h.eng.epochs.edge()
		for _, d := range defs {
			idle := make(chan struct{})
			h.eng.query(d.ID).seals.whenIdle(func() { close(idle) })
			<-idle
		}
	}
	q := h.eng.query(21)
	m, err := h.eng.ledger.Query(21)
	if err != nil || len(m.Blocks) == 0 {
		t.Fatalf("nothing is sealed: %v, %v", m, err)
	}
	last := m.Blocks[len(m.Blocks)-1].Name
	h.eng.setBack(q, &blockError{last, &storage.DamagedError{Name: last}})
	if back, err := h.eng.ledger.Query(21); err == nil && back.Epoch >= m.Epoch {
		t.Fatalf("the query is at epoch %d still", back.Epoch)
	} else if err != nil && !errors.Is(err, storage.ErrNotFound) {
		t.Fatal(err)
	}
	h.flush()
	h.checkTwo("fallen back")
	h.some(1000)
	h.flush()
	h.checkTwo("gone on")
	h.crash()
	h.open(defs...)
	h.flush()
	h.checkTwo("restarted")
	h.close()
}
