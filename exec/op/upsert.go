package op

import (
	"fmt"

	"github.com/dirigo-stream/dirigo/exec"
	"github.com/dirigo-stream/dirigo/exec/batch"
	"github.com/dirigo-stream/dirigo/exec/state"
)

// upsert keeps the newest row by key. Rows lie in chains by the hash of the key:
// for each whether it is the newest, and whether it was when the last tick was
// complete. What differs leaves with the tick.
type upsert struct {
	spec  Upsert
	store *state.Store
	born  int64
	at    []int
	types []batch.Type // of the key
	probe *state.Probe

	work     []rest
	emitting bool
	relieved bool
	send     []state.Ref
	cols     []batch.Column
	hash     []uint64
	refs     []state.Ref
	heads    []state.Ref
	fresh    []bool
	same     []state.Ref // rows of one key
	gone     []state.Ref // rows of the chunk that others replaced
	all      []int32
}

// Words of a row, from Table.Acc(0) on.
const (
	upTouch  = iota
	upNewest // 1: it is the newest of its key
	upShown  // 1: it was, as sent
	_        // the chain
)

var (
	_ exec.Operator = (*upsert)(nil)
	_ exec.Paged    = (*upsert)(nil)
	_ exec.Sealer   = (*upsert)(nil)
	_ exec.Due      = (*upsert)(nil)
)

func newUpsert(spec Upsert, env Env) (*upsert, error) {
	u := &upsert{spec: spec}
	u.refs, u.heads, u.fresh = make([]state.Ref, state.Chunk), make([]state.Ref, state.Chunk), make([]bool, state.Chunk)
	layout := state.Layout{Accs: []state.Acc{state.Word, state.Word, state.Word, state.Chain}}
	for i, t := range spec.Types {
		layout.Keys = append(layout.Keys, state.Key{Kind: t.Kind, Exact: true})
		u.at = append(u.at, i)
	}
	var kinds []batch.Kind
	for _, k := range spec.Key {
		if k < 0 || k >= len(spec.Types) {
			return nil, fmt.Errorf("key column %d of %d", k, len(spec.Types))
		}
		u.types = append(u.types, spec.Types[k])
		kinds = append(kinds, spec.Types[k].Kind)
	}
	u.probe = state.NewProbe(kinds, spec.Key)
	u.store = state.NewStore(env.Home, layout)
	return u, nil
}

// Push implements exec.Operator.
func (u *upsert) Push(_ int, b *batch.Batch, out exec.Emitter, fuel int) (bool, error) {
	u.born = max(u.born, b.Born)
	u.work = append(u.work, rest{b, rowsOf(b, &u.all)})
	return u.Resume(out, fuel)
}

// Advance implements exec.Operator.
func (u *upsert) Advance(f exec.Frontier, out exec.Emitter, fuel int) (bool, error) {
	u.born = max(u.born, f.Born)
	u.emitting = true
	return u.Resume(out, fuel)
}

// Resume implements exec.Operator.
func (u *upsert) Resume(out exec.Emitter, fuel int) (bool, error) {
	work := u.work
	u.work = nil
	for _, w := range work {
		away, err := u.add(w.b, w.rows)
		if err != nil {
			return false, err
		}
		if len(away) > 0 {
			u.work = append(u.work, rest{w.b, away})
		}
	}
	if len(u.work) > 0 {
		return true, nil
	}
	if u.emitting {
		if u.emit(out, fuel) {
			return true, nil
		}
		u.emitting, u.born = false, 0
	}
	if u.store.Over() && !u.relieved {
		u.relieved = true
		return true, nil
	}
	u.relieved = false
	return false, nil
}

// Need implements exec.Paged.
func (u *upsert) Need() exec.Read { return u.store.Need(len(u.send) == 0) }

