package exectest

import (
	"fmt"
	"testing"

	"github.com/dirigo-stream/dirigo/exec"
	"github.com/dirigo-stream/dirigo/exec/agg"
	"github.com/dirigo-stream/dirigo/exec/batch"
	"github.com/dirigo-stream/dirigo/exec/expr"
	"github.com/dirigo-stream/dirigo/exec/op"
	"github.com/dirigo-stream/dirigo/exec/state"
)

var smallTypes = []batch.Type{batch.T(batch.Int64), batch.T(batch.Text), batch.T(batch.Timestamp), batch.T(batch.Numeric)}

// smallGen makes narrow rows, on n inputs, that come and go.
func smallGen(inputs int, marks bool) func(*Rand) History {
	return func(r *Rand) History {
		var h History
		var live []Row
		for range r.IntN(250) {
			row := Row{Input: r.IntN(inputs), Diff: 1, Values: []any{
				r.Int64N(6) - 2, fmt.Sprint("t", r.IntN(3)), r.Int64N(60) - 20, batch.NewDecimal(r.Int64N(3)*10, int16(r.IntN(2))),
			}}
			for i := range row.Values {
				if r.Chance(12) {
					row.Values[i] = nil
				}
			}
			if marks && r.Chance(4) {
				row.Late = r.Int64N(20)
			}
			if len(live) > 0 && r.Chance(3) {
				row = live[r.IntN(len(live))]
				row.Diff = -row.Diff
			}
			live = append(live, row)
			h = append(h, Step{Row: &row})
			if r.Chance(7) {
				h = append(h, Step{Watermark: -100})
			}
		}
		return append(h, Step{Watermark: -100})
	}
}

// each makes a reference that maps every row to rows, or rejects it.
func each(f func(r *Row, out, rejects Bag)) func(History) (Bag, Bag) {
	return func(h History) (Bag, Bag) {
		out, rejects := Bag{}, Bag{}
		for _, s := range h {
			if s.Row != nil {
				f(s.Row, out, rejects)
			}
		}
		return out, rejects
	}
}

func specCase(name string, spec op.Spec, gen func(*Rand) History, want func(History) (Bag, Bag)) Case {
	inputs := [][]batch.Type{smallTypes, smallTypes}
	return Case{
		Name: name, Types: inputs, Time: 2, AnyTick: true, Origin: true, Gen: gen, Want: want,
		Make: func(home state.Home, reject exec.Rejecter) (exec.Operator, error) {
			return op.New(spec, op.Env{Inputs: inputs, Home: home, Rejecter: reject})
		},
	}
}

