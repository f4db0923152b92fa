package catalog

import (
	"maps"
	"slices"
	"strings"
)

// Snapshot is the catalog at one moment. It never changes.
type Snapshot struct {
	names   map[string]*Object
	ids     map[uint64]*Object
	readers map[uint64][]*Object // by what they read, each list by name
	list    []*Object            // by name
}

func newSnapshot(ids map[uint64]*Object) *Snapshot {
	s := &Snapshot{
		names:   make(map[string]*Object, len(ids)),
		ids:     ids,
		readers: map[uint64][]*Object{},
	}
	for _, o := range ids {
		s.names[o.Name] = o
		s.list = append(s.list, o)
	}
	slices.SortFunc(s.list, func(a, b *Object) int { return strings.Compare(a.Name, b.Name) })
	for _, o := range s.list {
		for _, id := range o.DependsOn {
			s.readers[id] = append(s.readers[id], o)
		}
	}
	return s
}

func (s *Snapshot) with(puts []*Object, drops []uint64) *Snapshot {
	ids := maps.Clone(s.ids)
	for _, o := range puts {
		ids[o.ID] = o
	}
	for _, id := range drops {
		delete(ids, id)
	}
	return newSnapshot(ids)
}

// Lookup returns the object of that name: one part, or public and one part.
// The error wraps ErrNotFound and names the nearest there is.
func (s *Snapshot) Lookup(name ...string) (*Object, error) {
	base, err := Base(name...)
	if err != nil {
		return nil, err
	}
	if o, ok := s.names[base]; ok {
		return o, nil
	}
	return nil, notFound(strings.Join(name, "."), Nearest(base, slices.Collect(maps.Keys(s.names))))
}

// ByID returns the object with that id.
func (s *Snapshot) ByID(id uint64) (*Object, bool) {
	o, ok := s.ids[id]
	return o, ok
}

// List returns all objects, by name.
func (s *Snapshot) List() []*Object { return slices.Clone(s.list) }

// Dependents returns the objects that read id directly, by name.
func (s *Snapshot) Dependents(id uint64) []*Object { return slices.Clone(s.readers[id]) }

// Cascade returns id and everything that reads it, directly or through others,
// each before what it reads: the order in which to stop and drop them.
func (s *Snapshot) Cascade(id uint64) []*Object {
	var order []*Object
	seen := map[uint64]bool{}
	var visit func(id uint64)
	visit = func(id uint64) {
		o, ok := s.ids[id]
		if !ok || seen[id] {
			return
		}
		seen[id] = true
		for _, d := range s.readers[id] {
			visit(d.ID)
		}
		order = append(order, o)
	}
	visit(id)
	return order
}
