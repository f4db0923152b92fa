// Package server puts a node together: stores, engine, catalog, sessions, the
// wire protocol and the metrics. The commands start it with their settings, the
// integration tests with theirs.
package server

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/dirigo-stream/dirigo/actors"
	"github.com/dirigo-stream/dirigo/connectors"
	"github.com/dirigo-stream/dirigo/connectors/blackhole"
	"github.com/dirigo-stream/dirigo/connectors/file"
	"github.com/dirigo-stream/dirigo/connectors/kafka"
	"github.com/dirigo-stream/dirigo/connectors/nexmark"
	"github.com/dirigo-stream/dirigo/exec/job"
	"github.com/dirigo-stream/dirigo/sql/catalog"
	"github.com/dirigo-stream/dirigo/sql/pgwire"
	"github.com/dirigo-stream/dirigo/sql/result"
	"github.com/dirigo-stream/dirigo/sql/session"
	"github.com/dirigo-stream/dirigo/storage"
	"github.com/dirigo-stream/dirigo/storage/badger"
)

// Config makes a Server. Data is required, unless Store is given.
type Config struct {
	Data    string // directory of all durable state
	Listen  string // address of the wire protocol; "": none
	HTTP    string // address of metrics and health; "": none
	Kafka   string // brokers of streams that name none
	Workers int    // 0: one per core
	Memory  int64  // bytes for state before it is paged out; 0: no limit
	Profile bool   // pprof on HTTP
	Version string
	Logger  *slog.Logger
	// TLS offers encryption to clients; nil: none. Password knows who may
	// connect; nil: everybody.
	TLS      *tls.Config
	Password func(user string) (password string, ok bool)
	// Parallelism of new queries that do not say; 0: one instance per worker.
	Parallelism int

	// Policy and Lends are names: who runs first, and what is lent; "": the default.
	Policy, Lends string

	// Connectors stand in for those of the same name, or beside them.
	Connectors map[string]connectors.Connector

	// For tests.
	Store    storage.Store
	Epoch    time.Duration
	Lending  actors.Lending // takes the place of Lends
	CutNow   func() bool
	ReadRows func() int
	Bounds   Bounds
}

// Bounds are sizes that tests make small, so that what else takes hours happens
// at once; 0: the engine's own.
type Bounds struct {
	Epoch      time.Duration // between edges
	FeedKeep   int64         // bytes a ring keeps for slow queries
	FoldEvery  int           // roots between two looks at the tables' logs
	FoldBytes  int64         // deltas that are too few to be folded
	FoldBlocks int           // deltas that are too many
	IdleAfter  time.Duration // without messages before an actor leaves memory
}

// Server is a running node.
type Server struct {
	cfg    Config
	policy actors.Policy
	store  storage.Store
	Engine *job.Engine
	DB     *session.DB
	watch  *observer
	addr   string
	stop   context.CancelFunc
	wire   sync.WaitGroup
	wires  error
}

// Start opens the state in cfg.Data, runs the queries that are in it, and
// listens.
func Start(ctx context.Context, cfg Config) (*Server, error) {
	s := &Server{cfg: cfg, stop: func() {}}
	if s.cfg.Logger == nil {
		s.cfg.Logger = slog.New(slog.DiscardHandler)
	}
	if s.cfg.Workers == 0 {
		s.cfg.Workers = runtime.NumCPU()
	}
	// The network is polled by an idle P: with as many Ps as workers, a busy
	// engine answers its clients only every 10 ms.
	if want := s.cfg.Workers + 2; runtime.GOMAXPROCS(0) < want {
		runtime.GOMAXPROCS(want)
	}
	if err := s.start(ctx); err != nil {
		s.Close(ctx)
		return nil, err
	}
	return s, nil
}

