package state

import (
	"fmt"
	"strings"
	"testing"

	"github.com/dirigo-stream/dirigo/exec/batch"
)

// worstStep returns which part of all pages is split, at most, while a table whose
// keys are spread evenly grows by a fiftieth.
func worstStep(limit func(p *page) int) (worst float64) {
	const depth = 10
	pages := make([]*page, 1<<depth)
	for i := range pages {
		pages[i] = &page{depth: depth, prefix: uint64(i)}
	}
	for rows := 240.; rows < 440; rows += rows / 50 {
		n := 0
		for _, p := range pages {
			if l := float64(limit(p)); l >= rows && l < rows+rows/50 {
				n++
			}
		}
		worst = max(worst, float64(n)/float64(len(pages)))
	}
	return worst
}

// TestSplitsAreSpread: pages are split one after the other as state grows, not all
// at the same time.
func TestSplitsAreSpread(t *testing.T) {
	worst := worstStep((*page).limit)
	t.Logf("of all pages at most %.3f are split while a table grows by a fiftieth", worst)
	if worst > .06 {
		t.Errorf("%.0f %% of the pages are split while a table grows by a fiftieth, want at most 6", worst*100)
	}
	if worst := worstStep(func(*page) int { return 330 }); worst < .9 {
		t.Errorf("pages with one limit: %.3f", worst)
	}
}

// TestPagesAreSplit: no page stays above its limit.
func TestPagesAreSplit(t *testing.T) {
	st := NewStore(Home{KeyGroups: 128, Low: 0, High: 128}, testLayout)
	fillTable(t, st, 0, 0, 60_000, 1)
	for _, p := range st.Table(0, 0).pages {
		if p.n > p.limit() || p.n > 2*leastLimit || p.n < leastLimit/4 {
			t.Errorf("a page of %d rows, its limit is %d", p.n, p.limit())
		}
	}
}

// TestPagesOfLongRows: a page is small where its rows are long, by their keys or by
// what they keep.
func TestPagesOfLongRows(t *testing.T) {
	for _, size := range []int{10, 1000, 20_000} {
		for _, key := range []bool{true, false} {
			st := NewStore(Home{KeyGroups: 128, Low: 0, High: 128}, testLayout)
			tab := st.Table(0, 0)
			for i := range 2000 {
				text, value := fmt.Sprint(i), strings.Repeat("v", size)
				if key {
					text, value = text+value, ""
				}
				cols := []batch.Column{&batch.Vec[int64]{Data: []int64{int64(i)}}, &batch.TextVec{}}
				cols[1].(*batch.TextVec).AppendString(text)
				refs := make([]Ref, 1)
				if _, err := tab.Assign(cols, []int{0, 1}, []int32{0}, batch.HashRows(cols, nil, []int32{0}, 1, nil), refs); err != nil {
					t.Fatal(err)
				}
				tab.SetBytes(refs[0], tab.Acc(1), []byte(value))
				tab.Settle()
			}
			if tab.Len() != 2000 {
				t.Errorf("%d rows, want 2000", tab.Len())
			}
			for _, p := range tab.pages {
				if most := max(pageHeap, (fewRows+1)*(size+size/8)); len(p.heap) > most+2*size+64 || size < 100 && p.n > 2*leastLimit {
					t.Errorf("rows of %d bytes: a page of %d rows and %d bytes", size, p.n, len(p.heap))
				}
			}
		}
	}
}
