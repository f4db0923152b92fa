package state

import "testing"

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
