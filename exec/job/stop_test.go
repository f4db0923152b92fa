package job

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"
)

// TestGracefulEnd: an end amid rows, transactions, reads, and a query that has
// just been made, is a Seal of all that was read. The next start reads nothing a
// second time, sends nothing a second time, and misses nothing.
func TestGracefulEnd(t *testing.T) {
	replays := 0
	for seed := range uint64(16) {
		h := newHarness(t, seed, 2)
		h.logs = []*memLog{newMemLog(2)}
		h.chop(seed)
		if seed%4 == 1 {
			h.cfg.Epoch = time.Hour // only the end seals
		}
		inst := 1 + 2*int(seed%2)
		def := testTable(100, inst, []int{0})
		defs := append(twoStreams(inst), filterToSink(30))
		overTables := []QueryDef{tableSums(110, 100, inst), tableSums(111, 101, 1)}
		stored := map[int64]testRow{}
		read := int64(0) // by one query, in all runs
		open := func(more ...QueryDef) {
			h.open(defs...)
			if err := h.eng.AddTable(t.Context(), def); err != nil {
				t.Fatal(err)
			}
			for _, q := range append(slices.Clone(overTables), more...) {
				if err := h.eng.StartQuery(t.Context(), q); err != nil {
					t.Fatal(err)
				}
			}
		}
		open()
		h.flush()
		for round := range 4 {
			stop := h.busy(seed, 100, int64(round*1000), stored)
			time.Sleep(time.Duration(h.rng.IntN(8)) * time.Millisecond)
			late := countView(uint64(40+round), 1, inst, nil)
			made := make(chan error, 1)
			if seed%2 == 0 { // reads the stream from its beginning, by itself
				go func() { made <- h.eng.StartQuery(context.Background(), late) }()
				time.Sleep(time.Duration(h.rng.IntN(3)) * time.Millisecond)
			} else {
				made <- errors.New("none is made")
			}
			h.close()
			stop()
			read += h.readBy(30)
			if <-made == nil {
				defs = append(defs, late)
				replays++
			}
			open()
			h.flush()
			what := fmt.Sprintf("seed %d, round %d", seed, round)
			h.checkTwo(what)
			h.want(what, 110, tableSumsOf(stored))
			h.want(what, 111, tableSumsOf(stored))
			for _, d := range defs[5:] {
				h.want(what, d.ID, counts(h.log.all()))
			}
			if got, want := len(h.sink.rows), len(above(h.log.all(), 0)); got != want {
				t.Fatalf("%s: %d rows were sent, there are %d", what, got, want)
			}
			for _, d := range defs[:5] {
				if q := h.eng.query(d.ID); q.replay.Load() != nil {
					t.Fatalf("%s: %s reads by itself", what, q.def.Name)
				}
			}
		}
		h.close()
		read += h.readBy(30)
		if want := int64(len(h.log.all())); read != want {
			t.Fatalf("seed %d: %d rows were read, there are %d", seed, read, want)
		}
	}
	if replays == 0 {
		t.Error("no query was made at an end")
	}
}

// readBy is how many rows a query has read from its stream since the engine was
// opened.
func (h *harness) readBy(id uint64) (n int64) {
	for _, i := range h.eng.query(id).readers(streamID) {
		n += i.place.in.Load()
	}
	return n
}

// busy adds rows to the streams and commits to the table, and reads, until the
// returned function is called or the engine ends.
func (h *harness) busy(seed uint64, table uint64, from int64, stored map[int64]testRow) (stop func()) {
	var all sync.WaitGroup
	over := make(chan struct{})
	eng := h.eng
	again := func(f func(i int64) bool) {
		all.Go(func() {
			for i := from; ; i++ {
				select {
				case <-over:
					return
				default:
				}
				if !f(i) {
					return
				}
				time.Sleep(100 * time.Microsecond)
			}
		})
	}
	rows := h.randomRows(8, from)
	again(func(i int64) bool {
		h.log.add(int(i%2), rows[i%8])
		h.logs[0].add(int(i%2), rows[(i+3)%8])
		return true
	})
	again(func(i int64) bool {
		x := eng.Begin()
		r := testRow{i % 40, i, "x"}
		var minus []testRow
		if old, ok := stored[r.k]; ok {
			minus = []testRow{old}
		}
		if x.Change(table, change(minus, []testRow{r})) != nil {
			x.Rollback()
			return false
		}
		if _, err := x.Commit(context.Background()); err != nil {
			return false
		}
		stored[r.k] = r
		return true
	})
	again(func(int64) bool {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		q := eng.query(22)
		_, _, err := eng.snapshots(ctx, []*query{q, eng.query(23)})
		return err == nil
	})
	return func() {
		close(over)
		all.Wait()
	}
}

func tableSumsOf(rows map[int64]testRow) (out []string) {
	for _, r := range rows {
		out = append(out, fmt.Sprintf("(%d,1,%d)", r.k, r.v))
	}
	slices.Sort(out)
	return out
}
