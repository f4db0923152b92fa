package job

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"
)

// Errors of Txn.Lock.
var (
	ErrLockTimeout = errors.New("the table's lock was not free in time")
	ErrDeadlock    = errors.New("transactions wait for each other's locks")
)

// lockWait is a transaction in the queue for a table's writer lock.
type lockWait struct {
	txn     *Txn
	granted chan error // nil: the lock is the transaction's
}

// acquire takes a table's writer lock, or joins the queue for it. Nobody waits
// for a transaction that holds nothing.
func (ts *tables) acquire(t *table, txn *Txn) (*lockWait, error) {
	ts.lockMu.Lock()
	defer ts.lockMu.Unlock()
	if t.holder == nil {
		t.holder = txn
		return nil, nil
	}
	if len(txn.held) > 0 && waitsFor(t, len(t.waiting), txn, map[*Txn]bool{}) {
		return nil, fmt.Errorf("table %s: %w", t.def.Name, ErrDeadlock)
	}
	w := &lockWait{txn: txn, granted: make(chan error, 1)}
	t.waiting = append(t.waiting, w)
	txn.blocked = t
	return w, nil
}

// waitsFor tells whether the holder of t, or one of the first n in its queue,
// waits for txn, perhaps by way of others.
func waitsFor(t *table, n int, txn *Txn, seen map[*Txn]bool) bool {
	before := []*Txn{t.holder}
	for _, w := range t.waiting[:n] {
		before = append(before, w.txn)
	}
	for _, other := range before {
		if other == txn {
			return true
		}
		next := other.blocked
		if seen[other] || next == nil {
			continue
		}
		seen[other] = true
		at := slices.IndexFunc(next.waiting, func(w *lockWait) bool { return w.txn == other })
		if waitsFor(next, max(0, at), txn, seen) {
			return true
		}
	}
	return false
}

// release gives a table's lock to the next in the queue.
func (t *table) release() {
	t.ts.lockMu.Lock()
	defer t.ts.lockMu.Unlock()
	t.holder = nil
	if len(t.waiting) == 0 {
		t.waiting = nil
		return
	}
	w := t.waiting[0]
	t.waiting = t.waiting[1:]
	t.holder, w.txn.blocked = w.txn, nil
	w.granted <- nil
}

// leave takes a waiter out of the queue; false: it has been granted meanwhile.
func (t *table) leave(w *lockWait) bool {
	t.ts.lockMu.Lock()
	defer t.ts.lockMu.Unlock()
	i := slices.Index(t.waiting, w)
	if i < 0 {
		return false
	}
	t.waiting = slices.Delete(t.waiting, i, i+1)
	w.txn.blocked = nil
	return true
}

// abandon sends away all who wait for the lock of a table that is gone.
func (t *table) abandon(err error) {
	t.ts.lockMu.Lock()
	defer t.ts.lockMu.Unlock()
	for _, w := range t.waiting {
		w.txn.blocked = nil
		w.granted <- err
	}
	t.waiting = nil
}

// await waits until the lock is granted, at most for the timeout.
func (w *lockWait) await(ctx context.Context, t *table, timeout time.Duration) error {
	timer := time.NewTimer(timeout)
	defer timer.Stop()
	var err error
	select {
	case err := <-w.granted:
		return err
	case <-ctx.Done():
		err = ctx.Err()
	case <-timer.C:
		err = fmt.Errorf("table %s: %w", t.def.Name, ErrLockTimeout)
	}
	if t.leave(w) {
		return err
	}
	return <-w.granted // granted, or sent away, just now
}
