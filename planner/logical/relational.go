package logical

import (
	"slices"

	"github.com/dirigo-stream/dirigo/exec/batch"
	"github.com/dirigo-stream/dirigo/exec/expr"
	"github.com/dirigo-stream/dirigo/exec/op"
)

// SetOp is INTERSECT or EXCEPT over whole rows of two relations with the same
// types. Names are the left one's.
type SetOp struct {
	Left, Right Node
	Except      bool // else INTERSECT
	All         bool
}

// Schema implements Node.
func (s *SetOp) Schema() batch.Schema { return s.Left.Schema() }

// Inputs implements Node.
func (s *SetOp) Inputs() []Node { return []Node{s.Left, s.Right} }

// With implements Node.
func (s *SetOp) With(in ...Node) Node {
	return &SetOp{Left: in[0], Right: in[1], Except: s.Except, All: s.All}
}

// Props implements Node: an intersection of what only grows does too, a
// difference shrinks as its right side grows.
func (s *SetOp) Props() Props {
	left, right := s.Left.Props(), s.Right.Props()
	p := Props{Updating: left.Updating || right.Updating || s.Except, Key: left.Key}
	if left.Key == nil && !s.All {
		p.Key = make([]int, len(s.Schema()))
		for i := range p.Key {
			p.Key[i] = i
		}
	}
	return p
}

// Line implements Node.
func (s *SetOp) Line() string {
	line := "Intersect"
	if s.Except {
		line = "Except"
	}
	if s.All {
		line += " all"
	}
	return line
}

// Upsert turns records with the newest row of their key into changes.
type Upsert struct {
	Input Node
	Key   []int
}

// Schema implements Node.
func (u *Upsert) Schema() batch.Schema { return u.Input.Schema() }

// Inputs implements Node.
func (u *Upsert) Inputs() []Node { return []Node{u.Input} }

// With implements Node.
func (u *Upsert) With(in ...Node) Node { return &Upsert{Input: in[0], Key: u.Key} }

// Props implements Node.
func (u *Upsert) Props() Props { return Props{Updating: true, Key: u.Key} }

// Line implements Node.
func (u *Upsert) Line() string { return "Newest row by (" + Names(u.Schema(), u.Key) + ")" }

// Unnest gives each row once per element of an array, the element in a further
// column, and its ordinal in another where Spec.Ordinality is set.
type Unnest struct {
	Input Node
	Spec  op.Unnest
	Names []string // of the columns that it adds
}

// Schema implements Node.
func (u *Unnest) Schema() batch.Schema {
	out := append(slices.Clone(u.Input.Schema()), batch.Field{Name: u.Names[0], Type: u.Spec.Type})
	if u.Spec.Ordinality {
		out = append(out, batch.Field{Name: u.Names[1], Type: batch.T(batch.Int64)})
	}
	return out
}

// Inputs implements Node.
func (u *Unnest) Inputs() []Node { return []Node{u.Input} }

// With implements Node.
func (u *Unnest) With(in ...Node) Node { return &Unnest{Input: in[0], Spec: u.Spec, Names: u.Names} }

// Props implements Node: rows are told apart by their ordinal, where there is one.
func (u *Unnest) Props() Props {
	p := u.Input.Props()
	switch {
	case p.Key != nil && u.Spec.Ordinality:
		p.Key = append(slices.Clone(p.Key), len(u.Input.Schema())+1)
	default:
		p.Key = nil
	}
	return p
}

// Line implements Node.
func (u *Unnest) Line() string {
	line := "Unnest " + u.Spec.Func + "(" + u.Spec.Arg.String()
	for _, a := range u.Spec.More {
		line += ", " + a.String()
	}
	line += ") AS " + u.Names[0]
	if u.Spec.Ordinality {
		line += " with ordinality"
	}
	if u.Spec.Outer {
		line += ", or NULL"
	}
	return line
}

// MapExprs returns n with f applied to its scalar expressions, not to those of
// its inputs; n itself when nothing changed.
func MapExprs(n Node, f func(*expr.Node) *expr.Node) Node {
	switch n := n.(type) {
	case *Filter:
		if pred := f(n.Pred); pred != n.Pred {
			return &Filter{Input: n.Input, Pred: pred}
		}
	case *Project:
		if exprs, changed := mapped(n.Exprs, f); changed {
			return &Project{Input: n.Input, Names: n.Names, Exprs: exprs}
		}
	case *Values:
		return mapValues(n, f)
	case *Join:
		if n.On != nil {
			c := *n
			c.On = f(n.On)
			return &c
		}
	case *Unnest:
		c := *n
		c.Spec.Arg = f(n.Spec.Arg)
		more, _ := mapped(n.Spec.More, f)
		if len(more) > 0 {
			c.Spec.More = more
		}
		return &c
	}
	return n
}

func mapValues(n *Values, f func(*expr.Node) *expr.Node) Node {
	out := &Values{Columns: n.Columns, Rows: make([][]*expr.Node, len(n.Rows))}
	any := false
	for i, row := range n.Rows {
		var changed bool
		out.Rows[i], changed = mapped(row, f)
		any = any || changed
	}
	if !any {
		return n
	}
	return out
}

func mapped(list []*expr.Node, f func(*expr.Node) *expr.Node) (out []*expr.Node, changed bool) {
	out = make([]*expr.Node, len(list))
	for i, e := range list {
		out[i] = f(e)
		changed = changed || out[i] != e
	}
	return out, changed
}
