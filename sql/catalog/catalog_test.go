package catalog_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/dirigo-stream/dirigo/exec/batch"
	"github.com/dirigo-stream/dirigo/exec/job"
	"github.com/dirigo-stream/dirigo/sql/catalog"
	"github.com/dirigo-stream/dirigo/storage"
)

// memLog is a storage.Log whose writes can be made to fail.
type memLog struct {
	records map[string][]byte
	fail    error
}

func (l *memLog) Put(_ context.Context, puts []storage.Record, deletes []string) error {
	if l.fail != nil {
		return l.fail
	}
	for _, r := range puts {
		l.records[r.Key] = slices.Clone(r.Value)
	}
	for _, k := range deletes {
		delete(l.records, k)
	}
	return nil
}

func (l *memLog) Scan(prefix string, f func(storage.Record) error) error {
	var keys []string
	for k := range l.records {
		if strings.HasPrefix(k, prefix) {
			keys = append(keys, k)
		}
	}
	slices.Sort(keys)
	for _, k := range keys {
		if err := f(storage.Record{Key: k, Value: l.records[k]}); err != nil {
			return err
		}
	}
	return nil
}

func open(t *testing.T, log *memLog) *catalog.Catalog {
	t.Helper()
	c, err := catalog.Open(log)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func create(t *testing.T, c *catalog.Catalog, o *catalog.Object) *catalog.Object {
	t.Helper()
	stored, err := c.Create(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	return stored
}

func stream(name string) *catalog.Object {
	return &catalog.Object{
		Kind: catalog.Stream, Name: name, Watermark: -1,
		Columns: []catalog.Column{{Name: "price", Type: batch.T(batch.Int64)}},
		Source:  &job.SourceDef{Connector: "blackhole"},
	}
}

func view(name string, key []int, reads ...uint64) *catalog.Object {
	return &catalog.Object{
		Kind: catalog.View, Name: name, Watermark: -1, Key: key,
		Query: &job.QueryDef{Graph: &job.Graph{}}, DependsOn: reads,
	}
}

// TestReopen: what Create returned is there after a restart, with its id in its
// parts, and nil and empty stream keys stay apart.
func TestReopen(t *testing.T) {
	log := &memLog{records: map[string][]byte{}}
	c := open(t, log)
	s := create(t, c, stream("bids"))
	create(t, c, view("keyless", nil, s.ID))
	create(t, c, view("single", []int{}, s.ID))

	c = open(t, log)
	got, err := c.Lookup("public", "bids")
	if err != nil || got.ID != s.ID || got.Source.ID != s.ID || got.Source.Name != "bids" {
		t.Fatalf("after reopening: %+v, %v", got, err)
	}
	keyless, _ := c.Lookup("keyless")
	single, _ := c.Lookup("single")
	if keyless.Key != nil || single.Key == nil {
		t.Errorf("keys after reopening: %#v and %#v, want nil and empty", keyless.Key, single.Key)
	}
}

// TestIDsNeverReused: the id of a dropped object is not given again, not even
// when it was the largest and the catalog was opened anew.
func TestIDsNeverReused(t *testing.T) {
	log := &memLog{records: map[string][]byte{}}
	c := open(t, log)
	first := create(t, c, stream("a"))
	if err := c.Drop(t.Context(), first.ID); err != nil {
		t.Fatal(err)
	}
	c = open(t, log)
	if second := create(t, c, stream("a")); second.ID <= first.ID {
		t.Fatalf("id %d after %d", second.ID, first.ID)
	}
}

// TestErrors: each mistake has its SQLSTATE, its sentinel and its hint.
func TestErrors(t *testing.T) {
	c := open(t, &memLog{records: map[string][]byte{}})
	bids := create(t, c, stream("bids"))
	create(t, c, view("prices", nil, bids.ID))
	tests := []struct {
		name string
		err  func() error
		code string
		is   error
		hint string
	}{
		{"taken", func() error { _, err := c.Create(t.Context(), stream("bids")); return err }, "42P07", catalog.ErrExists, ""},
		{"missing", func() error { _, err := c.Lookup("bisd"); return err }, "42P01", catalog.ErrNotFound, `"bids"`},
		{"far", func() error { _, err := c.Lookup("quakes"); return err }, "42P01", catalog.ErrNotFound, ""},
		{"schema", func() error { _, err := c.Lookup("private", "bids"); return err }, "3F000", catalog.ErrNotFound, "public"},
		{"in use", func() error { return c.Drop(t.Context(), bids.ID) }, "2BP01", catalog.ErrInUse, "CASCADE"},
		{"dependency gone", func() error { _, err := c.Create(t.Context(), view("v", nil, 99)); return err }, "42P01", catalog.ErrNotFound, ""},
	}
	for _, test := range tests {
		err := test.err()
		var e *catalog.Error
		if !errors.As(err, &e) || e.Code != test.code || !errors.Is(err, test.is) {
			t.Errorf("%s: %v, want code %s", test.name, err, test.code)
			continue
		}
		if (test.hint == "") != (e.Hint == "") || !strings.Contains(e.Hint, test.hint) {
			t.Errorf("%s: hint %q, want %q in it", test.name, e.Hint, test.hint)
		}
	}
}

// TestCascade: dependents come before what they read, each once.
func TestCascade(t *testing.T) {
	c := open(t, &memLog{records: map[string][]byte{}})
	s := create(t, c, stream("s"))
	a := create(t, c, view("a", nil, s.ID))
	b := create(t, c, view("b", nil, s.ID, a.ID))
	var ids []uint64
	for _, o := range c.Snapshot().Cascade(s.ID) {
		ids = append(ids, o.ID)
	}
	if !slices.Equal(ids, []uint64{b.ID, a.ID, s.ID}) {
		t.Fatalf("cascade %v", ids)
	}
	if err := c.Drop(t.Context(), ids...); err != nil {
		t.Fatal(err)
	}
	if left := c.List(); len(left) != 0 {
		t.Fatalf("left over: %v", left)
	}
}

// TestFailedWrite: what did not become durable is not seen, and a snapshot
// taken earlier never changes.
func TestFailedWrite(t *testing.T) {
	log := &memLog{records: map[string][]byte{}}
	c := open(t, log)
	before := c.Snapshot()
	log.fail = errors.New("disk full")
	if _, err := c.Create(t.Context(), stream("a")); !errors.Is(err, log.fail) {
		t.Fatalf("create with a failing log: %v", err)
	}
	if len(c.List()) != 0 {
		t.Fatal("an object that is not durable is visible")
	}
	log.fail = nil
	create(t, c, stream("a"))
	if len(before.List()) != 0 || len(c.List()) != 1 {
		t.Fatal("the older snapshot changed, or the new one did not")
	}
}

// TestUpdate: a copy replaces the object, once: a second one made from the same
// version is refused.
func TestUpdate(t *testing.T) {
	c := open(t, &memLog{records: map[string][]byte{}})
	s := create(t, c, stream("a"))
	changed := *s
	changed.Options = map[string]string{"slo": "50 ms"}
	if _, err := c.Update(t.Context(), &changed); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Update(t.Context(), &changed); !errors.Is(err, catalog.ErrConflict) {
		t.Fatalf("a stale update: %v", err)
	}
	got, _ := c.ByID(s.ID)
	if got.Options["slo"] != "50 ms" || got.Version != 2 || s.Options != nil {
		t.Fatalf("stored %+v; the object read before %+v", got, s)
	}
}

// TestFormat: a record of another release is refused by name, not half read.
func TestFormat(t *testing.T) {
	log := &memLog{records: map[string][]byte{"object/01": []byte(`{"format":9,"object":{"id":1}}`)}}
	if _, err := catalog.Open(log); err == nil || !strings.Contains(err.Error(), "object/01") {
		t.Fatalf("open: %v", err)
	}
}

// TestNearest holds the rule to typical slips, and to names that are no slips.
func TestNearest(t *testing.T) {
	names := []string{"price", "auction", "bidder", "id", "price2"}
	for in, want := range map[string]string{
		"prise": "price", "aution": "auction", "ib": "id", "acution": "auction", "extra": "", "price": "price", "x": "",
	} {
		if got := catalog.Nearest(in, names); got != want {
			t.Errorf("Nearest(%q) = %q, want %q", in, got, want)
		}
	}
}

// TestConcurrent: of many creations of one name one wins, and a reader never
// sees an object without what it depends on.
func TestConcurrent(t *testing.T) {
	c := open(t, &memLog{records: map[string][]byte{}})
	base := create(t, c, stream("base"))
	stop, seen := make(chan struct{}), make(chan error, 1)
	go func() {
		defer close(seen)
		for {
			s := c.Snapshot()
			for _, o := range s.List() {
				for _, id := range o.DependsOn {
					if _, ok := s.ByID(id); !ok {
						seen <- fmt.Errorf("%s without %d", o.Name, id)
						return
					}
				}
			}
			select {
			case <-stop:
				return
			default:
			}
		}
	}()
	var won atomic.Int32
	var wg sync.WaitGroup
	for i := range 20 {
		wg.Go(func() {
			if _, err := c.Create(t.Context(), view(fmt.Sprintf("v%d", i%5), nil, base.ID)); err == nil {
				won.Add(1)
			} else if !errors.Is(err, catalog.ErrExists) {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	close(stop)
	if err := <-seen; err != nil || won.Load() != 5 {
		t.Fatalf("%d creations of 5 names won; the reader: %v", won.Load(), err)
	}
}
