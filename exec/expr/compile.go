package expr

import (
	"fmt"

	"github.com/dirigo-stream/dirigo/exec/batch"
)

// Program is a compiled expression. It has scratch memory inside and is not
// safe for concurrent use: each operator instance compiles its own.
type Program struct {
	root evaluator
	typ  batch.Type
	sel  selector // fast path of Select; nil: by way of Eval
}

// evaluator computes an expression for the rows in sel (nil: all b.N rows). The
// column has b.N rows; those not in sel are undefined but valid memory, and so
// are the values of NULL rows. It is valid until the evaluator's next call,
// unless it was compiled as fresh.
type evaluator interface {
	eval(b *batch.Batch, sel []int32, cx *Context) batch.Column
}

// Compile prepares n, which came from Resolve, Cast, Case and the constructors.
func Compile(n *Node) (*Program, error) {
	root, err := compile(n, true)
	if err != nil {
		return nil, fmt.Errorf("compile %s: %w", n, err)
	}
	p := &Program{root: root, typ: n.Type}
	if n.Type.Kind == batch.Bool {
		if p.sel, err = compileSelector(n); err != nil {
			return nil, fmt.Errorf("compile %s: %w", n, err)
		}
	}
	return p, nil
}

// Type returns the type of the result.
func (p *Program) Type() batch.Type { return p.typ }

// Eval computes the expression for the selected rows of b. The result has b.N
// rows, of which those not selected are undefined; it is the caller's to emit,
// and a reference to a column is that column itself. A row that cannot be
// computed (division by zero, overflow) is NULL and recorded in cx.
func (p *Program) Eval(b *batch.Batch, cx *Context) batch.Column {
	out := p.root.eval(b, b.Sel, cx)
	zeroNulls(out)
	return out
}

// Select appends to dst the selected rows of b for which a boolean expression
// is true, and returns it.
func (p *Program) Select(b *batch.Batch, cx *Context, dst []int32) []int32 {
	return p.sel.selects(b, b.Sel, cx, dst)
}

// SelectTrue appends to dst the rows in sel (nil: 0 to n-1) of a boolean column
// that are true, and returns it.
func SelectTrue(col batch.Column, sel []int32, n int, dst []int32) []int32 {
	c := col.(*batch.Vec[bool])
	at := len(dst)
	if sel == nil {
		dst = growSel(dst, n)
		for i, v := range c.Data[:n] {
			dst[at] = int32(i)
			if v && (c.Null == nil || !c.Null[i]) {
				at++
			}
		}
		return dst[:at]
	}
	dst = growSel(dst, len(sel))
	for _, i := range sel {
		dst[at] = i
		if c.Data[i] && (c.Null == nil || !c.Null[i]) {
			at++
		}
	}
	return dst[:at]
}

// growSel returns dst with n entries more, and one to spare for kernels that
// write before they know.
func growSel(dst []int32, n int) []int32 {
	need := len(dst) + n + 1
	if cap(dst) < need {
		grown := make([]int32, len(dst), need)
		copy(grown, dst)
		dst = grown
	}
	return dst[:need]
}

// compile returns the evaluator of n. Where fresh is set its results are new
// columns each time, because they leave the program.
func compile(n *Node, fresh bool) (evaluator, error) {
	switch n.Op {
	case OpCol:
		return column(n.Col), nil
	case OpConst:
		c, err := constColumn(n)
		if err != nil {
			return nil, err
		}
		return &constant{one: c}, nil
	case OpCast:
		return compileCast(n, fresh)
	case OpCase:
		args, err := compileAll(n.Args)
		if err != nil {
			return nil, err
		}
		return newCase(n, args, fresh), nil
	case OpCall:
		return compileCall(n, fresh)
	}
	return nil, errorf("XX000", "unknown expression %q", n.Op)
}

func compileAll(nodes []*Node) ([]evaluator, error) {
	out := make([]evaluator, len(nodes))
	for i, n := range nodes {
		e, err := compile(n, false)
		if err != nil {
			return nil, err
		}
		out[i] = e
	}
	return out, nil
}

