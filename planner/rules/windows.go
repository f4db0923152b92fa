package rules

import (
	"slices"

	"github.com/dirigo-stream/dirigo/exec/expr"
	"github.com/dirigo-stream/dirigo/planner/logical"
)

// Windows turns GROUP BY window_start over a window function into one window
// aggregate, whose state is kept in panes and ends with the watermark. It asks
// for a time column with a watermark: without one nothing would ever close, and
// window_start is a key like any other.
//
// With onClose each window leaves once. lateness, in microseconds, is how long
// behind its end a window still takes rows.
func Windows(n logical.Node, onClose bool, lateness int64) logical.Node {
	return logical.Transform(n, func(n logical.Node) logical.Node { return fused(n, onClose, lateness) })
}

func fused(n logical.Node, onClose bool, lateness int64) logical.Node {
	if g, ok := n.(*logical.Group); ok && g.Window == nil {
		if f := newFusion(g); f != nil && f.possible() {
			lag, _ := f.window.Closes()
			return f.build(onClose && !g.Input.Props().Updating, lateness+lag)
		}
		return regrouped(g, onClose && !g.Input.Props().Updating)
	}
	return n
}

// fusion is a group over [a projection over] [a filter on window columns over]
// a window, in the making of one node.
type fusion struct {
	group  *logical.Group
	exprs  []*expr.Node // the group's input columns over the window's output
	pred   *expr.Node   // on window_start and window_end alone; nil: none
	window *logical.Window
	width  int // of the window's input: window_start is column width
}

func newFusion(g *logical.Group) *fusion {
	f := &fusion{group: g}
	in := g.Input
	if p, ok := in.(*logical.Project); ok {
		f.exprs, in = p.Exprs, p.Input
	} else {
		schema := in.Schema()
		for c := range schema {
			f.exprs = append(f.exprs, logical.Column(schema, c))
		}
	}
	if p, ok := in.(*logical.Filter); ok {
		f.pred, in = p.Pred, p.Input
	}
	w, ok := in.(*logical.Window)
	if !ok {
		return nil
	}
	f.window, f.width = w, len(w.Input.Schema())
	return f
}

// possible says that the keys have a window column, that nothing else computes
// with one, and that the time has a watermark.
func (f *fusion) possible() bool {
	found := false
	for _, k := range f.group.Keys {
		if f.bound(f.exprs[k]) {
			found = true
		} else if f.touches(f.exprs[k]) {
			return false
		}
	}
	for _, c := range f.group.Calls {
		for _, in := range inputs(c) {
			if f.touches(f.exprs[in]) {
				return false
			}
		}
	}
	if f.pred != nil && slices.ContainsFunc(expr.Columns(f.pred), func(c int) bool { return c < f.width }) {
		return false
	}
	_, closes := f.window.Closes()
	return found && closes
}

// bound says that e is window_start or window_end itself.
func (f *fusion) bound(e *expr.Node) bool { return e.Op == expr.OpCol && e.Col >= f.width }

func (f *fusion) touches(e *expr.Node) bool {
	return slices.ContainsFunc(expr.Columns(e), func(c int) bool { return c >= f.width })
}

// build returns the window aggregate under what restores the old columns.
func (f *fusion) build(onClose bool, lateness int64) logical.Node {
	used := columns{}
	group := &logical.Group{
		Calls: slices.Clone(f.group.Calls), Names: f.group.Names, OnClose: onClose, Lateness: lateness, Pos: f.group.Pos,
	}
	for _, k := range f.group.Keys {
		if !f.bound(f.exprs[k]) {
			used.add(k)
			group.Keys = append(group.Keys, k)
		}
	}
	for _, c := range group.Calls {
		used.add(inputs(c)...)
	}
	below, at := f.below(used)
	relocate(group, at)
	span := f.window.Span
	span.Time = len(below.Exprs) - 1
	group.Input, group.Window = below, &span
	return f.restore(f.filtered(group))
}

// below computes the used columns from the window's input; the time stands last.
func (f *fusion) below(used columns) (*logical.Project, place) {
	schema, in := f.group.Input.Schema(), f.window.Input.Schema()
	p := &logical.Project{Input: f.window.Input}
	for _, c := range used.sorted() {
		p.Exprs = append(p.Exprs, f.exprs[c])
		p.Names = append(p.Names, schema[c].Name)
	}
	p.Exprs = append(p.Exprs, logical.Column(in, f.window.Span.Time))
	p.Names = append(p.Names, in[f.window.Span.Time].Name)
	return p, rank(used)
}

// filtered puts the filter on window columns above the group: it holds for all
// rows of a window or for none.
func (f *fusion) filtered(g *logical.Group) logical.Node {
	if f.pred == nil {
		return g
	}
	return &logical.Filter{Input: g, Pred: logical.Shift(f.pred, func(c int) int { return c - f.width })}
}

func (f *fusion) restore(n logical.Node) logical.Node {
	schema, old := n.Schema(), f.group.Schema()
	p := &logical.Project{Input: n}
	next := 2
	for i := range old {
		at := next
		if i < len(f.group.Keys) && f.bound(f.exprs[f.group.Keys[i]]) {
			at = f.exprs[f.group.Keys[i]].Col - f.width
		} else {
			next++
		}
		p.Exprs = append(p.Exprs, logical.Column(schema, at))
		p.Names = append(p.Names, old[i].Name)
	}
	return p
}
