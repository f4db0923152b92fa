package rules

import "github.com/dirigo-stream/dirigo/planner/logical"

// Order puts the inner joins of a SELECT, which ends, in the order in which they
// are guessed to make the fewest rows on the way.
func Order(n logical.Node) logical.Node { return ordered(n, true) }

// Connect reorders inner joins only where, as written, one has no key and
// another order has one: FROM a, b, c WHERE a.x = c.x AND b.y = c.y. How many rows
// a query will have seen that runs for ever cannot be guessed; what is written
// stays, where it can.
func Connect(n logical.Node) logical.Node { return ordered(n, false) }

func ordered(n logical.Node, bySize bool) logical.Node {
	if !reorders(n) {
		return logical.WithInputs(n, func(in logical.Node) logical.Node { return ordered(in, bySize) })
	}
	var s joinSet
	columns := s.flatten(n)
	if len(s.leaves) < 3 || len(s.leaves) > maxLeaves {
		return logical.WithInputs(n, func(in logical.Node) logical.Node { return ordered(in, bySize) })
	}
	s.measure()
	best := s.greedy(bySize)
	if !best.beats(s.written(n), bySize) {
		return logical.WithInputs(n, func(in logical.Node) logical.Node { return ordered(in, bySize) })
	}
	for i, leaf := range s.leaves {
		s.leaves[i] = ordered(leaf, bySize)
	}
	return s.build(best.order, columns)
}

// planned is what an order costs: joins without a key, and the rows of all joins.
type planned struct {
	order []int
	cross int
	rows  float64
}

func (p *planned) add(rows float64, keyed bool) {
	p.rows += rows
	if !keyed {
		p.cross++
	}
}

// beats says that an order is worth changing another for it.
func (p planned) beats(other planned, bySize bool) bool {
	if p.cross != other.cross {
		return p.cross < other.cross
	}
	return bySize && p.rows < other.rows
}

// greedy begins with each leaf in turn and adds the one that makes the fewest
// rows, one with a key before any without.
func (s *joinSet) greedy(bySize bool) (best planned) {
	for first := range s.leaves {
		p := s.from(first, bySize)
		if best.order == nil || p.beats(best, bySize) {
			best = p
		}
	}
	return best
}

func (s *joinSet) from(first int, bySize bool) planned {
	p := planned{order: []int{first}}
	have, rows := leafSet(1)<<first, s.sizes[first]
	for len(p.order) < len(s.leaves) {
		next, fewest, keyed := -1, 0.0, false
		for leaf := range s.leaves {
			if have.has(leaf) {
				continue
			}
			r, k := s.joined(have, rows, 1<<leaf, s.sizes[leaf])
			if next < 0 || k && !keyed || k == keyed && bySize && r < fewest {
				next, fewest, keyed = leaf, r, k
			}
		}
		p.order, have, rows = append(p.order, next), have|1<<next, fewest
		p.add(fewest, keyed)
	}
	return p
}

// written is what a tree of the set costs as it stands.
func (s *joinSet) written(n logical.Node) planned {
	var p planned
	next := 0
	var walk func(n logical.Node) (leafSet, float64)
	walk = func(n logical.Node) (leafSet, float64) {
		if below := hidden(n); below != nil {
			return walk(below)
		}
		if !reorders(n) {
			next++
			return 1 << (next - 1), s.sizes[next-1]
		}
		in := n.Inputs()
		left, leftRows := walk(in[0])
		right, rightRows := walk(in[1])
		rows, keyed := s.joined(left, leftRows, right, rightRows)
		p.add(rows, keyed)
		return left | right, rows
	}
	walk(n)
	return p
}
