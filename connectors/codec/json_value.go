package codec

import (
	"unicode/utf8"

	"github.com/dirigo-stream/dirigo/exec/batch"
)

// class is what a JSON value is, once its escapes are resolved.
type class uint8

const (
	text class = iota
	num
	boolean
	nested // an object or array, as its JSON text
)

var classNames = [...]string{"a string", "a number", "a boolean", "an object or array"}

// value reads the value at s[i] into f and returns the position behind it.
// Whole numbers and texts, which most fields are, take a short way.
func (d *JSONDecoder) value(f *jsonField, col batch.Column, s []byte, i int) (int, *RecordError) {
	if i < len(s) && s[i] == 'n' {
		end, err := literal(s, i, "null")
		if err != nil {
			return 0, err
		}
		return end, d.null(f, col)
	}
	if f.rep == batch.RepInt && f.integer {
		if x, end := plainInt(s, i); end > 0 {
			return end, d.int(f, col, x)
		}
	}
	if f.rep == batch.RepBytes {
		return d.bytes(f, col, s, i)
	}
	tok, c, end, err := d.token(s, i)
	if err == nil {
		err = d.scalar(f, col, tok, c)
	}
	return end, err
}

// null gives f its NULL.
func (d *JSONDecoder) null(f *jsonField, col batch.Column) *RecordError {
	if f.NotNull {
		return reject(NullKey, "column %q has no value", f.Name)
	}
	if d.meet(f, col); !f.demanded {
		return nil
	}
	switch v := col.(type) {
	case *batch.Vec[bool]:
		v.AppendNull()
	case *batch.Vec[int64]:
		v.AppendNull()
	case *batch.Vec[float64]:
		v.AppendNull()
	case *batch.Vec[batch.Decimal]:
		v.AppendNull()
	case *batch.Vec[batch.Span]:
		v.AppendNull()
	case *batch.TextVec:
		v.AppendNull()
	}
	return nil
}

// token reads the value at s[i], which is not null. The bytes of a string are
// without quotes and escapes.
func (d *JSONDecoder) token(s []byte, i int) (tok []byte, c class, end int, err *RecordError) {
	if i >= len(s) {
		return nil, 0, 0, malformed("want a value at byte %d", i)
	}
	switch s[i] {
	case '"':
		tok, _, end, err = d.str(s, i)
		return tok, text, end, err
	case '{', '[':
		c = nested
		end, err = skipNested(s, i, d.cfg.MaxDepth-1)
	case 't':
		c = boolean
		end, err = literal(s, i, "true")
	case 'f':
		c = boolean
		end, err = literal(s, i, "false")
	default:
		c = num
		end, _, err = number(s, i)
	}
	if err != nil {
		return nil, 0, 0, err
	}
	return s[i:end], c, end, nil
}

// scalar converts a token to the type of f and appends it.
func (d *JSONDecoder) scalar(f *jsonField, col batch.Column, tok []byte, c class) *RecordError {
	switch f.rep {
	case batch.RepText:
		return d.chars(f, col, tok)
	case batch.RepInt:
		x, err := d.wide(f, tok, c)
		if err != nil {
			return err
		}
		return d.int(f, col, x)
	case batch.RepBool:
		x, err := toBool(f, tok, c)
		return put(d, f, col, x, err)
	case batch.RepFloat:
		x, err := toFloat(f, tok, c)
		return put(d, f, col, x, err)
	case batch.RepDecimal:
		x, err := toDecimal(f, tok, c)
		return put(d, f, col, x, err)
	}
	x, err := toSpan(f, tok, c)
	return put(d, f, col, x, err)
}

// wide reads a token into a column of integers, dates or timestamps.
func (d *JSONDecoder) wide(f *jsonField, tok []byte, c class) (int64, *RecordError) {
	if f.integer {
		return toInt(f, tok, c)
	}
	return d.toTime(f, tok, c)
}

func (d *JSONDecoder) chars(f *jsonField, col batch.Column, tok []byte) *RecordError {
	if d.cfg.Debezium && string(tok) == unavailable {
		return noValue(f)
	}
	if n := int(f.Type.Precision); n > 0 && len(tok) > n && utf8.RuneCount(tok) > n {
		return reject(Overflow, "column %q: %d characters, its type is %s", f.Name, utf8.RuneCount(tok), f.Type)
	}
	if d.meet(f, col); f.demanded {
		col.(*batch.TextVec).Append(tok)
	}
	return nil
}

func (d *JSONDecoder) int(f *jsonField, col batch.Column, x int64) *RecordError {
	if f.Type.Kind == batch.Int32 && x != int64(int32(x)) || f.Type.Kind == batch.Int16 && x != int64(int16(x)) {
		return reject(Overflow, "column %q: %d is out of range for %s", f.Name, x, f.Type)
	}
	if d.meet(f, col); f.demanded {
		col.(*batch.Vec[int64]).Append(x)
	}
	return nil
}

func put[T batch.Fixed](d *JSONDecoder, f *jsonField, col batch.Column, x T, err *RecordError) *RecordError {
	if err != nil {
		return err
	}
	if d.meet(f, col); f.demanded {
		col.(*batch.Vec[T]).Append(x)
	}
	return nil
}

// plainInt reads a number of up to 18 digits without fraction or exponent;
// end is 0 for everything else.
func plainInt(s []byte, i int) (x int64, end int) {
	neg := i < len(s) && s[i] == '-'
	if neg {
		i++
	}
	first := i
	for i < len(s) && s[i]-'0' <= 9 {
		x = x*10 + int64(s[i]-'0')
		i++
	}
	n := i - first
	if n == 0 || n > 18 || n > 1 && s[first] == '0' || i == len(s) || s[i] == '.' || s[i]|0x20 == 'e' {
		return 0, 0
	}
	if neg {
		x = -x
	}
	return x, i
}
