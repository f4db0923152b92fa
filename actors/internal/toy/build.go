package toy

import "github.com/dirigo-stream/dirigo/actors"

// Engine is what a graph is built on: the threaded runtime or the simulator.
type Engine[R any] interface {
	Add(s actors.Spec[*Batch]) R
	Connect(from R, out, i int, to R, in, j int, credit int64)
}

// Built is a graph of actors and what its views have shown.
type Built[R any] struct {
	Graph   *Graph
	Refs    [][]R // by vertex and instance
	Sources []R
	All     []R
	Shown   [][][]Shown // by vertex and instance
}

// Observer is told of what happens in a run, from the actors' turns.
type Observer struct {
	Show func(vertex, instance int, s Shown)
	// Passed is told of each frontier that an actor judges, and of those with a
	// Seal when their work is done.
	Passed func(vertex, instance int, p actors.Punct)
}

// Build makes the actors of g on e; credit gives each channel's, in rows.
func Build[R any](e Engine[R], g *Graph, job uint64, quota *actors.Quota, credit func() int64, o Observer) *Built[R] {
	b := &Built[R]{Graph: g}
	outs := g.outputs()
	for v := range g.Vertices {
		x := &g.Vertices[v]
		var refs []R
		for i := range x.N {
			s := actors.Spec[*Batch]{
				Name:     actors.Name{Job: job, Vertex: v, Instance: i},
				Lendable: x.Kind == Agg || x.Kind == Window, Quota: quota,
				Activate: func() (actors.Behavior[*Batch], error) { return g.behavior(v, i, outs[v], o), nil },
			}
			for port, u := range x.Ins {
				s.Inputs = append(s.Inputs, g.fanIn(x, port, u))
			}
			for _, r := range outs[v] {
				s.Outputs = append(s.Outputs, r.n)
			}
			refs = append(refs, e.Add(s))
		}
		b.Refs = append(b.Refs, refs)
		b.All = append(b.All, refs...)
		if x.Kind == Source {
			b.Sources = append(b.Sources, refs...)
		}
	}
	b.connect(e, credit)
	return b
}

// fanIn returns the number of channels of an input port: forward edges of equal
// counts have one, all others one per producer.
func (g *Graph) fanIn(x *Vertex, port, u int) int {
	if x.forward(g, port) {
		return 1
	}
	return g.Vertices[u].N
}

func (x *Vertex) forward(g *Graph, port int) bool {
	return x.Route[port] == Forward && g.Vertices[x.Ins[port]].N == x.N
}

func (g *Graph) outputs() [][]route {
	outs := make([][]route, len(g.Vertices))
	for v := range g.Vertices {
		x := &g.Vertices[v]
		for port, u := range x.Ins {
			r := route{x.Route[port], x.N}
			if x.forward(g, port) {
				r.n = 1
			}
			outs[u] = append(outs[u], r)
		}
	}
	return outs
}

func (b *Built[R]) connect(e Engine[R], credit func() int64) {
	g := b.Graph
	port := make([]int, len(g.Vertices))
	for v := range g.Vertices {
		x := &g.Vertices[v]
		for in, u := range x.Ins {
			out := port[u]
			port[u]++
			for i, from := range b.Refs[u] {
				if x.forward(g, in) {
					e.Connect(from, out, 0, b.Refs[v][i], in, 0, credit())
					continue
				}
				for j, to := range b.Refs[v] {
					e.Connect(from, out, j, to, in, i, credit())
				}
			}
		}
	}
}

func (g *Graph) behavior(v, i int, routes []route, o Observer) actors.Behavior[*Batch] {
	x := &g.Vertices[v]
	n := node{g: g, v: x, instance: i, routes: routes}
	if o.Passed != nil {
		n.passed = func(p actors.Punct) { o.Passed(v, i, p) }
	}
	switch x.Kind {
	case Source:
		return &player{node: n}
	case Join:
		return &join{node: n, state: [2]Rel{{}, {}}}
	case Agg, Window:
		return &group{node: n, acc: sums{}, shown: map[[2]int]sum{}, dirty: map[[2]int]bool{}}
	case View:
		return &view{node: n, rel: Rel{}, show: func(s Shown) { o.Show(v, i, s) }}
	}
	return &stateless{n}
}
