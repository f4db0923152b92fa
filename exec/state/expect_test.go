package state

import "testing"

// TestNextPaneIsLaidOut: a pane as large as the one dropped before it, or as the
// one before it in time, splits no page; a larger one grows as any table does; a
// small one takes little.
func TestNextPaneIsLaidOut(t *testing.T) {
	for _, rows := range []int{1, 100, 1000, 20_000} {
		st := NewStore(Home{KeyGroups: 1, High: 1}, wideLayout)
		wideRowsIn(t, st.Table(0, 0), 0, rows)
		grown := st.Bytes()
		st.Drop(0)
		if st.Bytes() != 0 {
			t.Fatalf("%d rows: %d bytes are held after the drop", rows, st.Bytes())
		}
		next := st.Table(1, 0)
		pages := len(next.pages)
		wideRowsIn(t, next, 0, rows)
		if next.Len() != rows || len(next.pages) > pages+pages/8 {
			t.Errorf("%d of %d rows in %d pages, laid out for %d", next.Len(), rows, len(next.pages), pages)
		}
		if b := st.Bytes(); b > grown*3/2 {
			t.Errorf("%d rows take %d bytes, in a table that grew %d", rows, b, grown)
		}
		st.Drop(1)
		wideRowsIn(t, st.Table(2, 0), 0, 4*rows)
		if n := st.Table(2, 0).Len(); n != 4*rows {
			t.Errorf("%d of %d rows", n, 4*rows)
		}
		st.Drop(2)
		wideRowsIn(t, st.Table(3, 0), 0, 1)
		if b := st.Bytes(); b > grown+grown/4+1000 {
			t.Errorf("one row after %d takes %d bytes", 4*rows, b)
		}
		st.Drop(3)
		early := NewStore(Home{KeyGroups: 1, High: 1}, wideLayout)
		wideRowsIn(t, early.Table(7, 0), 0, rows)
		if n := len(early.Table(8, 0).pages); n != pages {
			t.Errorf("%d pages beside a pane that is not over, %d after it", n, pages)
		}
		if n := len(early.Table(6, 0).pages); n != 1 {
			t.Errorf("%d pages in a pane before all others", n)
		}
	}
}
