package agg

import (
	"bytes"
	"cmp"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/dirigo-stream/dirigo/exec/batch"
	"github.com/dirigo-stream/dirigo/exec/state"
)

// check compares r with a model, and looks at its chunks.
func (r ranks) check(model map[string]int64) error {
	want := slices.Sorted(maps.Keys(model))
	i, live, end := 0, 0, ranksHead+r.word(4)*slotHead
	for c := range r.chunks() {
		list := r.chunk(c)
		if live += len(list); len(list) == 0 || len(list) > r.room(c) || r.slot(c) < end || r.slot(c)+r.room(c) > r.spread() {
			return fmt.Errorf("chunk %d: %d bytes of %d at %d", c, len(list), r.room(c), r.slot(c))
		}
		for len(list) > 0 {
			v, n, rest := entry(list)
			if i == len(want) || string(v) != want[i] || n != model[want[i]] {
				return fmt.Errorf("value %d is %q, %d times; want %q, %d times", i, v, n, want[min(i, len(want)-1)], model[want[min(i, len(want)-1)]])
			}
			i, list = i+1, rest
		}
	}
	if i != len(want) || live != r.live() || r.spread() > len(r) {
		return fmt.Errorf("%d values of %d; %d bytes, it says %d; %d used of %d", i, len(want), live, r.live(), r.spread(), len(r))
	}
	return nil
}

// TestRanks: values that come and go, in any order and of any size, are those of
// a map; the space stays in proportion.
func TestRanks(t *testing.T) {
	for seed := range uint64(12) {
		rng := rand.New(rand.NewPCG(seed, 1))
		r, model := ranks(rebuilt(nil, 0, func(func([]byte) bool) {})), map[string]int64{}
		span, rebuilds := 1+rng.IntN(3000), 0
		for step := range 6000 {
			k := rng.IntN(span)
			switch seed % 4 {
			case 1: // rising, as timestamps do
				k = step
			case 2: // a queue: the least go
				k = step / 2
			}
			value := binary8(k)
			if seed%4 == 3 { // texts, some of them long
				value = append(value, bytes.Repeat([]byte{'x'}, k*k%1500*(k%7/6))...)
			}
			n := int64(1 + rng.IntN(2))
			if rng.IntN(5) < 2 || seed%4 == 2 && step%2 == 1 {
				n = -n
			}
			if seed%4 == 2 {
				n = 1 - 2*int64(step%2)
				value = binary8(step/2 - 300*(step%2))
			}
			if !r.add(value, n, bytes.Compare) {
				rebuilds++
				if r = rebuilt(nil, 4*entrySize(value), r.all); !r.add(value, n, bytes.Compare) {
					t.Fatal("no room after more was made")
				}
			}
			if r.sparse() {
				r = rebuilt(nil, 0, r.all)
			}
			if model[string(value)] += n; model[string(value)] == 0 {
				delete(model, string(value))
			}
			if step%100 == 0 || step > 5990 {
				if err := r.check(model); err != nil {
					t.Fatalf("seed %d, step %d: %v", seed, step, err)
				}
				for _, most := range []bool{false, true} {
					got, found := r.extreme(most)
					if want, there := bestOf(model, most); found != there || string(got) != want {
						t.Fatalf("seed %d, step %d: most %v: %q, want %q", seed, step, most, got, want)
					}
				}
			}
		}
		if limit := 8*r.live() + 40*chunkRoom; len(r) > limit {
			t.Errorf("seed %d: %d bytes for %d bytes of values", seed, len(r), r.live())
		}
		t.Logf("seed %d: %d values in %d chunks, %d rebuilds, %d of %d bytes", seed, len(model), r.chunks(), rebuilds, r.live(), len(r))
	}
}

func binary8(k int) []byte { return sortable(nil, int64(k)) }

func bestOf(model map[string]int64, most bool) (best string, found bool) {
	for v, n := range model {
		if n > 0 && (!found || (v > best) == most) {
			best, found = v, true
		}
	}
	return best, found
}

