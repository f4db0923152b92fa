package join

import (
	"errors"
	"fmt"

	"github.com/dirigo-stream/dirigo/exec"
	"github.com/dirigo-stream/dirigo/exec/batch"
	"github.com/dirigo-stream/dirigo/exec/expr"
	"github.com/dirigo-stream/dirigo/exec/state"
)

// Lookup runs a Temporal. Left rows are held until their tick is complete: by
// then the table's changes of that tick have been made. So none is left at a
// Seal.
type Lookup struct {
	spec   Temporal
	store  *state.Store
	memory *state.Account
	table  *side
	rows   *rows
	on     *condition

	changes  []item // of the table
	held     []item // left rows
	bytes    int64
	advance  bool
	relieved bool
	born     int64
	loads    int

	all   []int32
	hash  []uint64
	refs  []state.Ref
	fresh []bool
	keys  []batch.Column
	match matches
}

var (
	_ exec.Operator = (*Lookup)(nil)
	_ exec.Due      = (*Lookup)(nil)
	_ exec.Paged    = (*Lookup)(nil)
	_ exec.Sealer   = (*Lookup)(nil)
)

// NewLookup returns the operator of a Temporal with its state at home; cx is what
// the condition is evaluated with.
func NewLookup(spec Temporal, home state.Home, cx expr.Context) (*Lookup, error) {
	l := &Lookup{spec: spec, memory: home.Memory, refs: make([]state.Ref, state.Chunk), fresh: make([]bool, state.Chunk)}
	check := Join{Kind: spec.Kind, Left: spec.Left, Right: spec.Right, LeftKey: spec.LeftKey, RightKey: spec.RightKey, Output: spec.Output}
	if err := check.check(); err != nil {
		return nil, err
	}
	if spec.Kind != Inner && spec.Kind != Left {
		return nil, fmt.Errorf("a temporal join is inner or left, not %s", spec.Kind)
	}
	var err error
	if l.on, err = newCondition(spec.On, len(spec.Left), cx); err != nil {
		return nil, err
	}
	used := make([]bool, len(spec.Right))
	for _, c := range append(append([]int{}, spec.Output...), l.on.cols...) {
		if c >= len(spec.Left) {
			used[c-len(spec.Left)] = true
		}
	}
	l.table = newSide(1, spec.Right, spec.RightKey, used)
	l.table.lay(true, false)
	l.store = state.NewStore(home, state.Layout{}, l.table.layout, familyLayout, familyLayout)
	l.table.store = l.store
	l.rows = l.table.pane(0, true)
	return l, nil
}

// Push implements exec.Operator.
func (l *Lookup) Push(in int, b *batch.Batch, out exec.Emitter, fuel int) (bool, error) {
	l.born = max(l.born, b.Born)
	rows := b.Sel
	if rows == nil {
		for i := len(l.all); i < b.N; i++ {
			l.all = append(l.all, int32(i))
		}
		rows = l.all[:b.N:b.N]
	}
	it := item{in: in, b: b, rows: rows}
	if in == 0 {
		l.held = append(l.held, it)
		l.bytes += b.Bytes()
		l.memory.Add(b.Bytes())
		return false, nil
	}
	l.changes = append(l.changes, it)
	return l.Resume(out, fuel)
}

// Advance implements exec.Operator.
func (l *Lookup) Advance(f exec.Frontier, out exec.Emitter, fuel int) (bool, error) {
	l.born = max(l.born, f.Born)
	l.advance = true
	return l.Resume(out, fuel)
}

// Resume implements exec.Operator.
func (l *Lookup) Resume(out exec.Emitter, fuel int) (more bool, err error) {
	if l.loads != l.store.Loads() {
		if l.rows.families.load() {
			return true, nil
		}
		l.loads = l.store.Loads()
	}
	for len(l.changes) > 0 {
		if wait, err := l.change(&l.changes[0]); wait || err != nil {
			return wait, err
		}
		l.changes = l.changes[1:]
	}
	if l.advance {
		for len(l.held) > 0 {
			if more, err := l.answer(&l.held[0], out, &fuel); more || err != nil {
				return more, err
			}
			l.held = l.held[1:]
		}
		l.memory.Add(-l.bytes)
		l.held, l.bytes, l.advance, l.born = nil, 0, false, 0
	}
	if l.store.Over() && !l.relieved {
		l.relieved = true
		return true, nil
	}
	l.relieved = false
	return false, nil
}

// next takes up to a chunk of an item's rows and hashes their keys.
func (l *Lookup) next(it *item, s []int, types []batch.Type) []int32 {
	at := it.rows[:min(len(it.rows), state.Chunk)]
	it.rows = it.rows[len(at):]
	l.keys = l.keys[:0]
	for _, k := range s {
		l.keys = append(l.keys, it.b.Cols[k])
	}
	l.hash = batch.HashRows(l.keys, types, at, len(at), l.hash)
	return at
}

