package job

import (
	"context"
	"encoding/binary"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/dirigo-stream/dirigo/connectors"
	"github.com/dirigo-stream/dirigo/exec/batch"
)

// keyLog is a topic of keys with values, which survives engines: what was
// written, in order.
type keyLog struct {
	mu   sync.Mutex
	log  []keyRecord
	sent [][]keyRecord // chunks, by number
	acks memSink       // says when writers may go on
}

type keyRecord struct {
	key   int64
	value string // "": a tombstone
}

// keyWriter is a connection to it.
type keyWriter struct {
	to      *keyLog
	pending atomic.Int64 // chunks that are not acked
}

func (l *keyLog) connector() connectors.Connector {
	return connectors.Connector{Sink: func(connectors.Spec) (connectors.Sink, error) { return &keyWriter{to: l}, nil }}
}

// Encode implements connectors.Sink.
func (w *keyWriter) Encode(b *batch.Batch) (connectors.Chunk, error) {
	b = b.Compact()
	var records, gone []keyRecord
	for i := range b.N {
		r := keyRecord{key: b.Cols[0].(*batch.Vec[int64]).Data[i]}
		if b.DiffAt(i) > 0 {
			r.value = rowText(b, i, []batch.Type{bigint, bigint, sumType})
			records = append(records, r)
		} else {
			gone = append(gone, r)
		}
	}
	for _, r := range gone { // an update's old row is nothing to tell
		if !slices.ContainsFunc(records, func(o keyRecord) bool { return o.key == r.key }) {
			records = append(records, r)
		}
	}
	w.to.mu.Lock()
	defer w.to.mu.Unlock()
	w.to.sent = append(w.to.sent, records)
	return connectors.Chunk{Data: binary.AppendUvarint(nil, uint64(len(w.to.sent)-1)), Rows: len(records)}, nil
}

// Send implements connectors.Sink.
func (w *keyWriter) Send(c connectors.Chunk, acked func(error)) {
	n, _ := binary.Uvarint(c.Data)
	w.to.mu.Lock()
	w.to.log = append(w.to.log, w.to.sent[n]...)
	w.to.mu.Unlock()
	w.pending.Add(1)
	w.to.acks.Send(connectors.Chunk{}, func(err error) {
		w.pending.Add(-1)
		acked(err)
	})
}

// Ready, Status and Close implement connectors.Sink.
func (w *keyWriter) Ready() func(func()) {
	if w.pending.Load() < 2 {
		return nil
	}
	return w.to.acks.Ready()
}
func (w *keyWriter) Status() string { return "" }
func (w *keyWriter) Close() error   { return nil }

// Position implements connectors.KeyedSink.
func (w *keyWriter) Position(context.Context) ([]byte, error) {
	w.to.mu.Lock()
	defer w.to.mu.Unlock()
	return binary.AppendUvarint(nil, uint64(len(w.to.log))), nil
}

// KeysSince implements connectors.KeyedSink.
func (w *keyWriter) KeysSince(_ context.Context, position []byte, f func(*batch.Batch) error) error {
	at, _ := binary.Uvarint(position)
	w.to.mu.Lock()
	keys := &batch.Vec[int64]{}
	for _, r := range w.to.log[at:] {
		keys.Append(r.key)
	}
	w.to.mu.Unlock()
	return f(&batch.Batch{N: len(keys.Data), Cols: []batch.Column{keys}})
}

// keyed is sums of a relation, written by key. Where forward is true the last
// vertex gets them from one that has cut them by that key.
func keyed(id, rel uint64, inst int, forward bool) QueryDef {
	def := sumsOf(id, rel, inst)
	last := &def.Graph.Vertices[len(def.Graph.Vertices)-1]
	if forward {
		last.Inputs[0].Hash = nil
	}
	last.Sink = true
	def.Sink = &SinkDef{Connector: "keys", Spec: connectors.Spec{Key: []int{0}}}
	return def
}

// TestKeysAreNotDeleted: whatever was sealed before a crash, a key that has a
// value before it and afterwards is never seen without one, a key that lost its
// last row is deleted, and the topic says in the end what a recomputation says.
func TestKeysAreNotDeleted(t *testing.T) {
	for seed := range uint64(12) {
		h := newHarness(t, seed, 2)
		h.chop(seed)
		if seed%3 == 0 {
			h.cfg.Epoch = time.Hour // nothing is ever sealed
		}
		topic := &keyLog{}
		h.more = map[string]connectors.Connector{"keys": topic.connector()}
		defs := []QueryDef{filterView(10, streamID, 1, -1000), keyed(11, 10, 1+2*int(seed%2), seed%4 > 1)}
		h.open(defs...)
		for i := range 5 {
			h.log.add(h.rng.IntN(2), h.randomRows(200, int64(i*200))...)
			h.flush()
			h.crash()
			h.open(defs...)
		}
		h.flush()
		last := map[int64]string{}
		for i, r := range topic.log {
			if r.value == "" {
				t.Fatalf("seed %d: record %d of %d deletes key %d", seed, i, len(topic.log), r.key)
			}
			last[r.key] = r.value
		}
		var got []string
		for _, v := range last {
			got = append(got, v)
		}
		slices.Sort(got)
		if want := counts(h.log.all()); !slices.Equal(got, want) {
			t.Fatalf("seed %d:\n got %v\nwant %v", seed, got, want)
		}
		h.close()
	}
}

// TestStrayKeysAreDeleted: a key that was written after the last Seal, and that
// no replay comes to again, is deleted when the query has attached.
func TestStrayKeysAreDeleted(t *testing.T) {
	for n, inst := range []int{1, 3, 3} {
		h := newHarness(t, 1, 2)
		topic := &keyLog{}
		h.more = map[string]connectors.Connector{"keys": topic.connector()}
		h.cfg.Epoch = time.Hour
		defs := []QueryDef{filterView(10, streamID, 1, -1000), keyed(11, 10, inst, n == 2)}
		h.open(defs...)
		h.log.add(0, h.randomRows(100, 0)...)
		h.flush()
		h.crash()
		for k := range int64(5) { // as of ticks that the replay cuts otherwise
			topic.log = append(topic.log, keyRecord{100 + k, "(1,1,1)"})
		}
		h.open(defs...)
		h.flush()
		gone := map[int64]bool{}
		for _, r := range topic.log {
			if r.value == "" {
				gone[r.key] = true
			}
		}
		if fmt.Sprint(gone) != "map[100:true 101:true 102:true 103:true 104:true]" {
			t.Fatalf("%d instances: deleted are %v", inst, gone)
		}
		h.close()
	}
}
