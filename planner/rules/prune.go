package rules

import (
	"maps"
	"slices"

	"github.com/dirigo-stream/dirigo/exec/agg"
	"github.com/dirigo-stream/dirigo/exec/expr"
	"github.com/dirigo-stream/dirigo/planner/logical"
)

// Prune leaves out columns that nobody reads, down to the scans: a source does
// not decode what it does not deliver.
func Prune(n logical.Node) logical.Node {
	need := columns{}
	need.addAll(len(n.Schema()))
	return exact(n, need)
}

// columns is a set of column indices.
type columns map[int]bool

func (s columns) add(list ...int) {
	for _, c := range list {
		s[c] = true
	}
}

// with returns the set and more columns; s stays as it is.
func (s columns) with(list ...int) columns {
	out := maps.Clone(s)
	out.add(list...)
	return out
}

func (s columns) addAll(n int) {
	for c := range n {
		s[c] = true
	}
}

func (s columns) sorted() []int {
	list := make([]int, 0, len(s))
	for c := range s {
		list = append(list, c)
	}
	slices.Sort(list)
	return list
}

// place tells where an old column stands now.
type place func(old int) int

func same(c int) int { return c }

// exact prunes n and projects to just the needed columns, in their old order.
// Where none is needed rows are all that counts, and any columns may be left: a
// projection to nothing would be an operator for nothing.
func exact(n logical.Node, need columns) logical.Node {
	out, at := prune(n, need)
	if len(need) == 0 {
		return out
	}
	keep := need.sorted()
	for i, c := range keep {
		keep[i] = at(c)
	}
	return logical.Keep(out, keep)
}

// rank is the place of columns after exact.
func rank(need columns) place {
	list := need.sorted()
	return func(c int) int { return slices.Index(list, c) }
}

// prune returns n with at least the needed columns, and where they are.
func prune(n logical.Node, need columns) (logical.Node, place) {
	switch n := n.(type) {
	case *logical.Scan:
		return pruneScan(n, need), rank(need)
	case *logical.Filter:
		in, at := prune(n.Input, need.with(expr.Columns(n.Pred)...))
		return &logical.Filter{Input: in, Pred: logical.Shift(n.Pred, at)}, at
	case *logical.Project:
		return pruneProject(n, need), rank(need)
	case *logical.Late:
		in, at := prune(n.Input, need.with(n.Time))
		return &logical.Late{Input: in, Time: at(n.Time), Allowed: n.Allowed}, at
	case *logical.Sort:
		return pruneSort(n, need)
	case *logical.Union:
		if len(need) == 0 && len(n.Schema()) > 0 {
			need = need.with(0) // so that the sides stay alike
		}
		return logical.WithInputs(n, func(side logical.Node) logical.Node { return exact(side, need) }), rank(need)
	case *logical.Window:
		return pruneWindow(n, need)
	case *logical.Group:
		return pruneGroup(n, need)
	case *logical.Join:
		return pruneJoin(n, need)
	case *logical.Upsert:
		in, at := prune(n.Input, need.with(n.Key...))
		return &logical.Upsert{Input: in, Key: placedAll(n.Key, at)}, at
	case *logical.Unnest:
		return pruneUnnest(n, need)
	}
	return logical.WithInputs(n, Prune), same
}

func pruneScan(n *logical.Scan, need columns) logical.Node {
	out := &logical.Scan{Relation: n.Relation, Columns: []int{}}
	for _, c := range need.sorted() {
		out.Columns = append(out.Columns, n.Columns[c])
	}
	return out
}

func pruneProject(n *logical.Project, need columns) logical.Node {
	if len(need) == 0 {
		return exact(n.Input, need)
	}
	below := columns{}
	for _, c := range need.sorted() {
		below.add(expr.Columns(n.Exprs[c])...)
	}
	in, at := prune(n.Input, below)
	out := &logical.Project{Input: in}
	for _, c := range need.sorted() {
		out.Exprs = append(out.Exprs, logical.Shift(n.Exprs[c], at))
		out.Names = append(out.Names, n.Names[c])
	}
	return out
}

func pruneSort(n *logical.Sort, need columns) (logical.Node, place) {
	for _, k := range n.Keys {
		need = need.with(k.Col)
	}
	out := *n
	out.Input = exact(n.Input, need)
	at := rank(need)
	out.Keys = slices.Clone(n.Keys)
	for i := range out.Keys {
		out.Keys[i].Col = at(out.Keys[i].Col)
	}
	return &out, at
}

// pruneWindow keeps both window columns: they stand behind the input's.
func pruneWindow(n *logical.Window, need columns) (logical.Node, place) {
	width := len(n.Input.Schema())
	below := columns{n.Span.Time: true}
	for c := range need {
		if c < width {
			below.add(c)
		}
	}
	in, at := prune(n.Input, below)
	out := &logical.Window{Input: in, Span: n.Span, Pos: n.Pos}
	out.Span.Time = at(n.Span.Time)
	now := len(in.Schema())
	return out, func(c int) int {
		if c < width {
			return at(c)
		}
		return now + c - width
	}
}

// pruneGroup keeps all keys and the calls that are read.
func pruneGroup(n *logical.Group, need columns) (logical.Node, place) {
	first := n.Before() + len(n.Keys)
	out := *n
	out.Calls, out.Names = []agg.Call{}, []string{}
	moved := map[int]int{}
	below := columns{}
	below.add(n.Keys...)
	one := len(n.Keys) == 0 && !slices.ContainsFunc(need.sorted(), func(c int) bool { return c >= first })
	for i, call := range n.Calls {
		if !need[first+i] && !(one && i == 0) { // without keys there is a row: it needs a column
			continue
		}
		moved[first+i] = first + len(out.Calls)
		out.Calls, out.Names = append(out.Calls, call), append(out.Names, n.Names[i])
		below.add(inputs(call)...)
	}
	if n.Window != nil {
		below.add(n.Window.Time)
	}
	out.Input = exact(n.Input, below)
	relocate(&out, rank(below))
	return &out, func(c int) int {
		if c < first {
			return c
		}
		return moved[c]
	}
}

// inputs are the columns that an aggregate call reads.
func inputs(c agg.Call) []int {
	var list []int
	if c.Arg >= 0 {
		list = append(list, c.Arg)
	}
	if c.Filter >= 0 {
		list = append(list, c.Filter)
	}
	for _, o := range c.Order {
		list = append(list, o.Col)
	}
	return list
}

// relocate gives a group new indices of its input's columns.
func relocate(g *logical.Group, at place) {
	g.Keys = slices.Clone(g.Keys)
	for i, k := range g.Keys {
		g.Keys[i] = at(k)
	}
	for i := range g.Calls {
		if c := &g.Calls[i]; c.Arg >= 0 {
			c.Arg = at(c.Arg)
		}
		if c := &g.Calls[i]; c.Filter >= 0 {
			c.Filter = at(c.Filter)
		}
		g.Calls[i].Order = slices.Clone(g.Calls[i].Order)
		for o := range g.Calls[i].Order {
			g.Calls[i].Order[o].Col = at(g.Calls[i].Order[o].Col)
		}
	}
	if g.Window != nil {
		w := *g.Window
		w.Time = at(w.Time)
		g.Window = &w
	}
}
