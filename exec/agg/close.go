package agg

import (
	"math"
	"slices"

	"github.com/dirigo-stream/dirigo/exec"
	"github.com/dirigo-stream/dirigo/exec/batch"
	"github.com/dirigo-stream/dirigo/exec/state"
)

// closing is the closing of windows, which may take many calls. A window is
// closed part by part of the hash range: the panes' groups of a part are merged
// in a small table, which stays in the cache and bounds memory, and sent.
type closing struct {
	windows []int64 // starts left to close, in order
	panes   []int64 // with rows, of windows[0]
	bits    int
	part    uint64
	pane    int          // panes merged of the part
	table   *state.Table // of send
	send    []state.Ref
	from    []state.Ref
	refs    []state.Ref
	dst     rowset
	src     rowset
}

// partBits is the logarithm of how many pages of the widest pane make a part:
// a thousand groups or so.
const partBits = 2

// closeMore closes the windows that the watermark has passed.
func (g *Grouper) closeMore(out exec.Emitter, fuel int) (more bool, err error) {
	if g.closing == nil {
		if g.frontier.Watermark < g.next {
			return false, nil
		}
		g.closing = &closing{windows: g.ripe(), refs: make([]state.Ref, state.Chunk)}
		g.openWindow()
	}
	cl := g.closing
	for len(cl.windows) > 0 {
		if len(cl.send) > 0 {
			if fuel <= 0 {
				return true, nil
			}
			n := min(len(cl.send), state.Chunk, fuel)
			if err := g.sendGroups(cl, n, out); err != nil {
				return false, err
			}
			fuel -= n
			continue
		}
		if cl.part == 1<<cl.bits {
			cl.windows = cl.windows[1:]
			g.openWindow()
			continue
		}
		if wait, err := g.mergePart(cl); wait || err != nil {
			return wait, err
		}
		cl.part++
	}
	g.closing = nil
	g.dropPanes()
	return false, nil
}

// ripe returns the starts of the windows with rows that the watermark passed
// since the mark.
func (g *Grouper) ripe() []int64 {
	late := g.spec.Window.Lateness
	var starts []int64
	for _, pane := range g.store.Panes(0) {
		first := pane
		if g.panes {
			first = g.grid.First(pane)
		}
		for s := first; s <= pane; s += g.grid.Slide {
			end := s + g.grid.Size
			if g.grid.Holds(s, pane) && end+late <= g.frontier.Watermark && end+late > g.mark {
				starts = append(starts, s)
			}
		}
	}
	slices.Sort(starts)
	return slices.Compact(starts)
}

// openWindow prepares the closing of the first window left.
func (g *Grouper) openWindow() {
	cl := g.closing
	if len(cl.windows) == 0 {
		return
	}
	start := cl.windows[0]
	cl.panes, cl.part, cl.bits = cl.panes[:0], 0, 0
	for _, pane := range g.store.Panes(0) {
		if pane == start || g.panes && g.grid.Holds(start, pane) {
			cl.panes = append(cl.panes, pane)
			cl.bits = max(cl.bits, g.store.Lookup(pane, 0).Depth())
		}
	}
	cl.bits = max(0, cl.bits-partBits)
}

// mergePart makes the next part of the window ready to be sent.
func (g *Grouper) mergePart(cl *closing) (wait bool, err error) {
	if len(cl.panes) == 1 {
		cl.table = g.store.Lookup(cl.panes[0], 0)
		cl.send, wait = cl.table.Part(cl.bits, cl.part, cl.from[:0])
		cl.from = cl.send
		if !wait {
			g.store.Unpin()
		}
		return wait, nil
	}
	if cl.pane == 0 {
		if g.merged == nil {
			g.merged = state.NewStore(state.Home{Memory: g.store.Memory()}, g.layouts...)
			g.merged.Table(0, 0).Remix()
		}
		cl.table = g.merged.Table(0, 0)
		cl.table.Reset()
	}
	for ; cl.pane < len(cl.panes); cl.pane++ {
		src := g.store.Lookup(cl.panes[cl.pane], 0)
		if cl.from, wait = src.Part(cl.bits, cl.part, cl.from[:0]); wait {
			return true, nil
		}
		if err := g.mergeRows(cl, src, cl.from); err != nil {
			return false, err
		}
		g.store.Unpin()
	}
	cl.pane = 0
	cl.send, _ = cl.table.Part(0, 0, cl.from[:0])
	cl.from = cl.send
	return false, nil
}

// mergeRows adds rows of src to cl.table.
func (g *Grouper) mergeRows(cl *closing, src *state.Table, from []state.Ref) error {
	for len(from) > 0 {
		n := min(len(from), state.Chunk)
		if _, err := cl.table.AssignFrom(src, from[:n], cl.refs[:n]); err != nil {
			return err
		}
		cl.dst.set(cl.table, cl.refs[:n])
		cl.src.set(src, from[:n])
		g.mergeInto(&cl.dst, &cl.src)
		cl.table.Settle()
		from = from[n:]
	}
	return nil
}

// mergeInto merges accumulators row by row.
func (c *core) mergeInto(dst, src *rowset) {
	if c.rows > 0 {
		count{c.rows}.merge(dst, src)
	}
	for _, k := range c.kernels {
		k.merge(dst, src)
	}
}

// sendGroups emits n of the groups that are ready.
func (g *Grouper) sendGroups(cl *closing, n int, out exec.Emitter) error {
	refs := cl.send[:n]
	cl.send = cl.send[n:]
	cl.dst.set(cl.table, refs)
	if g.rows > 0 {
		refs = slices.Clone(refs)[:0]
		for i, w := range cl.dst.words {
			if w[g.rows] > 0 {
				refs = append(refs, cl.dst.refs[i])
			}
		}
		if len(refs) == 0 {
			return nil
		}
		cl.dst.set(cl.table, refs)
	}
	start := cl.windows[0]
	cols := g.columns(len(refs))
	if err := g.output(cols, start, &cl.dst); err != nil {
		return err
	}
	out.Emit(&batch.Batch{Cols: cols, N: len(refs), Time: start, Born: g.frontier.Born})
	return nil
}

// dropPanes drops the panes that no open window needs, and moves the mark.
func (g *Grouper) dropPanes() {
	g.mark = g.frontier.Watermark
	g.store.SetMark(g.mark)
	g.next = math.MaxInt64
	for _, pane := range g.store.Panes(0) {
		if g.windowEnd(pane)+g.spec.Window.Lateness <= g.mark {
			g.store.Drop(pane)
		} else {
			g.plan(pane)
		}
	}
}
