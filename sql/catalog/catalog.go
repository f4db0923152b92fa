// Package catalog keeps the definitions behind names: streams, derived streams
// and materialized views, what each depends on, and the plan each query runs by.
// It is durable through a storage.Log. It knows nothing of parsing, planning or
// running: it stores what it is given and guards names, ids and dependencies.
package catalog

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/dirigo-stream/dirigo/storage"
)

// Format is the version of the records written by this release.
const Format = 1

// Keys of the log: one record per object, and the next id to hand out, so that
// the id of a dropped object is never given to another.
const (
	objectPrefix = "object/"
	nextKey      = "next"
)

// Catalog maps names to objects. Reads see an immutable snapshot and never
// wait; writes are made durable one after the other before anyone sees them.
type Catalog struct {
	log  storage.Log
	mu   sync.Mutex // held by writers, over the write to the log
	next uint64     // the next id
	now  atomic.Pointer[Snapshot]
}

type record struct {
	Format int     `json:"format"`
	Object *Object `json:"object"`
}

// Open reads the catalog from its log.
func Open(log storage.Log) (*Catalog, error) {
	c := &Catalog{log: log, next: 1}
	objects := map[uint64]*Object{}
	err := log.Scan(objectPrefix, func(r storage.Record) error {
		o, err := decode(r)
		if err == nil {
			objects[o.ID] = o
			c.next = max(c.next, o.ID+o.ids())
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("open catalog: %w", err)
	}
	if err := log.Scan(nextKey, c.readNext); err != nil {
		return nil, fmt.Errorf("open catalog: %w", err)
	}
	c.now.Store(newSnapshot(objects))
	return c, nil
}

func (c *Catalog) readNext(r storage.Record) error {
	var next uint64
	if err := json.Unmarshal(r.Value, &next); err != nil {
		return fmt.Errorf("record %s: %w", r.Key, err)
	}
	c.next = max(c.next, next)
	return nil
}

func decode(r storage.Record) (*Object, error) {
	var rec record
	if err := json.Unmarshal(r.Value, &rec); err != nil {
		return nil, fmt.Errorf("record %s: %w", r.Key, err)
	}
	if rec.Format != Format || rec.Object == nil {
		return nil, fmt.Errorf("record %s has format %d, this release reads %d", r.Key, rec.Format, Format)
	}
	return rec.Object, nil
}

// Snapshot returns the catalog as it stands now; it never changes.
func (c *Catalog) Snapshot() *Snapshot { return c.now.Load() }

// Lookup returns the object of that name: one part, or public and one part.
// The error wraps ErrNotFound.
func (c *Catalog) Lookup(name ...string) (*Object, error) { return c.Snapshot().Lookup(name...) }

// ByID returns the object with that id.
func (c *Catalog) ByID(id uint64) (*Object, bool) { return c.Snapshot().ByID(id) }

// List returns all objects, by name.
func (c *Catalog) List() []*Object { return c.Snapshot().List() }

// Dependents returns the objects that read id directly, by name.
func (c *Catalog) Dependents(id uint64) []*Object { return c.Snapshot().Dependents(id) }

// Create makes a new object durable and returns it as stored: a copy of o with
// its id, also in its Source, Query and Table. Errors wrap ErrExists when the name is
// taken and ErrNotFound when something it depends on has gone meanwhile.
func (c *Catalog) Create(ctx context.Context, o *Object) (*Object, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	s := c.Snapshot()
	if taken, ok := s.named(o.Name); ok {
		return nil, exists(taken)
	}
	for _, id := range o.DependsOn {
		if _, ok := s.ByID(id); !ok {
			return nil, gone(o.Name, id)
		}
	}
	stored := o.withID(c.next)
	stored.Version = 1
	if err := c.write(ctx, []*Object{stored}, nil, c.next+stored.ids()); err != nil {
		return nil, fmt.Errorf("create %s %s: %w", o.Kind, o.Name, err)
	}
	return stored, nil
}

// Update replaces an object by a changed copy of it, and returns it as stored.
// The copy carries the Version it was made from: a stale one gives ErrConflict.
// Name, kind and id stay.
func (c *Catalog) Update(ctx context.Context, o *Object) (*Object, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	old, ok := c.Snapshot().ByID(o.ID)
	switch {
	case !ok:
		return nil, gone(o.Name, o.ID)
	case old.Version != o.Version:
		return nil, conflict(o)
	case old.Name != o.Name || old.Kind != o.Kind:
		return nil, fmt.Errorf("update %s %s: name and kind cannot change", old.Kind, old.Name)
	}
	stored := o.withID(o.ID)
	stored.Version++
	if err := c.write(ctx, []*Object{stored}, nil, c.next); err != nil {
		return nil, fmt.Errorf("update %s %s: %w", o.Kind, o.Name, err)
	}
	return stored, nil
}

// Drop removes objects, all or none. While something outside of ids depends on
// one of them it returns an error that wraps ErrInUse. See Snapshot.Cascade.
func (c *Catalog) Drop(ctx context.Context, ids ...uint64) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	s := c.Snapshot()
	for _, id := range ids {
		o, ok := s.ByID(id)
		if !ok {
			return gone("", id)
		}
		left := slices.DeleteFunc(s.Dependents(id), func(d *Object) bool { return slices.Contains(ids, d.ID) })
		if len(left) > 0 {
			return inUse(o, left)
		}
	}
	if err := c.write(ctx, nil, ids, c.next); err != nil {
		return fmt.Errorf("drop: %w", err)
	}
	return nil
}

// write makes a change durable, in one record batch, and then visible.
func (c *Catalog) write(ctx context.Context, puts []*Object, drops []uint64, next uint64) error {
	counter, err := json.Marshal(next)
	if err != nil {
		return err
	}
	records := []storage.Record{{Key: nextKey, Value: counter}}
	for _, o := range puts {
		value, err := json.Marshal(record{Format: Format, Object: o})
		if err != nil {
			return err
		}
		records = append(records, storage.Record{Key: key(o.ID), Value: value})
	}
	deletes := make([]string, len(drops))
	for i, id := range drops {
		deletes[i] = key(id)
	}
	if err := c.log.Put(ctx, records, deletes); err != nil {
		return err
	}
	c.next = next
	c.now.Store(c.Snapshot().with(puts, drops))
	return nil
}

func key(id uint64) string { return fmt.Sprintf("%s%016x", objectPrefix, id) }

// Base returns the object's own name of a name in one or two parts; only the
// schema public exists.
func Base(parts ...string) (string, error) {
	switch {
	case len(parts) == 1:
		return parts[0], nil
	case len(parts) == 2 && parts[0] == Public:
		return parts[1], nil
	case len(parts) == 2:
		return "", noSchema(parts[0])
	}
	return "", &Error{
		Code:    "0A000",
		Message: fmt.Sprintf("cross-database references are not implemented: %q", strings.Join(parts, ".")),
		Err:     ErrNotFound,
	}
}
