package expr

import "github.com/dirigo-stream/dirigo/exec/batch"

// rowFunc computes one row: it reads the arguments of row f.row through the
// frame and sets the result through it. Functions that are not hot are written
// this way; the others are kernels.
type rowFunc func(f *frame)

// frame is what a rowFunc sees. The types of arguments and result are settled
// when the call is resolved, so only matching accessors are used.
type frame struct {
	cx  *Context
	row int
	in  []arg

	ints   []int64
	floats []float64
	bools  []bool
	decs   []batch.Decimal
	spans  []batch.Span
	buf    []byte // a text result is appended here

	null bool
	err  *Error
}

// arg is one argument column; one of the fields is set.
type arg struct {
	ints   []int64
	floats []float64
	bools  []bool
	decs   []batch.Decimal
	spans  []batch.Span
	text   *batch.TextVec
	null   []bool
	col    batch.Column
}

func (f *frame) int(i int) int64         { return f.in[i].ints[f.row] }
func (f *frame) float(i int) float64     { return f.in[i].floats[f.row] }
func (f *frame) bool(i int) bool         { return f.in[i].bools[f.row] }
func (f *frame) dec(i int) batch.Decimal { return f.in[i].decs[f.row] }
func (f *frame) span(i int) batch.Span   { return f.in[i].spans[f.row] }
func (f *frame) text(i int) []byte       { return f.in[i].text.At(f.row) }
func (f *frame) isNull(i int) bool       { return f.in[i].null != nil && f.in[i].null[f.row] }

func (f *frame) setInt(v int64)         { f.ints[f.row] = v }
func (f *frame) setFloat(v float64)     { f.floats[f.row] = v }
func (f *frame) setBool(v bool)         { f.bools[f.row] = v }
func (f *frame) setDec(v batch.Decimal) { f.decs[f.row] = v }
func (f *frame) setSpan(v batch.Span)   { f.spans[f.row] = v }
func (f *frame) setText(s string)       { f.buf = append(f.buf, s...) }
func (f *frame) setBytes(s []byte)      { f.buf = append(f.buf, s...) }

// setNull makes the result NULL.
func (f *frame) setNull() { f.null = true }

// fail makes the row fail.
func (f *frame) fail(err *Error) { f.err = err }

// failValue makes the row fail with the error of a value.
func (f *frame) failValue(err error) { f.err = fromValue(err) }

// rowEval runs a rowFunc over columns.
type rowEval struct {
	args []evaluator
	fn   rowFunc
	lax  bool
	f    frame
	out  result
}

func newRowEval(n *Node, args []evaluator, fn rowFunc, lax, fresh bool) *rowEval {
	return &rowEval{args: args, fn: fn, lax: lax, f: frame{in: make([]arg, len(args))}, out: newResult(n.Type.Kind, fresh)}
}

func (e *rowEval) eval(b *batch.Batch, sel []int32, cx *Context) batch.Column {
	for i, a := range e.args {
		e.f.in[i] = argOf(a.eval(b, sel, cx))
	}
	e.f.cx = cx
	e.out.begin(&e.f, b.N)
	if sel == nil {
		for row := range b.N {
			e.one(row)
		}
	} else {
		for _, row := range sel {
			e.one(int(row))
		}
	}
	return e.out.end(&e.f)
}

func (e *rowEval) one(row int) {
	f := &e.f
	f.row = row
	f.null = false
	if !e.lax {
		for i := range f.in {
			if f.in[i].null != nil && f.in[i].null[row] {
				f.null = true
				e.out.done(f)
				return
			}
		}
	}
	e.fn(f)
	if len(f.buf) > maxArena {
		f.err = errTooLong
	}
	if f.err != nil {
		f.cx.Fail(row, f.err)
		f.err, f.null = nil, true
	}
	e.out.done(f)
}

func argOf(c batch.Column) arg {
	a := arg{null: c.Nulls(), col: c}
	switch c := c.(type) {
	case *batch.Vec[int64]:
		a.ints = c.Data
	case *batch.Vec[float64]:
		a.floats = c.Data
	case *batch.Vec[bool]:
		a.bools = c.Data
	case *batch.Vec[batch.Decimal]:
		a.decs = c.Data
	case *batch.Vec[batch.Span]:
		a.spans = c.Data
	case *batch.TextVec:
		a.text = c
	}
	return a
}

