// Package badger is the Store on disk: two Badger databases, one for blocks and
// roots, one for logs, and a spill space of plain files. It knows nothing of
// what the blocks hold.
//
// A directory belongs to one process:
//
//	DIR/state   blocks and roots; large values in Badger's value log
//	DIR/logs    logs; all values in its tree
//	DIR/spill   emptied at every open
package badger

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"log/slog"
	"path/filepath"
	"strings"
	"sync"

	bdg "github.com/dgraph-io/badger/v4"

	"github.com/dirigo-stream/dirigo/storage"
)

// Keys of the state database: blocks by name, roots by the number of their
// commit, and the incarnation. Every value begins with the CRC32-C
// of its key and the rest.
const (
	blockPrefix    = 'b'
	rootPrefix     = 'r'
	incarnationKey = "i"
	fillPrefix     = 'f' // nothing: see flush
)

// Config holds what has a default.
type Config struct {
	Logger *slog.Logger // nil: discards
}

// Store implements storage.Store.
type Store struct {
	state, logs *database
	spill       *spill
	inc         uint64

	commit   sync.Mutex // orders commits
	lastRoot uint64
	oldest   uint64 // no root before it is left
}

var _ storage.Store = (*Store)(nil)

// Open opens the store in dir, which is created if need be. *storage.LockedError
// says that another process has it.
func Open(dir string, cfg Config) (*Store, error) {
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	s := &Store{}
	var logsErr error
	done := make(chan struct{})
	go func() { // side by side: each replays its own logs
		defer close(done)
		s.logs, logsErr = openDatabase(logsOptions(filepath.Join(dir, "logs")), cfg.Logger)
	}()
	var err error
	s.state, err = openDatabase(stateOptions(filepath.Join(dir, "state")), cfg.Logger)
	<-done
	if err == nil {
		err = logsErr
	}
	if err == nil {
		err = s.begin()
	}
	if err == nil {
		s.spill, err = openSpill(filepath.Join(dir, "spill"))
	}
	if err != nil {
		_ = s.Close()
		if strings.Contains(err.Error(), "Cannot acquire directory lock") {
			return nil, &storage.LockedError{Dir: dir, Err: err}
		}
		return nil, fmt.Errorf("open store %s: %w", dir, err)
	}
	return s, nil
}

// begin counts this open, durably, and finds the last root.
func (s *Store) begin() error {
	last, err := s.state.get([]byte(incarnationKey))
	switch {
	case errors.Is(err, storage.ErrNotFound):
	case err != nil:
		return fmt.Errorf("incarnation: %w", err)
	case len(last) != 8:
		return fmt.Errorf("incarnation: %d bytes", len(last))
	default:
		s.inc = binary.BigEndian.Uint64(last)
	}
	s.inc++
	if err := s.state.write([]entry{{[]byte(incarnationKey), binary.BigEndian.AppendUint64(nil, s.inc)}}, nil); err != nil {
		return fmt.Errorf("incarnation: %w", err)
	}
	first := true
	return s.state.keys([]byte{rootPrefix}, func(key []byte) error {
		if len(key) == 9 {
			s.lastRoot = binary.BigEndian.Uint64(key[1:])
			if first {
				s.oldest, first = s.lastRoot, false
			}
		}
		return nil
	})
}

// Incarnation implements storage.Store.
func (s *Store) Incarnation() uint64 { return s.inc }

func blockKey(name string) []byte { return append([]byte{blockPrefix}, name...) }

func rootKey(n uint64) []byte { return binary.BigEndian.AppendUint64([]byte{rootPrefix}, n) }

// Write implements storage.Store.
func (s *Store) Write(ctx context.Context, blocks []storage.Block) error {
	if err := ctx.Err(); err != nil || len(blocks) == 0 {
		return err
	}
	puts := make([]entry, len(blocks))
	for i, b := range blocks {
		if err := storage.CheckName(b.Name); err != nil {
			return err
		}
		puts[i] = entry{blockKey(b.Name), b.Data}
	}
	if err := s.state.write(puts, nil); err != nil {
		return fmt.Errorf("write %d blocks: %w", len(blocks), err)
	}
	return nil
}

