package expr

import (
	"strings"

	"github.com/dirigo-stream/dirigo/exec/batch"
)

// quantifier takes the name of a call apart: "= any" is x = ANY (array), "< all"
// is x < ALL (array), and so on for each operator.
func quantifier(name string) (op string, all, ok bool) {
	if op, ok = strings.CutSuffix(name, " any"); ok {
		return op, false, true
	}
	op, ok = strings.CutSuffix(name, " all")
	return op, true, ok
}

// resolveQuantified resolves x op ANY (array) and x op ALL (array).
func resolveQuantified(name string, args []*Node) (*Node, error) {
	if err := arity(name, args, 2, 2); err != nil {
		return nil, err
	}
	x, array := args[0], args[1]
	op, _, _ := quantifier(name)
	var err error
	if array.Type.Kind == batch.Unknown {
		elem := batch.T(x.Type.Kind)
		if elem.Kind == batch.Unknown || elem.Kind == batch.Array {
			elem = batch.T(batch.Text)
		}
		if array, err = Cast(array, batch.ArrayOf(elem), Implicit); err != nil {
			return nil, err
		}
	}
	if !isArray(array) {
		return nil, errorf("42809", "op ANY/ALL (array) requires array on right side")
	}
	if x.Type.Kind == batch.Unknown {
		if x, err = Cast(x, batch.T(array.Type.Elem), Implicit); err != nil {
			return nil, err
		}
	}
	one, err := perElement(op, x.Type, array.Type)
	if err != nil {
		return nil, err
	}
	if one.Type.Kind != batch.Bool {
		return nil, errorf("42809", "op ANY/ALL (array) requires operator to yield boolean")
	}
	return boolCall(name, x, array), nil
}

// perElement is the operator over columns: x, and an element.
func perElement(op string, x, array batch.Type) (*Node, error) {
	return Resolve(op, []*Node{Col(0, "x", x), Col(1, "elem", array.ElemType())})
}

// compileQuantified compiles ANY and ALL: by IN, where that is the same.
func compileQuantified(n *Node, args []evaluator, fresh bool) (evaluator, error) {
	op, all, _ := quantifier(n.Name)
	if array := n.Args[1]; array.Op == OpConst && !array.Null && (op == "=" && !all || op == "<>" && all) {
		list, err := asIn(n, all)
		if err != nil {
			return nil, err
		}
		if list != nil {
			return compile(list, fresh)
		}
	}
	one, err := perElement(op, n.Args[0].Type, n.Args[1].Type)
	if err != nil {
		return nil, err
	}
	e, err := compile(one, false)
	if err != nil {
		return nil, err
	}
	return &quantified{x: args[0], flat: flattened{array: args[1], elem: n.Args[1].Type.Elem}, one: e, all: all, buf: slot[bool]{fresh: fresh}}, nil
}

func asIn(n *Node, not bool) (*Node, error) {
	col, err := constColumn(n.Args[1])
	if err != nil {
		return nil, err
	}
	t := n.Args[1].Type.ElemType()
	elems := batch.New(t.Kind, 8)
	rows := batch.AppendElems(elems, col.(*batch.TextVec).At(0), t.Kind)
	if rows == 0 {
		return nil, nil
	}
	list := []*Node{n.Args[0]}
	for i := range rows {
		list = append(list, constOf(elems, i, t))
	}
	name := "in"
	if not {
		name = "not in"
	}
	return Resolve(name, list)
}

// flattened is a column of arrays as one column of all their elements.
type flattened struct {
	array evaluator
	elem  batch.Kind

	arrays *batch.TextVec
	elems  batch.Column
	rows   []int32 // the array of each element
	inner  Context
}

func (e *flattened) eval(b *batch.Batch, sel []int32, cx *Context) {
	e.arrays = e.array.eval(b, sel, cx).(*batch.TextVec)
	e.elems, e.rows = batch.New(e.elem, b.N), e.rows[:0]
	each(sel, b.N, func(row int) {
		if e.arrays.Null != nil && e.arrays.Null[row] {
			return
		}
		for range batch.AppendElems(e.elems, e.arrays.At(row), e.elem) {
			e.rows = append(e.rows, int32(row))
		}
	})
	e.inner.Reset()
	e.inner.Loc, e.inner.Now = cx.Loc, cx.Now
}

