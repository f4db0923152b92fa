// Package mem is a Store in memory, for tests and for engines that need not
// survive. It fails on demand: a Disk outlives its Store as a real one outlives
// a process, and can lose what was not durable, damage a block, or refuse
// writes.
package mem

import (
	"bytes"
	"context"
	"hash/crc32"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/dirigo-stream/dirigo/storage"
)

// Disk is what remains after a crash. Its methods are safe for concurrent use.
type Disk struct {
	mu          sync.Mutex
	incarnation uint64
	blocks      map[string]stored
	roots       []root // the newest first
	logs        map[string]map[string][]byte
	fail        func(Op) error
	open        *Store
}

type stored struct {
	data []byte
	sum  uint32
}

type root struct {
	storage.Root
	sum uint32
}

// Op is one write as Disk.Fail sees it. Name is that of the block, of the log,
// or empty.
type Op struct {
	Kind OpKind
	Name string
}

// OpKind says which method writes.
type OpKind int

// The kinds: one Op for each block of a Write, for each name of a Delete, and
// for each call of the others.
const (
	WriteBlock OpKind = iota
	DeleteBlock
	CommitRoot
	PutLog
)

// NewDisk returns an empty disk.
func NewDisk() *Disk {
	return &Disk{blocks: make(map[string]stored), logs: make(map[string]map[string][]byte)}
}

// New returns a store on a disk of its own.
func New() *Store { return NewDisk().Open() }

// Open returns a store on the disk. A store that was open on it before is dead:
// whatever it still does fails. That is a crash, as the disk sees it.
func (d *Disk) Open() *Store {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.incarnation++
	d.open = &Store{disk: d, inc: d.incarnation, spill: &spill{m: make(map[string][]byte)}}
	return d.open
}

// Fail makes f judge every write from now on, before it happens: where it
// returns an error the call fails there, with what came before in the same call
// left written. nil: nothing fails.
func (d *Disk) Fail(f func(Op) error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.fail = f
}

// Damage flips a bit of a block; false if it is not there.
func (d *Disk) Damage(name string) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	b, ok := d.blocks[name]
	if !ok {
		return false
	}
	b.data = flip(b.data)
	d.blocks[name] = b
	return true
}

// DamageRoot flips a bit of the nth newest root; false if there is none.
func (d *Disk) DamageRoot(n int) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	if n >= len(d.roots) {
		return false
	}
	d.roots[n].Data = flip(d.roots[n].Data)
	return true
}

// Lose removes a block, as if it had never been written.
func (d *Disk) Lose(name string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.blocks, name)
}

// flip returns a copy with one bit changed; a byte where there was none.
func flip(data []byte) []byte {
	out := append([]byte(nil), data...)
	if len(out) == 0 {
		return []byte{1}
	}
	out[len(out)/2] ^= 1
	return out
}

func (d *Disk) judge(op Op) error {
	if d.fail == nil {
		return nil
	}
	return d.fail(op)
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

func sum(data []byte) uint32 { return crc32.Checksum(data, castagnoli) }

// Store implements storage.Store.
type Store struct {
	disk  *Disk
	inc   uint64
	spill *spill
}

var _ storage.Store = (*Store)(nil)

// lock gives access to the disk, unless another store has taken it over.
func (s *Store) lock() (*Disk, error) {
	s.disk.mu.Lock()
	if s.disk.open != s {
		s.disk.mu.Unlock()
		return nil, storage.ErrClosed
	}
	return s.disk, nil
}

// Incarnation implements storage.Store.
func (s *Store) Incarnation() uint64 { return s.inc }

// Write implements storage.Store.
func (s *Store) Write(ctx context.Context, blocks []storage.Block) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	d, err := s.lock()
	if err != nil {
		return err
	}
	defer d.mu.Unlock()
	for _, b := range blocks {
		if err := storage.CheckName(b.Name); err != nil {
			return err
		}
		if err := d.judge(Op{WriteBlock, b.Name}); err != nil {
			return err
		}
		d.blocks[b.Name] = stored{data: bytes.Clone(b.Data), sum: sum(b.Data)}
	}
	return nil
}

// Read implements storage.Store.
func (s *Store) Read(name string) ([]byte, error) {
	d, err := s.lock()
	if err != nil {
		return nil, err
	}
	defer d.mu.Unlock()
	b, ok := d.blocks[name]
	if !ok {
		return nil, storage.ErrNotFound
	}
	if sum(b.data) != b.sum {
		return nil, &storage.DamagedError{Name: name}
	}
	return bytes.Clone(b.data), nil
}

// Delete implements storage.Store.
func (s *Store) Delete(names []string) error {
	d, err := s.lock()
	if err != nil {
		return err
	}
	defer d.mu.Unlock()
	for _, name := range names {
		if err := d.judge(Op{DeleteBlock, name}); err != nil {
			return err
		}
		delete(d.blocks, name)
	}
	return nil
}

