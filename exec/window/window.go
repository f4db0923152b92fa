// Package window is the arithmetic of event-time windows: which windows hold a
// row, in which pane a row is kept, and when a window closes. It keeps no rows.
package window

// Grid is a family of windows: [Offset + i·Slide, Offset + i·Slide + Size) for
// every integer i. Slide = Size is tumbling, Slide < Size hopping. Times are in
// microseconds; Size and Slide are positive.
type Grid struct {
	Size, Slide, Offset int64
}

// FloorDiv returns ⌊a/b⌋ for positive b.
func FloorDiv(a, b int64) int64 {
	q := a / b
	if a%b < 0 {
		q--
	}
	return q
}

func align(t, step, offset int64) int64 {
	// The offset is taken modulo the step first, so that t - offset is in range
	// for every t but the first few of time.
	offset %= step
	return FloorDiv(t-offset, step)*step + offset
}

// Last returns the start of the latest window that begins at or before t.
func (g Grid) Last(t int64) int64 { return align(t, g.Slide, g.Offset) }

// First returns the start of the earliest window that holds t or, where the
// windows leave gaps, Last(t).
func (g Grid) First(t int64) int64 {
	if g.Slide >= g.Size {
		return g.Last(t)
	}
	return g.Last(t-g.Size) + g.Slide
}

// Holds tells whether the window that begins at start holds t.
func (g Grid) Holds(start, t int64) bool { return start <= t && t-start < g.Size }

// Pane returns the length of the panes in which rows are kept: every window is
// a whole number of them.
func (g Grid) Pane() int64 {
	a, b := g.Size, g.Slide
	for b != 0 {
		a, b = b, a%b
	}
	return a
}

// PaneOf returns the start of the pane that holds t.
func (g Grid) PaneOf(t int64) int64 { return align(t, g.Pane(), g.Offset) }

// End returns the end of the latest window that holds t: when what is kept
// under t is needed no more.
func (g Grid) End(t int64) int64 { return g.Last(t) + g.Size }

// Next returns the end, after mark, of the earliest window that holds t; ok is
// false when all of them end at or before mark.
func (g Grid) Next(t, mark int64) (end int64, ok bool) {
	for s := g.First(t); s <= t; s += g.Slide {
		if g.Holds(s, t) && s+g.Size > mark {
			return s + g.Size, true
		}
	}
	return 0, false
}
