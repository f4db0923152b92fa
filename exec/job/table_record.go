package job

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"math"

	"github.com/dirigo-stream/dirigo/exec/batch"
	"github.com/dirigo-stream/dirigo/exec/state"
)

// A record of a table's log is some of the row changes of one group of
// transactions, which became durable together:
//
//	CRC32-C of what follows, 4 bytes
//	version, 1 byte; group and commit time in Unix ns, 8 bytes each
//	rows, columns: varints
//	counts: 0 (all +1), or 1 and a signed count per row, as words
//	columns: representation, 1 byte; 0 (no NULL), or 1 and a bit per row; values
//
// Words are their least value, a width in bytes, and the differences to it.
// Texts, numbers and intervals are their lengths, as words, and then their
// bytes. Where the record stands in the log is its key's to say.
const (
	recordVersion = 1
	recordHeader  = 4 + 1 + 8 + 8
)

// errRecord says that bytes are not a record as it was written.
var errRecord = errors.New("damaged record of a table's log")

var recordCRC = crc32.MakeTable(crc32.Castagnoli)

// encodeRows encodes b, which has no selection, as a record that misses its
// group and time: see sealRecord. Large batches are encoded before it is known
// which group they go with.
func encodeRows(b *batch.Batch) ([]byte, error) {
	size := recordHeader + 16 + 16*len(b.Cols)
	for _, c := range b.Cols {
		size += int(c.Bytes())
	}
	out := make([]byte, recordHeader, size)
	out[4] = recordVersion
	out = binary.AppendUvarint(out, uint64(b.N))
	out = binary.AppendUvarint(out, uint64(len(b.Cols)))
	if b.Diff == nil {
		out = append(out, 0)
	} else {
		out = appendWords(append(out, 1), b.Diff)
	}
	for i, c := range b.Cols {
		if c.Len() != b.N {
			return nil, fmt.Errorf("column %d has %d rows of %d", i, c.Len(), b.N)
		}
		var err error
		if out, err = appendColumn(out, c); err != nil {
			return nil, fmt.Errorf("column %d: %w", i, err)
		}
	}
	return out, nil
}

// sealRecord fills in the group, the time, and the checksum.
func sealRecord(rec []byte, group uint64, born int64) {
	binary.LittleEndian.PutUint64(rec[5:], group)
	binary.LittleEndian.PutUint64(rec[13:], uint64(born))
	binary.LittleEndian.PutUint32(rec, crc32.Checksum(rec[4:], recordCRC))
}

func appendColumn(out []byte, c batch.Column) ([]byte, error) {
	rep, ok := repOf(c)
	if !ok {
		return nil, fmt.Errorf("a column of type %T cannot be stored", c)
	}
	out = append(out, byte(rep))
	out = appendNulls(out, c.Nulls())
	switch c := c.(type) {
	case *batch.Vec[int64]:
		out = appendWords(out, c.Data)
	case *batch.TextVec:
		lens := make([]int64, c.Len())
		for i := range lens {
			lens[i] = int64(c.Off[i+1] - c.Off[i])
		}
		out = appendWords(out, lens)
		if len(lens) > 0 {
			out = append(out, c.Data[c.Off[0]:c.Off[len(lens)]]...)
		}
	case *batch.Vec[float64]:
		for _, f := range c.Data {
			out = binary.LittleEndian.AppendUint64(out, math.Float64bits(f))
		}
	case *batch.Vec[bool]:
		out = appendBits(out, c.Data)
	case *batch.Vec[batch.Decimal]:
		out = appendStrings(out, c.Data, state.AppendDecimal)
	case *batch.Vec[batch.Span]:
		out = appendStrings(out, c.Data, state.AppendSpan)
	}
	return out, nil
}

// storedRep is how columns of a kind are stored: texts and other bytes alike.
func storedRep(k batch.Kind) batch.Rep {
	if rep := k.Rep(); rep != batch.RepBytes {
		return rep
	}
	return batch.RepText
}

func repOf(c batch.Column) (batch.Rep, bool) {
	switch c.(type) {
	case *batch.Vec[int64]:
		return batch.RepInt, true
	case *batch.TextVec:
		return batch.RepText, true
	case *batch.Vec[float64]:
		return batch.RepFloat, true
	case *batch.Vec[bool]:
		return batch.RepBool, true
	case *batch.Vec[batch.Decimal]:
		return batch.RepDecimal, true
	case *batch.Vec[batch.Span]:
		return batch.RepSpan, true
	}
	return 0, false
}

func appendStrings[T any](out []byte, data []T, encode func([]byte, T) []byte) []byte {
	lens := make([]int64, len(data))
	var arena []byte
	for i, v := range data {
		before := len(arena)
		arena = encode(arena, v)
		lens[i] = int64(len(arena) - before)
	}
	return append(appendWords(out, lens), arena...)
}

func appendNulls(out []byte, nulls []bool) []byte {
	if nulls == nil {
		return append(out, 0)
	}
	return appendBits(append(out, 1), nulls)
}

func appendBits(out []byte, bits []bool) []byte {
	at := len(out)
	out = append(out, make([]byte, (len(bits)+7)/8)...)
	for i, x := range bits {
		if x {
			out[at+i/8] |= 1 << (i % 8)
		}
	}
	return out
}

func appendWords(out []byte, words []int64) []byte {
	if len(words) == 0 {
		return out
	}
	least, most := words[0], words[0]
	for _, w := range words {
		least, most = min(least, w), max(most, w)
	}
	width := 0
	for x := uint64(most) - uint64(least); x > 0; x >>= 8 {
		width++
	}
	out = binary.LittleEndian.AppendUint64(out, uint64(least))
	out = append(out, byte(width))
	// Eight bytes are written for each word, of which the next one covers those
	// that do not count.
	at := len(out)
	out = append(out, make([]byte, len(words)*width+8)...)
	for _, w := range words {
		binary.LittleEndian.PutUint64(out[at:], uint64(w)-uint64(least))
		at += width
	}
	return out[:at]
}