// countedTable is a table with one row for a counted kernel.
func countedTable(t testing.TB) *rowset {
	st := state.NewStore(state.Home{KeyGroups: 1, High: 1}, state.Layout{
		Keys: []state.Key{{Kind: batch.Int64}}, Accs: []state.Acc{state.Bytes, state.Word},
	})
	key := &batch.Vec[int64]{}
	key.Append(1)
	cols, refs := []batch.Column{key}, make([]state.Ref, 1)
	tab := st.Table(0, 0)
	if missing, err := tab.Assign(cols, []int{0}, []int32{0}, batch.HashRows(cols, nil, []int32{0}, 1, nil), refs); err != nil || missing > 0 {
		t.Fatal(missing, err)
	}
	r := &rowset{}
	r.set(tab, refs)
	return r
}

// TestCountedForms: min and max are those of a sorted slice while the values grow
// from a list to ranks and shrink to nothing, alone and merged from two parts;
// of words and of byte strings.
func TestCountedForms(t *testing.T) {
	for _, kind := range []batch.Kind{batch.Int64, batch.Numeric} {
		for _, most := range []bool{false, true} {
			k := newCounted(0, most, orderOf(kind))
			whole, parts := countedTable(t), [2]*rowset{countedTable(t), countedTable(t)}
			k.at = whole.table.Acc(0)
			rng := rand.New(rand.NewPCG(uint64(kind), 7))
			var alive []int64
			for step := range 4000 {
				v, n := rng.Int64N(100_000)-50_000, int64(1)
				if step > 2000 || rng.IntN(3) == 0 {
					if len(alive) > 0 {
						at := rng.IntN(len(alive))
						v, n = alive[at], -1
						alive = slices.Delete(alive, at, at+1)
					}
				}
				if n > 0 {
					alive = append(alive, v)
				}
				for _, r := range []*rowset{whole, parts[rng.IntN(2)]} {
					if kind == batch.Int64 {
						k.addWord(r, 0, v, n)
					} else {
						k.addBytes(r, 0, state.AppendDecimal(nil, batch.DecimalFromInt(v)), n)
					}
				}
				if step%200 != 199 {
					continue
				}
				merged := countedTable(t)
				k.merge(merged, parts[0])
				k.merge(merged, parts[1])
				want := "NULL"
				if len(alive) > 0 {
					want = fmt.Sprint(slices.MinFunc(alive, func(a, b int64) int {
						if most {
							a, b = b, a
						}
						return cmp.Compare(a, b)
					}))
				}
				for name, r := range map[string]*rowset{"whole": whole, "merged": merged} {
					out := batch.New(kind, 0)
					if err := k.result(out, r); err != nil {
						t.Fatal(err)
					}
					got := "NULL"
					if !batch.IsNull(out, 0) {
						switch v := out.(type) {
						case *batch.Vec[int64]:
							got = fmt.Sprint(v.Data[0])
						case *batch.Vec[batch.Decimal]:
							got = v.Data[0].String()
						}
					}
					if got != want || k.empty(r, 0) != (len(alive) == 0) {
						t.Fatalf("%v, most %v, step %d, %s: %s of %d values, want %s; empty: %v", kind, most, step, name, got, len(alive), want, k.empty(r, 0))
					}
				}
			}
		}
	}
}

// BenchmarkCounted: one group whose values come and go, as many as it has.
func BenchmarkCounted(b *testing.B) {
	for _, kind := range []batch.Kind{batch.Int64, batch.Numeric} {
		for _, values := range []int{10, 1000, 10_000, 100_000} {
			b.Run(fmt.Sprint(kind, "/", values), func(b *testing.B) {
				r := countedTable(b)
				k := newCounted(r.table.Acc(0), false, orderOf(kind))
				rng := rand.New(rand.NewPCG(1, 1))
				ring, at := make([]int64, values), 0
				add := func(v, n int64) {
					if kind == batch.Int64 {
						k.addWord(r, 0, v, n)
					} else {
						k.addBytes(r, 0, state.AppendDecimal(nil, batch.DecimalFromInt(v)), n)
					}
				}
				for i := range ring {
					ring[i] = rng.Int64N(1 << 40)
					add(ring[i], 1)
				}
				for b.Loop() {
					add(ring[at], -1)
					ring[at] = rng.Int64N(1 << 40)
					add(ring[at], 1)
					at = (at + 1) % values
				}
			})
		}
	}
}
