package agg

import (
	"fmt"

	"github.com/dirigo-stream/dirigo/exec/batch"
	"github.com/dirigo-stream/dirigo/exec/state"
)

// kernel is one aggregate function over one kind of argument. Its accumulator
// words begin at a place in the table's rows that it is told at construction.
// Accumulators are signed sums of what came, so they merge, in any order; all
// zero is the empty group.
type kernel interface {
	// push adds the argument (col, not NULL at pos) of the chunk's rows pos.
	push(c *chunk, col batch.Column, pos []int32)
	// merge adds the accumulators of src[i] to those of dst[i].
	merge(dst, src *rowset)
	// empty tells whether the accumulators of row i hold nothing: all that came
	// was taken back.
	empty(rows *rowset, i int) bool
	// result appends the results of rows to out.
	result(out batch.Column, rows *rowset) error
}

// rowset is some rows of a table.
type rowset struct {
	table *state.Table
	refs  []state.Ref
	words [][]int64
}

func (r *rowset) set(t *state.Table, refs []state.Ref) {
	r.table, r.refs = t, refs
	if cap(r.words) < len(refs) {
		r.words = make([][]int64, max(len(refs), state.Chunk))
	}
	r.words = r.words[:len(refs)]
	t.Rows(refs, r.words)
}

// chunk is up to state.Chunk rows of a batch with their rows in a table; diff
// is nil where all count +1, else parallel to rows.
type chunk struct {
	rowset
	rows  []int32
	diff  []int64
	batch *batch.Batch
}

// builder makes a kernel whose words begin at at.
type builder struct {
	accs []state.Acc
	make func(at int) kernel
}

// build returns how to make the kernel of a call. Updating asks for kernels
// that can take rows back.
func build(c Call, updating bool) (builder, error) {
	words := func(n int) []state.Acc { return make([]state.Acc, n) }
	rep := c.ArgType.Kind.Rep()
	switch {
	case c.Func == "count":
		return builder{words(1), func(at int) kernel { return count{at} }}, nil
	case c.Func == "bool_and" || c.Func == "every" || c.Func == "bool_or":
		return builder{words(2), func(at int) kernel { return logic{at, c.Func == "bool_or"} }}, nil
	case c.Func == "array_agg" || c.Func == "string_agg":
		return builder{[]state.Acc{state.Bytes}, func(at int) kernel { return newCollect(at, c) }}, nil
	case c.Func == "sum" || c.Func == "avg":
		mean := c.Func == "avg"
		switch rep {
		case batch.RepInt:
			return builder{words(3), func(at int) kernel { return sumInt{at, mean, c.Type.Kind} }}, nil
		case batch.RepFloat:
			return builder{append(words(1), state.Bytes), func(at int) kernel { return sumFloat{at, mean, c.Type.Kind} }}, nil
		case batch.RepDecimal:
			return builder{append(words(4), state.Bytes), func(at int) kernel { return sumNumeric{at, mean} }}, nil
		case batch.RepSpan:
			return builder{words(7), func(at int) kernel { return sumSpan{at, mean} }}, nil
		}
	case c.Func == "min" || c.Func == "max":
		most := c.Func == "max"
		o := orderOf(c.ArgType.Kind)
		switch {
		case updating:
			return builder{[]state.Acc{state.Bytes, state.Word}, func(at int) kernel { return newCounted(at, most, o) }}, nil
		case o.words:
			return builder{words(2), func(at int) kernel { return extreme{at, most, rep} }}, nil
		}
		return builder{append(words(1), state.Bytes), func(at int) kernel { return extremeBytes{at, most, o} }}, nil
	}
	return builder{}, fmt.Errorf("aggregate %s(%s) is not known", c.Func, c.ArgType)
}
