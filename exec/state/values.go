package state

import (
	"encoding/binary"
	"math"
	"math/big"
	"math/bits"

	"github.com/dirigo-stream/dirigo/exec/batch"
)

// FloatWord returns f as a word that orders as PostgreSQL orders floats: -0
// equals 0, NaN equals NaN and is the greatest.
func FloatWord(f float64) int64 {
	switch {
	case f != f:
		return math.MaxInt64
	case f == 0:
		return 0
	}
	x := int64(math.Float64bits(f))
	if x < 0 {
		x = math.MinInt64 - x
	}
	return x
}

// WordFloat is the inverse of FloatWord.
func WordFloat(w int64) float64 {
	if w == math.MaxInt64 {
		return math.NaN()
	}
	if w < 0 {
		w = math.MinInt64 - w
	}
	return math.Float64frombits(uint64(w))
}

// AppendSpan adds an interval's encoding to dst: 16 bytes by which intervals
// compare (bytewise, in order), then the interval itself.
func AppendSpan(dst []byte, s batch.Span) []byte {
	const day = 86_400_000_000
	hi, lo := mul128(int64(s.Months)*30+int64(s.Days), day)
	lo, carry := bits.Add64(lo, uint64(s.Micros), 0)
	hi += s.Micros>>63 + int64(carry)
	dst = binary.BigEndian.AppendUint64(dst, uint64(hi)^(1<<63))
	dst = binary.BigEndian.AppendUint64(dst, lo)
	dst = binary.LittleEndian.AppendUint64(dst, uint64(s.Micros))
	dst = binary.LittleEndian.AppendUint32(dst, uint32(s.Days))
	return binary.LittleEndian.AppendUint32(dst, uint32(s.Months))
}

// SpanOf decodes an interval.
func SpanOf(b []byte) batch.Span {
	if len(b) < 32 {
		return batch.Span{}
	}
	return batch.Span{
		Micros: int64(binary.LittleEndian.Uint64(b[16:])),
		Days:   int32(binary.LittleEndian.Uint32(b[24:])),
		Months: int32(binary.LittleEndian.Uint32(b[28:])),
	}
}

// mul128 returns a·b as a 128-bit two's complement number.
func mul128(a, b int64) (hi int64, lo uint64) {
	h, l := bits.Mul64(uint64(a), uint64(b))
	h -= uint64(a>>63)&uint64(b) + uint64(b>>63)&uint64(a)
	return int64(h), l
}

// AppendDecimal adds a number's encoding to dst: its form, its value without
// trailing zeros (equal numbers have equal bytes), then 2 bytes of display
// scale.
func AppendDecimal(dst []byte, d batch.Decimal) []byte {
	dst = append(dst, byte(d.Form))
	if d.Form == batch.Finite {
		dst = appendFinite(dst, d)
	}
	return binary.LittleEndian.AppendUint16(dst, uint16(d.Scale))
}

func appendFinite(dst []byte, d batch.Decimal) []byte {
	scale := d.Scale
	if d.Big == nil && d.Hi == int64(d.Lo)>>63 {
		v := int64(d.Lo)
		if v == 0 {
			scale = 0
		}
		for scale > 0 && v%10 == 0 {
			v /= 10
			scale--
		}
		dst = binary.AppendUvarint(dst, uint64(scale))
		mag := uint64(v)
		if v < 0 {
			mag = -mag
		}
		return appendMagnitude(dst, v < 0, binary.BigEndian.AppendUint64(nil, mag))
	}
	v := new(big.Int).Set(DecimalInt(d))
	ten, rest := big.NewInt(10), new(big.Int)
	for q := new(big.Int); scale > 0; scale-- {
		if q.QuoRem(v, ten, rest); rest.Sign() != 0 {
			break
		}
		v, q = q, v
	}
	dst = binary.AppendUvarint(dst, uint64(scale))
	return appendMagnitude(dst, v.Sign() < 0, v.Bytes())
}

func appendMagnitude(dst []byte, negative bool, mag []byte) []byte {
	for len(mag) > 0 && mag[0] == 0 {
		mag = mag[1:]
	}
	sign := byte(0)
	if negative {
		sign = 1
	}
	return append(append(dst, sign), mag...)
}

// DecimalInt returns the unscaled integer of a finite number; nobody may
// change it.
func DecimalInt(d batch.Decimal) *big.Int {
	if d.Big != nil {
		return d.Big
	}
	if d.Hi == int64(d.Lo)>>63 {
		return big.NewInt(int64(d.Lo))
	}
	v := big.NewInt(d.Hi)
	return v.Lsh(v, 64).Add(v, new(big.Int).SetUint64(d.Lo))
}

// MakeDecimal returns the finite number v·10^-scale; it keeps v.
func MakeDecimal(v *big.Int, scale int16) batch.Decimal {
	if v.IsInt64() {
		x := v.Int64()
		return batch.Decimal{Hi: x >> 63, Lo: uint64(x), Scale: scale}
	}
	if v.BitLen() > 126 {
		return batch.Decimal{Big: v, Scale: scale}
	}
	mask := new(big.Int).SetUint64(math.MaxUint64)
	lo := mask.And(mask, v).Uint64()
	return batch.Decimal{Hi: new(big.Int).Rsh(v, 64).Int64(), Lo: lo, Scale: scale}
}

// DecimalOf decodes a number.
func DecimalOf(b []byte) batch.Decimal {
	if len(b) < 3 {
		return batch.Decimal{}
	}
	display := int16(binary.LittleEndian.Uint16(b[len(b)-2:]))
	if form := batch.Form(b[0]); form != batch.Finite {
		return batch.Decimal{Form: form, Scale: display}
	}
	scale, n := binary.Uvarint(b[1:])
	if n <= 0 || 2+n > len(b)-2 {
		return batch.Decimal{}
	}
	mag := b[2+n : len(b)-2]
	if len(mag) <= 7 && int16(scale) == display {
		v := int64(0)
		for _, x := range mag {
			v = v<<8 | int64(x)
		}
		if b[1+n] == 1 {
			v = -v
		}
		return batch.Decimal{Hi: v >> 63, Lo: uint64(v), Scale: display}
	}
	v := new(big.Int).SetBytes(mag)
	if b[1+n] == 1 {
		v.Neg(v)
	}
	if more := int64(display) - int64(scale); more > 0 {
		v.Mul(v, new(big.Int).Exp(big.NewInt(10), big.NewInt(more), nil))
	}
	return MakeDecimal(v, display)
}
