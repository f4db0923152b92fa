package job

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/dirigo-stream/dirigo/storage"
)

// tableLog is the durable log of all tables. A record is kept under its
// table's id and the offset of its first row change.
//
// A group of transactions is one Put, there whole or not at all. One that is
// too large for that is several: the first also writes under tornKey where the
// group begins in each table, the last takes that away. What a crash leaves
// under tornKey says what to cut off.
type tableLog struct{ j storage.Journal }

const tornKey = "torn"

// logRecord is a record to be written.
type logRecord struct {
	table uint64
	base  int64
	data  []byte
}

func tablePrefix(table uint64) string { return fmt.Sprintf("r%016x/", table) }

func recordKey(table uint64, base int64) string {
	return fmt.Sprintf("r%016x/%016x", table, base)
}

// recover cuts off what a crash left of a group.
func (l *tableLog) recover() error {
	data, err := l.j.Get(tornKey)
	if errors.Is(err, storage.ErrNotFound) {
		return nil
	}
	torn := map[uint64]int64{}
	if err == nil {
		err = json.Unmarshal(data, &torn)
	}
	if err != nil {
		return fmt.Errorf("recover the tables' log: %w", err)
	}
	for table, from := range torn {
		keys, err := l.keys(table, func(base int64) bool { return base >= from })
		if err != nil {
			return err
		}
		if err := l.delete(context.Background(), keys); err != nil {
			return err
		}
	}
	return l.delete(context.Background(), []string{tornKey})
}

// keys returns the keys of a table's records for whose offset want is true.
func (l *tableLog) keys(table uint64, want func(base int64) bool) (keys []string, err error) {
	err = l.j.Keys(tablePrefix(table), func(key string) error {
		base, err := baseOf(key)
		if err == nil && want(base) {
			keys = append(keys, key)
		}
		return err
	})
	return keys, err
}

func baseOf(key string) (int64, error) {
	_, hex, _ := strings.Cut(key, "/")
	base, err := strconv.ParseInt(hex, 16, 64)
	if err != nil {
		return 0, fmt.Errorf("key %q of the tables' log: %w", key, err)
	}
	return base, nil
}

// deleteBatch is how many records are deleted by one Put.
const deleteBatch = 500

// delete removes records, in the order given.
func (l *tableLog) delete(ctx context.Context, keys []string) error {
	for len(keys) > 0 {
		n := min(len(keys), deleteBatch)
		for n > 1 && !l.j.Fits(make([]int, n)) {
			n /= 2
		}
		if err := l.j.Put(ctx, nil, keys[:n]); err != nil {
			return fmt.Errorf("cut off the tables' log: %w", err)
		}
		keys = keys[n:]
	}
	return nil
}

// records returns the first offsets of a table's records.
func (l *tableLog) records(table uint64) (bases []int64, err error) {
	err = l.j.Keys(tablePrefix(table), func(key string) error {
		base, err := baseOf(key)
		bases = append(bases, base)
		return err
	})
	return bases, err
}

// tables returns the ids of the tables that have records.
func (l *tableLog) tables() (ids []uint64, err error) {
	err = l.j.Keys("r", func(key string) error {
		hex, _, _ := strings.Cut(key[1:], "/")
		id, err := strconv.ParseUint(hex, 16, 64)
		if err == nil && (len(ids) == 0 || ids[len(ids)-1] != id) {
			ids = append(ids, id)
		}
		return err
	})
	return ids, err
}

func (l *tableLog) get(table uint64, base int64) ([]byte, error) {
	data, err := l.j.Get(recordKey(table, base))
	if err != nil {
		return nil, fmt.Errorf("row changes from %d on: %w", base, err)
	}
	return data, nil
}

// drop deletes a table's records.
func (l *tableLog) drop(ctx context.Context, table uint64) error {
	keys, err := l.keys(table, func(int64) bool { return true })
	if err != nil {
		return err
	}
	return l.delete(ctx, keys)
}

// write makes a group's records durable, all or none.
func (l *tableLog) write(recs []logRecord) error {
	ctx := context.Background()
	parts := l.cut(recs)
	if len(parts) == 1 {
		return l.j.Put(ctx, parts[0], nil)
	}
	torn := map[uint64]int64{}
	for _, r := range recs {
		if base, ok := torn[r.table]; !ok || r.base < base {
			torn[r.table] = r.base
		}
	}
	mark, err := json.Marshal(torn)
	if err != nil {
		return err
	}
	if err := l.j.Put(ctx, []storage.Record{{Key: tornKey, Value: mark}}, nil); err != nil {
		return err
	}
	for i, part := range parts {
		var deletes []string
		if i == len(parts)-1 {
			deletes = []string{tornKey}
		}
		if err := l.j.Put(ctx, part, deletes); err != nil {
			return err
		}
	}
	return nil
}

// putBytes bounds one Put, so that the copies it takes are bounded too.
const putBytes = 16 << 20

// cut divides records into Puts.
func (l *tableLog) cut(recs []logRecord) (parts [][]storage.Record) {
	var sizes []int
	var part []storage.Record
	total := 0
	for _, r := range recs {
		sizes = append(sizes, len(r.data))
		total += len(r.data)
		if len(part) > 0 && (total > putBytes || !l.j.Fits(append(sizes, 0))) {
			parts = append(parts, part)
			part, sizes, total = nil, []int{len(r.data)}, len(r.data)
		}
		part = append(part, storage.Record{Key: recordKey(r.table, r.base), Value: r.data})
	}
	return append(parts, part)
}
