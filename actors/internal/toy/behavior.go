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
	passed   func(actors.Punct) // told of each frontier that is judged or sealed; may be nil
}

// route is an output port: the column that chooses among N channels.
type route struct{ col, n int }

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
				b := &Batch{part}
				t.Emit(port, d, b, b.Meta())
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
func (x *player) Urgent() int64                         { return 0 }

func (x *player) Poll(t *turn) (bool, error) {
	script := x.g.Scripts[x.v.Part]
	if x.next < len(script) {
		e := script[x.next]
		x.next++
		if e.Rows != nil {
			x.send(e.Rows, t)
		} else {
			t.Punct(e.Punct)
		}
	}
	return x.next < len(script), nil
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

// group is the lendable aggregate, updating or per window.
type group struct {
	node
	acc   sums
	shown map[[2]int]sum
	dirty map[[2]int]bool
}

func (x *group) Push(_ int, b *Batch, t *turn) (bool, error) {
	for _, r := range b.Rows {
		x.dirty[x.acc.add(x.v.Kind, r, x.v.Col)] = true
	}
	return false, nil
}

func (x *group) Due(f actors.Frontier, rows bool, least int64) bool {
	x.node.Due(f, rows, least)
	if x.v.Kind == Agg {
		return rows
	}
	if least != actors.NoTime && int64(windowEnd(windowOf(int(least)))) <= f.Watermark {
		return true
	}
	for k := range x.acc {
		if int64(windowEnd(k[1])) <= f.Watermark {
			return true
		}
	}
	return false
}

func (x *group) Advance(f actors.Frontier, t *turn) (bool, error) {
	if x.v.Kind == Agg {
		x.update()
	} else {
		x.close(f.Watermark)
	}
	slices.SortFunc(x.queue, compare)
	return x.node.Advance(f, t)
}

func (x *group) update() {
	for k := range x.dirty {
		old, now := x.shown[k], x.acc[k]
		if old == now {
			continue
		}
		if old.rows != 0 {
			x.queue = append(x.queue, Row{sums{k: old}.row(k).F, -1})
		}
		if now.rows != 0 {
			x.queue = append(x.queue, x.acc.row(k))
		}
		x.shown[k] = now
	}
	clear(x.dirty)
}

func (x *group) close(wm int64) {
	for k, s := range x.acc {
		if int64(windowEnd(k[1])) > wm {
			continue
		}
		if s.rows != 0 {
			x.queue = append(x.queue, x.acc.row(k))
		}
		delete(x.acc, k)
	}
}

// Lend implements actors.Lendable.
func (x *group) Lend() actors.Lessee[*Batch] { return &groupPart{v: x.v, acc: sums{}} }

// Absorb implements actors.Lendable.
func (x *group) Absorb(partial any, t *turn) (bool, error) {
	for k, s := range partial.(sums) {
		y := x.acc[k]
		x.acc[k] = sum{y.total + s.total, y.rows + s.rows}
		x.dirty[k] = true
	}
	return false, nil
}

type groupPart struct {
	v   *Vertex
	acc sums
}

func (x *groupPart) Push(_ int, b *Batch) error {
	for _, r := range b.Rows {
		x.acc.add(x.v.Kind, r, x.v.Col)
	}
	return nil
}

func (x *groupPart) Collect() (any, error) {
	acc := x.acc
	x.acc = sums{}
	return acc, nil
}

// Shown is a view's content after a tick.
type Shown struct {
	Punct actors.Punct
	Rel   Rel
}

// view applies a tick's changes at once, and remembers each state.
type view struct {
	node
	delta []Row
	rel   Rel
	show  func(Shown)
}

func (x *view) Push(_ int, b *Batch, _ *turn) (bool, error) {
	x.delta = append(x.delta, b.Rows...)
	return false, nil
}

func (x *view) Due(f actors.Frontier, rows bool, least int64) bool {
	x.node.Due(f, rows, least)
	return true
}

func (x *view) Advance(f actors.Frontier, t *turn) (bool, error) {
	for _, r := range x.delta {
		x.rel.Add(r.F, r.D)
	}
	x.delta = nil
	more, err := x.node.Advance(f, t)
	x.show(Shown{f.Punct, x.rel.Clone()})
	return more, err
}
