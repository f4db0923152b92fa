// Package storage is what the engine asks of durable state: blocks, manifests
// and roots, small logs, and a spill space. It knows nothing of rows, batches
// or SQL.
//
// A Store keeps bytes under names. The Ledger, on top of any Store, says which
// of them count: a root names a manifest per query, a manifest names blocks,
// and what no kept root names is garbage.
package storage

import (
	"context"
	"errors"
	"fmt"
)

// Store keeps what must survive a SIGKILL. All methods are safe for concurrent
// use. A call that returned nil for something called durable below has fsynced.
type Store interface {
	// Incarnation numbers the opens of this store: durable before Open
	// returned, never reused.
	Incarnation() uint64

	// Write makes blocks durable, with one fsync where they fit one batch. A
	// crash may leave any part of them; a block exists only once a root names a
	// manifest that names it. Data is copied or written before Write returns.
	Write(ctx context.Context, blocks []Block) error
	// Read returns one block; *DamagedError when its CRC does not match,
	// ErrNotFound when it is not there. The caller owns the result.
	Read(name string) ([]byte, error)
	// Delete drops blocks that no kept manifest names, at leisure; those that
	// are not there are no error.
	Delete(names []string) error
	// Names calls f with the name of every block, to find garbage at start.
	Names(f func(name string) error) error

	// Commit makes a root durable: it is there whole or not at all. Roots is
	// the last committed first; a damaged one is skipped. Old roots are dropped
	// but for the newest keep.
	Commit(ctx context.Context, root Root, keep int) error
	Roots() ([]Root, error)

	// Log returns a log or table of small records in a store of its own, so
	// that its fsync never queues behind blocks.
	Log(name string) (Log, error)
	// Journal returns a log of which single records are read, in the same
	// store as logs.
	Journal(name string) (Journal, error)
	// Spill returns the spill space, empty at every start.
	Spill() Spill
	Close() error
}

// Block is a named byte string. Names are 1 to 1,024 bytes long.
type Block struct {
	Name string
	Data []byte
}

// Root commits an epoch for all queries.
type Root struct {
	Epoch uint64
	Data  []byte // as the Ledger encodes it
}

// Log is a sorted map of small records, durable when Put returns; one Put is
// atomic, its deletes before its puts. Keys are 1 to 1,024 bytes long. The catalog, idle decisions and rejected rows live in such logs.
type Log interface {
	Put(ctx context.Context, puts []Record, deletes []string) error
	// Scan calls f with the records whose key has the prefix, in key order,
	// as they were when it began.
	Scan(prefix string, f func(Record) error) error
}

// Journal is a Log that may be too large to be scanned: its keys are listed
// without their values, and a value is read by its key.
type Journal interface {
	Log
	// Keys calls f with the keys that have the prefix, in order, as they were
	// when it began.
	Keys(prefix string, f func(key string) error) error
	// Get returns one value, which the caller owns; ErrNotFound,
	// *DamagedError.
	Get(key string) ([]byte, error)
	// Fits says whether a Put of so many records with values of these sizes,
	// in bytes, may be one: what is larger must be cut into several.
	Fits(sizes []int) bool
}

// Record is one entry of a Log.
type Record struct {
	Key   string
	Value []byte
}

// Spill keeps byte strings until the process ends. Get of a key that is not
// there is ErrNotFound; Delete of one is no error. Put does not keep the value;
// what Get returns is the caller's.
type Spill interface {
	Put(key string, value []byte) error
	Get(key string) ([]byte, error)
	Delete(key string) error
}

// ErrNotFound says that a block or record is not there.
var ErrNotFound = errors.New("storage: not found")

// ErrClosed says that the store has been closed.
var ErrClosed = errors.New("storage: closed")

// maxName is the longest name or key, in bytes.
const maxName = 1 << 10

// CheckName says what is wrong with the name of a block or log, or the key of a
// record.
func CheckName(name string) error {
	if name == "" || len(name) > maxName {
		return fmt.Errorf("storage: a name of %d bytes: want 1 to %d", len(name), maxName)
	}
	return nil
}

// DamagedError says that a block's bytes are not those that were written.
type DamagedError struct{ Name string }

func (e *DamagedError) Error() string {
	return fmt.Sprintf("storage: block %s is damaged (checksum mismatch)", e.Name)
}

// LockedError says that another process has the store open.
type LockedError struct {
	Dir string
	Err error
}

func (e *LockedError) Error() string {
	return fmt.Sprintf("storage: %s is in use by another process", e.Dir)
}

func (e *LockedError) Unwrap() error { return e.Err }
