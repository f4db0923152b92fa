package expr

import (
	"bytes"

	"github.com/dirigo-stream/dirigo/exec/batch"
)

// comparison is one of the six operators, by what it accepts of a three-way
// comparison.
type comparison struct {
	name       string
	lt, eq, gt bool
	flip       string // the operator with its sides exchanged
}

var comparisons = [...]comparison{
	{"=", false, true, false, "="},
	{"<>", true, false, true, "<>"},
	{"<", true, false, false, ">"},
	{"<=", true, true, false, ">="},
	{">", false, false, true, "<"},
	{">=", false, true, true, "<="},
}

func comparisonOf(name string) comparison {
	for _, c := range comparisons {
		if c.name == name {
			return c
		}
	}
	return comparison{}
}

func (c comparison) accepts(order int) bool {
	switch {
	case order < 0:
		return c.lt
	case order > 0:
		return c.gt
	}
	return c.eq
}

// comparisonTable defines the six operators over all kinds.
func comparisonTable() table {
	out := table{}
	for _, c := range comparisons {
		for _, k := range []batch.Kind{boolean_, i2, i4, i8, num, f4, f8, txt, dat, ts, tz, iv, tim, byt, jsn, uid, arr} {
			out[c.name] = append(out[c.name], overload{args: in(k, k), ret: boolean_, vec: newCompare})
		}
		out[c.name] = append(out[c.name], mixedFloats(overload{ret: boolean_})...)
	}
	return out
}

// mixedFloats are the operators of a REAL and a DOUBLE PRECISION: they keep
// PostgreSQL's rules from choosing REAL for an integer beside a REAL.
func mixedFloats(o overload) []overload {
	a, b := o, o
	a.args, a.as = in(f4, f8), in(f8, f8)
	b.args, b.as = in(f8, f4), in(f8, f8)
	return []overload{a, b}
}

func newCompare(n *Node, args []evaluator, fresh bool) evaluator {
	op := comparisonOf(n.Name)
	buf := slot[bool]{fresh: fresh}
	switch n.Args[0].Type.Kind.Rep() {
	case batch.RepInt:
		return newCompareInts(op, args, buf)
	case batch.RepFloat:
		return newCompareFloats(op, args, buf)
	case batch.RepText:
		return newCompareTexts(op, args, buf)
	case batch.RepBytes:
		if n.Args[0].Type.Kind.Tailed() {
			return &compareTailed{l: args[0], r: args[1], op: op, buf: buf}
		}
		return newCompareTexts(op, args, buf)
	case batch.RepDecimal:
		return &compareBy[batch.Decimal]{l: args[0], r: args[1], op: op, buf: buf, order: batch.Decimal.Cmp}
	case batch.RepSpan:
		return &compareBy[batch.Span]{l: args[0], r: args[1], op: op, buf: buf, order: batch.Span.Cmp}
	}
	return &compareBy[bool]{l: args[0], r: args[1], op: op, buf: buf, order: func(a, b bool) int {
		switch {
		case a == b:
			return 0
		case b:
			return -1
		}
		return 1
	}}
}

// compareBy compares by a three-way function.
type compareBy[T batch.Fixed] struct {
	l, r  evaluator
	op    comparison
	order func(a, b T) int
	buf   slot[bool]
}

func (e *compareBy[T]) eval(b *batch.Batch, sel []int32, cx *Context) batch.Column {
	l, r := e.l.eval(b, sel, cx).(*batch.Vec[T]), e.r.eval(b, sel, cx).(*batch.Vec[T])
	out := e.buf.take(b.N)
	out.Null = e.buf.union(l.Null, r.Null, b.N)
	if sel == nil {
		for i := range out.Data {
			out.Data[i] = e.op.accepts(e.order(l.Data[i], r.Data[i]))
		}
		return out
	}
	for _, i := range sel {
		out.Data[i] = e.op.accepts(e.order(l.Data[i], r.Data[i]))
	}
	return out
}

// ordered compares two columns, or a column and a constant, whose Go order is
// PostgreSQL's.
type ordered[T int64 | float64] struct {
	l, r evaluator
	op   comparison
	cc   func(out []bool, a, b []T)
	ck   func(out []bool, a []T, k T) // nil: r is no constant
	k    T
	buf  slot[bool]
}

func (e *ordered[T]) eval(b *batch.Batch, sel []int32, cx *Context) batch.Column {
	l := e.l.eval(b, sel, cx).(*batch.Vec[T])
	out := e.buf.take(b.N)
	if e.ck != nil {
		out.Null = e.buf.union(l.Null, nil, b.N)
		e.ck(out.Data, l.Data, e.k)
		return out
	}
	r := e.r.eval(b, sel, cx).(*batch.Vec[T])
	out.Null = e.buf.union(l.Null, r.Null, b.N)
	e.cc(out.Data, l.Data, r.Data)
	return out
}

// Comparing a row that is not selected does no harm and is cheaper than looking
// whether it is; the loops run over whole columns.

func newCompareInts(op comparison, args []evaluator, buf slot[bool]) evaluator {
	l, r := args[0], args[1]
	if _, ok := constValue[int64](l); ok {
		l, r, op = r, l, comparisonOf(op.flip)
	}
	e := &ordered[int64]{l: l, r: r, op: op, buf: buf, cc: compareLoops[int64](op.name)}
	if k, ok := constValue[int64](r); ok {
		e.k, e.ck = k, compareConstLoops[int64](op.name)
	}
	return e
}

