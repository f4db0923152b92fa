package kafka

import (
	"bytes"
	"reflect"
	"testing"
	"time"

	kafkago "github.com/segmentio/kafka-go"
	"github.com/segmentio/kafka-go/protocol"

	"github.com/dirigo-stream/dirigo/connectors"
)

// TestAborted: with read_committed, rows of aborted and of open transactions are
// not seen from any offset, markers never; read_uncommitted shows all rows.
func TestAborted(t *testing.T) {
	name := topic(t, bootstrap, 1)
	a, b := newTxn(t, name, unique("a")), newTxn(t, name, unique("b"))
	id := 0
	var committed, all []string
	note := func(name string, seen bool) string {
		id++
		all = append(all, name)
		if seen {
			committed = append(committed, name)
		}
		return value(id, name)
	}
	plain := func(n string) { produce(t, bootstrap, name, 0, 0, note(n, true)) }
	plain("p1")
	a.write(note("a1", false), note("a2", false))
	plain("p2")
	b.write(note("b1", true))
	a.write(note("a3", false))
	a.end(false)
	b.write(note("b2", true), note("b3", true))
	a.write(note("a4", true))
	b.end(true)
	plain("p3")
	a.end(true)
	b.write(note("b4", false))
	b.end(false)
	plain("p4")
	a.write(note("open", false))

	src := openSource(t, spec(bootstrap, name, rowColumns))
	var next int64
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		var err error
		if _, next, err = src.Bounds(testContext(t), 0); err != nil {
			t.Fatal(err)
		}
		if next >= int64(len(all)-1+4) || time.Now().After(deadline) { // 4 markers, all before the open transaction
			break
		}
	}
	offsets := map[string]int64{}
	for from := range next {
		r := open(t, src)
		r.Assign(0, connectors.Start(from))
		rows, _ := r.collect(t, map[int32]int64{0: next}, 3)
		var names, want []string
		for _, g := range rows {
			names = append(names, g.name)
			if from == 0 {
				offsets[g.name] = g.offset
			}
		}
		for _, n := range committed {
			if offsets[n] >= from {
				want = append(want, n)
			}
		}
		if !reflect.DeepEqual(names, want) {
			t.Fatalf("from %d: %q, want %q", from, names, want)
		}
	}
	r := open(t, openSource(t, spec(bootstrap, name, rowColumns, "isolation", "read_uncommitted")))
	r.Assign(0, connectors.Earliest)
	rows, _ := r.collect(t, map[int32]int64{0: next + 1}, 100)
	var names []string
	for _, g := range rows {
		names = append(names, g.name)
	}
	if !reflect.DeepEqual(names, all) {
		t.Fatalf("uncommitted: %q, want %q", names, all)
	}
}

// txn writes transactions by kafka-go's low-level calls.
type txn struct {
	t           *testing.T
	topic, name string
	c           *kafkago.Client
	id          producerID
	seq         int32
	open        bool
}

func newTxn(t *testing.T, topic, name string) *txn {
	x := &txn{t: t, topic: topic, name: name, c: client(t, bootstrap)}
	x.repeat("InitProducerID", func() error {
		res, err := x.c.InitProducerID(testContext(t), &kafkago.InitProducerIDRequest{TransactionalID: name, TransactionTimeoutMs: 60_000, ProducerID: -1, ProducerEpoch: -1})
		if err == nil {
			err = res.Error
		}
		if err == nil {
			x.id = producerID{int64(res.Producer.ProducerID), int16(res.Producer.ProducerEpoch)}
		}
		return err
	})
	return x
}

func (x *txn) repeat(what string, f func() error) {
	x.t.Helper()
	var err error
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		if err = f(); err == nil || !passing(err) {
			break
		}
	}
	if err != nil {
		x.t.Fatalf("%s: %v", what, err)
	}
}

func (x *txn) write(values ...string) {
	x.t.Helper()
	if !x.open {
		x.open = true
		x.repeat("AddPartitionsToTxn", func() error {
			res, err := x.c.AddPartitionsToTxn(testContext(x.t), &kafkago.AddPartitionsToTxnRequest{
				TransactionalID: x.name, ProducerID: int(x.id.id), ProducerEpoch: int(x.id.epoch), Topics: map[string][]kafkago.AddPartitionToTxn{x.topic: {{Partition: 0}}},
			})
			if err == nil {
				err = res.Topics[x.topic][0].Error
			}
			return err
		})
	}
	recs := make([]kafkago.Record, len(values))
	for i, v := range values {
		recs[i].Value = kafkago.NewBytes([]byte(v))
	}
	var buf bytes.Buffer
	set := protocol.RecordSet{Version: 2, Attributes: protocol.Transactional, Records: protocol.NewRecordReader(recs...)}
	if _, err := set.WriteTo(&buf); err != nil {
		x.t.Fatal(err)
	}
	b := outBatch{sealed: buf.Bytes()}
	b.stamp(x.id, x.seq)
	x.seq += int32(len(values))
	x.repeat("RawProduce", func() error {
		res, err := x.c.RawProduce(testContext(x.t), &kafkago.RawProduceRequest{
			Topic: x.topic, RequiredAcks: kafkago.RequireAll, TransactionalID: x.name, RawRecords: protocol.RawRecordSet{Reader: bytes.NewReader(b.sealed)},
		})
		if err == nil {
			err = res.Error
		}
		return err
	})
}

func (x *txn) end(commit bool) {
	x.t.Helper()
	x.open = false
	x.repeat("EndTxn", func() error {
		res, err := x.c.EndTxn(testContext(x.t), &kafkago.EndTxnRequest{TransactionalID: x.name, ProducerID: int(x.id.id), ProducerEpoch: int(x.id.epoch), Committed: commit})
		if err == nil {
			err = res.Error
		}
		return err
	})
}
