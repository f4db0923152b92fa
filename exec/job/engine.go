package job

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/dirigo-stream/dirigo/actors"
	"github.com/dirigo-stream/dirigo/connectors"
	"github.com/dirigo-stream/dirigo/exec"
	"github.com/dirigo-stream/dirigo/exec/batch"
	"github.com/dirigo-stream/dirigo/exec/state"
	"github.com/dirigo-stream/dirigo/storage"
)

// Config makes an Engine. Store and Connectors are required.
type Config struct {
	Store      storage.Store
	Connectors map[string]connectors.Connector
	Workers    int            // 0: one per core
	Memory     int64          // for state, bytes; 0: no limit
	Epoch      time.Duration  // between node-wide edges; 0: 1 s
	Policy     actors.Policy  // nil: least laxity
	Lending    actors.Lending // nil: nothing is lent
	Logger     *slog.Logger
	Clock      func() int64 // Unix ns; nil: the real clock

	// FeedKeep is how many bytes a source's ring keeps for slow queries; 0: 64 MB.
	FeedKeep int64
	// StuckAfter is how many Seals a group refuses before a query of it is detached
	// whose sink takes nothing; 0: 16.
	StuckAfter int
	// FoldEvery is how many roots are written between two looks at the tables'
	// logs, of which the part that nobody needs is cut off; 0: 8. FoldBytes and
	// FoldBlocks are the ledger's.
	FoldEvery  int
	FoldBytes  int64
	FoldBlocks int

	// TxnBytes bounds what one transaction may change; 0: 1 GB.
	TxnBytes int64

	// For tests: CutNow is asked after every unit read whether the tick ends
	// there; ReadRows is how many rows a unit has.
	CutNow   func() bool
	ReadRows func() int
	// IdleAfter is how long an actor has nothing to do before it leaves memory; 0: 10 s.
	IdleAfter time.Duration
	faults    faults
}

// faults are rules left out, for tests to see that they notice.
type faults struct {
	noInjection bool   // what a cut does not touch brings no Punct
	together    bool   // a query that falls behind takes its whole group with it
	wholly      bool   // what comes back is given all of a view, not what has changed
	apart       func() // not nil: members of a group become durable one by one; called between

	operator func(query uint64, vertex int) exec.Operator // not nil: stands behind a vertex's chain
	breathed func()                                       // not nil: called when a SELECT has let others go first
	encode   func(query uint64)                           // not nil: called before a query's Seal is encoded
}

func (c *Config) cutNow() bool { return c.CutNow != nil && c.CutNow() }

func (c *Config) readRows() int {
	if c.ReadRows != nil {
		return c.ReadRows()
	}
	return readRows
}

func (c *Config) feedKeep() int64 {
	if c.FeedKeep > 0 {
		return c.FeedKeep
	}
	return feedKeep
}

func (c *Config) stuckAfter() int {
	if c.StuckAfter > 0 {
		return c.StuckAfter
	}
	return stuckAfter
}

func (c *Config) foldEvery() int {
	if c.FoldEvery > 0 {
		return c.FoldEvery
	}
	return foldRoots
}

func (c *Config) now() int64 {
	if c.Clock != nil {
		return c.Clock()
	}
	return time.Now().UnixNano()
}

