package expr

import (
	"bytes"
	"strconv"
	"unicode/utf8"

	"github.com/dirigo-stream/dirigo/exec/batch"
)

// Rows of the functions of arrays; n is the call, whose types are settled.

func elemOf(n *Node, arg int) batch.Kind { return n.Args[arg].Type.Elem }

func arrayConstruct(n *Node) rowFunc {
	b := batch.NewArrayBuilder(n.Type.Elem)
	return func(f *frame) {
		b.Reset()
		for i := range f.in {
			b.Add(f.in[i].col, f.row)
		}
		f.buf = b.Append(f.buf)
	}
}

// arraySubscript is a[i], NULL where there is no such element.
func arraySubscript(n *Node) rowFunc {
	elem := elemOf(n, 0)
	return func(f *frame) {
		it := batch.Elems(f.text(0), elem)
		for i := int64(1); ; i++ {
			e, ok := it.Next()
			if !ok || i == f.int(1) {
				f.setElem(e, ok)
				return
			}
		}
	}
}

// setElem sets the result to an element.
func (f *frame) setElem(e batch.Elem, ok bool) {
	switch {
	case !ok || e.Null:
		f.setNull()
	case f.ints != nil:
		f.setInt(e.Int())
	case f.bools != nil:
		f.setBool(e.Bool())
	case f.floats != nil:
		f.setFloat(e.Float())
	case f.decs != nil:
		f.setDec(e.Decimal())
	case f.spans != nil:
		f.setSpan(e.Span())
	default:
		f.buf = e.AppendValue(f.buf)
	}
}

// copyElems adds the elements from to to, counted from 1, to b.
func copyElems(b *batch.ArrayBuilder, v []byte, elem batch.Kind, from, to int64) {
	it := batch.Elems(v, elem)
	for i := int64(1); i <= to; i++ {
		e, ok := it.Next()
		if !ok {
			return
		}
		if i >= from {
			b.AddElem(e)
		}
	}
}

func arraySlice(n *Node) rowFunc {
	elem := elemOf(n, 0)
	b := batch.NewArrayBuilder(elem)
	return func(f *frame) {
		b.Reset()
		copyElems(b, f.text(0), elem, f.int(1), f.int(2))
		f.buf = b.Append(f.buf)
	}
}

func trimArray(n *Node) rowFunc {
	elem := elemOf(n, 0)
	b := batch.NewArrayBuilder(elem)
	return func(f *frame) {
		size, cut := int64(batch.ArrayLen(f.text(0), elem)), f.int(1)
		if cut < 0 || cut > size {
			f.fail(errorf("2202E", "number of elements to trim must be between 0 and %d", size))
			return
		}
		b.Reset()
		copyElems(b, f.text(0), elem, 1, size-cut)
		f.buf = b.Append(f.buf)
	}
}

// arrayExtent is array_length and array_upper, or array_lower.
func arrayExtent(lower bool) func(n *Node) rowFunc {
	return func(n *Node) rowFunc {
		elem := elemOf(n, 0)
		return func(f *frame) {
			size := batch.ArrayLen(f.text(0), elem)
			switch {
			case size == 0 || f.int(1) != 1:
				f.setNull()
			case lower:
				f.setInt(1)
			default:
				f.setInt(int64(size))
			}
		}
	}
}

func cardinality(n *Node) rowFunc {
	elem := elemOf(n, 0)
	return func(f *frame) { f.setInt(int64(batch.ArrayLen(f.text(0), elem))) }
}

func arrayNDims(n *Node) rowFunc {
	elem := elemOf(n, 0)
	return func(f *frame) {
		if batch.ArrayLen(f.text(0), elem) == 0 {
			f.setNull()
			return
		}
		f.setInt(1)
	}
}

func arrayDims(n *Node) rowFunc {
	elem := elemOf(n, 0)
	return func(f *frame) {
		size := batch.ArrayLen(f.text(0), elem)
		if size == 0 {
			f.setNull()
			return
		}
		f.setText("[1:")
		f.buf = strconv.AppendInt(f.buf, int64(size), 10)
		f.setText("]")
	}
}

const allElems = 1 << 40

func arrayAppend(n *Node) rowFunc {
	elem := n.Type.Elem
	b := batch.NewArrayBuilder(elem)
	return func(f *frame) {
		b.Reset()
		if !f.isNull(0) {
			copyElems(b, f.text(0), elem, 1, allElems)
		}
		b.Add(f.in[1].col, f.row)
		f.buf = b.Append(f.buf)
	}
}

func arrayPrepend(n *Node) rowFunc {
	elem := n.Type.Elem
	b := batch.NewArrayBuilder(elem)
	return func(f *frame) {
		b.Reset()
		b.Add(f.in[0].col, f.row)
		if !f.isNull(1) {
			copyElems(b, f.text(1), elem, 1, allElems)
		}
		f.buf = b.Append(f.buf)
	}
}

func arrayCat(n *Node) rowFunc {
	elem := n.Type.Elem
	b := batch.NewArrayBuilder(elem)
	return func(f *frame) {
		if f.isNull(0) && f.isNull(1) {
			f.setNull()
			return
		}
		b.Reset()
		for i := range 2 {
			if !f.isNull(i) {
				copyElems(b, f.text(i), elem, 1, allElems)
			}
		}
		f.buf = b.Append(f.buf)
	}
}

// single encodes argument i as an element, to be compared with others.
func single(f *frame, b *batch.ArrayBuilder, elem batch.Kind, i int, buf *[]byte) batch.Elem {
	b.Reset()
	b.Add(f.in[i].col, f.row)
	*buf = b.Append((*buf)[:0])
	it := batch.Elems(*buf, elem)
	e, _ := it.Next()
	return e
}

