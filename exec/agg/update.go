package agg

import (
	"github.com/dirigo-stream/dirigo/exec"
	"github.com/dirigo-stream/dirigo/exec/batch"
	"github.com/dirigo-stream/dirigo/exec/state"
)

// updates is what an updating Grouper knows of the groups touched in this tick.
// A touched row's first accumulator is 1 plus the place of its old output in
// old, or noOld.
type updates struct {
	old  []batch.Column
	n    int
	at   []state.Ref // the table's pages taken from its list, not yet sent
	list []int64     // panes left to look at
	busy bool
	tab  *state.Table
}

const noOld = -1

// remember keeps the old output of rows that change for the first time in this
// tick.
func (g *Grouper) remember(rows *rowset) error {
	u := &g.updates
	g.firsts, g.olds = g.firsts[:0], g.olds[:0]
	for i, w := range rows.words {
		if w[g.touch] != 0 {
			continue
		}
		w[g.touch] = noOld
		if w[g.rows] > 0 || g.global && g.store.Mark() == openMark {
			g.olds = append(g.olds, rows.refs[i])
		} else {
			g.firsts = append(g.firsts, rows.refs[i])
		}
	}
	for _, r := range g.firsts {
		rows.table.Touch(r, noOld)
	}
	if len(g.olds) == 0 {
		return nil
	}
	g.out.set(rows.table, g.olds)
	if u.old == nil {
		u.old = g.columns(len(g.olds))
	}
	if err := g.output(u.old, rows.table.Pane(), &g.out); err != nil {
		return err
	}
	for _, r := range g.olds {
		u.n++
		rows.table.Touch(r, int64(u.n))
	}
	return nil
}

// columns returns empty output columns.
func (g *Grouper) columns(n int) []batch.Column {
	var cols []batch.Column
	if w := g.spec.Window; w != nil {
		cols = append(cols, batch.New(w.TimeType.Kind, n), batch.New(w.TimeType.Kind, n))
	}
	for _, t := range g.spec.KeyTypes {
		cols = append(cols, batch.New(t.Kind, n))
	}
	for _, call := range g.spec.Calls {
		cols = append(cols, batch.New(call.Type.Kind, n))
	}
	return cols
}

// output appends the output of rows, of the window that begins at start.
func (g *Grouper) output(cols []batch.Column, start int64, rows *rowset) error {
	if g.spec.Window != nil {
		for i, at := range [2]int64{start, start + g.grid.Size} {
			v := cols[i].(*batch.Vec[int64])
			for range rows.refs {
				v.Append(at)
			}
		}
		cols = cols[2:]
	}
	for i := range g.spec.Keys {
		rows.table.AppendKey(i, rows.refs, cols[i])
	}
	for i, k := range g.kernels {
		if err := k.result(cols[len(g.spec.Keys)+i], rows); err != nil {
			return err
		}
	}
	return nil
}

// openGlobal makes the one group of a Group without keys; ok is false while
// its page is away.
func (g *Grouper) openGlobal() (ok bool, err error) {
	empty := &batch.Batch{N: 1, Cols: nil}
	t := g.store.Table(0, 0)
	refs := g.refs[:1]
	g.hash = batch.HashRows(nil, nil, nil, 1, g.hash)
	n, err := t.Assign(empty.Cols, nil, g.all[:1], g.hash, refs)
	if err != nil || n > 0 {
		return false, err
	}
	g.opened = true
	// Only a group that was never sent is sent: one with a mark was.
	if g.store.Mark() == openMark {
		return true, nil
	}
	g.store.SetMark(openMark)
	g.out.set(t, refs)
	if w := g.out.words[0]; w[g.touch] == 0 {
		t.Touch(refs[0], noOld)
	}
	return true, nil
}

// openMark is the mark of a state whose global group was sent.
const openMark = 1

// emitUpdates sends the changes of the touched groups, at most fuel rows or so.
func (g *Grouper) emitUpdates(out exec.Emitter, fuel int) (more bool, err error) {
	u := &g.updates
	g.store.Unpin()
	if !u.busy {
		g.beginUpdates()
	}
	for {
		if len(u.at) > 0 {
			if fuel <= 0 {
				return true, nil
			}
			n := min(len(u.at), state.Chunk, max(1, fuel))
			if err := g.emitTouched(u.at[:n], out); err != nil {
				return false, err
			}
			u.at = u.at[n:]
			fuel -= n
			continue
		}
		if len(u.list) == 0 {
			break
		}
		if u.tab = g.store.Lookup(u.list[0], 0); u.tab == nil {
			u.list = u.list[1:]
			continue
		}
		wait, err := g.gather()
		if wait || err != nil {
			return wait, err
		}
		if len(u.at) == 0 {
			u.tab.Settle()
			u.list = u.list[1:]
		}
	}
	u.busy, u.old, u.n, u.at, u.tab = false, nil, 0, nil, nil
	return false, nil
}

