package agg

import (
	"fmt"
	"math"

	"github.com/dirigo-stream/dirigo/exec"
	"github.com/dirigo-stream/dirigo/exec/batch"
	"github.com/dirigo-stream/dirigo/exec/state"
)

// Grouper runs a Group.
//
// Without keys and window there is one group whether rows came or not, so its
// row leaves at the first frontier (count 0, the rest NULL), in a continuous
// query as in a bounded one. Any other group is there while the signed number
// of its rows is above zero.
type Grouper struct {
	*core
	reject exec.Rejecter
	global bool // the one group without keys

	// What Resume goes on with, in this order.
	work     []item     // rows to add
	later    backlog    // rows that wait for the end of the tick
	partial  *absorbing // a lessee's tables to merge
	advance  bool       // an Advance is running, at frontier
	closing  *closing   // the windows it closes
	frontier exec.Frontier
	relieved bool // pages were asked to leave in this call already

	updates updates
	sweep   sweep
	born    int64        // of the batches since the last Advance
	mark    int64        // windows that end at or before it are closed
	next    int64        // the earliest watermark with something to do
	opened  bool         // the global group exists
	known   bool         // the panes of loaded state were planned
	merged  *state.Store // where panes are merged; made when needed
}

// item is rows of one batch that go to one pane.
type item struct {
	b    *batch.Batch
	pane int64
	rows []int32
	due  bool // to be added now: not to be put off
}

var (
	_ exec.Lendable = (*Grouper)(nil)
	_ exec.Due      = (*Grouper)(nil)
	_ exec.Paged    = (*Grouper)(nil)
	_ exec.Sealer   = (*Grouper)(nil)
)

// New returns a Grouper with its state at home. Rows that come too late for
// their window go to reject; where that is nil they are an error.
func New(spec Group, home state.Home, reject exec.Rejecter) (*Grouper, error) {
	c, err := newCore(spec)
	if err != nil {
		return nil, err
	}
	if home.KeyGroups == 0 {
		home.KeyGroups, home.Low, home.High = 1, 0, 1
	}
	c.home = home
	c.store = state.NewStore(home, c.layouts...)
	g := &Grouper{core: c, reject: reject, mark: math.MinInt64, next: math.MaxInt64}
	g.global = len(spec.Keys) == 0 && spec.Window == nil
	if !spec.OnClose {
		c.changing = g.remember
	}
	return g, nil
}

// Push implements exec.Operator.
func (g *Grouper) Push(_ int, b *batch.Batch, out exec.Emitter, fuel int) (bool, error) {
	g.borrow()
	g.born = max(g.born, b.Born)
	rows := b.Sel
	if rows == nil {
		rows = g.first(b.N)
	}
	g.work = append(g.work, item{b: b, rows: rows, pane: unsorted})
	return g.Resume(out, fuel)
}

// unsorted is the pane of an item whose rows were not yet sorted into panes.
const unsorted = math.MinInt64

// first returns 0 to n-1. What it returned before stays as it was.
func (c *core) first(n int) []int32 {
	for i := len(c.all); i < n; i++ {
		c.all = append(c.all, int32(i))
	}
	return c.all[:n:n]
}

// Advance implements exec.Operator.
func (g *Grouper) Advance(f exec.Frontier, out exec.Emitter, fuel int) (bool, error) {
	g.advance, g.frontier = true, f
	g.born = max(g.born, f.Born)
	return g.Resume(out, fuel)
}

// Resume implements exec.Operator.
func (g *Grouper) Resume(out exec.Emitter, fuel int) (more bool, err error) {
	g.borrow()
	if more, err = g.resume(out, fuel); !more {
		g.giveBack()
	}
	return more, err
}

func (g *Grouper) resume(out exec.Emitter, fuel int) (more bool, err error) {
	if g.spec.Window != nil && g.store.Cold() {
		return true, nil // which panes there are is not known before
	}
	g.recall()
	if wait, err := g.pushWork(); wait || err != nil {
		return wait, err
	}
	if g.partial != nil {
		if more, err := g.absorbMore(fuel); more || err != nil {
			return more, err
		}
	}
	if g.advance || g.later.full() {
		if more, err := g.catchUp(out, fuel); more || err != nil {
			return more, err
		}
	}
	if g.advance {
		if more, err := g.advanceMore(out, fuel); more || err != nil {
			return more, err
		}
		g.advance = false
		g.born = 0
	}
	if g.store.Over() && !g.relieved {
		g.relieved = true
		return true, nil
	}
	g.relieved = false
	return false, nil
}

// Need implements exec.Paged.
func (g *Grouper) Need() exec.Read {
	// Pages whose rows wait to be sent stay.
	held := len(g.updates.at) > 0 || g.closing != nil && len(g.closing.send) > 0
	return g.store.Need(!held)
}

