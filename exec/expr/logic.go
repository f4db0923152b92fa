package expr

import (
	"strings"

	"github.com/dirigo-stream/dirigo/exec/batch"
)

// logicEval is AND or OR over any number of arguments. An argument is evaluated
// only for the rows that those before it leave open, so that its errors do not
// show in the others.
type logicEval struct {
	args []evaluator
	stop bool // the value that decides: false for AND, true for OR
	buf  slot[bool]
	open []int32
}

func newLogic(args []evaluator, stop, fresh bool) evaluator {
	return &logicEval{args: args, stop: stop, buf: slot[bool]{fresh: fresh}}
}

func (e *logicEval) eval(b *batch.Batch, sel []int32, cx *Context) batch.Column {
	out := e.buf.take(b.N)
	first := e.args[0].eval(b, sel, cx).(*batch.Vec[bool])
	copy(out.Data, first.Data)
	out.Null = e.buf.union(first.Null, nil, b.N)
	for _, a := range e.args[1:] {
		e.open = e.undecided(out, sel, b.N)
		if len(e.open) == 0 {
			break
		}
		e.merge(out, a.eval(b, e.open, cx).(*batch.Vec[bool]))
	}
	return out
}

// undecided returns the rows whose value is not yet known for sure.
func (e *logicEval) undecided(out *batch.Vec[bool], sel []int32, n int) []int32 {
	open := e.open[:0]
	if out.Null == nil && sel == nil {
		open = growSel(open, n)
		at := 0
		for i, v := range out.Data[:n] {
			open[at] = int32(i)
			if v != e.stop {
				at++
			}
		}
		return open[:at]
	}
	each(sel, n, func(i int) {
		if out.Data[i] != e.stop || (out.Null != nil && out.Null[i]) {
			open = append(open, int32(i))
		}
	})
	return open
}

// merge combines the open rows, which are NULL or !stop, with the next argument.
func (e *logicEval) merge(out, next *batch.Vec[bool]) {
	if out.Null == nil && next.Null == nil {
		for _, i := range e.open {
			out.Data[i] = next.Data[i]
		}
		return
	}
	if out.Null == nil {
		out.Null = e.buf.nulls(len(out.Data))
	}
	for _, i := range e.open {
		nextNull := next.Null != nil && next.Null[i]
		if !nextNull && next.Data[i] == e.stop {
			out.Data[i], out.Null[i] = e.stop, false
		} else {
			out.Data[i] = !e.stop
			out.Null[i] = out.Null[i] || nextNull
		}
	}
}

type notEval struct {
	arg evaluator
	buf slot[bool]
}

func (e *notEval) eval(b *batch.Batch, sel []int32, cx *Context) batch.Column {
	in := e.arg.eval(b, sel, cx).(*batch.Vec[bool])
	out := e.buf.take(b.N)
	out.Null = e.buf.union(in.Null, nil, b.N)
	for i, v := range in.Data[:len(out.Data)] {
		out.Data[i] = !v
	}
	return out
}

// isNullEval is IS [NOT] NULL.
type isNullEval struct {
	arg  evaluator
	want bool
	buf  slot[bool]
}

func (e *isNullEval) eval(b *batch.Batch, sel []int32, cx *Context) batch.Column {
	nulls := e.arg.eval(b, sel, cx).Nulls()
	out := e.buf.take(b.N)
	for i := range out.Data {
		out.Data[i] = (nulls != nil && nulls[i]) == e.want
	}
	return out
}

// isBoolEval is IS [NOT] TRUE and IS [NOT] FALSE.
type isBoolEval struct {
	arg       evaluator
	value, is bool
	buf       slot[bool]
}

func newIsBool(name string, arg evaluator, fresh bool) evaluator {
	return &isBoolEval{
		arg: arg, value: strings.HasSuffix(name, "true"), is: !strings.Contains(name, "not"), buf: slot[bool]{fresh: fresh},
	}
}

