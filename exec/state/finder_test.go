package state

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/dirigo-stream/dirigo/exec/batch"
)

// TestFindInLongChains: a row that is there is found and any other is new, in
// chains of any length, while pages split and rows come back from the dead.
func TestFindInLongChains(t *testing.T) {
	for seed := range uint64(8) {
		r := rand.New(rand.NewPCG(seed, 1))
		st := NewStore(Home{}, Layout{Keys: []Key{{Kind: batch.Int64}, {Kind: batch.Text, Exact: true}}, Accs: []Acc{Chain, Word}})
		tab := st.Table(0, 0)
		there := map[string]bool{}
		for range 60 {
			ints, texts := &batch.Vec[int64]{}, &batch.TextVec{}
			n := 1 + r.IntN(200)
			rows, hash, names := make([]int32, n), make([]uint64, n), make([]string, n)
			for i := range n {
				key := r.Int64N(300)
				text := fmt.Sprint(r.IntN(1 << r.IntN(7)))
				if ints.Append(key); r.IntN(9) == 0 {
					batch.AppendNull(texts)
					text = "NULL"
				} else {
					texts.AppendString(text)
				}
				rows[i], hash[i], names[i] = int32(i), uint64(key)%40*0x9e3779b97f4a7c15, fmt.Sprint(key, "|", text)
			}
			refs, fresh := make([]Ref, n), make([]bool, n)
			if missing, err := tab.Put([]batch.Column{ints, texts}, []int{0, 1}, rows, hash, -1, true, refs, fresh); err != nil || missing > 0 {
				t.Fatal(missing, err)
			}
			for i, name := range names {
				if fresh[i] == there[name] {
					t.Fatalf("seed %d: %s: fresh is %t", seed, name, fresh[i])
				}
				there[name] = true
			}
			for i, name := range names {
				if there[name] && r.IntN(4) == 0 {
					tab.Change(refs[i])
					tab.Remove(refs[i])
					delete(there, name)
				}
			}
			tab.Long()
			tab.Settle()
		}
		if tab.Len() != len(there) {
			t.Errorf("seed %d: %d rows, want %d", seed, tab.Len(), len(there))
		}
	}
}
