package exectest

import (
	"fmt"
	"testing"

	"github.com/dirigo-stream/dirigo/exec"
	"github.com/dirigo-stream/dirigo/exec/batch"
	"github.com/dirigo-stream/dirigo/exec/expr"
	"github.com/dirigo-stream/dirigo/exec/op"
	"github.com/dirigo-stream/dirigo/exec/state"
)

// unnestCase takes values of a type apart: values gives one and its elements;
// elements nil: the row is rejected.
func unnestCase(name string, u op.Unnest, values func(r *Rand) (value []any, elems []any, ok bool), types ...batch.Type) Case {
	types = append([]batch.Type{batch.T(batch.Int64)}, types...)
	inputs := [][]batch.Type{types}
	elemsOf := map[string][]any{}
	bad := map[string]bool{}
	gen := func(r *Rand) History {
		var h History
		for range r.IntN(60) {
			v, elems, ok := values(r)
			row := Row{Diff: 1 - 2*int64(r.IntN(2)), Values: append([]any{r.Int64N(3)}, v...)}
			elemsOf[row.String()] = elems
			bad[row.String()] = !ok
			h = append(h, Step{Row: &row})
			if r.Chance(7) {
				h = append(h, Step{})
			}
		}
		return append(h, Step{})
	}
	want := each(func(r *Row, out, rejects Bag) {
		elems := elemsOf[r.String()]
		if bad[r.String()] {
			rejects.Add(Text(append([]any{"expression"}, r.Values...)), 1)
			return
		}
		for i, e := range elems {
			out.Add(Text(append(append([]any{}, r.Values...), e, int64(i)+1)), r.Diff)
		}
		if len(elems) == 0 && u.Outer {
			out.Add(Text(append(append([]any{}, r.Values...), nil, nil)), r.Diff)
		}
	})
	u.Ordinality = true
	return Case{
		Name: name, Types: inputs, Time: -1, AnyTick: true, Origin: true, Gen: gen, Want: want,
		Make: func(home state.Home, reject exec.Rejecter) (exec.Operator, error) {
			return op.New(op.Spec{Unnest: &u}, op.Env{Inputs: inputs, Home: home, Rejecter: reject})
		},
	}
}

// TestUnnest: a row leaves once per element, whatever the fuel.
func TestUnnest(t *testing.T) {
	ints := batch.T(batch.Int64)
	array := batch.ArrayOf(ints)
	arrays := func(r *Rand) ([]any, []any, bool) {
		if r.Chance(6) {
			return []any{nil}, nil, true
		}
		b := batch.NewArrayBuilder(batch.Int64)
		var elems []any
		for range r.IntN(5) * r.IntN(20) / 4 {
			if r.Chance(9) {
				b.Null()
				elems = append(elems, nil)
				continue
			}
			v := r.Int64N(9)
			b.Add(&batch.Vec[int64]{Data: []int64{v}}, 0)
			elems = append(elems, v)
		}
		return []any{string(b.Append(nil))}, elems, true
	}
	jsons := func(r *Rand) ([]any, []any, bool) {
		text, elems := "[", []any(nil)
		for i := range r.IntN(6) {
			if i > 0 {
				text += ","
			}
			text += fmt.Sprintf(`"x%d"`, i)
			elems = append(elems, fmt.Sprint("x", i))
		}
		if text += "]"; r.Chance(5) {
			text, elems = "7", nil
		}
		v, err := new(batch.JSONBuilder).AppendJSON(nil, []byte(text))
		if err != nil {
			panic(err)
		}
		return []any{string(v)}, elems, text != "7"
	}
	numbers := func(r *Rand) ([]any, []any, bool) {
		from, to, step := r.Int64N(40)-20, r.Int64N(40)-20, r.Int64N(9)-4
		var elems []any
		for i := from; step > 0 && i <= to || step < 0 && i >= to; i += step {
			elems = append(elems, i)
		}
		return []any{from, to, step}, elems, step != 0
	}
	col := func(i int, t batch.Type) *expr.Node { return expr.Col(i, "v", t) }
	for _, outer := range []bool{false, true} {
		for _, c := range []Case{
			unnestCase("array", op.Unnest{Func: "unnest", Arg: col(1, array), Type: ints, Outer: outer}, arrays, array),
			unnestCase("jsonb", op.Unnest{Func: "jsonb_array_elements_text", Arg: col(1, batch.T(batch.JSONB)), Type: batch.T(batch.Text), Outer: outer}, jsons, batch.T(batch.JSONB)),
			unnestCase("series", op.Unnest{Func: "generate_series", Arg: col(1, ints), More: []*expr.Node{col(2, ints), col(3, ints)}, Type: ints, Outer: outer}, numbers, ints, ints, ints),
		} {
			t.Run(fmt.Sprint(c.Name, outer), func(t *testing.T) { attackMany(t, c, 20) })
		}
	}
}

// TestSeriesOfTimes: months are added one after the other, as PostgreSQL does;
// and the greatest number ends a series.
func TestSeriesOfTimes(t *testing.T) {
	day := int64(86_400_000_000)
	stamp, span := batch.T(batch.Timestamp), batch.T(batch.Interval)
	series := func(u op.Unnest, in []batch.Type, cols ...batch.Column) []any {
		o, err := op.New(op.Spec{Unnest: &u}, op.Env{Inputs: [][]batch.Type{in}})
		if err != nil {
			t.Fatal(err)
		}
		var got list
		more, err := o.Push(0, &batch.Batch{Cols: cols, N: 1}, &got, 2)
		for more && err == nil {
			more, err = o.Resume(&got, 2)
		}
		if err != nil {
			t.Fatal(err)
		}
		return got
	}
	u := op.Unnest{Func: "generate_series", Arg: expr.Col(0, "a", stamp), Type: stamp, More: []*expr.Node{expr.Col(1, "b", stamp), expr.Col(2, "c", span)}}
	got := series(u, []batch.Type{stamp, stamp, span}, &batch.Vec[int64]{Data: []int64{30 * day}}, &batch.Vec[int64]{Data: []int64{120 * day}}, &batch.Vec[batch.Span]{Data: []batch.Span{{Months: 1}}})
	if want := fmt.Sprint([]any{30 * day, 58 * day, 86 * day, 117 * day}); fmt.Sprint(got) != want { // 1970-01-31, 02-28, 03-28, 04-28
		t.Errorf("%v, want %v", got, want)
	}
	ints := batch.T(batch.Int64)
	u = op.Unnest{Func: "generate_series", Arg: expr.Col(0, "a", ints), Type: ints, More: []*expr.Node{expr.Col(1, "b", ints)}}
	got = series(u, []batch.Type{ints, ints}, &batch.Vec[int64]{Data: []int64{1<<63 - 3}}, &batch.Vec[int64]{Data: []int64{1<<63 - 1}})
	if len(got) != 3 {
		t.Errorf("%v, want three numbers", got)
	}
}

// list is the last columns of the rows that came.
type list []any

// Emit implements exec.Emitter.
func (l *list) Emit(b *batch.Batch) {
	for i := range b.N {
		v := Values(b, i)
		*l = append(*l, v[len(v)-1])
	}
}
