package bind

import (
	"slices"

	"github.com/dirigo-stream/dirigo/exec/agg"
	"github.com/dirigo-stream/dirigo/exec/batch"
	"github.com/dirigo-stream/dirigo/exec/expr"
	"github.com/dirigo-stream/dirigo/exec/join"
	"github.com/dirigo-stream/dirigo/planner/logical"
)

// attacher joins the subqueries of some expressions to the node over whose
// columns the expressions are. The node's columns stay where they are; what is
// added stands behind them.
type attacher struct {
	*binder
	subs *subqueries
	node logical.Node
	// over moves an expression of the SELECT's scope to the node's columns: the
	// identity, or past a GROUP BY.
	over func(*expr.Node) (*expr.Node, error)
	done map[int]*expr.Node // values of subqueries
}

func (b *binder) attacher(subs *subqueries, node logical.Node, over func(*expr.Node) (*expr.Node, error)) *attacher {
	if over == nil {
		over = func(n *expr.Node) (*expr.Node, error) { return n, nil }
	}
	return &attacher{binder: b, subs: subs, node: node, over: over, done: map[int]*expr.Node{}}
}

// where keeps the node's rows for which a predicate is true. IN and EXISTS by
// themselves become semi and anti joins.
func (a *attacher) where(pred *expr.Node) error {
	var plain, rest []*expr.Node
	var joins []*expr.Node
	for _, c := range logical.Conjuncts(pred) {
		switch sub, _ := a.membership(c); {
		case !anyPart(c, isSubquery):
			plain = append(plain, c)
		case sub != nil:
			joins = append(joins, c)
		default:
			rest = append(rest, c)
		}
	}
	a.keep(plain)
	for _, c := range joins {
		sub, negated := a.membership(c)
		if err := a.semi(sub, negated); err != nil {
			return err
		}
	}
	width := len(a.node.Schema())
	for i, c := range rest {
		var err error
		if rest[i], err = a.value(c); err != nil {
			return err
		}
	}
	a.keep(rest)
	columns := make([]int, width)
	for i := range columns {
		columns[i] = i
	}
	a.node, a.done = logical.Keep(a.node, columns), map[int]*expr.Node{}
	return nil
}

func (a *attacher) keep(preds []*expr.Node) {
	if len(preds) > 0 {
		a.node = &logical.Filter{Input: a.node, Pred: logical.And(preds)}
	}
}

// membership returns the subquery of a predicate that is EXISTS, IN, or NOT of
// one of them, and nothing else; nil: it is something else.
func (a *attacher) membership(c *expr.Node) (sub *subquery, negated bool) {
	for c.Op == expr.OpCall && c.Name == "not" {
		c, negated = c.Args[0], !negated
	}
	if !isSubquery(c) {
		return nil, false
	}
	sub = a.subs.list[c.Col-firstSubquery]
	if sub.form != existsSub && sub.form != inSub {
		return nil, false
	}
	return sub, negated
}

// pulled takes a subquery apart, and its outer references one level in: over
// the node's columns, which on the other side of a join stand first.
func (a *attacher) pulled(sub *subquery, anyRow bool) (*pulled, error) {
	p := &puller{pos: sub.pos, anyRow: anyRow}
	return p.pull(sub.plan)
}

// beside gives an expression over a subquery's rows and outer columns the
// indices that it has above a join of the node with them.
func (a *attacher) beside(n *expr.Node) (*expr.Node, error) {
	width := len(a.node.Schema())
	var failed error
	out := logical.Replace(n, func(c *expr.Node) *expr.Node {
		switch {
		case c.Col >= 2*outerLevel:
			return inward(c)
		case c.Col >= outerLevel:
			in := inward(c)
			if pos, ok := a.places[c]; ok {
				a.places[in] = pos
			}
			moved, err := a.over(in)
			if err != nil {
				failed = err
				return c
			}
			return moved
		}
		moved := *c
		moved.Col += width
		return &moved
	})
	return out, failed
}

