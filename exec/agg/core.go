package agg

import (
	"fmt"

	"github.com/dirigo-stream/dirigo/exec/batch"
	"github.com/dirigo-stream/dirigo/exec/state"
	"github.com/dirigo-stream/dirigo/exec/window"
)

// core groups rows into tables: what the operator and its lessees share.
type core struct {
	spec   Group
	grid   window.Grid
	panes  bool // rows are kept once, in panes shared by windows
	lessee bool
	home   state.Home
	store  *state.Store

	layouts []state.Layout

	kernels []kernel
	views   []view
	viewOf  []int // per call
	sets    []set
	touch   int // word that marks rows touched in this tick; 0: none
	rows    int // word with the number of the group's rows; 0: none
	last    int // word with when the group was touched last, µs; 0: none

	// changing is called with rows before they change; nil: nobody asks.
	changing func(*rowset) error

	*scratch // while a call runs
}

// newCore lays the accumulators out and makes the kernels.
func newCore(spec Group) (*core, error) {
	c := &core{spec: spec}
	layout := state.Layout{}
	for _, t := range spec.KeyTypes {
		layout.Keys = append(layout.Keys, state.Key{Kind: t.Kind})
	}
	base := 1 + (len(spec.Keys)+63)/64 + len(spec.Keys)
	add := func(accs ...state.Acc) int {
		at := base + len(layout.Accs)
		layout.Accs = append(layout.Accs, accs...)
		return at
	}
	if !spec.OnClose {
		c.touch = add(state.Word)
	}
	if spec.Updating || !spec.OnClose {
		c.rows = add(state.Word)
	}
	if spec.TTL > 0 {
		c.last = add(state.Word)
	}
	distinct := false
	for i, call := range spec.Calls {
		if call.Func == "count" && call.Arg < 0 && call.Filter < 0 && c.rows > 0 {
			c.kernels = append(c.kernels, shared{count{c.rows}})
			c.viewOf = append(c.viewOf, c.view(-1, -1))
			continue
		}
		b, err := build(call, spec.Updating)
		if err != nil {
			return nil, err
		}
		c.kernels = append(c.kernels, b.make(add(b.accs...)))
		arg := call.Arg
		if call.Func == "array_agg" { // takes NULL as a value
			arg = -1
		}
		c.viewOf = append(c.viewOf, c.view(call.Filter, arg))
		if call.keepsSet() {
			distinct = true
			c.addSet(i)
		}
	}
	if w := spec.Window; w != nil {
		c.grid = window.Grid{Size: w.Size, Slide: w.Slide, Offset: w.Offset}
		if w.Size <= 0 || w.Slide <= 0 {
			return nil, fmt.Errorf("window of %d µs every %d µs: both must be positive", w.Size, w.Slide)
		}
		c.panes = spec.OnClose && !distinct
	}
	if err := c.checkTTL(); err != nil {
		return nil, err
	}
	c.layouts = []state.Layout{layout}
	for _, s := range c.sets {
		c.layouts = append(c.layouts, state.Layout{
			Keys: append(append([]state.Key{}, layout.Keys...), state.Key{Kind: s.kind}),
			Accs: []state.Acc{state.Word},
		})
	}
	return c, nil
}

// keepsSet says that DISTINCT needs to know which values there were.
func (c *Call) keepsSet() bool {
	return c.Distinct && (c.Func == "count" || c.Func == "sum" || c.Func == "avg")
}

// shared is a kernel whose words another part keeps: it only reports.
type shared struct{ count }

func (shared) push(*chunk, batch.Column, []int32) {}
func (shared) merge(_, _ *rowset)                 {}

// view is the rows of a chunk that a call sees: where the filter is true and
// the argument is not NULL.
type view struct {
	filter, arg int
	pos         []int32
}

func (c *core) view(filter, arg int) int {
	for i, v := range c.views {
		if v.filter == filter && v.arg == arg {
			return i
		}
	}
	c.views = append(c.views, view{filter: filter, arg: arg})
	return len(c.views) - 1
}

