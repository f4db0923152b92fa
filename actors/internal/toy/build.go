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
	Books   *Books
	pages   [][]*ledger // by vertex and instance
	players []*player
}

// Observer is told of what happens in a run, from the actors' turns.
type Observer struct {
	Show func(vertex, instance int, s Shown)
	// Passed is told of each frontier that an actor judges, and of those with a
	// Seal when their work is done.
	Passed func(vertex, instance int, p actors.Punct)
	// Gate is told of the tick that an instance of a view begins, and what it held
	// before; Asked of a read that begins at it.
	Gate  func(instance int, tick uint64, now Rel)
	Asked func(vertex, instance int, now Rel)
}

// Build makes the actors of g on e; credit gives each channel's, in rows.
func Build[R any](e Engine[R], g *Graph, job uint64, quota *actors.Quota, credit func() int64, o Observer) *Built[R] {
	b := &Built[R]{Graph: g, Books: &Books{}}
	outs := b.outputs()
	for v := range g.Vertices {
		x := &g.Vertices[v]
		var refs []R
		for i := range x.N {
			s := actors.Spec[*Batch]{
				Name:     actors.Name{Job: job, Vertex: v, Instance: i},
				Lendable: x.Lends(), Quota: quota,
			}
			inner := g.behavior(v, i, outs[v][i], b.pages[v][i], o) // what a store would keep
			if p, ok := inner.(*player); ok {
				b.players = append(b.players, p)
			}
			s.Activate = func() (actors.Behavior[*Batch], error) { return newAudited(inner, b.pages[v][i], g), nil }
			for port, u := range x.Ins {
				s.Inputs = append(s.Inputs, g.fanIn(x, port, u))
			}
			for _, r := range outs[v][i] {
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

// Left returns how many entries source i has not played.
func (b *Built[R]) Left(i int) int {
	p := b.players[i]
	return len(b.Graph.Scripts[p.v.Part]) - p.next
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

// Lends reports whether actors of x lend.
func (x *Vertex) Lends() bool {
	return x.Kind == Agg || x.Kind == Window || x.Kind == Set || x.Kind == Top
}

// outputs opens the books, and returns the output ports by vertex and instance.
func (b *Built[R]) outputs() [][][]route {
	g := b.Graph
	outs := make([][][]route, len(g.Vertices))
	for v := range g.Vertices {
		x := &g.Vertices[v]
		outs[v] = make([][]route, x.N)
		var pages []*ledger
		for i := range x.N {
			pages = append(pages, &ledger{books: b.Books, at: place{v, i}, least: actors.NoTime})
		}
		b.pages = append(b.pages, pages)
		for port, u := range x.Ins {
			for i, above := range b.pages[u] {
				r := route{x.Route[port], x.N, pages}
				if x.forward(g, port) {
					r.n, r.to = 1, pages[i:i+1]
				}
				outs[u][i] = append(outs[u][i], r)
				for _, p := range r.to {
					p.above = append(p.above, above)
				}
			}
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

func (g *Graph) behavior(v, i int, routes []route, own *ledger, o Observer) actors.Behavior[*Batch] {
	x := &g.Vertices[v]
	n := node{g: g, v: x, instance: i, routes: routes, own: own}
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
	case Set, Top:
		return &set{node: n, acc: values{}, shown: map[int]Fields{}, dirty: map[int]bool{}}
	case View:
		y := &view{node: n, rel: Rel{}, show: func(s Shown) { o.Show(v, i, s) }}
		if o.Gate != nil {
			y.gate = func(tick uint64, now Rel) { o.Gate(i, tick, now) }
			y.asked = func(now Rel) { o.Asked(v, i, now) }
		}
		return y
	}
	return &stateless{n}
}
