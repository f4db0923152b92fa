package blackhole

import (
	"encoding/binary"
	"fmt"
	"math"
	"math/bits"

	"github.com/dirigo-stream/dirigo/exec/batch"
)

// The constants of wyhash's secret; any odd numbers with mixed bits would do.
const (
	k0 = 0xa0761d6478bd642f
	k1 = 0xe7037ed1a0b428db
	k2 = 0x8ebc6af09c88c6e3
)

// fold multiplies and folds the 128 bits: the step of wyhash.
func fold(a, b uint64) uint64 {
	high, low := bits.Mul64(a, b)
	return high ^ low
}

// join adds a value to the hash of its row.
func join(h, v uint64) uint64 { return fold(h^v^k1, k0) }

// digest hashes all rows of b column by column; rows is scratch, as long as b.
func digest(b *batch.Batch, rows []uint64) (Stats, error) {
	for i := range rows {
		rows[i] = k2
	}
	st := Stats{Rows: int64(b.Rows())}
	for c, col := range b.Cols {
		if col == nil {
			continue
		}
		st.Values += st.Rows
		n, err := mixColumn(rows, col, b.Sel)
		if err != nil {
			return st, fmt.Errorf("blackhole: column %d: %w", c, err)
		}
		st.Bytes += n
		st.Nulls += mixNulls(rows, col.Nulls(), b.Sel)
	}
	if b.Sel == nil {
		for i, h := range rows {
			st.Sum += h * uint64(b.DiffAt(i))
		}
		return st, nil
	}
	for _, i := range b.Sel {
		st.Sum += rows[i] * uint64(b.DiffAt(int(i)))
	}
	return st, nil
}

// mixColumn joins a column to the hashes, and returns the bytes of its values.
func mixColumn(rows []uint64, col batch.Column, sel []int32) (int64, error) {
	switch v := col.(type) {
	case *batch.Vec[int64]:
		return mixFixed(rows, v.Data, sel, 8, func(x int64) uint64 { return uint64(x) }), nil
	case *batch.Vec[float64]:
		return mixFixed(rows, v.Data, sel, 8, math.Float64bits), nil
	case *batch.Vec[bool]:
		return mixFixed(rows, v.Data, sel, 1, hashBool), nil
	case *batch.Vec[batch.Decimal]:
		return mixFixed(rows, v.Data, sel, 16, hashDecimal), nil
	case *batch.Vec[batch.Span]:
		return mixFixed(rows, v.Data, sel, 16, hashSpan), nil
	case *batch.TextVec:
		return mixTexts(rows, v, sel), nil
	}
	return 0, fmt.Errorf("unknown column type %T", col)
}

func mixFixed[T batch.Fixed](rows []uint64, data []T, sel []int32, size int64, hash func(T) uint64) int64 {
	if ints, ok := any(data).([]int64); ok && sel == nil {
		for i, x := range ints { // by far the most common, without the call
			rows[i] = join(rows[i], uint64(x))
		}
		return size * int64(len(ints))
	}
	if sel == nil {
		for i, x := range data {
			rows[i] = join(rows[i], hash(x))
		}
		return size * int64(len(data))
	}
	for _, i := range sel {
		rows[i] = join(rows[i], hash(data[i]))
	}
	return size * int64(len(sel))
}

func hashBool(x bool) uint64 {
	if x {
		return 1
	}
	return 0
}

func hashDecimal(x batch.Decimal) uint64 {
	h := fold(uint64(x.Hi)^k1, x.Lo^k2) ^ uint64(uint16(x.Scale))<<8 ^ uint64(x.Form)
	if x.Big != nil {
		h = fold(h^k0, hashText(x.Big.Append(nil, 62)))
	}
	return h
}

func hashSpan(x batch.Span) uint64 {
	return fold(uint64(x.Micros)^k1, (uint64(uint32(x.Days))<<32|uint64(uint32(x.Months)))^k2)
}

func mixTexts(rows []uint64, v *batch.TextVec, sel []int32) (size int64) {
	if sel == nil {
		from := uint32(0)
		if len(v.Off) > 0 {
			from = v.Off[0]
		}
		first := from
		for i := range rows[:v.Len()] {
			to := v.Off[i+1]
			rows[i] = join(rows[i], hashText(v.Data[from:to]))
			from = to
		}
		return int64(from - first)
	}
	for _, i := range sel {
		x := v.At(int(i))
		size += int64(len(x))
		rows[i] = join(rows[i], hashText(x))
	}
	return size
}

// hashText reads sixteen bytes a step; a last partial word is read with zeros,
// and the length tells such texts apart.
func hashText(x []byte) uint64 {
	h := (uint64(len(x)) + k0) * k2
	for len(x) >= 16 {
		h = fold(binary.LittleEndian.Uint64(x)^k1, binary.LittleEndian.Uint64(x[8:])^h)
		x = x[16:]
	}
	if len(x) >= 8 {
		h = fold(binary.LittleEndian.Uint64(x)^k1, h^k0)
		x = x[8:]
	}
	tail := uint64(0)
	for i, c := range x {
		tail |= uint64(c) << (8 * i)
	}
	return fold(tail^k1, h^k2)
}

// mixNulls tells NULL from zero and the empty text, and counts the NULLs.
func mixNulls(rows []uint64, nulls []bool, sel []int32) (n int64) {
	if nulls == nil {
		return 0
	}
	count := func(i int) {
		if nulls[i] {
			rows[i] = join(rows[i], k0)
			n++
		}
	}
	if sel == nil {
		for i := range nulls {
			count(i)
		}
		return n
	}
	for _, i := range sel {
		count(int(i))
	}
	return n
}