// change takes changes of the table; wait: for pages.
func (l *Lookup) change(it *item) (wait bool, err error) {
	s := l.table
	for len(it.rows) > 0 {
		if wait, err := l.rows.families.settle(); wait || err != nil {
			return wait, err
		}
		at := l.next(it, s.key, s.keyTypes)
		refs := l.refs[:len(at)]
		missing, err := l.rows.put(it.b, at, l.hash, refs, l.fresh)
		if err != nil {
			return false, err
		}
		for i, r := range refs {
			if r == state.NoRef {
				it.away = append(it.away, at[i])
				continue
			}
			l.rows.Row(r)[s.count] += it.b.DiffAt(int(at[i]))
		}
		for _, r := range refs {
			if r != state.NoRef && l.rows.Row(r)[s.count] == 0 {
				l.rows.Remove(r)
			}
		}
		if missing < len(at) {
			l.store.Unpin()
		}
	}
	if wait, err := l.rows.families.settle(); wait || err != nil {
		return wait, err
	}
	it.rows, it.away = it.away, nil
	return len(it.rows) > 0, nil
}

// answer looks left rows up; more: some are left, or pages are missing.
func (l *Lookup) answer(it *item, out exec.Emitter, fuel *int) (more bool, err error) {
	for len(it.rows) > 0 {
		if *fuel <= 0 {
			return true, nil
		}
		at := l.next(it, l.spec.LeftKey, l.table.keyTypes)
		refs := l.refs[:len(at)]
		if l.rows.Heads(l.hash, refs) < len(at) {
			l.store.Unpin()
		}
		l.table.probe.Load(it.b.Cols, l.spec.LeftKey, at, l.hash)
		*fuel -= len(at)
		if err := l.lookUp(it, at, refs, out); err != nil {
			return false, err
		}
	}
	it.rows, it.away = it.away, nil
	return len(it.rows) > 0, nil
}

// lookUp sends rows with what the table has for their keys.
func (l *Lookup) lookUp(it *item, at []int32, heads []state.Ref, out exec.Emitter) error {
	m := &l.match
	m.reset(it.b, 0, nil, l.rows)
	clear(m.cols)
	var found []state.Ref
	here := make([]bool, len(at))
	for i, head := range heads {
		if head == state.NoRef {
			it.away = append(it.away, at[i])
			continue
		}
		here[i] = true
		if l.null(it.b, at[i]) {
			continue
		}
		found = l.rows.Matches(head, l.table.probe, i, found[:0])
		for _, r := range found {
			if l.rows.Row(r)[l.table.count] > 0 {
				m.rows, m.own, m.refs = append(m.rows, at[i]), append(m.own, int32(i)), append(m.refs, r)
			}
		}
	}
	left := len(l.spec.Left)
	column := func(c int) batch.Column { return m.column(c, left) }
	if l.on.program != nil && len(m.rows) > 0 {
		sel, err := l.on.holds(len(m.rows), column)
		if err != nil {
			return fmt.Errorf("the condition of a join cannot be computed: %w", err)
		}
		m.keep(sel)
	}
	if len(m.rows) > 0 {
		l.emit(it.b, m.rows, column, out)
	}
	if l.spec.Kind == Left {
		for _, i := range m.own {
			here[i] = false
		}
		l.pad(it.b, at, here, out)
	}
	return nil
}

// null tells whether a left row's key has a NULL, which matches nothing.
func (l *Lookup) null(b *batch.Batch, row int32) bool {
	for _, k := range l.spec.LeftKey {
		if batch.IsNull(b.Cols[k], int(row)) {
			return true
		}
	}
	return false
}

// pad sends those rows of at that are alone, with NULLs.
func (l *Lookup) pad(b *batch.Batch, at []int32, alone []bool, out exec.Emitter) {
	var rows []int32
	for i, row := range at {
		if alone[i] {
			rows = append(rows, row)
		}
	}
	if len(rows) == 0 {
		return
	}
	l.emit(b, rows, func(c int) batch.Column {
		if n := len(l.spec.Left); c >= n {
			return nulls(l.spec.Right[c-n], len(rows))
		}
		return b.Cols[c].Gather(rows)
	}, out)
}

// emit sends rows of b, with the given output columns.
func (l *Lookup) emit(b *batch.Batch, rows []int32, column func(int) batch.Column, out exec.Emitter) {
	to := &batch.Batch{N: len(rows), Time: b.Time, Born: b.Born}
	for _, c := range l.spec.Output {
		to.Cols = append(to.Cols, column(c))
	}
	if b.Diff != nil {
		for _, row := range rows {
			to.Diff = append(to.Diff, b.Diff[row])
		}
	}
	out.Emit(to)
}

// Due implements exec.Due.
func (l *Lookup) Due(_ exec.Frontier, rows bool, _ int64) bool { return rows || len(l.held) > 0 }

// Need implements exec.Paged.
func (l *Lookup) Need() exec.Read { return l.store.Need(true) }

// Freeze implements exec.Sealer.
func (l *Lookup) Freeze() exec.Frozen {
	if len(l.held) > 0 {
		panic(errors.New("join: left rows are held at a Seal"))
	}
	return l.store.Freeze()
}

// Trim implements exec.Sealer.
func (l *Lookup) Trim(target int64) int64 { return l.store.Trim(target) }

// Bytes implements exec.Sealer.
func (l *Lookup) Bytes() int64 { return l.store.Bytes() + l.bytes }
