package agg

import (
	"bytes"
	"encoding/binary"
	"math"
	"math/big"

	"github.com/dirigo-stream/dirigo/exec/batch"
)

// sumFloat adds floats exactly, so that neither the order of rows nor how they
// were split shows in the sum: one word, the number of values, and a byte
// string with a fixed-point number wide enough for what came (after Kulisch;
// Neal, "Fast exact summation using small and large superaccumulators", 2015).
//
// The bytes are empty, or: 8 each for the counts of NaN, +Inf and -Inf, 8 for
// the place of the first limb, then the limbs, 8 bytes each: signed, worth
// limb·2^(32·place − 1074).
type sumFloat struct {
	at   int
	mean bool
	kind batch.Kind // of the result
}

const exactHead = 32

func (k sumFloat) push(c *chunk, col batch.Column, pos []int32) {
	data := col.(*batch.Vec[float64]).Data
	var scratch []byte
	for _, i := range pos {
		n := int64(1)
		if c.diff != nil {
			n = c.diff[i]
		}
		c.words[i][k.at] += n
		acc := c.table.Bytes(c.refs[i], k.at+1)
		if exactInPlace(acc, data[c.rows[i]], n) {
			continue
		}
		scratch = append(scratch[:0], acc...)
		scratch = exactAdd(scratch, data[c.rows[i]], n)
		c.table.SetBytes(c.refs[i], k.at+1, scratch)
	}
}

// parts splits a finite float into an integer and the place of its lowest bit,
// counted from 2^-1074.
func parts(v float64) (mant uint64, bit int, neg bool) {
	b := math.Float64bits(v)
	exp := int(b >> 52 & 0x7ff)
	mant = b & (1<<52 - 1)
	if exp > 0 {
		mant |= 1 << 52
		exp--
	}
	return mant, exp, b>>63 == 1
}

const limbRoom = 1 << 61 // a limb beyond it is carried before more is added

// exactInPlace adds n times v where the limbs for it are there and have room.
func exactInPlace(acc []byte, v float64, n int64) bool {
	if len(acc) == 0 || v != v || math.IsInf(v, 0) || n > 1<<28 || n < -1<<28 {
		return false
	}
	mant, bit, neg := parts(v)
	if neg {
		n = -n
	}
	first := bit/32 - int(binary.LittleEndian.Uint64(acc[24:]))
	if first < 0 || exactHead+(first+3)*8 > len(acc) {
		return false
	}
	limbs := acc[exactHead+first*8 : exactHead+first*8+24]
	shift := uint(bit % 32)
	lo, hi := mant<<shift, mant>>1>>(63-shift)
	digits := [3]int64{int64(lo & math.MaxUint32), int64(lo >> 32), int64(hi)}
	for j := range digits {
		if x := int64(binary.LittleEndian.Uint64(limbs[j*8:])); x > limbRoom || x < -limbRoom {
			return false
		}
	}
	for j, d := range digits {
		x := int64(binary.LittleEndian.Uint64(limbs[j*8:])) + d*n
		binary.LittleEndian.PutUint64(limbs[j*8:], uint64(x))
	}
	return true
}

// exactAdd adds n times v, growing and carrying as needed.
func exactAdd(acc []byte, v float64, n int64) []byte {
	if len(acc) == 0 {
		acc = append(acc, make([]byte, exactHead)...)
		if v == v && !math.IsInf(v, 0) {
			_, bit, _ := parts(v)
			binary.LittleEndian.PutUint64(acc[24:], uint64(bit/32))
		}
	}
	special := -1
	switch {
	case v != v:
		special = 0
	case math.IsInf(v, 1):
		special = 1
	case math.IsInf(v, -1):
		special = 2
	}
	if special >= 0 {
		have := binary.LittleEndian.Uint64(acc[special*8:])
		binary.LittleEndian.PutUint64(acc[special*8:], have+uint64(n))
		return acc
	}
	for n != 0 {
		part := max(min(n, 1<<28), -1<<28)
		n -= part
		_, bit, _ := parts(v)
		acc = exactGrow(acc, bit/32)
		if !exactInPlace(acc, v, part) {
			acc = exactCarry(acc)
			n += part
		}
	}
	return acc
}

// exactGrow makes room for the limbs first to first+2.
func exactGrow(acc []byte, first int) []byte {
	have := int(binary.LittleEndian.Uint64(acc[24:]))
	if len(acc) == exactHead {
		binary.LittleEndian.PutUint64(acc[24:], uint64(first))
		have = first
	}
	if below := have - first; below > 0 {
		wider := make([]byte, len(acc)+below*8)
		copy(wider, acc[:exactHead])
		copy(wider[exactHead+below*8:], acc[exactHead:])
		binary.LittleEndian.PutUint64(wider[24:], uint64(first))
		acc, have = wider, first
	}
	if more := exactHead + (first-have+3)*8 - len(acc); more > 0 {
		acc = append(acc, make([]byte, more)...)
	}
	return acc
}

// exactCarry brings all limbs but the highest under 2^32, with one limb more
// where the highest needs it.
func exactCarry(acc []byte) []byte {
	carry := int64(0)
	for at := exactHead; at < len(acc); at += 8 {
		x := int64(binary.LittleEndian.Uint64(acc[at:])) + carry
		carry = 0
		if at+8 < len(acc) || x >= 1<<32 || x < -1<<32 {
			carry = x >> 32
			x -= carry << 32
		}
		binary.LittleEndian.PutUint64(acc[at:], uint64(x))
	}
	if carry != 0 {
		acc = binary.LittleEndian.AppendUint64(acc, uint64(carry))
	}
	return acc
}