func (s *Server) start(ctx context.Context) (err error) {
	if s.store = s.cfg.Store; s.store == nil {
		store, err := badger.Open(s.cfg.Data, badger.Config{Logger: s.cfg.Logger})
		if err != nil {
			return fmt.Errorf("open %s: %w", s.cfg.Data, err)
		}
		s.store = store
	}
	if err := s.scheduling(); err != nil {
		return err
	}
	known := s.connectors()
	s.Engine, err = job.Open(ctx, job.Config{
		Store: s.store, Connectors: known, Workers: s.cfg.Workers, Memory: s.cfg.Memory,
		Epoch: cmp.Or(s.cfg.Epoch, s.cfg.Bounds.Epoch), Policy: s.policy, Lending: s.cfg.Lending, Logger: s.cfg.Logger,
		CutNow: s.cfg.CutNow, ReadRows: s.cfg.ReadRows,
		FeedKeep: s.cfg.Bounds.FeedKeep, FoldEvery: s.cfg.Bounds.FoldEvery,
		FoldBytes: s.cfg.Bounds.FoldBytes, FoldBlocks: s.cfg.Bounds.FoldBlocks,
		IdleAfter: s.cfg.Bounds.IdleAfter,
	})
	if err != nil {
		return err
	}
	log, err := s.store.Log("catalog")
	if err != nil {
		return fmt.Errorf("open catalog: %w", err)
	}
	objects, err := catalog.Open(log)
	if err != nil {
		return fmt.Errorf("open catalog: %w", err)
	}
	parallelism := s.cfg.Parallelism
	if parallelism == 0 {
		parallelism = s.cfg.Workers
	}
	s.DB = session.New(session.Config{
		Catalog: objects, Engine: s.Engine, Connectors: known, Schemas: schemas, OptionNames: optionNames,
		Parallelism: parallelism, Version: s.cfg.Version, Logger: s.cfg.Logger,
	})
	if s.watch, err = observe(s.cfg.HTTP, collector{s.Engine}, s.cfg.Profile); err != nil {
		return err
	}
	if err := s.DB.Restore(ctx); err != nil {
		return err
	}
	if err := s.Engine.Start(ctx); err != nil {
		return err
	}
	if err := s.listen(); err != nil {
		return err
	}
	s.watch.ready.Store(true)
	return nil
}

// scheduling finds the policies by their names.
func (s *Server) scheduling() (err error) {
	if s.policy, err = actors.PolicyNamed(s.cfg.Policy); err != nil {
		return err
	}
	if s.cfg.Lending == nil {
		s.cfg.Lending, err = actors.LendingNamed(s.cfg.Lends)
	}
	return err
}

// connectors returns the connectors by name, with the server's defaults.
func (s *Server) connectors() map[string]connectors.Connector {
	known := map[string]connectors.Connector{
		"kafka":     kafka.New(kafka.Defaults{Brokers: brokers(s.cfg.Kafka)}),
		"nexmark":   nexmark.Connector(),
		"file":      file.Connector(),
		"blackhole": blackhole.Connector(),
	}
	maps.Copy(known, s.cfg.Connectors)
	return known
}

func brokers(list string) []string {
	return slices.DeleteFunc(strings.Split(list, ","), func(b string) bool { return strings.TrimSpace(b) == "" })
}

// schemas returns the columns that a connector implies.
func schemas(connector string, options map[string]string) ([]connectors.Column, error) {
	if connector != "nexmark" {
		return nil, nil
	}
	if table := options["table"]; table != "" {
		return nexmark.Schema(table), nil
	}
	return nil, &connectors.OptionError{Option: "table", Message: "is missing", Hint: "Use bid, auction or person."}
}

// optionNames returns the options of a connector, for hints about misspelled
// ones; nil: the connector names them itself.
func optionNames(connector string) []string {
	if connector == "kafka" {
		return kafka.OptionNames()
	}
	return nil
}

// listen accepts clients.
func (s *Server) listen() error {
	if s.cfg.Listen == "" {
		return nil
	}
	l, err := net.Listen("tcp", s.cfg.Listen)
	if err != nil {
		return fmt.Errorf("listen for psql: %w (--listen chooses another address)", err)
	}
	s.addr = l.Addr().String()
	ctx, stop := context.WithCancel(context.Background())
	s.stop = stop
	s.wire.Add(1)
	go func() {
		defer s.wire.Done()
		s.wires = pgwire.Serve(ctx, l, pgwire.Config{
			TLS: s.cfg.TLS, Password: s.cfg.Password,
			Open:     func(c result.Client) (pgwire.Session, error) { return s.DB.Open(c) },
			Panicked: func(v any, stack []byte) { s.cfg.Logger.Error("statement failed", "panic", v, "stack", string(stack)) },
		})
	}()
	return nil
}

// Addr returns where psql may connect, Metrics where the metrics are.
func (s *Server) Addr() string { return s.addr }

// Metrics returns the address of the HTTP listener.
func (s *Server) Metrics() string { return s.watch.addr }

// Close seals, then stops. ctx bounds the wait for the seal.
func (s *Server) Close(ctx context.Context) error {
	var errs []error
	s.stop()
	s.wire.Wait()
	errs = append(errs, s.wires)
	if s.watch != nil {
		s.watch.ready.Store(false)
		s.watch.close()
	}
	if s.Engine != nil {
		errs = append(errs, s.Engine.Close(ctx))
	}
	if s.store != nil {
		errs = append(errs, s.store.Close())
	}
	return errors.Join(errs...)
}
