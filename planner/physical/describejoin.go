package physical

import (
	"github.com/dirigo-stream/dirigo/exec/batch"
	"github.com/dirigo-stream/dirigo/exec/expr"
	"github.com/dirigo-stream/dirigo/exec/job"
	"github.com/dirigo-stream/dirigo/exec/join"
	"github.com/dirigo-stream/dirigo/exec/op"
	"github.com/dirigo-stream/dirigo/planner/logical"
)

// pairing is the logical operator that a stored one of two inputs came from, or
// one that adds columns; nil: it is another.
func pairing(spec op.Spec, left, right logical.Node, v *job.Vertex) logical.Node {
	switch {
	case spec.Join != nil:
		j := spec.Join
		return &logical.Join{
			Kind: j.Kind, Left: left, Right: right, LeftKey: j.LeftKey, RightKey: j.RightKey,
			NullEqual: j.NullEqual, On: j.On, Bound: j.Bound, TTL: j.TTL,
		}
	case spec.Temporal != nil:
		j := spec.Temporal
		return &logical.Join{
			AsOf: true, Kind: j.Kind, Left: left, Right: right, LeftKey: j.LeftKey, RightKey: j.RightKey, On: j.On,
		}
	case spec.SetOp != nil:
		return &logical.SetOp{Left: left, Right: right, Except: spec.SetOp.Except, All: spec.SetOp.All}
	case spec.Upsert != nil:
		return &logical.Upsert{Input: left, Key: spec.Upsert.Key}
	case spec.Unnest != nil:
		return &logical.Unnest{Input: left, Spec: *spec.Unnest, Names: []string{spec.Unnest.Func, "ordinality"}}
	}
	return nil
}

// picks gives a join's consumers the columns that it puts out.
func picks(spec op.Spec, n logical.Node) logical.Node {
	var output []int
	switch {
	case spec.Join != nil:
		output = spec.Join.Output
	case spec.Temporal != nil:
		output = spec.Temporal.Output
	default:
		return n
	}
	p := &logical.Project{Input: n, Exprs: []*expr.Node{}}
	schema := n.Schema()
	for _, c := range output {
		p.Exprs, p.Names = append(p.Exprs, logical.Column(schema, c)), append(p.Names, schema[c].Name)
	}
	return p
}

// keptByPair says what an operator of two inputs keeps; "" for nothing.
func keptByPair(spec op.Spec, left, right batch.Schema) string {
	switch {
	case spec.Join != nil:
		return keptByJoin(spec.Join, left, right)
	case spec.Temporal != nil:
		return "the table by (" + logical.Names(right, spec.Temporal.RightKey) + ")"
	case spec.SetOp != nil:
		return "each row with its counts"
	case spec.Upsert != nil:
		return "the newest row by (" + logical.Names(left, spec.Upsert.Key) + ")"
	}
	return ""
}

func keptByJoin(j *join.Join, left, right batch.Schema) string {
	what := rowsOf("left", j.LeftKey, j.LeftUnique, left) + ", " + rowsOf("right", j.RightKey, j.RightUnique, right)
	switch {
	case j.Bound != nil:
		return what + ", until the watermark passes " + left[j.Bound.LeftTime].Name + " + " + logical.Micros(j.Bound.High) +
			", " + right[j.Bound.RightTime].Name + " + " + logical.Micros(-j.Bound.Low)
	case j.TTL > 0:
		return what + ", for " + logical.Micros(j.TTL) + " after they were touched"
	}
	return what + ", for ever"
}

func rowsOf(side string, key []int, unique bool, s batch.Schema) string {
	rows := "rows"
	if unique {
		rows = "row"
	}
	if len(key) == 0 {
		return "the " + side + " " + rows
	}
	return "the " + side + " " + rows + " per (" + logical.Names(s, key) + ")"
}