// failure returns why element i could not be computed.
func (e *flattened) failure(i int) *Error {
	if _, ok := e.inner.seen[i]; !ok {
		return nil
	}
	for _, f := range e.inner.failed {
		if f.Row == i {
			return f.Err
		}
	}
	return nil
}

// quantified is x op ANY (array), or ALL.
type quantified struct {
	x    evaluator
	flat flattened
	one  evaluator
	all  bool
	buf  slot[bool]
}

func (e *quantified) eval(b *batch.Batch, sel []int32, cx *Context) batch.Column {
	x := e.x.eval(b, sel, cx)
	e.flat.eval(b, sel, cx)
	rows := e.flat.rows
	in := &batch.Batch{Cols: []batch.Column{x.Gather(rows), e.flat.elems}, N: len(rows)}
	got := e.one.eval(in, nil, &e.flat.inner).(*batch.Vec[bool])

	out := e.buf.take(b.N)
	out.Null = e.buf.union(e.flat.arrays.Null, nil, b.N)
	each(sel, b.N, func(row int) { out.Data[row] = e.all })
	for i := 0; i < len(rows); {
		end := i
		for end < len(rows) && rows[end] == rows[i] {
			end++
		}
		e.reduce(out, int(rows[i]), got, i, end, cx)
		i = end
	}
	return out
}

// reduce settles a row by its elements' answers: the first that decides it, else
// NULL if one of them is.
func (e *quantified) reduce(out *batch.Vec[bool], row int, got *batch.Vec[bool], from, to int, cx *Context) {
	null := false
	for i := from; i < to; i++ {
		if err := e.flat.failure(i); err != nil {
			e.buf.fail(out, row, err, cx)
			return
		}
		if got.Null != nil && got.Null[i] {
			null = true
		} else if got.Data[i] != e.all {
			out.Data[row] = !e.all
			return
		}
	}
	if null {
		if out.Null == nil {
			out.Null = e.buf.nulls(len(out.Data))
		}
		out.Null[row] = true
	}
}

// castArray converts an array by its elements.
type castArray struct {
	flat flattened
	one  evaluator
	make *batch.ArrayBuilder
	buf  textSlot
}

func newCastArray(n *Node, arg evaluator, fresh bool) (evaluator, error) {
	from, to := n.Args[0].Type.ElemType(), n.Type.ElemType()
	one, err := compile(&Node{Op: OpCast, Type: to, Name: n.Name, Args: []*Node{Col(0, "elem", from)}}, false)
	if err != nil {
		return nil, err
	}
	return &castArray{
		flat: flattened{array: arg, elem: from.Kind}, one: one, make: batch.NewArrayBuilder(to.Kind),
		buf: textSlot{fresh: fresh, tailed: true},
	}, nil
}

func (e *castArray) eval(b *batch.Batch, sel []int32, cx *Context) batch.Column {
	e.flat.eval(b, sel, cx)
	rows := e.flat.rows
	got := e.one.eval(&batch.Batch{Cols: []batch.Column{e.flat.elems}, N: len(rows)}, nil, &e.flat.inner)
	out := e.buf.begin(b.N)
	at := 0
	each(sel, b.N, func(row int) {
		var failed *Error
		e.make.Reset()
		for ; at < len(rows) && int(rows[at]) == row; at++ {
			if failed == nil {
				failed = e.flat.failure(at)
			}
			e.make.Add(got, at)
		}
		if failed != nil {
			cx.Fail(row, failed)
		}
		if failed != nil || e.flat.arrays.Null != nil && e.flat.arrays.Null[row] {
			e.buf.put(row, out.Data, true)
			return
		}
		e.buf.put(row, e.make.Append(out.Data), false)
	})
	return e.buf.end()
}
