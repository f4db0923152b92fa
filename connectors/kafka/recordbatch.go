package kafka

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"

	"github.com/segmentio/kafka-go/compress"
)

// A record batch (magic 2): all of it is big-endian.
//
//	 0 base offset int64         23 last offset delta int32
//	 8 length int32, of the rest 27 first timestamp int64, ms
//	12 leader epoch int32        35 max timestamp int64
//	16 magic int8                43 producer id int64
//	17 CRC-32C uint32, of 21…    51 producer epoch int16
//	21 attributes int16          53 base sequence int32
//	                             57 records int32, then they follow
const headerSize = 61

// Attributes of a record batch, beside the codec in the lowest three bits.
const (
	codecMask     = 0x07
	appendTime    = 0x08 // all records have the batch's max timestamp
	transactional = 0x10
	control       = 0x20
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// header is what a record batch says of itself.
type header struct {
	base       int64
	last       int64 // the offset of its last record, even if compacted away
	attributes int16
	first, max int64 // timestamps
	producer   int64
	count      int32
	data       []byte // the whole batch
}

// errOldFormat is for the message sets of Kafka before 0.11.
var errOldFormat = errors.New("its records are in the format of Kafka before 0.11, which is not supported")

// nextBatch splits the first batch off a record set. more is false where only a
// cut-off piece or nothing is left: brokers cut the last batch at the byte limit.
func nextBatch(set []byte) (h header, rest []byte, more bool, err error) {
	if len(set) < 17 {
		return header{}, nil, false, nil
	}
	size := int64(int32(binary.BigEndian.Uint32(set[8:]))) + 12
	if magic := set[16]; magic != 2 {
		if magic < 2 {
			return header{}, nil, false, errOldFormat
		}
		return header{}, nil, false, fmt.Errorf("record batch of unknown format %d", magic)
	}
	if size < headerSize {
		return header{}, nil, false, fmt.Errorf("record batch of %d bytes", size)
	}
	if int64(len(set)) < size {
		return header{}, nil, false, nil
	}
	b := set[:size:size]
	h = header{
		base:       int64(binary.BigEndian.Uint64(b)),
		attributes: int16(binary.BigEndian.Uint16(b[21:])),
		first:      int64(binary.BigEndian.Uint64(b[27:])),
		max:        int64(binary.BigEndian.Uint64(b[35:])),
		producer:   int64(binary.BigEndian.Uint64(b[43:])),
		count:      int32(binary.BigEndian.Uint32(b[57:])),
		data:       b,
	}
	h.last = h.base + int64(int32(binary.BigEndian.Uint32(b[23:])))
	return h, set[size:], true, nil
}

// endOf returns the offset after the last whole batch of a record set, or from
// where there is none.
func endOf(set []byte, from int64) (int64, error) {
	for {
		h, rest, more, err := nextBatch(set)
		if err != nil || !more {
			return from, err
		}
		set, from = rest, max(from, h.last+1)
	}
}

// check compares the checksum.
func (h *header) check() error {
	if want, got := binary.BigEndian.Uint32(h.data[17:]), crc32.Checksum(h.data[21:], castagnoli); want != got {
		return fmt.Errorf("record batch at offset %d: checksum %08x, want %08x", h.base, got, want)
	}
	return nil
}

// maxUnpacked bounds a decompressed batch: a small one can be made to unpack to
// anything.
const maxUnpacked = 256 << 20

// body returns the records of the batch, unpacked into scratch where they are
// compressed.
func (h *header) body(scratch *bytes.Buffer) ([]byte, error) {
	packed := h.data[headerSize:]
	c := compress.Compression(h.attributes & codecMask)
	if c == compress.None {
		return packed, nil
	}
	codec := c.Codec()
	if codec == nil {
		return nil, fmt.Errorf("unknown compression %d", c)
	}
	r := codec.NewReader(bytes.NewReader(packed))
	defer r.Close()
	scratch.Reset()
	n, err := scratch.ReadFrom(io.LimitReader(r, maxUnpacked+1))
	if err == nil && n > maxUnpacked {
		err = fmt.Errorf("more than %d MB", maxUnpacked>>20)
	}
	if err != nil {
		return nil, fmt.Errorf("unpack %s: %w", codec.Name(), err)
	}
	return scratch.Bytes(), nil
}

// record is one record; its bytes belong to the batch. key and value are nil
// where the record has none.
type record struct {
	offset     int64
	time       int64 // ms
	key, value []byte
	headers    []byte // their count and the headers, undecoded
}

var errRecord = errors.New("record cut off or not well-formed")

// records walks through the records of a batch.
type records struct {
	header
	rest []byte
	left int32
}

// next reads the next record into rec; false means there is none, or an error.
func (it *records) next(rec *record) (bool, error) {
	if it.left <= 0 {
		return false, nil
	}
	it.left--
	size, n := varint(it.rest)
	if n <= 0 || size < 0 || size > int64(len(it.rest)-n) {
		return false, errRecord
	}
	b := it.rest[n : n+int(size)]
	it.rest = it.rest[n+int(size):]
	if len(b) < 1 {
		return false, errRecord
	}
	b = b[1:] // attributes: none are in use
	delta, n := varint(b)
	if n <= 0 {
		return false, errRecord
	}
	rec.time = it.first + delta
	if it.attributes&appendTime != 0 {
		rec.time = it.max
	}
	b = b[n:]
	delta, n = varint(b)
	if n <= 0 {
		return false, errRecord
	}
	rec.offset = it.base + delta
	var ok bool
	if rec.key, b, ok = bytesOf(b[n:]); !ok {
		return false, errRecord
	}
	if rec.value, rec.headers, ok = bytesOf(b); !ok {
		return false, errRecord
	}
	return true, nil
}

// bytesOf reads bytes with their length before them; -1 is nil.
func bytesOf(b []byte) (x, rest []byte, ok bool) {
	size, n := varint(b)
	if n <= 0 || size > int64(len(b)-n) {
		return nil, nil, false
	}
	b = b[n:]
	if size < 0 {
		return nil, b, true
	}
	return b[:size:size], b[size:], true
}

// varint reads a zigzag varint; n is 0 where b does not hold one.
func varint(b []byte) (x int64, n int) {
	if len(b) > 0 && b[0] < 0x80 {
		return int64(b[0]>>1) ^ -int64(b[0]&1), 1
	}
	if len(b) > 1 && b[1] < 0x80 {
		u := uint64(b[0]&0x7f) | uint64(b[1])<<7
		return int64(u>>1) ^ -int64(u&1), 2
	}
	return binary.Varint(b)
}

// eachHeader calls f for every header of a record.
func eachHeader(b []byte, f func(name, value []byte)) error {
	count, n := varint(b)
	if n <= 0 {
		return errRecord
	}
	b = b[n:]
	for range count {
		name, rest, ok := bytesOf(b)
		if !ok || name == nil {
			return errRecord
		}
		value, rest, ok := bytesOf(rest)
		if !ok {
			return errRecord
		}
		f(name, value)
		b = rest
	}
	return nil
}

// aborts says whether a control batch is the marker of an aborted transaction.
func (h *header) aborts() bool {
	it := records{header: *h, rest: h.data[headerSize:], left: h.count}
	var rec record
	ok, err := it.next(&rec)
	return ok && err == nil && len(rec.key) >= 4 && binary.BigEndian.Uint16(rec.key[2:]) == 0
}
