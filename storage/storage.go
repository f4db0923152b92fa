// Package storage is what the engine asks of durable state: blocks, manifests
// and roots, small logs, and a spill space. It knows nothing of rows, batches
// or SQL (DESIGN section 9).
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

	// Write makes blocks durable, all in one batch with one fsync. A block
	// exists only once a root names a manifest that names it.
	Write(ctx context.Context, blocks []Block) error
	// Read returns one block; *DamagedError when its CRC does not match,
	// ErrNotFound when it is not there.
	Read(name string) ([]byte, error)
	// Delete drops blocks that no kept manifest names, at leisure.
	Delete(names []string) error
	// Names calls f with the name of every block, to find garbage at start.
	Names(f func(name string) error) error

	// Commit makes a root durable: it is there whole or not at all. Roots is
	// the newest first; a damaged one is skipped. Old roots are dropped but for
	// the newest keep.
	Commit(ctx context.Context, root Root, keep int) error
	Roots() ([]Root, error)

	// Log returns a log or table of small records in a store of its own, so
	// that its fsync never queues behind blocks.
	Log(name string) (Log, error)
	// Spill returns the spill space, empty at every start.
	Spill() Spill
	Close() error
}

// Block is a named byte string. Names are "query/vertex.instance/incarnation.epoch.n".
type Block struct {
	Name string
	Data []byte
}

// Root commits an epoch for all queries.
type Root struct {
	Epoch uint64
	Data  []byte // as the engine encodes it
}

// Log is a sorted map of small records, durable when Put returns; one Put is
// atomic. The catalog, idle decisions and rejected rows live in such logs.
type Log interface {
	Put(ctx context.Context, puts []Record, deletes []string) error
	// Scan calls f with the records whose key has the prefix, in key order.
	Scan(prefix string, f func(Record) error) error
}

// Record is one entry of a Log.
type Record struct {
	Key   string
	Value []byte
}

// Spill keeps byte strings until the process ends.
type Spill interface {
	Put(key string, value []byte) error
	Get(key string) ([]byte, error)
	Delete(key string) error
}

// ErrNotFound says that a block or record is not there.
var ErrNotFound = errors.New("storage: not found")

// DamagedError says that a block's bytes are not those that were written.
type DamagedError struct{ Name string }

func (e *DamagedError) Error() string {
	return fmt.Sprintf("storage: block %s is damaged (checksum mismatch)", e.Name)
}
