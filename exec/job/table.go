package job

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/dirigo-stream/dirigo/connectors"
	"github.com/dirigo-stream/dirigo/exec/batch"
	"github.com/dirigo-stream/dirigo/exec/expr"
)

// TableDef is a table: a relation whose rows are changed by transactions.
//
// The row changes are a durable log, read like a source with one partition in
// which the offset of a row change is its number. View is the hidden query
// that keeps the table's content: it reads ID, has no sink, and ends in a
// Materialize by Key.
type TableDef struct {
	ID      uint64        `json:"id"`
	Name    string        `json:"name"`
	Columns []TableColumn `json:"columns"`
	Key     []int         `json:"key,omitempty"` // nil: none, rows may be equal
	View    QueryDef      `json:"view"`
}

// TableColumn is one column of a table. Whoever makes rows checks NotNull.
type TableColumn struct {
	Name    string     `json:"name"`
	Type    batch.Type `json:"type"`
	NotNull bool       `json:"not_null,omitempty"`
}

// table is a table while the engine runs.
type table struct {
	ts    *tables
	def   TableDef
	src   *source
	types []batch.Type
	key   []batch.Type // of the key's columns

	// The writer lock; under tables.lockMu.
	holder  *Txn
	waiting []*lockWait

	// Offsets of what has been given to the live readers; under the clock's lock.
	fed int64

	shown atomic.Uint64 // the last tick in which something of it became visible

	mu       sync.Mutex
	bases    []int64 // first offset of each record of the log
	next     int64   // the offset after the last durable row change
	overlay  overlay
	filter   *keyFilter  // nil: not known which keys there are
	misses   int         // look-ups in the view that a filter would have saved
	building *keyFilter  // takes the keys that are queued while it is made
	last     *commitment // the newest queued
	watched  bool        // applied will be called
}

// tables is the engine's tables: their log, and those who write it.
type tables struct {
	eng *Engine
	log *tableLog

	lockMu sync.Mutex // of all writer locks

	mu      sync.Mutex
	all     map[uint64]*table
	queue   []*commitment
	number  uint64 // of the last transaction queued
	writing bool   // the committer runs
	quiet   []chan struct{}
	group   uint64 // the last group written
	failed  error
	closing bool
	fold    tableFold
}

// ErrNoTable says that a table is not there, or not any more.
var ErrNoTable = errors.New("the table is not there")

// openTables opens the log of all tables; what a crash left of a transaction
// is cut off.
func openTables(e *Engine) (*tables, error) {
	j, err := e.cfg.Store.Journal("tables")
	if err != nil {
		return nil, fmt.Errorf("open the tables' log: %w", err)
	}
	ts := &tables{eng: e, log: &tableLog{j: j}, all: map[uint64]*table{}}
	return ts, ts.log.recover()
}

// AddTable makes a table be there: at CREATE TABLE, and at a restart, before
// Start. It declares the relation and starts the query that keeps its content.
func (e *Engine) AddTable(ctx context.Context, def TableDef) error {
	t, err := e.tables.add(def)
	if err != nil {
		return fmt.Errorf("table %s: %w", def.Name, err)
	}
	e.mu.Lock()
	e.sources[def.ID] = t.src
	e.mu.Unlock()
	if err := e.StartQuery(ctx, def.View); err != nil {
		e.tables.forget(def.ID)
		e.RemoveSource(def.ID)
		return fmt.Errorf("table %s: %w", def.Name, err)
	}
	return nil
}

// DropTable removes a table that no other query reads, its log and its content.
func (e *Engine) DropTable(ctx context.Context, id uint64) error {
	t := e.tables.table(id)
	if t == nil {
		return fmt.Errorf("table %d: %w", id, ErrNoTable)
	}
	e.tables.forget(id)
	e.tables.settle()
	err := e.DropQuery(ctx, t.def.View.ID)
	e.RemoveSource(id)
	if derr := e.tables.log.drop(ctx, id); err == nil {
		err = derr
	}
	return err
}

// KeepTables drops the logs of all tables but these: what a crash left between
// the end of a table and the end of its log.
func (e *Engine) KeepTables(ctx context.Context, ids []uint64) error {
	there, err := e.tables.log.tables()
	if err != nil {
		return err
	}
	for _, id := range there {
		if !slices.Contains(ids, id) {
			if err := e.tables.log.drop(ctx, id); err != nil {
				return err
			}
		}
	}
	return nil
}

// add opens a table's log and makes its source.
func (ts *tables) add(def TableDef) (*table, error) {
	t := &table{ts: ts, def: def}
	src := SourceDef{ID: def.ID, Name: def.Name, Connector: "table", Watermark: -1}
	for i, c := range def.Columns {
		t.types = append(t.types, c.Type)
		src.Spec.Columns = append(src.Spec.Columns, connectors.Column{Name: c.Name, Type: c.Type, NotNull: c.NotNull})
		src.Columns = append(src.Columns, SourceColumn{
			Name: c.Name, Expr: &expr.Node{Op: expr.OpCol, Col: i, Type: c.Type, Name: c.Name},
		})
	}
	src.Spec.Name = def.Name
	for _, c := range def.Key {
		if c < 0 || c >= len(t.types) {
			return nil, fmt.Errorf("key column %d of %d", c, len(t.types))
		}
		t.key = append(t.key, t.types[c])
	}
	if err := t.open(); err != nil {
		return nil, err
	}
	t.src = &source{eng: ts.eng, def: src, conn: &tableSource{t}, table: t}
	ts.mu.Lock()
	defer ts.mu.Unlock()
	if ts.all[def.ID] != nil {
		return nil, errors.New("it is there already")
	}
	ts.all[def.ID] = t
	return t, nil
}

// open reads where the table's log begins and ends.
func (t *table) open() (err error) {
	if t.bases, err = t.ts.log.records(t.def.ID); err != nil {
		return err
	}
	if n := len(t.bases); n > 0 {
		rec, err := t.read(t.bases[n-1])
		if err != nil {
			return err
		}
		t.next = t.bases[n-1] + int64(rec.rows.N)
		t.ts.mu.Lock()
		t.ts.group = max(t.ts.group, rec.group)
		t.ts.mu.Unlock()
	} else if len(t.def.Key) > 0 {
		t.filter = newKeyFilter(0) // there never was a row
	}
	t.fed = t.next
	return nil
}

// read returns the record that begins at an offset.
func (t *table) read(base int64) (*tableRecord, error) {
	data, err := t.ts.log.get(t.def.ID, base)
	if err != nil {
		return nil, err
	}
	rec, err := decodeRecord(data, t.types)
	if err != nil {
		return nil, fmt.Errorf("row changes from %d on: %w", base, err)
	}
	return rec, nil
}

// table returns a table, nil if it is not there.
func (ts *tables) table(id uint64) *table {
	ts.mu.Lock()
	defer ts.mu.Unlock()
	return ts.all[id]
}

// forget takes a table out: who waits for its lock is told.
func (ts *tables) forget(id uint64) {
	ts.mu.Lock()
	t := ts.all[id]
	delete(ts.all, id)
	ts.mu.Unlock()
	if t != nil {
		t.abandon(fmt.Errorf("table %s: %w", t.def.Name, ErrNoTable))
	}
}

// view returns the query that keeps the table's content; nil: it is not running.
func (t *table) view() *query { return t.ts.eng.query(t.def.View.ID) }

// keyCols returns the key's columns of rows of the table.
func (t *table) keyCols(b *batch.Batch) []batch.Column {
	cols := make([]batch.Column, len(t.def.Key))
	for i, c := range t.def.Key {
		cols[i] = b.Cols[c]
	}
	return cols
}
