package physical

import (
	"encoding/json"
	"slices"

	"github.com/dirigo-stream/dirigo/exec/agg"
	"github.com/dirigo-stream/dirigo/exec/batch"
	"github.com/dirigo-stream/dirigo/exec/expr"
	"github.com/dirigo-stream/dirigo/exec/job"
	"github.com/dirigo-stream/dirigo/exec/op"
	"github.com/dirigo-stream/dirigo/planner/logical"
)

// share computes once what stands in a graph more than once: vertices that do
// the same over the same inputs become one with several consumers. Where only
// their stateful operators agree, such as two uses of a WITH query that read
// other columns of it, that operator becomes a vertex of its own, before theirs.
//
// bounded: each operator puts its result out once.
func share(g *job.Graph, bounded bool) {
	for merge(g) || split(g, bounded) {
	}
	renumber(g)
}

// merge makes one vertex of equal ones, and leaves out those that do nothing.
// The last vertex, the output, is neither.
func merge(g *job.Graph) (changed bool) {
	first, became := map[string]int{}, map[int]int{}
	kept := g.Vertices[:0]
	for _, v := range g.Vertices {
		v.Inputs = slices.Clone(v.Inputs)
		for i := range v.Inputs {
			if id, ok := became[v.Inputs[i].From]; ok {
				v.Inputs[i].From = id
			}
		}
		if v.Read == nil && len(v.Ops) == 0 && len(v.Inputs) == 1 {
			became[v.ID], changed = v.Inputs[0].From, true
			continue
		}
		key := text(v.Read, v.Inputs, v.Ops, v.Instances, v.Sink)
		if id, ok := first[key]; ok {
			became[v.ID], changed = id, true
			continue
		}
		first[key] = v.ID
		kept = append(kept, v)
	}
	g.Vertices = kept
	return changed
}

// text is a key for what is equal as it would be stored.
func text(parts ...any) string {
	b, err := json.Marshal(parts)
	if err != nil {
		panic(err) // it is stored as JSON
	}
	return string(b)
}

// split finds vertices that begin with the same state over the same inputs.
func split(g *job.Graph, bounded bool) bool {
	alike := map[string][]int{}
	for i := range g.Vertices {
		v := &g.Vertices[i]
		if v.State == 0 || len(v.Inputs) == 0 {
			continue
		}
		key := text(v.Inputs, v.Instances, general(v.Ops[0], bounded))
		if alike[key] = append(alike[key], i); len(alike[key]) > 1 {
			// More may follow: they become equal to the new vertex, or are split with it.
			splitAt(g, alike[key][0], i)
			return true
		}
	}
	return false
}

// general is an operator without what users of its state may have each their
// own. Of a group that shows each change that are not its calls: who reads one
// would be told whenever another changes.
func general(spec op.Spec, bounded bool) op.Spec {
	switch {
	case spec.Join != nil:
		j := *spec.Join
		j.Output = nil
		spec.Join = &j
	case spec.Group != nil && (bounded || spec.Group.OnClose):
		c := *spec.Group
		c.Calls = nil
		spec.Group = &c
	}
	return spec
}

// splitAt gives two vertices one for the state that both keep.
func splitAt(g *job.Graph, a, b int) {
	d := newDescriber(g, ExplainOptions{})
	x, y := &g.Vertices[a], &g.Vertices[b]
	spec, ofX, ofY := both(x.Ops[0], y.Ops[0])
	head := *x
	head.ID, head.Ops, head.Sink = next(g), []op.Spec{spec}, false
	head.Schema = d.schema(&head)
	tailOf(x, &head, ofX)
	tailOf(y, &head, ofY)
	g.Vertices = slices.Insert(g.Vertices, a, head)
}

func next(g *job.Graph) int {
	id := 0
	for _, v := range g.Vertices {
		id = max(id, v.ID)
	}
	return id + 1
}

// both returns an operator that does what two do, and the columns of its output
// that are the output of each.
func both(x, y op.Spec) (spec op.Spec, ofX, ofY []int) {
	switch {
	case x.Join != nil:
		j := *x.Join
		j.Output = merged(x.Join.Output, y.Join.Output)
		return op.Spec{Join: &j}, places(x.Join.Output, j.Output), places(y.Join.Output, j.Output)
	case x.Group != nil:
		return bothGroups(x.Group, y.Group)
	}
	return x, nil, nil
}

func bothGroups(x, y *agg.Group) (spec op.Spec, ofX, ofY []int) {
	c := *x
	c.Calls = slices.Clone(x.Calls)
	before := len(c.Keys)
	if c.Window != nil {
		before += 2
	}
	for i := range before + len(x.Calls) {
		ofX = append(ofX, i)
	}
	ofY = slices.Clone(ofX[:before])
	for _, call := range y.Calls {
		at := slices.IndexFunc(c.Calls, func(o agg.Call) bool { return text(o) == text(call) })
		if at < 0 {
			at = len(c.Calls)
			c.Calls = append(c.Calls, call)
		}
		ofY = append(ofY, before+at)
	}
	return op.Spec{Group: &c}, ofX, ofY
}

func merged(a, b []int) []int {
	out := slices.Concat(a, b)
	slices.Sort(out)
	return slices.Compact(out)
}

// places returns where the columns stand in a list of them.
func places(columns, in []int) []int {
	out := make([]int, len(columns))
	for i, c := range columns {
		out[i] = slices.Index(in, c)
	}
	return out
}

// tailOf makes v what follows its stateful operator, which head now is; columns
// of head are that operator's output; nil: all.
func tailOf(v, head *job.Vertex, columns []int) {
	v.Inputs, v.Ops = []job.Input{{From: head.ID}}, slices.Clone(v.Ops[1:])
	if columns != nil && !slices.Equal(columns, all(head.Schema)) {
		pick := make([]*expr.Node, len(columns))
		for i, c := range columns {
			pick[i] = logical.Column(head.Schema, c)
		}
		v.Ops = slices.Insert(v.Ops, 0, op.Spec{Project: pick})
	}
	v.Lend, v.LendReason, v.State = false, whyStateless, 0
}

// schema is what a vertex of one operator puts out.
func (d *describer) schema(v *job.Vertex) batch.Schema {
	in := d.input(v, 0)
	n := pairing(v.Ops[0], in, d.input(v, 1), v)
	if n == nil {
		n = node(v.Ops[0], in, v, false)
	}
	return picks(v.Ops[0], n).Schema()
}

// renumber gives the vertices ids in order, from 1.
func renumber(g *job.Graph) {
	ids := map[int]int{}
	for i := range g.Vertices {
		v := &g.Vertices[i]
		ids[v.ID], v.ID = i+1, i+1
		for j := range v.Inputs {
			v.Inputs[j].From = ids[v.Inputs[j].From]
		}
	}
}
