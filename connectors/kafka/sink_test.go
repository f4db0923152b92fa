package kafka

import (
	"context"
	"errors"
	"fmt"
	"io"
	"reflect"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	kafkago "github.com/segmentio/kafka-go"

	"github.com/dirigo-stream/dirigo/connectors"
	"github.com/dirigo-stream/dirigo/exec/batch"
)

func openSink(t testing.TB, s connectors.Spec) connectors.Sink {
	t.Helper()
	sink, err := New(Defaults{}).Sink(s)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { sink.Close() })
	return sink
}

// rowsOf makes a batch of (id, name) rows; a negative id takes the row of its
// positive back.
func rowsOf(ids ...int64) *batch.Batch {
	id, name := &batch.Vec[int64]{}, &batch.TextVec{}
	b := &batch.Batch{Cols: []batch.Column{id, name}, N: len(ids)}
	for i, x := range ids {
		if x < 0 && b.Diff == nil {
			b.Diff = make([]int64, len(ids))
			for j := range i {
				b.Diff[j] = 1
			}
		}
		if b.Diff != nil {
			b.Diff[i] = 1
			if x < 0 {
				b.Diff[i] = -1
			}
		}
		id.Append(max(x, -x) % 1000)
		name.AppendString(fmt.Sprint("n", max(x, -x)))
	}
	return b
}

// send writes a batch and waits for its ack.
func send(t testing.TB, s connectors.Sink, b *batch.Batch) {
	t.Helper()
	for _, c := range encode(t, s, b) {
		resend(t, s, c)
	}
}

// encode makes the chunks of a tick.
func encode(t testing.TB, s connectors.Sink, bs ...*batch.Batch) (all []connectors.Chunk) {
	t.Helper()
	for _, b := range bs {
		c, err := s.Encode(b)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, c)
	}
	x, ok := s.(connectors.ChangeSink)
	for more := ok; more; {
		var c connectors.Chunk
		var err error
		if c, more, err = x.EndTick(2); err != nil {
			t.Fatal(err)
		}
		all = append(all, c)
	}
	return all
}

func resend(t testing.TB, s connectors.Sink, c connectors.Chunk) {
	t.Helper()
	done := make(chan error, 1)
	s.Send(c, func(err error) { done <- err })
	select {
	case err := <-done:
		if err != nil {
			t.Fatal(err)
		}
	case <-time.After(40 * time.Second):
		t.Fatalf("no ack for 40 s: %s", s.Status())
	}
}

// records reads a partition by kafka-go's Conn: key=value, in order.
func recordsOf(t testing.TB, addr, topic string, partition int) (out []string) {
	t.Helper()
	conn, err := kafkago.DialLeader(context.Background(), "tcp", addr, topic, partition)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	first, last, err := conn.ReadOffsets()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := conn.Seek(first, kafkago.SeekAbsolute); err != nil {
		t.Fatal(err)
	}
	for at := first; at < last; {
		b := conn.ReadBatch(1, 10<<20)
		for at < last {
			m, err := b.ReadMessage()
			if err != nil {
				if errors.Is(err, io.EOF) {
					break
				}
				t.Fatal(err)
			}
			v := string(m.Value)
			if m.Value == nil {
				v = "tombstone"
			}
			out = append(out, string(m.Key)+"="+v)
			at = m.Offset + 1
		}
		b.Close()
	}
	return out
}

// TestSinkCodecs: what the sink writes, kafka-go reads, and so does the source.
func TestSinkCodecs(t *testing.T) {
	for _, c := range []string{"none", "gzip", "snappy", "lz4", "zstd"} {
		name := unique("sink-" + c)
		s := openSink(t, spec(bootstrap, name, rowColumns, "compression", c))
		send(t, s, rowsOf(1, 2, 3))
		send(t, s, rowsOf(4))
		var want []string
		for id := 1; id <= 4; id++ {
			want = append(want, fmt.Sprintf(`={"id":%d,"name":"n%d"}`, id, id))
		}
		if got := recordsOf(t, bootstrap, name, 0); !reflect.DeepEqual(got, want) {
			t.Fatalf("%s: %q", c, got)
		}
		r := open(t, openSource(t, spec(bootstrap, name, rowColumns)))
		r.Assign(0, connectors.Earliest)
		if rows, _ := r.collect(t, map[int32]int64{0: 4}, 3); len(rows) != 4 || rows[3] != (got{0, 3, 4, "n4"}) {
			t.Fatal(rows)
		}
	}
}

