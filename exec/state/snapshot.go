package state

import (
	"fmt"
)

// Snapshot is the content of one table at one moment. It is taken in the
// owner's turn at the cost of a pointer per page, and read on another
// goroutine while the table goes on changing.
type Snapshot struct {
	home     Home
	shapes   []*shape
	kind     int
	pages    []sharedPage
	segments []segment // not loaded when it was taken
	loaded   []*page
}

// Snapshot takes a snapshot of a pane's table of a kind.
func (st *Store) Snapshot(pane int64, kind int) *Snapshot {
	s := &Snapshot{home: st.home, shapes: st.shapes, kind: kind}
	if t := st.Lookup(pane, kind); t != nil {
		for _, p := range t.pages {
			if p.away != nil {
				s.pages = append(s.pages, sharedPage{away: p.away.hold()})
			} else if p.n > 0 {
				s.pages = append(s.pages, p.share())
			}
		}
	}
	for _, seg := range st.segments {
		if !seg.loaded {
			s.segments = append(s.segments, seg)
		}
	}
	return s
}

// Next returns the live rows of the next page as refs of a table of their own;
// nil at the end. It may read from Home.
func (s *Snapshot) Next() (*Table, []Ref, error) {
	for {
		p, err := s.page()
		if p == nil || err != nil {
			return nil, nil, err
		}
		t := &Table{shape: s.shapes[s.kind], pages: []*page{p}}
		var refs []Ref
		for slot := range p.n {
			if p.flags[slot]&flagDead == 0 {
				refs = append(refs, Ref(slot))
			}
		}
		if len(refs) > 0 {
			return t, refs, nil
		}
	}
}

func (s *Snapshot) page() (*page, error) {
	if n := len(s.loaded); n > 0 {
		p := s.loaded[n-1]
		s.loaded = s.loaded[:n-1]
		return p, nil
	}
	if n := len(s.pages); n > 0 {
		f := s.pages[n-1]
		s.pages = s.pages[:n-1]
		return s.thaw(f)
	}
	for len(s.segments) > 0 && len(s.loaded) == 0 {
		seg := s.segments[0]
		s.segments = s.segments[1:]
		if err := s.load(seg); err != nil {
			return nil, err
		}
	}
	if len(s.loaded) > 0 {
		return s.page()
	}
	return nil, nil
}

// thaw copies a shared page, and gives it back.
func (s *Snapshot) thaw(f sharedPage) (*page, error) {
	if f.away != nil {
		p, err := f.away.read(s.home.Spill, s.shapes[s.kind])
		s.release(f)
		return p, err
	}
	p := f.page()
	p.cells = append([]int64(nil), p.cells...)
	p.heap = append([]byte(nil), p.heap...)
	p.flags = append([]uint8(nil), p.flags...)
	f.release()
	return p, nil
}

func (s *Snapshot) release(f sharedPage) {
	f.release()
	if f.away != nil && f.away.drop() {
		_ = s.home.Spill.Delete(f.away.key) // emptied at every start anyway
	}
}

// load builds the pages of a segment from its blocks.
func (s *Snapshot) load(seg segment) error {
	st := &Store{home: Home{KeyGroups: s.home.KeyGroups}, tables: map[tableID]*Table{}, sealed: map[int64]bool{}, shapes: s.shapes}
	for _, name := range seg.names {
		data, err := s.home.Read(name)
		if err != nil {
			return fmt.Errorf("load state: %w", err)
		}
		b, err := decodeBlock(data)
		if err == nil {
			err = st.apply(b, seg.low, seg.high)
		}
		if err != nil {
			return fmt.Errorf("load state from block %s: %w", name, err)
		}
	}
	for _, t := range st.tables {
		if t.id.kind == s.kind {
			s.loaded = append(s.loaded, t.pages...)
		}
	}
	return nil
}

// Close gives back what was not read.
func (s *Snapshot) Close() {
	for _, f := range s.pages {
		s.release(f)
	}
	s.pages, s.segments, s.loaded = nil, nil, nil
}