// result is where a rowEval's values go.
type result interface {
	begin(f *frame, n int)
	done(f *frame) // row f.row is set, or f.null
	end(f *frame) batch.Column
}

func newResult(k batch.Kind, fresh bool) result {
	switch k.Rep() {
	case batch.RepBool:
		return &fixedResult[bool]{buf: slot[bool]{fresh: fresh}, bind: func(f *frame, d []bool) { f.bools = d }}
	case batch.RepInt:
		return &fixedResult[int64]{buf: slot[int64]{fresh: fresh}, bind: func(f *frame, d []int64) { f.ints = d }}
	case batch.RepFloat:
		return &fixedResult[float64]{buf: slot[float64]{fresh: fresh}, bind: func(f *frame, d []float64) { f.floats = d }}
	case batch.RepDecimal:
		return &fixedResult[batch.Decimal]{buf: slot[batch.Decimal]{fresh: fresh}, bind: func(f *frame, d []batch.Decimal) { f.decs = d }}
	case batch.RepSpan:
		return &fixedResult[batch.Span]{buf: slot[batch.Span]{fresh: fresh}, bind: func(f *frame, d []batch.Span) { f.spans = d }}
	}
	return &textResult{buf: textSlot{fresh: fresh, tailed: k.Tailed()}}
}

type fixedResult[T batch.Fixed] struct {
	buf  slot[T]
	vec  *batch.Vec[T]
	bind func(f *frame, data []T)
}

func (r *fixedResult[T]) begin(f *frame, n int) {
	r.vec = r.buf.take(n)
	r.bind(f, r.vec.Data)
}

func (r *fixedResult[T]) done(f *frame) {
	if f.null {
		if r.vec.Null == nil {
			r.vec.Null = r.buf.nulls(len(r.vec.Data))
		}
		r.vec.Null[f.row] = true
	}
}

func (r *fixedResult[T]) end(*frame) batch.Column { return r.vec }

// textSlot builds a text column whose rows come in order, with gaps.
type textSlot struct {
	fresh  bool
	tailed bool
	vec    batch.TextVec
	null   []bool
	out    *batch.TextVec
	next   int // the first row without an end
}

func (s *textSlot) begin(n int) *batch.TextVec {
	s.next = 0
	if s.fresh {
		s.out = &batch.TextVec{Off: make([]uint32, n+1), Tailed: s.tailed}
		return s.out
	}
	if cap(s.vec.Off) < n+1 {
		s.vec.Off = make([]uint32, n+1)
	}
	s.vec.Off = s.vec.Off[:n+1]
	s.vec.Off[0] = 0
	s.vec.Data, s.vec.Null, s.vec.Tailed = s.vec.Data[:0], nil, s.tailed
	s.out = &s.vec
	return s.out
}

// put ends row at the arena's present end; rows skipped are empty.
func (s *textSlot) put(row int, data []byte, null bool) {
	if null {
		data = data[:s.out.Off[s.next]]
		s.setNull(row)
	}
	start := s.out.Off[s.next]
	for ; s.next < row; s.next++ {
		s.out.Off[s.next+1] = start
	}
	s.out.Data = data
	s.out.Off[row+1] = uint32(len(data))
	s.next = row + 1
}

func (s *textSlot) setNull(row int) {
	if s.out.Null == nil {
		if s.fresh {
			s.out.Null = make([]bool, len(s.out.Off)-1)
		} else {
			s.null = clearFlags(s.null, len(s.out.Off)-1)
			s.out.Null = s.null
		}
	}
	s.out.Null[row] = true
}

func (s *textSlot) end() *batch.TextVec {
	for n := len(s.out.Off) - 1; s.next < n; s.next++ {
		s.out.Off[s.next+1] = s.out.Off[s.next]
	}
	return s.out
}

type textResult struct{ buf textSlot }

func (r *textResult) begin(f *frame, n int) { f.buf = r.buf.begin(n).Data }

func (r *textResult) done(f *frame) {
	r.buf.put(f.row, f.buf, f.null)
	f.buf = r.buf.out.Data
}

func (r *textResult) end(f *frame) batch.Column {
	f.buf = nil
	return r.buf.end()
}
