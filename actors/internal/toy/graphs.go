package toy

import (
	"math/rand/v2"

	"github.com/dirigo-stream/dirigo/actors"
)

// Names lists the topologies that Random knows.
var Names = []string{"chain", "diamond", "self", "multi", "window", "exchange", "set", "top"}

// Random returns a graph of the named topology whose parallelism, rows, ticks,
// watermarks and seals come from rng; a source plays about rows rows.
func Random(name string, rng *rand.Rand, rows int) *Graph {
	g := &Graph{Name: name}
	n := func() int { return 1 + rng.IntN(3) }
	op := func(k Kind, ins, route []int, col ...int) {
		x := Vertex{Kind: k, Ins: ins, Route: route, N: n()}
		copy(x.Col[:], col)
		g.Vertices = append(g.Vertices, x)
	}
	source := func() {
		g.Vertices = append(g.Vertices, Vertex{Kind: Source, N: 1, Part: len(g.Scripts)})
		g.Scripts = append(g.Scripts, nil)
	}
	type is = []int
	switch name {
	case "chain":
		source()
		op(Filter, is{0}, is{1})
		op(Agg, is{1}, is{0}, 0, 1)
		op(View, is{2}, is{0})
	case "diamond":
		source()
		op(Filter, is{0}, is{1})
		op(Map, is{0}, is{2})
		op(Join, is{1, 2}, is{0, 0}, 0, 0)
		op(View, is{3}, is{1})
	case "self":
		source()
		op(Join, is{0, 0}, is{0, 1}, 0, 1)
		op(Agg, is{1}, is{1}, 1, 3)
		op(View, is{2}, is{0})
	case "multi":
		source()
		source()
		op(Union, is{0, 1}, is{1, 1})
		source()
		op(Join, is{2, 3}, is{0, 0}, 0, 0)
		op(Agg, is{4}, is{1}, 1, 3)
		op(View, is{5}, is{0})
	case "window":
		source()
		source()
		op(Union, is{0, 1}, is{1, 0})
		op(Filter, is{2}, is{1})
		op(Window, is{3}, is{0}, 0, 1)
		op(View, is{4}, is{1})
	case "exchange":
		source()
		op(Filter, is{0}, is{1})
		op(Agg, is{1}, is{0}, 0, 1)
		op(Map, is{2}, is{Forward})
		op(View, is{3}, is{1})
		for i := 1; i < 5; i++ {
			g.Vertices[i].N = 3
		}
	case "set":
		source()
		source()
		op(Union, is{0, 1}, is{1, 0})
		op(Set, is{2}, is{0}, 0, 1)
		op(View, is{3}, is{0})
	case "top":
		source()
		op(Filter, is{0}, is{1})
		op(Top, is{1}, is{0}, 0, 1)
		op(View, is{2}, is{0})
	}
	g.play(rng, rows)
	return g
}

// play writes the scripts: every tick is closed at every source, with its last
// watermark where it has no rows.
func (g *Graph) play(rng *rand.Rand, rows int) {
	ps := make([]partition, len(g.Scripts))
	for i := range ps {
		ps[i] = partition{left: 1 + rng.IntN(rows), wm: actors.NoWatermark, max: -1, appends: g.Name == "top"}
	}
	seal := uint64(0)
	for tick, more := uint64(1), true; more; tick++ {
		more = false
		var s uint64
		if rng.IntN(5) == 0 {
			seal++
			s = seal
		}
		for i := range ps {
			p := &ps[i]
			if rng.IntN(3) > 0 {
				for range rng.IntN(4) {
					g.Scripts[i] = p.rows(g.Scripts[i], rng)
				}
			}
			if p.max >= 0 {
				p.wm = max(p.wm, int64(p.max-2))
			}
			g.Scripts[i] = append(g.Scripts[i], Entry{Punct: actors.Punct{Tick: tick, Watermark: p.wm, Seal: s}})
			more = more || p.left > 0
		}
	}
}

// Ticks returns the Puncts of source part.
func (g *Graph) Ticks(part int) (ps []actors.Punct) {
	for _, e := range g.Scripts[part] {
		if e.Rows == nil {
			ps = append(ps, e.Punct)
		}
	}
	return ps
}

type partition struct {
	left, max int
	appends   bool
	wm        int64
	old       []Row
}

// rows adds a batch of up to three rows: none below the watermark, a quarter of
// them retractions of earlier ones that are not below it.
func (p *partition) rows(s []Entry, rng *rand.Rand) []Entry {
	n := min(p.left, 1+rng.IntN(3))
	if n == 0 {
		return s
	}
	p.left -= n
	var rs []Row
	for range n {
		if k := len(p.old); k > 0 && !p.appends && rng.IntN(4) == 0 {
			i := rng.IntN(k)
			if r := p.old[i]; int64(r.F[2]) >= p.wm {
				p.old[i] = p.old[k-1]
				p.old = p.old[:k-1]
				rs = append(rs, Row{r.F, -1})
				continue
			}
		}
		t := max(p.max+rng.IntN(4)-1, int(max(p.wm, 0)))
		r := Row{Fields{rng.IntN(3), rng.IntN(6), t, 0}, 1}
		p.max = max(p.max, t)
		p.old = append(p.old, r)
		rs = append(rs, r)
	}
	return append(s, Entry{Rows: rs})
}
