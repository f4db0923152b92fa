package kafka

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"

	"github.com/dirigo-stream/dirigo/connectors"
	"github.com/dirigo-stream/dirigo/exec/batch"
)

// history is a random table by key, tick by tick, cut into batches anyhow.
type history struct {
	rng  *rand.Rand
	rows map[int64]string
}

// tick changes some keys and returns the changes in any order, in some batches,
// and how many keys came, changed and went.
func (h *history) tick() (bs []*batch.Batch, came, changed, went int) {
	type change struct {
		id   int64
		name string
		n    int64
	}
	var all []change
	for id := range int64(12) {
		old, there := h.rows[id]
		row := fmt.Sprint("v", h.rng.IntN(1000))
		switch h.rng.IntN(4) {
		case 0:
			if there {
				all = append(all, change{id, old, -1})
				delete(h.rows, id)
				went++
			}
		case 1:
			if row == old {
				continue
			}
			if there {
				all = append(all, change{id, old, -1})
				changed++
			} else {
				came++
			}
			all = append(all, change{id, row, 1})
			h.rows[id] = row
		}
	}
	h.rng.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	for len(all) > 0 {
		n := 1 + h.rng.IntN(len(all))
		id, name := &batch.Vec[int64]{}, &batch.TextVec{}
		b := &batch.Batch{Cols: []batch.Column{id, name}, N: n, Born: 1_700_000_000_000_000_000}
		for _, c := range all[:n] {
			id.Append(c.id)
			name.AppendString(c.name)
			b.Diff = append(b.Diff, c.n)
		}
		bs, all = append(bs, b), all[n:]
	}
	return bs, came, changed, went
}

// framesOf returns the records of chunks, as key=value.
func framesOf(t *testing.T, cs []connectors.Chunk) (out []string) {
	t.Helper()
	for _, c := range cs {
		n := 0
		err := eachFrame(c.Data, func(tail []byte) {
			key, rest, _ := bytesOf(tail)
			value, _, _ := bytesOf(rest)
			if value == nil {
				value = []byte("tombstone")
			}
			out = append(out, string(key)+"="+string(value))
			n++
		})
		if err != nil || n != c.Rows {
			t.Fatalf("%d records, the chunk says %d: %v", n, c.Rows, err)
		}
	}
	return out
}

// TestSinkTicks: whatever the order and the batches of a tick's changes, an
// upsert topic's last value by key is the table, with a tombstone only for what
// went; in debezium_json an update is one record, and a source that reads them
// comes to the same table.
func TestSinkTicks(t *testing.T) {
	for seed := range uint64(40) {
		for _, format := range []string{"upsert_json", "debezium_json"} {
			s := spec("127.0.0.1:1", "t", rowColumns, "format", format)
			s.Key = []int{0}
			sink := openSink(t, s)
			h := &history{rng: rand.New(rand.NewPCG(seed, 1)), rows: map[int64]string{}}
			table := map[string]string{}
			for tick := range 12 {
				bs, came, changed, went := h.tick()
				ops := map[string]int{}
				for _, r := range framesOf(t, encode(t, sink, bs...)) {
					key, value, _ := strings.Cut(r, "=")
					ops[apply(t, format, table, key, value)]++
				}
				want := map[string]int{"c": came, "u": changed, "d": went}
				if format == "upsert_json" {
					want = map[string]int{"c": came + changed, "d": went}
				}
				maps.DeleteFunc(want, func(_ string, n int) bool { return n == 0 })
				if !reflect.DeepEqual(ops, want) {
					t.Fatalf("seed %d, %s, tick %d: records %v, want %v", seed, format, tick, ops, want)
				}
				rows := map[string]string{}
				for id, name := range h.rows {
					rows[fmt.Sprintf(`{"id":%d}`, id)] = fmt.Sprintf(`{"id":%d,"name":%q}`, id, name)
				}
				if !reflect.DeepEqual(table, rows) {
					t.Fatalf("seed %d, %s, tick %d: %v, want %v", seed, format, tick, table, rows)
				}
			}
		}
	}
}

// apply applies a record to a table and returns what it did: c, u or d.
func apply(t *testing.T, format string, table map[string]string, key, value string) string {
	t.Helper()
	was, there := table[key]
	if format == "upsert_json" {
		if value == "tombstone" {
			delete(table, key)
			return "d"
		}
		table[key] = value
		return "c"
	}
	before, rest, _ := strings.Cut(strings.TrimPrefix(value, `{"before":`), `,"after":`)
	after, rest, _ := strings.Cut(rest, `,"op":"`)
	if !strings.HasSuffix(rest, `","ts_ms":1700000000000}`) || there != (before != "null") || there && was != before {
		t.Fatalf("%s after %q", value, was)
	}
	delete(table, key)
	if after != "null" {
		table[key] = after
	}
	return rest[:1]
}

// TestSinkTickBounds: a tick's end is told in pieces, and the next tick knows
// nothing of it.
func TestSinkTickBounds(t *testing.T) {
	s := spec("127.0.0.1:1", "t", rowColumns, "format", "upsert_json")
	s.Key = []int{0}
	sink := openSink(t, s).(connectors.ChangeSink)
	ids := make([]int64, 10)
	for i := range ids {
		ids[i] = -int64(i) - 1
	}
	for range 2 {
		if c, err := sink.Encode(rowsOf(ids...)); err != nil || c.Rows != 0 {
			t.Fatal(c.Rows, err)
		}
		for _, want := range []int{4, 4, 2} {
			if c, more, err := sink.EndTick(4); err != nil || c.Rows != want || more != (want == 4) {
				t.Fatal(c.Rows, more, err)
			}
		}
	}
	if c, more, err := sink.EndTick(4); err != nil || c.Rows != 0 || more {
		t.Fatal(c.Rows, more, err)
	}
}

// TestDebeziumThrough: changes that are written are read back as such, with and
// without keys.
func TestDebeziumThrough(t *testing.T) {
	for _, key := range [][]int{nil, {0}} {
		name := unique("debezium")
		s := spec(bootstrap, name, rowColumns, "format", "debezium_json")
		s.Key = key
		sink := openSink(t, s)
		h := &history{rng: rand.New(rand.NewPCG(7, 7)), rows: map[int64]string{}}
		var records int64
		for range 10 {
			bs, _, _, _ := h.tick()
			for _, c := range encode(t, sink, bs...) {
				if c.Rows > 0 {
					resend(t, sink, c)
				}
				records += int64(c.Rows)
			}
		}
		s.Key = nil
		r := open(t, openSource(t, s))
		r.Assign(0, connectors.Earliest)
		counts := map[got]int64{}
		var rows connectors.Rows
		for rows.Next < records {
			if err := r.next(t, &rows, 5); err != nil || len(rows.Rejected) > 0 {
				t.Fatal(rows, err)
			}
			for i := range rows.N {
				counts[got{id: rows.Cols[0].(*batch.Vec[int64]).Data[i], name: string(rows.Cols[1].(*batch.TextVec).At(i))}] += rows.Diff[i]
			}
		}
		want := map[got]int64{}
		for id, name := range h.rows {
			want[got{id: id, name: name}] = 1
		}
		maps.DeleteFunc(counts, func(_ got, n int64) bool { return n == 0 })
		if !reflect.DeepEqual(counts, want) {
			t.Errorf("key %v: %v, want %v", key, counts, want)
		}
	}
}
