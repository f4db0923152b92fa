package storage

import (
	"context"
	"errors"
	"fmt"
	"sync"
)

// Ledger says which blocks of a Store count. It commits epochs: a manifest per
// changed query, which names the query's blocks, and one root, which names the
// manifests. What it returned nil for survives a SIGKILL.
//
// Its methods are safe for concurrent use. A query begins to exist with its
// first Seal, and ends with Drop; query ids are never reused.
type Ledger struct {
	store Store
	cfg   LedgerConfig
	inc   uint64

	mu    sync.Mutex
	idle  *sync.Cond // on mu: busy has become false
	busy  bool       // a Seal is committing
	queue []*sealing // seals that wait for it

	// What the last root says. Only the Seal under way changes it, after the
	// root is durable.
	seq     uint64 // counts roots, those found at open included
	epoch   uint64
	edges   []Edge // the newest last, the root's own included
	queries map[uint64]*query
	index   index

	n        uint64 // makes names unique within an incarnation
	dropped  map[uint64]bool
	dropping map[uint64]bool          // those of dropped that a root still names
	folded   map[uint64][]replacement // takes effect with the next root
	reverted map[uint64]bool          // set back by Fallback; the next root says so
	versions map[uint64][]version     // manifests of kept roots, by rising seq
	pins     map[uint64][]uint64      // root numbers, by query
	graves   []grave                  // what no root names from some root on
	lost     map[uint64]error
	changed  map[uint64]bool // queries that may have to be folded: of ten thousand, those that have sealed
	damages  []Damage
	sweeping bool
	work     sync.WaitGroup
}

// version is a manifest that a query has had since root number seq.
type version struct {
	seq uint64
	man id
}

// LedgerConfig holds what has a default.
type LedgerConfig struct {
	// Retain is how many roots back the manifests and their blocks are kept, to
	// fall back to when a block is damaged; 0: 8.
	Retain int
	// History is how many epochs back Edges are kept; 0: 256.
	History int
	// Pack is the size in bytes up to which the new blocks of a query travel
	// inside its manifest; 0: 64 KB.
	Pack int
	// FoldBytes and FoldBlocks say how many bytes of deltas are too few to be
	// folded, and how many deltas are too many; 0: 256 KB and 32.
	FoldBytes  int64
	FoldBlocks int
	// FoldPart lets a FoldTask ask for some key groups of its blocks only, so that
	// a large state is folded piece by piece: pieces of so many bytes of full
	// blocks, at least. With 0 a task is always of whole blocks, all those of an
	// instance.
	FoldPart int64
	// Go runs clean-up in the background; nil: on a goroutine that ends with it.
	Go func(func())
	// Swept, if not nil, is told the outcome of each clean-up.
	Swept func(deleted int, err error)
}

// Edge is one committed epoch with what the engine attached to it.
type Edge struct {
	Epoch uint64
	Extra []byte
}

// Manifest is the sealed state of one query.
type Manifest struct {
	Epoch  uint64 // the last epoch of which the state holds everything
	Extra  []byte // as the engine encodes it
	Blocks []BlockRef
}

// BlockRef is a block in a manifest. Those of one vertex and instance stand
// oldest first; each counts only for the key groups Low ≤ g < High, which may
// be fewer than it holds, when a Full one has taken the place of the others.
type BlockRef struct {
	Name             string
	Vertex, Instance int
	Low, High        int
	Full             bool // stands alone; others go on top of the older ones
	Size             int64
}

// NewBlock is a block to be sealed. A Full block takes the place of all blocks
// of its vertex and instance that were sealed before, in its key groups; one
// without Data just erases them. Blocks that are sealed together leave each
// other alone, so state too large for one full block may be cut anywhere.
type NewBlock struct {
	Vertex, Instance int
	Low, High        int
	Full             bool
	Data             []byte

	stored id // where it is already; zero: nowhere. See Ahead
	size   int64
}

// QuerySeal is one query's part of an epoch. Epoch may be below that of the
// root which takes it: nobody waits for the slowest query.
type QuerySeal struct {
	Query  uint64
	Epoch  uint64
	Extra  []byte
	Blocks []NewBlock
}

// FoldTask asks for blocks, oldest first, to be merged into full ones of the
// key groups Low ≤ g < High, because the deltas have outgrown the base.
type FoldTask struct {
	Query            uint64
	Vertex, Instance int
	Low, High        int
	Blocks           []BlockRef
}