// look sets the positions, in rows, that v sees; own is memory for them.
func (v *view) look(b *batch.Batch, rows, all, own []int32) {
	var truth *batch.Vec[bool]
	if v.filter >= 0 {
		truth = b.Cols[v.filter].(*batch.Vec[bool])
	}
	var nulls []bool
	if v.arg >= 0 {
		nulls = b.Cols[v.arg].Nulls()
	}
	if truth == nil && nulls == nil {
		v.pos = all[:len(rows)]
		return
	}
	pos := own
	for i, row := range rows {
		if truth != nil && (!truth.Data[row] || truth.Null != nil && truth.Null[row]) {
			continue
		}
		if nulls != nil && nulls[row] {
			continue
		}
		pos = append(pos, int32(i))
	}
	v.pos = pos
}

// run adds rows (at most state.Chunk) of b to the tables of a pane, and
// returns those whose pages are away, untouched.
func (c *core) run(b *batch.Batch, pane int64, rows []int32) (away []int32, err error) {
	t := c.store.Table(pane, 0)
	c.keyCols = c.keyCols[:0]
	for _, k := range c.spec.Keys {
		c.keyCols = append(c.keyCols, b.Cols[k])
	}
	c.hash = batch.HashRows(c.keyCols, c.spec.KeyTypes, rows, len(rows), c.hash)
	refs := c.refs[:len(rows)]
	missing, err := t.Assign(b.Cols, c.spec.Keys, rows, c.hash, refs)
	if err != nil {
		return nil, err
	}
	for i := range c.views {
		c.views[i].look(b, rows, c.all, c.room(i))
	}
	for i := range c.sets {
		n, err := c.assignSet(&c.sets[i], b, pane, rows)
		if missing += n; err != nil {
			return nil, err
		}
	}
	if missing > 0 {
		here, away := c.split(rows, refs)
		if len(here) > 0 {
			if again, err := c.run(b, pane, here); err != nil || len(again) > 0 {
				return append(away, again...), err
			}
		}
		return away, nil
	}
	if err := c.add(t, b, rows, refs); err != nil {
		return nil, err
	}
	t.Settle()
	for i := range c.sets {
		c.sets[i].tidy()
	}
	return nil, nil
}

// add updates the accumulators of rows.
func (c *core) add(t *state.Table, b *batch.Batch, rows []int32, refs []state.Ref) error {
	ch := &c.chunk
	ch.set(t, refs)
	ch.rows, ch.diff, ch.batch = rows, nil, b
	if b.Diff != nil {
		ch.diff = c.diff[:len(rows)]
		for i, row := range rows {
			ch.diff[i] = b.Diff[row]
		}
	}
	if c.changing != nil {
		if err := c.changing(&ch.rowset); err != nil {
			return err
		}
	}
	if c.rows > 0 {
		count{c.rows}.push(ch, nil, c.all[:len(rows)])
	}
	for i, k := range c.kernels {
		call := &c.spec.Calls[i]
		if call.keepsSet() {
			continue
		}
		var col batch.Column
		if call.Arg >= 0 {
			col = b.Cols[call.Arg]
		}
		k.push(ch, col, c.views[c.viewOf[i]].pos)
	}
	for i := range c.sets {
		c.addDistinct(&c.sets[i], ch, b)
	}
	return nil
}

// split parts rows into those that all their pages are here for, and the rest.
func (c *core) split(rows []int32, refs []state.Ref) (here, away []int32) {
	bad := make([]bool, len(rows))
	for i, r := range refs {
		bad[i] = r == state.NoRef
	}
	for i := range c.sets {
		s := &c.sets[i]
		for j, at := range c.views[s.view].pos {
			if s.refs[j] == state.NoRef {
				bad[at] = true
			}
		}
	}
	for i, row := range rows {
		if bad[i] {
			away = append(away, row)
		} else {
			here = append(here, row)
		}
	}
	return here, away
}
