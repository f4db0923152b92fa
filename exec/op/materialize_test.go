package op

import (
	"fmt"
	"testing"

	"github.com/dirigo-stream/dirigo/exec"
	"github.com/dirigo-stream/dirigo/exec/batch"
	"github.com/dirigo-stream/dirigo/exec/expr"
	"github.com/dirigo-stream/dirigo/exec/state"
)

type sink struct{ got []string }

func (s *sink) Emit(b *batch.Batch) {
	b = b.Compact()
	for i := range b.N {
		s.got = append(s.got, rowText(b, i))
	}
}

func rowText(b *batch.Batch, i int) string {
	text := fmt.Sprintf("%+d", b.DiffAt(i))
	for _, c := range b.Cols {
		switch c := c.(type) {
		case *batch.Vec[int64]:
			text += fmt.Sprint(" ", c.Data[i])
		case *batch.TextVec:
			text += " " + string(c.At(i))
		}
		if batch.IsNull(c, i) {
			text += "(null)"
		}
	}
	return text
}

func rowsBatch(diffs []int64, ints []int64, texts ...string) *batch.Batch {
	b := &batch.Batch{N: len(ints), Diff: diffs, Time: batch.MaxTime}
	col := &batch.TextVec{}
	for _, s := range texts {
		col.AppendString(s)
	}
	b.Cols = []batch.Column{&batch.Vec[int64]{Data: ints}, col}
	return b
}

var pairTypes = []batch.Type{batch.T(batch.Int64), batch.T(batch.Text)}

func drain(t *testing.T, s *Snapshot) map[string]bool {
	t.Helper()
	out := map[string]bool{}
	for {
		b, err := s.Next(3)
		if err != nil {
			t.Fatal(err)
		}
		if b == nil {
			return out
		}
		for i := range b.N {
			out[rowText(b, i)] = true
		}
	}
}

// TestSnapshotAtTicks: a snapshot shows the last frontier, neither the changes
// of a tick that is not over nor those that come while it is read.
func TestSnapshotAtTicks(t *testing.T) {
	m, err := newMaterialized(Materialize{Types: pairTypes, Key: []int{0}}, state.Home{})
	if err != nil {
		t.Fatal(err)
	}
	out := &sink{}
	tick := func() {
		t.Helper()
		if more, err := m.Advance(exec.Frontier{}, out, 100); more || err != nil {
			t.Fatal(more, err)
		}
	}
	push := func(b *batch.Batch) {
		t.Helper()
		if more, err := m.Push(0, b, out, 100); more || err != nil {
			t.Fatal(more, err)
		}
	}
	push(rowsBatch(nil, []int64{1, 2, 2}, "a", "b", "b"))
	if got := drain(t, m.Snapshot()); len(got) != 0 {
		t.Errorf("before the first frontier there is %v", got)
	}
	tick()
	// The new row of key 1 comes before the old one is taken back.
	push(rowsBatch([]int64{1, -1}, []int64{1, 3}, "z", "c"))
	push(rowsBatch([]int64{-1}, []int64{1}, "a"))
	snap := m.Snapshot()
	tick()
	push(rowsBatch([]int64{-2}, []int64{2}, "b"))
	if got := drain(t, snap); len(got) != 2 || !got["+1 1 a"] || !got["+2 2 b"] {
		t.Errorf("at the first frontier: %v", got)
	}
	if got := drain(t, m.Snapshot()); len(got) != 2 || !got["+1 1 z"] || !got["+2 2 b"] {
		t.Errorf("at the second frontier (the row that is yet to come is not there): %v", got)
	}
	tick()
	for _, key := range []int64{1, 2, 9} {
		b, err := m.Lookup(rowsBatch(nil, []int64{key}, "ignored").Cols[:1], 0)
		if err != nil {
			t.Fatal(err)
		}
		if found := b != nil; found != (key == 1) || found && rowText(b, 0) != "+1 1 z" {
			t.Errorf("lookup of %d: %v", key, b)
		}
	}
}

