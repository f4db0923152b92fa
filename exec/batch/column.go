package batch

// Column is one column of a batch: a *Vec[T] or a *TextVec.
type Column interface {
	// Len returns the number of rows.
	Len() int
	// Nulls returns which rows are NULL; nil means none. The values of NULL
	// rows are zero (an empty text), so that kernels may compute on them.
	Nulls() []bool
	// Gather returns a new column of the rows in sel, in that order.
	Gather(sel []int32) Column
	// Bytes returns the memory retained, in bytes.
	Bytes() int64
}

// Fixed is what a Vec may hold; see Rep.
type Fixed interface {
	bool | int64 | float64 | Decimal | Span
}

// Vec is a column of values of one size.
type Vec[T Fixed] struct {
	Data []T
	Null []bool // nil: no NULL; else as long as Data
}

// TextVec is a column of texts or other bytes: row i is Data[Off[i]:Off[i+1]].
// Its zero value is an empty column of texts, ready for Append.
type TextVec struct {
	Off  []uint32 // one more than rows; empty only in the zero value
	Data []byte
	Null []bool
	// Tailed: each value may end in a tail that says how it is displayed, and
	// counts neither in comparisons nor in hashes; see Significant. So it is for
	// JSONB and arrays, where 1.0 equals 1.00.
	Tailed bool
}

var (
	_ Column = (*Vec[int64])(nil)
	_ Column = (*TextVec)(nil)
)

// Len implements Column.
func (v *Vec[T]) Len() int { return len(v.Data) }

// Nulls implements Column.
func (v *Vec[T]) Nulls() []bool { return v.Null }

// Bytes implements Column.
func (v *Vec[T]) Bytes() int64 {
	return int64(cap(v.Data))*sizeOf[T]() + int64(cap(v.Null))
}

// Gather implements Column.
func (v *Vec[T]) Gather(sel []int32) Column {
	out := &Vec[T]{Data: make([]T, len(sel)), Null: gatherNulls(v.Null, sel)}
	for i, row := range sel {
		out.Data[i] = v.Data[row]
	}
	return out
}

// Append adds one value.
func (v *Vec[T]) Append(x T) {
	v.Data = append(v.Data, x)
	if v.Null != nil {
		v.Null = append(v.Null, false)
	}
}

// AppendNull adds one NULL.
func (v *Vec[T]) AppendNull() {
	var zero T
	v.Null = growNulls(v.Null, len(v.Data))
	v.Data = append(v.Data, zero)
	v.Null = append(v.Null, true)
}

// Len implements Column.
func (v *TextVec) Len() int { return max(0, len(v.Off)-1) }

// Nulls implements Column.
func (v *TextVec) Nulls() []bool { return v.Null }

// Bytes implements Column.
func (v *TextVec) Bytes() int64 {
	return int64(cap(v.Off))*4 + int64(cap(v.Data)) + int64(cap(v.Null))
}

// At returns row i. The bytes belong to the column.
func (v *TextVec) At(i int) []byte { return v.Data[v.Off[i]:v.Off[i+1]] }

// Gather implements Column.
func (v *TextVec) Gather(sel []int32) Column {
	size := 0
	for _, row := range sel {
		size += int(v.Off[row+1] - v.Off[row])
	}
	out := &TextVec{
		Off:  make([]uint32, len(sel)+1),
		Data: make([]byte, 0, size),
		Null: gatherNulls(v.Null, sel), Tailed: v.Tailed,
	}
	for i, row := range sel {
		out.Data = append(out.Data, v.Data[v.Off[row]:v.Off[row+1]]...)
		out.Off[i+1] = uint32(len(out.Data))
	}
	return out
}

// Append adds one text, copied into the arena.
func (v *TextVec) Append(x []byte) {
	v.Data = append(v.Data, x...)
	v.end(false)
}

// AppendString adds one text.
func (v *TextVec) AppendString(x string) {
	v.Data = append(v.Data, x...)
	v.end(false)
}

// AppendNull adds one NULL.
func (v *TextVec) AppendNull() {
	v.Null = growNulls(v.Null, v.Len())
	v.end(true)
}

func (v *TextVec) end(null bool) {
	if len(v.Off) == 0 {
		v.Off = append(v.Off, 0)
	}
	v.Off = append(v.Off, uint32(len(v.Data)))
	if v.Null != nil {
		v.Null = append(v.Null, null)
	}
}

// New returns an empty column for kind k with room for n rows.
func New(k Kind, n int) Column {
	switch k.Rep() {
	case RepBool:
		return &Vec[bool]{Data: make([]bool, 0, n)}
	case RepInt:
		return &Vec[int64]{Data: make([]int64, 0, n)}
	case RepFloat:
		return &Vec[float64]{Data: make([]float64, 0, n)}
	case RepDecimal:
		return &Vec[Decimal]{Data: make([]Decimal, 0, n)}
	case RepSpan:
		return &Vec[Span]{Data: make([]Span, 0, n)}
	}
	return &TextVec{Off: append(make([]uint32, 0, n+1), 0), Tailed: k.Tailed()}
}

func gatherNulls(nulls []bool, sel []int32) []bool {
	if nulls == nil {
		return nil
	}
	out := make([]bool, len(sel))
	found := false
	for i, row := range sel {
		out[i] = nulls[row]
		found = found || nulls[row]
	}
	if !found {
		return nil
	}
	return out
}

// growNulls returns nulls with n entries, for a column that meets its first NULL.
func growNulls(nulls []bool, n int) []bool {
	if nulls == nil {
		return make([]bool, n, n+16)
	}
	return nulls
}

func sizeOf[T Fixed]() int64 {
	var x T
	switch any(x).(type) {
	case bool:
		return 1
	case Decimal:
		return 32
	case Span:
		return 16
	}
	return 8
}
