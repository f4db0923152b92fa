package agg

import (
	"slices"

	"github.com/dirigo-stream/dirigo/exec/batch"
)

// sort makes items of the rows of b by pane: the pane that several windows
// share, or every window that holds the row. late is told of rows whose
// windows have all closed at mark.
func (c *core) sort(b *batch.Batch, rows []int32, mark int64, late func(int32) error) ([]item, error) {
	times := b.Cols[c.spec.Window.Time].(*batch.Vec[int64])
	// Event time nearly always stands still: one pane holds most chunks.
	if c.panes && len(rows) > 0 && times.Null == nil {
		pane := c.grid.PaneOf(times.Data[rows[0]])
		if c.within(times.Data, rows, pane) && c.grid.End(pane)+c.spec.Window.Lateness > mark {
			return []item{{b: b, pane: pane, rows: rows}}, nil
		}
	}
	var items []item
	last := -1
	add := func(pane int64, row int32) {
		if last < 0 || items[last].pane != pane {
			last = slices.IndexFunc(items, func(it item) bool { return it.pane == pane })
			if last < 0 {
				last = len(items)
				items = append(items, item{b: b, pane: pane})
			}
		}
		items[last].rows = append(items[last].rows, row)
	}
	for _, row := range rows {
		if times.Null != nil && times.Null[row] {
			continue // no window holds it; rejected as null_key at the entrance
		}
		if !c.place(times.Data[row], mark, func(pane int64) { add(pane, row) }) {
			if err := late(row); err != nil {
				return nil, err
			}
		}
	}
	slices.SortFunc(items, func(a, b item) int {
		if a.pane < b.pane {
			return -1
		}
		return 1
	})
	return items, nil
}

// within tells whether all rows lie in a pane.
func (c *core) within(times []int64, rows []int32, pane int64) bool {
	size := uint64(c.grid.Pane())
	for _, row := range rows {
		if uint64(times[row]-pane) >= size {
			return false
		}
	}
	return true
}

// place calls add with the panes that hold time t; false: all are closed.
func (c *core) place(t, mark int64, add func(pane int64)) bool {
	allowed := c.spec.Window.Lateness
	if c.panes {
		pane := c.grid.PaneOf(t)
		if c.grid.End(pane)+allowed <= mark {
			return false
		}
		add(pane)
		return true
	}
	placed, held := false, false
	for s := c.grid.First(t); s <= t; s += c.grid.Slide {
		if !c.grid.Holds(s, t) {
			continue
		}
		if held = true; s+c.grid.Size+allowed > mark {
			add(s)
			placed = true
		}
	}
	return placed || !held
}
