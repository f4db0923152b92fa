package session

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/dirigo-stream/dirigo/connectors"
	"github.com/dirigo-stream/dirigo/sql/catalog"
	"github.com/dirigo-stream/dirigo/sql/system"
)

// Config is what sessions work with; Catalog and Engine are required.
type Config struct {
	Catalog *catalog.Catalog
	Engine  Engine
	// Begin begins a transaction; nil: those of Engine, where it is a *job.Engine.
	Begin      func(lockTimeout time.Duration) Txn
	Connectors map[string]connectors.Connector
	// Schemas and OptionNames are asked about connectors; see bind.Env.
	Schemas     func(connector string, options map[string]string) ([]connectors.Column, error)
	OptionNames func(connector string) []string
	Parallelism int    // of new queries that do not say; 0: 1
	Version     string // of the server, such as 0.1.0
	Clock       func() time.Time
	Logger      *slog.Logger
}

// DB is what all sessions of a server share.
type DB struct {
	cfg     Config
	started time.Time
	ddl     sync.Mutex // one change of the catalog, and of what runs, at a time
	mu      sync.Mutex
	open    map[*Session]bool
}

// New returns a DB. Restore comes before the first Open.
func New(cfg Config) *DB {
	if cfg.Clock == nil {
		cfg.Clock = time.Now
	}
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	if cfg.Begin == nil {
		cfg.Begin = beginner(cfg.Engine)
	}
	if cfg.Version == "" {
		cfg.Version = "dev"
	}
	return &DB{cfg: cfg, started: cfg.Clock(), open: map[*Session]bool{}}
}

// Restore hands the engine all that the catalog holds: sources and tables first,
// then queries in the order of their ids, so that each finds what it reads. A query
// that cannot be started is left out and logged: the others must run.
func (db *DB) Restore(ctx context.Context) error {
	objects := db.cfg.Catalog.List()
	slices.SortFunc(objects, func(a, b *catalog.Object) int { return int(int64(a.ID) - int64(b.ID)) })
	for _, o := range objects {
		if o.Source == nil {
			continue
		}
		if err := db.cfg.Engine.AddSource(*o.Source); err != nil {
			return fmt.Errorf("restore %s %s: %w", o.Kind, o.Name, err)
		}
	}
	if err := db.restoreTables(ctx, objects); err != nil {
		return err
	}
	for _, o := range objects {
		if o.Query == nil {
			continue
		}
		if err := db.cfg.Engine.StartQuery(ctx, *o.Query); err != nil {
			if ctx.Err() != nil {
				return fmt.Errorf("restore %s %s: %w", o.Kind, o.Name, err)
			}
			db.cfg.Logger.Error("a query does not start", "name", o.Name, "id", o.ID, "error", err)
		}
	}
	return nil
}

// restoreTables drops what belongs to no object any more, and brings the tables back.
func (db *DB) restoreTables(ctx context.Context, objects []*catalog.Object) error {
	var ids, tables []uint64
	for _, o := range objects {
		ids = append(ids, o.ID)
		if o.Table != nil {
			ids, tables = append(ids, o.Table.View.ID), append(tables, o.ID)
		}
	}
	db.cfg.Engine.Keep(ids)
	if err := db.cfg.Engine.KeepTables(ctx, tables); err != nil {
		return fmt.Errorf("restore tables: %w", err)
	}
	for _, o := range objects {
		if o.Table == nil {
			continue
		}
		if err := db.cfg.Engine.AddTable(ctx, *o.Table); err != nil {
			return fmt.Errorf("restore %s %s: %w", o.Kind, o.Name, err)
		}
	}
	return nil
}

func (db *DB) enter(s *Session) {
	db.mu.Lock()
	defer db.mu.Unlock()
	db.open[s] = true
}

func (db *DB) leave(s *Session) {
	db.mu.Lock()
	defer db.mu.Unlock()
	delete(db.open, s)
}

// Sessions returns how many sessions are open.
func (db *DB) Sessions() int {
	db.mu.Lock()
	defer db.mu.Unlock()
	return len(db.open)
}

// clients lists the sessions, for pg_stat_activity.
func (db *DB) clients(yield func(system.Client) bool) {
	db.mu.Lock()
	list := make([]*Session, 0, len(db.open))
	for s := range db.open {
		list = append(list, s)
	}
	db.mu.Unlock()
	slices.SortFunc(list, func(a, b *Session) int { return int(a.client.ProcessID) - int(b.client.ProcessID) })
	for _, s := range list {
		now := s.activity.Load()
		c := system.Client{
			ProcessID: s.client.ProcessID, User: s.client.User, Database: s.client.Database, Addr: s.client.Remote,
			Application: now.application, State: now.state, Query: now.query, Since: s.since,
		}
		if !yield(c) {
			return
		}
	}
}

// version is what clients take for PostgreSQL's.
func (db *DB) version() string { return "15.0 (Dirigo " + db.cfg.Version + ")" }