// arrayReplace is array_replace, and array_remove without a third argument.
func arrayReplace(n *Node) rowFunc {
	elem := n.Type.Elem
	b, one := batch.NewArrayBuilder(elem), batch.NewArrayBuilder(elem)
	var old, by []byte
	return func(f *frame) {
		if f.isNull(0) {
			f.setNull()
			return
		}
		what := single(f, one, elem, 1, &old)
		var with batch.Elem
		if len(f.in) > 2 {
			with = single(f, one, elem, 2, &by)
		}
		b.Reset()
		for it := batch.Elems(f.text(0), elem); ; {
			e, ok := it.Next()
			switch {
			case !ok:
				f.buf = b.Append(f.buf)
				return
			case !e.Same(what):
				b.AddElem(e)
			case len(f.in) > 2:
				b.AddElem(with)
			}
		}
	}
}

// arrayPosition finds an element, NULL too, from the first or a given one on.
func arrayPosition(n *Node) rowFunc {
	elem := elemOf(n, 0)
	one := batch.NewArrayBuilder(elem)
	var buf []byte
	return func(f *frame) {
		from := int64(1)
		if len(f.in) > 2 {
			if f.isNull(2) {
				f.fail(errorf("22004", "initial position must not be null"))
				return
			}
			from = f.int(2)
		}
		if f.isNull(0) {
			f.setNull()
			return
		}
		what := single(f, one, elem, 1, &buf)
		it := batch.Elems(f.text(0), elem)
		for i := int64(1); ; i++ {
			e, ok := it.Next()
			if !ok {
				f.setNull()
				return
			}
			if i >= from && e.Same(what) {
				f.setInt(i)
				return
			}
		}
	}
}

func arrayPositions(n *Node) rowFunc {
	elem := elemOf(n, 0)
	one, b := batch.NewArrayBuilder(elem), batch.NewArrayBuilder(batch.Int32)
	var buf []byte
	return func(f *frame) {
		if f.isNull(0) {
			f.setNull()
			return
		}
		what := single(f, one, elem, 1, &buf)
		at := &batch.Vec[int64]{}
		b.Reset()
		it := batch.Elems(f.text(0), elem)
		for i := int64(1); ; i++ {
			e, ok := it.Next()
			if !ok {
				f.buf = b.Append(f.buf)
				return
			}
			if e.Same(what) {
				at.Append(i)
				b.Add(at, len(at.Data)-1)
			}
		}
	}
}

func arrayToString(n *Node) rowFunc {
	elem := n.Args[0].Type.ElemType()
	return func(f *frame) {
		if f.isNull(0) || f.isNull(1) {
			f.setNull()
			return
		}
		first := true
		for it := batch.Elems(f.text(0), elem.Kind); ; {
			e, ok := it.Next()
			if !ok {
				return
			}
			if e.Null && (len(f.in) < 3 || f.isNull(2)) {
				continue
			}
			if !first {
				f.setBytes(f.text(1))
			}
			first = false
			if e.Null {
				f.setBytes(f.text(2))
			} else {
				f.buf = e.AppendText(f.buf, elem, f.cx.Loc)
			}
		}
	}
}

// stringToArray cuts a text at each delimiter: NULL cuts between characters, an
// empty one nowhere.
func stringToArray(f *frame) {
	if f.isNull(0) {
		f.setNull()
		return
	}
	b, part := batch.NewArrayBuilder(batch.Text), &batch.TextVec{}
	add := func(s []byte) {
		if len(f.in) > 2 && !f.isNull(2) && bytes.Equal(s, f.text(2)) {
			b.Null()
			return
		}
		part.Append(s)
		b.Add(part, part.Len()-1)
	}
	s := f.text(0)
	switch {
	case len(s) == 0:
	case f.isNull(1):
		for len(s) > 0 {
			_, n := utf8.DecodeRune(s)
			add(s[:n])
			s = s[n:]
		}
	case len(f.text(1)) == 0:
		add(s)
	default:
		for {
			head, tail, found := bytes.Cut(s, f.text(1))
			add(head)
			if !found {
				break
			}
			s = tail
		}
	}
	f.buf = b.Append(f.buf)
}

// hasElement tells whether an element, not NULL, is in an array.
func hasElement(v []byte, elem batch.Kind, what batch.Elem) bool {
	for it := batch.Elems(v, elem); ; {
		e, ok := it.Next()
		if !ok {
			return false
		}
		if !e.Null && e.Equal(what) {
			return true
		}
	}
}

// arrayContains tells whether all elements of argument part are in argument
// whole; a NULL never is.
func arrayContains(n *Node, whole, part int) rowFunc {
	elem := elemOf(n, 0)
	return func(f *frame) {
		for it := batch.Elems(f.text(part), elem); ; {
			e, ok := it.Next()
			if !ok {
				f.setBool(true)
				return
			}
			if e.Null || !hasElement(f.text(whole), elem, e) {
				f.setBool(false)
				return
			}
		}
	}
}

func arrayOverlaps(n *Node) rowFunc {
	elem := elemOf(n, 0)
	return func(f *frame) {
		for it := batch.Elems(f.text(1), elem); ; {
			e, ok := it.Next()
			if !ok {
				f.setBool(false)
				return
			}
			if !e.Null && hasElement(f.text(0), elem, e) {
				f.setBool(true)
				return
			}
		}
	}
}
