package agg

import (
	"fmt"

	"github.com/dirigo-stream/dirigo/exec"
	"github.com/dirigo-stream/dirigo/exec/batch"
	"github.com/dirigo-stream/dirigo/exec/state"
)

// Partial is what a lessee counted: tables of its own, in memory, signed. A
// row's accumulators are those of the rows that the lessee saw; a set's counts
// say nothing of which values are new.
type Partial struct {
	store *state.Store
	born  int64
}

// lessee groups rows of its own.
type lessee struct {
	*core
	born int64
}

// Lend implements exec.Lendable.
func (g *Grouper) Lend() exec.Lessee {
	c, err := newCore(g.spec)
	if err != nil {
		panic(fmt.Sprintf("agg: a spec that was fine is not: %v", err)) // New checked it
	}
	l := &lessee{core: c}
	l.lessee = true
	l.home = state.Home{KeyGroups: g.home.KeyGroups, Low: 0, High: g.home.KeyGroups, Memory: g.home.Memory}
	l.store = state.NewStore(l.home, l.layouts...)
	return l
}

// Push implements exec.Lessee.
func (l *lessee) Push(_ int, b *batch.Batch) error {
	l.borrow()
	defer l.giveBack()
	l.born = max(l.born, b.Born)
	rows := b.Sel
	if rows == nil {
		rows = l.first(b.N)
	}
	items := []item{{b: b, rows: rows}}
	if l.spec.Window != nil {
		// What is closed is for the lessor to say.
		never := func(int32) error { return nil }
		var err error
		if items, err = l.sort(b, rows, unsorted, never); err != nil {
			return err
		}
	}
	for _, it := range items {
		for rows := it.rows; len(rows) > 0; {
			n := min(len(rows), state.Chunk)
			if _, err := l.run(b, it.pane, rows[:n]); err != nil {
				return err
			}
			rows = rows[n:]
		}
	}
	return nil
}

// Collect implements exec.Lessee.
func (l *lessee) Collect() (exec.Partial, error) {
	p := &Partial{store: l.store, born: l.born}
	l.store, l.born = state.NewStore(l.home, l.layouts...), 0
	return p, nil
}

// absorbing is a partial that is being merged.
type absorbing struct {
	*Partial
	tables []*state.Table
	bits   int
	part   uint64
	left   []state.Ref // of the part, not merged yet
	cl     closing
}

// Absorb implements exec.Lendable.
func (g *Grouper) Absorb(p exec.Partial, out exec.Emitter, fuel int) (bool, error) {
	from, ok := p.(*Partial)
	if !ok {
		return false, fmt.Errorf("absorb a partial: want *agg.Partial, have %T", p)
	}
	g.born = max(g.born, from.born)
	a := &absorbing{Partial: from}
	for kind := range g.layouts {
		for _, pane := range from.store.Panes(kind) {
			a.tables = append(a.tables, from.store.Lookup(pane, kind))
			g.plan(pane)
		}
	}
	a.cl.refs = make([]state.Ref, state.Chunk)
	g.partial = a
	g.openPartial()
	return g.Resume(out, fuel)
}

func (g *Grouper) openPartial() {
	if a := g.partial; len(a.tables) > 0 {
		a.bits, a.part = max(0, a.tables[0].Depth()-2), 0
	}
}

// absorbMore merges a partial, about a part of a table a call.
func (g *Grouper) absorbMore(fuel int) (more bool, err error) {
	a := g.partial
	for len(a.tables) > 0 {
		for len(a.left) > 0 {
			if fuel <= 0 {
				return true, nil
			}
			n := min(len(a.left), state.Chunk)
			away, err := g.absorbRows(a, a.left[:n])
			if err != nil {
				return false, err
			}
			if a.left = append(away, a.left[n:]...); len(away) > 0 {
				return true, nil
			}
			fuel -= n
		}
		if a.part == 1<<a.bits {
			a.tables = a.tables[1:]
			g.openPartial()
			continue
		}
		a.left, _ = a.tables[0].Part(a.bits, a.part, nil)
		a.part++
	}
	a.store.Close()
	g.partial = nil
	return false, nil
}

