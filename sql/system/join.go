package system

import (
	"slices"

	"github.com/dirigo-stream/dirigo/sql/ast"
	"github.com/dirigo-stream/dirigo/sql/result"
)

// join compiles a join as nested loops, the right side kept in memory.
func (c *compiler) join(j *ast.Join, s *scope, with *ctes) (*source, error) {
	if j.Asof {
		return nil, unsupported(j.Pos, "ASOF JOIN")
	}
	left, err := c.item(j.Left, s, with)
	if err != nil {
		return nil, err
	}
	right, err := c.item(j.Right, s, with)
	if err != nil {
		return nil, err
	}
	cols := slices.Concat(left.cols, right.cols)
	on, err := c.joinCondition(j, left, right, &scope{cols: cols, outer: s}, with)
	if err != nil {
		return nil, err
	}
	n := nested{c: c, kind: j.Kind, left: left, right: right, on: on, lkey: -1}
	n.lookUp(j.On)
	return hideUsing(&source{cols: cols, each: n.each}, j, len(left.cols)), nil
}

// joinCondition returns the test of ON, USING or NATURAL; nil: none.
func (c *compiler) joinCondition(j *ast.Join, left, right *source, s *scope, with *ctes) (*node, error) {
	if j.On != nil {
		return c.condition(j.On, s, with, "JOIN/ON")
	}
	var tests []*node
	for _, name := range usingNames(j, left, right) {
		l := slices.IndexFunc(left.cols, func(col column) bool { return col.name == name })
		r := slices.IndexFunc(right.cols, func(col column) bool { return col.name == name })
		if l < 0 || r < 0 {
			return nil, at(result.Errorf(result.CodeUndefinedColumn,
				"column %q specified in USING clause does not exist in both tables", name), j.Pos)
		}
		eq, err := c.binaryNodes("=", columnNode(0, l, left.cols[l].typ),
			columnNode(0, len(left.cols)+r, right.cols[r].typ), j.Pos)
		if err != nil {
			return nil, err
		}
		tests = append(tests, eq)
	}
	if len(tests) == 0 {
		return nil, nil
	}
	return &node{typ: result.OIDBool, eval: func(f *frame) (any, error) {
		for _, t := range tests {
			if v, err := t.eval(f); err != nil || v != true {
				return false, err
			}
		}
		return true, nil
	}}, nil
}

func usingNames(j *ast.Join, left, right *source) []string {
	var names []string
	for _, n := range j.Using {
		names = append(names, n.Text)
	}
	if j.Natural {
		for _, l := range left.cols {
			if slices.ContainsFunc(right.cols, func(r column) bool { return r.name == l.name }) {
				names = append(names, l.name)
			}
		}
	}
	return names
}

// hideUsing makes the right side's copy of a USING column reachable by its
// qualified name alone.
func hideUsing(src *source, j *ast.Join, left int) *source {
	names := usingNames(j, &source{cols: src.cols[:left]}, &source{cols: src.cols[left:]})
	for i := left; i < len(src.cols); i++ {
		if slices.Contains(names, src.cols[i].name) {
			src.cols[i].rel, src.cols[i].name = "", ""
		}
	}
	if !j.Alias.Name.Empty() {
		return aliased(src, j.Alias, "")
	}
	return src
}

// nested is a join by nested loops. Where ON holds an equality of two columns,
// the right rows are found by their value instead; ON is still tested.
type nested struct {
	c           *compiler
	kind        ast.JoinKind
	left, right *source
	on          *node
	lkey, rkey  int // the columns; lkey < 0: none
	pairs       int // looked at so far
}

// lookUp finds an equality between a column of either side.
func (n *nested) lookUp(on ast.Expr) {
	l, r := &scope{cols: n.left.cols}, &scope{cols: n.right.cols}
	place := func(e ast.Expr, s, other *scope) int {
		id, ok := e.(*ast.Ident)
		if !ok {
			return -1
		}
		if i, err := other.local(id.Name); err != nil || i >= 0 {
			return -1
		}
		i, err := s.local(id.Name)
		if err != nil {
			return -1
		}
		return i
	}
	for _, e := range conjuncts(on, nil) {
		eq, ok := e.(*ast.Binary)
		if !ok || eq.Op != "=" {
			continue
		}
		a, b := place(eq.L, l, r), place(eq.R, r, l)
		if a < 0 || b < 0 {
			a, b = place(eq.R, l, r), place(eq.L, r, l)
		}
		if a >= 0 && b >= 0 && sameKey(n.left.cols[a].typ, n.right.cols[b].typ) {
			n.lkey, n.rkey = a, b
			return
		}
	}
}

// sameKey reports whether equal values of two types are equal as Go values.
func sameKey(a, b uint32) bool { return isInt(a) && isInt(b) || isText(a) && isText(b) }

func (n *nested) each(outer *frame, f func([]any) error) error {
	var rights [][]any
	err := n.right.each(outer, func(row []any) error {
		rights = append(rights, row)
		return nil
	})
	if err != nil {
		return err
	}
	matched := make([]bool, len(rights))
	candidates := n.candidates(rights)
	err = n.left.each(outer, func(l []any) error { return n.row(l, rights, candidates(l), matched, outer, f) })
	if err != nil || n.kind != ast.RightJoin && n.kind != ast.FullJoin {
		return err
	}
	for i, r := range rights {
		if !matched[i] {
			if err := f(concat(make([]any, len(n.left.cols)), r)); err != nil {
				return err
			}
		}
	}
	return nil
}

// candidates returns a function that says which right rows may match a left one.
func (n *nested) candidates(rights [][]any) func(l []any) []int {
	if n.lkey < 0 {
		all := make([]int, len(rights))
		for i := range all {
			all[i] = i
		}
		return func([]any) []int { return all }
	}
	index := make(map[any][]int, len(rights))
	for i, r := range rights {
		if k := r[n.rkey]; k != nil { // NULL equals nothing
			index[k] = append(index[k], i)
		}
	}
	return func(l []any) []int { return index[l[n.lkey]] }
}

func (n *nested) row(l []any, rights [][]any, candidates []int, matched []bool, outer *frame, f func([]any) error) error {
	found := false
	buf := concat(l, make([]any, len(n.right.cols)))
	for _, i := range candidates {
		if n.pairs++; n.pairs%1024 == 0 {
			if err := n.c.goOn(0); err != nil {
				return err
			}
		}
		copy(buf[len(l):], rights[i])
		if n.on != nil {
			v, err := n.on.eval(&frame{row: buf, outer: outer})
			if err != nil {
				return err
			}
			if v != true {
				continue
			}
		}
		found, matched[i] = true, true
		if err := f(slices.Clone(buf)); err != nil {
			return err
		}
	}
	if !found && (n.kind == ast.LeftJoin || n.kind == ast.FullJoin) {
		return f(concat(l, make([]any, len(n.right.cols))))
	}
	return nil
}