func compileCall(n *Node, fresh bool) (evaluator, error) {
	args, err := compileAll(n.Args)
	if err != nil {
		return nil, err
	}
	if _, _, ok := quantifier(n.Name); ok {
		return compileQuantified(n, args, fresh)
	}
	if e := compileSpecial(n, args, fresh); e != nil {
		return e, nil
	}
	o := overloadOf(n)
	if o == nil {
		return nil, noFunction(n.Name, n.Args)
	}
	switch {
	case o.vec != nil:
		return o.vec(n, args, fresh), nil
	case o.spec != nil:
		return newRowEval(n, args, o.spec(n), o.lax, fresh), nil
	}
	return newRowEval(n, args, o.row, o.lax, fresh), nil
}

// overloadOf finds the overload of a resolved call again.
func overloadOf(n *Node) *overload {
	all := functions[n.Name]
	for i := range all {
		o := &all[i]
		if o.as == nil && o.takes(len(n.Args)) && matches(o, n.Args) {
			return o
		}
	}
	return nil
}

func matches(o *overload, args []*Node) bool {
	for i, a := range args {
		k := o.arg(i)
		if k != any_ && k != argKind(a.Type) && !(k == arr && a.Type.Kind == batch.Array) && !(k == txt && a.Type.Kind == batch.Unknown) {
			return false
		}
	}
	return true
}

// compileSpecial returns the evaluator of a special form, or nil.
func compileSpecial(n *Node, args []evaluator, fresh bool) evaluator {
	switch n.Name {
	case "and":
		return newLogic(args, false, fresh)
	case "or":
		return newLogic(args, true, fresh)
	case "not":
		return &notEval{arg: args[0], buf: slot[bool]{fresh: fresh}}
	case "is null", "is not null":
		return &isNullEval{arg: args[0], want: n.Name == "is null", buf: slot[bool]{fresh: fresh}}
	case "is true", "is not true", "is false", "is not false":
		return newIsBool(n.Name, args[0], fresh)
	case "is distinct from", "is not distinct from":
		return &distinctEval{l: args[0], r: args[1], want: n.Name == "is distinct from", buf: slot[bool]{fresh: fresh}}
	case "in":
		return newIn(n, args, fresh)
	case "coalesce":
		return newCoalesce(n, args, fresh)
	case "greatest", "least":
		return newExtreme(n, args, fresh)
	case "nullif":
		return newNullIf(n, args, fresh)
	}
	return nil
}

// column is a reference to an input column.
type column int

func (c column) eval(b *batch.Batch, _ []int32, _ *Context) batch.Column { return b.Cols[c] }

// constant is one value. Kernels that can take it as it is look into one;
// others get a column of it, which is kept and only ever grows by replacement.
type constant struct {
	one  batch.Column
	full batch.Column
}

func (c *constant) eval(b *batch.Batch, _ []int32, _ *Context) batch.Column {
	if c.full == nil || c.full.Len() < b.N {
		c.full = c.one.Gather(make([]int32, max(b.N, 1024)))
	}
	return head(c.full, b.N)
}

// head returns the first n rows of a column.
func head(c batch.Column, n int) batch.Column {
	if c.Len() == n {
		return c
	}
	switch c := c.(type) {
	case *batch.Vec[int64]:
		return headVec(c, n)
	case *batch.Vec[float64]:
		return headVec(c, n)
	case *batch.Vec[bool]:
		return headVec(c, n)
	case *batch.Vec[batch.Decimal]:
		return headVec(c, n)
	case *batch.Vec[batch.Span]:
		return headVec(c, n)
	case *batch.TextVec:
		return &batch.TextVec{Off: c.Off[:n+1], Data: c.Data[:c.Off[n]], Null: headNulls(c.Null, n), Tailed: c.Tailed}
	}
	return c
}

func headVec[T batch.Fixed](c *batch.Vec[T], n int) *batch.Vec[T] {
	return &batch.Vec[T]{Data: c.Data[:n], Null: headNulls(c.Null, n)}
}

func headNulls(nulls []bool, n int) []bool {
	if nulls == nil {
		return nil
	}
	return nulls[:n]
}

// constValue returns the value of a constant evaluator that is not NULL.
func constValue[T batch.Fixed](e evaluator) (v T, ok bool) {
	c, isConst := e.(*constant)
	if !isConst {
		return v, false
	}
	vec := c.one.(*batch.Vec[T])
	if vec.Null != nil {
		return v, false
	}
	return vec.Data[0], true
}

// constText is constValue for texts.
func constText(e evaluator) (string, bool) {
	c, ok := e.(*constant)
	if !ok || c.one.Nulls() != nil {
		return "", false
	}
	return string(c.one.(*batch.TextVec).At(0)), true
}
