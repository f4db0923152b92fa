package badger

import (
	"errors"
	"fmt"
	"hash/crc32"
	"os"
	"path/filepath"
	"strconv"
	"sync"

	"github.com/dirigo-stream/dirigo/storage"
)

// spill is a space for values that need not survive: they are appended to
// segment files, never synced, and found through an index in memory (about 100
// bytes a key). A segment of which less than half is alive is emptied into the
// newest one, so the space takes at most about twice what is in it.
type spill struct {
	dir string

	mu       sync.RWMutex // held for reading while a file is read or written
	index    map[string]place
	segments map[int]*segment
	newest   *segment // takes what comes; nil: the next Put makes one
	next     int
	closed   bool
}

type place struct {
	seg  *segment
	at   int64
	size int32
	sum  uint32
}

type segment struct {
	id         int
	file       *os.File
	size, dead int64
}

// segmentSize is when a new segment begins.
const segmentSize = 64 << 20

func openSpill(dir string) (*spill, error) {
	if err := os.RemoveAll(dir); err != nil {
		return nil, fmt.Errorf("empty the spill space: %w", err)
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("make the spill space: %w", err)
	}
	return &spill{dir: dir, index: make(map[string]place), segments: make(map[int]*segment)}, nil
}

// Put implements storage.Spill.
func (s *spill) Put(key string, value []byte) error {
	if int64(len(value)) > 1<<31-1 {
		return fmt.Errorf("spill %s: %d bytes are too many", key, len(value))
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.put(key, value); err != nil {
		return fmt.Errorf("spill %s: %w", key, err)
	}
	return s.compact()
}

func (s *spill) put(key string, value []byte) error {
	if s.closed {
		return storage.ErrClosed
	}
	if s.newest == nil || s.newest.size >= segmentSize {
		f, err := os.OpenFile(filepath.Join(s.dir, strconv.Itoa(s.next)), os.O_CREATE|os.O_RDWR|os.O_TRUNC, 0o600)
		if err != nil {
			return err
		}
		s.newest = &segment{id: s.next, file: f}
		s.segments[s.next] = s.newest
		s.next++
	}
	p := place{seg: s.newest, at: s.newest.size, size: int32(len(value)), sum: crc32.Checksum(value, castagnoli)}
	if _, err := p.seg.file.WriteAt(value, p.at); err != nil {
		return err
	}
	p.seg.size += int64(len(value))
	s.forget(key)
	s.index[key] = p
	return nil
}

// forget counts a key's place as dead.
func (s *spill) forget(key string) {
	p, ok := s.index[key]
	if !ok {
		return
	}
	delete(s.index, key)
	p.seg.dead += int64(p.size)
	if p.seg != s.newest && p.seg.dead == p.seg.size {
		s.remove(p.seg)
	}
}

func (s *spill) remove(seg *segment) {
	delete(s.segments, seg.id)
	_ = seg.file.Close()
	_ = os.Remove(seg.file.Name())
}

// compact moves what is alive out of the first full segment that is half dead.
func (s *spill) compact() error {
	for _, seg := range s.segments {
		if seg == s.newest || seg.dead*2 < seg.size {
			continue
		}
		for key, p := range s.index {
			if p.seg != seg {
				continue
			}
			value, err := p.read(key)
			if err == nil {
				err = s.put(key, value)
			}
			if err != nil {
				return fmt.Errorf("spill %s: %w", key, err)
			}
		}
		if s.segments[seg.id] == seg {
			s.remove(seg) // all of it died while it was the newest
		}
		return nil
	}
	return nil
}

// Get implements storage.Spill.
func (s *spill) Get(key string) ([]byte, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if s.closed {
		return nil, storage.ErrClosed
	}
	p, ok := s.index[key]
	if !ok {
		return nil, storage.ErrNotFound
	}
	return p.read(key)
}

func (p place) read(key string) ([]byte, error) {
	value := make([]byte, p.size)
	if _, err := p.seg.file.ReadAt(value, p.at); err != nil {
		return nil, fmt.Errorf("spill %s: %w", key, err)
	}
	if crc32.Checksum(value, castagnoli) != p.sum {
		return nil, &storage.DamagedError{Name: key}
	}
	return value, nil
}

// Delete implements storage.Spill.
func (s *spill) Delete(key string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return storage.ErrClosed
	}
	s.forget(key)
	return nil
}

func (s *spill) close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil
	}
	s.closed = true
	var errs []error
	for _, seg := range s.segments {
		errs = append(errs, seg.file.Close())
	}
	return errors.Join(append(errs, os.RemoveAll(s.dir))...)
}
