package agg

import (
	"sync"

	"github.com/dirigo-stream/dirigo/exec/batch"
	"github.com/dirigo-stream/dirigo/exec/state"
)

// scratch is memory that a call needs and no later one. It belongs to nobody in
// between, so that a query to which nothing comes keeps none.
type scratch struct {
	chunk   chunk
	hash    []uint64
	refs    []state.Ref
	all     []int32 // 0, 1, 2 …
	diff    []int64
	keyCols []batch.Column
	seen    [][]int32 // rows, by view

	// Of an updating Grouper.
	firsts, olds []state.Ref
	touched      []state.Ref // rows of a table that wait to be sent
	out          rowset      // rows that are sent
}

var scratches = sync.Pool{New: func() any {
	s := &scratch{refs: make([]state.Ref, state.Chunk), diff: make([]int64, state.Chunk)}
	for i := range int32(state.Chunk) {
		s.all = append(s.all, i)
	}
	return s
}}

// borrow takes scratch memory, unless c has some.
func (c *core) borrow() {
	if c.scratch == nil {
		c.scratch = scratches.Get().(*scratch)
	}
}

// giveBack returns it: what it refers to is forgotten.
func (c *core) giveBack() {
	s := c.scratch
	s.chunk.forget()
	s.out.forget()
	s.chunk.batch, s.chunk.rows = nil, nil
	clear(s.keyCols)
	c.scratch = nil
	for i := range c.views {
		c.views[i].pos = nil
	}
	scratches.Put(s)
}

// forget drops what r refers to, and keeps its memory.
func (r *rowset) forget() {
	clear(r.words)
	r.table, r.refs = nil, nil
}

// room returns memory for the rows that view i sees.
func (s *scratch) room(i int) []int32 {
	for len(s.seen) <= i {
		s.seen = append(s.seen, nil)
	}
	if s.seen[i] == nil {
		s.seen[i] = make([]int32, 0, state.Chunk)
	}
	return s.seen[i][:0]
}
