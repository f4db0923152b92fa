package physical

import (
	"slices"

	"github.com/dirigo-stream/dirigo/exec/expr"
	"github.com/dirigo-stream/dirigo/exec/job"
	"github.com/dirigo-stream/dirigo/planner/logical"
)

// maxPoints is how many keys of a relation are looked up one by one: with more
// it is read whole.
const maxPoints = 1000

// point is the look-up that a filter over a scan amounts to: where it compares
// all key columns with constants. nil: it is none.
func point(n *logical.Filter) *job.Point {
	scan, ok := n.Input.(*logical.Scan)
	if !ok || len(scan.Relation.Key) == 0 || scan.Relation.Kind == logical.Source || scan.Relation.Kind == logical.System {
		return nil
	}
	values := map[int][]*expr.Node{}
	for _, p := range logical.Conjuncts(n.Pred) {
		if c, list := constants(p); list != nil && (values[scan.Columns[c]] == nil || len(list) < len(values[scan.Columns[c]])) {
			values[scan.Columns[c]] = list
		}
	}
	out := &job.Point{Key: scan.Relation.Key, Values: nil}
	rows := [][]*expr.Node{nil}
	for _, k := range out.Key {
		list := values[k]
		if len(list) == 0 || len(rows)*len(list) > maxPoints {
			return nil
		}
		var next [][]*expr.Node
		for _, row := range rows {
			for _, v := range list {
				next = append(next, append(slices.Clone(row), v))
			}
		}
		rows = next
	}
	out.Values = slices.Concat(rows...)
	return out
}

// constants reads column = constant, or column IN (constants).
func constants(p *expr.Node) (column int, values []*expr.Node) {
	if p.Op != expr.OpCall || p.Name != "=" && p.Name != "in" || len(p.Args) < 2 {
		return 0, nil
	}
	args := p.Args
	if p.Name == "=" && args[0].Op == expr.OpConst {
		args = []*expr.Node{args[1], args[0]}
	}
	if args[0].Op != expr.OpCol {
		return 0, nil
	}
	for _, a := range args[1:] {
		if a.Op != expr.OpConst || a.Type.Kind != args[0].Type.Kind {
			return 0, nil
		}
	}
	return args[0].Col, args[1:]
}
