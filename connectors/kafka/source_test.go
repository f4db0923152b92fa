package kafka

import (
	"fmt"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"
	"time"

	kafkago "github.com/segmentio/kafka-go"

	"github.com/dirigo-stream/dirigo/connectors"
	"github.com/dirigo-stream/dirigo/exec/batch"
)

// TestReadCodecs: every record is read once, in order, whatever the compression
// and however many rows a Read may give, from every offset.
func TestReadCodecs(t *testing.T) {
	name := topic(t, bootstrap, 2)
	var want []got
	id := 0
	codecs := []kafkago.Compression{0, kafkago.Gzip, kafkago.Snappy, kafkago.Lz4, kafkago.Zstd}
	for round := range 2 {
		for _, c := range codecs {
			for p := range 2 {
				var values []string
				for range 1 + 17*round {
					values = append(values, value(id, fmt.Sprint("name ", id)))
					want = append(want, got{int32(p), 0, int64(id), fmt.Sprint("name ", id)})
					id++
				}
				produce(t, bootstrap, name, p, c, values...)
			}
		}
	}
	ends := map[int32]int64{}
	for i := range want {
		want[i].offset = ends[want[i].partition]
		ends[want[i].partition]++
	}
	want = sorted(want)
	src := openSource(t, spec(bootstrap, name, rowColumns))
	for _, max := range []int{1, 7, 1000} {
		r := open(t, src)
		r.Assign(0, connectors.Earliest)
		r.Assign(1, 0)
		rows, rejected := r.collect(t, ends, max)
		if len(rejected) > 0 {
			t.Fatalf("max %d: rejected %+v", max, rejected[0])
		}
		if rows = sorted(rows); !reflect.DeepEqual(rows, want) {
			t.Fatalf("max %d:\n%v\nwant\n%v", max, rows, want)
		}
	}
	for from := range ends[0] {
		r := open(t, src)
		r.Assign(0, connectors.Start(from))
		rows, _ := r.collect(t, map[int32]int64{0: ends[0]}, 16)
		if !reflect.DeepEqual(rows, want[from:ends[0]]) {
			t.Fatalf("from %d:\n%v", from, rows)
		}
	}
}

// TestReadBounds: bounds, Latest, and the status of a reader at the end.
func TestReadBounds(t *testing.T) {
	name := topic(t, bootstrap, 1)
	src := openSource(t, spec(bootstrap, name, rowColumns))
	ctx := testContext(t)
	if ps, err := src.Partitions(ctx); err != nil || !reflect.DeepEqual(ps, []int32{0}) {
		t.Fatal(ps, err)
	}
	produce(t, bootstrap, name, 0, 0, value(1, "a"), value(2, "b"))
	if first, next, err := src.Bounds(ctx, 0); first != 0 || next != 2 || err != nil {
		t.Fatal(first, next, err)
	}
	r := open(t, src)
	r.Assign(0, connectors.Latest)
	for r.Status().Partitions[0].Next != 2 || !r.Status().Partitions[0].AtHigh {
		<-r.woken // the answer that finds nothing tells that we stand at the end
		if st := r.Status(); st.Error != "" {
			t.Fatal(st)
		}
	}
	produce(t, bootstrap, name, 0, 0, value(3, "c"))
	rows, _ := r.collect(t, map[int32]int64{0: 3}, 10)
	if want := []got{{0, 2, 3, "c"}}; !reflect.DeepEqual(rows, want) {
		t.Fatal(rows)
	}
	// Moved back, it reads the same again; moved on, it passes over.
	r.Assign(0, 1)
	if rows, _ = r.collect(t, map[int32]int64{0: 3}, 10); len(rows) != 2 || rows[0].offset != 1 {
		t.Fatal(rows)
	}
}

