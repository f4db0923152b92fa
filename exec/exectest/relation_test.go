package exectest

import (
	"fmt"
	"testing"

	"github.com/dirigo-stream/dirigo/exec"
	"github.com/dirigo-stream/dirigo/exec/batch"
	"github.com/dirigo-stream/dirigo/exec/join"
	"github.com/dirigo-stream/dirigo/exec/op"
	"github.com/dirigo-stream/dirigo/exec/state"
)

// setGen makes rows of few values on two inputs, that come and go.
func setGen(r *Rand) History {
	var h History
	for range r.IntN(400) {
		row := Row{Input: r.IntN(2), Diff: []int64{1, 1, 1, -1, 2}[r.IntN(5)], Values: []any{r.Int64N(9), fmt.Sprint(r.Int64N(3)), nil, batch.NewDecimal(r.Int64N(2), 1)}}
		if r.Chance(9) {
			row.Values[0] = nil
		}
		h = append(h, Step{Row: &row})
		if r.Chance(9) {
			h = append(h, Step{})
		}
	}
	return append(h, Step{})
}

func setWant(s op.SetOp) func(History) (Bag, Bag) {
	return func(h History) (Bag, Bag) {
		in, out := [2]Bag{{}, {}}, Bag{}
		for _, st := range h {
			if st.Row != nil {
				in[st.Row.Input].Add(st.Row.String(), st.Row.Diff)
			}
		}
		for row, l := range in[0] {
			r := max(0, in[1][row])
			switch l = max(0, l); {
			case s.All && s.Except:
				out.Add(row, max(0, l-r))
			case s.All:
				out.Add(row, min(l, r))
			case l > 0 && (r > 0) != s.Except:
				out.Add(row, 1)
			}
		}
		return out, Bag{}
	}
}

// TestSetOps: INTERSECT and EXCEPT over rows that come and go.
func TestSetOps(t *testing.T) {
	for v := range 4 {
		s := op.SetOp{Types: smallTypes, Except: v&1 > 0, All: v&2 > 0}
		c := specCase(fmt.Sprintf("except %v all %v", s.Except, s.All), op.Spec{SetOp: &s}, setGen, setWant(s))
		t.Run(c.Name, func(t *testing.T) { attackMany(t, c, 40) })
	}
}

// upsertGen makes records by key, few or many, in ticks of some length.
func upsertGen(r *Rand) History {
	var h History
	keys, every := int64(1+r.IntN(300)), 1+r.IntN(400)
	for range r.IntN(3000) {
		row := Row{Diff: 1, Values: []any{r.Int64N(keys), fmt.Sprint(r.Int64N(3)), r.Int64N(2000), batch.NewDecimal(1, 0)}}
		if r.Chance(9) {
			row.Values[0] = nil
		}
		if r.Chance(5) {
			row.Diff = -1
			row.Values[2], row.Values[3] = nil, nil
		}
		h = append(h, Step{Row: &row})
		if r.Chance(every) {
			h = append(h, Step{})
		}
	}
	return append(h, Step{})
}

// TestUpsert: of the records of a key the last one is there.
func TestUpsert(t *testing.T) {
	want := func(h History) (Bag, Bag) {
		last, out := map[string]*Row{}, Bag{}
		for _, s := range h {
			if s.Row != nil {
				last[Text(s.Row.Values[:2])] = s.Row
			}
		}
		for _, row := range last {
			if row.Diff > 0 {
				out.Add(row.String(), 1)
			}
		}
		return out, Bag{}
	}
	c := specCase("upsert", op.Spec{Upsert: &op.Upsert{Types: smallTypes, Key: []int{0, 1}}}, upsertGen, want)
	c.Final = true
	attackMany(t, c, 60)
}

