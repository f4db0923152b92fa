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
// segment files, never synced, and found through an index in memory (about 150
// bytes a key). When the files hold more than twice what is alive in them, the
// segment with the least alive is emptied into the newest one.
type spill struct {
	dir string

	mu       sync.Mutex // never held while a file is read or written
	index    map[string]place
	segments map[*segment]bool
	newest   *segment   // takes what comes; nil: the next Put makes one
	spare    []*segment // empty, to be written again: cheaper than a new file
	next     int
	size     int64 // of all segments
	alive    int64 // what the index finds
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
	keys       []string // of what was ever put here
	users      int      // who read or write the file now
	moving     bool     // somebody empties it
}

const (
	// segmentSize is when a new segment begins.
	segmentSize = 4 << 20
	// slack is what may be dead before it is worth a look.
	slack = 4 * segmentSize
	// spares is how many empty segments are kept.
	spares = 2
)

func openSpill(dir string) (*spill, error) {
	if err := os.RemoveAll(dir); err != nil {
		return nil, fmt.Errorf("empty the spill space: %w", err)
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("make the spill space: %w", err)
	}
	return &spill{dir: dir, index: make(map[string]place), segments: make(map[*segment]bool)}, nil
}

// Put implements storage.Spill.
func (s *spill) Put(key string, value []byte) error {
	if int64(len(value)) > 1<<31-1 {
		return fmt.Errorf("spill %s: %d bytes are too many", key, len(value))
	}
	p, err := s.write(key, value)
	if err != nil {
		return fmt.Errorf("spill %s: %w", key, err)
	}
	s.mu.Lock()
	s.leave(p.seg)
	s.forget(key)
	s.index[key] = p
	s.alive += int64(p.size)
	s.mu.Unlock()
	return s.compact()
}

// write puts a value where nobody finds it yet. The caller must leave the segment.
func (s *spill) write(key string, value []byte) (place, error) {
	p := place{size: int32(len(value)), sum: crc32.Checksum(value, castagnoli)}
	s.mu.Lock()
	err := s.room()
	if err == nil {
		p.seg, p.at = s.newest, s.newest.size
		p.seg.users++
		p.seg.keys = append(p.seg.keys, key)
		p.seg.size += int64(len(value))
		s.size += int64(len(value))
	}
	s.mu.Unlock()
	if err != nil {
		return p, err
	}
	if _, err := p.seg.file.WriteAt(value, p.at); err != nil {
		s.mu.Lock()
		p.seg.dead += int64(p.size)
		s.leave(p.seg)
		s.mu.Unlock()
		return p, err
	}
	return p, nil
}

// room sees that there is a newest segment with room in it.
func (s *spill) room() error {
	switch {
	case s.closed:
		return storage.ErrClosed
	case s.newest != nil && s.newest.size < segmentSize:
		return nil
	}
	full := s.newest
	if n := len(s.spare); n > 0 {
		s.newest, s.spare = s.spare[n-1], s.spare[:n-1]
	} else {
		f, err := os.OpenFile(filepath.Join(s.dir, strconv.Itoa(s.next)), os.O_CREATE|os.O_RDWR|os.O_TRUNC, 0o600)
		if err != nil {
			return err
		}
		s.newest = &segment{id: s.next, file: f}
		s.next++
	}
	s.segments[s.newest] = true
	if full != nil {
		s.tidy(full) // all of it died while it was the newest
	}
	return nil
}

// forget counts a key's place as dead.
func (s *spill) forget(key string) {
	p, ok := s.index[key]
	if !ok {
		return
	}
	delete(s.index, key)
	s.alive -= int64(p.size)
	p.seg.dead += int64(p.size)
	s.tidy(p.seg)
}

// leave ends the use of a segment's file.
func (s *spill) leave(seg *segment) {
	seg.users--
	s.tidy(seg)
}

// tidy lets go of a full segment in which nothing is alive and that nobody uses.
func (s *spill) tidy(seg *segment) {
	if seg.users > 0 {
		return
	}
	if s.closed {
		_ = seg.file.Close()
		return
	}
	if seg == s.newest || seg.dead < seg.size || !s.segments[seg] {
		return
	}
	delete(s.segments, seg)
	s.size -= seg.size
	if len(s.spare) < spares && seg.size < 2*segmentSize {
		seg.size, seg.dead, seg.keys = 0, 0, seg.keys[:0]
		s.spare = append(s.spare, seg)
		return
	}
	_ = seg.file.Close()
	_ = os.Remove(seg.file.Name())
}

// compact moves what is alive out of the segment where that is least, if too
// much is dead. It does so beside everybody else's work, and others may empty
// other segments: who puts more than is emptied waits for itself alone.
func (s *spill) compact() error {
	s.mu.Lock()
	seg := s.worst()
	if seg == nil {
		s.mu.Unlock()
		return nil
	}
	seg.moving = true
	seg.users++
	keys := seg.keys
	s.mu.Unlock()
	var err error
	for _, key := range keys {
		if err = s.move(key, seg); err != nil {
			break
		}
	}
	s.mu.Lock()
	seg.moving = false
	s.leave(seg)
	s.mu.Unlock()
	return err
}

// worst returns the segment to empty, nil for none.
func (s *spill) worst() (seg *segment) {
	if s.closed || s.size <= 2*s.alive+slack {
		return nil
	}
	for x := range s.segments {
		if x != s.newest && !x.moving && (seg == nil || x.dead*seg.size > seg.dead*x.size) {
			seg = x
		}
	}
	return seg
}

// move takes a key out of a segment, if it is still there.
func (s *spill) move(key string, from *segment) error {
	s.mu.Lock()
	p, ok := s.index[key]
	s.mu.Unlock()
	if !ok || p.seg != from {
		return nil
	}
	value, err := p.read(key)
	if err != nil {
		return err
	}
	to, err := s.write(key, value)
	if errors.Is(err, storage.ErrClosed) {
		return nil
	} else if err != nil {
		return fmt.Errorf("spill %s: %w", key, err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.index[key] == p {
		s.index[key] = to
		p.seg.dead += int64(p.size)
	} else { // deleted or put again meanwhile
		to.seg.dead += int64(to.size)
	}
	s.leave(to.seg)
	return nil
}

// Get implements storage.Spill.
func (s *spill) Get(key string) ([]byte, error) {
	s.mu.Lock()
	p, ok := s.index[key]
	switch {
	case s.closed:
		s.mu.Unlock()
		return nil, storage.ErrClosed
	case !ok:
		s.mu.Unlock()
		return nil, storage.ErrNotFound
	}
	p.seg.users++
	s.mu.Unlock()
	value, err := p.read(key)
	s.mu.Lock()
	s.leave(p.seg)
	s.mu.Unlock()
	return value, err
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

// close removes the space; who reads or writes a file now closes it then.
func (s *spill) close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil
	}
	s.closed = true
	var errs []error
	for seg := range s.segments {
		if seg.users == 0 {
			errs = append(errs, seg.file.Close())
		}
	}
	for _, seg := range s.spare {
		errs = append(errs, seg.file.Close())
	}
	return errors.Join(append(errs, os.RemoveAll(s.dir))...)
}
