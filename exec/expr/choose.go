package expr

import "github.com/dirigo-stream/dirigo/exec/batch"

// chooser puts a column together from the rows of several.
type chooser interface {
	begin(n int)
	// take copies the rows in sel from c.
	take(c batch.Column, sel []int32)
	null(sel []int32)
	end() batch.Column
}

func newChooser(k batch.Kind, fresh bool) chooser {
	switch k.Rep() {
	case batch.RepBool:
		return &fixedChooser[bool]{buf: slot[bool]{fresh: fresh}}
	case batch.RepInt:
		return &fixedChooser[int64]{buf: slot[int64]{fresh: fresh}}
	case batch.RepFloat:
		return &fixedChooser[float64]{buf: slot[float64]{fresh: fresh}}
	case batch.RepDecimal:
		return &fixedChooser[batch.Decimal]{buf: slot[batch.Decimal]{fresh: fresh}}
	case batch.RepSpan:
		return &fixedChooser[batch.Span]{buf: slot[batch.Span]{fresh: fresh}}
	}
	return &textChooser{buf: textSlot{fresh: fresh, tailed: k.Tailed()}}
}

type fixedChooser[T batch.Fixed] struct {
	buf slot[T]
	out *batch.Vec[T]
}

func (c *fixedChooser[T]) begin(n int) { c.out = c.buf.take(n) }

func (c *fixedChooser[T]) take(from batch.Column, sel []int32) {
	src := from.(*batch.Vec[T])
	for _, i := range sel {
		c.out.Data[i] = src.Data[i]
	}
	if src.Null == nil {
		return
	}
	for _, i := range sel {
		if src.Null[i] {
			c.setNull(i)
		}
	}
}

func (c *fixedChooser[T]) setNull(i int32) {
	if c.out.Null == nil {
		c.out.Null = c.buf.nulls(len(c.out.Data))
	}
	c.out.Null[i] = true
}

func (c *fixedChooser[T]) null(sel []int32) {
	for _, i := range sel {
		c.setNull(i)
	}
}

func (c *fixedChooser[T]) end() batch.Column { return c.out }

// textChooser notes for each row which column it comes from: texts have to be
// put down in the order of rows.
type textChooser struct {
	buf   textSlot
	n     int
	from  []*batch.TextVec
	which []uint16 // 0: not chosen; 1: NULL; else index into from, plus 2
}

func (c *textChooser) begin(n int) {
	c.n = n
	c.from = c.from[:0]
	if cap(c.which) < n {
		c.which = make([]uint16, n)
	}
	c.which = c.which[:n]
	clear(c.which)
}

func (c *textChooser) take(from batch.Column, sel []int32) {
	c.from = append(c.from, from.(*batch.TextVec))
	id := uint16(len(c.from) + 1)
	for _, i := range sel {
		c.which[i] = id
	}
}

func (c *textChooser) null(sel []int32) {
	for _, i := range sel {
		c.which[i] = 1
	}
}

func (c *textChooser) end() batch.Column {
	out := c.buf.begin(c.n)
	for i, w := range c.which {
		switch {
		case w == 0:
		case w == 1 || batch.IsNull(c.from[w-2], i):
			c.buf.put(i, out.Data, true)
		default:
			c.buf.put(i, append(out.Data, c.from[w-2].At(i)...), false)
		}
	}
	return c.buf.end()
}

// caseEval is CASE: each condition is evaluated for the rows that those before
// it left, each value for the rows of its condition.
type caseEval struct {
	conds, values []evaluator
	other         evaluator
	out           chooser
	rest          [2][]int32
	taken         []int32
}

func newCase(n *Node, args []evaluator, fresh bool) evaluator {
	e := &caseEval{out: newChooser(n.Type.Kind, fresh), other: args[len(args)-1]}
	for i := 0; i+1 < len(args); i += 2 {
		e.conds = append(e.conds, args[i])
		e.values = append(e.values, args[i+1])
	}
	return e
}

func (e *caseEval) eval(b *batch.Batch, sel []int32, cx *Context) batch.Column {
	e.out.begin(b.N)
	rest := allRows(&e.rest[0], sel, b.N)
	for k, cond := range e.conds {
		if len(rest) == 0 {
			break
		}
		c := cond.eval(b, rest, cx).(*batch.Vec[bool])
		e.taken = e.taken[:0]
		next := e.rest[1][:0]
		for _, i := range rest {
			if c.Data[i] && (c.Null == nil || !c.Null[i]) {
				e.taken = append(e.taken, i)
			} else {
				next = append(next, i)
			}
		}
		e.rest[0], e.rest[1] = next, e.rest[0]
		rest = next
		if len(e.taken) > 0 {
			e.out.take(e.values[k].eval(b, e.taken, cx), e.taken)
		}
	}
	if len(rest) > 0 {
		e.out.take(e.other.eval(b, rest, cx), rest)
	}
	return e.out.end()
}

