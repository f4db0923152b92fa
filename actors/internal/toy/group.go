package toy

import (
	"slices"

	"github.com/dirigo-stream/dirigo/actors"
)

// group is the lendable aggregate, updating or per window.
type group struct {
	node
	acc   sums
	shown map[[2]int]sum
	dirty map[[2]int]bool
	rest  []groupSum // of a partial, to be absorbed
}

type groupSum struct {
	k [2]int
	sum
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
			x.queue = append(x.queue, Row{old.fields(k), -1})
		}
		if now.rows != 0 {
			x.queue = append(x.queue, Row{now.fields(k), 1})
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
			x.queue = append(x.queue, Row{s.fields(k), 1})
		}
		delete(x.acc, k)
	}
}

// Lend implements actors.Lendable.
func (x *group) Lend() actors.Lessee[*Batch] { return &groupPart{v: x.v, acc: sums{}} }

// Absorb implements actors.Lendable: so many groups a call as fuel allows.
func (x *group) Absorb(partial any, t *turn) (bool, error) {
	for k, s := range partial.(sums) {
		x.rest = append(x.rest, groupSum{k, s})
	}
	return x.Resume(t)
}

// Resume implements actors.Behavior.
func (x *group) Resume(t *turn) (bool, error) {
	if len(x.rest) == 0 {
		return x.node.Resume(t)
	}
	n := min(len(x.rest), max(1, t.Fuel()))
	for _, s := range x.rest[:n] {
		y := x.acc[s.k]
		x.acc[s.k] = sum{y.total + s.total, y.rows + s.rows}
		x.dirty[s.k] = true
	}
	x.rest = x.rest[n:]
	return len(x.rest) > 0, nil
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
