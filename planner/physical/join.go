package physical

import (
	"slices"

	"github.com/dirigo-stream/dirigo/exec/batch"
	"github.com/dirigo-stream/dirigo/exec/expr"
	"github.com/dirigo-stream/dirigo/exec/job"
	"github.com/dirigo-stream/dirigo/exec/join"
	"github.com/dirigo-stream/dirigo/exec/op"
	"github.com/dirigo-stream/dirigo/planner/logical"
)

const (
	whyJoin     = "a row meets the rows of the other side where those are kept"
	whyTemporal = "it looks rows up in the table as it is at their tick"
	whyUpsert   = "which record of a key is the newest depends on their order"
)

// join compiles a join that gives only the columns of output: a projection
// above it that picks some is part of it.
func (c *compiler) join(n *logical.Join, output []int) (at, error) {
	if n.AsOf {
		return c.temporal(n, output)
	}
	left, right, err := c.both(n.Left, n.Right)
	if err != nil {
		return at{}, err
	}
	leftKey, rightKey, nullEqual := aligned(n, left.by)
	uniqueLeft, uniqueRight := n.Unique()
	spec := &join.Join{
		Kind: n.Kind, Left: types(n.Left.Schema()), Right: types(n.Right.Schema()),
		LeftKey: leftKey, RightKey: rightKey, NullEqual: nullEqual, On: n.On, Output: output,
		LeftUpdating: n.Left.Props().Updating, RightUpdating: n.Right.Props().Updating,
		LeftUnique: uniqueLeft, RightUnique: uniqueRight, Bound: n.Bound, TTL: n.TTL,
	}
	v := job.Vertex{
		Ops: []op.Spec{{Join: spec}}, LendReason: whyJoin, State: StateVersion,
		Schema: picked(n.Schema(), output), Updating: n.Props().Updating,
	}
	hashLeft, hashRight := leftKey, rightKey
	if n.Kind == join.NullAnti { // a NULL on the right concerns all rows on the left
		hashLeft, hashRight = nil, nil
	}
	a := c.meet(left, right, hashLeft, hashRight, v)
	a.by = c.carriedByJoin(n, hashLeft, hashRight, output)
	return a, nil
}

// both compiles the inputs of an operator that has two.
func (c *compiler) both(l, r logical.Node) (left, right at, err error) {
	if left, err = c.compile(l); err != nil {
		return
	}
	right, err = c.compile(r)
	return
}

// aligned returns the keys in the order in which the left side's rows already
// lie, where they lie by just these columns.
func aligned(n *logical.Join, by []int) (left, right []int, nullEqual []bool) {
	left, right, nullEqual = append([]int{}, n.LeftKey...), append([]int{}, n.RightKey...), slices.Clone(n.NullEqual)
	if !sameSet(by, left) {
		return left, right, nullEqual
	}
	for i, c := range by {
		j := slices.Index(left, c)
		left[i], left[j] = left[j], left[i]
		right[i], right[j] = right[j], right[i]
		if nullEqual != nil {
			nullEqual[i], nullEqual[j] = nullEqual[j], nullEqual[i]
		}
	}
	return left, right, nullEqual
}

// meet begins a vertex at which rows of both inputs with equal keys are at one
// instance; without keys there is one. An input that lies so already is forwarded.
func (c *compiler) meet(left, right at, leftKey, rightKey []int, v job.Vertex) at {
	v.Instances = 1
	if len(leftKey) > 0 {
		v.Instances = c.options.Parallelism
	}
	v.Inputs = []job.Input{c.edge(left, leftKey, v.Instances), c.edge(right, rightKey, v.Instances)}
	return c.vertex(v)
}

func (c *compiler) edge(from at, key []int, instances int) job.Input {
	in := job.Input{From: c.id(from), Hash: key}
	if len(key) == 0 || slices.Equal(from.by, key) && c.of(from).Instances == instances {
		in.Hash = nil
	}
	return in
}

