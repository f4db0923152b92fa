package kafka

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/segmentio/kafka-go/compress"

	"github.com/dirigo-stream/dirigo/connectors"
	"github.com/dirigo-stream/dirigo/exec/batch"
)

// rawBatch builds a record batch with records at base + delta; last is its last
// offset delta, beyond the records where the rest was compacted away.
func rawBatch(base int64, last int32, codec compress.Compression, deltas []int64, value func(offset int64) string) []byte {
	b := outBatch{count: int32(len(deltas)), first: 1000, max: 2000}
	for _, d := range deltas {
		tail := appendBytes(appendBytes(nil, nil, false), []byte(value(base+d)), true)
		tail = append(tail, 0)
		b.body = binary.AppendVarint(b.body, int64(2+varintSize(d)+len(tail)))
		b.body = append(b.body, 0, 0)
		b.body = binary.AppendVarint(b.body, d)
		b.body = append(b.body, tail...)
	}
	if err := b.seal(codec, producerID{-1, -1}, -1); err != nil {
		panic(err)
	}
	h := b.sealed[4:]
	binary.BigEndian.PutUint64(h, uint64(base))
	binary.BigEndian.PutUint32(h[23:], uint32(last))
	return restamp(h)
}

func restamp(h []byte) []byte {
	binary.BigEndian.PutUint32(h[17:], crc32.Checksum(h[21:], castagnoli))
	return h
}

// fed is a reader that no broker feeds: partition 0 holds the given record sets.
func fed(t testing.TB, from int64, sets ...[]byte) (*reader, *part) {
	src := openSource(t, spec("127.0.0.1:1", "t", rowColumns)).(*source)
	r, err := newReader(src, func() {})
	if err != nil {
		t.Fatal(err)
	}
	p := &part{id: 0, leader: 1, limit: 1 << 20}
	p.reset(connectors.Start(from))
	r.parts[0] = p
	for _, s := range sets {
		a := fetchPartition{HighWatermark: 1 << 40, LastStableOffset: 1 << 40, Records: rawRecords{slices.Clone(s)}}
		if _, err := p.take(&a, true); err != nil {
			p.lost = err
		}
	}
	r.held = p.held
	r.enqueue(p)
	return r, p
}

// drain reads everything, max rows at a time.
func drain(r *reader, max int) (offsets []int64, rejected []int64, next int64, err error) {
	for {
		var rows connectors.Rows
		ok, err := r.Read(&rows, max)
		if err != nil || !ok {
			return offsets, rejected, next, err
		}
		o := batch.Origin{Base: rows.Base, Offsets: rows.Offsets}
		for i := range rows.N {
			offsets = append(offsets, o.Offset(i))
		}
		for _, x := range rows.Rejected {
			rejected = append(rejected, x.Offset)
		}
		next = rows.Next
	}
}

// TestCompacted: holes in a batch, between batches and at the end keep offsets
// right, and a batch of which nothing is left is passed over.
func TestCompacted(t *testing.T) {
	v := func(o int64) string { return value(int(o), "x") }
	sets := [][]byte{
		append(rawBatch(0, 9, 0, []int64{1, 2, 5}, v), rawBatch(10, 4, compress.Zstd, []int64{0, 4}, v)...),
		append(rawBatch(20, 9, 0, nil, v), rawBatch(40, 9, compress.Lz4, []int64{0, 1}, v)...),
	}
	all := []int64{1, 2, 5, 10, 14, 40, 41}
	for from := range int64(50) {
		for _, max := range []int{1, 2, 100} {
			r, p := fed(t, from, sets...)
			offsets, rejected, next, err := drain(r, max)
			var want []int64
			for _, o := range all {
				if o >= from {
					want = append(want, o)
				}
			}
			if err != nil || len(rejected) > 0 || !slices.Equal(offsets, want) || next != 50 {
				t.Fatalf("from %d, max %d: %v (want %v), next %d, rejected %v, %v", from, max, offsets, want, next, rejected, err)
			}
			if r.held != 0 || p.held != 0 {
				t.Fatalf("from %d, max %d: credit of %d, %d bytes not given back", from, max, r.held, p.held)
			}
		}
	}
}

