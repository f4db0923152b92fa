package rules

import (
	"reflect"
	"slices"

	"github.com/dirigo-stream/dirigo/exec/expr"
	"github.com/dirigo-stream/dirigo/exec/join"
	"github.com/dirigo-stream/dirigo/planner/logical"
)

// Equate takes the equalities between the two sides out of joins' conditions:
// they become keys, computed below the join and cast to common types.
func Equate(n logical.Node) logical.Node {
	return logical.Transform(n, func(n logical.Node) logical.Node {
		if j, ok := n.(*logical.Join); ok && j.On != nil {
			return equate(j)
		}
		return n
	})
}

// side is one input of a join that gets key columns.
type side struct {
	in    logical.Node
	exprs []*expr.Node
	names []string
}

func newSide(in logical.Node) *side {
	s := &side{in: in}
	schema := in.Schema()
	for c, f := range schema {
		s.exprs, s.names = append(s.exprs, logical.Column(schema, c)), append(s.names, f.Name)
	}
	return s
}

// column is where e stands, which is computed if it is nowhere yet.
func (s *side) column(e *expr.Node) int {
	if e.Op == expr.OpCol {
		return e.Col
	}
	for c := len(s.in.Schema()); c < len(s.exprs); c++ {
		if reflect.DeepEqual(s.exprs[c], e) {
			return c
		}
	}
	s.exprs, s.names = append(s.exprs, e), append(s.names, e.String())
	return len(s.exprs) - 1
}

func (s *side) node() logical.Node {
	if len(s.exprs) == len(s.in.Schema()) {
		return s.in
	}
	return &logical.Project{Input: s.in, Exprs: s.exprs, Names: s.names}
}

// equality splits a condition l = r, or l IS NOT DISTINCT FROM r, whose sides
// look at one side of the join each; r is over the right side's columns.
func equality(p *expr.Node, width int) (l, r *expr.Node, distinct, ok bool) {
	l, r, distinct, ok = equalityOf(p)
	if !ok {
		return nil, nil, false, false
	}
	if onLeft(r, width) && onRight(l, width) {
		l, r = r, l
	}
	if !onLeft(l, width) || !onRight(r, width) {
		return nil, nil, false, false
	}
	return l, logical.Shift(r, func(c int) int { return c - width }), distinct, true
}

// equalityOf splits an equality of two values of one kind.
func equalityOf(p *expr.Node) (l, r *expr.Node, distinct, ok bool) {
	if p.Op == expr.OpCall && p.Name == "not" && p.Args[0].Op == expr.OpCall && p.Args[0].Name == "is distinct from" {
		p, distinct = p.Args[0], true
	}
	distinct = distinct || p.Op == expr.OpCall && p.Name == "is not distinct from"
	if p.Op != expr.OpCall || p.Name != "=" && !distinct || p.Args[0].Type.Kind != p.Args[1].Type.Kind {
		return nil, nil, false, false
	}
	return p.Args[0], p.Args[1], distinct, true
}

// onLeft says that n looks at the left side of a join, and at nothing else.
func onLeft(n *expr.Node, width int) bool {
	uses := expr.Columns(n)
	return len(uses) > 0 && uses[len(uses)-1] < width
}

func onRight(n *expr.Node, width int) bool {
	uses := expr.Columns(n)
	return len(uses) > 0 && uses[0] >= width
}

func equate(j *logical.Join) logical.Node {
	width := len(j.Left.Schema())
	left, right := newSide(j.Left), newSide(j.Right)
	out := *j
	out.LeftKey, out.RightKey, out.NullEqual = slices.Clone(j.LeftKey), slices.Clone(j.RightKey), slices.Clone(j.NullEqual)
	var rest []*expr.Node
	for _, p := range logical.Conjuncts(j.On) {
		l, r, distinct, ok := equality(p, width)
		if !ok || (j.Kind == join.NullAnti || j.AsOf) && distinct || j.AsOf && !ofKey(j.Right, r) {
			rest = append(rest, p)
			continue
		}
		addKey(&out, left.column(l), right.column(r), distinct)
	}
	if len(rest) == len(logical.Conjuncts(j.On)) {
		return j
	}
	return rebuilt(j, &out, left, right, rest)
}

// ofKey says that an expression is a column of the relation's key, perhaps
// converted.
func ofKey(n logical.Node, e *expr.Node) bool {
	for e.Op == expr.OpCast {
		e = e.Args[0]
	}
	return e.Op == expr.OpCol && slices.Contains(n.Props().Key, e.Col)
}

func addKey(j *logical.Join, left, right int, distinct bool) {
	for i, l := range j.LeftKey {
		if l == left && j.RightKey[i] == right && (!distinct || j.NullEqual != nil && j.NullEqual[i]) {
			return // a second time, and not stricter
		}
	}
	if distinct && j.NullEqual == nil {
		j.NullEqual = make([]bool, len(j.LeftKey))
	}
	if j.NullEqual != nil {
		j.NullEqual = append(j.NullEqual, distinct)
	}
	j.LeftKey, j.RightKey = append(j.LeftKey, left), append(j.RightKey, right)
}

// rebuilt is the join over sides that may have got columns, under what restores
// the old ones.
func rebuilt(old, j *logical.Join, left, right *side, rest []*expr.Node) logical.Node {
	width, now := len(old.Left.Schema()), len(left.exprs)
	moved := func(c int) int {
		if c < width {
			return c
		}
		return c - width + now
	}
	j.Left, j.Right, j.On = left.node(), right.node(), logical.And(rest)
	if j.On != nil {
		j.On = logical.Shift(j.On, moved)
	}
	keep := make([]int, len(old.Schema()))
	for c := range keep {
		keep[c] = moved(c)
	}
	return logical.Keep(j, keep)
}
