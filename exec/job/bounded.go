package job

import (
	"context"
	"fmt"

	"github.com/dirigo-stream/dirigo/exec"
	"github.com/dirigo-stream/dirigo/exec/batch"
	"github.com/dirigo-stream/dirigo/exec/op"
	"github.com/dirigo-stream/dirigo/exec/state"
)

// boundedFuel is how many rows an operator of a bounded query emits at a time.
const boundedFuel = 4096

// Run evaluates a bounded graph and calls emit with its rows: the operators of
// continuous queries, over inputs that end. Views are read at one tick.
func (e *Engine) Run(ctx context.Context, b Bounded, emit func(*batch.Batch) error) error {
	r := &boundedRun{eng: e, b: b, ctx: ctx, emit: emit}
	if err := r.build(); err != nil {
		return err
	}
	return r.run()
}

// boundedRun is one bounded query under way, on the caller's goroutine.
type boundedRun struct {
	eng   *Engine
	b     Bounded
	ctx   context.Context
	emit  func(*batch.Batch) error
	nodes []*boundedNode
	err   error // of emit
}

// boundedNode is a vertex of a bounded query.
type boundedNode struct {
	def   *Vertex
	chain *chain
	run   *boundedRun
	to    []boundedEdge
	types [][]batch.Type
}

type boundedEdge struct {
	node  *boundedNode
	input int
}

// build makes the chains.
func (r *boundedRun) build() error {
	g := r.b.Graph
	byID := map[int]*boundedNode{}
	for v := range g.Vertices {
		n := &boundedNode{def: &g.Vertices[v], run: r}
		byID[n.def.ID] = n
		r.nodes = append(r.nodes, n)
		if err := n.inputTypes(byID); err != nil {
			return err
		}
		ops, err := n.operators()
		if err != nil {
			return err
		}
		n.chain = newChain(ops, n)
	}
	for _, n := range r.nodes {
		for i, in := range n.def.Inputs {
			from := byID[in.From]
			from.to = append(from.to, boundedEdge{n, i})
		}
	}
	return nil
}

func (n *boundedNode) inputTypes(byID map[int]*boundedNode) error {
	if r := n.def.Read; r != nil {
		n.types = [][]batch.Type{n.run.readTypes(r)}
		return nil
	}
	for _, in := range n.def.Inputs {
		n.types = append(n.types, typesOf(byID[in.From].def.Schema))
	}
	return nil
}

// readTypes returns the types of the columns that a Read gives.
func (r *boundedRun) readTypes(read *Read) []batch.Type {
	var all []batch.Type
	switch {
	case r.b.Types[read.Relation] != nil:
		all = r.b.Types[read.Relation]
	case r.eng.source(read.Relation) != nil:
		all = r.eng.source(read.Relation).types()
	case r.eng.query(read.Relation) != nil:
		g := r.eng.query(read.Relation).def.Graph
		all = typesOf(g.Vertices[len(g.Vertices)-1].Schema)
	}
	out := make([]batch.Type, len(read.Columns))
	for i, c := range read.Columns {
		if c < len(all) {
			out[i] = all[c]
		}
	}
	return out
}

func (n *boundedNode) operators() ([]exec.Operator, error) {
	var ops []exec.Operator
	types := n.types
	home := state.Home{KeyGroups: 1, High: 1}
	for _, spec := range n.def.Ops {
		o, err := op.New(spec, op.Env{Inputs: types, Home: home, Context: n.run.b.Context})
		if err != nil {
			return nil, err
		}
		ops = append(ops, o)
		types = [][]batch.Type{spec.Output(types)}
	}
	return ops, nil
}

// Emit implements exec.Emitter: output goes straight into the consumers.
func (n *boundedNode) Emit(b *batch.Batch) {
	if n.run.err != nil || b.Rows() == 0 {
		return
	}
	if len(n.to) == 0 {
		n.run.err = n.run.emit(b)
		return
	}
	for _, e := range n.to {
		if err := e.node.push(e.input, b); err != nil && n.run.err == nil {
			n.run.err = err
		}
	}
}

