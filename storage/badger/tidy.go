package badger

import (
	"errors"
	"fmt"
	"time"

	bdg "github.com/dgraph-io/badger/v4"
)

// Tidying up replaces Badger's compactors. Tables of level 0 are merged when
// there are tidyTables of them, and as many as a quarter of the tree: so each
// byte is rewritten about five times, and a look-up tries few tables. The value
// log is looked through when tidyValues have been written to it, and a quarter
// of its size: only merging tells Badger which values are dead.
const (
	tidyTables = 4
	tidyValues = 64 << 20
)

// wrote counts what was written, and starts tidying when it is time.
func (d *database) wrote(tree, values int64) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.tree += tree
	d.values += values
	if d.values >= max(tidyValues, d.logged/4) {
		d.tidySoon(true)
	}
	memtable := d.db.Opts().MemTableSize
	if d.tree < memtable {
		return
	}
	d.tree = 0
	levels, below := d.db.Levels(), int64(0)
	for _, l := range levels[1:] {
		below += l.Size
	}
	if int64(levels[0].NumTables) >= max(tidyTables, below/memtable/4) {
		d.tidySoon(false)
	}
}

// tidySoon tidies up in the background, unless that goes on already; d.mu is
// held.
func (d *database) tidySoon(flush bool) {
	if d.tidyer || d.closed.Load() {
		return
	}
	d.tidyer, d.values = true, 0
	d.work.Add(1)
	go func() {
		defer d.work.Done()
		if err := d.tidy(flush); err != nil {
			d.log.log.Warn("tidying up", "error", err)
		}
		_, logged := d.db.Size()
		d.mu.Lock()
		defer d.mu.Unlock()
		d.tidyer, d.logged = false, logged
	}()
}

// tidy merges the tables, and then rewrites value-log files that are half dead.
// With flush the memtable becomes a table first.
func (d *database) tidy(flush bool) error {
	if flush {
		if err := d.flush(); err != nil {
			return err
		}
	}
	if err := d.db.Flatten(1); err != nil {
		return fmt.Errorf("compaction: %w", err)
	}
	for !d.closed.Load() {
		switch err := d.collect(); {
		case errors.Is(err, bdg.ErrNoRewrite), errors.Is(err, bdg.ErrRejected):
			return nil
		case err != nil:
			return fmt.Errorf("value log: %w", err)
		}
	}
	return nil
}

// collect rewrites one value-log file, if one is half dead.
func (d *database) collect() error {
	if holdWrites {
		d.hold.Lock()
		defer d.hold.Unlock()
	}
	return d.db.RunValueLogGC(.5)
}

// flush makes Badger turn its memtable into a table, for which it has no call:
// the memtable is filled up, always with the same keys.
func (d *database) flush() error {
	size := d.db.Opts().ValueThreshold - 64
	fill := make([]entry, d.db.Opts().MemTableSize/size+1)
	for i := range fill {
		fill[i] = entry{fmt.Appendf(nil, "%c%d", fillPrefix, i), make([]byte, size)}
	}
	tables := d.db.Levels()[0].NumTables
	if err := d.batch(fill, nil); err != nil {
		return err
	}
	if err := d.batch(fill[:1], nil); err != nil { // a full memtable goes with the next write
		return err
	}
	for range 100 {
		if d.db.Levels()[0].NumTables > tables || d.closed.Load() {
			break
		}
		time.Sleep(10 * time.Millisecond)
	}
	return nil
}