// TestUpsertIsQuiet: a tick sends nothing of a key whose row is what it was, and
// one pair of changes of any other.
func TestUpsertIsQuiet(t *testing.T) {
	o, err := op.New(op.Spec{Upsert: &op.Upsert{Types: smallTypes[:2], Key: []int{0}}}, op.Env{})
	if err != nil {
		t.Fatal(err)
	}
	rows := &counter{}
	for tick := range 3 {
		b := &batch.Batch{Time: batch.MaxTime}
		keys, texts := &batch.Vec[int64]{}, &batch.TextVec{}
		for i := range int64(5000) { // one key has thousands of versions in a tick
			keys.Append(i % 2 * (i % 7))
			texts.AppendString(fmt.Sprint(i, tick*int(i%2)))
		}
		b.Cols, b.N = []batch.Column{keys, texts}, 5000
		if more, err := o.Push(0, b, rows, 1<<20); more || err != nil {
			t.Fatal(more, err)
		}
		if more, err := o.Advance(exec.Frontier{}, rows, 1<<20); more || err != nil {
			t.Fatal(more, err)
		}
		if want := []int{7, 12, 12}[tick]; rows.n != want {
			t.Errorf("tick %d: %d changes, want %d", tick, rows.n, want)
		}
		rows.n = 0
	}
}

// counter counts rows.
type counter struct{ n int }

// Emit implements exec.Emitter.
func (c *counter) Emit(b *batch.Batch) { c.n += b.Rows() }

// temporalCase: a table that changes on input 1, rows on input 0.
func temporalCase(spec join.Temporal) Case {
	spec.Left, spec.Right = smallTypes, smallTypes
	spec.Output = []int{0, 1, 2, 4, 5, 6}
	inputs := [][]batch.Type{smallTypes, smallTypes}
	key := spec.RightKey[0]
	gen := func(r *Rand) History {
		var h History
		table := map[any]*Row{}
		for range r.IntN(300) {
			row := Row{Input: r.IntN(2), Diff: 1, Values: []any{r.Int64N(12), fmt.Sprint(r.Int64N(9)), r.Int64N(60), nil}}
			if row.Input == 0 && r.Chance(8) {
				row.Values[key] = nil
			}
			if old := table[row.Values[key]]; row.Input == 1 && old != nil {
				gone := *old
				gone.Diff = -1
				h = append(h, Step{Row: &gone})
			}
			if row.Input == 1 {
				table[row.Values[key]] = &row
			}
			h = append(h, Step{Row: &row})
			if r.Chance(7) {
				h = append(h, Step{})
			}
		}
		return append(h, Step{})
	}
	want := func(h History) (Bag, Bag) {
		out, table := Bag{}, Bag{}
		rows := map[string][]any{}
		for from, i := 0, 0; i < len(h); i++ {
			if h[i].Row != nil {
				if r := h[i].Row; r.Input == 1 {
					table.Add(r.String(), r.Diff)
					rows[r.String()] = r.Values
				}
				continue
			}
			for ; from < i; from++ {
				l := h[from].Row
				if l == nil || l.Input == 1 {
					continue
				}
				found := false
				for text := range table {
					if r := rows[text]; r[key] == l.Values[key] {
						out.Add(Text(append(append([]any{}, l.Values[:3]...), r[:3]...)), 1)
						found = true
					}
				}
				if !found && spec.Kind == join.Left {
					out.Add(Text(append(append([]any{}, l.Values[:3]...), nil, nil, nil)), 1)
				}
			}
		}
		return out, Bag{}
	}
	return Case{
		Name: fmt.Sprintf("temporal %s", spec.Kind), Types: inputs, Time: -1, Gen: gen, Want: want,
		Make: func(home state.Home, _ exec.Rejecter) (exec.Operator, error) {
			return op.New(op.Spec{Temporal: &spec}, op.Env{Inputs: inputs, Home: home})
		},
	}
}

// TestTemporal: a row gets what the table has at the end of its tick, for good.
func TestTemporal(t *testing.T) {
	for _, kind := range []join.Kind{join.Inner, join.Left} {
		for key := range 2 {
			c := temporalCase(join.Temporal{Kind: kind, LeftKey: []int{key}, RightKey: []int{key}})
			t.Run(fmt.Sprint(c.Name, key), func(t *testing.T) { attackMany(t, c, 60) })
		}
	}
}
