package planner_test

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/dirigo-stream/dirigo/exec/agg"
	"github.com/dirigo-stream/dirigo/exec/batch"
	"github.com/dirigo-stream/dirigo/exec/expr"
	"github.com/dirigo-stream/dirigo/exec/join"
	"github.com/dirigo-stream/dirigo/planner"
	"github.com/dirigo-stream/dirigo/planner/logical"
	"github.com/dirigo-stream/dirigo/planner/plantest"
	"github.com/dirigo-stream/dirigo/planner/rules"
)

// TestRulesKeepMeaning: random plans over random rows give the same rows
// through the real operators, whether they were rewritten or not.
func TestRulesKeepMeaning(t *testing.T) {
	fused, joined, bound := 0, 0, 0
	for seed := range uint64(600) {
		r := &random{rand.New(rand.NewPCG(seed, 1)), t}
		plan := r.plan(4)
		rows := map[uint64]plantest.Table{1: {Schema: columns, Rows: r.rows(40)}, 2: {Schema: columns, Rows: r.rows(30)}}
		want := result(t, plan, rows)
		for name, rewritten := range variants(t, plan) {
			if got := result(t, rewritten, rows); want != nil && got != nil && !maps.Equal(got, want) {
				t.Fatalf("seed %d, %s:\n%sgives\n%v\nfrom\n%swant\n%v", seed, name, logical.Print(rewritten), got, logical.Print(plan), want)
			}
			if strings.Contains(logical.Print(rewritten), "on window close") {
				fused++
			}
			if strings.Contains(logical.Print(rewritten), "oin on") {
				joined++
			}
			if strings.Contains(logical.Print(rewritten), " within ") {
				bound++
			}
		}
	}
	if fused < 20 || joined < 100 || bound < 20 {
		t.Errorf("only %d plans have windows that close, %d joins, %d bounds in time: the test does not reach them", fused, joined, bound)
	}
}

func variants(t *testing.T, plan logical.Node) map[string]logical.Node {
	out := map[string]logical.Node{"bounded": rules.Bounded(plan, nil)}
	for name, emit := range map[string]rules.Emit{"changes": rules.Changes, "on close": rules.CloseIfCan} {
		n, err := rules.Continuous(plan, rules.Config{Emit: emit})
		if err != nil {
			t.Fatal(err)
		}
		out[name] = n
	}
	return out
}

// result runs a plan to its end and adds its rows up.
func result(t *testing.T, plan logical.Node, tables map[uint64]plantest.Table) map[string]int64 {
	t.Helper()
	g, err := planner.Bounded(plan)
	if err != nil {
		t.Fatal(err)
	}
	out, err := plantest.Run(g, tables)
	if err != nil && strings.Contains(err.Error(), "no event time") {
		return nil // a row that an outer join padded is in no window
	}
	if err != nil {
		t.Fatal(err)
	}
	total := map[string]int64{}
	plantest.Each(out, plan.Schema(), "|", "NULL", func(row string, count int64) { total[row] += count })
	maps.DeleteFunc(total, func(_ string, n int64) bool { return n == 0 })
	return total
}

// random makes plans and rows from a seed.
type random struct {
	*rand.Rand
	t *testing.T
}

var columns = batch.Schema{
	{Name: "a", Type: batch.T(batch.Int64)},
	{Name: "b", Type: batch.T(batch.Int64)},
	{Name: "s", Type: batch.T(batch.Text)},
	{Name: "ts", Type: batch.T(batch.Timestamp)},
}

func (r *random) scan() logical.Node {
	return logical.NewScan(&logical.Relation{
		ID: 1 + r.Uint64N(2), Name: "r", Kind: logical.Source, Columns: columns, Watermark: 3,
	})
}

const second = int64(1_000_000)

// rows are small numbers with NULLs among them, and times within two minutes.
func (r *random) rows(n int) *batch.Batch {
	a, b, s, ts := &batch.Vec[int64]{}, &batch.Vec[int64]{}, &batch.TextVec{}, &batch.Vec[int64]{}
	for range n {
		a.Append(r.Int64N(4))
		if r.IntN(5) == 0 {
			b.AppendNull()
		} else {
			b.Append(r.Int64N(10))
		}
		s.AppendString(string(rune('x' + r.IntN(3))))
		ts.Append(r.Int64N(120) * second)
	}
	return &batch.Batch{N: n, Cols: []batch.Column{a, b, s, ts}, Time: 0}
}

// plan makes a tree of at most depth operators above a scan.
func (r *random) plan(depth int) logical.Node {
	if depth == 0 {
		return r.scan()
	}
	in := r.plan(depth - 1)
	switch r.IntN(11) {
	case 8, 9:
		return r.join(in, r.plan(min(depth-1, 1)))
	case 10:
		if right := r.plan(min(depth-1, 1)); sameTypes(in, right) {
			return &logical.SetOp{Left: in, Right: right, Except: r.IntN(2) == 0, All: r.IntN(2) == 0}
		}
		return in
	case 0, 1:
		return &logical.Filter{Input: in, Pred: r.predicate(in)}
	case 2, 3:
		return r.project(in)
	case 4:
		return r.windowed(in)
	case 5:
		return r.group(in, nil)
	case 6:
		return &logical.Distinct{Input: in}
	}
	return &logical.Union{Sides: []logical.Node{in, &logical.Filter{Input: in, Pred: r.predicate(in)}}}
}

func sameTypes(a, b logical.Node) bool {
	return slices.EqualFunc(a.Schema(), b.Schema(), func(a, b batch.Field) bool { return a.Type == b.Type })
}