// exactMergeInPlace adds from to acc where the limbs for it are there and have room.
func exactMergeInPlace(acc, from []byte) bool {
	if len(from) == 0 {
		return true
	}
	if len(acc) == 0 {
		return false
	}
	to := acc[exactHead:]
	if limbs := from[exactHead:]; len(limbs) > 0 {
		first := (int(binary.LittleEndian.Uint64(from[24:])) - int(binary.LittleEndian.Uint64(acc[24:]))) * 8
		if first < 0 || first+len(limbs) > len(to) {
			return false
		}
		to = to[first : first+len(limbs)]
		for at := 0; at < len(limbs); at += 8 {
			x, y := int64(binary.LittleEndian.Uint64(to[at:])), int64(binary.LittleEndian.Uint64(limbs[at:]))
			if x > limbRoom || x < -limbRoom || y > limbRoom || y < -limbRoom {
				return false
			}
		}
		for at := 0; at < len(limbs); at += 8 {
			binary.LittleEndian.PutUint64(to[at:], binary.LittleEndian.Uint64(to[at:])+binary.LittleEndian.Uint64(limbs[at:]))
		}
	}
	for at := 0; at < 24; at += 8 {
		binary.LittleEndian.PutUint64(acc[at:], binary.LittleEndian.Uint64(acc[at:])+binary.LittleEndian.Uint64(from[at:]))
	}
	return true
}

// exactMerge adds from to acc.
func exactMerge(acc, from []byte) []byte {
	if len(from) == 0 {
		return acc
	}
	if len(acc) == 0 {
		return append(acc, from...)
	}
	for j := range 3 {
		sum := binary.LittleEndian.Uint64(acc[j*8:]) + binary.LittleEndian.Uint64(from[j*8:])
		binary.LittleEndian.PutUint64(acc[j*8:], sum)
	}
	if len(from) == exactHead {
		return acc
	}
	from = exactCarry(append([]byte(nil), from...))
	first, limbs := int(binary.LittleEndian.Uint64(from[24:])), (len(from)-exactHead)/8
	acc = exactCarry(exactGrow(exactGrow(acc, first), first+limbs-1))
	have := int(binary.LittleEndian.Uint64(acc[24:]))
	for j := range limbs {
		at := exactHead + (first-have+j)*8
		x := binary.LittleEndian.Uint64(acc[at:]) + binary.LittleEndian.Uint64(from[exactHead+j*8:])
		binary.LittleEndian.PutUint64(acc[at:], x)
	}
	return acc
}

// exactRound returns the sum, rounded to nearest, ties to even.
func exactRound(acc []byte) float64 {
	if len(acc) == 0 {
		return 0
	}
	nan, pos, neg := int64(binary.LittleEndian.Uint64(acc)), int64(binary.LittleEndian.Uint64(acc[8:])), int64(binary.LittleEndian.Uint64(acc[16:]))
	switch {
	case nan > 0 || pos > 0 && neg > 0:
		return math.NaN()
	case pos > 0:
		return math.Inf(1)
	case neg > 0:
		return math.Inf(-1)
	}
	sum, limb := new(big.Int), new(big.Int)
	for at := len(acc) - 8; at >= exactHead; at -= 8 {
		sum.Lsh(sum, 32)
		sum.Add(sum, limb.SetInt64(int64(binary.LittleEndian.Uint64(acc[at:]))))
	}
	if sum.Sign() == 0 {
		return 0
	}
	f := new(big.Float).SetInt(sum) // as precise as sum is long
	f.SetMantExp(f, 32*int(binary.LittleEndian.Uint64(acc[24:]))-1074)
	x, _ := f.Float64()
	return x
}

func (k sumFloat) merge(dst, src *rowset) {
	var scratch []byte
	for i, s := range src.words {
		dst.words[i][k.at] += s[k.at]
		acc, from := dst.table.Bytes(dst.refs[i], k.at+1), src.table.Bytes(src.refs[i], k.at+1)
		if exactMergeInPlace(acc, from) {
			continue
		}
		scratch = exactMerge(append(scratch[:0], acc...), from)
		dst.table.SetBytes(dst.refs[i], k.at+1, scratch)
	}
}

func (k sumFloat) empty(rows *rowset, i int) bool {
	acc := rows.table.Bytes(rows.refs[i], k.at+1)
	if rows.words[i][k.at] != 0 || len(acc) == 0 {
		return rows.words[i][k.at] == 0
	}
	specials := make([]byte, 24)
	return bytes.Equal(acc[:24], specials) && exactRound(acc) == 0
}

func (k sumFloat) result(out batch.Column, rows *rowset) error {
	v := out.(*batch.Vec[float64])
	for i, w := range rows.words {
		n := w[k.at]
		if n <= 0 {
			v.AppendNull()
			continue
		}
		acc := rows.table.Bytes(rows.refs[i], k.at+1)
		x := exactRound(acc)
		over := math.IsInf(x, 0) && !hasInf(acc)
		if k.kind == batch.Float32 {
			y := float64(float32(x))
			over = over || math.IsInf(y, 0) && !math.IsInf(x, 0)
			x = y
		}
		if over {
			return &batch.ValueError{Code: "22003", Message: "value out of range: overflow"}
		}
		if k.mean {
			x /= float64(n)
		}
		v.Append(x)
	}
	return nil
}

func hasInf(acc []byte) bool {
	return binary.LittleEndian.Uint64(acc[8:]) != 0 || binary.LittleEndian.Uint64(acc[16:]) != 0
}
