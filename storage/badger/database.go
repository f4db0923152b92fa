package badger

import (
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"

	bdg "github.com/dgraph-io/badger/v4"
	"github.com/dgraph-io/badger/v4/options"

	"github.com/dirigo-stream/dirigo/storage"
)

// What both databases have in common. No caches and no compression: what is
// large is read rarely, and a cache has goroutines and a ticker. No compactors:
// each looks for work twenty times a second; we know when there is some, and
// call Flatten then. SyncWrites: Badger's Sync covers only the active memtable.
func commonOptions(dir string) bdg.Options {
	return bdg.DefaultOptions(dir).
		WithSyncWrites(true).
		WithDetectConflicts(false).
		WithMetricsEnabled(false).
		WithCompression(options.None).
		WithBlockCacheSize(0).
		WithIndexCacheSize(0).
		WithNumCompactors(0).
		WithNumLevelZeroTables(1). // so that Flatten merges two of them
		WithNumLevelZeroTablesStall(1 << 20).
		WithNumGoroutines(1).
		WithNumMemtables(2).
		WithChecksumVerificationMode(options.OnBlockRead)
}

// stateOptions: small manifests and roots in the tree, so that a small epoch
// costs one sync of one file; all else in the value log (measured: a thousand
// manifests of 2 KB take 16 ms there, 42 ms in the tree). Its files are small
// because the last one is read through after a crash.
func stateOptions(dir string) bdg.Options {
	return commonOptions(dir).
		WithMemTableSize(2 << 20).
		WithValueThreshold(1 << 10).
		WithValueLogFileSize(16 << 20)
}

func logsOptions(dir string) bdg.Options {
	return commonOptions(dir).
		WithMemTableSize(2 << 20).
		WithValueThreshold(256 << 10).
		WithValueLogFileSize(8 << 20)
}

// database is one Badger database, tidied up when it has work to tidy.
type database struct {
	db     *bdg.DB
	log    *logger
	closed atomic.Bool
	hold   sync.RWMutex // see holdWrites
	ahead  *prefault

	mu     sync.Mutex // guards the rest
	tree   int64      // bytes written to the tree since level 0 was looked at
	values int64      // bytes written to the value log since the last tidying
	logged int64      // size of the value log then
	tidyer bool       // a goroutine is tidying up
	work   sync.WaitGroup
}

type entry struct {
	key, value []byte
}

func openDatabase(o bdg.Options, log *slog.Logger) (d *database, err error) {
	defer survive(&err)
	d = &database{log: &logger{log: log.With("database", o.Dir)}, ahead: newPrefault(o.ValueDir)}
	if err := removeEmpty(o.Dir); err != nil {
		return nil, err
	}
	o = o.WithLogger(d.log)
	if err := readTables(o); err != nil {
		return nil, err
	}
	if d.db, err = bdg.Open(o); err != nil {
		return nil, err
	}
	_, d.logged = d.db.Size()
	d.wrote(d.db.Opts().MemTableSize, 0)
	return d, nil
}

// removeEmpty removes log files without a byte: a process that was killed
// between making a file and giving it its size leaves one, and Badger does not
// open a directory with such a file.
func removeEmpty(dir string) error {
	for _, kind := range []string{"*.mem", "*.vlog"} {
		files, err := filepath.Glob(filepath.Join(dir, kind))
		if err != nil {
			return err
		}
		for _, file := range files {
			if info, err := os.Stat(file); err != nil || info.Size() > 0 {
				continue
			}
			if err := os.Remove(file); err != nil {
				return fmt.Errorf("remove an empty log file: %w", err)
			}
		}
	}
	return nil
}

// write makes puts and deletes durable; in one transaction, unless they are much
// or many.
func (d *database) write(puts []entry, deletes [][]byte) error {
	if d.closed.Load() {
		return storage.ErrClosed
	}
	if err := d.log.failed(); err != nil {
		return err
	}
	for _, part := range parts(puts) {
		d.ahead.before(part, d.db.Opts().ValueThreshold)
		if err := d.batch(part, nil); err != nil {
			return err
		}
	}
	if len(deletes) > 0 {
		if err := d.batch(nil, deletes); err != nil {
			return err
		}
	}
	d.wrote(d.sizes(puts, deletes))
	return d.log.failed()
}

// partBytes is how much of a write is on its way at once: Badger gets copies.
const partBytes = 16 << 20

// parts cuts puts into parts of about that size.
func parts(puts []entry) (out [][]entry) {
	size, from := 0, 0
	for i, e := range puts {
		if size += len(e.value); size >= partBytes || i == len(puts)-1 {
			out = append(out, puts[from:i+1])
			size, from = 0, i+1
		}
	}
	return out
}