// Names implements storage.Store.
func (s *Store) Names(f func(name string) error) error {
	d, err := s.lock()
	if err != nil {
		return err
	}
	names := slices.Sorted(maps.Keys(d.blocks))
	d.mu.Unlock()
	for _, name := range names {
		if err := f(name); err != nil {
			return err
		}
	}
	return nil
}

// Commit implements storage.Store.
func (s *Store) Commit(ctx context.Context, r storage.Root, keep int) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	d, err := s.lock()
	if err != nil {
		return err
	}
	defer d.mu.Unlock()
	if err := d.judge(Op{Kind: CommitRoot}); err != nil {
		return err
	}
	r.Data = bytes.Clone(r.Data)
	d.roots = slices.Insert(d.roots, 0, root{Root: r, sum: sum(r.Data)})
	d.roots = d.roots[:min(len(d.roots), max(1, keep))]
	return nil
}

// Roots implements storage.Store.
func (s *Store) Roots() ([]storage.Root, error) {
	d, err := s.lock()
	if err != nil {
		return nil, err
	}
	defer d.mu.Unlock()
	var out []storage.Root
	for _, r := range d.roots {
		if sum(r.Data) == r.sum {
			out = append(out, storage.Root{Epoch: r.Epoch, Data: bytes.Clone(r.Data)})
		}
	}
	return out, nil
}

// Log implements storage.Store.
func (s *Store) Log(name string) (storage.Log, error) { return s.Journal(name) }

// Journal implements storage.Store.
func (s *Store) Journal(name string) (storage.Journal, error) {
	if err := storage.CheckName(name); err != nil {
		return nil, err
	}
	d, err := s.lock()
	if err != nil {
		return nil, err
	}
	defer d.mu.Unlock()
	if d.logs[name] == nil {
		d.logs[name] = make(map[string][]byte)
	}
	return &log{s: s, name: name}, nil
}

// Spill implements storage.Store.
func (s *Store) Spill() storage.Spill { return s.spill }

// Close implements storage.Store. The disk keeps what was written.
func (s *Store) Close() error {
	s.disk.mu.Lock()
	defer s.disk.mu.Unlock()
	if s.disk.open == s {
		s.disk.open = nil
	}
	return nil
}

type log struct {
	s    *Store
	name string
}

// Put implements storage.Log.
func (l *log) Put(ctx context.Context, puts []storage.Record, deletes []string) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	d, err := l.s.lock()
	if err != nil {
		return err
	}
	defer d.mu.Unlock()
	if err := d.judge(Op{PutLog, l.name}); err != nil {
		return err
	}
	for _, r := range puts {
		if err := storage.CheckName(r.Key); err != nil {
			return err
		}
	}
	m := d.logs[l.name]
	for _, key := range deletes {
		delete(m, key)
	}
	for _, r := range puts {
		m[r.Key] = bytes.Clone(r.Value)
	}
	return nil
}

// Scan implements storage.Log.
func (l *log) Scan(prefix string, f func(storage.Record) error) error {
	d, err := l.s.lock()
	if err != nil {
		return err
	}
	m := maps.Clone(d.logs[l.name])
	d.mu.Unlock()
	for _, key := range slices.Sorted(maps.Keys(m)) {
		if !strings.HasPrefix(key, prefix) {
			continue
		}
		if err := f(storage.Record{Key: key, Value: bytes.Clone(m[key])}); err != nil {
			return err
		}
	}
	return nil
}

// Keys implements storage.Journal.
func (l *log) Keys(prefix string, f func(key string) error) error {
	d, err := l.s.lock()
	if err != nil {
		return err
	}
	keys := slices.Sorted(maps.Keys(d.logs[l.name]))
	d.mu.Unlock()
	for _, key := range keys {
		if !strings.HasPrefix(key, prefix) {
			continue
		}
		if err := f(key); err != nil {
			return err
		}
	}
	return nil
}

// Get implements storage.Journal.
func (l *log) Get(key string) ([]byte, error) {
	d, err := l.s.lock()
	if err != nil {
		return nil, err
	}
	defer d.mu.Unlock()
	v, ok := d.logs[l.name][key]
	if !ok {
		return nil, storage.ErrNotFound
	}
	return bytes.Clone(v), nil
}

// fitBytes and fitRecords bound a Put, so that those who cut large ones are
// tested.
const fitBytes, fitRecords = 4 << 10, 16

// Fits implements storage.Journal.
func (l *log) Fits(sizes []int) bool {
	total := 0
	for _, n := range sizes {
		total += n
	}
	return len(sizes) <= fitRecords && total <= fitBytes
}

type spill struct {
	mu sync.Mutex
	m  map[string][]byte
}

// Put implements storage.Spill.
func (s *spill) Put(key string, value []byte) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.m[key] = bytes.Clone(value)
	return nil
}

// Get implements storage.Spill.
func (s *spill) Get(key string) ([]byte, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	v, ok := s.m[key]
	if !ok {
		return nil, storage.ErrNotFound
	}
	return bytes.Clone(v), nil
}

// Delete implements storage.Spill.
func (s *spill) Delete(key string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.m, key)
	return nil
}
