package kafka

import (
	"bytes"
	"fmt"
	"sync"
	"testing"

	kafkago "github.com/segmentio/kafka-go"
	"github.com/segmentio/kafka-go/protocol"

	"github.com/dirigo-stream/dirigo/connectors"
	"github.com/dirigo-stream/dirigo/connectors/codec"
	"github.com/dirigo-stream/dirigo/exec/batch"
)

var bidColumns = []connectors.Column{
	{Name: "auction", Type: batch.T(batch.Int64)},
	{Name: "bidder", Type: batch.T(batch.Int64)},
	{Name: "price", Type: batch.T(batch.Int64)},
	{Name: "channel", Type: batch.T(batch.Text)},
	{Name: "url", Type: batch.T(batch.Text)},
	{Name: "date_time", Type: batch.T(batch.Timestamp)},
	{Name: "extra", Type: batch.T(batch.Text)},
}

func bid(i int) []byte {
	return fmt.Appendf(nil, `{"auction":%d,"bidder":%d,"price":%d,"channel":"Google","url":"https://www.nexmark.com/a%d/item.htm","date_time":"2024-05-06 12:%02d:%02d.%03d","extra":"abcdefg"}`,
		1000+i%500, 2000+i%700, i*i%99991, i%977, i/60%60, i%60, i%1000)
}

const benchRecords = 500_000

// benchTopic has benchRecords bids in one partition, in batches of 5,000.
var benchTopic = sync.OnceValue(func() string {
	name := "bids-" + run
	b := &testing.B{}
	makeTopic(b, bootstrap, name, 1)
	c := client(b, bootstrap)
	for i := 0; i < benchRecords; {
		recs := make([]kafkago.Record, 5000)
		for j := range recs {
			recs[j].Value = kafkago.NewBytes(bid(i))
			i++
		}
		res, err := c.Produce(testContext(b), &kafkago.ProduceRequest{Topic: name, RequiredAcks: kafkago.RequireAll, Records: kafkago.NewRecordReader(recs...)})
		if err != nil || res.Error != nil {
			panic(fmt.Sprint(err, res))
		}
	}
	return name
})

// benchRead reads a topic again and again; the broker's work, if it is embedded,
// is in the time, so compare against a real one (DIRIGO_TEST_KAFKA) by cpu.
func benchRead(b *testing.B, demand ...int) {
	name := benchTopic()
	src := openSource(b, spec(bootstrap, name, bidColumns))
	r := open(b, src)
	want := make([]bool, len(bidColumns))
	for _, d := range demand {
		want[d] = true
	}
	r.Demand(want)
	b.ReportAllocs()
	b.ResetTimer()
	cpu := processorTime()
	var rows connectors.Rows
	at := int64(benchRecords)
	for n := 0; n < b.N; n += rows.N {
		if at >= benchRecords {
			r.Assign(0, 0)
		}
		if err := r.next(b, &rows, 256); err != nil {
			b.Fatal(err)
		}
		at = rows.Next
	}
	b.ReportMetric(float64(processorTime()-cpu)/float64(b.N), "cpu-ns/op")
}

func BenchmarkRead7(b *testing.B) { benchRead(b, 0, 1, 2, 3, 4, 5, 6) }
func BenchmarkRead3(b *testing.B) { benchRead(b, 0, 2, 5) }

// BenchmarkFetch is everything but the records' decoding.
func BenchmarkFetch(b *testing.B) {
	name := benchTopic()
	src := openSource(b, spec(bootstrap, name, bidColumns)).(*source)
	r := open(b, src)
	rd := r.Reader.(*reader)
	b.ReportAllocs()
	b.ResetTimer()
	cpu := processorTime()
	at := int64(benchRecords)
	size := 0
	for n := 0; n < b.N; {
		if at >= benchRecords {
			r.Assign(0, 0)
			at = 0
		}
		p, err := rd.pick()
		if err != nil {
			b.Fatal(err)
		}
		if p == nil {
			<-r.woken
			continue
		}
		c, s := &chunks{rd, p}, &p.scan
		rows := connectors.Rows{Next: at}
		for {
			more, err := rd.fill.advance(c, s, &rows)
			if err != nil {
				b.Fatal(err)
			}
			if !more {
				break
			}
			var rec record
			for ok, _ := s.it.next(&rec); ok; ok, _ = s.it.next(&rec) {
				size += len(rec.value)
				n++
			}
			rd.fill.finish(c, s, &rows)
		}
		rd.mu.Lock()
		p.next = rows.Next
		rd.mu.Unlock()
		at = rows.Next
	}
	b.ReportMetric(float64(processorTime()-cpu)/float64(b.N), "cpu-ns/op")
}

