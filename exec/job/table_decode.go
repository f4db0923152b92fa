package job

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"math"

	"github.com/dirigo-stream/dirigo/exec/batch"
	"github.com/dirigo-stream/dirigo/exec/state"
)

// tableRecord is a decoded record of a table's log.
type tableRecord struct {
	group uint64
	born  int64
	rows  *batch.Batch
}

// maxRecordRows bounds what a record may say it holds.
const maxRecordRows = 1 << 16

// decodeRecord reads a record of columns of the given types; errRecord.
func decodeRecord(data []byte, types []batch.Type) (*tableRecord, error) {
	if len(data) < recordHeader || crc32.Checksum(data[4:], recordCRC) != binary.LittleEndian.Uint32(data) {
		return nil, fmt.Errorf("%w: checksum mismatch", errRecord)
	}
	if data[4] != recordVersion {
		return nil, fmt.Errorf("record of a table's log has version %d, want %d", data[4], recordVersion)
	}
	rec := &tableRecord{group: binary.LittleEndian.Uint64(data[5:]), born: int64(binary.LittleEndian.Uint64(data[13:]))}
	d := &recordReader{b: data[recordHeader:]}
	b := &batch.Batch{N: d.count(maxRecordRows), Time: batch.MaxTime, Born: rec.born}
	if cols := d.count(1 << 16); cols != len(types) {
		d.bad("number of columns")
	}
	if d.count(1) == 1 {
		b.Diff = d.words(b.N)
	}
	for i := range types {
		if d.fail == "" {
			b.Cols = append(b.Cols, d.column(types[i].Kind, b.N))
		}
	}
	if d.fail == "" && len(d.b) > 0 {
		d.bad("bytes too many")
	}
	if d.fail != "" {
		return nil, fmt.Errorf("%w: %s", errRecord, d.fail)
	}
	rec.rows = b
	return rec, nil
}

// recordReader takes values off bytes; the first failure sticks.
type recordReader struct {
	b    []byte
	fail string
}

func (d *recordReader) bad(what string) {
	if d.fail == "" {
		d.fail, d.b = what, nil
	}
}

func (d *recordReader) count(limit uint64) int {
	x, n := binary.Uvarint(d.b)
	if n <= 0 || x > limit {
		d.bad("count")
		return 0
	}
	d.b = d.b[n:]
	return int(x)
}

func (d *recordReader) take(n int) []byte {
	if n < 0 || n > len(d.b) {
		d.bad("it ends early")
		return nil
	}
	x := d.b[:n]
	d.b = d.b[n:]
	return x
}

func (d *recordReader) column(kind batch.Kind, n int) batch.Column {
	want, rep := storedRep(kind), d.take(1)
	if rep == nil || batch.Rep(rep[0]) != want {
		d.bad("type of a column")
		return nil
	}
	var nulls []bool
	if d.count(1) == 1 {
		nulls = d.bits(n)
	}
	switch want {
	case batch.RepBool:
		return &batch.Vec[bool]{Data: d.bits(n), Null: nulls}
	case batch.RepInt:
		return &batch.Vec[int64]{Data: d.words(n), Null: nulls}
	case batch.RepFloat:
		return &batch.Vec[float64]{Data: d.floats(n), Null: nulls}
	case batch.RepDecimal:
		return &batch.Vec[batch.Decimal]{Data: decodeStrings(d, n, state.DecimalOf), Null: nulls}
	case batch.RepSpan:
		return &batch.Vec[batch.Span]{Data: decodeStrings(d, n, state.SpanOf), Null: nulls}
	}
	off, data := d.strings(n)
	return &batch.TextVec{Off: off, Data: data, Null: nulls, Tailed: kind.Tailed()}
}

func (d *recordReader) bits(n int) []bool {
	raw := d.take((n + 7) / 8)
	if raw == nil && n > 0 {
		return nil
	}
	out := make([]bool, n)
	for i := range out {
		out[i] = raw[i/8]>>(i%8)&1 == 1
	}
	return out
}

func (d *recordReader) floats(n int) []float64 {
	raw := d.take(n * 8)
	if raw == nil && n > 0 {
		return nil
	}
	out := make([]float64, n)
	for i := range out {
		out[i] = math.Float64frombits(binary.LittleEndian.Uint64(raw[i*8:]))
	}
	return out
}

func (d *recordReader) words(n int) []int64 {
	if n == 0 {
		return []int64{}
	}
	head := d.take(9)
	if head == nil {
		return nil
	}
	least, width := binary.LittleEndian.Uint64(head), int(head[8])
	if width > 8 {
		d.bad("width of words")
		return nil
	}
	raw := d.take(n * width)
	if d.fail != "" {
		return nil
	}
	out := make([]int64, n)
	for i := range out {
		out[i] = int64(least)
	}
	if width == 0 {
		return out
	}
	whole := 0 // words behind which eight bytes lie
	if n*width >= 8 {
		whole = (n*width-8)/width + 1
	}
	mask := ^uint64(0) >> (64 - 8*width)
	for i := range out[:whole] {
		out[i] += int64(binary.LittleEndian.Uint64(raw[i*width:]) & mask)
	}
	for i := whole; i < n; i++ {
		x := uint64(0)
		for j := width - 1; j >= 0; j-- {
			x = x<<8 | uint64(raw[i*width+j])
		}
		out[i] += int64(x)
	}
	return out
}

// strings takes n byte strings; the bytes are copied.
func (d *recordReader) strings(n int) (off []uint32, data []byte) {
	lens := d.words(n)
	off = make([]uint32, 1, n+1)
	sum := int64(0)
	for _, l := range lens {
		if l < 0 || l > int64(len(d.b)) {
			d.bad("length of a text")
			return nil, nil
		}
		if sum += l; sum > int64(len(d.b)) {
			d.bad("it ends early")
			return nil, nil
		}
		off = append(off, uint32(sum))
	}
	return off, append([]byte{}, d.take(int(sum))...)
}

func decodeStrings[T any](d *recordReader, n int, decode func([]byte) T) []T {
	off, data := d.strings(n)
	if d.fail != "" {
		return nil
	}
	out := make([]T, n)
	for i := range out {
		out[i] = decode(data[off[i]:off[i+1]])
	}
	return out
}
