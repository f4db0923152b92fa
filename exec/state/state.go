// Package state keeps the state of stateful operators: hash tables of pages in
// flat arrays, by key group. A page is the unit of dirtiness, freezing,
// eviction and folding. It knows no storage engine: sealed
// blocks and spilled pages come and go through Home.
package state

import "github.com/dirigo-stream/dirigo/exec"

// Home is where the state of one vertex instance lives. The job hands it to a
// stateful operator at construction; the zero Home keeps all in memory.
type Home struct {
	// KeyGroups is the number of key groups of the query (128 by default);
	// keys hash to them. The instance owns Low ≤ g < High.
	KeyGroups, Low, High int
	// Name tells this instance's pages from others' in the spill space: no two
	// operators that are alive may share one.
	Name string
	// Sealed names the blocks of the last manifest for this instance, oldest
	// first. Read gets one by Name; it is safe for concurrent use, checks
	// nothing but the store's own CRC, and may take milliseconds.
	Sealed []Sealed
	Read   func(name string) ([]byte, error)
	// Spill holds evicted pages until the process ends; nil: nothing is evicted.
	Spill Spill
	// Memory is charged for everything held; nil: not counted.
	Memory *Account
}

// Sealed is a block that a manifest names.
type Sealed struct {
	Name       string
	exec.Block // without Data
}

// Spill is a store of byte strings emptied at every start. It is called from
// I/O goroutines, for different keys concurrently. Put does not keep the value;
// what Get returns is the caller's.
type Spill interface {
	Put(key string, value []byte) error
	Get(key string) ([]byte, error)
	Delete(key string) error
}