// Damage tells of something that could not be read at open or was reported by
// Fallback. Epoch is the older one that the query was set back to; 0: none was
// whole. Query 0 stands for the root.
type Damage struct {
	Query, Epoch uint64
	Err          error
}

// ErrStale says that a fold came too late: its blocks are no longer current.
var ErrStale = errors.New("storage: the folded blocks are no longer current")

// LostError says that a query has sealed state, but no manifest of it is whole.
// It does not unwrap: the cause may be ErrNotFound of a block, which must not be
// taken for a query that never was.
type LostError struct {
	Query uint64
	Err   error // what is wrong with the newest
}

func (e *LostError) Error() string {
	return fmt.Sprintf("storage: no kept manifest of query %d is whole: %v", e.Query, e.Err)
}

// Epoch returns the last committed epoch, 0 before the first.
func (l *Ledger) Epoch() uint64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.epoch
}

// Extra returns what the engine attached to the last epoch; nil before the
// first.
func (l *Ledger) Extra() []byte {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.edges) == 0 {
		return nil
	}
	return l.edges[len(l.edges)-1].Extra
}

// History returns the last epochs, oldest first, without a gap: the newest is
// the current one.
func (l *Ledger) History() []Edge {
	l.mu.Lock()
	defer l.mu.Unlock()
	return append([]Edge(nil), l.edges...)
}

// Query returns the current manifest of a query: ErrNotFound where it has never
// been sealed, *LostError where no manifest of it is whole.
func (l *Ledger) Query(id uint64) (Manifest, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.manifest(id)
}

func (l *Ledger) manifest(id uint64) (Manifest, error) {
	if err := l.lost[id]; err != nil {
		return Manifest{}, &LostError{Query: id, Err: err}
	}
	q := l.queries[id]
	if q == nil || l.dropped[id] {
		return Manifest{}, fmt.Errorf("manifest of query %d: %w", id, ErrNotFound)
	}
	return q.manifest(), nil
}

// Queries returns the ids of all queries with sealed state, the lost ones
// included, in no order.
func (l *Ledger) Queries() []uint64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	ids := make([]uint64, 0, len(l.queries)+len(l.lost))
	for id := range l.queries {
		if !l.dropped[id] {
			ids = append(ids, id)
		}
	}
	for id := range l.lost {
		if l.queries[id] == nil && !l.dropped[id] {
			ids = append(ids, id)
		}
	}
	return ids
}

// Damages returns what was found damaged since open.
func (l *Ledger) Damages() []Damage {
	l.mu.Lock()
	defer l.mu.Unlock()
	return append([]Damage(nil), l.damages...)
}

// Drop forgets a query with the next root; seals of it are ignored from now on.
func (l *Ledger) Drop(query uint64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.dropped[query] = true
	l.dropping[query] = true
}

// Pin returns the current manifest of a query and keeps its blocks readable,
// whatever is folded or dropped, until release is called (once or more).
func (l *Ledger) Pin(query uint64) (m Manifest, release func(), err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	m, err = l.manifest(query)
	if err != nil {
		return m, nil, err
	}
	at := l.seq
	l.pins[query] = append(l.pins[query], at)
	var once sync.Once
	return m, func() { once.Do(func() { l.unpin(query, at) }) }, nil
}

func (l *Ledger) unpin(query, at uint64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	pins := l.pins[query]
	for i, p := range pins {
		if p == at {
			pins[i] = pins[len(pins)-1]
			pins = pins[:len(pins)-1]
			break
		}
	}
	if len(pins) == 0 {
		delete(l.pins, query)
		return
	}
	l.pins[query] = pins
}

// Read returns the bytes of a block that a manifest names: *DamagedError or
// ErrNotFound (wrapped) where they are not what was sealed; see Fallback.
func (l *Ledger) Read(name string) ([]byte, error) {
	stored, slot, packed, err := splitName(name)
	if err != nil {
		return nil, err
	}
	data, err := l.store.Read(stored)
	if err != nil {
		return nil, fmt.Errorf("read block %s: %w", name, err)
	}
	if !packed {
		return data, nil
	}
	data, err = packedBlock(data, slot)
	if err != nil {
		return nil, fmt.Errorf("read block %s: %w: %w", name, &DamagedError{Name: stored}, err)
	}
	return data, nil
}

// Close waits for clean-up under way. It does not close the Store.
func (l *Ledger) Close() error {
	l.work.Wait()
	return nil
}

// Flush commits what waits for a next root (drops and folds), if anything does,
// under the current epoch.
func (l *Ledger) Flush(ctx context.Context) error {
	return l.commit(ctx, &sealing{flush: true})
}
