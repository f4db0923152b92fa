package badger

import (
	"context"
	"errors"
	"fmt"
	"strings"

	bdg "github.com/dgraph-io/badger/v4"

	"github.com/dirigo-stream/dirigo/storage"
)

// log is one log: the records whose keys begin with its name and a zero byte.
type log struct {
	db     *database
	prefix string
}

// Log implements storage.Store.
func (s *Store) Log(name string) (storage.Log, error) { return s.Journal(name) }

// Journal implements storage.Store.
func (s *Store) Journal(name string) (storage.Journal, error) {
	if err := storage.CheckName(name); err != nil {
		return nil, err
	}
	if strings.IndexByte(name, 0) >= 0 {
		return nil, fmt.Errorf("log %q: a name has no zero byte", name)
	}
	return &log{db: s.logs, prefix: name + "\x00"}, nil
}

// Put implements storage.Log.
func (l *log) Put(ctx context.Context, puts []storage.Record, deletes []string) error {
	if err := ctx.Err(); err != nil || len(puts)+len(deletes) == 0 {
		return err
	}
	entries := make([]entry, len(puts))
	for i, r := range puts {
		if err := storage.CheckName(r.Key); err != nil {
			return err
		}
		entries[i] = entry{[]byte(l.prefix + r.Key), r.Value}
	}
	keys := make([][]byte, len(deletes))
	for i, key := range deletes {
		keys[i] = []byte(l.prefix + key)
	}
	if err := l.db.atomic(entries, keys); err != nil {
		return fmt.Errorf("log %s: %w", l.prefix[:len(l.prefix)-1], err)
	}
	return nil
}

// Scan implements storage.Log.
func (l *log) Scan(prefix string, f func(storage.Record) error) error {
	return l.db.scan([]byte(l.prefix+prefix), true, func(item *bdg.Item) error {
		key := string(item.Key()[len(l.prefix):])
		value, err := item.ValueCopy(nil)
		if err == nil {
			value, err = checkSum(item.Key(), value)
		}
		if err != nil {
			return fmt.Errorf("%w: %w", &storage.DamagedError{Name: key}, err)
		}
		return f(storage.Record{Key: key, Value: value})
	})
}

// Keys implements storage.Journal.
func (l *log) Keys(prefix string, f func(key string) error) error {
	return l.db.keys([]byte(l.prefix+prefix), func(key []byte) error { return f(string(key[len(l.prefix):])) })
}

// Get implements storage.Journal.
func (l *log) Get(key string) ([]byte, error) {
	data, err := l.db.get([]byte(l.prefix + key))
	if errors.Is(err, errDamaged) {
		return nil, fmt.Errorf("%w: %w", &storage.DamagedError{Name: key}, err)
	}
	return data, err
}

// Fits implements storage.Journal: Badger bounds a transaction by what goes to
// the tree, at 15 % of a memtable. Large values are pointers there.
func (l *log) Fits(sizes []int) bool {
	o := l.db.db.Opts()
	bytes := int64(0)
	for _, n := range sizes {
		bytes += int64(len(l.prefix)) + 128
		if int64(n)+4 < o.ValueThreshold {
			bytes += int64(n)
		}
	}
	return bytes < o.MemTableSize/10
}
