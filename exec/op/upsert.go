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
	ticked
	key      []int
	keyTypes []batch.Type
	probe    *state.Probe

	cols  []batch.Column
	heads []state.Ref
	fresh []bool
	same  []state.Ref // rows of one key
	gone  []state.Ref // rows of the chunk that others replaced
}

// Accumulators of a row.
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
	u := &upsert{key: spec.Key}
	u.heads, u.fresh = make([]state.Ref, state.Chunk), make([]bool, state.Chunk)
	var kinds []batch.Kind
	for _, k := range spec.Key {
		if k < 0 || k >= len(spec.Types) {
			return nil, fmt.Errorf("key column %d of %d", k, len(spec.Types))
		}
		u.keyTypes = append(u.keyTypes, spec.Types[k])
		kinds = append(kinds, spec.Types[k].Kind)
	}
	u.probe = state.NewProbe(kinds, spec.Key)
	u.ticked = newTicked(spec.Types, true, env.Home, state.Word, state.Word, state.Word, state.Chain)
	u.refs = make([]state.Ref, state.Chunk)
	u.add, u.judge = u.take, settleNewest
	return u, nil
}

// take takes records in order and returns those whose pages are away: all of a
// key, so that the order of a key's records stays.
func (u *upsert) take(w waiting) (away []int32, err error) {
	t, b, rows := u.store.Table(0, 0), w.b, w.rows
	u.cols = u.cols[:0]
	for _, k := range u.key {
		u.cols = append(u.cols, b.Cols[k])
	}
	var here []int32
	for len(rows) > 0 {
		now := rows[:min(len(rows), state.Chunk)]
		rows = rows[len(now):]
		u.hash = batch.HashRows(u.cols, u.keyTypes, now, len(now), u.hash)
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
	u.hash = batch.HashRows(u.cols, u.keyTypes, news, len(news), u.hash)
	if _, err := t.Put(b.Cols, u.at, news, u.hash, -1, true, u.refs, u.fresh); err != nil {
		return err
	}
	u.hash = batch.HashRows(u.cols, u.keyTypes, rows, len(rows), u.hash)
	t.Heads(u.hash, u.heads)
	u.probe.Load(b.Cols, u.key, rows, u.hash)
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

// settleNewest is whether a touched row comes or goes, with the tick.
func settleNewest(acc []int64) (diff int64, ended bool) {
	diff = acc[upNewest] - acc[upShown]
	acc[upTouch], acc[upShown] = 0, acc[upNewest]
	return diff, acc[upNewest] == 0
}
