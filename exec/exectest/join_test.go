package exectest

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/dirigo-stream/dirigo/exec"
	"github.com/dirigo-stream/dirigo/exec/batch"
	"github.com/dirigo-stream/dirigo/exec/expr"
	"github.com/dirigo-stream/dirigo/exec/join"
	"github.com/dirigo-stream/dirigo/exec/op"
	"github.com/dirigo-stream/dirigo/exec/state"
)

// The columns of the rows that joins are attacked with, on both inputs.
const (
	joinInt = iota
	joinText
	joinNum
	joinValue
	joinTime
	joinWidth
)

var joinTypes = []batch.Type{batch.T(batch.Int64), batch.T(batch.Text), batch.T(batch.Numeric), batch.T(batch.Int64), batch.T(batch.Timestamp)}

const joinSecond = 1_000_000

// joinGen makes rows on two inputs over a few keys. Those of an updating input
// are taken back later, or before they come. Rows stand at or after the
// watermark of their input.
func joinGen(j join.Join, keys, size int) func(r *Rand) History {
	updating := [2]bool{j.LeftUpdating, j.RightUpdating}
	return func(r *Rand) History {
		var h History
		var live [2][]Row
		marks := []int64{0, 0}
		keys := int64(1 + r.IntN(keys))
		for range r.IntN(size) {
			in := r.IntN(2)
			row := joinRow(r, keys, marks[in])
			row.Input = in
			at := -1
			if updating[in] && len(live[in]) > 0 && r.Chance(3) {
				at = r.IntN(len(live[in]))
				if t, ok := live[in][at].Values[joinTime].(int64); j.Bound != nil && ok && t < marks[in] {
					at = -1
				}
			}
			switch {
			case at >= 0:
				row = live[in][at]
				row.Diff = -row.Diff
				live[in][at] = live[in][len(live[in])-1]
				live[in] = live[in][:len(live[in])-1]
			default:
				if row.Diff = 1; r.Chance(8) {
					row.Diff = 2
				}
				if updating[in] && r.Chance(10) {
					row.Diff = -1
				}
				live[in] = append(live[in], row)
			}
			h = append(h, Step{Row: &row})
			if r.Chance(6) {
				marks = []int64{marks[0], marks[1]}
				marks[r.IntN(2)] += r.Int64N(5) * joinSecond
				h = append(h, Step{Watermark: min(marks[0], marks[1]), In: marks})
			}
		}
		return append(h, Step{Watermark: batch.MaxTime, In: []int64{batch.MaxTime, batch.MaxTime}})
	}
}

func joinRow(r *Rand, keys, mark int64) Row {
	null := func(v any) any {
		if r.Chance(9) {
			return nil
		}
		return v
	}
	return Row{Values: []any{
		null(r.Int64N(keys)), null(fmt.Sprint("k", r.Int64N(2))), null(batch.NewDecimal(r.Int64N(keys)*10, int16(1+r.IntN(2)))),
		null(r.Int64N(5)), null(mark + r.Int64N(80)*joinSecond/10),
	}}
}

// joinBag is the rows of one input with their counts.
type joinBag map[string]*Row

func (b joinBag) add(r *Row) {
	k := r.String()
	if b[k] == nil {
		c := *r
		c.Diff = 0
		b[k] = &c
	}
	b[k].Diff += r.Diff
}

