package codec

import (
	"math"
	"strconv"
	"unicode/utf8"

	"github.com/dirigo-stream/dirigo/connectors"
	"github.com/dirigo-stream/dirigo/exec/batch"
)

// JSONEncoder writes rows as JSON objects that the decoder reads back to the
// same values: integers, floats and numerics as numbers (a numeric with its
// scale), dates, times, timestamps and intervals as ISO text (a TIMESTAMPTZ in
// UTC, with Z), NaN and the infinities as strings, which JSON has no numbers
// for, BYTEA as \x and hexadecimal digits, JSONB as it is, arrays as arrays. It
// may be used by several goroutines.
type JSONEncoder struct {
	fields []encField
}

type encField struct {
	prefix string // what stands before the value: {"name": or ,"name":
	col    int
	typ    batch.Type
}

// NewJSONEncoder returns an encoder of the columns whose Metadata is empty.
func NewJSONEncoder(cols []connectors.Column) *JSONEncoder {
	all := make([]int, 0, len(cols))
	for i, c := range cols {
		if c.Metadata == "" {
			all = append(all, i)
		}
	}
	return NewJSONEncoderOf(cols, all)
}

// NewJSONEncoderOf returns an encoder of some columns (indices into cols), in
// that order: the key of an upsert record.
func NewJSONEncoderOf(cols []connectors.Column, which []int) *JSONEncoder {
	e := &JSONEncoder{}
	lead := "{"
	for _, i := range which {
		prefix := append(AppendJSONText([]byte(lead), []byte(cols[i].Name)), ':')
		e.fields = append(e.fields, encField{prefix: string(prefix), col: i, typ: cols[i].Type})
		lead = ","
	}
	return e
}

// AppendRow appends row (an index into the columns of b) to dst as one object
// without blanks or line end. Every column that the encoder writes must be there.
func (e *JSONEncoder) AppendRow(dst []byte, b *batch.Batch, row int) []byte {
	if len(e.fields) == 0 {
		return append(dst, "{}"...)
	}
	for i := range e.fields {
		f := &e.fields[i]
		dst = append(dst, f.prefix...)
		dst = appendValue(dst, f.typ, b.Cols[f.col], row)
	}
	return append(dst, '}')
}

func appendValue(dst []byte, t batch.Type, col batch.Column, row int) []byte {
	switch v := col.(type) {
	case *batch.Vec[int64]:
		if v.Null == nil || !v.Null[row] {
			return appendWide(dst, t.Kind, v.Data[row])
		}
	case *batch.TextVec:
		if v.Null == nil || !v.Null[row] {
			if t.Kind.Rep() == batch.RepBytes {
				return appendBytesValue(dst, t, v.At(row))
			}
			return AppendJSONText(dst, v.At(row))
		}
	case *batch.Vec[float64]:
		if v.Null == nil || !v.Null[row] {
			return appendJSONFloat(dst, t.Kind, v.Data[row])
		}
	case *batch.Vec[bool]:
		if v.Null == nil || !v.Null[row] {
			return strconv.AppendBool(dst, v.Data[row])
		}
	case *batch.Vec[batch.Decimal]:
		if v.Null == nil || !v.Null[row] {
			return appendJSONDecimal(dst, v.Data[row])
		}
	case *batch.Vec[batch.Span]:
		if v.Null == nil || !v.Null[row] {
			return append(v.Data[row].AppendText(append(dst, '"')), '"')
		}
	}
	return append(dst, "null"...)
}

func appendWide(dst []byte, k batch.Kind, x int64) []byte {
	switch k {
	case batch.Date:
		return append(batch.AppendDate(append(dst, '"'), x), '"')
	case batch.Timestamp:
		return append(batch.AppendTimestamp(append(dst, '"'), x), '"')
	case batch.Time:
		return append(batch.AppendInt(append(dst, '"'), x, k, nil), '"')
	case batch.TimestampTZ:
		dst = batch.AppendTimestamp(append(dst, '"'), x)
		if dst[len(dst)-1] <= '9' { // not infinity
			dst = append(dst, 'Z')
		}
		return append(dst, '"')
	}
	return strconv.AppendInt(dst, x, 10)
}

// appendBytesValue writes a value of a kind that lies as bytes.
func appendBytesValue(dst []byte, t batch.Type, v []byte) []byte {
	switch t.Kind {
	case batch.Bytea:
		return append(batch.AppendHex(append(dst, `"\\x`...), v), '"')
	case batch.JSONB:
		return batch.JSONOf(v).AppendText(dst)
	case batch.Array:
		return appendArray(dst, t.ElemType(), v)
	}
	return append(batch.AppendBytes(append(dst, '"'), v, t, nil), '"')
}

func appendArray(dst []byte, t batch.Type, v []byte) []byte {
	col := batch.New(t.Kind, batch.ArrayLen(v, t.Kind))
	it := batch.Elems(v, t.Kind)
	for e, ok := it.Next(); ok; e, ok = it.Next() {
		e.AppendTo(col)
	}
	dst = append(dst, '[')
	for i := range col.Len() {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = appendValue(dst, t, col, i)
	}
	return append(dst, ']')
}

func appendJSONDecimal(dst []byte, x batch.Decimal) []byte {
	if x.Form == batch.Finite {
		return x.AppendText(dst)
	}
	return append(x.AppendText(append(dst, '"')), '"')
}

// appendJSONFloat writes the shortest number that reads back the same.
func appendJSONFloat(dst []byte, k batch.Kind, x float64) []byte {
	switch {
	case math.IsNaN(x):
		return append(dst, `"NaN"`...)
	case math.IsInf(x, 1):
		return append(dst, `"Infinity"`...)
	case math.IsInf(x, -1):
		return append(dst, `"-Infinity"`...)
	}
	bits := 64
	if k == batch.Float32 {
		bits = 32
	}
	format := byte('f')
	if a := math.Abs(x); a != 0 && (a < 1e-5 || a >= 1e15) {
		format = 'e'
	}
	return strconv.AppendFloat(dst, x, format, -1, bits)
}

const hexDigits = "0123456789abcdef"

// AppendJSONText appends s as a JSON string; only what JSON demands is escaped.
func AppendJSONText(dst, s []byte) []byte {
	dst = append(dst, '"')
	for start := 0; ; {
		i := special(s, start)
		for i < len(s) && s[i] >= utf8.RuneSelf {
			i = special(s, i+1)
		}
		dst = append(dst, s[start:i]...)
		if i >= len(s) {
			return append(dst, '"')
		}
		switch c := s[i]; c {
		case '"', '\\':
			dst = append(dst, '\\', c)
		case '\n':
			dst = append(dst, `\n`...)
		case '\r':
			dst = append(dst, `\r`...)
		case '\t':
			dst = append(dst, `\t`...)
		default:
			dst = append(dst, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&15])
		}
		start = i + 1
	}
}