func (c *Config) defaults() {
	if c.Workers == 0 {
		c.Workers = runtime.NumCPU()
	}
	if c.Epoch == 0 {
		c.Epoch = time.Second
	}
	if c.Policy == nil {
		c.Policy = actors.LeastLaxity{}
	}
	if c.TxnBytes == 0 {
		c.TxnBytes = TxnBytes
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
}

// Engine runs queries on one node. Its methods are safe for concurrent use.
type Engine struct {
	cfg         Config
	incarnation uint64
	rt          *actors.Runtime[*batch.Batch]
	clock       *clock
	feeds       map[*feed]bool // live ones; under clock.mu
	ledger      *storage.Ledger
	rejects     *rejects
	decisions   *decisions
	tables      *tables
	begins      *begins
	halts       *halts
	epochs      *epochs
	folder      *folder
	memory      *state.Account
	io          *pool
	sealing     *pool // encodes Seals: a thousand of them are not to stand before a read
	stats       engineStats
	closing     atomic.Bool
	fallen      chan struct{}  // a query has failed since the last look
	scanning    sync.WaitGroup // views read by new queries
	listeners   atomic.Uint64  // handed out
	lastEdge    atomic.Pointer[rootExtra]

	ddl    sync.Mutex            // one change of who runs at a time
	resume map[uint64][]position // under ddl: where live readers begin, while Start runs

	hearing sync.Mutex // see hear

	mu      sync.Mutex
	sources map[uint64]*source
	queries map[uint64]*query
	readers readers
	started bool
}

// Open returns an engine over what the store has. Nothing is read before Start.
func Open(ctx context.Context, cfg Config) (*Engine, error) {
	cfg.defaults()
	e := &Engine{
		fallen: make(chan struct{}, 1),
		cfg:    cfg, incarnation: cfg.Store.Incarnation(), feeds: map[*feed]bool{},
		memory: state.NewAccount(cfg.Memory, nil), io: newPool(4 * cfg.Workers), sealing: newPool(4 * cfg.Workers),
		sources: map[uint64]*source{}, queries: map[uint64]*query{}, readers: readers{},
	}
	e.clock = newClock(e.incarnation)
	e.epochs = &epochs{eng: e}
	var err error
	if e.ledger, err = storage.OpenLedger(ctx, cfg.Store, storage.LedgerConfig{FoldBytes: cfg.FoldBytes, FoldBlocks: cfg.FoldBlocks, FoldPart: foldPart}); err != nil {
		return nil, fmt.Errorf("open state: %w", err)
	}
	e.epochs.number = e.ledger.Epoch()
	e.folder = &folder{eng: e}
	if err := e.openLogs(); err != nil {
		return nil, err
	}
	e.rt = actors.New[*batch.Batch](actors.Config{
		Workers: cfg.Workers, Clock: cfg.Clock, Policy: cfg.Policy, Lending: cfg.Lending, IdleAfter: cfg.IdleAfter,
	})
	return e, nil
}

func (e *Engine) openLogs() error {
	log, err := e.cfg.Store.Log("rejected")
	if err != nil {
		return fmt.Errorf("open rejected rows: %w", err)
	}
	if e.rejects, err = openRejects(log); err != nil {
		return err
	}
	if log, err = e.cfg.Store.Log("decisions"); err != nil {
		return fmt.Errorf("open decisions: %w", err)
	}
	e.decisions = &decisions{log: log, inc: e.incarnation}
	if log, err = e.cfg.Store.Log("begins"); err != nil {
		return fmt.Errorf("open beginnings: %w", err)
	}
	e.begins = &begins{log: log}
	if log, err = e.cfg.Store.Log("halts"); err != nil {
		return fmt.Errorf("open stopped queries: %w", err)
	}
	e.halts = &halts{log: log}
	e.tables, err = openTables(e)
	return err
}

// AddSource declares a stream; nothing is read until a query does.
func (e *Engine) AddSource(def SourceDef) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if _, ok := e.cfg.Connectors[def.Connector]; !ok {
		return fmt.Errorf("stream %s: unknown connector %q", def.Name, def.Connector)
	}
	e.sources[def.ID] = &source{eng: e, def: def}
	return nil
}

// CheckSource opens the outside of a stream, to find a user's mistakes: an
// option that is wrong, a topic that is not there.
func (e *Engine) CheckSource(ctx context.Context, def SourceDef) error {
	s := &source{eng: e, def: def}
	conn, err := s.open()
	if err != nil {
		return err
	}
	defer conn.Close()
	if err := check(ctx, conn); err != nil {
		return err
	}
	_, err = conn.Partitions(ctx)
	return err
}

// CheckSink opens the outside of a derived stream, to find a user's mistakes,
// and makes what must be there.
func (e *Engine) CheckSink(ctx context.Context, def SinkDef) error {
	c, ok := e.cfg.Connectors[def.Connector]
	if !ok || c.Sink == nil {
		return fmt.Errorf("connector %q cannot be written", def.Connector)
	}
	s, err := c.Sink(def.Spec)
	if err != nil {
		return err
	}
	defer s.Close()
	return check(ctx, s)
}

// Keep drops the sealed state of all queries but these: what a crash left
// between the end of a query and the end of its state.
func (e *Engine) Keep(ids []uint64) {
	for _, id := range e.ledger.Queries() {
		if !slices.Contains(ids, id) {
			e.ledger.Drop(id)
		}
	}
	if err := e.halts.keep(ids); err != nil {
		e.cfg.Logger.Warn("why old queries had stopped is not forgotten", "err", err)
	}
	if err := e.decisions.keep(ids); err != nil {
		e.cfg.Logger.Warn("old decisions are not forgotten", "err", err)
	}
}

// Partitions returns how many partitions a stream has now.
func (e *Engine) Partitions(ctx context.Context, id uint64) (int, error) {
	s := e.source(id)
	if s == nil {
		return 0, fmt.Errorf("stream %d is not there", id)
	}
	conn, err := s.open()
	if err != nil {
		return 0, err
	}
	ids, err := conn.Partitions(ctx)
	return len(ids), err
}

// RemoveSource forgets a stream that no query reads.
func (e *Engine) RemoveSource(id uint64) {
	e.mu.Lock()
	s := e.sources[id]
	delete(e.sources, id)
	e.mu.Unlock()
	if s != nil {
		s.mu.Lock()
		defer s.mu.Unlock()
		if s.conn != nil {
			s.conn.Close()
		}
	}
	if err := e.decisions.drop(id); err != nil {
		e.cfg.Logger.Warn("decisions are not forgotten", "source", id, "err", err)
	}
}

func (e *Engine) source(id uint64) *source {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.sources[id]
}

func (e *Engine) query(id uint64) *query {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.queries[id]
}

