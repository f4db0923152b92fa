package toy

import (
	"slices"

	"github.com/dirigo-stream/dirigo/actors"
)

// set is the lendable aggregate of values: the least, how many there are, the sum
// of the two greatest. Its state is a signed count per value: a lessee may hold
// negative ones, for the row that is taken back may be elsewhere. Top, which is
// append-only, keeps the two greatest alone.
type set struct {
	node
	acc   values
	shown map[int]Fields
	dirty map[int]bool
	rest  []valueCount
}

// values counts values by key.
type values map[int]map[int]int

type valueCount struct{ key, value, count int }

func (s values) add(x valueCount) {
	m := s[x.key]
	if m == nil {
		m = map[int]int{}
		s[x.key] = m
	}
	if m[x.value] += x.count; m[x.value] == 0 {
		delete(m, x.value)
	}
}

// cut keeps the two greatest values of a key, and one of each.
func (s values) cut(key int) {
	vs := s.sorted(key)
	for i, v := range vs {
		if s[key][v] = 1; i < len(vs)-2 {
			delete(s[key], v)
		}
	}
}

func (s values) sorted(key int) []int {
	vs := make([]int, 0, len(s[key]))
	for v := range s[key] {
		vs = append(vs, v)
	}
	slices.Sort(vs)
	return vs
}

// fields is the result of a key; false: it has none.
func (s values) fields(key int) (Fields, bool) {
	vs := s.sorted(key)
	if len(vs) == 0 {
		return Fields{}, false
	}
	return Fields{key, vs[0], len(vs), sumOf(vs[max(0, len(vs)-2):])}, true
}

func sumOf(vs []int) (sum int) {
	for _, v := range vs {
		sum += v
	}
	return sum
}

func (x *set) take(r Row) {
	k := r.F[x.v.Col[0]]
	x.acc.add(valueCount{k, r.F[x.v.Col[1]], r.D})
	if x.dirty[k] = true; x.v.Kind == Top {
		x.acc.cut(k)
	}
}

// Push implements actors.Behavior.
func (x *set) Push(_ int, b *Batch, _ *turn) (bool, error) {
	for _, r := range b.Rows {
		x.take(r)
	}
	return false, nil
}

// Due implements actors.Behavior.
func (x *set) Due(f actors.Frontier, rows bool, least int64) bool {
	x.node.Due(f, rows, least)
	return rows
}

// Advance implements actors.Behavior.
func (x *set) Advance(f actors.Frontier, t *turn) (bool, error) {
	for k := range x.dirty {
		old, was := x.shown[k]
		now, is := x.acc.fields(k)
		if was == is && old == now {
			continue
		}
		if delete(x.shown, k); was {
			x.queue = append(x.queue, Row{old, -1})
		}
		if is {
			x.queue = append(x.queue, Row{now, 1})
			x.shown[k] = now
		}
	}
	clear(x.dirty)
	slices.SortFunc(x.queue, compare)
	return x.node.Advance(f, t)
}

// Lend implements actors.Lendable.
func (x *set) Lend() actors.Lessee[*Batch] {
	return &setPart{set{node: node{g: x.g, v: x.v}, acc: values{}, dirty: map[int]bool{}}}
}

// Absorb implements actors.Lendable.
func (x *set) Absorb(partial any, t *turn) (bool, error) {
	for k, m := range partial.(values) {
		for v, n := range m {
			if n < 0 && x.g.Faults.Clamp {
				n = 0
			}
			x.rest = append(x.rest, valueCount{k, v, n})
		}
	}
	return x.Resume(t)
}

// Resume implements actors.Behavior.
func (x *set) Resume(t *turn) (bool, error) {
	if len(x.rest) == 0 {
		return x.node.Resume(t)
	}
	n := min(len(x.rest), max(1, t.Fuel()))
	for _, c := range x.rest[:n] {
		x.acc.add(c)
		if x.dirty[c.key] = true; x.v.Kind == Top {
			x.acc.cut(c.key)
		}
	}
	x.rest = x.rest[n:]
	return len(x.rest) > 0, nil
}

// setPart is a lessee's part of a set.
type setPart struct{ set }

// Push implements actors.Lessee.
func (x *setPart) Push(_ int, b *Batch) error {
	for _, r := range b.Rows {
		if x.g.Faults.Order { // the last one stands: the order in a round matters
			clear(x.acc[r.F[x.v.Col[0]]])
		}
		if x.take(r); x.g.Faults.Cut {
			x.acc.cut(r.F[x.v.Col[0]])
		}
	}
	return nil
}

// Collect implements actors.Lessee.
func (x *setPart) Collect() (any, error) {
	acc := x.acc
	x.acc = values{}
	return acc, nil
}
