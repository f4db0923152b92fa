package physical

import (
	"fmt"
	"slices"

	"github.com/dirigo-stream/dirigo/exec/agg"
	"github.com/dirigo-stream/dirigo/exec/batch"
	"github.com/dirigo-stream/dirigo/exec/expr"
	"github.com/dirigo-stream/dirigo/exec/job"
	"github.com/dirigo-stream/dirigo/exec/op"
	"github.com/dirigo-stream/dirigo/planner/logical"
)

// Why a vertex does not lend its work, for EXPLAIN.
const (
	whyStateless   = "it keeps no state that could be merged"
	whyMaterialize = "it applies each tick whole and in order"
	whyBounded     = "it runs once, for one SELECT"
)

// compile adds the operators of n to the graph and returns the open end.
func (c *compiler) compile(n logical.Node) (at, error) {
	switch n := n.(type) {
	case *logical.Scan:
		return c.scan(n), nil
	case *logical.Values:
		return c.values(n), nil
	case *logical.Filter:
		a, err := c.chain(n, op.Spec{Filter: n.Pred})
		if p := point(n); err == nil && p != nil && c.options.Bounded {
			c.of(a).Read.Point = p
		}
		return a, err
	case *logical.Project:
		return c.project(n)
	case *logical.Late:
		return c.chain(n, op.Spec{Late: &op.Late{Time: n.Time, Allowed: n.Allowed}})
	case *logical.Window:
		return c.chain(n, op.Spec{Window: &op.Window{Window: *window(n.Span, n.Input.Schema())}})
	case *logical.Unnest:
		spec := n.Spec
		return c.chain(n, op.Spec{Unnest: &spec})
	case *logical.Union:
		return c.union(n)
	case *logical.Join:
		return c.join(n, all(n.Schema()))
	case *logical.SetOp:
		return c.setOp(n)
	case *logical.Upsert:
		return c.upsert(n)
	case *logical.Group:
		return c.group(n)
	case *logical.Distinct:
		return c.distinct(n)
	case *logical.Sort:
		return c.sort(n)
	}
	return at{}, fmt.Errorf("no operator for %q", n.Line())
}

func (c *compiler) scan(n *logical.Scan) at {
	instances := c.options.Parallelism
	if f := c.options.Partitions; f != nil && f(n.Relation.ID) > 0 {
		instances = min(instances, f(n.Relation.ID))
	}
	return c.vertex(job.Vertex{
		Read:      &job.Read{Relation: n.Relation.ID, Columns: n.Columns},
		Ops:       []op.Spec{},
		Instances: instances, Schema: n.Schema(), Updating: n.Props().Updating, LendReason: whyStateless,
	})
}

func (c *compiler) values(n *logical.Values) at {
	return c.vertex(job.Vertex{
		Ops:       []op.Spec{{Values: &op.Values{Types: types(n.Columns), Rows: n.Rows}}},
		Instances: 1, Schema: n.Schema(), LendReason: whyBounded,
	})
}

// chain fuses a stateless operator with what feeds it.
func (c *compiler) chain(n logical.Node, spec op.Spec) (at, error) {
	a, err := c.compile(n.Inputs()[0])
	if err != nil {
		return at{}, err
	}
	v := c.of(a)
	v.Ops = append(v.Ops, spec)
	c.ends(a, n.Schema(), n.Props().Updating)
	a.by = carried(n, a.by)
	return a, nil
}

// carried follows the columns of an exchange through a stateless operator; nil
// where one of them is lost.
func carried(n logical.Node, by []int) []int {
	p, ok := n.(*logical.Project)
	if !ok || by == nil {
		return by
	}
	return carriedBy(p.Exprs, by)
}

func carriedBy(exprs []*expr.Node, by []int) []int {
	if by == nil {
		return nil
	}
	out := make([]int, len(by))
	for i, c := range by {
		out[i] = slices.IndexFunc(exprs, func(e *expr.Node) bool { return e.Op == expr.OpCol && e.Col == c })
		if out[i] < 0 {
			return nil
		}
	}
	return out
}

// union forwards instance to instance where its sides are cut alike, else it
// exchanges by whole row, so that a row and its retraction take one way.
func (c *compiler) union(n *logical.Union) (at, error) {
	var inputs []job.Input
	instances, alike := 0, true
	for i, side := range n.Sides {
		a, err := c.compile(side)
		if err != nil {
			return at{}, err
		}
		inputs = append(inputs, job.Input{From: c.id(a)})
		alike = alike && (i == 0 || c.of(a).Instances == instances)
		instances = max(instances, c.of(a).Instances)
	}
	schema := n.Schema()
	switch {
	case !alike && len(schema) == 0:
		instances = 1
	case !alike:
		for i := range inputs {
			inputs[i].Hash = all(schema)
		}
	}
	return c.vertex(job.Vertex{
		Inputs: inputs, Ops: []op.Spec{{Union: true}},
		Instances: instances, Schema: schema, Updating: n.Props().Updating, LendReason: whyStateless,
	}), nil
}

