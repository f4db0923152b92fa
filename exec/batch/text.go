package batch

import (
	"bytes"
	"fmt"
	"math"
	"strconv"
	"time"
	"unicode/utf8"
)

// AppendText appends the value of a row that is not NULL, as PostgreSQL prints
// type t; timestamps with time zone are shown in loc (nil: UTC).
func AppendText(dst []byte, c Column, row int, t Type, loc *time.Location) []byte {
	switch c := c.(type) {
	case *Vec[int64]:
		return AppendInt(dst, c.Data[row], t.Kind, loc)
	case *TextVec:
		return AppendBytes(dst, c.At(row), t, loc)
	case *Vec[float64]:
		return AppendFloat(dst, c.Data[row], t.Kind)
	case *Vec[bool]:
		return AppendBool(dst, c.Data[row])
	case *Vec[Decimal]:
		return c.Data[row].AppendText(dst)
	case *Vec[Span]:
		return c.Data[row].AppendText(dst)
	}
	return dst
}

// AppendBytes appends a value of a kind whose Rep is RepText or RepBytes.
func AppendBytes(dst, v []byte, t Type, loc *time.Location) []byte {
	switch t.Kind {
	case Bytea:
		return AppendBytea(dst, v)
	case JSONB:
		return JSONOf(v).AppendText(dst)
	case UUID:
		return AppendUUID(dst, v)
	case Array:
		return AppendArray(dst, v, t, loc)
	}
	dst = append(dst, v...)
	if t.IsChar() {
		for n := utf8.RuneCount(v); n < int(t.Precision); n++ {
			dst = append(dst, ' ')
		}
	}
	return dst
}

// AppendInt appends a value of a kind whose Rep is RepInt.
func AppendInt(dst []byte, v int64, k Kind, loc *time.Location) []byte {
	switch k {
	case Date:
		return AppendDate(dst, v)
	case Timestamp:
		return AppendTimestamp(dst, v)
	case TimestampTZ:
		return AppendTimestampTZ(dst, v, loc)
	case Time:
		return appendClock(dst, v)
	}
	return strconv.AppendInt(dst, v, 10)
}

// AppendBool appends t or f.
func AppendBool(dst []byte, v bool) []byte {
	if v {
		return append(dst, 't')
	}
	return append(dst, 'f')
}

// AppendFloat appends the shortest digits that read back as v, in PostgreSQL's
// layout: 0.1, 1e+20, NaN, -Infinity.
func AppendFloat(dst []byte, v float64, k Kind) []byte {
	big, width := 1e15, 64
	if k == Float32 {
		big, width = 1e6, 32
	}
	switch abs := math.Abs(v); {
	case abs < big && v == math.Trunc(v):
		if v == 0 && math.Signbit(v) {
			return append(dst, "-0"...)
		}
		return strconv.AppendInt(dst, int64(v), 10)
	case abs >= 1e-4 && abs < big:
		return strconv.AppendFloat(dst, v, 'f', -1, width)
	case math.IsNaN(v):
		return append(dst, "NaN"...)
	case math.IsInf(v, 1):
		return append(dst, "Infinity"...)
	case math.IsInf(v, -1):
		return append(dst, "-Infinity"...)
	}
	return strconv.AppendFloat(dst, v, 'e', -1, width)
}

// AppendParsed reads s as a value of t and appends it to c, a column of t's
// representation. A timestamp with time zone without a zone is in loc. On an
// error, a *ValueError, nothing is appended.
func AppendParsed(c Column, t Type, s []byte, loc *time.Location) error {
	switch c := c.(type) {
	case *Vec[int64]:
		v, err := ParseInt(s, t.Kind, loc)
		if err != nil {
			return err
		}
		c.Append(v)
	case *TextVec:
		return appendParsedBytes(c, t, s, loc)
	case *Vec[float64]:
		v, err := ParseFloat(s, t.Kind)
		if err != nil {
			return err
		}
		c.Append(v)
	case *Vec[bool]:
		v, err := ParseBool(s)
		if err != nil {
			return err
		}
		c.Append(v)
	case *Vec[Decimal]:
		return appendParsedDecimal(c, t, s)
	case *Vec[Span]:
		v, err := ParseSpan(s)
		if err != nil {
			return err
		}
		c.Append(v)
	}
	return nil
}

func appendParsedBytes(c *TextVec, t Type, s []byte, loc *time.Location) error {
	if t.Kind.Rep() == RepText {
		s, err := FitText(s, t)
		if err != nil {
			return err
		}
		c.Append(s)
		return nil
	}
	data, err := ParseBytes(c.Data, s, t, loc)
	if err != nil {
		return err
	}
	c.Data = data
	c.end(false)
	return nil
}

// ParseBytes reads s as a value of a kind whose Rep is RepBytes and appends it
// to dst.
func ParseBytes(dst, s []byte, t Type, loc *time.Location) ([]byte, error) {
	switch t.Kind {
	case Bytea:
		return ParseBytea(dst, s)
	case UUID:
		return ParseUUID(dst, s)
	case Array:
		return AppendParsedArray(dst, s, t, loc)
	}
	var b JSONBuilder
	return b.AppendJSON(dst, s)
}

