package physical

import (
	"maps"
	"slices"
	"time"

	"github.com/dirigo-stream/dirigo/exec/job"
	"github.com/dirigo-stream/dirigo/exec/op"
)

// The cost model, for a vertex that has not run yet: nanoseconds per row of a
// message of so many rows, and per message. Once it runs its measured median
// takes the model's place.
const (
	messageRows = 256
	perMessage  = 2_000 * time.Nanosecond

	costDecode      = 350 // a JSON record, at a source
	costFilter      = 3
	costProject     = 5 // per computed column
	costGroup       = 25
	costCall        = 5 // per aggregate
	costMaterialize = 60
	costDistinct    = 40
	costJoin        = 150 // a probe, a stored row and a match
	costSink        = 200 // encoding a record
)

// modelled returns the expected cost of one message at a vertex.
func modelled(v *job.Vertex) time.Duration {
	row := 0
	if v.Read != nil {
		row += costDecode
	}
	for _, spec := range v.Ops {
		row += rowCost(spec)
	}
	if v.Sink {
		row += costSink
	}
	return perMessage + time.Duration(row)*messageRows
}

func rowCost(spec op.Spec) int {
	switch {
	case spec.Filter != nil:
		return costFilter
	case spec.Project != nil:
		return costProject * len(spec.Project)
	case spec.Group != nil:
		return costGroup + costCall*len(spec.Group.Calls)
	case spec.Distinct:
		return costDistinct
	case spec.Join != nil, spec.Temporal != nil, spec.SetOp != nil:
		return costJoin
	case spec.Materialize != nil, spec.Sort != nil, spec.Upsert != nil:
		return costMaterialize
	}
	return 1
}

// Costs returns the expected cost of a message at each vertex, by id.
func Costs(g *job.Graph) map[int]time.Duration {
	out := make(map[int]time.Duration, len(g.Vertices))
	for i := range g.Vertices {
		out[g.Vertices[i].ID] = modelled(&g.Vertices[i])
	}
	return out
}

// PathCost returns what the costliest way of a message through the graph takes:
// measured costs by vertex id where there are some, expected ones elsewhere.
func PathCost(g *job.Graph, measured map[int]time.Duration) time.Duration {
	costs := Costs(g)
	maps.Copy(costs, measured)
	most := map[int]time.Duration{} // inputs stand before consumers
	for i := range g.Vertices {
		v := &g.Vertices[i]
		before := time.Duration(0)
		for _, in := range v.Inputs {
			before = max(before, most[in.From])
		}
		most[v.ID] = before + costs[v.ID]
	}
	return most[g.Vertices[len(g.Vertices)-1].ID]
}

// tree explains the graph from its output up, and splits the SLO: each vertex
// has the share that its cost has in the costliest path through it.
func tree(g *job.Graph, o ExplainOptions) *Explained {
	costs := Costs(g)
	for id, c := range o.Costs {
		costs[id] = c
	}
	t := &treeBuilder{
		describer: newDescriber(g, o), costs: costs, shown: map[int]bool{},
		before: map[int]time.Duration{}, after: map[int]time.Duration{},
	}
	t.paths()
	return t.vertex(&g.Vertices[len(g.Vertices)-1])
}

type treeBuilder struct {
	*describer
	costs map[int]time.Duration
	// before and after are the costs of the costliest path to a vertex, and from it.
	before, after map[int]time.Duration
	shown         map[int]bool
}

// paths fills in before and after; inputs stand before consumers.
func (t *treeBuilder) paths() {
	vertices := t.graph.Vertices
	for i := range vertices {
		v := &vertices[i]
		for _, in := range v.Inputs {
			t.before[v.ID] = max(t.before[v.ID], t.before[in.From]+t.costs[in.From])
		}
	}
	for i := len(vertices) - 1; i >= 0; i-- {
		v := &vertices[i]
		for _, in := range v.Inputs {
			t.after[in.From] = max(t.after[in.From], t.after[v.ID]+t.costs[v.ID])
		}
	}
}

// vertex explains v, where it is met first; elsewhere it is only named.
func (t *treeBuilder) vertex(v *job.Vertex) *Explained {
	if t.shown[v.ID] {
		return &Explained{Vertex: v.ID, Shared: true}
	}
	t.shown[v.ID] = true
	cost, path := t.costs[v.ID], t.after[v.ID]
	lines, state := t.operators(v)
	e := &Explained{
		Vertex: v.ID, Operators: lines, Instances: v.Instances, Updating: v.Updating,
		Lends: v.Lend, LendsNot: v.LendReason, State: state,
		Cost: cost.Microseconds(), Path: path.Microseconds(),
	}
	if m, ok := t.options.Measured[v.ID]; ok {
		e.Measured = measured(m)
	}
	for _, in := range v.Inputs {
		e.Inputs = append(e.Inputs, t.vertex(t.byID[in.From]))
	}
	e.Exchange = t.exchange(v)
	if slo := t.options.SLO; slo > 0 {
		total := t.before[v.ID] + cost + path
		e.Share = int64(float64(slo.Microseconds()) * float64(cost) / float64(total))
		e.LatestStart = (slo - cost - path).Microseconds()
	}
	return e
}

// exchange are the columns by which rows come to v: of each input that is not
// forwarded, where they are not called alike.
func (t *treeBuilder) exchange(v *job.Vertex) []string {
	var all [][]string
	for _, in := range v.Inputs {
		var names []string
		for _, c := range in.Hash {
			names = append(names, t.byID[in.From].Schema[c].Name)
		}
		if len(names) > 0 && !slices.ContainsFunc(all, func(o []string) bool { return slices.Equal(o, names) }) {
			all = append(all, names)
		}
	}
	return slices.Concat(all...)
}