// TestDamaged: a wrong checksum is an error with its offset; what a producer
// wrote wrongly is rejected, and the next batch read; old formats are named.
func TestDamaged(t *testing.T) {
	v := func(o int64) string { return value(int(o), "x") }
	good := rawBatch(5, 1, 0, []int64{0, 1}, v)
	flipped := rawBatch(0, 4, 0, []int64{0, 1, 2, 3, 4}, v)
	flipped[len(flipped)-1] ^= 1
	r, _ := fed(t, 0, append(flipped, good...))
	if _, _, _, err := drain(r, 10); err == nil || !strings.Contains(err.Error(), "offset 0: checksum") {
		t.Fatal(err)
	}
	short := rawBatch(0, 4, 0, []int64{0, 1, 2, 3, 4}, v)
	binary.BigEndian.PutUint32(short[57:], 9) // more records than there are
	r, _ = fed(t, 0, append(restamp(short), good...))
	if offsets, rejected, next, err := drain(r, 10); err != nil || !slices.Equal(offsets, []int64{0, 1, 2, 3, 4, 5, 6}) || !slices.Equal(rejected, []int64{5}) || next != 7 {
		t.Fatal(offsets, rejected, next, err)
	}
	packed := rawBatch(0, 4, compress.Gzip, []int64{0, 1, 2, 3, 4}, v)
	packed[headerSize] ^= 1
	r, _ = fed(t, 0, append(restamp(packed), good...))
	if offsets, rejected, next, err := drain(r, 10); err != nil || !slices.Equal(offsets, []int64{5, 6}) || !slices.Equal(rejected, []int64{0}) || next != 7 {
		t.Fatal(offsets, rejected, next, err)
	}
	old := slices.Clone(good)
	old[16] = 1
	r, _ = fed(t, 0, old)
	if _, _, _, err := drain(r, 10); err == nil || !strings.Contains(err.Error(), "before 0.11") {
		t.Fatal(err)
	}
}

// TestCutOff: brokers cut the last batch of an answer anywhere; what is whole is
// read, and the rest asked for again.
func TestCutOff(t *testing.T) {
	v := func(o int64) string { return value(int(o), "x") }
	first, second := rawBatch(0, 2, 0, []int64{0, 1, 2}, v), rawBatch(3, 1, 0, []int64{0, 1}, v)
	for n := range len(second) {
		r, p := fed(t, 0, append(slices.Clone(first), second[:n]...))
		if offsets, _, next, err := drain(r, 2); err != nil || len(offsets) != 3 || next != 3 || p.fetch != 3 || p.held != 0 {
			t.Fatal(n, offsets, next, err, p.fetch, p.held)
		}
	}
	_, p := fed(t, 0, second[:20])
	if p.limit != 2<<20 || p.held != 0 {
		t.Fatalf("a batch that does not fit: limit %d, held %d", p.limit, p.held)
	}
}

// TestSplitBatch: halves hold the same records.
func TestSplitBatch(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	for range 100 {
		b := &outBatch{partition: 3}
		n := 2 + rng.IntN(300)
		var tails []string
		for i := range n {
			tail := appendBytes(appendBytes(nil, []byte("key"), rng.IntN(2) == 0), []byte(strings.Repeat("v", rng.IntN(200))), i%7 > 0)
			tail = append(tail, 0)
			tails = append(tails, fmt.Sprint(i/50, " ", string(tail)))
			b.add(int64(i/50), tail)
		}
		x, y, err := b.split()
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, half := range []*outBatch{x, y} {
			it := records{header: header{first: half.first}, rest: half.body, left: half.count}
			for before := it.rest; ; before = it.rest {
				var rec record
				ok, err := it.next(&rec)
				if err != nil {
					t.Fatal(err)
				}
				if !ok {
					break
				}
				got = append(got, fmt.Sprint(rec.time, " ", string(tailOf(before[:len(before)-len(it.rest)]))))
			}
		}
		if x.count == 0 || y.count == 0 || !reflect.DeepEqual(got, tails) {
			t.Fatalf("%d and %d records:\n%q\nwant\n%q", x.count, y.count, got, tails)
		}
	}
}

// FuzzRecords reads any bytes as record sets, with checksums made right or not:
// no panic, offsets increase, credit comes back, Next never moves back.
func FuzzRecords(f *testing.F) {
	v := func(o int64) string { return value(int(o), "x") }
	for c := range compress.Compression(5) {
		f.Add(append(rawBatch(0, 9, c, []int64{1, 2, 5}, v), rawBatch(10, 4, c, []int64{0, 4}, v)...), true)
	}
	marker := rawBatch(3, 0, 0, []int64{0}, v)
	marker[22] |= control | transactional
	f.Add(restamp(marker), false)
	f.Fuzz(func(t *testing.T, set []byte, right bool) {
		if right {
			for rest := set; ; {
				h, after, more, err := nextBatch(rest)
				if err != nil || !more {
					break
				}
				restamp(h.data)
				rest = after
			}
		}
		r, p := fed(t, 0, set)
		last := int64(-1)
		at := int64(0)
		for range 10_000 {
			var rows connectors.Rows
			ok, err := r.Read(&rows, 3)
			if err != nil {
				return
			}
			if !ok {
				break
			}
			if rows.Next < at || rows.N+len(rows.Rejected) > 3+1 {
				t.Fatalf("next %d after %d, %d rows", rows.Next, at, rows.N)
			}
			at = rows.Next
			o := batch.Origin{Base: rows.Base, Offsets: rows.Offsets}
			for i := range rows.N {
				if o.Offset(i) <= last || o.Offset(i) >= rows.Next {
					t.Fatalf("offset %d after %d, next %d", o.Offset(i), last, rows.Next)
				}
				last = o.Offset(i)
			}
		}
		if len(r.ready) == 0 && p.held != 0 {
			t.Fatalf("%d bytes not given back", p.held)
		}
	})
}
