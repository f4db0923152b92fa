package agg

import (
	"github.com/dirigo-stream/dirigo/exec/batch"
	"github.com/dirigo-stream/dirigo/exec/state"
)

// set is the values of one DISTINCT argument: a table of (group, value) with a
// signed count. A value enters its calls when its count rises above zero, and
// leaves when it falls to zero; a lessee only counts, since what it holds of a
// value may be less than all.
type set struct {
	index int // table kind
	view  int
	arg   int
	kind  batch.Kind
	keys  []int // the group's keys, then arg
	calls []int
	rowset
	refs  []state.Ref
	rows  []int32
	hash  []uint64
	value []uint64
	turns []int64 // per row of the chunk: +1 enters, -1 leaves
	pos   []int32 // rows with a turn
}

func (c *core) addSet(call int) {
	spec := c.spec.Calls[call]
	v := c.viewOf[call]
	for i := range c.sets {
		if c.sets[i].view == v {
			c.sets[i].calls = append(c.sets[i].calls, call)
			return
		}
	}
	c.sets = append(c.sets, set{
		index: len(c.sets) + 1, view: v, arg: spec.Arg, kind: spec.ArgType.Kind,
		keys:  append(append([]int{}, c.spec.Keys...), spec.Arg),
		calls: []int{call},
	})
}

// assignSet looks up the values of the rows in the set's view; c.hash holds the
// groups' hashes.
func (c *core) assignSet(s *set, b *batch.Batch, pane int64, rows []int32) (missing int, err error) {
	pos := c.views[s.view].pos
	s.rows, s.hash = s.rows[:0], s.hash[:0]
	for _, i := range pos {
		s.rows = append(s.rows, rows[i])
		s.hash = append(s.hash, c.hash[i])
	}
	s.value = batch.HashRows([]batch.Column{b.Cols[s.arg]}, nil, s.rows, len(s.rows), s.value)
	for i := range s.hash {
		s.hash[i] = c.store.Spread(s.hash[i], s.value[i])
	}
	if cap(s.refs) < len(pos) {
		s.refs = make([]state.Ref, state.Chunk)
	}
	s.refs = s.refs[:len(pos)]
	s.table = c.store.Table(pane, s.index)
	return s.table.Assign(b.Cols, s.keys, s.rows, s.hash, s.refs)
}

// addDistinct counts the values and lets the calls know which came and went.
func (c *core) addDistinct(s *set, ch *chunk, b *batch.Batch) {
	s.rowset.set(s.table, s.refs)
	at := s.table.Acc(0)
	s.pos = s.pos[:0]
	if s.turns == nil {
		s.turns = make([]int64, state.Chunk)
	}
	for j, i := range c.views[s.view].pos {
		n := int64(1)
		if ch.diff != nil {
			n = ch.diff[i]
		}
		old := s.words[j][at]
		s.words[j][at] = old + n
		switch {
		case old <= 0 && old+n > 0:
			s.turns[i] = 1
		case old > 0 && old+n <= 0:
			s.turns[i] = -1
		default:
			continue
		}
		s.pos = append(s.pos, i)
	}
	if c.lessee {
		return
	}
	turned := chunk{rowset: ch.rowset, rows: ch.rows, diff: s.turns}
	for _, call := range s.calls {
		c.kernels[call].push(&turned, b.Cols[s.arg], s.pos)
	}
}

// tidy removes values that nobody holds.
func (s *set) tidy() {
	at := s.table.Acc(0)
	for j, w := range s.words {
		if w[at] == 0 {
			s.table.Remove(s.refs[j])
		}
	}
	s.table.Settle()
}
