package batch

import (
	"bytes"
	"encoding/binary"
	"math"
)

// An array's value is its elements, each a byte and the element so encoded that
// bytes order as values do, then the tailed value's end: a shorter array comes
// before a longer one that begins like it, and NULL after all else. The tail
// lists what displays need besides: index, length, and
//
//	NUMERIC: the zeros behind the point | floats: nothing, of -0
//	INTERVAL: the interval itself | JSONB: its own tail
const (
	elemValue = 1
	elemNull  = 2
)

// ArrayBuilder puts an array together. Its memory serves the next one.
type ArrayBuilder struct {
	elem Kind
	n    int
	key  []byte
	tail []byte
}

// NewArrayBuilder returns a builder of arrays with elements of a kind.
func NewArrayBuilder(elem Kind) *ArrayBuilder { return &ArrayBuilder{elem: elem} }

// Reset begins a new array.
func (b *ArrayBuilder) Reset() { b.n, b.key, b.tail = 0, b.key[:0], b.tail[:0] }

// Len returns the number of elements so far.
func (b *ArrayBuilder) Len() int { return b.n }

// Null adds a NULL.
func (b *ArrayBuilder) Null() {
	b.key = append(b.key, elemNull)
	b.n++
}

// Append appends the array's value, as columns hold it.
func (b *ArrayBuilder) Append(dst []byte) []byte {
	return appendTail(append(dst, b.key...), b.tail)
}

// Add adds the value of a row, NULL or not, of a column of the elements' kind.
func (b *ArrayBuilder) Add(c Column, row int) {
	if IsNull(c, row) {
		b.Null()
		return
	}
	b.key = append(b.key, elemValue)
	switch c := c.(type) {
	case *Vec[int64]:
		b.key = appendElemInt(b.key, c.Data[row], b.elem)
	case *Vec[bool]:
		bit := byte(0)
		if c.Data[row] {
			bit = 1
		}
		b.key = append(b.key, bit)
	case *Vec[float64]:
		v := c.Data[row]
		b.key = binary.BigEndian.AppendUint64(b.key, orderedFloat(v))
		if v == 0 && math.Signbit(v) {
			b.note(nil)
		}
	case *Vec[Decimal]:
		b.addDecimal(c.Data[row])
	case *Vec[Span]:
		b.addSpan(c.Data[row])
	case *TextVec:
		b.addBytes(c.At(row))
	}
	b.n++
}

// note adds an entry for the present element to the tail.
func (b *ArrayBuilder) note(s []byte) {
	b.tail = binary.AppendUvarint(b.tail, uint64(b.n))
	b.tail = binary.AppendUvarint(b.tail, uint64(len(s)))
	b.tail = append(b.tail, s...)
}

func appendElemInt(dst []byte, v int64, k Kind) []byte {
	switch w := orderedInt(v); k {
	case Int16:
		return binary.BigEndian.AppendUint16(dst, uint16(v)^1<<15)
	case Int32:
		return binary.BigEndian.AppendUint32(dst, uint32(v)^1<<31)
	default:
		return binary.BigEndian.AppendUint64(dst, w)
	}
}

func (b *ArrayBuilder) addDecimal(d Decimal) {
	var zeros int
	if b.key, zeros = appendOrderedDecimal(b.key, d); zeros > 0 {
		var buf [binary.MaxVarintLen64]byte
		b.note(binary.AppendUvarint(buf[:0], uint64(zeros)))
	}
}

func (b *ArrayBuilder) addSpan(s Span) {
	days, micros := s.Length()
	b.key = binary.BigEndian.AppendUint64(b.key, orderedInt(days))
	b.key = binary.BigEndian.AppendUint64(b.key, orderedInt(micros))
	var raw [16]byte
	binary.LittleEndian.PutUint64(raw[:], uint64(s.Micros))
	binary.LittleEndian.PutUint32(raw[8:], uint32(s.Days))
	binary.LittleEndian.PutUint32(raw[12:], uint32(s.Months))
	b.note(raw[:])
}

func (b *ArrayBuilder) addBytes(v []byte) {
	switch b.elem {
	case UUID:
		b.key = append(b.key, v...)
	case JSONB:
		key, tail := cutTail(v)
		b.key = append(b.key, key[:max(0, len(key)-1)]...)
		if len(tail) > 0 {
			b.note(tail)
		}
	default:
		b.key = appendEscaped(b.key, v)
	}
}

// AddElem adds an element of another array with elements of the same kind.
func (b *ArrayBuilder) AddElem(e Elem) {
	if e.Null {
		b.Null()
		return
	}
	b.key = append(append(b.key, elemValue), e.key...)
	if e.noted {
		b.note(e.note)
	}
	b.n++
}

// Elem is one element of an array.
type Elem struct {
	Null  bool
	kind  Kind
	noted bool
	key   []byte
	note  []byte
}

// Equal tells whether two elements of one kind, both not NULL, are equal.
func (e Elem) Equal(o Elem) bool { return bytes.Equal(e.key, o.key) }

// Same is Equal where NULL is like NULL.
func (e Elem) Same(o Elem) bool { return e.Null == o.Null && bytes.Equal(e.key, o.key) }

