package state

import (
	"bytes"
	"fmt"
	"testing"

	"github.com/dirigo-stream/dirigo/exec/batch"
)

// chainRows puts rows by their number, several to a hash, into a table of chains.
func chainRows(t *testing.T, st *Store, from, to int) {
	tab := st.Table(0, 0)
	for ; from < to; from += Chunk {
		n := min(to-from, Chunk)
		texts := &batch.TextVec{}
		rows, hash := make([]int32, n), make([]uint64, n)
		for i := range n {
			rows[i], hash[i] = int32(i), uint64((from+i)/3)*0x9e3779b97f4a7c15
			texts.AppendString(fmt.Sprintf("row %d", from+i))
		}
		if missing, err := tab.Put([]batch.Column{texts}, []int{0}, rows, hash, int64(from), false, make([]Ref, n), make([]bool, n)); err != nil || missing > 0 {
			t.Error(missing, err)
		}
		tab.Settle()
	}
}

// TestFreezeWhileRowsCome: a frozen copy shares the pages that rows are added to
// meanwhile, and holds what was there when it was taken.
func TestFreezeWhileRowsCome(t *testing.T) {
	layout := Layout{Keys: []Key{{Kind: batch.Int64}, {Kind: batch.Text, Exact: true}}, Accs: []Acc{Chain}}
	for _, before := range []int{1, 40, 3000, 20_000} {
		a, b := NewStore(Home{}, layout), NewStore(Home{}, layout)
		chainRows(t, a, 0, before)
		chainRows(t, b, 0, before)
		taken, alone := a.Freeze(), b.Freeze()
		done := make(chan struct{})
		go func() {
			defer close(done)
			chainRows(t, a, before, before+5000)
		}()
		got, err := taken.Encode()
		<-done
		if err != nil {
			t.Fatal(err)
		}
		want, err := alone.Encode()
		if err != nil || len(got) != len(want) {
			t.Fatalf("%d rows: %d blocks, want %d, %v", before, len(got), len(want), err)
		}
		for i := range got {
			if !bytes.Equal(got[i].Data, want[i].Data) {
				t.Errorf("%d rows: block %d of %d differs from the one of a store that nothing came to", before, i, len(got))
			}
		}
	}
}

// TestDroppedPanesAreForgotten: the hand that looks for pages to evict holds on to
// none of a dropped pane, though it never moves while there is memory; and still
// finds those of the panes that are there.
func TestDroppedPanesAreForgotten(t *testing.T) {
	st := NewStore(Home{KeyGroups: 1, High: 1}, wideLayout)
	held := func() (n int) {
		for _, p := range st.hand.pages {
			if !p.table.gone {
				n++
			}
		}
		return n
	}
	wideRowsIn(t, st.Table(-1, 0), 0, 8*leastLimit)
	kept := len(st.hand.pages)
	for pane := range int64(1000) {
		tab := st.Table(pane, 0)
		wideRowsIn(t, tab, 0, 6*leastLimit)
		most := kept + 2*len(tab.pages) + 1
		st.Drop(pane)
		if n := len(st.hand.pages); n > most {
			t.Fatalf("after %d panes the hand holds %d pages, of which %d are there", pane+1, n, kept)
		}
		if held() != kept {
			t.Fatalf("the hand has %d of %d pages of the pane that stays", held(), kept)
		}
	}
}
