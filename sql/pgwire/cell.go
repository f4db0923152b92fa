package pgwire

import (
	"encoding/binary"
	"math"
	"strconv"
	"time"

	"github.com/dirigo-stream/dirigo/exec/batch"
	"github.com/dirigo-stream/dirigo/sql/result"
)

// cell writes the values of one column in one format. Which kind of value it
// is was decided when the batch came.
type cell struct {
	nulls []bool
	put   func(dst []byte, row int) []byte
}

func (c *cell) null(row int) bool { return c.nulls != nil && c.nulls[row] }

// field writes a value behind its length, as DataRow and binary COPY have it.
func (c *cell) field(dst []byte, row int) []byte {
	if c.null(row) {
		return append(dst, 0xff, 0xff, 0xff, 0xff)
	}
	start := len(dst)
	dst = c.put(append(dst, 0, 0, 0, 0), row)
	binary.BigEndian.PutUint32(dst[start:], uint32(len(dst)-start-4))
	return dst
}

func newCell(col batch.Column, as result.Column, inBinary bool, zone *time.Location) cell {
	c := cell{nulls: col.Nulls()}
	switch v := col.(type) {
	case *batch.TextVec:
		c.put = putBytes(v, as, inBinary, zone)
	case *batch.Vec[bool]:
		c.put = putBool(v.Data, inBinary)
	case *batch.Vec[int64]:
		c.put = putInt(v.Data, as, inBinary, zone)
	case *batch.Vec[float64]:
		c.put = putFloat(v.Data, as.Type.Kind, inBinary)
	case *batch.Vec[batch.Decimal]:
		c.put = putDecimal(v.Data, inBinary)
	case *batch.Vec[batch.Span]:
		c.put = putSpan(v.Data, inBinary)
	}
	return c
}

func putBytes(v *batch.TextVec, as result.Column, inBinary bool, zone *time.Location) func([]byte, int) []byte {
	switch k := as.Type.Kind; {
	case k.Rep() == batch.RepText && !as.Type.IsChar():
		return putText(v, as.TypeOID(), inBinary)
	case !inBinary || as.Type.IsChar():
		return func(dst []byte, row int) []byte { return batch.AppendBytes(dst, v.At(row), as.Type, zone) }
	case k == batch.JSONB: // its version, then its text
		return func(dst []byte, row int) []byte { return batch.JSONOf(v.At(row)).AppendText(append(dst, 1)) }
	case k == batch.Array:
		return putArray(v, as.Type.ElemType(), zone)
	}
	return func(dst []byte, row int) []byte { return append(dst, v.At(row)...) }
}

func putText(v *batch.TextVec, oid uint32, inBinary bool) func([]byte, int) []byte {
	if elem, ok := elements[oid]; ok && inBinary {
		return func(dst []byte, row int) []byte { return appendArray(dst, v.At(row), elem) }
	}
	return func(dst []byte, row int) []byte { return append(dst, v.At(row)...) }
}

func putBool(data []bool, inBinary bool) func([]byte, int) []byte {
	no, yes := byte('f'), byte('t')
	if inBinary {
		no, yes = 0, 1
	}
	return func(dst []byte, row int) []byte {
		if data[row] {
			return append(dst, yes)
		}
		return append(dst, no)
	}
}

// Binary dates and timestamps count from 2000-01-01.
const (
	epochDays   = 10957
	epochMicros = epochDays * 86400 * 1e6
)

func putInt(data []int64, as result.Column, inBinary bool, zone *time.Location) func([]byte, int) []byte {
	if inBinary {
		return putBinaryInt(data, as)
	}
	switch as.Type.Kind {
	case batch.Date:
		return func(dst []byte, row int) []byte { return batch.AppendDate(dst, data[row]) }
	case batch.Timestamp:
		return func(dst []byte, row int) []byte { return batch.AppendTimestamp(dst, data[row]) }
	case batch.Time:
		return func(dst []byte, row int) []byte { return batch.AppendTime(dst, data[row]) }
	case batch.TimestampTZ:
		return func(dst []byte, row int) []byte { return batch.AppendTimestampTZ(dst, data[row], zone) }
	}
	return func(dst []byte, row int) []byte { return strconv.AppendInt(dst, data[row], 10) }
}

func putBinaryInt(data []int64, as result.Column) func([]byte, int) []byte {
	big := binary.BigEndian
	switch as.Type.Kind {
	case batch.Date:
		return func(dst []byte, row int) []byte { return big.AppendUint32(dst, uint32(binaryDate(data[row]))) }
	case batch.Timestamp, batch.TimestampTZ:
		return func(dst []byte, row int) []byte { return big.AppendUint64(dst, uint64(binaryTime(data[row]))) }
	}
	switch result.Size(as.TypeOID()) {
	case 2:
		return func(dst []byte, row int) []byte { return big.AppendUint16(dst, uint16(data[row])) }
	case 4:
		return func(dst []byte, row int) []byte { return big.AppendUint32(dst, uint32(data[row])) }
	}
	return func(dst []byte, row int) []byte { return big.AppendUint64(dst, uint64(data[row])) }
}

// binaryDate and binaryTime move the epoch; the infinities are the same extreme
// values on both sides.
func binaryDate(days int64) int32 {
	switch {
	case days > math.MaxInt32+epochDays:
		return math.MaxInt32
	case days < math.MinInt32+epochDays:
		return math.MinInt32
	}
	return int32(days - epochDays)
}

func binaryTime(micros int64) int64 {
	if micros == math.MaxInt64 || micros < math.MinInt64+epochMicros {
		return micros
	}
	return micros - epochMicros
}

func putFloat(data []float64, kind batch.Kind, inBinary bool) func([]byte, int) []byte {
	single := kind == batch.Float32
	switch {
	case inBinary && single:
		return func(dst []byte, row int) []byte {
			return binary.BigEndian.AppendUint32(dst, math.Float32bits(float32(data[row])))
		}
	case inBinary:
		return func(dst []byte, row int) []byte {
			return binary.BigEndian.AppendUint64(dst, float64bits(data[row]))
		}
	}
	return func(dst []byte, row int) []byte { return batch.AppendFloat(dst, data[row], kind) }
}

// float64bits is math.Float64bits, but that all NaNs are the one of C.
func float64bits(x float64) uint64 {
	if x != x {
		return 0x7ff8 << 48
	}
	return math.Float64bits(x)
}

func putDecimal(data []batch.Decimal, inBinary bool) func([]byte, int) []byte {
	if inBinary {
		return func(dst []byte, row int) []byte { return appendNumeric(dst, data[row]) }
	}
	return func(dst []byte, row int) []byte { return data[row].AppendText(dst) }
}

func putSpan(data []batch.Span, inBinary bool) func([]byte, int) []byte {
	if inBinary {
		return func(dst []byte, row int) []byte {
			s := data[row]
			dst = binary.BigEndian.AppendUint64(dst, uint64(s.Micros))
			dst = binary.BigEndian.AppendUint32(dst, uint32(s.Days))
			return binary.BigEndian.AppendUint32(dst, uint32(s.Months))
		}
	}
	return func(dst []byte, row int) []byte { return data[row].AppendText(dst) }
}
