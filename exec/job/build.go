package job

import (
	"errors"
	"fmt"
	"sync/atomic"

	"github.com/dirigo-stream/dirigo/actors"
	"github.com/dirigo-stream/dirigo/exec"
	"github.com/dirigo-stream/dirigo/exec/batch"
	"github.com/dirigo-stream/dirigo/exec/expr"
	"github.com/dirigo-stream/dirigo/exec/op"
	"github.com/dirigo-stream/dirigo/exec/state"
	"github.com/dirigo-stream/dirigo/storage"
)

// channelCredit is the bytes that may be on their way on one channel.
const channelCredit = 2 << 20

// lendingQuota is how many bytes of lent batches the actors of one query may keep.
const lendingQuota = 32 << 20

// newQuery makes the actors of a query; they get no message before it is
// launched.
func (e *Engine) newQuery(def QueryDef) (*query, error) {
	q := &query{
		eng: e, def: def, latency: &latencies{}, live: make(chan struct{}),
		account: state.NewAccount(def.Memory, e.memory), quota: &actors.Quota{Limit: lendingQuota},
		state: stateCatching, ephemeral: def.sink != nil,
	}
	q.seals.q = q
	q.latency.target.Store(int64(def.SLO))
	q.memory.Store(def.Memory)
	g := def.Graph
	byID := map[int]int{}
	for v := range g.Vertices {
		byID[g.Vertices[v].ID] = v
		if err := q.addInstances(&g.Vertices[v]); err != nil {
			return nil, err
		}
	}
	for v := range g.Vertices {
		q.addActors(v, consumersOf(g, g.Vertices[v].ID))
	}
	for v := range g.Vertices {
		q.connect(v, byID)
	}
	return q, nil
}

// addInstances makes what the instances of a vertex keep outside of memory.
func (q *query) addInstances(v *Vertex) error {
	var of []*instance
	last := v == &q.def.Graph.Vertices[len(q.def.Graph.Vertices)-1]
	for i := range max(1, v.Instances) {
		in := &instance{q: q, def: v, index: i, account: state.NewAccount(0, q.account)}
		if v.Read != nil {
			in.place = newPlace()
		}
		if v.Sink {
			w, err := q.newSink()
			if err != nil {
				return err
			}
			in.sink = w
		}
		if last && q.def.Sink == nil {
			in.view = &viewPart{q: q, home: in, low: batch.MinTime}
			q.views = append(q.views, in.view)
		}
		if in.sink != nil || in.view != nil {
			q.ends = append(q.ends, in)
		}
		of = append(of, in)
	}
	q.instances = append(q.instances, of)
	return nil
}

// newSink opens the query's sink for one instance.
func (q *query) newSink() (*sinkWriter, error) {
	if q.def.sink != nil {
		return newSinkWriter(q, q.def.sink), nil
	}
	c, ok := q.eng.cfg.Connectors[q.def.Sink.Connector]
	if !ok || c.Sink == nil {
		return nil, fmt.Errorf("connector %q cannot be written", q.def.Sink.Connector)
	}
	s, err := c.Sink(q.def.Sink.Spec)
	if err != nil {
		return nil, fmt.Errorf("open the sink of %s: %w", q.def.Name, err)
	}
	return newSinkWriter(q, s), nil
}

// edge is an input of a vertex that another one feeds.
type edge struct {
	consumer *Vertex
	input    int
}

func consumersOf(g *Graph, id int) []edge {
	var out []edge
	for v := range g.Vertices {
		for i, in := range g.Vertices[v].Inputs {
			if in.From == id {
				out = append(out, edge{&g.Vertices[v], i})
			}
		}
	}
	return out
}

// addActors adds an actor per instance: one output port per consumer edge with
// a channel to each of its instances, one input port per input with a channel
// from each instance of the producer.
func (q *query) addActors(v int, to []edge) {
	g := q.def.Graph
	failed := func(err error) { q.eng.broke(q, err) }
	for _, in := range q.instances[v] {
		spec := actors.Spec[*batch.Batch]{
			Name:     actors.Name{Job: q.def.ID, Vertex: in.def.ID, Instance: in.index},
			Lendable: in.def.Lend, Quota: q.quota, Window: windowOf(in.def),
			Activate: func() (behavior, error) { return q.activate(in) }, Failed: failed,
		}
		for _, e := range to {
			spec.Outputs = append(spec.Outputs, len(channelsOut(e.consumer, e.input, in.index)))
		}
		for _, input := range in.def.Inputs {
			producer := vertexOf(g, input.From)
			spec.Inputs = append(spec.Inputs, len(channelsIn(producer, in.def, input, in.index)))
		}
		in.ref = q.eng.rt.Add(spec)
		in.ref.SetSLO(q.def.SLO)
	}
}

