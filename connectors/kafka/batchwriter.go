package kafka

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/crc32"

	"github.com/segmentio/kafka-go/compress"
)

// outBatch is a record batch on its way: built from tails, then sealed with a
// producer's id and sequence.
type outBatch struct {
	partition  int32
	count      int32
	first, max int64  // timestamps
	body       []byte // records, unpacked: a batch that is too large is split
	sealed     []byte // as it goes out, behind its length
}

// add appends one record.
func (b *outBatch) add(ms int64, tail []byte) {
	if b.count == 0 {
		b.first, b.max = ms, ms
	}
	b.max = max(b.max, ms)
	delta, offset := ms-b.first, int64(b.count)
	b.body = binary.AppendVarint(b.body, int64(1+varintSize(delta)+varintSize(offset)+len(tail)))
	b.body = append(b.body, 0) // attributes
	b.body = binary.AppendVarint(b.body, delta)
	b.body = binary.AppendVarint(b.body, offset)
	b.body = append(b.body, tail...)
	b.count++
}

// seal makes the bytes of the batch; see the layout at headerSize.
func (b *outBatch) seal(codec compress.Compression, id producerID, sequence int32) error {
	out := takeBuffer(4 + headerSize + len(b.body))[:4+headerSize]
	clear(out)
	if codec == compress.None {
		out = append(out, b.body...)
	} else {
		packed := bytes.NewBuffer(out)
		w := codec.Codec().NewWriter(packed)
		_, err := w.Write(b.body)
		if e := w.Close(); err == nil {
			err = e
		}
		if err != nil {
			return fmt.Errorf("pack %v: %w", codec, err)
		}
		out = packed.Bytes()
	}
	binary.BigEndian.PutUint32(out, uint32(len(out)-4))
	h := out[4:]
	binary.BigEndian.PutUint32(h[8:], uint32(len(h)-12))
	binary.BigEndian.PutUint32(h[12:], 0xffffffff)
	h[16] = 2
	binary.BigEndian.PutUint16(h[21:], uint16(codec))
	binary.BigEndian.PutUint32(h[23:], uint32(b.count-1))
	binary.BigEndian.PutUint64(h[27:], uint64(b.first))
	binary.BigEndian.PutUint64(h[35:], uint64(b.max))
	binary.BigEndian.PutUint32(h[57:], uint32(b.count))
	b.sealed = out
	b.stamp(id, sequence)
	return nil
}

// stamp writes the producer and the sequence into a sealed batch.
func (b *outBatch) stamp(id producerID, sequence int32) {
	h := b.sealed[4:]
	binary.BigEndian.PutUint64(h[43:], uint64(id.id))
	binary.BigEndian.PutUint16(h[51:], uint16(id.epoch))
	binary.BigEndian.PutUint32(h[53:], uint32(sequence))
	binary.BigEndian.PutUint32(h[17:], crc32.Checksum(h[21:], castagnoli))
}

func (b *outBatch) sequence() int32 { return int32(binary.BigEndian.Uint32(b.sealed[4+53:])) }

// split cuts a batch of at least two records in halves.
func (b *outBatch) split() (x, y *outBatch, err error) {
	x, y = &outBatch{partition: b.partition}, &outBatch{partition: b.partition}
	it := records{header: header{first: b.first}, rest: b.body, left: b.count}
	for i := range b.count {
		before := it.rest
		var rec record
		if ok, err := it.next(&rec); !ok {
			return nil, nil, fmt.Errorf("split a batch: %w", err)
		}
		to := x
		if i >= b.count/2 {
			to = y
		}
		to.add(rec.time, tailOf(before[:len(before)-len(it.rest)]))
	}
	return x, y, nil
}

// tailOf returns what add was given for a record.
func tailOf(rec []byte) []byte {
	_, n := varint(rec)
	rec = rec[n+1:]
	for range 2 {
		_, n = varint(rec)
		rec = rec[n:]
	}
	return rec
}

// keyOf returns the key of a record's tail.
func keyOf(tail []byte) []byte {
	key, _, _ := bytesOf(tail)
	return key
}

// murmur2 is the hash by which Java's producer chooses partitions.
func murmur2(data []byte) uint32 {
	const m = 0x5bd1e995
	h := 0x9747b28c ^ uint32(len(data))
	for ; len(data) >= 4; data = data[4:] {
		k := binary.LittleEndian.Uint32(data) * m
		k = (k ^ k>>24) * m
		h = h*m ^ k
	}
	switch len(data) {
	case 3:
		h ^= uint32(data[2]) << 16
		fallthrough
	case 2:
		h ^= uint32(data[1]) << 8
		fallthrough
	case 1:
		h = (h ^ uint32(data[0])) * m
	}
	h = (h ^ h>>13) * m
	return h ^ h>>15
}

// partitionOf returns the partition of a key among n, as Java's default.
func partitionOf(key []byte, n int) int32 {
	return int32(murmur2(key)&0x7fffffff) % int32(n)
}
