package toy

// Eval returns the relation of vertex v over all rows of ticks up to t, and the
// watermark there: the naive recomputation.
func (g *Graph) Eval(v int, t uint64) (Rel, int64) {
	x := &g.Vertices[v]
	if x.Kind == Source {
		return g.played(x.Part, t)
	}
	wm := int64(none)
	in := make([]Rel, len(x.Ins))
	for i, u := range x.Ins {
		r, w := g.Eval(u, t)
		in[i], wm = r, min(wm, w)
	}
	return x.compute(in, wm), wm
}

// watermark returns the least watermark of the sources above v at tick t.
func (g *Graph) watermark(v int, t uint64) int64 {
	x := &g.Vertices[v]
	if x.Kind == Source {
		wm := int64(-none - 1)
		for _, e := range g.Scripts[x.Part] {
			if e.Rows == nil && e.Punct.Tick <= t {
				wm = e.Punct.Watermark
			}
		}
		return wm
	}
	wm := int64(none)
	for _, u := range x.Ins {
		wm = min(wm, g.watermark(u, t))
	}
	return wm
}

func (g *Graph) played(part int, t uint64) (Rel, int64) {
	out, wm := Rel{}, int64(-none-1)
	var open []Row
	for _, e := range g.Scripts[part] {
		if e.Rows != nil {
			open = append(open, e.Rows...)
			continue
		}
		if e.Punct.Tick > t {
			break
		}
		for _, r := range open {
			out.Add(r.F, r.D)
		}
		open, wm = nil, e.Punct.Watermark
	}
	return out, wm
}

func (x *Vertex) compute(in []Rel, wm int64) Rel {
	out := Rel{}
	switch x.Kind {
	case View:
		return in[0]
	case Filter, Map, Union:
		for _, rel := range in {
			for f, d := range rel {
				if r, ok := relay(x.Kind, Row{f, d}); ok {
					out.Add(r.F, r.D)
				}
			}
		}
	case Join:
		for f, d := range in[0] {
			for g, e := range in[1] {
				if f[x.Col[0]] == g[x.Col[1]] {
					out.Add(joined(f, g), d*e)
				}
			}
		}
	case Agg, Window:
		acc := sums{}
		for f, d := range in[0] {
			acc.add(x.Kind, Row{f, d}, x.Col)
		}
		for k, s := range acc {
			if s.rows != 0 && (x.Kind == Agg || int64(windowEnd(k[1])) <= wm) {
				out.Add(s.fields(k), 1)
			}
		}
	case Set, Top:
		acc := values{}
		for f, d := range in[0] {
			acc.add(valueCount{f[x.Col[0]], f[x.Col[1]], d})
		}
		for k := range acc {
			if x.Kind == Top {
				acc.cut(k)
			}
			if f, ok := acc.fields(k); ok {
				out.Add(f, 1)
			}
		}
	}
	return out
}

// relay is what the stateless kinds do to a row.
func relay(kind Kind, r Row) (Row, bool) {
	switch kind {
	case Filter:
		return r, pass(r.F)
	case Map:
		return Row{swap(r.F), r.D}, true
	}
	return r, true
}