// carriedByJoin are the output columns by which a join's rows lie. A padded
// row has NULLs in the columns of the side that it lacks, and lies elsewhere.
func (c *compiler) carriedByJoin(n *logical.Join, leftKey, rightKey, output []int) []int {
	if len(leftKey) == 0 {
		return nil
	}
	outerLeft, outerRight := n.Outer()
	width := len(n.Left.Schema())
	out := make([]int, len(leftKey))
	for i := range leftKey {
		out[i] = -1
		if !outerRight {
			out[i] = slices.Index(output, leftKey[i])
		}
		if out[i] < 0 && !outerLeft && !n.LeftOnly() {
			out[i] = slices.Index(output, width+rightKey[i])
		}
		if out[i] < 0 {
			return nil
		}
	}
	return out
}

// temporal compiles a join that looks rows up in a table.
func (c *compiler) temporal(n *logical.Join, output []int) (at, error) {
	left, right, err := c.both(n.Left, n.Right)
	if err != nil {
		return at{}, err
	}
	spec := &join.Temporal{
		Kind: n.Kind, Left: types(n.Left.Schema()), Right: types(n.Right.Schema()),
		LeftKey: n.LeftKey, RightKey: n.RightKey, On: n.On, Output: output,
	}
	return c.meet(left, right, n.LeftKey, n.RightKey, job.Vertex{
		Ops: []op.Spec{{Temporal: spec}}, LendReason: whyTemporal, State: StateVersion,
		Schema: picked(n.Schema(), output), Updating: n.Props().Updating,
	}), nil
}

func (c *compiler) setOp(n *logical.SetOp) (at, error) {
	left, right, err := c.both(n.Left, n.Right)
	if err != nil {
		return at{}, err
	}
	schema := n.Schema()
	key := all(schema)
	a := c.meet(left, right, key, key, job.Vertex{
		Ops:        []op.Spec{{SetOp: &op.SetOp{Types: types(schema), Except: n.Except, All: n.All}}},
		LendReason: whyJoin, State: StateVersion, Schema: schema, Updating: n.Props().Updating,
	})
	if a.by = key; len(key) == 0 {
		a.by = nil
	}
	return a, nil
}

func (c *compiler) upsert(n *logical.Upsert) (at, error) {
	in, err := c.compile(n.Input)
	if err != nil {
		return at{}, err
	}
	schema := n.Schema()
	a := c.exchange(in, n.Key, job.Vertex{
		Ops: []op.Spec{{Upsert: &op.Upsert{Types: types(schema), Key: n.Key}}}, LendReason: whyUpsert,
		State: StateVersion, Schema: schema, Updating: true,
	})
	a.by = n.Key
	return a, nil
}

// project compiles a projection: one above a join gives the join its output
// columns, and is gone where it only picks.
func (c *compiler) project(n *logical.Project) (at, error) {
	used := usedBy(n.Exprs)
	in, ok := n.Input.(*logical.Join)
	if !ok {
		return c.chain(n, op.Spec{Project: n.Exprs})
	}
	a, err := c.join(in, used)
	if err != nil {
		return at{}, err
	}
	if !picksAll(n.Exprs, used) {
		exprs := make([]*expr.Node, len(n.Exprs))
		for i, e := range n.Exprs {
			exprs[i] = logical.Shift(e, func(c int) int { return slices.Index(used, c) })
		}
		v := c.of(a)
		v.Ops = append(v.Ops, op.Spec{Project: exprs})
		a.by = carriedBy(exprs, a.by)
	}
	c.ends(a, n.Schema(), n.Props().Updating)
	return a, nil
}

// usedBy are the columns that expressions read: in their order where they are
// all columns, each once, else ascending.
func usedBy(exprs []*expr.Node) []int {
	out := []int{}
	for _, e := range exprs {
		for _, c := range expr.Columns(e) {
			if !slices.Contains(out, c) {
				out = append(out, c)
			}
		}
	}
	return out
}

// picksAll says that the expressions are just those columns.
func picksAll(exprs []*expr.Node, columns []int) bool {
	return slices.EqualFunc(exprs, columns, func(e *expr.Node, c int) bool { return e.Op == expr.OpCol && e.Col == c })
}

func picked(s batch.Schema, columns []int) batch.Schema {
	out := make(batch.Schema, len(columns))
	for i, c := range columns {
		out[i] = s[c]
	}
	return out
}