func (n *boundedNode) push(input int, b *batch.Batch) error {
	more, err := n.chain.push(input, b, boundedFuel)
	return n.drain(more, err)
}

func (n *boundedNode) drain(more bool, err error) error {
	for more && err == nil {
		if n.run.err != nil {
			return n.run.err
		}
		if err = n.run.ctx.Err(); err == nil {
			more, err = n.chain.run(boundedFuel)
		}
	}
	if err == nil {
		err = n.run.err
	}
	return err
}

// run feeds all inputs to their end and then passes one frontier through the
// graph, inputs before consumers.
func (r *boundedRun) run() error {
	var views []*query
	at := map[uint64]int{}
	for _, n := range r.nodes {
		if n.def.Read == nil || r.b.System[n.def.Read.Relation] != nil {
			continue
		}
		if q := r.eng.query(n.def.Read.Relation); q != nil && r.eng.source(n.def.Read.Relation) == nil {
			if _, ok := at[q.def.ID]; !ok {
				at[q.def.ID] = len(views)
				views = append(views, q)
			}
		}
	}
	if len(views) > 0 {
		if err := r.readViews(views, at); err != nil {
			return err
		}
	}
	for _, n := range r.nodes {
		if n.def.Read == nil {
			continue
		}
		if err := r.readOther(n); err != nil {
			return err
		}
	}
	f := exec.Frontier{Tick: 1, Watermark: batch.MaxTime}
	for _, n := range r.nodes {
		f.In = make([]int64, max(1, len(n.def.Inputs)))
		for i := range f.In {
			f.In[i] = batch.MaxTime
		}
		more, err := n.chain.advance(f, boundedFuel)
		if err := n.drain(more, err); err != nil {
			return err
		}
	}
	return r.err
}

// readViews feeds the content of all views at one tick.
func (r *boundedRun) readViews(views []*query, at map[uint64]int) error {
	_, snaps, err := r.eng.snapshots(r.ctx, views)
	if err != nil {
		return err
	}
	for _, n := range r.nodes {
		if n.def.Read == nil {
			continue
		}
		i, ok := at[n.def.Read.Relation]
		if !ok {
			continue
		}
		for _, s := range snaps[i] {
			err := scan(s, func(b *batch.Batch) error {
				if err := r.ctx.Err(); err != nil {
					return err
				}
				return n.push(0, pick(b, n.def.Read.Columns))
			})
			if err != nil {
				return err
			}
		}
	}
	return nil
}

// scan calls f with the rows of a snapshot.
func scan(s snapshot, f func(*batch.Batch) error) error {
	for {
		b, err := s.Next(scanRows)
		if err != nil || b == nil {
			return err
		}
		if err := f(b); err != nil {
			return err
		}
	}
}

// scanRows is how many rows of a view are read at a time.
const scanRows = 1024

// pick returns the batch with only some of its columns.
func pick(b *batch.Batch, cols []int) *batch.Batch {
	out := *b
	out.Origin, out.Late = nil, nil
	out.Cols = make([]batch.Column, len(cols))
	for i, c := range cols {
		out.Cols[i] = b.Cols[c]
	}
	return &out
}

// readOther feeds a system relation, or the last records of a source.
func (r *boundedRun) readOther(n *boundedNode) error {
	rel := n.def.Read.Relation
	if batches, ok := r.b.System[rel]; ok {
		for _, b := range batches {
			if err := n.push(0, pick(b, n.def.Read.Columns)); err != nil {
				return err
			}
		}
		return nil
	}
	s := r.eng.source(rel)
	if s == nil {
		if r.eng.query(rel) == nil {
			return fmt.Errorf("relation %d is not there", rel)
		}
		return nil
	}
	recent := int64(r.b.Recent)
	if recent == 0 {
		recent = 1000
	}
	return s.recent(r.ctx, recent, n.def.Read.Columns, func(b *batch.Batch) error {
		return n.push(0, pick(b, n.def.Read.Columns))
	}, r.b.Skipped)
}