func node(t *testing.T, name string, args ...*expr.Node) *expr.Node {
	n, err := expr.Resolve(name, args)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func intCol() *expr.Node { return expr.Col(0, "a", smallTypes[0]) }

func bigint(n int64) *expr.Node { return expr.Const(batch.T(batch.Int64), fmt.Sprint(n)) }

func statelessCases(t *testing.T) []Case {
	positive := node(t, ">", intCol(), bigint(0))
	quotient := node(t, "/", bigint(12), intCol())
	hop := agg.Window{Time: 2, Size: 10, Slide: 4, Offset: 1, TimeType: smallTypes[2]}
	tumble := agg.Window{Time: 2, Size: 7, Slide: 7, TimeType: smallTypes[2]}
	gen := smallGen(1, false)
	return []Case{
		specCase("filter", op.Spec{Filter: positive}, gen, each(func(r *Row, out, _ Bag) {
			if v, ok := r.Values[0].(int64); ok && v > 0 {
				out.Add(r.String(), r.Diff)
			}
		})),
		specCase("filter with errors", op.Spec{Filter: node(t, ">", quotient, bigint(3))}, gen, each(func(r *Row, out, rejects Bag) {
			v, ok := r.Values[0].(int64)
			if ok && v == 0 {
				rejects.Add(Text(append([]any{"expression"}, r.Values...)), 1)
			} else if ok && 12/v > 3 {
				out.Add(r.String(), r.Diff)
			}
		})),
		specCase("project", op.Spec{Project: []*expr.Node{quotient, expr.Col(1, "b", smallTypes[1])}}, gen, each(func(r *Row, out, rejects Bag) {
			v, ok := r.Values[0].(int64)
			switch {
			case !ok:
				out.Add(Text([]any{nil, r.Values[1]}), r.Diff)
			case v == 0:
				rejects.Add(Text(append([]any{"expression"}, r.Values...)), 1)
			default:
				out.Add(Text([]any{12 / v, r.Values[1]}), r.Diff)
			}
		})),
		specCase("late", op.Spec{Late: &op.Late{Time: 2, Allowed: 5}}, smallGen(1, true), each(func(r *Row, out, rejects Bag) {
			switch {
			case r.Values[2] == nil:
				rejects.Add(Text(append([]any{"null_key"}, r.Values...)), 1)
			case r.Late > 5:
				rejects.Add(Text(append([]any{"late"}, r.Values...)), 1)
			default:
				out.Add(r.String(), r.Diff)
			}
		})),
		specCase("union", op.Spec{Union: true}, smallGen(2, false), each(func(r *Row, out, _ Bag) { out.Add(r.String(), r.Diff) })),
		specCase("tumble", op.Spec{Window: &op.Window{Window: tumble}}, gen, each(assigned(tumble))),
		specCase("hop", op.Spec{Window: &op.Window{Window: hop}}, gen, each(assigned(hop))),
	}
}

func assigned(w agg.Window) func(r *Row, out, rejects Bag) {
	return func(r *Row, out, rejects Bag) {
		at, ok := r.Values[2].(int64)
		if !ok {
			rejects.Add(Text(append([]any{"null_key"}, r.Values...)), 1)
			return
		}
		for i := int64(-100); i < 100; i++ {
			if s := w.Offset + i*w.Slide; s <= at && at < s+w.Size {
				out.Add(Text(append(append([]any{}, r.Values...), s, s+w.Size)), r.Diff)
			}
		}
	}
}

// TestStateless: which rows come out, and which are rejected, does not depend
// on how the rows came.
func TestStateless(t *testing.T) {
	for _, c := range statelessCases(t) {
		t.Run(c.Name, func(t *testing.T) { attackMany(t, c, 100) })
	}
}

func relationCases() []Case {
	sum := each(func(r *Row, out, _ Bag) { out.Add(r.String(), r.Diff) })
	distinct := func(h History) (Bag, Bag) {
		counts := Bag{}
		for _, s := range h {
			if s.Row != nil {
				counts.Add(s.Row.String(), s.Row.Diff)
			}
		}
		out := Bag{}
		for row, n := range counts {
			if n > 0 {
				out.Add(row, 1)
			}
		}
		return out, Bag{}
	}
	whole := op.Spec{Materialize: &op.Materialize{Types: smallTypes}}
	keyed := op.Spec{Materialize: &op.Materialize{Types: smallTypes, Key: []int{0, 3}}}
	plain := func(r *Rand) History { // equal numerics of one scale: which one names the group is not defined
		h := smallGen(1, false)(r)
		for _, s := range h {
			if s.Row != nil {
				s.Row.Values[3] = nil
			}
		}
		return h
	}
	return []Case{
		specCase("distinct", op.Spec{Distinct: true}, plain, distinct),
		specCase("materialize", whole, smallGen(1, false), sum),
		specCase("materialize by key", keyed, smallGen(1, false), sum),
		wideMaterialize(),
	}
}

func wideMaterialize() Case {
	gen := groupGen(true, 20000, 2500)
	c := Case{
		Name: "wide materialize", Types: [][]batch.Type{groupTypes}, Time: colTime, AnyTick: true, Gen: gen, Final: true,
		Want: each(func(r *Row, out, _ Bag) { out.Add(r.String(), r.Diff) }),
	}
	c.Make = func(home state.Home, reject exec.Rejecter) (exec.Operator, error) {
		spec := op.Spec{Materialize: &op.Materialize{Types: groupTypes, Key: []int{colKey}}}
		return op.New(spec, op.Env{Inputs: c.Types, Home: home, Rejecter: reject})
	}
	return c
}

// TestRelations: the consolidated output of the operators that keep whole rows.
func TestRelations(t *testing.T) {
	for _, c := range relationCases() {
		t.Run(c.Name, func(t *testing.T) { attackMany(t, c, 60) })
	}
}
