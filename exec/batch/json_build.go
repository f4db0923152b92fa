package batch

import (
	"bytes"
	"encoding/binary"
	"slices"
)

// JSONBuilder puts a JSONB value together: calls in the order of its text, then
// Append. Keys come in any order; of equal ones the last counts. Its memory
// serves the next value. The zero value is ready.
type JSONBuilder struct {
	nodes []jsonNode
	open  []int32 // containers that have not ended
	arena []byte  // keys and strings
	key   jsonSpan
	tail  []byte
	order []int32
}

// jsonNode is a value; what is in a container follows it.
type jsonNode struct {
	tag   byte // 0: raw
	key   jsonSpan
	str   jsonSpan
	num   Decimal
	raw   JSON
	count int32
	end   int32 // behind the last node of a container
}

type jsonSpan struct{ from, to uint32 }

// Reset begins a new value.
func (b *JSONBuilder) Reset() {
	b.nodes, b.open, b.arena = b.nodes[:0], b.open[:0], b.arena[:0]
	b.key = jsonSpan{}
}

func (b *JSONBuilder) add(n jsonNode) {
	if len(b.open) > 0 {
		b.nodes[b.open[len(b.open)-1]].count++
	}
	n.key, b.key = b.key, jsonSpan{}
	n.end = int32(len(b.nodes) + 1)
	b.nodes = append(b.nodes, n)
}

func (b *JSONBuilder) keep(s []byte) jsonSpan {
	from := uint32(len(b.arena))
	b.arena = append(b.arena, s...)
	return jsonSpan{from, uint32(len(b.arena))}
}

func (b *JSONBuilder) text(s jsonSpan) []byte { return b.arena[s.from:s.to] }

// Key sets the key of the member that comes next.
func (b *JSONBuilder) Key(k []byte) { b.key = b.keep(k) }

// Null adds a null.
func (b *JSONBuilder) Null() { b.add(jsonNode{tag: nodeNull}) }

// Bool adds a boolean.
func (b *JSONBuilder) Bool(v bool) {
	if v {
		b.add(jsonNode{tag: nodeTrue})
	} else {
		b.add(jsonNode{tag: nodeFalse})
	}
}

// String adds a string, which must not contain a zero byte.
func (b *JSONBuilder) String(s []byte) {
	b.add(jsonNode{tag: nodeString, str: b.keep(s)})
}

// Number adds a number, which must be finite.
func (b *JSONBuilder) Number(d Decimal) { b.add(jsonNode{tag: nodeNumber, num: d}) }

// Raw adds a value that is there already; its bytes must stay until Append.
func (b *JSONBuilder) Raw(v JSON) { b.add(jsonNode{raw: v}) }

// Begin opens an array or an object, End closes it.
func (b *JSONBuilder) Begin(object bool) {
	tag := nodeArray
	if object {
		tag = nodeObject
	}
	b.add(jsonNode{tag: tag})
	b.open = append(b.open, int32(len(b.nodes)-1))
}

// End closes the container that was opened last.
func (b *JSONBuilder) End() {
	top := b.open[len(b.open)-1]
	b.open = b.open[:len(b.open)-1]
	b.nodes[top].end = int32(len(b.nodes))
}

// Append appends the value, as columns hold it.
func (b *JSONBuilder) Append(dst []byte) []byte {
	b.tail = b.tail[:0]
	start := len(dst)
	dst, _ = b.encode(append(dst, 0), 0, 0)
	dst[start] = rankOf(dst[start+1:])
	return appendTail(dst, b.tail)
}

// encode appends node i; numbers is how many were written before it.
func (b *JSONBuilder) encode(dst []byte, i int32, numbers int) ([]byte, int) {
	switch n := &b.nodes[i]; n.tag {
	case 0:
		size, count := sizeNode(n.raw.node)
		b.tail = n.raw.appendZeros(b.tail, count, numbers)
		return append(dst, n.raw.node[:size]...), numbers + count
	case nodeString:
		return append(append(append(dst, nodeString), b.text(n.str)...), 0), numbers
	case nodeNumber:
		dst, zeros := appendOrderedDecimal(append(dst, nodeNumber), n.num)
		if zeros > 0 {
			b.tail = binary.AppendUvarint(b.tail, uint64(numbers))
			b.tail = binary.AppendUvarint(b.tail, uint64(zeros))
		}
		return dst, numbers + 1
	case nodeArray:
		dst = appendCount(append(dst, nodeArray), int(n.count))
		for c := i + 1; c < n.end; c = b.nodes[c].end {
			dst, numbers = b.encode(dst, c, numbers)
		}
		return dst, numbers
	case nodeObject:
		return b.encodeObject(append(dst, nodeObject), i, numbers)
	default:
		return append(dst, n.tag), numbers
	}
}

func (b *JSONBuilder) encodeObject(dst []byte, i int32, numbers int) ([]byte, int) {
	base := len(b.order)
	for c := i + 1; c < b.nodes[i].end; c = b.nodes[c].end {
		b.order = append(b.order, c)
	}
	members := b.uniqueMembers(b.order[base:])
	dst = appendCount(dst, len(members))
	for _, c := range members {
		dst = append(append(dst, b.text(b.nodes[c].key)...), 0)
		dst, numbers = b.encode(dst, c, numbers)
	}
	b.order = b.order[:base]
	return dst, numbers
}

// uniqueMembers orders members by key and keeps the last of equal ones.
func (b *JSONBuilder) uniqueMembers(m []int32) []int32 {
	byKey := func(x, y int32) int { return compareKeys(b.text(b.nodes[x].key), b.text(b.nodes[y].key)) }
	sorted := true
	for i := 1; i < len(m) && sorted; i++ {
		sorted = byKey(m[i-1], m[i]) < 0
	}
	if sorted {
		return m
	}
	slices.SortStableFunc(m, byKey)
	n := 0
	for i := range m {
		if i+1 < len(m) && byKey(m[i], m[i+1]) == 0 {
			continue
		}
		m[n] = m[i]
		n++
	}
	return m[:n]
}

// compareKeys orders keys of objects: by length, then by bytes.
func compareKeys(a, b []byte) int {
	if len(a) != len(b) {
		return len(a) - len(b)
	}
	return bytes.Compare(a, b)
}
