package job

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/dirigo-stream/dirigo/exec/batch"
)

// Txn is one statement, or all between BEGIN and COMMIT. Its changes become
// visible together, in one tick, once they are durable.
//
// Writers of a table come one after the other, readers never wait. A lock is
// held until Commit or Rollback; Commit gives it up as soon as the transaction
// has its place in the log, so that the next one need not wait for the disk.
//
// One goroutine at a time uses a Txn.
type Txn struct {
	// LockTimeout bounds how long Lock waits; 0: 10 s.
	LockTimeout time.Duration

	ts      *tables
	held    []*table
	parts   []*changes
	blocked *table // under tables.lockMu: whose lock it waits for
	bytes   int64  // of its changes
	net     net
	done    bool
}

// ErrTooLarge says that the changes of one transaction, which are kept in memory
// until it commits, would take more than Config.TxnBytes.
var ErrTooLarge = errors.New("the transaction changes too much")

// TxnBytes is what Config.TxnBytes is where it is not set.
const TxnBytes = 1 << 30

const lockTimeout = 10 * time.Second

// errDone is a bug of the caller.
var errDone = errors.New("the transaction is over")

// Begin begins a transaction, which ends with Commit or Rollback.
func (e *Engine) Begin() *Txn { return &Txn{ts: e.tables} }

// Lock takes a table's writer lock until the transaction ends: ErrLockTimeout,
// ErrDeadlock (the transaction should be rolled back), ErrNoTable. The other
// methods that need it take it by themselves.
func (x *Txn) Lock(ctx context.Context, table uint64) error {
	_, err := x.lock(ctx, table)
	return err
}

func (x *Txn) lock(ctx context.Context, id uint64) (*table, error) {
	for _, t := range x.held {
		if t.def.ID == id {
			return t, nil
		}
	}
	if x.done {
		return nil, errDone
	}
	t := x.ts.table(id)
	if t == nil {
		return nil, fmt.Errorf("table %d: %w", id, ErrNoTable)
	}
	w, err := x.ts.acquire(t, x)
	if err == nil && w != nil {
		timeout := x.LockTimeout
		if timeout == 0 {
			timeout = lockTimeout
		}
		err = w.await(ctx, t, timeout)
	}
	if err != nil {
		return nil, err
	}
	x.held = append(x.held, t)
	if x.ts.table(id) != t {
		return nil, fmt.Errorf("table %s: %w", t.def.Name, ErrNoTable)
	}
	return t, x.ts.failure()
}

// Change adds row changes to the transaction: all columns of the table, the
// signed counts in Diff. The batch is frozen from here on. An UPDATE is −1 of
// the old row, exactly as it was, and +1 of the new one.
func (x *Txn) Change(table uint64, b *batch.Batch) error {
	t, err := x.lock(context.Background(), table)
	if err != nil {
		return err
	}
	if x.bytes += b.Bytes(); x.bytes > x.ts.eng.cfg.TxnBytes {
		return fmt.Errorf("table %s: %w", t.def.Name, ErrTooLarge)
	}
	return x.part(t).add(b)
}

// part returns the transaction's changes of a table.
func (x *Txn) part(t *table) *changes {
	if c := x.find(t); c != nil {
		return c
	}
	c := &changes{t: t}
	x.parts = append(x.parts, c)
	return c
}

func (x *Txn) find(t *table) *changes {
	for _, c := range x.parts {
		if c.t == t {
			return c
		}
	}
	return nil
}

// Overlay returns what the transaction has changed in a table so far: its own
// reads add that to what others see.
func (x *Txn) Overlay(table uint64) []*batch.Batch {
	for _, c := range x.parts {
		if c.t.def.ID == table {
			return slices.Clone(c.batches)
		}
	}
	return nil
}

// Wait returns the tick at which, or later, a read finds all that it must: what
// was committed to the table before; and, where the transaction holds the table's
// lock, what was given its place in the log before, which is waited for.
func (x *Txn) Wait(ctx context.Context, table uint64) (tick uint64, err error) {
	t := x.ts.table(table)
	if t == nil {
		return 0, fmt.Errorf("table %d: %w", table, ErrNoTable)
	}
	if !slices.Contains(x.held, t) {
		return t.shown.Load(), nil
	}
	return t.wait(ctx)
}

// Commit makes the changes durable and returns the tick in which they are
// visible, 0 if there are none. Once the transaction has its place in the log
// ctx is not asked any more: an error then means that nothing of it counts, and
// that tables cannot be written until the engine is opened again.
func (x *Txn) Commit(ctx context.Context) (tick uint64, err error) {
	if x.done {
		return 0, errDone
	}
	if err := ctx.Err(); err != nil {
		x.Rollback()
		return 0, err
	}
	x.parts = slices.DeleteFunc(x.parts, func(c *changes) bool { return c.rows == 0 })
	if len(x.parts) == 0 {
		x.Rollback()
		return 0, nil
	}
	c, err := x.ts.enqueue(x.parts)
	x.Rollback() // gives up the locks
	if err != nil {
		return 0, err
	}
	<-c.done
	return c.tick.Load(), c.err
}

// Rollback forgets the changes and gives up the locks; after Commit it does
// nothing.
func (x *Txn) Rollback() {
	if x.done {
		return
	}
	x.done = true
	for _, t := range x.held {
		t.release()
	}
	x.held, x.parts = nil, nil
}
