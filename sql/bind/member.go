package bind

import (
	"github.com/dirigo-stream/dirigo/exec/agg"
	"github.com/dirigo-stream/dirigo/exec/batch"
	"github.com/dirigo-stream/dirigo/exec/expr"
	"github.com/dirigo-stream/dirigo/exec/join"
	"github.com/dirigo-stream/dirigo/planner/logical"
)

// exists is the value of EXISTS where it is computed with: whether there is a
// group of the outer row's values.
func (a *attacher) exists(sub *subquery) (*expr.Node, error) {
	p, err := a.pulled(sub, true)
	if err != nil {
		return nil, err
	}
	if p.always {
		return expr.BoolConst(true), nil
	}
	counts, err := a.summary(sub, p, []agg.Call{countAll()}, nil)
	if err != nil {
		return nil, err
	}
	return a.apply(">", sub.pos, orZero(counts[0]), zero())
}

func zero() *expr.Node { return expr.Const(batch.T(batch.Int64), "0") }

// summary joins aggregates of a subquery's rows for the outer row, and returns
// them: NULL where there is no such row.
func (a *attacher) summary(sub *subquery, p *pulled, calls []agg.Call, arg *expr.Node) ([]*expr.Node, error) {
	inner, outer, ok := p.equalities()
	if !ok || arg != nil && hasOuter(arg) {
		return nil, later(sub.pos, "a subquery with outer columns in other conditions than equalities is, as a part of an expression,").
			hint("EXISTS and IN may have any condition where they stand alone behind WHERE or AND.")
	}
	g := grouped(p.node, inner, calls, arg)
	columns := columnsOf(g)
	out := &pulled{node: g, out: columns[len(inner):], always: true}
	for i, e := range outer {
		out.preds = append(out.preds, equal(columns[i], e))
	}
	return a.row(sub, out)
}

// comparison is the value of IN, ANY or ALL where it is computed with.
func (a *attacher) comparison(sub *subquery) (*expr.Node, error) {
	left, err := a.operands(sub)
	if err != nil {
		return nil, err
	}
	if len(left) != 1 {
		return nil, later(sub.pos, "IN with rows is, as a part of an expression,").hint("Use EXISTS (SELECT ... WHERE ...).")
	}
	p, err := a.pulled(sub, true)
	if err != nil {
		return nil, err
	}
	if p.always {
		values, err := a.row(sub, p)
		if err != nil {
			return nil, err
		}
		return a.apply(sub.op, sub.pos, left[0], values[0])
	}
	// Both sides get one type here: their order is then the aggregates'.
	x, y, err := a.alike(sub, left[0], p.out[0])
	if err != nil {
		return nil, err
	}
	count := agg.Call{Func: "count", Arg: 0, Filter: -1, ArgType: y.Type, Type: batch.T(batch.Int64)}
	if sub.form == inSub {
		return a.in3(sub, p, x, y, count)
	}
	least := agg.Call{Func: "min", Filter: -1, ArgType: y.Type, Type: y.Type}
	most := least
	most.Func = "max"
	if !ordered(y.Type) {
		return nil, later(sub.pos, "ANY and ALL over type "+y.Type.String()+" are")
	}
	s, err := a.summary(sub, p, []agg.Call{countAll(), count, least, most}, y)
	if err != nil {
		return nil, err
	}
	return a.extreme(sub, x, s)
}

func (a *attacher) alike(sub *subquery, x, y *expr.Node) (*expr.Node, *expr.Node, error) {
	n, err := a.apply("=", sub.pos, x, y)
	if err != nil {
		return nil, nil, err
	}
	return n.Args[0], n.Args[1], nil
}

// in3 is x IN (subquery) with three values: true if there is an equal row, else
// unknown if x or a row is NULL, else false.
func (a *attacher) in3(sub *subquery, p *pulled, x, y *expr.Node, count agg.Call) (*expr.Node, error) {
	s, err := a.summary(sub, p, []agg.Call{countAll(), count}, y)
	if err != nil {
		return nil, err
	}
	found, err := a.found(sub, p, x, y)
	if err != nil {
		return nil, err
	}
	return a.build(sub, func(call func(string, ...*expr.Node) *expr.Node) []*expr.Node {
		rows, values := orZero(s[0]), orZero(s[1])
		open := call("or", call(">", rows, values), call("and", call("is null", x), call(">", rows, zero())))
		return []*expr.Node{call("is not null", found), expr.BoolConst(true), open, expr.Null(batch.T(batch.Bool)), expr.BoolConst(false)}
	})
}

// found joins a column that is not NULL where a row of the subquery equals x.
func (a *attacher) found(sub *subquery, p *pulled, x, y *expr.Node) (*expr.Node, error) {
	inner, outer, _ := p.equalities()
	g := grouped(p.node, append(append([]*expr.Node{}, inner...), y), nil, nil)
	columns := columnsOf(g)
	out := &pulled{node: g}
	for i, e := range outer {
		out.preds = append(out.preds, equal(columns[i], e))
	}
	on, err := a.allBeside(out.preds)
	if err != nil {
		return nil, err
	}
	key, err := a.beside(columns[len(inner)])
	if err != nil {
		return nil, err
	}
	on = append(on, equal(x, key))
	a.node = &logical.Join{Kind: join.Left, Left: a.node, Right: g, On: logical.And(on), Pos: int(sub.pos)}
	return key, nil
}

// extreme is x op ANY or ALL of a subquery, by the least and the greatest row.
func (a *attacher) extreme(sub *subquery, x *expr.Node, s []*expr.Node) (*expr.Node, error) {
	return a.build(sub, func(call func(string, ...*expr.Node) *expr.Node) []*expr.Node {
		rows, values, least, most := orZero(s[0]), orZero(s[1]), s[2], s[3]
		var decided *expr.Node // with some row for ANY, with every row for ALL
		switch {
		case sub.op == "=" || sub.op == "<>":
			word := "and"
			if !sub.all {
				word = "or"
			}
			decided = call(word, call(sub.op, x, least), call(sub.op, x, most))
		case (sub.op == "<" || sub.op == "<=") != sub.all:
			decided = call(sub.op, x, most)
		default:
			decided = call(sub.op, x, least)
		}
		sure := "is true"
		if sub.all {
			sure = "is false"
		}
		return []*expr.Node{
			call("=", rows, zero()), expr.BoolConst(sub.all),
			call(sure, decided), expr.BoolConst(!sub.all),
			call(">", rows, values), expr.Null(batch.T(batch.Bool)), decided,
		}
	})
}

// build makes a CASE of calls; the first error is returned.
func (a *attacher) build(sub *subquery, args func(call func(string, ...*expr.Node) *expr.Node) []*expr.Node) (*expr.Node, error) {
	var failed error
	list := args(func(name string, args ...*expr.Node) *expr.Node {
		n, err := a.apply(name, sub.pos, args...)
		if err != nil {
			failed = err
			return expr.BoolConst(false)
		}
		return n
	})
	if failed != nil {
		return nil, failed
	}
	return expr.Case(list)
}
