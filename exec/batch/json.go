package batch

import (
	"bytes"
	"encoding/binary"
)

// JSONKind is what a JSON value is. The order is that of JSONB values.
type JSONKind uint8

// The kinds of JSON values.
const (
	JSONNull JSONKind = iota
	JSONString
	JSONNumber
	JSONBool
	JSONArray
	JSONObject
)

// String returns the kind as jsonb_typeof names it.
func (k JSONKind) String() string {
	return [...]string{"null", "string", "number", "boolean", "array", "object"}[k]
}

// A JSONB value is a rank, a node and the tailed value's end. The ranks put a
// scalar between the empty array and all others, as PostgreSQL does. A node is
//
//	null | string, 0 | number, ordered | false | true
//	array, count, nodes | object, count, (key, 0, node)…
//
// with keys by length, then bytes. The tail lists numbers, counted as they come,
// and the zeros that their displays have besides.
const (
	rankEmpty byte = iota + 1
	rankScalar
	rankArray
	rankObject
)

const (
	nodeNull byte = iota + 1
	nodeString
	nodeNumber
	nodeFalse
	nodeTrue
	nodeArray
	nodeObject
)

// JSON is a JSONB value, or one inside another, in its encoded form. Its zero
// value is no value.
type JSON struct {
	node  []byte // begins with the node, and goes on behind it
	tail  []byte
	first int // how many numbers of the whole value come before
}

// JSONOf returns a column's value.
func JSONOf(v []byte) JSON {
	key, tail := cutTail(v)
	if len(key) < 2 {
		return JSON{node: []byte{nodeNull}}
	}
	return JSON{node: key[1:], tail: tail}
}

// Kind returns what j is.
func (j JSON) Kind() JSONKind {
	switch j.node[0] {
	case nodeString:
		return JSONString
	case nodeNumber:
		return JSONNumber
	case nodeFalse, nodeTrue:
		return JSONBool
	case nodeArray:
		return JSONArray
	case nodeObject:
		return JSONObject
	}
	return JSONNull
}

// Bool returns the value of a boolean.
func (j JSON) Bool() bool { return j.node[0] == nodeTrue }

// Str returns the text of a string; the bytes belong to the value.
func (j JSON) Str() []byte { return j.node[1 : 1+bytes.IndexByte(j.node[1:], 0)] }

// Number returns the value of a number.
func (j JSON) Number() Decimal {
	return readOrderedDecimal(j.node[1:1+sizeOrderedDecimal(j.node[1:])], zerosAt(j.tail, j.first))
}

// zerosAt looks a number up in a tail.
func zerosAt(tail []byte, number int) int {
	for len(tail) > 0 {
		at, n := binary.Uvarint(tail)
		zeros, m := binary.Uvarint(tail[max(n, 0):])
		if n <= 0 || m <= 0 || int(at) > number {
			break
		}
		if int(at) == number {
			return int(zeros)
		}
		tail = tail[n+m:]
	}
	return 0
}

// Len returns the number of elements of an array, or of members of an object.
func (j JSON) Len() int {
	n, _ := readCount(j.node[1:])
	return n
}

func appendCount(dst []byte, n int) []byte {
	if n < 255 {
		return append(dst, byte(n))
	}
	return binary.BigEndian.AppendUint32(append(dst, 255), uint32(n))
}

func readCount(b []byte) (n, size int) {
	if b[0] < 255 {
		return int(b[0]), 1
	}
	return int(binary.BigEndian.Uint32(b[1:])), 5
}

// JSONIter goes through the elements of an array or the members of an object.
type JSONIter struct {
	rest   JSON
	left   int
	object bool
}

// Iter returns an iterator; over nothing where j is a scalar.
func (j JSON) Iter() JSONIter {
	k := j.Kind()
	if k < JSONArray {
		return JSONIter{}
	}
	n, size := readCount(j.node[1:])
	rest := j
	rest.node = j.node[1+size:]
	return JSONIter{rest: rest, left: n, object: k == JSONObject}
}