// join joins on a random condition: equalities, bounds in time, comparisons.
func (r *random) join(left, right logical.Node) logical.Node {
	kinds := []join.Kind{join.Inner, join.Inner, join.Left, join.Right, join.Full, join.Semi, join.Anti}
	j := &logical.Join{Kind: kinds[r.IntN(len(kinds))], Left: left, Right: right}
	width := len(left.Schema())
	both := &logical.Values{Columns: j.Both()}
	var on []*expr.Node
	for _, kind := range []batch.Kind{batch.Int64, batch.Text, batch.Timestamp} {
		l, n := r.column(left, kind), r.column(right, kind)
		if l == nil || n == nil || r.IntN(3) == 0 {
			continue
		}
		n = logical.Shift(n, func(c int) int { return c + width })
		switch {
		case kind == batch.Timestamp:
			by := expr.Const(batch.T(batch.Interval), "00:00:15")
			on = append(on, r.call(">=", n, r.call("-", l, by)), r.call("<=", n, r.call("+", l, by)))
		case r.IntN(5) == 0:
			on = append(on, r.call("is not distinct from", l, n))
		default:
			on = append(on, r.call("=", l, n))
		}
	}
	if r.IntN(3) == 0 {
		on = append(on, r.predicate(both))
	}
	j.On = logical.And(on)
	return j
}

// column picks a column of a kind, or any; nil where there is none.
func (r *random) column(n logical.Node, kind batch.Kind) *expr.Node {
	s := n.Schema()
	for _, i := range r.Perm(len(s)) {
		if kind == batch.Unknown || s[i].Type.Kind == kind {
			return logical.Column(s, i)
		}
	}
	return nil
}

func (r *random) call(name string, args ...*expr.Node) *expr.Node {
	n, err := expr.Resolve(name, args)
	if err != nil {
		r.t.Fatal(err)
	}
	return n
}

func (r *random) number() *expr.Node {
	return expr.Const(batch.T(batch.Int64), fmt.Sprint(r.IntN(8)))
}

// predicate compares a number or a time, sometimes two of them.
func (r *random) predicate(n logical.Node) *expr.Node {
	var p *expr.Node
	if c := r.column(n, batch.Int64); c != nil && r.IntN(4) > 0 {
		p = r.call([]string{"<", ">=", "<>"}[r.IntN(3)], c, r.number())
	} else if c := r.column(n, batch.Timestamp); c != nil {
		p = r.call("<", c, expr.Literal(fmt.Sprintf("1970-01-01 00:01:%02d", r.IntN(60))))
	} else {
		p = expr.BoolConst(r.IntN(4) > 0)
	}
	if r.IntN(4) == 0 {
		return r.call([]string{"and", "or"}[r.IntN(2)], p, r.predicate(n))
	}
	return p
}

func (r *random) project(in logical.Node) logical.Node {
	p := &logical.Project{Input: in}
	for range 1 + r.IntN(4) {
		e := r.column(in, batch.Unknown)
		if e.Type.Kind == batch.Int64 && r.IntN(3) == 0 {
			e = r.call("+", e, r.call("*", r.number(), r.number()))
		}
		if e.Type.Kind == batch.Timestamp && r.IntN(3) == 0 {
			e = r.call("+", e, expr.Const(batch.T(batch.Interval), "00:00:05"))
		}
		p.Exprs, p.Names = append(p.Exprs, e), append(p.Names, fmt.Sprintf("c%d", len(p.Names)))
	}
	return p
}

// windowed assigns windows, and mostly groups by them.
func (r *random) windowed(in logical.Node) logical.Node {
	c := r.column(in, batch.Timestamp)
	if c == nil {
		return in
	}
	slide := (5 + r.Int64N(3)*5) * second
	var w logical.Node = &logical.Window{Input: in, Span: logical.Span{Time: c.Col, Size: slide * (1 + r.Int64N(3)), Slide: slide}}
	bounds := []int{len(in.Schema()), len(in.Schema()) + 1}[r.IntN(2):]
	if r.IntN(3) == 0 {
		w = &logical.Filter{Input: w, Pred: r.predicate(w)}
	}
	switch r.IntN(4) {
	case 0:
		return w
	case 1:
		return r.projectedGroup(w, bounds)
	}
	return r.group(w, bounds)
}

// projectedGroup groups by what a projection leaves of the window's bounds.
func (r *random) projectedGroup(w logical.Node, bounds []int) logical.Node {
	p := r.project(w).(*logical.Project)
	var keys []int
	for i, e := range p.Exprs {
		if slices.ContainsFunc(expr.Columns(e), func(c int) bool { return slices.Contains(bounds, c) }) {
			keys = append(keys, i)
		}
	}
	return r.group(p, keys)
}

func (r *random) group(in logical.Node, keys []int) logical.Node {
	s := in.Schema()
	g := &logical.Group{Input: in, Keys: slices.Clone(keys)}
	for _, c := range r.Perm(len(s))[:r.IntN(min(2, len(s))+1)] {
		if !slices.Contains(g.Keys, c) {
			g.Keys = append(g.Keys, c)
		}
	}
	g.Calls = append(g.Calls, agg.Call{Func: "count", Arg: -1, Filter: -1, Type: batch.T(batch.Int64)})
	if c := r.column(in, batch.Int64); c != nil {
		g.Calls = append(g.Calls, agg.Call{
			Func: []string{"min", "max"}[r.IntN(2)], Arg: c.Col, Filter: -1, ArgType: c.Type, Type: c.Type,
		})
	}
	if len(g.Keys) > 0 && r.IntN(4) == 0 {
		g.Calls = nil
	}
	for range g.Calls {
		g.Names = append(g.Names, fmt.Sprintf("g%d", len(g.Names)))
	}
	return g
}
