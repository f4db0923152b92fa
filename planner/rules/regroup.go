package rules

import (
	"slices"

	"github.com/dirigo-stream/dirigo/exec/batch"
	"github.com/dirigo-stream/dirigo/exec/expr"
	"github.com/dirigo-stream/dirigo/planner/logical"
)

// regrouped lets an aggregate over rows that already have window bounds, such as
// the maximum of a window's counts, end when the watermark passes the end of
// their window. Ends lie on the grid of the slide, so that grouping by one is a
// tumbling window of that size over end − slide.
func regrouped(g *logical.Group, onClose bool) logical.Node {
	in := g.Input.Props()
	schema := g.Input.Schema()
	for _, b := range in.Spans {
		start, end := slices.Index(g.Keys, b.Start), slices.Index(g.Keys, b.End)
		last, offset := endOf(schema, b)
		lag, ok := closesAt(in, b)
		if start < 0 && end < 0 || last == nil || !ok {
			continue
		}
		r := &regrouping{group: g, bounds: b, onClose: onClose, lag: lag}
		return r.build(plusMicros(last, offset-b.Slide))
	}
	return g
}

// endOf is a column from which the window's end is computed, and how far it lies behind.
func endOf(s batch.Schema, b logical.Bounds) (column *expr.Node, offset int64) {
	if b.End >= 0 {
		return logical.Column(s, b.End), 0
	}
	return logical.Column(s, b.Start), b.Size
}

// closesAt says how far behind a window's end the watermark tells that all its
// rows are there.
func closesAt(p logical.Props, b logical.Bounds) (lag int64, ok bool) {
	if b.End >= 0 {
		lag, ok = p.Time(b.End)
		return max(0, lag), ok
	}
	lag, ok = p.Time(b.Start)
	return max(0, lag-b.Size), ok
}

func plusMicros(n *expr.Node, micros int64) *expr.Node {
	if micros == 0 {
		return n
	}
	op := "+"
	if micros < 0 {
		op, micros = "-", -micros
	}
	length := expr.Const(batch.T(batch.Interval), batch.Span{Micros: micros}.String())
	sum, err := expr.Resolve(op, []*expr.Node{n, length})
	if err != nil {
		panic(err) // times and intervals add
	}
	return sum
}

type regrouping struct {
	group   *logical.Group
	bounds  logical.Bounds
	onClose bool
	lag     int64
}

func (r *regrouping) isBound(key int) bool { return key == r.bounds.Start || key == r.bounds.End }

// build groups by windows over the time that it adds to the input, and restores
// the old columns.
func (r *regrouping) build(time *expr.Node) logical.Node {
	side := newSide(r.group.Input)
	at := side.column(time)
	out := *r.group
	out.Input, out.Keys, out.OnClose, out.Lateness = side.node(), nil, r.onClose, r.lag
	out.Window = &logical.Span{Time: at, Size: r.bounds.Slide, Slide: r.bounds.Slide, Offset: (r.bounds.Offset + r.bounds.Size) % r.bounds.Slide}
	for _, k := range r.group.Keys {
		if !r.isBound(k) {
			out.Keys = append(out.Keys, k)
		}
	}
	schema, old := out.Schema(), r.group.Schema()
	p := &logical.Project{Input: &out}
	next := 2
	for i, f := range old {
		e := logical.Column(schema, 1)
		switch {
		case i < len(r.group.Keys) && r.group.Keys[i] == r.bounds.Start:
			e = plusMicros(e, -r.bounds.Size)
		case i >= len(r.group.Keys) || r.group.Keys[i] != r.bounds.End:
			e = logical.Column(schema, next)
			next++
		}
		p.Exprs, p.Names = append(p.Exprs, e), append(p.Names, f.Name)
	}
	return p
}