// absorbRows merges rows of the partial's first table and returns those that
// wait for pages.
func (g *Grouper) absorbRows(a *absorbing, from []state.Ref) (away []state.Ref, err error) {
	src := a.tables[0]
	if src.Kind() > 0 {
		return g.absorbValues(src, from)
	}
	dst := g.store.Table(src.Pane(), 0)
	refs := a.cl.refs[:len(from)]
	missing, err := dst.AssignFrom(src, from, refs)
	if err != nil {
		return nil, err
	}
	if missing > 0 {
		var here, to []state.Ref
		for i, r := range refs {
			if r == state.NoRef {
				away = append(away, from[i])
			} else {
				here, to = append(here, from[i]), append(to, r)
			}
		}
		from, refs = here, to
	}
	a.cl.dst.set(dst, refs)
	a.cl.src.set(src, from)
	if g.changing != nil {
		if err := g.changing(&a.cl.dst); err != nil {
			return nil, err
		}
	}
	g.mergeInto(&a.cl.dst, &a.cl.src)
	dst.Settle()
	return away, nil
}

// absorbValues adds the counted values of a lessee's set, as rows that only the
// set's calls see.
func (g *Grouper) absorbValues(src *state.Table, from []state.Ref) (away []state.Ref, err error) {
	s := &g.sets[src.Kind()-1]
	b := g.valueBatch(src, s, from)
	t := g.store.Table(src.Pane(), 0)
	rows := g.all[:len(from)]
	g.keyCols = g.keyCols[:0]
	for _, k := range g.spec.Keys {
		g.keyCols = append(g.keyCols, b.Cols[k])
	}
	g.hash = batch.HashRows(g.keyCols, g.spec.KeyTypes, rows, len(rows), g.hash)
	refs := g.refs[:len(from)]
	missing, err := t.Assign(b.Cols, g.spec.Keys, rows, g.hash, refs)
	if err != nil {
		return nil, err
	}
	g.views[s.view].pos = rows
	n, err := g.assignSet(s, b, src.Pane(), rows)
	if err != nil {
		return nil, err
	}
	if missing+n > 0 {
		return g.absorbPresent(src, s, from, refs)
	}
	ch := &g.chunk
	ch.set(t, refs)
	ch.rows, ch.diff = rows, b.Diff
	if g.changing != nil {
		if err := g.changing(&ch.rowset); err != nil {
			return nil, err
		}
	}
	g.addDistinct(s, ch, b)
	t.Settle()
	s.tidy()
	return nil, nil
}

// absorbPresent absorbs the values whose pages are here.
func (g *Grouper) absorbPresent(src *state.Table, s *set, from, refs []state.Ref) (away []state.Ref, err error) {
	var here []state.Ref
	for i, r := range from {
		if refs[i] == state.NoRef || s.refs[i] == state.NoRef {
			away = append(away, r)
		} else {
			here = append(here, r)
		}
	}
	if len(here) == 0 {
		return away, nil
	}
	again, err := g.absorbValues(src, here)
	return append(away, again...), err
}

// valueBatch makes a batch, in the input's columns, of counted values.
func (g *Grouper) valueBatch(src *state.Table, s *set, from []state.Ref) *batch.Batch {
	width := 0
	for _, c := range s.keys {
		width = max(width, c+1)
	}
	b := &batch.Batch{Cols: make([]batch.Column, width), N: len(from), Diff: make([]int64, len(from))}
	for i, c := range s.keys {
		kind := s.kind
		if i < len(g.spec.Keys) {
			kind = g.spec.KeyTypes[i].Kind
		}
		col := batch.New(kind, len(from))
		src.AppendKey(i, from, col)
		b.Cols[c] = col
	}
	words := make([][]int64, len(from))
	src.Rows(from, words)
	for i, w := range words {
		b.Diff[i] = w[src.Acc(0)]
	}
	return b
}