// Compare orders two elements of one kind, both not NULL.
func (e Elem) Compare(o Elem) int { return bytes.Compare(e.key, o.key) }

// ArrayIter goes through the elements of an array.
type ArrayIter struct {
	kind Kind
	at   int
	rest []byte
	tail []byte
}

// Elems returns an iterator over the array v with elements of a kind.
func Elems(v []byte, elem Kind) ArrayIter {
	key, tail := cutTail(v)
	return ArrayIter{kind: elem, rest: key, tail: tail}
}

// Next returns the next element, whose bytes belong to the array.
func (it *ArrayIter) Next() (e Elem, ok bool) {
	if len(it.rest) == 0 || it.rest[0] == 0 {
		return Elem{}, false
	}
	tag := it.rest[0]
	it.rest = it.rest[1:]
	e = Elem{kind: it.kind, Null: tag == elemNull}
	if !e.Null {
		n := min(sizeElem(it.rest, it.kind), len(it.rest))
		e.key, it.rest = it.rest[:n:n], it.rest[n:]
	}
	if len(it.tail) > 0 {
		it.takeNote(&e)
	}
	it.at++
	return e, true
}

func (it *ArrayIter) takeNote(e *Elem) {
	at, n := binary.Uvarint(it.tail)
	if n <= 0 || int(at) != it.at {
		return
	}
	size, m := binary.Uvarint(it.tail[n:])
	if m <= 0 || int(size) > len(it.tail)-n-m {
		return
	}
	e.noted, e.note = true, it.tail[n+m:n+m+int(size)]
	it.tail = it.tail[n+m+int(size):]
}

func sizeElem(b []byte, k Kind) int {
	switch k {
	case Bool:
		return 1
	case Int16:
		return 2
	case Int32:
		return 4
	case Interval, UUID:
		return 16
	case Numeric:
		return sizeOrderedDecimal(b)
	case JSONB:
		n, _ := sizeNode(b[1:])
		return 1 + n
	case Text, Bytea:
		return sizeEscaped(b)
	}
	return 8
}

// ArrayLen returns the number of elements of an array.
func ArrayLen(v []byte, elem Kind) int {
	n := 0
	for it := Elems(v, elem); ; n++ {
		if _, ok := it.Next(); !ok {
			return n
		}
	}
}

func (e Elem) int() int64 {
	switch e.kind {
	case Int16:
		return int64(int16(binary.BigEndian.Uint16(e.key) ^ 1<<15))
	case Int32:
		return int64(int32(binary.BigEndian.Uint32(e.key) ^ 1<<31))
	}
	return int64(binary.BigEndian.Uint64(e.key) ^ 1<<63)
}

func (e Elem) float() float64 {
	if e.noted {
		return math.Copysign(0, -1)
	}
	return floatOrdered(binary.BigEndian.Uint64(e.key))
}

func (e Elem) decimal() Decimal {
	zeros, _ := binary.Uvarint(e.note)
	return readOrderedDecimal(e.key, int(zeros))
}

func (e Elem) span() Span {
	if len(e.note) < 16 {
		return Span{}
	}
	return Span{
		Micros: int64(binary.LittleEndian.Uint64(e.note)),
		Days:   int32(binary.LittleEndian.Uint32(e.note[8:])),
		Months: int32(binary.LittleEndian.Uint32(e.note[12:])),
	}
}

// appendBytes appends the value of an element whose column is a TextVec.
func (e Elem) appendBytes(dst []byte) []byte {
	switch e.kind {
	case UUID:
		return append(dst, e.key...)
	case JSONB:
		return appendTail(append(dst, e.key...), e.note)
	}
	return append(dst, unescape(e.key, nil)...)
}

// AppendTo appends the element to a column of its kind.
func (e Elem) AppendTo(c Column) {
	if e.Null {
		AppendNull(c)
		return
	}
	switch c := c.(type) {
	case *Vec[int64]:
		c.Append(e.int())
	case *Vec[bool]:
		c.Append(e.key[0] != 0)
	case *Vec[float64]:
		c.Append(e.float())
	case *Vec[Decimal]:
		c.Append(e.decimal())
	case *Vec[Span]:
		c.Append(e.span())
	case *TextVec:
		c.Data = e.appendBytes(c.Data)
		c.end(false)
	}
}

// Text returns the value of an element of texts or bytes that is not NULL. The
// bytes belong to the array, or are new.
func (e Elem) Text() []byte { return unescape(e.key, nil) }

// Int returns the value of an element whose kind's Rep is RepInt.
func (e Elem) Int() int64 { return e.int() }

// JSON returns the value of an element of JSONB that is not NULL.
func (e Elem) JSON() JSON { return JSON{node: e.key[1:], tail: e.note} }

// Bool returns the value of a BOOLEAN.
func (e Elem) Bool() bool { return e.key[0] != 0 }

// Float returns the value of a REAL or DOUBLE PRECISION.
func (e Elem) Float() float64 { return e.float() }

// Decimal returns the value of a NUMERIC.
func (e Elem) Decimal() Decimal { return e.decimal() }

// Span returns the value of an INTERVAL.
func (e Elem) Span() Span { return e.span() }

// AppendValue appends the value of an element of which columns hold bytes.
func (e Elem) AppendValue(dst []byte) []byte { return e.appendBytes(dst) }
