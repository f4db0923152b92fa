package kafka

import (
	"encoding/binary"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"

	"github.com/dirigo-stream/dirigo/connectors"
	"github.com/dirigo-stream/dirigo/connectors/codec"
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
}

var chunkWriters = sync.Pool{New: func() any { return &chunkWriter{} }}

// chunk begins a chunk of about n records.
func (s *sink) chunk(n int) *chunkWriter {
	w := chunkWriters.Get().(*chunkWriter)
	w.rows = 0
	w.data = make([]byte, chunkHeader, chunkHeader+n*int(s.sizes.bytes.Load()+8))
	w.data[0] = chunkVersion
	return w
}

// encoded ends a chunk.
func (s *sink) encoded(w *chunkWriter) connectors.Chunk {
	if w.rows > 0 {
		s.sizes.bytes.Store(int64((len(w.data) - chunkHeader) / w.rows))
	}
	c := connectors.Chunk{Data: w.data, Rows: w.rows}
	w.data = nil
	return c
}

// Encode implements connectors.Sink. Here are the records that follow from one
// row: those of json, and of debezium_json without a key, in which nothing tells
// that two rows are one that changed.
func (s *sink) Encode(b *batch.Batch) (connectors.Chunk, error) {
	w := s.chunk(b.Rows())
	defer chunkWriters.Put(w)
	err := eachRow(b, func(row int) error {
		n := b.DiffAt(row)
		if s.format == "debezium_json" {
			r, none := codec.RowRef{Batch: b, Row: row}, codec.RowRef{}
			for ; n > 0; n-- {
				s.change(w, false, none, r)
			}
			for ; n < 0; n++ {
				s.change(w, false, r, none)
			}
			return nil
		}
		if n < 0 {
			return errors.New("format json cannot take a row back: use upsert_json with a key")
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
	return s.encoded(w), nil
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
