package job

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/dirigo-stream/dirigo/storage"
)

// TestPairFallsBack: a view and a query over it, of which any block that one of
// them has sealed is damaged. Both then go on from one older moment and come to
// the right rows, or say which block it is; nothing is answered as if the rows
// in it had never been.
func TestPairFallsBack(t *testing.T) {
	outcomes := map[string]int{}
	for seed := range uint64(16) {
		h := newHarness(t, seed, 2)
		inst := 1 + 2*int(seed%2)
		many := 30
		if seed%4 > 1 {
			many = 2000 // blocks that do not travel in the manifest
		}
		defs := []QueryDef{filterView(10, streamID, inst, -1000), sumsOf(11, 10, inst)}
		h.open(defs...)
		for i := range 2 + h.rng.IntN(5) {
			h.log.add(i%2, h.rowsOfMany(many, int64(i*many))...)
			h.flush()
			h.eng.epochs.edge()
			for _, d := range defs {
				idle := make(chan struct{})
				h.eng.query(d.ID).seals.whenIdle(func() { close(idle) })
				<-idle
			}
		}
		hit := defs[h.rng.IntN(2)].ID
		m, err := h.eng.ledger.Query(hit)
		if err != nil || len(m.Blocks) == 0 {
			t.Fatalf("seed %d: nothing is sealed: %v, %v", seed, m, err)
		}
		block := m.Blocks[h.rng.IntN(len(m.Blocks))]
		end := h.close
		if seed%3 == 0 {
			end = h.crash
		}
		end()
		object, _, _ := strings.Cut(block.Name, "#")
		if !h.disk.Damage(object) {
			t.Fatalf("seed %d: block %s is not there", seed, block.Name)
		}
		h.open(defs...)
		h.log.add(0, h.randomRows(30, 1000)...)
		outcomes[h.afterDamage(fmt.Sprintf("seed %d", seed), block, defs)]++
		h.crash()
	}
	t.Logf("%v", outcomes)
	if outcomes["right"] == 0 {
		t.Error("no query ever fell back")
	}
}

// rowsOfMany is rows of many keys.
func (h *harness) rowsOfMany(n int, from int64) [][3]int64 {
	rows := h.randomRows(n, from)
	for i := range rows {
		rows[i][0] = h.rng.Int64N(int64(n))
	}
	return rows
}

// afterDamage returns how a pair of queries is, of which a block was damaged.
func (h *harness) afterDamage(what string, block storage.BlockRef, defs []QueryDef) string {
	h.t.Helper()
	sums := counts(h.log.all())
	outcome := "right"
	_ = h.eng.Flush(h.t.Context()) // a query that has stopped is an error
	for i, d := range defs {
		rows, err := selected(h.eng, d.ID)
		if slices.Sort(rows); err == nil {
			if i == 0 && len(rows) != len(h.log.all()) || i == 1 && !slices.Equal(rows, sums) {
				h.t.Errorf("%s, block %s: view %d is wrong: %d rows", what, block.Name, d.ID, len(rows))
			}
			continue
		}
		outcome = "said so"
		if !strings.Contains(err.Error(), "damaged") && !strings.Contains(err.Error(), "stopped") {
			h.t.Errorf("%s: view %d: %v", what, d.ID, err)
		}
	}
	return outcome
}
