package kafka

import (
	"encoding/binary"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"unsafe"

	"github.com/dirigo-stream/dirigo/connectors"
	"github.com/dirigo-stream/dirigo/exec/batch"
)

// A chunk is a version byte and frames: each a uvarint length and a record's
// tail, which is what follows the offset in a record of magic 2 (key, value, no
// headers). So it names no partition, offset or time, can be sent again in
// another process, and becomes record batches of any size by copying.
const (
	chunkVersion = 1
	chunkHeader  = 1
)

// rowSizes remembers how long rows are.
type rowSizes struct{ bytes atomic.Int64 }

// chunkWriter is the scratch of one Encode.
type chunkWriter struct {
	data       []byte
	key, value []byte
	rows       int
	kept       map[string]struct{} // keys that have a new value in this batch
	arena      []byte
}

var chunkWriters = sync.Pool{New: func() any { return &chunkWriter{kept: map[string]struct{}{}} }}

// Encode implements connectors.Sink. In upsert_json a row that goes becomes a
// tombstone, unless its key has a new row in the same batch; so the changes of
// one key in one tick must come in one batch, or the old row's before the new
// one's.
func (s *sink) Encode(b *batch.Batch) (connectors.Chunk, error) {
	w := chunkWriters.Get().(*chunkWriter)
	defer chunkWriters.Put(w)
	w.rows = 0
	w.data = make([]byte, chunkHeader, chunkHeader+b.Rows()*int(s.sizes.bytes.Load()+8))
	w.data[0] = chunkVersion
	if s.format == "upsert_json" && b.Diff != nil {
		s.tombstones(w, b)
	}
	err := eachRow(b, func(row int) error {
		n := b.DiffAt(row)
		switch {
		case s.format == "upsert_json":
			n = min(n, 1)
		case n < 0:
			return errors.New("format json cannot take a row back: use upsert_json with a key")
		}
		if n <= 0 {
			return nil
		}
		w.value = s.values.AppendRow(w.value[:0], b, row)
		if s.keys != nil {
			w.key = s.keys.AppendRow(w.key[:0], b, row)
		}
		for range n {
			w.frame(s.keys != nil, w.value)
		}
		return nil
	})
	if err != nil {
		return connectors.Chunk{}, fmt.Errorf("write topic %s: %w", s.topic, err)
	}
	if w.rows > 0 {
		s.sizes.bytes.Store(int64((len(w.data) - chunkHeader) / w.rows))
	}
	c := connectors.Chunk{Data: w.data, Rows: w.rows}
	w.data = nil
	return c, nil
}

func eachRow(b *batch.Batch, f func(row int) error) error {
	if b.Sel == nil {
		for row := range b.N {
			if err := f(row); err != nil {
				return err
			}
		}
		return nil
	}
	for _, row := range b.Sel {
		if err := f(int(row)); err != nil {
			return err
		}
	}
	return nil
}

// tombstones writes one for every key that loses its row and gets no other.
func (s *sink) tombstones(w *chunkWriter, b *batch.Batch) {
	clear(w.kept)
	w.arena = nil // strings of the map point into it
	eachRow(b, func(row int) error {
		if b.DiffAt(row) > 0 {
			start := len(w.arena)
			w.arena = s.keys.AppendRow(w.arena, b, row)
			key := w.arena[start:]
			w.kept[unsafe.String(unsafe.SliceData(key), len(key))] = struct{}{}
		}
		return nil
	})
	eachRow(b, func(row int) error {
		if b.DiffAt(row) >= 0 {
			return nil
		}
		w.key = s.keys.AppendRow(w.key[:0], b, row)
		if _, ok := w.kept[string(w.key)]; !ok {
			w.frame(true, nil)
		}
		return nil
	})
	clear(w.kept)
}

// frame appends one record: with w.key if keyed; a nil value is a tombstone.
func (w *chunkWriter) frame(keyed bool, value []byte) {
	key := w.key
	if !keyed {
		key = nil
	}
	size := lengthSize(keyed, len(key)) + len(key) + lengthSize(value != nil, len(value)) + len(value) + 1
	w.data = binary.AppendUvarint(w.data, uint64(size))
	w.data = appendBytes(w.data, key, keyed)
	w.data = appendBytes(w.data, value, value != nil)
	w.data = append(w.data, 0) // no headers
	w.rows++
}

func lengthSize(some bool, n int) int {
	if !some {
		return 1
	}
	return varintSize(int64(n))
}

func appendBytes(dst, x []byte, some bool) []byte {
	if !some {
		return append(dst, 1) // -1
	}
	return append(binary.AppendVarint(dst, int64(len(x))), x...)
}

func varintSize(x int64) int {
	n := 1
	for u := uint64(x)<<1 ^ uint64(x>>63); u >= 0x80; u >>= 7 {
		n++
	}
	return n
}

var errChunk = errors.New("a staged chunk is not in a known format")

// eachFrame calls f with the tail of each record of a chunk.
func eachFrame(data []byte, f func(tail []byte)) error {
	if len(data) < chunkHeader || data[0] != chunkVersion {
		return errChunk
	}
	for data = data[chunkHeader:]; len(data) > 0; {
		size, n := binary.Uvarint(data)
		if n <= 0 || size > uint64(len(data)-n) {
			return errChunk
		}
		f(data[n : n+int(size)])
		data = data[n+int(size):]
	}
	return nil
}