// sorted returns all queries by id.
func (e *Engine) sorted() []*query {
	e.mu.Lock()
	defer e.mu.Unlock()
	out := make([]*query, 0, len(e.queries))
	for _, q := range e.queries {
		out = append(out, q)
	}
	slices.SortFunc(out, byID)
	return out
}

// Queries returns all queries by id, Query one of them.
func (e *Engine) Queries() []QueryStatus {
	var out []QueryStatus
	for _, q := range e.sorted() {
		if !q.ephemeral {
			out = append(out, q.status())
		}
	}
	return out
}

// Query returns one query's status.
func (e *Engine) Query(id uint64) (QueryStatus, bool) {
	q := e.query(id)
	if q == nil {
		return QueryStatus{}, false
	}
	return q.status(), true
}

// Sources returns all sources by id.
func (e *Engine) Sources() []SourceStatus {
	e.mu.Lock()
	var all []*source
	for _, s := range e.sources {
		all = append(all, s)
	}
	e.mu.Unlock()
	slices.SortFunc(all, func(a, b *source) int { return int(int64(a.def.ID) - int64(b.def.ID)) })
	var out []SourceStatus
	for _, s := range all {
		out = append(out, s.status())
	}
	return out
}

// SetSLO sets a running query's latency target; 0: best effort.
func (e *Engine) SetSLO(id uint64, slo time.Duration) error {
	q := e.query(id)
	if q == nil {
		return fmt.Errorf("query %d is not running", id)
	}
	q.setSLO(slo)
	e.urgeAbove(q)
	return nil
}

// Schedule changes, for all queries and from now on, who runs first and what is
// lent; a nil lending lends nothing.
func (e *Engine) Schedule(p actors.Policy, l actors.Lending) { e.rt.Schedule(p, l) }

// Scheduling returns the names of who runs first and of what is lent.
func (e *Engine) Scheduling() (policy, lending string) {
	p, l := e.rt.Scheduling()
	return actors.NameOf(p), actors.NameOf(l)
}

// SetScheduling changes them, for all queries and from now on, by their names: ""
// goes back to what the node was started with.
func (e *Engine) SetScheduling(policy, lending string) error {
	p, l := e.cfg.Policy, e.cfg.Lending
	var err error
	if policy != "" {
		if p, err = actors.PolicyNamed(policy); err != nil {
			return err
		}
	}
	if lending != "" {
		if l, err = actors.LendingNamed(lending); err != nil {
			return err
		}
	}
	e.Schedule(p, l)
	return nil
}

// Rejected calls f with the rejected rows of a query; 0: of all, and of records
// that could not be decoded.
func (e *Engine) Rejected(query uint64, f func(RejectedRow) error) error {
	return e.rejects.scan(query, f)
}

// livePumpFailed stops those that read a source which cannot go on: nobody else
// would tell them, and they would wait for ever for what comes next.
func (e *Engine) livePumpFailed(p *pump, err error) {
	s := p.src
	s.mu.Lock()
	current := s.live == p
	if current {
		s.err = err.Error()
	}
	s.mu.Unlock()
	if !current {
		return // another one reads since
	}
	e.cfg.Logger.Error("source stopped", "stream", s.def.Name, "err", err)
	for _, q := range e.readersOf(s.def.ID) {
		e.failed(q, fmt.Errorf("stream %s stopped: %w", s.def.Name, err))
	}
}

// failed stops a query that cannot go on, and those that read its view; the
// others do not notice. It returns false if the query had stopped before.
func (e *Engine) failed(q *query, err error) bool {
	if errors.As(err, new(*blockError)) {
		return false // it is being restarted
	}
	short := plain(err)
	q.mu.Lock()
	first := q.failed == nil
	if first {
		q.failed = stopped(short)
		q.state, q.reason, q.code = stateFailed, short.Error(), codeOf(err)
		if u := (*upstream)(nil); errors.As(err, &u) {
			q.code = ""
			if u.view.isPaused() {
				q.state = statePaused
			}
		}
	}
	q.mu.Unlock()
	if !first || errors.Is(err, errDropped) {
		return false
	}
	e.cfg.Logger.Error("query failed", "query", q.def.Name, "err", err)
	q.goLive()
	below := e.below(q)[1:]
	defer func() {
		select {
		case e.fallen <- struct{}{}:
		default:
		}
	}()
	for _, d := range below {
		e.failed(d, &upstream{view: q, err: short})
	}
	go func() {
		e.ddl.Lock()
		defer e.ddl.Unlock()
		left := e.leftBehind([]*query{q})
		e.takeDown(q)
		e.bringBack(left)
	}()
	return true
}

const bugText = "a bug in the engine: the log has the stack"

// plain is an error for people: a bug in an operator, which panicked, is told
// without its stack, which is in the log.
func plain(err error) error {
	line, _, found := strings.Cut(err.Error(), "\n")
	if !found {
		return err
	}
	return fmt.Errorf("%s (%s)", line, bugText)
}
