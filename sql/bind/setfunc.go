package bind

import (
	"slices"

	"github.com/dirigo-stream/dirigo/exec/expr"
	"github.com/dirigo-stream/dirigo/exec/op"
	"github.com/dirigo-stream/dirigo/planner/logical"
	"github.com/dirigo-stream/dirigo/sql/ast"
)

// sets are the functions that give rows in the select list of one SELECT. Equal
// ones are one: they go in step.
type sets struct{ list []*setCall }

// setCall is a function that gives rows; its arguments are expressions of the
// select list.
type setCall struct {
	name  string
	spec  op.Unnest
	moved bool // the arguments are over the columns of GROUP BY
}

// isSet says that n is an element that a function gives.
func isSet(n *expr.Node) bool {
	return n.Op == expr.OpCol && n.Col >= firstSet && n.Col < outerLevel
}

// args are the expressions of a call, in place.
func (c *setCall) args() []**expr.Node {
	out := []**expr.Node{&c.spec.Arg}
	for i := range c.spec.More {
		out = append(out, &c.spec.More[i])
	}
	return out
}

// setFunction binds a function that gives rows, in the select list.
func (b *binder) setFunction(e *ast.Call, name string, s *scope) (*expr.Node, error) {
	if s.sets == nil {
		return nil, misplacedSet(e, s)
	}
	args, err := b.exprs(e.Args, s.setless("the arguments of another one"))
	if err != nil {
		return nil, err
	}
	spec, err := b.unnesting(&ast.TableFunc{Pos: e.Pos, Call: e}, name, args)
	if err != nil {
		return nil, err
	}
	call := &setCall{name: name, spec: *spec}
	if len(s.sets.list) > 0 && !call.same(s.sets.list[0]) {
		return nil, later(e.Pos, "a second set-returning function in a select list is").
			hint("Put them in FROM: FROM relation, %s(...) AS x.", name)
	}
	if len(s.sets.list) == 0 {
		s.sets.list = append(s.sets.list, call)
	}
	return &expr.Node{Op: expr.OpCol, Type: spec.Type, Col: firstSet, Name: name}, nil
}

// misplacedSet is the error of a function that gives rows where none may stand.
func misplacedSet(e *ast.Call, s *scope) error {
	where := s.forbid
	switch {
	case s.noSets != "":
		where = "in " + s.noSets
	case where == "":
		return fail(codeFeature, e.Pos, "aggregate function calls cannot contain set-returning function calls").
			hint("You might be able to move the set-returning function into a LATERAL FROM item.")
	}
	return fail(codeFeature, e.Pos, "set-returning functions are not allowed %s", where)
}

func (c *setCall) same(o *setCall) bool {
	return c.name == o.name && same(c.spec.Arg, o.spec.Arg) && slices.EqualFunc(c.spec.More, o.spec.More, same)
}

// moveSet rewrites the arguments of a call over the group's columns.
func (g *grouping) moveSet(call *setCall) error {
	if call.moved {
		return nil
	}
	call.moved = true
	for _, a := range call.args() {
		var err error
		if *a, err = g.over(*a); err != nil {
			return err
		}
	}
	return nil
}

// expand multiplies the rows of a node by the elements of the select list's
// function, and puts those in the place of its references.
func (s *selection) expand(node logical.Node) logical.Node {
	for _, call := range s.sets.list {
		at := len(node.Schema())
		node = &logical.Unnest{Input: node, Spec: call.spec, Names: []string{call.name, "ordinality"}}
		put := func(n *expr.Node) *expr.Node {
			return logical.Replace(n, func(c *expr.Node) *expr.Node {
				if isSet(c) {
					return expr.Col(at, call.name, c.Type)
				}
				return c
			})
		}
		for i, e := range s.exprs {
			s.exprs[i] = put(e)
		}
		for i := range s.order {
			if e := s.order[i].expr; e != nil {
				s.order[i].expr = put(e)
			}
		}
	}
	return node
}
