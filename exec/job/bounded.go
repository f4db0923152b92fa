package job

import (
	"context"
	"errors"

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
	r := &boundedRun{eng: e, b: b, ctx: ctx, emit: emit, yield: e.yielding(), held: allowance{account: state.NewAccount(0, nil), limit: b.Memory}}
	if err := r.build(); err != nil {
		return err
	}
	err := r.run()
	if err == nil && b.Analyzed != nil {
		b.Analyzed(r.measured())
	}
	return err
}

// boundedRun is one bounded query under way, on the caller's goroutine.
type boundedRun struct {
	eng   *Engine
	b     Bounded
	ctx   context.Context
	emit  func(*batch.Batch) error
	nodes []*boundedNode
	err   error // of emit
	held  allowance
	// enough is how many more rows an unordered LIMIT takes; last counts them.
	enough int64
	last   *boundedNode // nil: all rows are read
	watch  stopwatch
	yield  func()
}

// boundedNode is a vertex of a bounded query.
type boundedNode struct {
	def   *Vertex
	chain *chain
	run   *boundedRun
	to    []boundedEdge
	types [][]batch.Type
	did   Measured
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
	r.limit()
	return nil
}

// limit finds out whether reading may stop before the end: when an unordered
// LIMIT has its rows and nothing before it holds any back.
func (r *boundedRun) limit() {
	n := r.nodes[len(r.nodes)-1]
	if len(n.def.Ops) == 0 || n.def.Ops[0].Sort == nil || len(n.def.Ops[0].Sort.Keys) > 0 || n.def.Ops[0].Sort.Limit < 0 {
		return
	}
	for _, before := range r.nodes[:len(r.nodes)-1] {
		if before.def.State > 0 || len(r.b.Overlay) > 0 {
			return
		}
	}
	r.enough, r.last = n.def.Ops[0].Sort.Limit+n.def.Ops[0].Sort.Offset, n
}

// errEnough stops reading: the rows that are asked for are there.
var errEnough = errors.New("enough rows")

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
	home := state.Home{KeyGroups: 1, High: 1, Memory: n.run.held.account}
	specs := n.def.Ops
	if n.def.Read != nil && n.run.b.Overlay[n.def.Read.Relation] != nil {
		// Rows that the transaction took away must not be seen: counts add up first.
		add := op.Spec{Materialize: &op.Materialize{Types: types[0]}}
		specs = append([]op.Spec{add}, specs...)
	}
	for _, spec := range specs {
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
	n.did.RowsOut += int64(b.Rows())
	if len(n.to) == 0 {
		defer n.run.turn(nil)()
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
	if n == n.run.last {
		n.run.enough -= int64(b.Rows())
	}
	if err := n.run.held.take(n.def, b); err != nil {
		return err
	}
	if n.def.Read != nil {
		n.run.yield()
	}
	n.did.RowsIn += int64(b.Rows())
	n.did.Batches++
	defer n.run.turn(n)()
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
	if err := r.read(); err != nil && !errors.Is(err, errEnough) {
		return err
	}
	for _, n := range r.nodes {
		f := exec.Frontier{Tick: 1, Watermark: batch.MaxTime, In: make([]int64, max(1, len(n.def.Inputs)))}
		for i := range f.In {
			f.In[i] = batch.MaxTime
		}
		back := r.turn(n)
		more, err := n.chain.advance(f, boundedFuel)
		err = n.drain(more, err)
		if back(); err != nil {
			return err
		}
	}
	return r.err
}
