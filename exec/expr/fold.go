package expr

import "github.com/dirigo-stream/dirigo/exec/batch"

// Fold returns n with its constant parts computed, in cx's time zone and at its
// statement time. What cannot be computed (1/0) stays as it is and fails for
// the rows that reach it. Volatile functions are computed only where cx has a
// statement time.
func Fold(n *Node, cx *Context) *Node {
	n = rewriteArgs(n, func(a *Node) *Node { return Fold(a, cx) })
	if n.Op == OpCol || n.Op == OpConst {
		return n
	}
	if n.Op == OpCall && n.Name == "and" {
		return foldAnd(n)
	}
	for _, a := range n.Args {
		if a.Op != OpConst {
			return n
		}
	}
	if n.Op == OpCall && Volatile(n.Name) && (cx.Now == 0 || n.Name == "random" || n.Name == "gen_random_uuid") {
		return n
	}
	p, err := Compile(n)
	if err != nil {
		return n
	}
	own := Context{Loc: cx.Loc, Now: cx.Now}
	c := p.Eval(&batch.Batch{N: 1}, &own)
	if len(own.Failed()) > 0 {
		return n
	}
	return constOf(c, 0, n.Type)
}

// foldAnd drops conditions that are true.
func foldAnd(n *Node) *Node {
	var args []*Node
	for _, a := range n.Args {
		if a.Op == OpConst && !a.Null && a.Text == "t" {
			continue
		}
		if a.Op == OpConst && !a.Null && a.Text == "f" && len(args) == 0 {
			return BoolConst(false)
		}
		args = append(args, a)
	}
	switch {
	case len(args) == 0:
		return BoolConst(true)
	case len(args) == 1:
		return args[0]
	case len(args) == len(n.Args):
		return n
	}
	return boolCall("and", args...)
}
