package agg

import (
	"bytes"

	"github.com/dirigo-stream/dirigo/exec/batch"
	"github.com/dirigo-stream/dirigo/exec/state"
)

// order is how values of a kind are kept and compared: as words, or as bytes.
type order struct {
	words   bool
	rep     batch.Rep
	compare func(a, b []byte) int // of encoded bytes; a total order
}

func orderOf(k batch.Kind) order {
	o := order{rep: k.Rep(), compare: bytes.Compare}
	switch o.rep {
	case batch.RepInt, batch.RepFloat, batch.RepBool:
		o.words = true
	case batch.RepDecimal:
		o.compare = compareDecimals
	}
	return o
}

// compareDecimals orders encoded numbers by value, equal ones by scale, so that
// which of 1.0 and 1.00 is the least does not depend on the order of rows.
func compareDecimals(a, b []byte) int {
	x, y := state.DecimalOf(a), state.DecimalOf(b)
	if c := x.Cmp(y); c != 0 {
		return c
	}
	return int(x.Scale) - int(y.Scale)
}

// word returns the value of row as a word that orders like it.
func wordOf(col batch.Column, row int32) int64 {
	switch v := col.(type) {
	case *batch.Vec[int64]:
		return v.Data[row]
	case *batch.Vec[float64]:
		return state.FloatWord(v.Data[row])
	case *batch.Vec[bool]:
		if v.Data[row] {
			return 1
		}
	}
	return 0
}

// encode appends the value of row as bytes.
func (o order) encode(dst []byte, col batch.Column, row int32) []byte {
	switch v := col.(type) {
	case *batch.TextVec:
		return append(dst, v.At(int(row))...)
	case *batch.Vec[batch.Decimal]:
		return state.AppendDecimal(dst, v.Data[row])
	case *batch.Vec[batch.Span]:
		return state.AppendSpan(dst, v.Data[row])
	}
	return dst
}

func appendWord(out batch.Column, w int64) {
	switch v := out.(type) {
	case *batch.Vec[int64]:
		v.Append(w)
	case *batch.Vec[float64]:
		v.Append(state.WordFloat(w))
	case *batch.Vec[bool]:
		v.Append(w != 0)
	}
}

func appendBytes(out batch.Column, b []byte) {
	switch v := out.(type) {
	case *batch.TextVec:
		v.Append(b)
	case *batch.Vec[batch.Decimal]:
		v.Append(state.DecimalOf(b))
	case *batch.Vec[batch.Span]:
		v.Append(state.SpanOf(b))
	}
}

// extreme is min or max of append-only values that fit a word: two words,
// whether there is one, and it.
type extreme struct {
	at   int
	most bool
	rep  batch.Rep
}

func (k extreme) push(c *chunk, col batch.Column, pos []int32) {
	words, rows, at := c.words, c.rows, k.at
	if v, ok := col.(*batch.Vec[int64]); ok && k.most {
		for _, i := range pos {
			x, w := v.Data[rows[i]], words[i][at:at+2:at+2]
			if x > w[1] || w[0] == 0 {
				w[0], w[1] = 1, x
			}
		}
		return
	}
	for _, i := range pos {
		k.take(words[i][at:at+2:at+2], wordOf(col, rows[i]))
	}
}

func (k extreme) take(w []int64, x int64) {
	if w[0] == 0 || x != w[1] && (x > w[1]) == k.most {
		w[0], w[1] = 1, x
	}
}

func (k extreme) merge(dst, src *rowset) {
	for i, s := range src.words {
		if s[k.at] != 0 {
			k.take(dst.words[i][k.at:k.at+2], s[k.at+1])
		}
	}
}

func (k extreme) empty(*rowset, int) bool { return true } // nothing is taken back from it

func (k extreme) result(out batch.Column, rows *rowset) error {
	for _, w := range rows.words {
		if w[k.at] == 0 {
			batch.AppendNull(out)
			continue
		}
		appendWord(out, w[k.at+1])
	}
	return nil
}

// extremeBytes is extreme for values that are kept as bytes: a word that says
// whether there is one, and the bytes.
type extremeBytes struct {
	at   int
	most bool
	o    order
}

func (k extremeBytes) push(c *chunk, col batch.Column, pos []int32) {
	var scratch []byte
	for _, i := range pos {
		scratch = k.o.encode(scratch[:0], col, c.rows[i])
		k.take(&c.rowset, i, scratch)
	}
}

func (k extremeBytes) take(dst *rowset, i int32, b []byte) {
	if w := dst.words[i]; w[k.at] == 0 {
		w[k.at] = 1
	} else if c := k.o.compare(b, dst.table.Bytes(dst.refs[i], k.at+1)); c == 0 || (c > 0) != k.most {
		return
	}
	dst.table.SetBytes(dst.refs[i], k.at+1, b)
}

func (k extremeBytes) merge(dst, src *rowset) {
	for i, s := range src.words {
		if s[k.at] != 0 {
			k.take(dst, int32(i), src.table.Bytes(src.refs[i], k.at+1))
		}
	}
}

func (k extremeBytes) empty(*rowset, int) bool { return true }

func (k extremeBytes) result(out batch.Column, rows *rowset) error {
	for i, w := range rows.words {
		if w[k.at] == 0 {
			batch.AppendNull(out)
			continue
		}
		appendBytes(out, rows.table.Bytes(rows.refs[i], k.at+1))
	}
	return nil
}