// Next returns the next value, and its key where they are members. It walks over
// each value once.
func (it *JSONIter) Next() (key []byte, v JSON, ok bool) {
	if it.left == 0 {
		return nil, JSON{}, false
	}
	it.left--
	if it.object {
		end := bytes.IndexByte(it.rest.node, 0)
		key, it.rest.node = it.rest.node[:end], it.rest.node[end+1:]
	}
	v = it.rest
	size, numbers := sizeNode(v.node)
	it.rest.node, it.rest.first = v.node[size:], v.first+numbers
	return key, v, true
}

// sizeNode returns the length of the node at the head of b, and how many numbers
// it holds. It needs no recursion: what is left to pass is a count.
func sizeNode(b []byte) (size, numbers int) {
	if b[0] != nodeArray && b[0] != nodeObject {
		return sizeScalar(b), numbersOf(b[0])
	}
	var few [16]int64
	depth := few[:0] // nodes left at each level, negative in objects
	for at := 0; ; {
		switch tag := b[at]; tag {
		case nodeArray, nodeObject:
			n, size := readCount(b[at+1:])
			at += 1 + size
			if tag == nodeObject {
				n = -n
			}
			depth = append(depth, int64(n))
		default:
			numbers += numbersOf(tag)
			at += sizeScalar(b[at:])
		}
		for len(depth) > 0 && depth[len(depth)-1] == 0 {
			depth = depth[:len(depth)-1]
		}
		if len(depth) == 0 {
			return at, numbers
		}
		if top := &depth[len(depth)-1]; *top < 0 {
			*top++
			at += bytes.IndexByte(b[at:], 0) + 1
		} else {
			*top--
		}
	}
}

func numbersOf(tag byte) int {
	if tag == nodeNumber {
		return 1
	}
	return 0
}

func sizeScalar(b []byte) int {
	switch b[0] {
	case nodeString:
		return 2 + bytes.IndexByte(b[1:], 0)
	case nodeNumber:
		return 1 + sizeOrderedDecimal(b[1:])
	}
	return 1
}

// Field returns the member of an object with a key.
func (j JSON) Field(key []byte) (v JSON, ok bool) {
	if j.Kind() != JSONObject {
		return JSON{}, false
	}
	for it := j.Iter(); ; {
		k, v, ok := it.Next()
		switch {
		case !ok, len(k) > len(key):
			return JSON{}, false
		case len(k) == len(key) && bytes.Equal(k, key):
			return v, true
		}
	}
}

// Elem returns element i of an array; below 0 it counts from the end.
func (j JSON) Elem(i int) (v JSON, ok bool) {
	if j.Kind() != JSONArray {
		return JSON{}, false
	}
	n := j.Len()
	if i < 0 {
		i += n
	}
	if i < 0 || i >= n {
		return JSON{}, false
	}
	it := j.Iter()
	for range i + 1 {
		_, v, _ = it.Next()
	}
	return v, true
}

// key returns the bytes by which a value inside another compares.
func (j JSON) key() []byte {
	size, _ := sizeNode(j.node)
	return j.node[:size]
}

// EqualJSON tells whether two values are equal.
func EqualJSON(a, b JSON) bool { return bytes.Equal(a.key(), b.key()) }

// Append appends j as a value of its own, as columns hold it.
func (j JSON) Append(dst []byte) []byte {
	size, numbers := sizeNode(j.node)
	dst = append(append(dst, rankOf(j.node)), j.node[:size]...)
	return appendTail(dst, j.appendZeros(nil, numbers, 0))
}

// appendZeros appends the entries of j's tail that concern its own numbers, the
// first of which is number at of what is being written.
func (j JSON) appendZeros(dst []byte, numbers, at int) []byte {
	for tail := j.tail; len(tail) > 0; {
		number, n := binary.Uvarint(tail)
		zeros, m := binary.Uvarint(tail[max(n, 0):])
		if n <= 0 || m <= 0 || int(number) >= j.first+numbers {
			break
		}
		tail = tail[n+m:]
		if int(number) >= j.first {
			dst = binary.AppendUvarint(dst, uint64(int(number)-j.first+at))
			dst = binary.AppendUvarint(dst, zeros)
		}
	}
	return dst
}

func rankOf(node []byte) byte {
	switch {
	case node[0] == nodeObject:
		return rankObject
	case node[0] != nodeArray:
		return rankScalar
	case node[1] == 0:
		return rankEmpty
	}
	return rankArray
}