// TestReadRejects: a record that is no row is rejected at its offset, and the
// rows around it keep theirs.
func TestReadRejects(t *testing.T) {
	name := topic(t, bootstrap, 1)
	recs := []kafkago.Record{
		{Value: kafkago.NewBytes([]byte(value(1, "a")))},
		{Value: kafkago.NewBytes([]byte(`{"id":`))},
		{Value: nil, Key: kafkago.NewBytes([]byte("gone"))},
		{Value: kafkago.NewBytes([]byte(`{"id":1e30}`))},
		{Value: kafkago.NewBytes([]byte(`{"id":5,"name":"` + string(make([]byte, 0)) + `b"}`))},
		{Value: kafkago.NewBytes([]byte(`{"id":6,"name":"0123456789012345678901234567890123456789"}`))},
	}
	produceRecords(t, bootstrap, name, 0, 0, recs...)
	for _, max := range []int{1, 100} {
		r := open(t, openSource(t, spec(bootstrap, name, rowColumns, "max_record_bytes", "50")))
		r.Assign(0, connectors.Earliest)
		rows, rejected := r.collect(t, map[int32]int64{0: 6}, max)
		if want := []got{{0, 0, 1, "a"}, {0, 4, 5, "b"}}; !reflect.DeepEqual(rows, want) {
			t.Fatal(rows)
		}
		var reasons []string
		for _, x := range rejected {
			reasons = append(reasons, fmt.Sprint(x.Offset, " ", x.Reason, " ", string(x.Raw)))
		}
		if want := []string{`1 malformed {"id":`, "2 malformed gone", `3 overflow {"id":1e30}`, `5 oversized {"id":6,"name":"0123456789012345678901234567890123456789"}`}; !reflect.DeepEqual(reasons, want) {
			t.Fatalf("%q", reasons)
		}
	}
}

// TestReadMetadata: what stands beside the body.
func TestReadMetadata(t *testing.T) {
	name := topic(t, bootstrap, 2)
	at := time.UnixMilli(1_700_000_000_123)
	produceRecords(t, bootstrap, name, 1, 0,
		kafkago.Record{Key: kafkago.NewBytes([]byte("k1")), Value: kafkago.NewBytes([]byte(value(1, "a"))), Time: at, Headers: []kafkago.Header{{Key: "h", Value: []byte("x")}, {Key: "q\"", Value: []byte("é\n")}}},
		kafkago.Record{Value: kafkago.NewBytes([]byte(value(2, "b"))), Time: at.Add(time.Second)},
		kafkago.Record{Key: kafkago.NewBytes([]byte{0xff}), Value: kafkago.NewBytes([]byte(value(3, "c"))), Time: at},
	)
	text := batch.T(batch.Text)
	cols := append(append([]connectors.Column{}, rowColumns...),
		connectors.Column{Name: "k", Type: text, Metadata: "key"},
		connectors.Column{Name: "t", Type: batch.T(batch.TimestampTZ), Metadata: "timestamp"},
		connectors.Column{Name: "p", Type: batch.T(batch.Int32), Metadata: "partition"},
		connectors.Column{Name: "o", Type: batch.T(batch.Int64), Metadata: "offset"},
		connectors.Column{Name: "hs", Type: text, Metadata: "headers"},
		connectors.Column{Name: "h", Type: text, Metadata: "header:h"},
	)
	r := open(t, openSource(t, spec(bootstrap, name, cols)))
	r.Assign(1, connectors.Earliest)
	var rows connectors.Rows
	if err := r.next(t, &rows, 100); err != nil {
		t.Fatal(err)
	}
	if rows.N != 2 || len(rows.Rejected) != 1 || rows.Next != 3 || rows.Born != at.UnixNano() {
		t.Fatalf("%+v", rows)
	}
	var lines []string
	for i := range rows.N {
		line := ""
		for c, col := range rows.Cols {
			if n := col.Nulls(); n != nil && n[i] {
				line += "NULL|"
				continue
			}
			line += string(batch.AppendText(nil, col, i, cols[c].Type, nil)) + "|"
		}
		lines = append(lines, line)
	}
	want := []string{
		"1|a|k1|2023-11-14 22:13:20.123+00|1|0|{\"h\":\"x\",\"q\\\"\":\"é\\n\"}|x|",
		"2|b|NULL|2023-11-14 22:13:21.123+00|1|1|{}|NULL|",
	}
	if !reflect.DeepEqual(lines, want) {
		t.Fatalf("%q", lines)
	}
	// Columns that nobody demands stay nil.
	demand := make([]bool, len(cols))
	demand[1], demand[5] = true, true
	r.Demand(demand)
	r.Assign(1, 0)
	if err := r.next(t, &rows, 100); err != nil {
		t.Fatal(err)
	}
	for i, c := range rows.Cols {
		if (c != nil) != demand[i] {
			t.Fatalf("column %d: %v", i, c)
		}
	}
	if rows.N != 2 {
		t.Fatalf("%+v", rows)
	}
}

