package job

import (
	"bytes"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/dirigo-stream/dirigo/exec/batch"
)

// recordTypes has a column of every way in which values lie in memory.
var recordTypes = []batch.Type{
	batch.T(batch.Bool), bigint, batch.T(batch.Float64), batch.T(batch.Numeric), batch.T(batch.Text),
	batch.T(batch.Interval), batch.T(batch.JSONB), batch.T(batch.Date),
}

func randomRecord(rng *rand.Rand, n int) *batch.Batch { return randomRows(rng, n, recordTypes) }

func randomRows(rng *rand.Rand, n int, types []batch.Type) *batch.Batch {
	b := &batch.Batch{N: n, Time: batch.MaxTime}
	for _, t := range types {
		c := batch.New(t.Kind, n)
		for range n {
			if rng.IntN(5) == 0 {
				batch.AppendNull(c)
				continue
			}
			switch c := c.(type) {
			case *batch.Vec[bool]:
				c.Append(rng.IntN(2) == 0)
			case *batch.Vec[int64]:
				c.Append(int64(rng.Uint64()) >> rng.IntN(64))
			case *batch.Vec[float64]:
				c.Append([]float64{0, math.Copysign(0, -1), math.NaN(), math.Inf(-1), rng.NormFloat64()}[rng.IntN(5)])
			case *batch.Vec[batch.Decimal]:
				c.Append(batch.NewDecimal(int64(rng.Uint64())>>rng.IntN(64), int16(rng.IntN(20))))
			case *batch.Vec[batch.Span]:
				c.Append(batch.Span{Months: rng.Int32N(99) - 50, Days: rng.Int32N(99) - 50, Micros: rng.Int64() - 1<<62})
			case *batch.TextVec:
				c.Append(bytes.Repeat([]byte{byte('a' + rng.IntN(26))}, rng.IntN(20)))
			}
		}
		b.Cols = append(b.Cols, c)
	}
	if rng.IntN(2) == 0 {
		for range n {
			b.Diff = append(b.Diff, rng.Int64N(5)-2|1)
		}
	}
	return b
}

func sameBatch(a, b *batch.Batch) bool {
	if a.N != b.N || len(a.Cols) != len(b.Cols) || (a.Diff == nil) != (b.Diff == nil) {
		return false
	}
	for i := range a.N {
		if a.DiffAt(i) != b.DiffAt(i) || !sameRow(rowAt{a, int32(i)}, rowAt{b, int32(i)}) {
			return false
		}
	}
	return true
}

// TestTableRecord: what is read is what was written, to the last bit, and a
// record with any bit changed, or cut, is refused.
func TestTableRecord(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for _, n := range []int{1, 2, 7, 8, 9, 100, 1000} {
		rows := randomRecord(rng, n)
		data, err := encodeRows(rows)
		if err != nil {
			t.Fatal(err)
		}
		sealRecord(data, 7, 42)
		rec, err := decodeRecord(data, recordTypes)
		if err != nil {
			t.Fatal(err)
		}
		if rec.group != 7 || rec.born != 42 || !sameBatch(rows, rec.rows) {
			t.Fatalf("%d rows: read %+v", n, rec)
		}
		if n > 10 {
			continue
		}
		for i := range data {
			if _, err := decodeRecord(data[:i], recordTypes); err == nil {
				t.Fatalf("cut at %d it was taken", i)
			}
			bad := bytes.Clone(data)
			bad[i] ^= 1 << rng.IntN(8)
			if _, err := decodeRecord(bad, recordTypes); err == nil {
				t.Fatalf("with byte %d changed it was taken", i)
			}
		}
		if _, err := decodeRecord(data, recordTypes[1:]); err == nil {
			t.Fatal("it was taken as one of another table")
		}
	}
}

// FuzzTableRecord seals what it is given, so that what lies behind the checksum
// is reached; what is taken reads alike when it is written again. (Numbers are
// left out: to spell one with ten thousand digits takes too long.)
func FuzzTableRecord(f *testing.F) {
	recordTypes := slices.DeleteFunc(slices.Clone(recordTypes), func(t batch.Type) bool { return t.Kind == batch.Numeric })
	rng := rand.New(rand.NewPCG(3, 4))
	for _, n := range []int{1, 3, 20} {
		data, err := encodeRows(randomRows(rng, n, recordTypes))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data[recordHeader:])
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		data := append(make([]byte, recordHeader), body...)
		data[4] = recordVersion
		sealRecord(data, 1, 1)
		rec, err := decodeRecord(data, recordTypes)
		if err != nil {
			return
		}
		again, err := encodeRows(rec.rows)
		if err != nil {
			t.Fatal(err)
		}
		sealRecord(again, 1, 1)
		same, err := decodeRecord(again, recordTypes)
		if err != nil || !sameBatch(rec.rows, same.rows) {
			t.Fatalf("written again it reads otherwise: %v", err)
		}
	})
}

// TestKeyFilter: no key that is there is missed, and few others are found.
func TestKeyFilter(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 6))
	f := newKeyFilter(0)
	var keys []uint64
	for range 300_000 {
		keys = append(keys, rng.Uint64())
		f.add(keys[len(keys)-1])
	}
	for _, k := range keys {
		if !f.may(k) {
			t.Fatal("a key is missed")
		}
	}
	found := 0
	for range 100_000 {
		if f.may(rng.Uint64()) {
			found++
		}
	}
	if found > 3000 {
		t.Fatalf("%d of 100,000 keys that are not there pass", found)
	}
}
