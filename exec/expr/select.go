package expr

import "github.com/dirigo-stream/dirigo/exec/batch"

// selector finds the rows for which a boolean expression is true.
type selector interface {
	// selects appends to dst the rows in sel (nil: all) that are true.
	selects(b *batch.Batch, sel []int32, cx *Context, dst []int32) []int32
}

// compileSelector has short cuts for AND (each condition looks only at what
// those before it left) and for comparisons of a number with a constant.
func compileSelector(n *Node) (selector, error) {
	if n.Op == OpCall && n.Name == "and" {
		out := &selectAnd{parts: make([]selector, len(n.Args)), hold: make([][]int32, len(n.Args))}
		for i, a := range n.Args {
			p, err := compileSelector(a)
			if err != nil {
				return nil, err
			}
			out.parts[i] = p
		}
		return out, nil
	}
	e, err := compile(n, false)
	if err != nil {
		return nil, err
	}
	switch e := e.(type) {
	case *ordered[int64]:
		if e.ck != nil {
			return &selectOrdered[int64]{arg: e.l, k: e.k, loop: selectLoops(e)}, nil
		}
	case *ordered[float64]:
		if e.ck != nil {
			return &selectOrdered[float64]{arg: e.l, k: e.k, loop: selectLoops(e)}, nil
		}
	}
	return &selectBy{e}, nil
}

type selectBy struct{ e evaluator }

func (s *selectBy) selects(b *batch.Batch, sel []int32, cx *Context, dst []int32) []int32 {
	return SelectTrue(s.e.eval(b, sel, cx), sel, b.N, dst)
}

type selectAnd struct {
	parts []selector
	hold  [][]int32
}

func (s *selectAnd) selects(b *batch.Batch, sel []int32, cx *Context, dst []int32) []int32 {
	last := len(s.parts) - 1
	for i, p := range s.parts[:last] {
		s.hold[i] = p.selects(b, sel, cx, s.hold[i][:0])
		sel = s.hold[i]
		if len(sel) == 0 {
			return dst
		}
	}
	return s.parts[last].selects(b, sel, cx, dst)
}

// selectOrdered compares a column with a constant and selects in one pass,
// without a branch on the outcome.
type selectOrdered[T int64 | float64] struct {
	arg  evaluator
	k    T
	loop func(dst, sel []int32, a []T, k T) int
}

func (s *selectOrdered[T]) selects(b *batch.Batch, sel []int32, cx *Context, dst []int32) []int32 {
	c := s.arg.eval(b, sel, cx).(*batch.Vec[T])
	n := b.N
	if sel != nil {
		n = len(sel)
	}
	at := len(dst)
	dst = growSel(dst, n)
	kept := s.loop(dst[at:], sel, c.Data[:b.N], s.k)
	dst = dst[:at+kept]
	if c.Null != nil {
		dst = dropNulls(dst, at, c.Null)
	}
	return dst
}

func dropNulls(dst []int32, from int, nulls []bool) []int32 {
	at := from
	for _, i := range dst[from:] {
		dst[at] = i
		if !nulls[i] {
			at++
		}
	}
	return dst[:at]
}

// selectLoops returns the loop for the comparison that e makes.
func selectLoops[T int64 | float64](e *ordered[T]) func(dst, sel []int32, a []T, k T) int {
	switch e.op.name {
	case "=":
		return func(dst, sel []int32, a []T, k T) int {
			at := 0
			if sel == nil {
				for i, v := range a {
					dst[at] = int32(i)
					if v == k {
						at++
					}
				}
				return at
			}
			for _, i := range sel {
				dst[at] = i
				if a[i] == k {
					at++
				}
			}
			return at
		}
	case "<":
		return func(dst, sel []int32, a []T, k T) int {
			at := 0
			if sel == nil {
				for i, v := range a {
					dst[at] = int32(i)
					if v < k {
						at++
					}
				}
				return at
			}
			for _, i := range sel {
				dst[at] = i
				if a[i] < k {
					at++
				}
			}
			return at
		}
	case ">":
		return func(dst, sel []int32, a []T, k T) int {
			at := 0
			if sel == nil {
				for i, v := range a {
					dst[at] = int32(i)
					if !(v <= k) {
						at++
					}
				}
				return at
			}
			for _, i := range sel {
				dst[at] = i
				if !(a[i] <= k) {
					at++
				}
			}
			return at
		}
	}
	return selectByLoop(e.ck)
}

// selectByLoop serves the rarer operators by way of flags.
func selectByLoop[T int64 | float64](ck func(out []bool, a []T, k T)) func(dst, sel []int32, a []T, k T) int {
	var flags []bool
	return func(dst, sel []int32, a []T, k T) int {
		if cap(flags) < len(a) {
			flags = make([]bool, len(a))
		}
		flags = flags[:len(a)]
		ck(flags, a, k)
		at := 0
		if sel == nil {
			for i, v := range flags {
				dst[at] = int32(i)
				if v {
					at++
				}
			}
			return at
		}
		for _, i := range sel {
			dst[at] = i
			if flags[i] {
				at++
			}
		}
		return at
	}
}
