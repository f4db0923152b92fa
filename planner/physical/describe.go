package physical

import (
	"fmt"
	"strings"

	"github.com/dirigo-stream/dirigo/exec/agg"
	"github.com/dirigo-stream/dirigo/exec/batch"
	"github.com/dirigo-stream/dirigo/exec/expr"
	"github.com/dirigo-stream/dirigo/exec/job"
	"github.com/dirigo-stream/dirigo/exec/op"
	"github.com/dirigo-stream/dirigo/planner/logical"
)

// describer turns stored vertices back into words. Column names come from the
// relations read and from the schemas of the vertices.
type describer struct {
	graph   *job.Graph
	options ExplainOptions
	byID    map[int]*job.Vertex
}

func newDescriber(g *job.Graph, o ExplainOptions) *describer {
	d := &describer{graph: g, options: o, byID: map[int]*job.Vertex{}}
	for i := range g.Vertices {
		d.byID[g.Vertices[i].ID] = &g.Vertices[i]
	}
	return d
}

// operators returns a line for each operator of a vertex, the last first, and
// its state.
func (d *describer) operators(v *job.Vertex) (lines []string, state string) {
	in, right := d.input(v, 0), d.input(v, 1)
	if v.Read != nil {
		line := d.scan(v.Read).Line()
		if p := v.Read.Point; p != nil {
			line += ", " + plural(len(p.Values)/len(p.Key), "row") + " by key"
		}
		lines = append(lines, line)
	}
	for i, spec := range v.Ops {
		n := node(spec, in, v, i == len(v.Ops)-1)
		if pair := pairing(spec, in, right, v); pair != nil {
			n = pair
		}
		lines = append(lines, n.Line())
		if s := kept(spec, in.Schema()); s != "" {
			state = s
		} else if s := keptByPair(spec, in.Schema(), right.Schema()); s != "" {
			state = s
		}
		n = picks(spec, n)
		in = n
	}
	if v.Sink {
		lines = append(lines, strings.TrimSpace("Sink "+d.options.Sink))
	}
	for i, j := 0, len(lines)-1; i < j; i, j = i+1, j-1 {
		lines[i], lines[j] = lines[j], lines[i]
	}
	return lines, state
}

// input is a leaf with the schema that the vertex's first operator sees on an input.
func (d *describer) input(v *job.Vertex, i int) logical.Node {
	switch {
	case v.Read != nil:
		return d.scan(v.Read)
	case len(v.Inputs) > i:
		return &logical.Values{Columns: d.byID[v.Inputs[i].From].Schema}
	}
	return &logical.Values{}
}

func (d *describer) scan(r *job.Read) *logical.Scan {
	if d.options.Relation != nil {
		if rel := d.options.Relation(r.Relation); rel != nil {
			return &logical.Scan{Relation: rel, Columns: r.Columns}
		}
	}
	unknown := &logical.Relation{Name: fmt.Sprintf("#%d", r.Relation), Kind: "relation", Watermark: -1}
	for _, c := range r.Columns {
		for len(unknown.Columns) <= c {
			unknown.Columns = append(unknown.Columns, batch.Field{Name: fmt.Sprintf("#%d", len(unknown.Columns))})
		}
	}
	return &logical.Scan{Relation: unknown, Columns: r.Columns}
}

// node is the logical operator that a stored one came from.
func node(spec op.Spec, in logical.Node, v *job.Vertex, last bool) logical.Node {
	switch {
	case spec.Filter != nil:
		return &logical.Filter{Input: in, Pred: spec.Filter}
	case spec.Project != nil:
		return project(spec.Project, in, v, last)
	case spec.Window != nil:
		return &logical.Window{Input: in, Span: *span(&spec.Window.Window)}
	case spec.Group != nil:
		g := spec.Group
		n := &logical.Group{Input: in, Keys: g.Keys, Calls: g.Calls, Window: span(g.Window), OnClose: g.OnClose, TTL: g.TTL}
		for _, c := range g.Calls {
			n.Names = append(n.Names, c.Func)
		}
		if g.Window != nil {
			n.Lateness = g.Window.Lateness
		}
		return n
	case spec.Late != nil:
		return &logical.Late{Input: in, Time: spec.Late.Time, Allowed: spec.Late.Allowed}
	case spec.Union:
		return &logical.Union{Sides: []logical.Node{in}}
	case spec.Distinct:
		return &logical.Distinct{Input: in}
	case spec.Materialize != nil:
		return &logical.Materialize{Input: in, Key: spec.Materialize.Key}
	case spec.Sort != nil:
		return &logical.Sort{Input: in, Keys: spec.Sort.Keys, Limit: spec.Sort.Limit, Offset: spec.Sort.Offset}
	case spec.Values != nil:
		return &logical.Values{Columns: v.Schema, Rows: spec.Values.Rows}
	}
	return in
}

func project(exprs []*expr.Node, in logical.Node, v *job.Vertex, last bool) logical.Node {
	p := &logical.Project{Input: in, Exprs: exprs}
	for i, e := range exprs {
		name := e.String()
		if last {
			name = v.Schema[i].Name
		}
		p.Names = append(p.Names, name)
	}
	return p
}

func span(w *agg.Window) *logical.Span {
	if w == nil {
		return nil
	}
	return &logical.Span{Time: w.Time, Size: w.Size, Slide: w.Slide, Offset: w.Offset}
}

// kept says what an operator keeps between messages; "" for nothing.
func kept(spec op.Spec, in batch.Schema) string {
	switch {
	case spec.Group != nil:
		return keptByGroup(spec.Group, in)
	case spec.Distinct:
		return "each row once"
	case spec.Materialize != nil && spec.Materialize.Key == nil:
		return "each row with its count"
	case spec.Materialize != nil && len(spec.Materialize.Key) == 0:
		return "one row"
	case spec.Materialize != nil:
		return "the rows by (" + logical.Names(in, spec.Materialize.Key) + ")"
	case spec.Sort != nil:
		return "all rows until the end"
	}
	return ""
}

func keptByGroup(g *agg.Group, in batch.Schema) string {
	what := plural(len(g.Calls), "accumulator")
	for _, c := range g.Calls {
		if c.Distinct && c.Func != "min" && c.Func != "max" {
			what += ", the values of " + logical.CallText(c, in)
		}
	}
	if len(g.Keys) > 0 {
		what += " per (" + logical.Names(in, g.Keys) + ")"
	}
	switch {
	case g.TTL > 0:
		return what + ", for " + logical.Micros(g.TTL) + " after the group was touched"
	case g.Window == nil && len(g.Keys) > 0:
		return what + ", for ever"
	case g.Window == nil:
		return what
	case g.Window.Lateness > 0:
		return what + " and window, until " + logical.Micros(g.Window.Lateness) + " after the watermark passes its end"
	}
	return what + " and window, until the watermark passes its end"
}