func runToEnd(t *testing.T, o exec.Operator, fuel int, in ...*batch.Batch) []string {
	t.Helper()
	out := &sink{}
	step := func(more bool, err error) {
		for more && err == nil {
			more, err = o.Resume(out, fuel)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, b := range in {
		step(o.Push(0, b, out, fuel))
	}
	step(o.Advance(exec.Frontier{}, out, fuel))
	return out.got
}

// TestSort: order, NULLs, counts, offset and limit, at any fuel.
func TestSort(t *testing.T) {
	in := func() *batch.Batch {
		b := rowsBatch([]int64{1, 2, 1, 1, 1, -1}, []int64{3, 1, 2, 0, 2, 2}, "c", "a", "b", "n", "x", "x")
		b.Cols[0].(*batch.Vec[int64]).Null = []bool{false, false, false, true, false, false}
		return b
	}
	for _, c := range []struct {
		spec Sort
		want string
	}{
		{Sort{Keys: []SortKey{{Col: 0}}, Limit: -1}, "[+1 1 a +1 1 a +1 2 b +1 3 c +1 0 n(null)]"},
		{Sort{Keys: []SortKey{{Col: 0, Desc: true, NullsFirst: true}}, Limit: 2, Offset: 1}, "[+1 3 c +1 2 b]"},
		{Sort{Keys: []SortKey{{Col: 1, Desc: true}}, Limit: 1}, "[+1 0 n(null)]"},
		{Sort{Limit: 3}, "[+1 3 c +1 1 a +1 1 a]"},
		{Sort{Limit: 0}, "[]"},
	} {
		for _, fuel := range []int{1, 1000} {
			c.spec.Types = pairTypes
			o, err := New(Spec{Sort: &c.spec}, Env{Inputs: [][]batch.Type{pairTypes}})
			if err != nil {
				t.Fatal(err)
			}
			b := in()
			got := fmt.Sprint(runToEnd(t, o, fuel, b))
			if want := c.want; fixNulls(got) != want {
				t.Errorf("%+v: %s, want %s", c.spec, got, want)
			}
		}
	}
}

// fixNulls writes the NULL's place in column one, which fmt puts before the text.
func fixNulls(s string) string {
	out := []byte{}
	const from, to = "0(null) n", "0 n(null)"
	for i := 0; i < len(s); i++ {
		if len(s)-i >= len(from) && s[i:i+len(from)] == from {
			out = append(out, to...)
			i += len(from) - 1
			continue
		}
		out = append(out, s[i])
	}
	return string(out)
}

// TestSortCuts: with a limit, a long input is cut on the way without harm.
func TestSortCuts(t *testing.T) {
	o := &sorter{spec: Sort{Types: pairTypes, Keys: []SortKey{{Col: 0}}, Limit: 3}}
	var in []*batch.Batch
	for i := range 100 {
		ints, texts := make([]int64, 100), make([]string, 100)
		for j := range ints {
			ints[j], texts[j] = int64((i*100+j)*7919%10007), "x"
		}
		in = append(in, rowsBatch(nil, ints, texts...))
	}
	got := runToEnd(t, o, 1000, in...)
	if fmt.Sprint(got) != "[+1 0 x +1 1 x +1 2 x]" || len(o.times) > 5000 {
		t.Errorf("%v, %d rows kept", got, len(o.times))
	}
}

// TestValues: constant rows leave once.
func TestValues(t *testing.T) {
	row := func(n, s string) []*expr.Node {
		return []*expr.Node{expr.Const(pairTypes[0], n), expr.Const(pairTypes[1], s)}
	}
	o, err := New(Spec{Values: &Values{Types: pairTypes, Rows: [][]*expr.Node{row("1", "a"), row("2", "b")}}}, Env{})
	if err != nil {
		t.Fatal(err)
	}
	if got := fmt.Sprint(runToEnd(t, o, 1)); got != "[+1 1 a +1 2 b]" {
		t.Errorf("got %s", got)
	}
	if got := runToEnd(t, o, 1); len(got) != 0 {
		t.Errorf("again: %v", got)
	}
}