func (e *isBoolEval) eval(b *batch.Batch, sel []int32, cx *Context) batch.Column {
	in := e.arg.eval(b, sel, cx).(*batch.Vec[bool])
	out := e.buf.take(b.N)
	for i := range out.Data {
		yes := in.Data[i] == e.value && (in.Null == nil || !in.Null[i])
		out.Data[i] = yes == e.is
	}
	return out
}

// distinctEval is IS [NOT] DISTINCT FROM: a NULL is like a NULL.
type distinctEval struct {
	l, r evaluator
	want bool // IS DISTINCT FROM
	buf  slot[bool]
}

func (e *distinctEval) eval(b *batch.Batch, sel []int32, cx *Context) batch.Column {
	l, r := e.l.eval(b, sel, cx), e.r.eval(b, sel, cx)
	out := e.buf.take(b.N)
	each(sel, b.N, func(i int) { out.Data[i] = batch.EqualAt(l, i, r, i) != e.want })
	return out
}

// newIn returns x IN (…): by a set where the list is constant and of integers
// or texts.
func newIn(n *Node, args []evaluator, fresh bool) evaluator {
	e := &inEval{args: args, buf: slot[bool]{fresh: fresh}}
	for _, a := range args[1:] {
		c, ok := a.(*constant)
		if !ok {
			return e
		}
		e.hasNull = e.hasNull || c.one.Nulls() != nil
	}
	switch n.Args[0].Type.Kind.Rep() {
	case batch.RepInt:
		e.ints = map[int64]struct{}{}
		for _, a := range args[1:] {
			if v, ok := constValue[int64](a); ok {
				e.ints[v] = struct{}{}
			}
		}
	case batch.RepText:
		e.texts = map[string]struct{}{}
		for _, a := range args[1:] {
			if v, ok := constText(a); ok {
				e.texts[v] = struct{}{}
			}
		}
	}
	return e
}

type inEval struct {
	args    []evaluator
	ints    map[int64]struct{}
	texts   map[string]struct{}
	hasNull bool // in the constant list
	buf     slot[bool]
	cols    []batch.Column
}

func (e *inEval) eval(b *batch.Batch, sel []int32, cx *Context) batch.Column {
	x := e.args[0].eval(b, sel, cx)
	out := e.buf.take(b.N)
	out.Null = e.buf.union(x.Nulls(), nil, b.N)
	switch {
	case e.ints != nil:
		data := x.(*batch.Vec[int64]).Data
		each(sel, b.N, func(i int) { _, out.Data[i] = e.ints[data[i]] })
	case e.texts != nil:
		data := x.(*batch.TextVec)
		each(sel, b.N, func(i int) { _, out.Data[i] = e.texts[string(data.At(i))] })
	default:
		e.scan(x, out, b, sel, cx)
		return out
	}
	if e.hasNull {
		e.missIsNull(out, sel, b.N)
	}
	return out
}

// missIsNull: a row not found in a list with a NULL is NULL.
func (e *inEval) missIsNull(out *batch.Vec[bool], sel []int32, n int) {
	if out.Null == nil {
		out.Null = e.buf.nulls(n)
	}
	each(sel, n, func(i int) { out.Null[i] = out.Null[i] || !out.Data[i] })
}

func (e *inEval) scan(x batch.Column, out *batch.Vec[bool], b *batch.Batch, sel []int32, cx *Context) {
	e.cols = e.cols[:0]
	for _, a := range e.args[1:] {
		e.cols = append(e.cols, a.eval(b, sel, cx))
	}
	each(sel, b.N, func(i int) {
		out.Data[i] = false
		if batch.IsNull(x, i) {
			return
		}
		null := false
		for _, c := range e.cols {
			if batch.IsNull(c, i) {
				null = true
			} else if batch.Compare(x, i, c, i) == 0 {
				out.Data[i] = true
				return
			}
		}
		if null {
			if out.Null == nil {
				out.Null = e.buf.nulls(b.N)
			}
			out.Null[i] = true
		}
	})
}