// joinWant joins all rows naively.
func joinWant(j join.Join) func(History) (Bag, Bag) {
	return func(h History) (Bag, Bag) {
		in := [2]joinBag{{}, {}}
		for _, s := range h {
			if s.Row != nil {
				in[s.Row.Input].add(s.Row)
			}
		}
		out := Bag{}
		nulls := make([]any, joinWidth)
		sums := map[*Row]int64{}
		emit := func(l, r []any, n int64) {
			both := append(append([]any{}, l...), r...)
			row := make([]any, len(j.Output))
			for i, c := range j.Output {
				row[i] = both[c]
			}
			out.Add(Text(row), n)
		}
		total, withNull := int64(0), int64(0)
		for _, r := range in[1] {
			total += r.Diff
			if len(j.RightKey) > 0 && r.Values[j.RightKey[0]] == nil {
				withNull += r.Diff
			}
			for _, l := range in[0] {
				if !joinMatch(j, l.Values, r.Values) {
					continue
				}
				sums[l] += r.Diff
				sums[r] += l.Diff
				if j.Kind == join.Inner || j.Kind == join.Left || j.Kind == join.Right || j.Kind == join.Full {
					emit(l.Values, r.Values, l.Diff*r.Diff)
				}
			}
		}
		for _, l := range in[0] {
			matched := sums[l] > 0
			switch j.Kind {
			case join.Left, join.Full, join.Anti:
				matched = !matched
			case join.NullAnti:
				matched = total <= 0 || withNull <= 0 && l.Values[j.LeftKey[0]] != nil && !matched
			case join.Semi:
			default:
				matched = false
			}
			if matched {
				emit(l.Values, nulls, l.Diff)
			}
		}
		for _, r := range in[1] {
			if (j.Kind == join.Right || j.Kind == join.Full) && sums[r] <= 0 {
				emit(nulls, r.Values, r.Diff)
			}
		}
		return out, Bag{}
	}
}

func joinMatch(j join.Join, l, r []any) bool {
	for i, k := range j.LeftKey {
		a, b := l[k], r[j.RightKey[i]]
		if a == nil || b == nil {
			if j.NullEqual != nil && j.NullEqual[i] && a == nil && b == nil {
				continue
			}
			return false
		}
		if x, ok := a.(batch.Decimal); ok {
			if x.Cmp(b.(batch.Decimal)) != 0 {
				return false
			}
		} else if a != b {
			return false
		}
	}
	if b := j.Bound; b != nil {
		lt, ok := l[b.LeftTime].(int64)
		rt, also := r[b.RightTime].(int64)
		if !ok || !also || rt-lt < b.Low || rt-lt > b.High {
			return false
		}
	}
	if j.On != nil {
		a, ok := l[joinValue].(int64)
		b, also := r[joinValue].(int64)
		return ok && also && a < b
	}
	return true
}

func joinOutput(kind join.Kind) []int {
	if kind == join.Semi || kind == join.Anti || kind == join.NullAnti {
		return []int{joinText, joinInt, joinNum, joinValue, joinTime}
	}
	return []int{joinInt, joinNum, joinValue, joinWidth + joinText, joinWidth + joinInt, joinWidth + joinValue, joinTime, joinWidth + joinNum}
}

func joinCase(j join.Join, keys, size int) Case {
	j.Left, j.Right = joinTypes, joinTypes
	if j.Output == nil {
		j.Output = joinOutput(j.Kind)
	}
	name := fmt.Sprintf("%s keys %v null %v on %v updating %v %v", j.Kind, j.LeftKey, j.NullEqual, j.On != nil, j.LeftUpdating, j.RightUpdating)
	if j.Bound != nil {
		name += fmt.Sprintf(" bound %d to %d s, close %v", j.Bound.Low/joinSecond, j.Bound.High/joinSecond, j.Bound.OnClose)
	}
	inputs := [][]batch.Type{joinTypes, joinTypes}
	return Case{
		Name: name, Types: inputs, Time: joinTime, AnyTick: true,
		Final: j.Bound != nil && j.Bound.OnClose,
		Gen:   joinGen(j, keys, size), Want: joinWant(j),
		Make: func(home state.Home, _ exec.Rejecter) (exec.Operator, error) {
			return op.New(op.Spec{Join: &j}, op.Env{Inputs: inputs, Home: home})
		},
	}
}