func (a *attacher) allBeside(list []*expr.Node) ([]*expr.Node, error) {
	out := make([]*expr.Node, len(list))
	for i, e := range list {
		var err error
		if out[i], err = a.beside(e); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// operands are the left sides of IN, over the node's columns.
func (a *attacher) operands(sub *subquery) ([]*expr.Node, error) {
	out := make([]*expr.Node, len(sub.left))
	for i, e := range sub.left {
		var err error
		if out[i], err = a.value(e); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// semi keeps the node's rows for which a subquery has a row, or has none.
func (a *attacher) semi(sub *subquery, negated bool) error {
	left, err := a.operands(sub)
	if err != nil {
		return err
	}
	p, err := a.pulled(sub, true)
	if err != nil {
		return err
	}
	if p.always {
		return a.ofOne(sub, p, left, negated)
	}
	on, err := a.allBeside(p.preds)
	if err != nil {
		return err
	}
	j := &logical.Join{Kind: join.Semi, Left: a.node, Right: p.node, Pos: int(sub.pos)}
	if negated {
		j.Kind = join.Anti
		if len(left) == 1 && len(on) == 0 && !hasOuter(p.out[0]) {
			j.Kind = join.NullAnti
		}
	}
	for i, l := range left {
		r, err := a.beside(p.out[i])
		if err != nil {
			return err
		}
		same, err := a.apply("=", sub.pos, l, r)
		if err == nil && j.Kind == join.Anti {
			same, err = a.apply("is not false", sub.pos, same)
		}
		if err != nil {
			return err
		}
		on = append(on, same)
	}
	j.On = logical.And(on)
	a.node = j
	return nil
}

// ofOne compares with a subquery that has one row for every outer row.
func (a *attacher) ofOne(sub *subquery, p *pulled, left []*expr.Node, negated bool) error {
	pred := expr.BoolConst(true)
	values, err := a.row(sub, p)
	if err != nil {
		return err
	}
	for i, l := range left {
		same, err := a.apply("=", sub.pos, l, values[i])
		if err != nil {
			return err
		}
		pred = logical.And([]*expr.Node{pred, same})
	}
	if negated {
		if pred, err = a.apply("not", sub.pos, pred); err != nil {
			return err
		}
	}
	a.keep([]*expr.Node{pred})
	return nil
}

// row joins a subquery that has at most one row for an outer row, and returns
// its columns: NULL where it has none.
func (a *attacher) row(sub *subquery, p *pulled) ([]*expr.Node, error) {
	values := p.out
	var present *expr.Node
	if !p.always && !oneRow(p.node) {
		// Computed below the join what can be: above it NULL would be computed with.
		p, values, present = guarded(p)
	}
	on, err := a.allBeside(p.preds)
	if err != nil {
		return nil, err
	}
	if values, err = a.allBeside(values); err != nil {
		return nil, err
	}
	if present != nil {
		if present, err = a.beside(present); err != nil {
			return nil, err
		}
		for i, v := range values {
			if v.Op != expr.OpCol || v.Col < len(a.node.Schema()) {
				if values[i], err = ifPresent(present, v); err != nil {
					return nil, err
				}
			}
		}
	}
	kind := join.Left
	if len(on) == 0 && oneRow(p.node) {
		kind = join.Inner
	}
	a.node = &logical.Join{Kind: kind, Left: a.node, Right: p.node, On: logical.And(on), Pos: int(sub.pos)}
	return values, nil
}

// guarded computes a subquery's columns in its node, and adds one that is never
// NULL, where a value has outer references and cannot be computed there.
func guarded(p *pulled) (*pulled, []*expr.Node, *expr.Node) {
	proj := &logical.Project{Input: p.node, Exprs: columnsOf(p.node)}
	for _, f := range p.node.Schema() {
		proj.Names = append(proj.Names, f.Name)
	}
	add := func(e *expr.Node, name string) *expr.Node {
		proj.Exprs, proj.Names = append(proj.Exprs, e), append(proj.Names, name)
		return expr.Col(len(proj.Exprs)-1, name, e.Type)
	}
	values := slices.Clone(p.out)
	var present *expr.Node
	for i, v := range values {
		switch {
		case !hasOuter(v) && v.Op != expr.OpCol:
			values[i] = add(v, v.String())
		case hasOuter(v) && present == nil:
			present = add(expr.BoolConst(true), "present")
		}
	}
	return &pulled{node: proj, out: values, preds: p.preds}, values, present
}

func ifPresent(present, value *expr.Node) (*expr.Node, error) {
	there, err := expr.Resolve("is not null", []*expr.Node{present})
	if err != nil {
		return nil, err
	}
	return expr.Case([]*expr.Node{there, value, expr.Null(value.Type)})
}

// oneRow says that a node has exactly one row.
func oneRow(n logical.Node) bool {
	switch n := n.(type) {
	case *logical.Group:
		return len(n.Keys) == 0 && n.Window == nil
	case *logical.Values:
		return len(n.Rows) == 1
	case *logical.Project:
		return oneRow(n.Input)
	case *logical.Join:
		return n.Kind == join.Inner && len(n.LeftKey) == 0 && n.On == nil && oneRow(n.Left) && oneRow(n.Right)
	}
	return false
}

// value replaces the subqueries in an expression by columns that they are
// joined as, and moves the rest over the node's columns.
func (a *attacher) value(n *expr.Node) (*expr.Node, error) {
	if !anyPart(n, isSubquery) {
		return n, nil
	}
	var failed error
	out := logical.Replace(n, func(c *expr.Node) *expr.Node {
		if failed != nil || !isSubquery(c) {
			return c
		}
		i := c.Col - firstSubquery
		if a.done[i] == nil {
			if a.done[i], failed = a.result(a.subs.list[i]); failed != nil {
				return c
			}
		}
		return a.done[i]
	})
	return out, failed
}

// result joins a subquery whose value is computed with.
func (a *attacher) result(sub *subquery) (*expr.Node, error) {
	switch sub.form {
	case scalarSub:
		return a.scalar(sub)
	case existsSub:
		return a.exists(sub)
	}
	return a.comparison(sub)
}

// scalar joins a subquery that stands for one value.
func (a *attacher) scalar(sub *subquery) (*expr.Node, error) {
	p, err := a.pulled(sub, false)
	if err != nil {
		return nil, err
	}
	if !p.always && !atMostOne(p) {
		if p, err = a.checked(sub, p); err != nil {
			return nil, err
		}
	}
	values, err := a.row(sub, p)
	if err != nil {
		return nil, err
	}
	return values[0], nil
}

// atMostOne says that a subquery has at most one row for an outer row: what is
// compared with that holds its key.
func atMostOne(p *pulled) bool {
	key := p.node.Props().Key
	if key == nil {
		return false
	}
	inner, _, _ := p.equalities()
	if inner == nil && len(p.preds) > 0 {
		return len(key) == 0
	}
	for _, k := range key {
		if !slices.ContainsFunc(inner, func(e *expr.Node) bool { return e.Op == expr.OpCol && e.Col == k }) {
			return false
		}
	}
	return true
}

// checked makes a subquery have one row for each of the outer row's values; that
// there was no second one is checked when the value is read.
func (a *attacher) checked(sub *subquery, p *pulled) (*pulled, error) {
	inner, outer, ok := p.equalities()
	t := p.out[0].Type
	switch {
	case !ok || hasOuter(p.out[0]):
		return nil, later(sub.pos, "a scalar subquery of which it is not known that it has one row is, with such a condition,").
			hint("Use an aggregate, such as max(), or compare a key.")
	case !ordered(t):
		return nil, later(sub.pos, "a scalar subquery of type "+t.String()+" of which it is not known that it has one row is").
			hint("Compare a key, or convert the value to text.")
	}
	g := grouped(p.node, inner, []agg.Call{countAll(), {Func: "max", Filter: -1, ArgType: t, Type: t}}, p.out[0])
	columns := columnsOf(g)
	out := &pulled{node: g, always: true} // so that it is checked above the join, for rows that ask
	for i, e := range outer {
		out.preds = append(out.preds, equal(columns[i], e))
	}
	single, err := expr.Resolve("one row", columns[len(inner):len(inner)+1])
	if err != nil {
		return nil, err
	}
	value, err := expr.Case([]*expr.Node{single, columns[len(inner)+1], expr.Null(t)})
	if err != nil {
		return nil, err
	}
	out.out = []*expr.Node{value}
	return out, nil
}

func ordered(t batch.Type) bool {
	_, err := agg.Resolve("max", &t, false)
	return err == nil
}

func countAll() agg.Call {
	return agg.Call{Func: "count", Arg: -1, Filter: -1, Type: batch.T(batch.Int64)}
}

// grouped groups a node by expressions; calls other than count(*) are on arg.
func grouped(n logical.Node, keys []*expr.Node, calls []agg.Call, arg *expr.Node) logical.Node {
	p := &logical.Project{Input: n}
	g := &logical.Group{Input: p}
	for i, k := range keys {
		p.Exprs, p.Names = append(p.Exprs, k), append(p.Names, k.String())
		g.Keys = append(g.Keys, i)
	}
	if arg != nil {
		p.Exprs, p.Names = append(p.Exprs, arg), append(p.Names, arg.String())
	}
	for _, c := range calls {
		if c.Func != "count" || c.Arg >= 0 {
			c.Arg = len(keys)
		}
		g.Calls, g.Names = append(g.Calls, c), append(g.Names, c.Func)
	}
	return g
}