func appendParsedDecimal(c *Vec[Decimal], t Type, s []byte) error {
	v, err := ParseDecimal(s)
	if err == nil {
		v, err = v.Rescale(t.Precision, t.Scale)
	}
	if err != nil {
		return err
	}
	c.Append(v)
	return nil
}

// ParseInt reads a value of a kind whose Rep is RepInt.
func ParseInt(s []byte, k Kind, loc *time.Location) (int64, error) {
	switch k {
	case Date:
		return ParseDate(s)
	case Timestamp:
		return ParseTimestamp(s)
	case TimestampTZ:
		return ParseTimestampTZ(s, loc)
	case Time:
		return ParseTime(s)
	}
	return parseInteger(s, k)
}

func parseInteger(s []byte, k Kind) (int64, error) {
	t := trimSpace(s)
	neg := false
	if len(t) > 0 && (t[0] == '-' || t[0] == '+') {
		neg = t[0] == '-'
		t = t[1:]
	}
	if len(t) == 0 {
		return 0, errSyntax(k, s)
	}
	var v uint64
	over := false
	for _, c := range t {
		d := uint64(c - '0')
		if d > 9 {
			return 0, errSyntax(k, s)
		}
		over = over || v > (1<<63)/10
		v = v*10 + d
	}
	if limit := uint64(1)<<63 - 1; over || v > limit+1 || (v > limit && !neg) {
		return 0, errRange(k, s)
	}
	out := int64(v)
	if neg {
		out = -out
	}
	if !FitsInt(out, k) {
		return 0, errRange(k, s)
	}
	return out, nil
}

// FitsInt tells whether v is in the range of an integer kind.
func FitsInt(v int64, k Kind) bool {
	switch k {
	case Int16:
		return v == int64(int16(v))
	case Int32:
		return v == int64(int32(v))
	}
	return true
}

// ParseFloat reads a REAL or DOUBLE PRECISION.
func ParseFloat(s []byte, k Kind) (float64, error) {
	t := trimSpace(s)
	width := 64
	if k == Float32 {
		width = 32
	}
	if !plainFloat(t) {
		return specialFloat(s, t, k)
	}
	v, err := strconv.ParseFloat(string(t), width)
	if err != nil {
		if ne, ok := err.(*strconv.NumError); !ok || ne.Err != strconv.ErrRange {
			return 0, errSyntax(k, s)
		}
		return 0, floatRange(t, k)
	}
	if v == 0 && hasNonZeroDigit(t) {
		return 0, floatRange(t, k)
	}
	return v, nil
}

// plainFloat tells whether t is made of the characters of a decimal number:
// strconv takes hexadecimal numbers and underscores as well.
func plainFloat(t []byte) bool {
	for _, c := range t {
		if !isDigit(c) && c != '.' && c != '-' && c != '+' && c != 'e' && c != 'E' {
			return false
		}
	}
	return len(t) > 0
}

func specialFloat(s, t []byte, k Kind) (float64, error) {
	sign := 1
	if len(t) > 0 && (t[0] == '-' || t[0] == '+') {
		if t[0] == '-' {
			sign = -1
		}
		t = t[1:]
	}
	switch {
	case equalFold(t, "nan") && len(t) == len(trimSpace(s)):
		return math.NaN(), nil
	case equalFold(t, "inf"), equalFold(t, "infinity"):
		return math.Inf(sign), nil
	}
	return 0, errSyntax(k, s)
}

func hasNonZeroDigit(t []byte) bool {
	for _, c := range t {
		if c == 'e' || c == 'E' {
			break
		}
		if c >= '1' && c <= '9' {
			return true
		}
	}
	return false
}

func floatRange(t []byte, k Kind) error {
	return &ValueError{Code: "22003", Message: fmt.Sprintf("\"%s\" is out of range for type %s", t, k)}
}

// ParseBool reads a BOOLEAN: a prefix of true, false, yes or no, on, off, 1, 0.
func ParseBool(s []byte) (bool, error) {
	t := trimSpace(s)
	for _, w := range [...]struct {
		word string
		min  int
		v    bool
	}{{"true", 1, true}, {"false", 1, false}, {"yes", 1, true}, {"no", 1, false}, {"on", 2, true}, {"off", 2, false}} {
		if len(t) >= w.min && len(t) <= len(w.word) && equalFold(t, w.word[:len(t)]) {
			return w.v, nil
		}
	}
	if len(t) == 1 && (t[0] == '0' || t[0] == '1') {
		return t[0] == '1', nil
	}
	return false, errSyntax(Bool, s)
}

// FitText checks s against VARCHAR(n): spaces beyond n are cut, other
// characters are an error 22001. For CHAR(n) all spaces at the end are cut.
func FitText(s []byte, t Type) ([]byte, error) {
	if t.IsChar() {
		s = bytes.TrimRight(s, " ")
	}
	n := int(t.Precision)
	if n == 0 || len(s) <= n || utf8.RuneCount(s) <= n {
		return s, nil
	}
	at := 0
	for range n {
		_, size := utf8.DecodeRune(s[at:])
		at += size
	}
	for _, c := range s[at:] {
		if c != ' ' {
			return nil, &ValueError{Code: "22001", Message: "value too long for type " + Type{Kind: Text, Precision: t.Precision, Scale: t.Scale}.String()}
		}
	}
	return s[:at], nil
}