// windowOf returns the distance, in µs, of the ends of the windows that rows wait
// for at a vertex; 0: they wait for none.
func windowOf(v *Vertex) int64 {
	for _, o := range v.Ops {
		if o.Group != nil && o.Group.Window != nil && o.Group.OnClose {
			return o.Group.Window.Slide
		}
	}
	return 0
}

// channelsOut returns the consumer's instances that instance i of the producer
// has a channel to: all for an exchange, one for a forward edge.
func channelsOut(consumer *Vertex, input, i int) []int {
	n := max(1, consumer.Instances)
	if len(consumer.Inputs[input].Hash) == 0 {
		return []int{i % n}
	}
	all := make([]int, n)
	for j := range all {
		all[j] = j
	}
	return all
}

// channelsIn returns the producer's instances that have a channel to instance j.
func channelsIn(producer, consumer *Vertex, in Input, j int) []int {
	var out []int
	for i := range max(1, producer.Instances) {
		if len(in.Hash) > 0 || i%max(1, consumer.Instances) == j {
			out = append(out, i)
		}
	}
	return out
}

func vertexOf(g *Graph, id int) *Vertex {
	for v := range g.Vertices {
		if g.Vertices[v].ID == id {
			return &g.Vertices[v]
		}
	}
	return nil
}

// connect joins the channels of a vertex's inputs.
func (q *query) connect(v int, byID map[int]int) {
	g := q.def.Graph
	consumer := &g.Vertices[v]
	for input, in := range consumer.Inputs {
		producer := byID[in.From]
		port := 0
		for p, e := range consumersOf(g, in.From) {
			if e.consumer == consumer && e.input == input {
				port = p
			}
		}
		for _, to := range q.instances[v] {
			for j, i := range channelsIn(&g.Vertices[producer], consumer, in, to.index) {
				from := q.instances[producer][i]
				for k, t := range channelsOut(consumer, input, i) {
					if t == to.index {
						q.eng.rt.Connect(from.ref, port, k, to.ref, input, j, channelCredit)
					}
				}
			}
		}
	}
}

// activate makes the behavior of an instance, with its state as last sealed.
func (q *query) activate(in *instance) (behavior, error) {
	v := &vertex{q: q, home: in, sink: in.sink, view: in.view}
	home, release, err := q.homeOf(in)
	if err != nil {
		return nil, err
	}
	v.release = release
	ops, err := q.operators(in, home)
	if err != nil {
		v.close()
		return nil, err
	}
	v.chain = newChain(ops, v)
	if in.gave.Load() == nil {
		gave := make([]atomic.Int64, len(ops))
		in.gave.Store(&gave)
	}
	v.chain.gave = *in.gave.Load()
	for p, e := range consumersOf(q.def.Graph, in.def.ID) {
		v.routes = append(v.routes, newRoute(p, e.consumer.Inputs[e.input], e.consumer, in.def.Schema, q.def.Graph.KeyGroups))
	}
	if len(ops) > 0 {
		v.due, _ = ops[0].(exec.Due)
		if m, ok := ops[0].(*op.Materialized); ok && in.view != nil {
			in.view.state = func() snapshot { return in.view.lend(m.Snapshot()) }
			in.view.rows = m
		}
	}
	if in.def.Read != nil {
		return &reader{vertex: v, read: in.def.Read, place: in.place, marks: in.place.marks}, nil
	}
	if in.def.Lend {
		if _, ok := ops[0].(exec.Lendable); ok {
			return lendingVertex{v}, nil
		}
	}
	return v, nil
}

// snapshotOf returns the content that a vertex's Materialize keeps.
func snapshotOf(b behavior) (snapshot, error) {
	if v, ok := b.(*vertex); ok && len(v.chain.stages) > 0 {
		if m, ok := v.chain.stages[0].op.(*op.Materialized); ok {
			return m.Snapshot(), nil
		}
	}
	return nil, errNotByKey
}