// allRows writes sel (nil: 0 to n-1) to buf, to be taken apart.
func allRows(buf *[]int32, sel []int32, n int) []int32 {
	out := (*buf)[:0]
	if sel != nil {
		out = append(out, sel...)
	} else {
		for i := range n {
			out = append(out, int32(i))
		}
	}
	*buf = out
	return out
}

// coalesceEval is COALESCE: an argument is evaluated for the rows that are NULL
// in all before it.
type coalesceEval struct {
	args  []evaluator
	out   chooser
	rest  [2][]int32
	taken []int32
}

func newCoalesce(n *Node, args []evaluator, fresh bool) evaluator {
	return &coalesceEval{args: args, out: newChooser(n.Type.Kind, fresh)}
}

func (e *coalesceEval) eval(b *batch.Batch, sel []int32, cx *Context) batch.Column {
	e.out.begin(b.N)
	rest := allRows(&e.rest[0], sel, b.N)
	for _, a := range e.args {
		if len(rest) == 0 {
			break
		}
		c := a.eval(b, rest, cx)
		nulls := c.Nulls()
		if nulls == nil {
			e.out.take(c, rest)
			rest = rest[:0]
			break
		}
		e.taken = e.taken[:0]
		next := e.rest[1][:0]
		for _, i := range rest {
			if nulls[i] {
				next = append(next, i)
			} else {
				e.taken = append(e.taken, i)
			}
		}
		e.rest[0], e.rest[1] = next, e.rest[0]
		rest = next
		e.out.take(c, e.taken)
	}
	e.out.null(rest)
	return e.out.end()
}

// extremeEval is GREATEST or LEAST, which skip NULLs.
type extremeEval struct {
	args []evaluator
	sign int // of the comparison that replaces: 1 for GREATEST
	out  chooser
	cols []batch.Column
	pick [][]int32
	none []int32
}

func newExtreme(n *Node, args []evaluator, fresh bool) evaluator {
	e := &extremeEval{args: args, sign: 1, out: newChooser(n.Type.Kind, fresh), pick: make([][]int32, len(args))}
	if n.Name == "least" {
		e.sign = -1
	}
	return e
}

func (e *extremeEval) eval(b *batch.Batch, sel []int32, cx *Context) batch.Column {
	e.cols = e.cols[:0]
	for k, a := range e.args {
		e.cols = append(e.cols, a.eval(b, sel, cx))
		e.pick[k] = e.pick[k][:0]
	}
	e.none = e.none[:0]
	each(sel, b.N, func(i int) {
		best := -1
		for k, c := range e.cols {
			if !batch.IsNull(c, i) && (best < 0 || batch.Compare(c, i, e.cols[best], i)*e.sign > 0) {
				best = k
			}
		}
		if best < 0 {
			e.none = append(e.none, int32(i))
		} else {
			e.pick[best] = append(e.pick[best], int32(i))
		}
	})
	e.out.begin(b.N)
	for k, c := range e.cols {
		e.out.take(c, e.pick[k])
	}
	e.out.null(e.none)
	return e.out.end()
}

// nullIfEval is NULLIF: its arguments are the value and the comparison.
type nullIfEval struct {
	value, equal evaluator
	out          chooser
	keep, drop   []int32
}

func newNullIf(n *Node, args []evaluator, fresh bool) evaluator {
	return &nullIfEval{value: args[0], equal: args[1], out: newChooser(n.Type.Kind, fresh)}
}

func (e *nullIfEval) eval(b *batch.Batch, sel []int32, cx *Context) batch.Column {
	eq := e.equal.eval(b, sel, cx).(*batch.Vec[bool])
	e.keep, e.drop = e.keep[:0], e.drop[:0]
	each(sel, b.N, func(i int) {
		if eq.Data[i] && (eq.Null == nil || !eq.Null[i]) {
			e.drop = append(e.drop, int32(i))
		} else {
			e.keep = append(e.keep, int32(i))
		}
	})
	e.out.begin(b.N)
	e.out.take(e.value.eval(b, sel, cx), e.keep)
	e.out.null(e.drop)
	return e.out.end()
}