// Read implements storage.Store.
func (s *Store) Read(name string) ([]byte, error) {
	data, err := s.state.get(blockKey(name))
	if errors.Is(err, errDamaged) {
		return nil, &storage.DamagedError{Name: name}
	}
	return data, err
}

// Delete implements storage.Store.
func (s *Store) Delete(names []string) error {
	if len(names) == 0 {
		return nil
	}
	keys := make([][]byte, len(names))
	for i, name := range names {
		keys[i] = blockKey(name)
	}
	if err := s.state.write(nil, keys); err != nil {
		return fmt.Errorf("delete %d blocks: %w", len(names), err)
	}
	return nil
}

// Names implements storage.Store.
func (s *Store) Names(f func(name string) error) error {
	return s.state.keys([]byte{blockPrefix}, func(key []byte) error { return f(string(key[1:])) })
}

// Commit implements storage.Store.
func (s *Store) Commit(ctx context.Context, root storage.Root, keep int) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	s.commit.Lock()
	defer s.commit.Unlock()
	n := s.lastRoot + 1
	data := binary.BigEndian.AppendUint64(make([]byte, 0, 8+len(root.Data)), root.Epoch)
	var old [][]byte
	upTo := s.oldest
	for ; upTo+uint64(max(1, keep)) <= n; upTo++ {
		old = append(old, rootKey(upTo))
	}
	if err := s.state.write([]entry{{rootKey(n), append(data, root.Data...)}}, old); err != nil {
		return fmt.Errorf("commit root of epoch %d: %w", root.Epoch, err)
	}
	s.lastRoot, s.oldest = n, upTo
	return nil
}

// Roots implements storage.Store.
func (s *Store) Roots() ([]storage.Root, error) {
	s.commit.Lock()
	defer s.commit.Unlock()
	var roots []storage.Root
	for n := s.lastRoot; n >= max(1, s.oldest); n-- {
		data, err := s.state.get(rootKey(n))
		switch {
		case errors.Is(err, storage.ErrNotFound), errors.Is(err, errDamaged), err == nil && len(data) < 8:
			continue
		case err != nil:
			return nil, fmt.Errorf("read roots: %w", err)
		}
		roots = append(roots, storage.Root{Epoch: binary.BigEndian.Uint64(data), Data: data[8:]})
	}
	return roots, nil
}

// Spill implements storage.Store.
func (s *Store) Spill() storage.Spill { return s.spill }

// Close implements storage.Store.
func (s *Store) Close() error {
	var errs []error
	if s.state != nil {
		errs = append(errs, s.state.close())
	}
	if s.logs != nil {
		errs = append(errs, s.logs.close())
	}
	if s.spill != nil {
		errs = append(errs, s.spill.close())
	}
	return errors.Join(errs...)
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

var errDamaged = errors.New("checksum mismatch")

// withSum puts the checksum of key and data before data. The key is in it
// because a value log that was cut at a damaged entry and written on may have
// another value where one of its pointers leads.
func withSum(key, data []byte) []byte {
	out := make([]byte, 4+len(data))
	binary.LittleEndian.PutUint32(out, sum(key, data))
	copy(out[4:], data)
	return out
}

// checkSum takes it off again.
func checkSum(key, value []byte) ([]byte, error) {
	if len(value) < 4 || sum(key, value[4:]) != binary.LittleEndian.Uint32(value) {
		return nil, errDamaged
	}
	return value[4:], nil
}

func sum(key, data []byte) uint32 {
	return crc32.Update(crc32.Checksum(key, castagnoli), castagnoli, data)
}

// notFound translates Badger's error.
func notFound(err error) error {
	if errors.Is(err, bdg.ErrKeyNotFound) {
		return storage.ErrNotFound
	}
	return err
}