func (c *compiler) group(n *logical.Group) (at, error) {
	in, err := c.compile(n.Input)
	if err != nil {
		return at{}, err
	}
	a := c.exchange(in, n.Keys, job.Vertex{
		Ops: []op.Spec{{Group: groupSpec(n)}}, Lend: true, State: StateVersion,
		Schema: n.Schema(), Updating: n.Props().Updating,
	})
	for i := range n.Keys {
		a.by = append(a.by, n.Before()+i)
	}
	return a, nil
}

func (c *compiler) distinct(n *logical.Distinct) (at, error) {
	in, err := c.compile(n.Input)
	if err != nil {
		return at{}, err
	}
	schema := n.Schema()
	a := c.exchange(in, all(schema), job.Vertex{
		Ops: []op.Spec{{Distinct: true}}, Lend: true, State: StateVersion,
		Schema: schema, Updating: n.Props().Updating,
	})
	a.by = all(schema)
	return a, nil
}

func (c *compiler) sort(n *logical.Sort) (at, error) {
	in, err := c.compile(n.Input)
	if err != nil {
		return at{}, err
	}
	schema := n.Schema()
	spec := &op.Sort{Types: types(schema), Keys: n.Keys, Limit: n.Limit, Offset: n.Offset}
	return c.exchange(in, nil, job.Vertex{Ops: []op.Spec{{Sort: spec}}, Schema: schema, LendReason: whyBounded}), nil
}

// materialize ends in a counted set of rows by key. Rows that already lie by
// that key are forwarded, others exchanged by it: a row and its retraction then
// meet at one instance, whatever was between them.
func (c *compiler) materialize(input logical.Node, key []int) (at, error) {
	in, err := c.compile(input)
	if err != nil {
		return at{}, err
	}
	schema := input.Schema()
	by := key
	if key == nil {
		by = all(schema)
	}
	if sameSet(by, in.by) {
		by = in.by // in the order of the exchange, so that key groups agree
	}
	v := job.Vertex{
		Ops:    []op.Spec{{Materialize: &op.Materialize{Types: types(schema), Key: by}}},
		Schema: schema, Updating: input.Props().Updating, LendReason: whyMaterialize, State: StateVersion,
	}
	if key == nil {
		v.Ops[0].Materialize.Key = nil
	}
	if key != nil && slices.Equal(by, in.by) {
		v.Inputs, v.Instances = []job.Input{{From: c.id(in)}}, c.of(in).Instances
		return c.vertex(v), nil
	}
	return c.exchange(in, by, v), nil
}

// sink lets the last vertex write. One that upserts gets its rows from a
// counted set by its key: there the value of a key can be found again after a
// restart.
func (c *compiler) sink(n *logical.Sink) error {
	var a at
	var err error
	if n.Key == nil {
		a, err = c.compile(n.Input)
	} else {
		a, err = c.materialize(n.Input, n.Key)
	}
	if err == nil {
		c.of(a).Sink = true
	}
	return err
}

// exchange begins a vertex whose rows come by key group of some columns;
// without columns there is one instance.
func (c *compiler) exchange(in at, by []int, v job.Vertex) at {
	v.Inputs = []job.Input{{From: c.id(in), Hash: by}}
	v.Instances = 1
	if len(by) > 0 {
		v.Instances = c.options.Parallelism
	}
	return c.vertex(v)
}

func groupSpec(n *logical.Group) *agg.Group {
	in := n.Input.Schema()
	spec := &agg.Group{
		Keys: append([]int{}, n.Keys...), KeyTypes: []batch.Type{}, Calls: n.Calls,
		OnClose: n.OnClose, Updating: n.Input.Props().Updating, TTL: n.TTL,
	}
	for _, k := range n.Keys {
		spec.KeyTypes = append(spec.KeyTypes, in[k].Type)
	}
	if n.Window != nil {
		spec.Window = window(*n.Window, in)
		spec.Window.Lateness = n.Lateness
	}
	return spec
}

func window(s logical.Span, in batch.Schema) *agg.Window {
	return &agg.Window{Time: s.Time, Size: s.Size, Slide: s.Slide, Offset: s.Offset, TimeType: in[s.Time].Type}
}

func types(s batch.Schema) []batch.Type {
	out := make([]batch.Type, len(s))
	for i, f := range s {
		out[i] = f.Type
	}
	return out
}

func all(s batch.Schema) []int {
	out := make([]int, len(s))
	for i := range out {
		out[i] = i
	}
	return out
}

func sameSet(a, b []int) bool {
	if a == nil || b == nil || len(a) != len(b) {
		return false
	}
	a, b = slices.Clone(a), slices.Clone(b)
	slices.Sort(a)
	slices.Sort(b)
	return slices.Equal(a, b)
}
