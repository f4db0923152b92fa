package batch

import (
	"encoding/binary"
	"math"
	"math/bits"
)

// HashVersion names the key hash. Sealed state is placed by it: a change of the
// function is a new version beside the old one, never an edit.
const HashVersion = 1

const (
	hashSeed uint64 = 0x9e3779b97f4a7c15
	hashNull uint64 = 0x5bd1e9955bd1e995
	hashA    uint64 = 0xa0761d6478bd642f
	hashB    uint64 = 0xe7037ed1a0b428db
)

// HashRows writes the hash of each selected row's values to out, which it
// grows as needed and returns: out[k] belongs to row sel[k], or to row k where
// sel is nil. Equal rows have equal hashes (−0 = 0, NaN = NaN, numeric 1.0 =
// 1.00, intervals by length, JSONB and arrays alike; NULL like NULL) whatever batch they are in.
func HashRows(cols []Column, types []Type, sel []int32, n int, out []uint64) []uint64 {
	if sel != nil {
		n = len(sel)
	}
	if cap(out) < n {
		out = make([]uint64, n)
	}
	out = out[:n]
	for k := range out {
		out[k] = hashSeed
	}
	for i := range cols {
		hashColumn(cols[i], sel, out)
	}
	return out
}

// mix folds one value into a hash (the multiply-and-fold of wyhash).
func mix(h, v uint64) uint64 {
	hi, lo := bits.Mul64(h^v^hashA, v^hashB)
	return (hi ^ lo) + bits.RotateLeft64(h, 23)
}

func hashColumn(c Column, sel []int32, out []uint64) {
	nulls := c.Nulls()
	switch c := c.(type) {
	case *Vec[int64]:
		hashInts(c.Data, nulls, sel, out)
	case *TextVec:
		hashTexts(c, sel, out)
	case *Vec[bool]:
		hashEach(c.Data, nulls, sel, out, func(h uint64, v bool) uint64 {
			if v {
				return mix(h, 1)
			}
			return mix(h, 0)
		})
	case *Vec[float64]:
		hashEach(c.Data, nulls, sel, out, func(h uint64, v float64) uint64 { return mix(h, floatBits(v)) })
	case *Vec[Decimal]:
		hashEach(c.Data, nulls, sel, out, hashDecimal)
	case *Vec[Span]:
		hashEach(c.Data, nulls, sel, out, func(h uint64, v Span) uint64 {
			days, micros := v.Length()
			return mix(mix(h, uint64(days)), uint64(micros))
		})
	}
}

func hashInts(data []int64, nulls []bool, sel []int32, out []uint64) {
	switch {
	case nulls != nil:
		hashEach(data, nulls, sel, out, func(h uint64, v int64) uint64 { return mix(h, uint64(v)) })
	case sel != nil:
		for k, row := range sel {
			out[k] = mix(out[k], uint64(data[row]))
		}
	default:
		for k, v := range data[:len(out)] {
			out[k] = mix(out[k], uint64(v))
		}
	}
}

func hashTexts(c *TextVec, sel []int32, out []uint64) {
	for k := range out {
		row := k
		if sel != nil {
			row = int(sel[k])
		}
		if c.Null != nil && c.Null[row] {
			out[k] = mix(out[k], hashNull)
			continue
		}
		v := c.At(row)
		if c.Tailed {
			v = Significant(v)
		}
		out[k] = HashBytes(out[k], v)
	}
}

func hashEach[T Fixed](data []T, nulls []bool, sel []int32, out []uint64, f func(uint64, T) uint64) {
	for k := range out {
		row := k
		if sel != nil {
			row = int(sel[k])
		}
		if nulls != nil && nulls[row] {
			out[k] = mix(out[k], hashNull)
			continue
		}
		out[k] = f(out[k], data[row])
	}
}

// HashBytes folds a byte string into h.
func HashBytes(h uint64, s []byte) uint64 {
	n := uint64(len(s))
	for len(s) > 8 {
		h = mix(h, binary.LittleEndian.Uint64(s))
		s = s[8:]
	}
	var tail uint64
	switch {
	case len(s) == 8:
		tail = binary.LittleEndian.Uint64(s)
	case len(s) >= 4:
		lo := uint64(binary.LittleEndian.Uint32(s))
		hi := uint64(binary.LittleEndian.Uint32(s[len(s)-4:]))
		tail = lo | hi<<32
	case len(s) > 0:
		tail = uint64(s[0]) | uint64(s[len(s)/2])<<8 | uint64(s[len(s)-1])<<16
	}
	return mix(h^n<<48, tail)
}

// floatBits returns the bits of v with one zero and one NaN.
func floatBits(v float64) uint64 {
	switch {
	case v == 0:
		return 0
	case v != v:
		return 0x7ff8000000000001
	}
	return math.Float64bits(v)
}

func hashDecimal(h uint64, d Decimal) uint64 {
	d = d.Normal()
	if d.Form != Finite {
		return mix(h, uint64(d.Form)<<32|0xffff)
	}
	if d.Big != nil {
		h = mix(h, uint64(d.Scale)|uint64(d.Big.Sign()+2)<<32)
		return HashBytes(h, d.Big.Bytes())
	}
	if v, ok := d.small(); ok && d.Scale == 0 {
		return mix(h, uint64(v))
	}
	return mix(mix(h, d.Lo), uint64(d.Hi)^uint64(d.Scale)<<40)
}