// pushWork adds the rows that wait; wait: some still do, for pages.
func (g *Grouper) pushWork() (wait bool, err error) {
	work := g.work
	g.work = nil
	for _, it := range work {
		if it.pane == unsorted {
			if err := g.sort(it.b, it.rows); err != nil {
				return false, err
			}
			continue
		}
		g.work = append(g.work, it)
	}
	work, g.work = g.work, nil
	for _, it := range work {
		if !it.due && (g.store.Pressed() || g.later.waits()) {
			g.putOff(it)
			continue
		}
		var away []int32
		for rows := it.rows; len(rows) > 0; {
			n := min(len(rows), state.Chunk)
			left, err := g.run(it.b, it.pane, rows[:n])
			if err != nil {
				return false, err
			}
			away = append(away, left...)
			rows = rows[n:]
		}
		if len(away) < len(it.rows) {
			g.store.Unpin()
		}
		if len(away) > 0 {
			g.work = append(g.work, item{it.b, it.pane, away, true})
		}
	}
	return len(g.work) > 0, nil
}

// sort makes items of rows by pane.
func (g *Grouper) sort(b *batch.Batch, rows []int32) error {
	w := g.spec.Window
	if w == nil {
		g.work = append(g.work, item{b: b, rows: rows})
		return nil
	}
	late := func(row int32) error { return g.late(b, row) }
	items, err := g.core.sort(b, rows, g.mark, late)
	for _, it := range items {
		g.plan(it.pane)
	}
	g.work = append(g.work, items...)
	return err
}

// late rejects a row whose windows have all closed.
func (g *Grouper) late(b *batch.Batch, row int32) error {
	at := b.Cols[g.spec.Window.Time].(*batch.Vec[int64]).Data[row]
	if g.reject == nil || b.Origin == nil {
		return fmt.Errorf("a row with event time %d µs came after its windows had closed, at %d µs", at, g.mark)
	}
	g.reject.Reject(exec.Reject{Origin: b.Origin, Row: int(row), Reason: "late", Detail: "its windows have closed", Batch: b})
	return nil
}

// recall takes over the mark and the panes of loaded state, once.
func (g *Grouper) recall() {
	if g.known || g.spec.Window == nil {
		return
	}
	g.known, g.mark = true, g.store.Mark()
	for _, pane := range g.store.Panes(0) {
		g.plan(pane)
	}
}

// plan notes when a pane has something to do.
func (g *Grouper) plan(pane int64) {
	if g.spec.Window == nil {
		return
	}
	late := g.spec.Window.Lateness
	end := g.windowEnd(pane)
	if g.spec.OnClose && g.panes {
		closed := g.mark
		if closed > math.MinInt64+late {
			closed -= late
		}
		if e, ok := g.grid.Next(pane, closed); ok {
			end = e
		}
	}
	g.next = min(g.next, end+late)
}

// windowEnd returns when a pane is needed no more.
func (g *Grouper) windowEnd(pane int64) int64 {
	if g.panes {
		return g.grid.End(pane)
	}
	return pane + g.grid.Size
}

// Due implements exec.Due.
func (g *Grouper) Due(f exec.Frontier, rows bool, least int64) bool {
	switch {
	case !g.spec.OnClose && rows, g.global && !g.opened, g.sweepDue(f):
		return true
	case g.spec.Window == nil:
		return false
	case f.Watermark >= g.next, g.store.Cold():
		return true
	}
	if least == batch.MaxTime {
		return false
	}
	// A row that is lent may be the only one of its window.
	end := g.grid.First(least) + g.grid.Size
	return f.Watermark >= end+g.spec.Window.Lateness
}

// advanceMore does the due work of g.frontier.
func (g *Grouper) advanceMore(out exec.Emitter, fuel int) (more bool, err error) {
	if g.spec.OnClose {
		return g.closeMore(out, fuel)
	}
	if g.global && !g.opened {
		if ok, err := g.openGlobal(); !ok || err != nil {
			return !ok, err
		}
	}
	if more, err := g.emitUpdates(out, fuel); more || err != nil {
		return more, err
	}
	if g.spec.Window != nil {
		g.clean()
	}
	if g.spec.TTL > 0 {
		return g.endOld(out, fuel)
	}
	return false, nil
}

// clean drops the windows whose time is over, without a word: what they sent
// stays true.
func (g *Grouper) clean() {
	if g.frontier.Watermark < g.next {
		return
	}
	g.next = math.MaxInt64
	g.mark = g.frontier.Watermark
	g.store.SetMark(g.mark)
	for _, pane := range g.store.Panes(0) {
		if g.windowEnd(pane)+g.spec.Window.Lateness <= g.mark {
			g.store.Drop(pane)
		} else {
			g.plan(pane)
		}
	}
}

// Freeze implements exec.Sealer.
func (g *Grouper) Freeze() exec.Frozen { return g.store.Freeze() }

// Trim implements exec.Sealer.
func (g *Grouper) Trim(target int64) int64 { return g.store.Trim(target) }

// Bytes implements exec.Sealer.
func (g *Grouper) Bytes() int64 { return g.store.Bytes() }