var errNotByKey = errors.New("the sink of changes by key is not fed by a relation kept by key")

// homeOf returns where an instance's state lives. Its blocks stay readable
// until release is called.
func (q *query) homeOf(in *instance) (state.Home, func(), error) {
	k := q.def.Graph.KeyGroups
	low, high := groupRange(in.index, max(1, in.def.Instances), k)
	h := state.Home{KeyGroups: k, Low: low, High: high, Memory: in.account, Read: q.readBlock}
	if q.ephemeral || in.def.State == 0 {
		return h, nil, nil
	}
	h.Spill = &spill{store: q.eng.cfg.Store.Spill(), prefix: fmt.Sprintf("%d/%d.%d/", q.def.ID, in.def.ID, in.index)}
	m, release, err := q.eng.ledger.Pin(q.def.ID)
	if errors.Is(err, storage.ErrNotFound) {
		return h, nil, nil
	}
	if err != nil {
		return h, nil, fmt.Errorf("state of %s: %w", q.def.Name, err)
	}
	for _, b := range m.Blocks {
		if b.Vertex == in.def.ID && b.Instance == in.index {
			h.Sealed = append(h.Sealed, state.Sealed{
				Name: b.Name, Block: exec.Block{Low: b.Low, High: b.High, Full: b.Full},
			})
		}
	}
	return h, release, nil
}

// operators makes the operators of an instance's chain.
func (q *query) operators(in *instance, home state.Home) ([]exec.Operator, error) {
	types := q.inputTypes(in.def)
	zone, err := zoneOf(q.def.TimeZone)
	if err != nil {
		return nil, fmt.Errorf("query %s: %w", q.def.Name, err)
	}
	reject := exec.Rejecter(nil)
	var ops []exec.Operator
	for n, spec := range in.def.Ops {
		if in.def.Read != nil {
			reject = &rejecter{q: q, operator: fmt.Sprintf("%d.%d %s", in.def.ID, n, spec.Kind()), types: types[0]}
		}
		o, err := op.New(spec, op.Env{
			Inputs: types, Home: home, Rejecter: reject, Context: expr.Context{Loc: zone},
		})
		if err != nil {
			return nil, fmt.Errorf("query %s, vertex %d: %w", q.def.Name, in.def.ID, err)
		}
		ops = append(ops, o)
		types = [][]batch.Type{spec.Output(types)}
	}
	if f := q.eng.cfg.faults.operator; f != nil {
		if o := f(q.def.ID, in.def.ID); o != nil {
			ops = append(ops, o)
		}
	}
	return ops, nil
}

// inputTypes returns the column types on each input of a vertex.
func (q *query) inputTypes(v *Vertex) [][]batch.Type {
	if v.Read != nil {
		all := q.eng.typesOfRelation(v.Read.Relation)
		var out []batch.Type
		for _, c := range v.Read.Columns {
			out = append(out, all[c])
		}
		return [][]batch.Type{out}
	}
	var out [][]batch.Type
	for _, in := range v.Inputs {
		out = append(out, typesOf(vertexOf(q.def.Graph, in.From).Schema))
	}
	return out
}

// typesOfRelation returns the columns of a source or a view; nil: it is not there.
func (e *Engine) typesOfRelation(id uint64) []batch.Type {
	if s := e.source(id); s != nil {
		return s.types()
	}
	if q := e.query(id); q != nil {
		g := q.def.Graph
		return typesOf(g.Vertices[len(g.Vertices)-1].Schema)
	}
	return nil
}

func typesOf(s batch.Schema) []batch.Type {
	out := make([]batch.Type, len(s))
	for i, f := range s {
		out[i] = f.Type
	}
	return out
}

// spill is an instance's part of the node's spill space.
type spill struct {
	store  storage.Spill
	prefix string
}

// Put implements state.Spill.
func (s *spill) Put(key string, value []byte) error { return s.store.Put(s.prefix+key, value) }

// Get implements state.Spill.
func (s *spill) Get(key string) ([]byte, error) { return s.store.Get(s.prefix + key) }

// Delete implements state.Spill.
func (s *spill) Delete(key string) error { return s.store.Delete(s.prefix + key) }