// BenchmarkWrite encodes and sends batches of 1,024 bids and waits for the acks.
func BenchmarkWrite(b *testing.B) {
	in, s := benchBatch(b)
	b.ReportAllocs()
	b.ResetTimer()
	cpu := processorTime()
	var wg sync.WaitGroup
	for n := 0; n < b.N; n += in.N {
		if wait := s.Ready(); wait != nil {
			ready := make(chan struct{})
			wait(func() { close(ready) })
			<-ready
		}
		c, err := s.Encode(in)
		if err != nil {
			b.Fatal(err)
		}
		wg.Add(1)
		s.Send(c, func(err error) {
			if err != nil {
				b.Error(err)
			}
			wg.Done()
		})
	}
	wg.Wait()
	b.ReportMetric(float64(processorTime()-cpu)/float64(b.N), "cpu-ns/op")
}

// BenchmarkEncode is the part of BenchmarkWrite that runs in a turn.
func BenchmarkEncode(b *testing.B) {
	in, s := benchBatch(b)
	b.ReportAllocs()
	b.ResetTimer()
	for n := 0; n < b.N; n += in.N {
		if _, err := s.Encode(in); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkBatch is building and sealing record batches from chunks.
func BenchmarkBatch(b *testing.B) {
	in, s := benchBatch(b)
	c, err := s.Encode(in)
	if err != nil {
		b.Fatal(err)
	}
	w := writer{sink: s, leaders: map[int32]int32{0: 1}, sequence: map[int32]int32{}}
	b.ReportAllocs()
	b.ResetTimer()
	for n := 0; n < b.N; n += in.N {
		all, err := w.build([]job{{data: c.Data}})
		if err != nil {
			b.Fatal(err)
		}
		for _, x := range all {
			giveBuffer(x.body)
			giveBuffer(x.sealed)
		}
	}
}

func benchBatch(b *testing.B) (*batch.Batch, *sink) {
	s := openSink(b, spec(bootstrap, unique("bench"), bidColumns)).(*sink)
	d, err := codec.NewJSONDecoder(bidColumns)
	if err != nil {
		b.Fatal(err)
	}
	cols := make([]batch.Column, len(bidColumns))
	for i, c := range bidColumns {
		cols[i] = batch.New(c.Type.Kind, 1024)
	}
	for i := range 1024 {
		if err := d.Append(cols, bid(i)); err != nil {
			b.Fatal(err)
		}
	}
	return &batch.Batch{Cols: cols, N: 1024}, s
}

// BenchmarkAck is the time from Send to the ack of one row, one at a time;
// BenchmarkAckAlone the same for a bare request of kafka-go.
func BenchmarkAck(b *testing.B) {
	in, s := benchBatch(b)
	in = in.Gather([]int32{0})
	send(b, s, in)
	b.ResetTimer()
	for range b.N {
		send(b, s, in)
	}
}

func BenchmarkAckAlone(b *testing.B) {
	in, s := benchBatch(b)
	send(b, s, in)
	c := client(b, bootstrap)
	x := &outBatch{}
	x.add(0, append(appendBytes(appendBytes(nil, nil, false), bid(1), true), 0))
	if err := x.seal(0, producerID{-1, -1}, -1); err != nil {
		b.Fatal(err)
	}
	b.ResetTimer()
	for range b.N {
		res, err := c.RawProduce(testContext(b), &kafkago.RawProduceRequest{
			Topic: s.topic, RequiredAcks: kafkago.RequireAll, RawRecords: protocol.RawRecordSet{Reader: bytes.NewReader(x.sealed)},
		})
		if err != nil || res.Error != nil {
			b.Fatal(err, res)
		}
	}
}

// BenchmarkThrough is the time from the sink's Send to the row being read.
func BenchmarkThrough(b *testing.B) {
	in, s := benchBatch(b)
	in = in.Gather([]int32{0})
	send(b, s, in)
	src := openSource(b, spec(bootstrap, s.topic, bidColumns))
	_, next, err := src.Bounds(testContext(b), 0)
	if err != nil {
		b.Fatal(err)
	}
	r := open(b, src)
	r.Assign(0, connectors.Start(next))
	b.ResetTimer()
	var rows connectors.Rows
	for range b.N {
		send(b, s, in)
		if err := r.next(b, &rows, 10); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkEncodeChanges: updates, of which the old and the new row come in one
// tick of 512 keys.
func BenchmarkEncodeChanges(b *testing.B) {
	for _, format := range []string{"upsert_json", "debezium_json"} {
		b.Run(format, func(b *testing.B) {
			in, _ := benchBatch(b)
			ids := in.Cols[0].(*batch.Vec[int64]).Data
			in.Diff = make([]int64, in.N)
			for i := range in.Diff {
				ids[i], in.Diff[i] = int64(i/2), int64(i%2*2-1)
			}
			s := spec(bootstrap, unique("bench"), bidColumns, "format", format)
			s.Key = []int{0}
			sink := openSink(b, s)
			b.ReportAllocs()
			for b.Loop() {
				encode(b, sink, in)
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*in.N), "ns/row")
		})
	}
}
