package kafka

import (
	"unsafe"

	"github.com/dirigo-stream/dirigo/connectors"
	"github.com/dirigo-stream/dirigo/connectors/codec"
	"github.com/dirigo-stream/dirigo/exec/batch"
)

// tick is what the changes of the tick at hand are to each key. The old and the
// new row of a key may come in different batches, and the new one first.
type tick struct {
	byKey map[string]int32 // index in keys; the strings point into arena
	keys  []keyChange
	arena []byte
	rows  []heldRow
	told  int // keys that EndTick has dealt with
}

// keyChange is the changes of one key.
type keyChange struct {
	key  []byte
	here bool  // upsert: its new value is written
	held int32 // debezium: the first of its rows that met no counterpart, -1: none
}

// heldRow is a row that comes or goes, all of one key's being alike.
type heldRow struct {
	codec.RowRef
	comes bool
	next  int32
}

// of returns the changes of a key.
func (t *tick) of(key []byte) *keyChange {
	if i, ok := t.byKey[string(key)]; ok {
		return &t.keys[i]
	}
	start := len(t.arena)
	t.arena = append(t.arena, key...)
	key = t.arena[start:len(t.arena):len(t.arena)]
	if t.byKey == nil {
		t.byKey = make(map[string]int32)
	}
	t.byKey[unsafe.String(unsafe.SliceData(key), len(key))] = int32(len(t.keys))
	t.keys = append(t.keys, keyChange{key: key, held: -1})
	return &t.keys[len(t.keys)-1]
}

// keepKeys bounds the keys whose room a sink keeps from tick to tick.
const keepKeys = 4096

func (t *tick) clear() {
	if len(t.keys) > keepKeys {
		*t = tick{}
		return
	}
	clear(t.byKey)
	clear(t.rows) // they hold batches
	// The arena begins anew: chunks have copies, but its old end may be shared.
	t.keys, t.rows, t.arena, t.told = t.keys[:0], t.rows[:0], t.arena[:0], 0
}

// changeSink is a sink whose records have keys: upsert_json and debezium_json.
type changeSink struct {
	keyedSink
	tick tick // of the instance's turn
}

var _ connectors.ChangeSink = (*changeSink)(nil)

// Encode implements connectors.Sink. In upsert_json a row that comes is written
// at once; in debezium_json so is an update both of whose rows have come.
func (s *changeSink) Encode(b *batch.Batch) (connectors.Chunk, error) {
	w := s.chunk(b.Rows())
	defer chunkWriters.Put(w)
	one := s.upsert
	if s.format == "debezium_json" {
		one = s.pair
	}
	err := eachRow(b, func(row int) error {
		w.key = s.keys.AppendRow(w.key[:0], b, row)
		one(w, codec.RowRef{Batch: b, Row: row}, b.DiffAt(row))
		return nil
	})
	return s.encoded(w), err
}

// upsert takes a row of upsert_json.
func (s *changeSink) upsert(w *chunkWriter, r codec.RowRef, n int64) {
	k := s.tick.of(w.key)
	if n <= 0 {
		return // a tombstone at the end of the tick, unless it is here then
	}
	k.here = true
	w.value = s.values.AppendRow(w.value[:0], r.Batch, r.Row)
	w.frame(true, w.value)
}

// pair takes n times a row of debezium_json: with one of its key that goes the
// other way it is an update.
func (s *changeSink) pair(w *chunkWriter, r codec.RowRef, n int64) {
	k := s.tick.of(w.key)
	comes := n > 0
	for range max(n, -n) {
		if k.held < 0 || s.tick.rows[k.held].comes == comes {
			s.tick.rows = append(s.tick.rows, heldRow{RowRef: r, comes: comes, next: k.held})
			k.held = int32(len(s.tick.rows) - 1)
			continue
		}
		before := s.tick.rows[k.held]
		k.held = before.next
		if comes {
			s.change(w, true, before.RowRef, r)
		} else {
			s.change(w, true, r, before.RowRef)
		}
	}
}

// EndTick implements connectors.ChangeSink.
func (s *changeSink) EndTick(limit int) (connectors.Chunk, bool, error) {
	w := s.chunk(min(limit, len(s.tick.keys)-s.tick.told))
	defer chunkWriters.Put(w)
	for ; s.tick.told < len(s.tick.keys) && w.rows < limit; s.tick.told++ {
		k := &s.tick.keys[s.tick.told]
		w.key = append(w.key[:0], k.key...)
		if s.format == "upsert_json" {
			if !k.here {
				w.frame(true, nil)
			}
			continue
		}
		for ; k.held >= 0; k.held = s.tick.rows[k.held].next {
			if r := &s.tick.rows[k.held]; r.comes {
				s.change(w, true, codec.RowRef{}, r.RowRef)
			} else {
				s.change(w, true, r.RowRef, codec.RowRef{})
			}
		}
	}
	more := s.tick.told < len(s.tick.keys)
	if !more {
		s.tick.clear()
	}
	return s.encoded(w), more, nil
}

// change writes one record of debezium_json.
func (s *sink) change(w *chunkWriter, keyed bool, before, after codec.RowRef) {
	b := after.Batch
	if b == nil {
		b = before.Batch
	}
	w.value = s.values.AppendDebezium(w.value[:0], before, after, b.Born/1_000_000)
	w.frame(keyed, w.value)
}
