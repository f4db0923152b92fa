package job

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/dirigo-stream/dirigo/exec"
	"github.com/dirigo-stream/dirigo/exec/batch"
	"github.com/dirigo-stream/dirigo/exec/op"
	"github.com/dirigo-stream/dirigo/exec/state"
)

// Lookup returns the newest rows of keys, a batch of the key's columns: what
// the transaction itself has changed, and all that was committed or given its
// place in the log before, whether readers see it already or not. found[i] is
// the row of keys' row i in rows, −1 where there is none.
func (x *Txn) Lookup(ctx context.Context, table uint64, keys *batch.Batch) (rows *batch.Batch, found []int32, err error) {
	t, err := x.lock(ctx, table)
	if err != nil {
		return nil, nil, err
	}
	if len(t.key) == 0 || len(keys.Cols) != len(t.key) {
		return nil, nil, fmt.Errorf("table %s: a look-up by %d columns, its key has %d", t.def.Name, len(keys.Cols), len(t.key))
	}
	keys = keys.Compact()
	l := &lookup{t: t, keys: keys, at: make([]rowAt, keys.N), net: &x.net}
	l.hashes = batch.HashRows(keys.Cols, t.key, nil, keys.N, nil)
	l.inChanges(x.find(t))
	l.inOverlay()
	if err := l.inView(ctx); err != nil {
		return nil, nil, fmt.Errorf("table %s: look up keys: %w", t.def.Name, err)
	}
	rows, found = l.rows()
	return rows, found, nil
}

// lookup is a look-up under way.
type lookup struct {
	t      *table
	keys   *batch.Batch
	hashes []uint64
	at     []rowAt // where the rows are; b nil: nowhere
	open   []int32 // keys of which nothing is known yet
	net    *net
}

// inChanges asks what the transaction itself has changed.
func (l *lookup) inChanges(own *changes) {
	if own == nil || own.rows == 0 {
		l.open = span(0, l.keys.N)
		return
	}
	for i, h := range l.hashes {
		at, v := own.find(h, l.keys.Cols, i, l.net)
		switch v {
		case present:
			l.at[i] = at
		case undecided:
			l.open = append(l.open, int32(i))
		}
	}
}

// inOverlay asks what is on its way to the view, and which keys cannot be
// there.
func (l *lookup) inOverlay() {
	l.t.mu.Lock()
	defer l.t.mu.Unlock()
	rest := l.open[:0]
	for _, i := range l.open {
		h := l.hashes[i]
		if l.t.filter != nil && !l.t.filter.may(h) {
			continue
		}
		at, v := l.t.overlay.find(l.t, h, l.keys.Cols, int(i), l.net)
		switch v {
		case present:
			l.at[i] = at
		case undecided:
			rest = append(rest, i)
		}
	}
	l.open = rest
}

// inView asks the view for the rest.
func (l *lookup) inView(ctx context.Context) error {
	for len(l.open) > 0 {
		err := l.t.askView(ctx, l)
		if !errors.Is(err, errDetached) {
			if err == nil {
				l.t.missed(l)
			}
			return err
		}
		time.Sleep(time.Millisecond) // the view is being restarted
	}
	return nil
}

// rows gathers what was found.
func (l *lookup) rows() (*batch.Batch, []int32) {
	out, found := l.t.batchOf(0), make([]int32, l.keys.N)
	for i, at := range l.at {
		if at.b == nil {
			found[i] = -1
			continue
		}
		found[i] = int32(out.N)
		for c := range out.Cols {
			batch.AppendFrom(out.Cols[c], at.b.Cols[c], int(at.row))
		}
		out.N++
	}
	return out, found
}

// askView looks keys up at the instances of the table's view that have them.
// The rows are as of the last tick that each has applied: what came later is in
// the overlay, and the keys' rows do not change while the lock is held.
func (t *table) askView(ctx context.Context, l *lookup) error {
	q := t.view()
	if q == nil {
		return ErrNoTable
	}
	if err := q.whenReadable(ctx, 0); err != nil {
		return err
	}
	by := make([][]int32, len(q.views))
	owner := owners(len(q.views), q.def.Graph.KeyGroups)
	for _, i := range l.open {
		o := owner[state.KeyGroup(l.hashes[i], q.def.Graph.KeyGroups)]
		by[o] = append(by[o], i)
	}
	answers, asked := make(chan error, len(by)), 0
	for n, p := range q.views {
		if len(by[n]) > 0 {
			asked++
			l.ask(p.home, by[n], answers)
		}
	}
	var err error
	for range asked {
		select {
		case aerr := <-answers:
			if aerr != nil {
				err = aerr
			}
		case <-ctx.Done(): // the answers write to l, which nobody reads then
			return ctx.Err()
		}
	}
	if err != nil {
		return q.why(err)
	}
	return nil
}

// ask has keys looked up in the turn of an instance of the view; those whose
// pages are away again when they have been read.
func (l *lookup) ask(home *instance, keys []int32, answers chan<- error) {
	home.ref.Post(home.q.eng.cfg.now(), func(b behavior, err error) {
		var away []int32
		if err == nil {
			away, err = l.answer(b, keys)
		}
		if err == nil && len(away) > 0 {
			l.ask(home, away, answers)
			return
		}
		answers <- err
	})
}

// owners returns which of n instances has each key group.
func owners(n, groups int) []int32 {
	out := make([]int32, groups)
	for i := range n {
		low, high := groupRange(i, n, groups)
		for g := low; g < high; g++ {
			out[g] = int32(i)
		}
	}
	return out
}

// answer looks keys up in the turn of an instance of the view. It returns those
// whose pages are away, which it has begun to be read.
func (l *lookup) answer(b behavior, keys []int32) (away []int32, err error) {
	v, ok := b.(*vertex)
	if !ok || len(v.chain.stages) == 0 {
		return nil, errNotKept
	}
	m, ok := v.chain.stages[0].op.(*op.Materialized)
	if !ok {
		return nil, errNotKept
	}
	rows, of, away := m.LookupAll(l.keys.Cols, l.hashes, keys)
	for row, i := range of {
		l.at[i] = rowAt{rows, int32(row)}
	}
	if len(away) > 0 {
		v.wanted = m.Need()
	}
	return away, nil
}

// bring has the pages of keys read soon, for those who look them up next.
func bring(home *instance, keys *batch.Batch, hashes []uint64, want []int32) {
	l := &lookup{keys: keys, hashes: hashes, at: make([]rowAt, keys.N)}
	l.ask(home, want, make(chan error, 1))
}

// bring reads pages while nothing of the vertex runs.
func (v *vertex) bring(r exec.Read) func(ready func()) {
	return func(ready func()) {
		v.q.eng.io.run(func() {
			err := r.Fetch()
			if err == nil {
				err = r.Install()
			}
			if err != nil {
				v.lastError = err
			}
			ready()
		})
	}
}

var errNotKept = errors.New("the view keeps no rows by key")

// batchOf is an empty batch of the table's columns.
func (t *table) batchOf(rows int) *batch.Batch {
	b := &batch.Batch{Time: batch.MaxTime}
	for _, typ := range t.types {
		b.Cols = append(b.Cols, batch.New(typ.Kind, rows))
	}
	return b
}
