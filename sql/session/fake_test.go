package session_test

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/dirigo-stream/dirigo/connectors"
	"github.com/dirigo-stream/dirigo/exec/batch"
	"github.com/dirigo-stream/dirigo/exec/job"
	"github.com/dirigo-stream/dirigo/sql/catalog"
	"github.com/dirigo-stream/dirigo/sql/session"
	"github.com/dirigo-stream/dirigo/storage"
)

// fakeEngine is an Engine that runs nothing: a SELECT gives canned rows, a
// SUBSCRIBE what the test sends.
type fakeEngine struct {
	mu      sync.Mutex
	log     []string // calls, in order
	rows    []*batch.Batch
	changes chan job.Changes
	failing string // the name of a query that does not start
	queries map[uint64]job.QueryDef
	sources map[uint64]job.SourceDef

	policy, lending string
}

func newFakeEngine() *fakeEngine {
	return &fakeEngine{
		changes: make(chan job.Changes),
		queries: map[uint64]job.QueryDef{}, sources: map[uint64]job.SourceDef{},
	}
}

func (e *fakeEngine) call(format string, args ...any) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.log = append(e.log, fmt.Sprintf(format, args...))
}

// calls returns the calls since it was asked last.
func (e *fakeEngine) calls() string {
	e.mu.Lock()
	defer e.mu.Unlock()
	s := strings.Join(e.log, "; ")
	e.log = nil
	return s
}

func (e *fakeEngine) AddSource(d job.SourceDef) error {
	e.call("add %s", d.Name)
	e.sources[d.ID] = d
	return nil
}

func (e *fakeEngine) CheckSource(context.Context, job.SourceDef) error { return nil }

func (e *fakeEngine) CheckSink(context.Context, job.SinkDef) error { return nil }

func (e *fakeEngine) Partitions(context.Context, uint64) (int, error) { return 0, nil }

func (e *fakeEngine) Keep([]uint64) {}

func (e *fakeEngine) AddTable(_ context.Context, d job.TableDef) error {
	e.call("add table %s", d.Name)
	return nil
}

func (e *fakeEngine) DropTable(_ context.Context, id uint64) error {
	e.call("drop table %d", id)
	return nil
}

func (e *fakeEngine) KeepTables(context.Context, []uint64) error { return nil }

func (e *fakeEngine) RemoveSource(id uint64) {
	e.call("remove %s", e.sources[id].Name)
	delete(e.sources, id)
}

func (e *fakeEngine) StartQuery(_ context.Context, d job.QueryDef) error {
	e.call("start %s", d.Name)
	if d.Name == e.failing {
		return errors.New("the broker is away")
	}
	e.queries[d.ID] = d
	return nil
}

func (e *fakeEngine) DropQuery(_ context.Context, id uint64) error {
	e.call("drop %s", e.queries[id].Name)
	delete(e.queries, id)
	return nil
}

func (e *fakeEngine) SetSLO(id uint64, slo time.Duration) error {
	e.call("slo %s %s", e.queries[id].Name, slo)
	d := e.queries[id]
	d.SLO = slo
	e.queries[id] = d
	return nil
}

func (e *fakeEngine) SetMemory(id uint64, bytes int64) error {
	e.call("memory %s %d", e.queries[id].Name, bytes)
	return nil
}

func (e *fakeEngine) PauseQuery(_ context.Context, id uint64) ([]string, error) {
	e.call("pause %s", e.queries[id].Name)
	return []string{"other"}, nil
}

func (e *fakeEngine) ResumeQuery(_ context.Context, id uint64) error {
	e.call("resume %s", e.queries[id].Name)
	return nil
}

func (e *fakeEngine) Analyze(id uint64) (job.Analysis, bool) {
	st, ok := e.Query(id)
	return job.Analysis{Status: st}, ok
}

func (e *fakeEngine) Scheduling() (policy, lending string) {
	return cmp.Or(e.policy, "llf"), cmp.Or(e.lending, "reject")
}