// TestSinkOrder: many small chunks sent without waiting arrive once each and in
// order in each partition; acks come for all; batches are cut and merged.
func TestSinkOrder(t *testing.T) {
	for _, keyed := range []bool{false, true} {
		name := unique(fmt.Sprint("order-", keyed))
		sp := spec(bootstrap, name, rowColumns, "partitions", "3", "batch_bytes", "2kb")
		if keyed {
			sp.Key = []int{0}
		}
		s := openSink(t, sp)
		const n = 500
		var acks atomic.Int64
		done := make(chan struct{})
		for i := range n {
			c, err := s.Encode(rowsOf(int64(i), int64(i)+1000, int64(i)+2000))
			if err != nil {
				t.Fatal(err)
			}
			s.Send(c, func(err error) {
				if err != nil {
					t.Error(err)
				}
				if acks.Add(1) == n {
					close(done)
				}
			})
		}
		<-done
		seen := 0
		for p := range 3 {
			var last int64 = -1
			for _, r := range recordsOf(t, bootstrap, name, p) {
				var id, row int64
				body := r[strings.Index(r, "=")+1:]
				if _, err := fmt.Sscanf(body, `{"id":%d,"name":"n%d"}`, &id, &row); err != nil {
					t.Fatal(err, r)
				}
				at := row%1000*3 + row/1000
				if at <= last {
					t.Fatalf("keyed %v, partition %d: %d after %d", keyed, p, at, last)
				}
				if want := partitionOf(fmt.Appendf(nil, `{"id":%d}`, id), 3); keyed && want != int32(p) {
					t.Fatalf("%s in partition %d, want %d", r, p, want)
				}
				last = at
				seen++
			}
			if last < 0 {
				t.Errorf("keyed %v: nothing in partition %d", keyed, p)
			}
		}
		if seen != 3*n {
			t.Fatalf("keyed %v: %d records, want %d", keyed, seen, 3*n)
		}
	}
}

// TestSinkUpsert: last value per key, tombstones only for keys that are gone,
// and the keys since a position.
func TestSinkUpsert(t *testing.T) {
	name := unique("upsert")
	sp := spec(bootstrap, name, rowColumns, "format", "upsert_json", "partitions", "2", "compression", "lz4")
	sp.Key = []int{0}
	s := openSink(t, sp).(connectors.KeyedSink)
	send(t, s, rowsOf(1, 2, 3))
	at, err := s.Position(testContext(t))
	if err != nil {
		t.Fatal(err)
	}
	send(t, s, rowsOf(1002, -2, -3, 4)) // 2 changes its value, 3 goes, 4 comes
	last := map[string]string{}
	tombstones := 0
	for p := range 2 {
		for _, r := range recordsOf(t, bootstrap, name, p) {
			k, v, _ := strings.Cut(r, "=")
			last[k] = v
			if v == "tombstone" {
				tombstones++
			}
		}
	}
	want := map[string]string{
		`{"id":1}`: `{"id":1,"name":"n1"}`, `{"id":2}`: `{"id":2,"name":"n1002"}`, `{"id":3}`: "tombstone", `{"id":4}`: `{"id":4,"name":"n4"}`,
	}
	if !reflect.DeepEqual(last, want) || tombstones != 1 {
		t.Fatalf("%v, %d tombstones", last, tombstones)
	}
	for _, c := range []struct {
		at   []byte
		want map[int64]int
	}{{at, map[int64]int{2: 1, 3: 1, 4: 1}}, {[]byte("{}"), map[int64]int{1: 1, 2: 2, 3: 2, 4: 1}}} {
		keys := map[int64]int{}
		err := s.KeysSince(testContext(t), c.at, func(b *batch.Batch) error {
			for _, k := range b.Cols[0].(*batch.Vec[int64]).Data {
				keys[k]++
			}
			return nil
		})
		if err != nil || !reflect.DeepEqual(keys, c.want) {
			t.Fatalf("keys since %s: %v, %v", c.at, keys, err)
		}
	}
}

// TestSinkStaged: a chunk's bytes can be sent by another sink, after a restart.
func TestSinkStaged(t *testing.T) {
	name := unique("staged")
	sp := spec(bootstrap, name, rowColumns)
	c, err := openSink(t, sp).Encode(rowsOf(1, 2))
	if err != nil {
		t.Fatal(err)
	}
	resend(t, openSink(t, sp), connectors.Chunk{Data: append([]byte{}, c.Data...), Rows: c.Rows})
	if got := recordsOf(t, bootstrap, name, 0); len(got) != 2 {
		t.Fatal(got)
	}
	done := make(chan error, 1)
	openSink(t, sp).Send(connectors.Chunk{Data: []byte("nonsense")}, func(err error) { done <- err })
	if err := <-done; !errors.Is(err, errChunk) {
		t.Fatal(err)
	}
}