// beginUpdates takes all panes on the list of those whose groups are sent.
func (g *Grouper) beginUpdates() { g.updates.busy, g.updates.list = true, g.store.Panes(0) }

// gather collects touched rows of the table until they are worth a batch.
func (g *Grouper) gather() (wait bool, err error) {
	u := &g.updates
	g.touched = g.touched[:0]
	for len(g.touched) < state.Chunk {
		had := len(g.touched)
		if g.touched, wait = u.tab.Touched(g.touched); wait || len(g.touched) == had {
			break
		}
	}
	u.at = g.touched
	return wait && len(g.touched) == 0, nil
}

// emitTouched sends -old and +new of rows of one table whose output changed,
// and ends groups without rows.
func (g *Grouper) emitTouched(refs []state.Ref, out exec.Emitter) error {
	u := &g.updates
	rows := &g.out
	rows.set(u.tab, refs)
	fresh := g.firsts[:0]
	var olds []int32 // per fresh row: its place in old, or noOld
	var gone []int32
	now := int64(0)
	if g.last > 0 {
		now = g.clock(g.frontier)
	}
	for i, w := range rows.words {
		if g.last > 0 {
			w[g.last] = now
		}
		place := int32(w[g.touch])
		if place != noOld {
			place--
		}
		w[g.touch] = 0
		switch {
		case w[g.rows] > 0 || g.global:
			fresh = append(fresh, refs[i])
			olds = append(olds, place)
		case place != noOld:
			gone = append(gone, place)
		}
		if w[g.rows] == 0 && !g.global && g.empty(rows, i) {
			u.tab.Remove(refs[i])
		}
	}
	g.firsts = fresh
	rows.set(u.tab, fresh)
	cols := g.columns(len(fresh))
	if err := g.output(cols, u.tab.Pane(), rows); err != nil {
		return err
	}
	minus, plus := g.changes(cols, olds, gone)
	g.send(u.old, minus, -1, out)
	g.send(cols, plus, 1, out)
	return nil
}

// empty tells whether a group without rows holds nothing else either: of a row
// taken back before it came, and another that took its place, the sums differ.
func (c *core) empty(rows *rowset, i int) bool {
	for _, k := range c.kernels {
		if !k.empty(rows, i) {
			return false
		}
	}
	return true
}

// changes picks the rows of old to take back and those of cols to send: rows
// whose output did not change are neither.
func (g *Grouper) changes(cols []batch.Column, olds, gone []int32) (minus, plus []int32) {
	minus = gone
	first := len(cols) - len(g.spec.Calls)
	for i, place := range olds {
		if place != noOld {
			if same(g.updates.old[first:], int(place), cols[first:], i) {
				continue
			}
			minus = append(minus, place)
		}
		plus = append(plus, int32(i))
	}
	return minus, plus
}

// same tells whether two rows are displayed alike: 1.0 and 1.00 are not.
func same(a []batch.Column, i int, b []batch.Column, j int) bool {
	for c := range a {
		if !batch.EqualAt(a[c], i, b[c], j) {
			return false
		}
		if x, ok := a[c].(*batch.Vec[batch.Decimal]); ok && x.Data[i].Scale != b[c].(*batch.Vec[batch.Decimal]).Data[j].Scale {
			return false
		}
		if x, ok := a[c].(*batch.Vec[batch.Span]); ok && x.Data[i] != b[c].(*batch.Vec[batch.Span]).Data[j] {
			return false
		}
	}
	return true
}

// send emits the rows of cols with a sign.
func (g *Grouper) send(cols []batch.Column, rows []int32, sign int64, out exec.Emitter) {
	if len(rows) == 0 {
		return
	}
	b := &batch.Batch{Cols: cols, N: cols[0].Len(), Time: batch.MaxTime, Born: g.born}
	if len(rows) != b.N {
		b = b.Gather(rows)
	}
	if sign < 0 {
		b.Diff = make([]int64, b.N)
		for i := range b.Diff {
			b.Diff[i] = -1
		}
	}
	out.Emit(b)
}
