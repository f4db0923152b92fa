package toy

import (
	"slices"

	"github.com/dirigo-stream/dirigo/actors"
)

type turn = actors.Turn[*Batch]

// node is what all behaviors share: their place in the graph and output that
// waits for fuel.
type node struct {
	g        *Graph
	v        *Vertex
	instance int
	routes   []route
	queue    []Row
	own      *ledger
	passed   func(actors.Punct) // told of each frontier that is judged or sealed; may be nil
}

// route is an output port: the column that chooses among N channels, and the
// books of who receives there.
type route struct {
	col, n int
	to     []*ledger
}

// Resume implements actors.Behavior.
func (x *node) Resume(t *turn) (bool, error) {
	for len(x.queue) > 0 && t.Fuel() > 0 {
		n := min(len(x.queue), t.Fuel())
		x.send(x.queue[:n:n], t)
		x.queue = x.queue[n:]
	}
	return len(x.queue) > 0, nil
}

func (x *node) send(rows []Row, t *turn) {
	for port, r := range x.routes {
		byDest := make([][]Row, r.n)
		for _, row := range rows {
			d := x.instance % r.n
			if r.col != Forward {
				d = (row.F[r.col]%r.n + r.n) % r.n // sums may be negative
			}
			byDest[d] = append(byDest[d], row)
		}
		for d, part := range byDest {
			if len(part) > 0 {
				b := &Batch{Rows: part}
				m := b.Meta()
				r.to[d].sends(b, x.own, m)
				t.Emit(port, d, b, m)
			}
		}
	}
}

// Due implements actors.Behavior.
func (x *node) Due(f actors.Frontier, _ bool, _ int64) bool {
	if x.passed != nil {
		x.passed(f.Punct)
	}
	return false
}

// Advance implements actors.Behavior.
func (x *node) Advance(f actors.Frontier, t *turn) (bool, error) {
	if f.Seal != 0 && x.passed != nil {
		x.passed(f.Punct)
	}
	return x.Resume(t)
}

// stateless relays rows.
type stateless struct{ node }

func (x *stateless) Push(_ int, b *Batch, t *turn) (bool, error) {
	for _, r := range b.Rows {
		if r, ok := relay(x.v.Kind, r); ok {
			x.queue = append(x.queue, r)
		}
	}
	return x.Resume(t)
}

// player is a source: it plays its script.
type player struct {
	node
	next int
}

func (x *player) Push(int, *Batch, *turn) (bool, error) { panic("a source has no input") }
func (x *player) Urgent() int64                         { return x.g.Born }

func (x *player) Poll(t *turn) (bool, error) {
	script := x.g.Scripts[x.v.Part]
	if x.next < len(script) {
		e := script[x.next]
		x.next++
		if e.Rows != nil {
			x.send(e.Rows, t)
		} else {
			x.own.pass(e.Punct.Tick)
			t.Punct(e.Punct)
		}
	}
	return x.next < len(script) && !x.g.Paced, nil
}

// join is a two-input equi-join.
type join struct {
	node
	state [2]Rel
}

func (x *join) Push(in int, b *Batch, t *turn) (bool, error) {
	for _, r := range b.Rows {
		x.state[in].Add(r.F, r.D)
		for g, e := range x.state[1-in] {
			if r.F[x.v.Col[in]] != g[x.v.Col[1-in]] {
				continue
			}
			if in == 0 {
				x.queue = append(x.queue, Row{joined(r.F, g), r.D * e})
			} else {
				x.queue = append(x.queue, Row{joined(g, r.F), r.D * e})
			}
		}
	}
	slices.SortFunc(x.queue, compare)
	return x.Resume(t)
}

func compare(a, b Row) int {
	if c := slices.Compare(a.F[:], b.F[:]); c != 0 {
		return c
	}
	return a.D - b.D
}