func newCompareFloats(op comparison, args []evaluator, buf slot[bool]) evaluator {
	l, r := args[0], args[1]
	if _, ok := constValue[float64](l); ok {
		l, r, op = r, l, comparisonOf(op.flip)
	}
	// Beside a constant that is not NaN the loops hold for NaN too: it is
	// greater, so > is written as not ≤, and ≥ as not <.
	if k, ok := constValue[float64](r); ok && k == k {
		return &ordered[float64]{l: l, r: r, op: op, buf: buf, k: k, ck: compareConstLoops[float64](op.name)}
	}
	return &compareBy[float64]{l: l, r: r, op: op, buf: buf, order: batch.CompareFloat}
}

func compareLoops[T int64 | float64](op string) func(out []bool, a, b []T) {
	switch op {
	case "=":
		return func(out []bool, a, b []T) {
			a, b = a[:len(out)], b[:len(out)]
			for i := range out {
				out[i] = a[i] == b[i]
			}
		}
	case "<>":
		return func(out []bool, a, b []T) {
			a, b = a[:len(out)], b[:len(out)]
			for i := range out {
				out[i] = a[i] != b[i]
			}
		}
	case "<":
		return func(out []bool, a, b []T) {
			a, b = a[:len(out)], b[:len(out)]
			for i := range out {
				out[i] = a[i] < b[i]
			}
		}
	case "<=":
		return func(out []bool, a, b []T) {
			a, b = a[:len(out)], b[:len(out)]
			for i := range out {
				out[i] = a[i] <= b[i]
			}
		}
	case ">":
		return func(out []bool, a, b []T) {
			a, b = a[:len(out)], b[:len(out)]
			for i := range out {
				out[i] = a[i] > b[i]
			}
		}
	}
	return func(out []bool, a, b []T) {
		a, b = a[:len(out)], b[:len(out)]
		for i := range out {
			out[i] = a[i] >= b[i]
		}
	}
}

func compareConstLoops[T int64 | float64](op string) func(out []bool, a []T, k T) {
	switch op {
	case "=":
		return func(out []bool, a []T, k T) {
			for i, v := range a[:len(out)] {
				out[i] = v == k
			}
		}
	case "<>":
		return func(out []bool, a []T, k T) {
			for i, v := range a[:len(out)] {
				out[i] = v != k
			}
		}
	case "<":
		return func(out []bool, a []T, k T) {
			for i, v := range a[:len(out)] {
				out[i] = v < k
			}
		}
	case "<=":
		return func(out []bool, a []T, k T) {
			for i, v := range a[:len(out)] {
				out[i] = v <= k
			}
		}
	case ">":
		return func(out []bool, a []T, k T) {
			for i, v := range a[:len(out)] {
				out[i] = !(v <= k)
			}
		}
	}
	return func(out []bool, a []T, k T) {
		for i, v := range a[:len(out)] {
			out[i] = !(v < k)
		}
	}
}

// compareTexts compares bytewise (collation C).
type compareTexts struct {
	l, r  evaluator
	op    comparison
	k     []byte
	konst bool
	buf   slot[bool]
}

func newCompareTexts(op comparison, args []evaluator, buf slot[bool]) evaluator {
	l, r := args[0], args[1]
	if _, ok := constText(l); ok {
		l, r, op = r, l, comparisonOf(op.flip)
	}
	k, konst := constText(r)
	return &compareTexts{l: l, r: r, op: op, k: []byte(k), konst: konst, buf: buf}
}

func (e *compareTexts) eval(b *batch.Batch, sel []int32, cx *Context) batch.Column {
	l := e.l.eval(b, sel, cx).(*batch.TextVec)
	out := e.buf.take(b.N)
	if e.konst {
		out.Null = e.buf.union(l.Null, nil, b.N)
		e.withConst(out.Data, l, sel)
		return out
	}
	r := e.r.eval(b, sel, cx).(*batch.TextVec)
	out.Null = e.buf.union(l.Null, r.Null, b.N)
	each(sel, b.N, func(i int) { out.Data[i] = e.op.accepts(bytes.Compare(l.At(i), r.At(i))) })
	return out
}

func (e *compareTexts) withConst(out []bool, l *batch.TextVec, sel []int32) {
	if e.op.lt != e.op.gt { // an order, not (in)equality
		each(sel, len(out), func(i int) { out[i] = e.op.accepts(bytes.Compare(l.At(i), e.k)) })
		return
	}
	if sel != nil {
		for _, i := range sel {
			out[i] = bytes.Equal(l.At(int(i)), e.k) == e.op.eq
		}
		return
	}
	for i := range out {
		out[i] = bytes.Equal(l.At(i), e.k) == e.op.eq
	}
}

// compareTailed compares JSONB and arrays by what counts of them.
type compareTailed struct {
	l, r evaluator
	op   comparison
	buf  slot[bool]
}

func (e *compareTailed) eval(b *batch.Batch, sel []int32, cx *Context) batch.Column {
	l, r := e.l.eval(b, sel, cx).(*batch.TextVec), e.r.eval(b, sel, cx).(*batch.TextVec)
	out := e.buf.take(b.N)
	out.Null = e.buf.union(l.Null, r.Null, b.N)
	each(sel, b.N, func(i int) {
		out.Data[i] = e.op.accepts(bytes.Compare(batch.Significant(l.At(i)), batch.Significant(r.At(i))))
	})
	return out
}