// TestReadSmallFetches: tiny limits, a record larger than any of them, and many
// partitions give the same rows: nothing is lost or stuck when credit is short.
func TestReadSmallFetches(t *testing.T) {
	const partitions = 5
	name := topic(t, bootstrap, partitions)
	rng := rand.New(rand.NewPCG(1, 2))
	ends := map[int32]int64{}
	for i := range 60 {
		p := rng.IntN(partitions)
		size := rng.IntN(300)
		if i == 30 {
			size = 200_000
		}
		var values []string
		for range 1 + rng.IntN(40) {
			values = append(values, value(int(ends[int32(p)]), string(make([]byte, 0))+fmt.Sprintf("%0*d", size+1, 7)))
			ends[int32(p)]++
			if size > 1000 {
				break
			}
		}
		produce(t, bootstrap, name, p, 0, values...)
	}
	r := open(t, openSource(t, spec(bootstrap, name, rowColumns, "fetch_partition_bytes", "2kb", "fetch_max_bytes", "64kb")))
	for p := range ends {
		r.Assign(p, connectors.Earliest)
	}
	rows, rejected := r.collect(t, ends, 13)
	if len(rejected) > 0 {
		t.Fatalf("%d rejected, the first: %+v", len(rejected), rejected[0])
	}
	next := map[int32]int64{}
	for _, g := range rows {
		if g.offset != next[g.partition] || g.id != g.offset {
			t.Fatalf("partition %d: %d at offset %d, want %d", g.partition, g.id, g.offset, next[g.partition])
		}
		next[g.partition]++
	}
	if !reflect.DeepEqual(next, ends) {
		t.Fatal(next, ends)
	}
}

// TestIdle: a reader with nothing to read has one request at the broker, which
// keeps it; and it makes no other while nobody takes what was fetched.
func TestIdle(t *testing.T) {
	name := topic(t, bootstrap, 3)
	produce(t, bootstrap, name, 1, 0, value(1, "a"), value(2, strings.Repeat("x", 100_000)), value(3, "c"))
	fetches := func(f *feed) int {
		r := f.Reader.(*reader)
		r.mu.Lock()
		defer r.mu.Unlock()
		return r.fetches
	}
	idle := open(t, openSource(t, spec(bootstrap, name, rowColumns)))
	full := open(t, openSource(t, spec(bootstrap, name, rowColumns, "fetch_max_bytes", "64kb")))
	for p := range int32(3) {
		idle.Assign(p, connectors.Earliest)
		full.Assign(p, connectors.Earliest)
	}
	idle.collect(t, map[int32]int64{1: 3}, 10)
	<-full.woken
	for quiet := 0; quiet < 3; quiet++ { // both come to rest
		was := fetches(idle) + fetches(full)
		time.Sleep(50 * time.Millisecond)
		if fetches(idle)+fetches(full) != was {
			quiet = -1
		}
	}
	for _, p := range idle.Status().Partitions {
		if !p.AtHigh {
			t.Errorf("%+v", p)
		}
	}
	if n := fetches(idle); n > 12 {
		t.Errorf("%d fetches for one batch and rest", n)
	}
	full.collect(t, map[int32]int64{1: 3}, 1)
}