// TestSinkSplit: batches above the broker's limit are cut until they fit; one
// record that does not is an error, and what comes after it arrives.
func TestSinkSplit(t *testing.T) {
	name := unique("split")
	c := client(t, bootstrap)
	res, err := c.CreateTopics(testContext(t), &kafkago.CreateTopicsRequest{Topics: []kafkago.TopicConfig{{
		Topic: name, NumPartitions: 1, ReplicationFactor: 1, ConfigEntries: []kafkago.ConfigEntry{{ConfigName: "max.message.bytes", ConfigValue: "2000"}},
	}}})
	if err != nil || res.Errors[name] != nil {
		t.Fatal(err, res)
	}
	s := openSink(t, spec(bootstrap, name, rowColumns))
	ids := make([]int64, 300)
	for i := range ids {
		ids[i] = int64(i)
	}
	send(t, s, rowsOf(ids...))
	got := recordsOf(t, bootstrap, name, 0)
	for i, r := range got {
		if want := "=" + value(i, fmt.Sprint("n", i)); r != want {
			t.Fatalf("record %d: %s, want %s", i, r, want)
		}
	}
	if len(got) != 300 {
		t.Fatal(len(got))
	}
	big := rowsOf(7)
	big.Cols[1] = &batch.TextVec{}
	big.Cols[1].(*batch.TextVec).AppendString(strings.Repeat("x", 3000))
	chunk, _ := s.Encode(big)
	done := make(chan error, 1)
	s.Send(chunk, func(err error) { done <- err })
	if err := <-done; !errors.Is(err, kafkago.MessageSizeTooLarge) {
		t.Fatal(err)
	}
	send(t, s, rowsOf(8))
	if got := recordsOf(t, bootstrap, name, 0); len(got) != 301 {
		t.Fatal(len(got))
	}
}

// TestSinkRepeat: a batch whose answer was lost and that is sent again is there
// once; with the next sequence, as without one, it would be there twice.
func TestSinkRepeat(t *testing.T) {
	name := unique("repeat")
	s := openSink(t, spec(bootstrap, name, rowColumns)).(*sink)
	send(t, s, rowsOf(1))
	c, err := s.Encode(rowsOf(2, 3))
	if err != nil {
		t.Fatal(err)
	}
	w := &s.writer
	batches, err := w.build([]job{{data: c.Data}})
	if err != nil {
		t.Fatal(err)
	}
	produce := func() {
		t.Helper()
		w.produce(testContext(t), batches, func(_ *outBatch, err error) {
			if err != nil && !is(err, kafkago.DuplicateSequenceNumber) {
				t.Fatal(err)
			}
		})
	}
	produce()
	produce()
	if got := recordsOf(t, bootstrap, name, 0); len(got) != 3 {
		t.Fatalf("%q", got)
	}
	batches[0].stamp(w.producer, w.sequence[0])
	produce()
	if got := recordsOf(t, bootstrap, name, 0); len(got) != 5 {
		t.Fatalf("the same batch under another sequence: %q", got)
	}
}

// TestSinkReady: above its bound the sink says wait, and then that it is ready.
func TestSinkReady(t *testing.T) {
	s := openSink(t, spec(bootstrap, unique("ready"), rowColumns, "buffer_bytes", "64kb"))
	c := connectors.Chunk{}
	ids := make([]int64, 5000)
	c, _ = s.Encode(rowsOf(ids...))
	if s.Ready() != nil {
		t.Fatal("not ready when empty")
	}
	acked := make(chan error, 1)
	s.Send(c, func(err error) { acked <- err })
	ready := make(chan struct{})
	if wait := s.Ready(); wait != nil {
		wait(func() { close(ready) })
	} else {
		t.Fatal("ready above its bound")
	}
	<-ready
	if err := <-acked; err != nil {
		t.Fatal(err)
	}
	if s.Ready() != nil {
		t.Fatal("not ready after the ack")
	}
}

// TestSinkAppendOnly: the append format refuses to take rows back.
func TestSinkAppendOnly(t *testing.T) {
	s := openSink(t, spec(bootstrap, unique("append"), rowColumns))
	if _, err := s.Encode(rowsOf(1, -1)); err == nil {
		t.Fatal("no error")
	}
	b := rowsOf(1, 2, 3)
	b.Diff = []int64{1, 3, 1}
	b.Sel = []int32{1, 2}
	if c, err := s.Encode(b); err != nil || c.Rows != 4 {
		t.Fatal(c.Rows, err)
	}
}

// TestMurmur2: partitions as Java's producer chooses them; values of Kafka's
// own UtilsTest.testMurmur2.
func TestMurmur2(t *testing.T) {
	for in, want := range map[string]int32{
		"21": -973932308, "foobar": -790332482, "a-little-bit-long-string": -985981536,
		"a-little-bit-longer-string": -1486304829, "lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8": -58897971, "abc": 479470107,
	} {
		if got := int32(murmur2([]byte(in))); got != want {
			t.Errorf("%s: %d, want %d", in, got, want)
		}
	}
}