func joinOn(t testing.TB) *expr.Node {
	n, err := expr.Resolve("<", []*expr.Node{expr.Col(joinValue, "a", joinTypes[joinValue]), expr.Col(joinWidth+joinValue, "b", joinTypes[joinValue])})
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// joinVariants are the specs of a kind.
func joinVariants(t testing.TB, kind join.Kind) (out []join.Join) {
	keys := [][]int{{joinInt}, {joinText, joinNum}, nil}
	bounds := []*join.Bound{nil, {Low: -2 * joinSecond, High: 3 * joinSecond}, {}}
	for _, key := range keys {
		for v := range 1 << 4 {
			for _, b := range bounds {
				j := join.Join{Kind: kind, LeftKey: key, RightKey: key, LeftUpdating: v&1 > 0, RightUpdating: v&2 > 0}
				if v&4 > 0 {
					j.On = joinOn(t)
				}
				if v&8 > 0 && key != nil {
					j.NullEqual = make([]bool, len(key))
					j.NullEqual[0] = true
				}
				if b != nil {
					c := *b
					c.LeftTime, c.RightTime = joinTime, joinTime
					c.OnClose = v&11 == 0 || v&11 == 8
					j.Bound = &c
				}
				if kind == join.NullAnti && (j.On != nil || j.NullEqual != nil || j.Bound != nil || len(key) != 1) {
					continue
				}
				out = append(out, j)
			}
		}
	}
	return out
}

// TestJoins: what comes out of a join is what all rows joined at once give.
func TestJoins(t *testing.T) {
	for _, kind := range []join.Kind{join.Inner, join.Left, join.Right, join.Full, join.Semi, join.Anti, join.NullAnti} {
		t.Run(strings.ReplaceAll(string(kind), " ", "_"), func(t *testing.T) {
			for i, j := range joinVariants(t, kind) {
				if os.Getenv("EXECTEST_SEEDS") != "" {
					attackMany(t, joinCase(j, 6, 120), 0)
				} else if _, err := Attack(joinCase(j, 6, 120), uint64(i)); err != nil {
					t.Fatal(err)
				}
			}
		})
	}
}

// TestJoinsWithTTL: rows that are young enough stay.
func TestJoinsWithTTL(t *testing.T) {
	for _, kind := range []join.Kind{join.Inner, join.Full, join.Semi, join.Anti} {
		for v := range 4 {
			j := join.Join{Kind: kind, LeftKey: []int{joinInt}, RightKey: []int{joinInt}, LeftUpdating: v&1 > 0, RightUpdating: v&2 > 0, TTL: 1_000_000}
			t.Run(joinCase(j, 1, 1).Name, func(t *testing.T) { attackMany(t, joinCase(j, 6, 200), 5) })
		}
	}
}

// TestJoinsAreQuiet: what matches come and go within a tick leaves no trace in
// the rows that are output by themselves.
func TestJoinsAreQuiet(t *testing.T) {
	for _, kind := range []join.Kind{join.Left, join.Semi, join.Anti, join.NullAnti} {
		c := joinCase(join.Join{Kind: kind, LeftKey: []int{0}, RightKey: []int{0}, RightUpdating: true}, 1, 1)
		o, err := c.Make(state.Home{}, nil)
		if err != nil {
			t.Fatal(err)
		}
		pl := &player{c: c, p: Plan{Fuel: 1024}, r: NewRand(1), op: o, out: Bag{}}
		step := func(in int, key, diff int64) {
			row := Row{Input: in, Diff: diff, Values: []any{key, nil, nil, nil, nil}}
			if err := pl.push([]Step{{Row: &row}}); err != nil {
				t.Fatal(err)
			}
		}
		tick := func() {
			if err := pl.frontier(Step{}, false); err != nil {
				t.Fatal(err)
			}
		}
		step(1, 5, 1)
		for key := range int64(10) {
			step(0, key, 1)
		}
		tick()
		rows := &counter{}
		o, pl.op = nil, &silent{Operator: pl.op, count: rows}
		for key := range int64(10) {
			if key != 5 {
				step(1, key, 1)
				step(1, key, -1)
			} else {
				step(1, key, -1)
				step(1, key, 1)
			}
		}
		before := rows.n
		tick()
		if rows.n != before {
			t.Errorf("%s: %d rows left with a tick that changed nothing", kind, rows.n-before)
		}
		if kind != join.Left && before > 0 {
			t.Errorf("%s: %d rows left before the tick was complete", kind, before)
		}
	}
}

// silent counts what an operator emits.
type silent struct {
	exec.Operator
	count *counter
}

// Push implements exec.Operator.
func (s *silent) Push(in int, b *batch.Batch, _ exec.Emitter, fuel int) (bool, error) {
	return s.Operator.Push(in, b, s.count, fuel)
}

// Advance implements exec.Operator.
func (s *silent) Advance(f exec.Frontier, _ exec.Emitter, fuel int) (bool, error) {
	return s.Operator.Advance(f, s.count, fuel)
}

// brokenJoin is a join with one fault.
type brokenJoin struct {
	*join.Joiner
	fault string
	skip  int
}

// Push implements exec.Operator.
func (b *brokenJoin) Push(in int, x *batch.Batch, out exec.Emitter, fuel int) (bool, error) {
	switch y := *x; b.fault {
	case "selection":
		y.Sel = nil
		x = &y
	case "retraction":
		y.Diff = nil
		x = &y
	case "null":
		if v, ok := y.Cols[joinInt].(*batch.Vec[int64]); ok {
			y.Cols = append([]batch.Column{&batch.Vec[int64]{Data: v.Data}}, y.Cols[1:]...)
			x = &y
		}
	}
	return b.Joiner.Push(in, x, out, fuel)
}

// Resume implements exec.Operator.
func (b *brokenJoin) Resume(out exec.Emitter, fuel int) (bool, error) {
	more, err := b.Joiner.Resume(out, fuel)
	if b.fault == "fuel" {
		more = false
	}
	return more, err
}

// Advance implements exec.Operator.
func (b *brokenJoin) Advance(f exec.Frontier, out exec.Emitter, fuel int) (bool, error) {
	if b.fault == "watermark" { // those of the inputs taken for each other, and ahead
		f.In = []int64{f.In[1] + 5*joinSecond, f.In[0] + 5*joinSecond}
	}
	if b.skip++; b.fault == "tick" && b.skip%3 == 0 {
		return false, nil
	}
	return b.Joiner.Advance(f, out, fuel)
}

// Freeze implements exec.Sealer.
func (b *brokenJoin) Freeze() exec.Frozen {
	if f := b.Joiner.Freeze(); b.fault == "seal" {
		return halfFrozen{f}
	} else {
		return f
	}
}

// TestJoinControls: each fault that a join may have is caught.
func TestJoinControls(t *testing.T) {
	for _, fault := range []string{"", "selection", "retraction", "null", "fuel", "watermark", "tick", "seal"} {
		j := join.Join{Kind: join.Left, LeftKey: []int{joinInt}, RightKey: []int{joinInt}, LeftUpdating: true, RightUpdating: true}
		j.Bound = &join.Bound{LeftTime: joinTime, RightTime: joinTime, Low: -2 * joinSecond, High: 2 * joinSecond}
		c := joinCase(j, 6, 200)
		make := c.Make
		c.Make = func(home state.Home, reject exec.Rejecter) (exec.Operator, error) {
			o, err := make(home, reject)
			if err != nil {
				return nil, err
			}
			return &brokenJoin{Joiner: o.(*join.Joiner), fault: fault}, nil
		}
		caught := 0
		for seed := range uint64(25) {
			if _, err := Attack(c, seed); err != nil {
				caught++
			}
		}
		t.Logf("fault %q: caught by %d of 25 seeds", fault, caught)
		if (fault == "") != (caught == 0) {
			t.Errorf("fault %q: caught by %d of 25 seeds", fault, caught)
		}
	}
}

// TestJoinsOfManyRows: keys of many rows lie in many places.
func TestJoinsOfManyRows(t *testing.T) {
	for _, kind := range []join.Kind{join.Inner, join.Left, join.Full, join.Semi} {
		for v := range 4 {
			j := join.Join{Kind: kind, LeftKey: []int{joinInt}, RightKey: []int{joinInt}, LeftUpdating: v&1 > 0, RightUpdating: v&2 > 0}
			if kind == join.Inner && v == 0 {
				j.LeftKey, j.RightKey = nil, nil
			}
			c := joinCase(j, 2, 1200)
			c.Final = true
			t.Run(c.Name, func(t *testing.T) {
				if os.Getenv("EXECTEST_SEEDS") != "" {
					attackMany(t, c, 0)
				} else if _, err := Attack(c, uint64(v)+uint64(len(kind))); err != nil {
					t.Fatal(err)
				}
			})
		}
	}
}