func (e *fakeEngine) SetScheduling(policy, lending string) error {
	e.policy, e.lending = policy, lending
	return nil
}

func (e *fakeEngine) Queries() []job.QueryStatus {
	var out []job.QueryStatus
	for _, d := range e.queries {
		out = append(out, job.QueryStatus{
			ID: d.ID, Name: d.Name, State: "running", SLO: d.SLO, In: 10, Out: 4, Attained: 1, Watermark: batch.MinTime,
			Rejected: map[string]int64{"late": 2},
		})
	}
	slices.SortFunc(out, func(a, b job.QueryStatus) int { return int(a.ID) - int(b.ID) })
	return out
}

func (e *fakeEngine) Query(id uint64) (job.QueryStatus, bool) {
	for _, q := range e.Queries() {
		if q.ID == id {
			return q, true
		}
	}
	return job.QueryStatus{}, false
}

func (e *fakeEngine) Sources() []job.SourceStatus { return nil }

func (e *fakeEngine) Rejected(_ uint64, f func(job.RejectedRow) error) error {
	return f(job.RejectedRow{
		Query: 2, Source: 1, Operator: "Late", Partition: 3, Offset: 42, Reason: "late",
		Detail: "4 s behind", Row: `{"item":"a"}`, At: time.Unix(1700000000, 0),
	})
}

func (e *fakeEngine) Run(_ context.Context, b job.Bounded, emit func(*batch.Batch) error) error {
	for _, rows := range e.rows {
		if err := emit(rows); err != nil {
			return err
		}
	}
	return nil
}

func (e *fakeEngine) Size(uint64) int64 { return 0 }

func (e *fakeEngine) Subscribe(ctx context.Context, _ uint64, _ bool, emit func(job.Changes) error) error {
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case ch := <-e.changes:
			if err := emit(ch); err != nil {
				return err
			}
		}
	}
}

func (e *fakeEngine) Flush(context.Context) error {
	e.call("flush")
	return nil
}

// memLog keeps the catalog.
type memLog struct {
	mu      sync.Mutex
	records map[string][]byte
}

func (l *memLog) Put(_ context.Context, puts []storage.Record, deletes []string) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, r := range puts {
		l.records[r.Key] = slices.Clone(r.Value)
	}
	for _, k := range deletes {
		delete(l.records, k)
	}
	return nil
}

func (l *memLog) Scan(prefix string, f func(storage.Record) error) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	for k, v := range l.records {
		if strings.HasPrefix(k, prefix) {
			if err := f(storage.Record{Key: k, Value: v}); err != nil {
				return err
			}
		}
	}
	return nil
}

// newDB returns a DB over a fake engine and a catalog that is kept in log.
func newDB(t testing.TB, e *fakeEngine, log *memLog) *session.DB {
	t.Helper()
	c, err := catalog.Open(log)
	if err != nil {
		t.Fatal(err)
	}
	none := connectors.Connector{
		Source: func(connectors.Spec) (connectors.Source, error) { return nil, errors.New("not here") },
		Sink:   func(connectors.Spec) (connectors.Sink, error) { return nil, errors.New("not here") },
	}
	return session.New(session.Config{
		Catalog: c, Engine: e, Version: "0.1.0",
		Connectors: map[string]connectors.Connector{"kafka": none},
		Clock:      func() time.Time { return time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC) },
	})
}

const createBids = `CREATE STREAM bids (auction BIGINT, item TEXT NOT NULL, price NUMERIC(10,2), ts TIMESTAMP,
  cents BIGINT AS (price * 100), WATERMARK FOR ts AS ts - INTERVAL '4 seconds')
  WITH (connector = 'kafka', brokers = 'localhost:9092', topic = 'bids', format = 'json')`

const createTop = `CREATE MATERIALIZED VIEW top AS SELECT auction, count(*) AS bids FROM bids GROUP BY auction`
