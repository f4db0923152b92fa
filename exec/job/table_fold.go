package job

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"sort"

	"github.com/dirigo-stream/dirigo/storage"
)

// tableFold cuts the tables' logs off below what every reader has sealed. A new
// query over a table begins with the content of the table's view.
type tableFold struct {
	off   bool // for tests
	busy  bool
	roots int // written since the last time
}

// foldRoots is how many roots are written between two looks at the logs, unless
// the Config says.
const foldRoots = 8

// sealed is called when a root has been written: it may let records go.
func (ts *tables) sealed() {
	ts.mu.Lock()
	defer ts.mu.Unlock()
	f := &ts.fold
	if f.roots++; f.off || f.busy || f.roots < ts.eng.cfg.foldEvery() || ts.closing || len(ts.all) == 0 {
		return
	}
	f.roots, f.busy = 0, true
	ts.eng.io.run(func() {
		ts.cutOff()
		ts.mu.Lock()
		ts.fold.busy = false
		ts.mu.Unlock()
	})
}

// cutOff cuts off the logs of all tables.
func (ts *tables) cutOff() {
	ts.mu.Lock()
	var all []*table
	for _, t := range ts.all {
		all = append(all, t)
	}
	ts.mu.Unlock()
	for _, t := range all {
		t.mu.Lock()
		long := len(t.bases) > 1
		t.mu.Unlock()
		if !long {
			continue
		}
		low, err := t.needed()
		if err == nil {
			err = t.cutBelow(low)
		}
		if err != nil && !errors.Is(err, storage.ErrClosed) {
			ts.eng.cfg.Logger.Warn("the table's log was not cut off", "table", t.def.Name, "err", err)
		}
	}
}

// needed returns the least offset that a query may still be set back to: what
// the oldest kept manifest of each says. A query that has none, and does not run,
// begins with the content of the view; the first manifest of one that runs may be
// on its way to the disk, and say where the query stood long ago.
func (t *table) needed() (low int64, err error) {
	t.mu.Lock()
	low = t.next
	t.mu.Unlock()
	e := t.ts.eng
	sealed := false
	for _, q := range e.sorted() {
		if q.ephemeral || !slices.Contains(q.relations(), t.def.ID) {
			continue
		}
		m, err := e.ledger.Oldest(q.def.ID)
		if errors.Is(err, storage.ErrNotFound) {
			if q.failure() == nil {
				return 0, nil
			}
			continue
		}
		if err != nil {
			return 0, err
		}
		var extra manifestExtra
		if err := json.Unmarshal(m.Extra, &extra); err != nil {
			return 0, err
		}
		for _, at := range extra.Positions[t.def.ID] {
			low = min(low, at.Next)
			sealed = sealed || q.def.ID == t.def.View.ID
		}
	}
	if !sealed {
		return 0, nil // the view itself needs all
	}
	return low, nil
}

// cutBelow deletes the records that end at an offset or before, the oldest
// first. The last one stays: it says how far the offsets have come.
func (t *table) cutBelow(low int64) error {
	t.mu.Lock()
	n := sort.Search(len(t.bases), func(i int) bool { return t.bases[i] > low }) - 1
	n = min(n, len(t.bases)-1)
	var keys []string
	for i := range max(0, n) {
		keys = append(keys, recordKey(t.def.ID, t.bases[i]))
	}
	t.mu.Unlock()
	if len(keys) > 0 {
		t.ts.eng.cfg.Logger.Debug("table log cut off", "table", t.def.Name, "records", len(keys), "below", low)
	}
	for len(keys) > 0 {
		part := keys[:min(len(keys), deleteBatch)]
		keys = keys[len(part):]
		t.mu.Lock()
		t.bases = t.bases[len(part):] // nobody begins there any more
		t.mu.Unlock()
		if err := t.ts.log.delete(context.Background(), part); err != nil {
			return err
		}
	}
	return nil
}
