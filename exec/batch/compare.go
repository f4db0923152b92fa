package batch

import (
	"bytes"
	"cmp"
)

// Compare orders row i of a against row j of b, columns of one kind, both not
// NULL: negative, zero, positive. The order is PostgreSQL's: text by bytes
// (collation C), NaN greatest and equal to itself, false before true.
func Compare(a Column, i int, b Column, j int) int {
	switch a := a.(type) {
	case *Vec[int64]:
		return cmp.Compare(a.Data[i], b.(*Vec[int64]).Data[j])
	case *TextVec:
		if a.Tailed {
			return bytes.Compare(Significant(a.At(i)), Significant(b.(*TextVec).At(j)))
		}
		return bytes.Compare(a.At(i), b.(*TextVec).At(j))
	case *Vec[float64]:
		return CompareFloat(a.Data[i], b.(*Vec[float64]).Data[j])
	case *Vec[bool]:
		return compareBool(a.Data[i], b.(*Vec[bool]).Data[j])
	case *Vec[Decimal]:
		return a.Data[i].Cmp(b.(*Vec[Decimal]).Data[j])
	case *Vec[Span]:
		return a.Data[i].Cmp(b.(*Vec[Span]).Data[j])
	}
	return 0
}

// CompareFloat orders floats, NaN greatest and equal to itself.
func CompareFloat(a, b float64) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	case a == b:
		return 0
	case a == a: // b is NaN
		return -1
	case b == b:
		return 1
	}
	return 0
}

func compareBool(a, b bool) int {
	switch {
	case a == b:
		return 0
	case b:
		return -1
	}
	return 1
}

// IsNull tells whether a row is NULL.
func IsNull(c Column, row int) bool {
	nulls := c.Nulls()
	return nulls != nil && nulls[row]
}

// EqualRows tells whether row i of a equals row j of b in every column, a NULL
// being equal to a NULL.
func EqualRows(a []Column, i int, b []Column, j int) bool {
	for c := range a {
		if !EqualAt(a[c], i, b[c], j) {
			return false
		}
	}
	return true
}

// EqualAt is EqualRows for one column.
func EqualAt(a Column, i int, b Column, j int) bool {
	an, bn := IsNull(a, i), IsNull(b, j)
	if an || bn {
		return an && bn
	}
	return Compare(a, i, b, j) == 0
}

// AppendFrom appends row i of from, of the same representation, to c.
func AppendFrom(c Column, from Column, i int) {
	if IsNull(from, i) {
		AppendNull(c)
		return
	}
	switch c := c.(type) {
	case *Vec[int64]:
		c.Append(from.(*Vec[int64]).Data[i])
	case *TextVec:
		c.Append(from.(*TextVec).At(i))
	case *Vec[float64]:
		c.Append(from.(*Vec[float64]).Data[i])
	case *Vec[bool]:
		c.Append(from.(*Vec[bool]).Data[i])
	case *Vec[Decimal]:
		c.Append(from.(*Vec[Decimal]).Data[i])
	case *Vec[Span]:
		c.Append(from.(*Vec[Span]).Data[i])
	}
}

// AppendNull appends a NULL to any column.
func AppendNull(c Column) {
	c.(interface{ AppendNull() }).AppendNull()
}
