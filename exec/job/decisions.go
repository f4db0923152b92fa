package job

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/dirigo-stream/dirigo/storage"
)

// decisions is the durable log of what was decided about partitions. Each
// source's is read once and then kept: who catches up asks for it again and again.
type decisions struct {
	log storage.Log
	inc uint64

	mu   sync.Mutex
	n    uint64
	kept map[uint64][]note // by source, oldest first; only ever appended to
}

// write makes decisions about one source durable; one call at a time for each
// source.
func (d *decisions) write(source uint64, notes []*note) error {
	if _, err := d.read(source); err != nil { // before they are in the log
		return err
	}
	var puts []storage.Record
	var kept []note
	d.mu.Lock()
	for _, n := range notes {
		v, err := json.Marshal(n)
		if err != nil {
			d.mu.Unlock()
			return fmt.Errorf("decision: %w", err)
		}
		d.n++
		puts = append(puts, storage.Record{Key: fmt.Sprintf("%d/%010d.%012d", source, d.inc, d.n), Value: v})
		kept = append(kept, *n)
	}
	d.mu.Unlock()
	if err := d.log.Put(context.Background(), puts, nil); err != nil {
		return err
	}
	d.mu.Lock()
	d.kept[source] = append(d.kept[source], kept...)
	d.mu.Unlock()
	return nil
}

// read returns the decisions about a source, oldest first. Nobody may change them.
func (d *decisions) read(source uint64) ([]note, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if notes, ok := d.kept[source]; ok {
		return slices.Clip(notes), nil
	}
	out := []note{}
	err := d.log.Scan(fmt.Sprintf("%d/", source), func(r storage.Record) error {
		var n note
		if err := json.Unmarshal(r.Value, &n); err != nil {
			return fmt.Errorf("decision %s: %w", r.Key, err)
		}
		out = append(out, n)
		return nil
	})
	if err != nil {
		return nil, err
	}
	if d.kept == nil {
		d.kept = map[uint64][]note{}
	}
	d.kept[source] = out
	return slices.Clip(out), nil
}

// drop forgets the decisions about a source that has gone.
func (d *decisions) drop(source uint64) error {
	d.mu.Lock()
	delete(d.kept, source)
	d.mu.Unlock()
	return d.remove(fmt.Sprintf("%d/", source), func(string) bool { return true })
}

// keep forgets the decisions about all sources but these.
func (d *decisions) keep(sources []uint64) error {
	return d.remove("", func(key string) bool {
		return !slices.ContainsFunc(sources, func(id uint64) bool { return strings.HasPrefix(key, fmt.Sprintf("%d/", id)) })
	})
}

func (d *decisions) remove(prefix string, gone func(key string) bool) error {
	var keys []string
	err := d.log.Scan(prefix, func(r storage.Record) error {
		if gone(r.Key) {
			keys = append(keys, r.Key)
		}
		return nil
	})
	for part := range slices.Chunk(keys, 1000) {
		if err == nil {
			err = d.log.Put(context.Background(), nil, part)
		}
	}
	if err != nil {
		return fmt.Errorf("forget decisions: %w", err)
	}
	return nil
}