func (d *database) batch(puts []entry, deletes [][]byte) error {
	if holdWrites {
		d.hold.RLock()
		defer d.hold.RUnlock()
	}
	b := d.db.NewWriteBatch()
	defer b.Cancel()
	for _, e := range puts {
		if err := b.Set(e.key, withSum(e.key, e.value)); err != nil {
			return err
		}
	}
	for _, key := range deletes {
		if err := b.Delete(key); err != nil {
			return err
		}
	}
	return b.Flush()
}

// sizes returns about how many bytes went to the tree and to the value log.
func (d *database) sizes(puts []entry, deletes [][]byte) (tree, values int64) {
	const overhead = 64
	for _, e := range puts {
		tree += int64(len(e.key)) + overhead
		if n := int64(len(e.value)); n+4 < d.db.Opts().ValueThreshold {
			tree += n
		} else {
			values += n
		}
	}
	for _, key := range deletes {
		tree += int64(len(key)) + overhead
	}
	return tree, values
}

// atomic makes puts and deletes durable in one transaction.
func (d *database) atomic(puts []entry, deletes [][]byte) error {
	if d.closed.Load() {
		return storage.ErrClosed
	}
	if err := d.log.failed(); err != nil {
		return err
	}
	if holdWrites {
		d.hold.RLock()
		defer d.hold.RUnlock()
	}
	txn := d.db.NewTransaction(true)
	defer txn.Discard()
	for _, key := range deletes {
		if err := txn.Delete(key); err != nil {
			return err
		}
	}
	for _, e := range puts {
		if err := txn.Set(e.key, withSum(e.key, e.value)); err != nil {
			return err
		}
	}
	if err := txn.Commit(); err != nil {
		return err
	}
	d.wrote(d.sizes(puts, deletes))
	return d.log.failed()
}

// survive turns Badger's panic into an error: where the index of a table file is
// damaged it reads beyond the file before it looks at a checksum.
func survive(err *error) {
	if p := recover(); p != nil {
		*err = fmt.Errorf("%w: a table file cannot be read: %v", errDamaged, p)
	}
}

// get returns a value of its own; errDamaged where it is not what was written.
func (d *database) get(key []byte) (out []byte, err error) {
	if d.closed.Load() {
		return nil, storage.ErrClosed
	}
	defer survive(&err)
	err = d.db.View(func(txn *bdg.Txn) error {
		item, err := txn.Get(key)
		if err != nil {
			return notFound(err)
		}
		value, err := item.ValueCopy(nil)
		if err != nil {
			return fmt.Errorf("%w: %w", errDamaged, err)
		}
		out, err = checkSum(key, value)
		return err
	})
	return out, err
}

// keys calls f with every key that has the prefix, in order. The key is only
// valid during the call.
func (d *database) keys(prefix []byte, f func(key []byte) error) error {
	return d.scan(prefix, false, func(item *bdg.Item) error { return f(item.Key()) })
}

func (d *database) scan(prefix []byte, values bool, f func(*bdg.Item) error) (err error) {
	if d.closed.Load() {
		return storage.ErrClosed
	}
	defer survive(&err)
	return d.db.View(func(txn *bdg.Txn) error {
		it := txn.NewIterator(bdg.IteratorOptions{Prefix: prefix, PrefetchValues: values, PrefetchSize: 16})
		defer it.Close()
		for it.Rewind(); it.Valid(); it.Next() {
			if err := f(it.Item()); err != nil {
				return err
			}
		}
		return nil
	})
}

func (d *database) close() error {
	if d.closed.Swap(true) {
		return nil
	}
	d.work.Wait()
	return d.db.Close()
}

// logger hands Badger's messages to slog, and listens: a failed sync of the
// value log is only logged there, while the write reports success.
type logger struct {
	log *slog.Logger
	err atomic.Pointer[string]
}

const syncFailed = "Error while curlf sync"

func (l *logger) failed() error {
	if s := l.err.Load(); s != nil {
		return fmt.Errorf("the disk refused a sync, restart to go on: %s", *s)
	}
	return nil
}

// Errorf implements badger.Logger.
func (l *logger) Errorf(format string, args ...any) {
	text := strings.TrimSpace(fmt.Sprintf(format, args...))
	if strings.HasPrefix(format, syncFailed) {
		l.err.CompareAndSwap(nil, &text)
	}
	l.log.Error(text)
}

// Warningf implements badger.Logger.
func (l *logger) Warningf(format string, args ...any) {
	l.log.Warn(strings.TrimSpace(fmt.Sprintf(format, args...)))
}

// Infof implements badger.Logger: its information is for its own developers.
func (l *logger) Infof(string, ...any) {}

// Debugf implements badger.Logger.
func (l *logger) Debugf(string, ...any) {}
