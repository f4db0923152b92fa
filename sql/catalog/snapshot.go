package catalog

import (
	"maps"
	"slices"
	"strings"
	"sync"
)

// Snapshot is the catalog at one moment. It never changes.
//
// It is a large base, which many snapshots share, and the few changes since: of
// ten thousand objects a CREATE copies a few hundred. What needs all of them in
// order is made when somebody asks.
type Snapshot struct {
	base    *objects
	changed map[uint64]*Object // by id, since base; nil: dropped
	names   map[string]*Object // of changed ones, by name; nil: dropped

	once    sync.Once
	list    []*Object            // by name
	readers map[uint64][]*Object // by what they read, each list by name
}

// objects are found by id and by name.
type objects struct {
	ids   map[uint64]*Object
	names map[string]*Object
}

// mostChanged is how many changes a snapshot keeps beside its base, if that is
// not small itself.
const mostChanged = 256

func newSnapshot(ids map[uint64]*Object) *Snapshot {
	base := &objects{ids: ids, names: make(map[string]*Object, len(ids))}
	for _, o := range ids {
		base.names[o.Name] = o
	}
	return &Snapshot{base: base}
}

func (s *Snapshot) with(puts []*Object, drops []uint64) *Snapshot {
	n := &Snapshot{base: s.base, changed: maps.Clone(s.changed), names: maps.Clone(s.names)}
	if n.changed == nil {
		n.changed, n.names = map[uint64]*Object{}, map[string]*Object{}
	}
	for _, id := range drops {
		if o, ok := s.ByID(id); ok {
			n.changed[id], n.names[o.Name] = nil, nil
		}
	}
	for _, o := range puts {
		n.changed[o.ID], n.names[o.Name] = o, o
	}
	if len(n.changed) <= mostChanged {
		return n
	}
	ids := make(map[uint64]*Object, len(s.base.ids)+len(n.changed))
	for o := range n.all {
		ids[o.ID] = o
	}
	return newSnapshot(ids)
}

// all yields every object, in no order.
func (s *Snapshot) all(yield func(*Object) bool) {
	for id, o := range s.base.ids {
		if _, ok := s.changed[id]; !ok && !yield(o) {
			return
		}
	}
	for _, o := range s.changed {
		if o != nil && !yield(o) {
			return
		}
	}
}

// named returns the object of a name.
func (s *Snapshot) named(name string) (*Object, bool) {
	o, ok := s.names[name]
	if !ok {
		o = s.base.names[name]
	}
	return o, o != nil
}

// order makes what is kept in order.
func (s *Snapshot) order() {
	s.once.Do(func() {
		s.list = slices.SortedFunc(s.all, func(a, b *Object) int { return strings.Compare(a.Name, b.Name) })
		s.readers = map[uint64][]*Object{}
		for _, o := range s.list {
			for _, id := range o.DependsOn {
				s.readers[id] = append(s.readers[id], o)
			}
		}
	})
}

// Lookup returns the object of that name: one part, or public and one part.
// The error wraps ErrNotFound and names the nearest there is.
func (s *Snapshot) Lookup(name ...string) (*Object, error) {
	base, err := Base(name...)
	if err != nil {
		return nil, err
	}
	if o, ok := s.named(base); ok {
		return o, nil
	}
	var names []string
	for o := range s.all {
		names = append(names, o.Name)
	}
	return nil, notFound(strings.Join(name, "."), Nearest(base, names))
}

// ByID returns the object with that id.
func (s *Snapshot) ByID(id uint64) (*Object, bool) {
	o, ok := s.changed[id]
	if !ok {
		o = s.base.ids[id]
	}
	return o, o != nil
}

// List returns all objects, by name.
func (s *Snapshot) List() []*Object {
	s.order()
	return slices.Clone(s.list)
}

// Dependents returns the objects that read id directly, by name.
func (s *Snapshot) Dependents(id uint64) []*Object {
	s.order()
	return slices.Clone(s.readers[id])
}

// Cascade returns id and everything that reads it, directly or through others,
// each before what it reads: the order in which to stop and drop them.
func (s *Snapshot) Cascade(id uint64) []*Object {
	s.order()
	var order []*Object
	seen := map[uint64]bool{}
	var visit func(id uint64)
	visit = func(id uint64) {
		o, ok := s.ByID(id)
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
