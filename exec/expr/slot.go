package expr

import "github.com/dirigo-stream/dirigo/exec/batch"

// slot is where an evaluator puts its results: memory of its own used again for
// each batch, or new memory each time.
type slot[T batch.Fixed] struct {
	fresh bool
	vec   batch.Vec[T]
	null  []bool
}

// take returns a column of n rows without NULLs, of undefined values.
func (s *slot[T]) take(n int) *batch.Vec[T] {
	if s.fresh {
		return &batch.Vec[T]{Data: make([]T, n)}
	}
	if cap(s.vec.Data) < n {
		s.vec.Data = make([]T, n)
	}
	s.vec.Data = s.vec.Data[:n]
	s.vec.Null = nil
	return &s.vec
}

// nulls returns n null flags, all false.
func (s *slot[T]) nulls(n int) []bool {
	if s.fresh {
		return make([]bool, n)
	}
	s.null = clearFlags(s.null, n)
	return s.null
}

// union returns the rows that are NULL in a or in b; it never returns memory
// that is another evaluator's.
func (s *slot[T]) union(a, b []bool, n int) []bool {
	if a == nil && b == nil {
		return nil
	}
	out := s.nulls(n)
	if a == nil {
		a, b = b, nil
	}
	copy(out, a)
	if b != nil {
		for i, x := range b[:n] {
			if x {
				out[i] = true
			}
		}
	}
	return out
}

// fail makes a row NULL in out and records why.
func (s *slot[T]) fail(out *batch.Vec[T], row int, err *Error, cx *Context) {
	if out.Null == nil {
		out.Null = s.nulls(len(out.Data))
	}
	out.Null[row] = true
	cx.Fail(row, err)
}

func clearFlags(flags []bool, n int) []bool {
	if cap(flags) < n {
		return make([]bool, n)
	}
	flags = flags[:n]
	clear(flags)
	return flags
}

// zeroNulls gives NULL rows the zero value, as columns of a batch have it. It
// writes only where a value is not zero, which is never so in an input column.
func zeroNulls(c batch.Column) {
	switch c := c.(type) {
	case *batch.Vec[int64]:
		zeroVec(c)
	case *batch.Vec[float64]:
		zeroVec(c)
	case *batch.Vec[bool]:
		zeroVec(c)
	case *batch.Vec[batch.Decimal]:
		zeroVec(c)
	case *batch.Vec[batch.Span]:
		zeroVec(c)
	}
}

func zeroVec[T batch.Fixed](c *batch.Vec[T]) {
	var zero T
	for i, null := range c.Null {
		if null && c.Data[i] != zero {
			c.Data[i] = zero
		}
	}
}

// each calls f for the rows in sel (nil: 0 to n-1).
func each(sel []int32, n int, f func(row int)) {
	if sel == nil {
		for row := range n {
			f(row)
		}
		return
	}
	for _, row := range sel {
		f(int(row))
	}
}
