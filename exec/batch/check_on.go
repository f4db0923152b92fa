//go:build invariants

package batch

import "fmt"

// Check panics if an invariant of b does not hold.
func (b *Batch) Check() {
	for i, c := range b.Cols {
		if c == nil {
			continue
		}
		if c.Len() != b.N {
			panic(fmt.Sprintf("batch: column %d has %d rows of %d", i, c.Len(), b.N))
		}
		checkNulls(b, i, c)
	}
	b.checkLength("Diff", len(b.Diff), b.Diff == nil)
	b.checkLength("Late", len(b.Late), b.Late == nil)
	if b.Origin != nil {
		b.checkLength("Origin.Offsets", len(b.Origin.Offsets), b.Origin.Offsets == nil)
	}
	last := int32(-1)
	for _, row := range b.Sel {
		if row <= last || int(row) >= b.N {
			panic(fmt.Sprintf("batch: selection has %d after %d of %d rows", row, last, b.N))
		}
		last = row
	}
	b.eachRow(func(row int) {
		if b.Diff != nil && b.Diff[row] == 0 {
			panic(fmt.Sprintf("batch: row %d has count 0", row))
		}
	})
}

func (b *Batch) eachRow(f func(row int)) {
	if b.Sel == nil {
		for row := range b.N {
			f(row)
		}
		return
	}
	for _, row := range b.Sel {
		f(int(row))
	}
}

func (b *Batch) checkLength(what string, n int, absent bool) {
	if !absent && n != b.N {
		panic(fmt.Sprintf("batch: %s has %d entries for %d rows", what, n, b.N))
	}
}

// checkNulls verifies that NULL rows hold the zero value.
func checkNulls(b *Batch, i int, c Column) {
	nulls := c.Nulls()
	if nulls == nil {
		return
	}
	if len(nulls) != b.N {
		panic(fmt.Sprintf("batch: column %d has %d null flags for %d rows", i, len(nulls), b.N))
	}
	b.eachRow(func(row int) {
		if nulls[row] && !zeroAt(c, row) {
			panic(fmt.Sprintf("batch: column %d row %d is NULL and not zero", i, row))
		}
	})
}

func zeroAt(c Column, row int) bool {
	switch c := c.(type) {
	case *Vec[int64]:
		return c.Data[row] == 0
	case *TextVec:
		return len(c.At(row)) == 0
	case *Vec[float64]:
		return c.Data[row] == 0
	case *Vec[bool]:
		return !c.Data[row]
	case *Vec[Decimal]:
		return c.Data[row] == Decimal{}
	case *Vec[Span]:
		return c.Data[row] == Span{}
	}
	return true
}