// add takes records in order and returns those whose pages are away: all of a
// key, so that the order of a key's records stays.
func (u *upsert) add(b *batch.Batch, rows []int32) (away []int32, err error) {
	t := u.store.Table(0, 0)
	u.cols = u.cols[:0]
	for _, k := range u.spec.Key {
		u.cols = append(u.cols, b.Cols[k])
	}
	var here []int32
	for len(rows) > 0 {
		now := rows[:min(len(rows), state.Chunk)]
		rows = rows[len(now):]
		u.hash = batch.HashRows(u.cols, u.types, now, len(now), u.hash)
		if t.Heads(u.hash, u.heads) > 0 {
			here = here[:0]
			for i, row := range now {
				if u.heads[i] == state.NoRef {
					away = append(away, row)
				} else {
					here = append(here, row)
				}
			}
			if now = here; len(now) == 0 {
				continue
			}
		}
		if err := u.replace(t, b, now); err != nil {
			return nil, err
		}
		u.store.Unpin()
		t.Settle()
	}
	return away, nil
}

// replace makes each of rows, whose pages are there, the newest of its key, or
// none where the row is a tombstone.
func (u *upsert) replace(t *state.Table, b *batch.Batch, rows []int32) error {
	news := rows
	if b.Diff != nil {
		news = make([]int32, 0, len(rows))
		for _, row := range rows {
			if b.Diff[row] > 0 {
				news = append(news, row)
			}
		}
	}
	u.hash = batch.HashRows(u.cols, u.types, news, len(news), u.hash)
	if _, err := t.Put(b.Cols, u.at, news, u.hash, -1, true, u.refs, u.fresh); err != nil {
		return err
	}
	u.hash = batch.HashRows(u.cols, u.types, rows, len(rows), u.hash)
	t.Heads(u.hash, u.heads)
	u.probe.Load(b.Cols, u.spec.Key, rows, u.hash)
	u.gone = u.gone[:0]
	next := 0
	for i, row := range rows {
		u.same = t.Matches(u.heads[i], u.probe, i, u.same[:0])
		for _, r := range u.same {
			if t.Row(r)[t.Acc(upNewest)] != 0 {
				u.set(t, r, 0)
				u.gone = append(u.gone, r)
			}
		}
		if b.DiffAt(int(row)) > 0 {
			u.set(t, u.refs[next], 1)
			next++
		}
	}
	// Rows that came and went within the tick do not wait for its end: a key may
	// have many of them.
	for _, r := range u.gone {
		if w := t.Row(r)[t.Acc(0):]; w[upNewest] == 0 && w[upShown] == 0 {
			t.Remove(r)
		}
	}
	return nil
}

func (u *upsert) set(t *state.Table, r state.Ref, newest int64) {
	w := t.Change(r)[t.Acc(0):]
	if w[upNewest] = newest; w[upTouch] == 0 {
		t.Touch(r, 1)
	}
}

// emit sends the changes of the tick; more: some are left.
func (u *upsert) emit(out exec.Emitter, fuel int) (more bool) {
	t := u.store.Table(0, 0)
	for {
		if len(u.send) == 0 {
			u.store.Unpin()
			refs, wait := t.Touched(nil)
			if wait {
				return true
			}
			if len(refs) == 0 {
				t.Settle()
				return false
			}
			u.send = refs
		}
		if fuel <= 0 {
			return true
		}
		n := min(len(u.send), state.Chunk, fuel)
		u.change(t, u.send[:n], out)
		u.send = u.send[n:]
		fuel -= n
	}
}

// change sends what changed of rows and ends those that are not the newest.
func (u *upsert) change(t *state.Table, refs []state.Ref, out exec.Emitter) {
	var changed, ended []state.Ref
	var diff []int64
	for _, r := range refs {
		w := t.Change(r)[t.Acc(0):]
		if d := w[upNewest] - w[upShown]; d != 0 {
			changed, diff = append(changed, r), append(diff, d)
		}
		w[upTouch], w[upShown] = 0, w[upNewest]
		if w[upNewest] == 0 {
			ended = append(ended, r)
		}
	}
	if len(changed) > 0 {
		out.Emit(storedRows(t, u.spec.Types, changed, diff, u.born))
	}
	for _, r := range ended {
		t.Remove(r)
	}
}

// Due implements exec.Due.
func (u *upsert) Due(_ exec.Frontier, rows bool, _ int64) bool { return rows }

// Freeze implements exec.Sealer.
func (u *upsert) Freeze() exec.Frozen { return u.store.Freeze() }

// Trim implements exec.Sealer.
func (u *upsert) Trim(target int64) int64 { return u.store.Trim(target) }

// Bytes implements exec.Sealer.
func (u *upsert) Bytes() int64 { return u.store.Bytes() }
