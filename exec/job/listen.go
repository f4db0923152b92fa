package job

import (
	"context"
	"sync"
	"time"

	"github.com/dirigo-stream/dirigo/connectors"
	"github.com/dirigo-stream/dirigo/exec/batch"
	"github.com/dirigo-stream/dirigo/exec/op"
)

// firstListener is the first id of queries that live only as long as somebody
// listens: far above the catalog's.
const firstListener = 1 << 62

// listen calls emit with the rows of a stream as they come, from now on: a
// query of its own, which keeps nothing.
func (e *Engine) listen(ctx context.Context, s *source, emit func(Changes) error) error {
	l := &listener{more: make(chan struct{}, 1)}
	def := QueryDef{ID: firstListener + e.listeners.Add(1), Name: "subscription to " + s.def.Name, sink: l}
	read := &Read{Relation: s.def.ID}
	schema := batch.Schema{}
	for i, c := range s.def.Columns {
		read.Columns = append(read.Columns, i)
		schema = append(schema, batch.Field{Name: c.Name, Type: c.Expr.Type})
	}
	def.Graph = &Graph{KeyGroups: 1, Vertices: []Vertex{{
		ID: 1, Read: read, Ops: []op.Spec{}, Sink: true, Instances: 1, Schema: schema,
	}}}
	def.Sink = &SinkDef{}
	if err := e.StartQuery(ctx, def); err != nil {
		return err
	}
	defer func() { _ = e.DropQuery(context.WithoutCancel(ctx), def.ID) }()
	q := e.query(def.ID)
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-l.more:
		}
		for _, b := range l.take() {
			if err := emit(Changes{Tick: uint64(b.Born), Time: time.Unix(0, b.Born), Rows: b}); err != nil {
				return err
			}
		}
		if err := emit(Changes{Time: time.Now()}); err != nil {
			return err
		}
		if err := q.failure(); err != nil {
			return err
		}
	}
}

// failure returns why the query stopped; nil while it runs.
func (q *query) failure() error {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.failed
}

// listener is the sink of such a query: a bounded queue.
type listener struct {
	mu      sync.Mutex
	batches []*batch.Batch
	bytes   int64
	ready   []func()
	more    chan struct{} // capacity 1
}

// listenerMax is how many bytes may wait for the client before the query does.
const listenerMax = 4 << 20

var _ connectors.Sink = (*listener)(nil)

// Encode implements connectors.Sink.
func (l *listener) Encode(b *batch.Batch) (connectors.Chunk, error) {
	l.mu.Lock()
	l.batches = append(l.batches, b)
	l.bytes += b.Bytes()
	l.mu.Unlock()
	l.signal()
	return connectors.Chunk{Rows: b.Rows()}, nil
}

func (l *listener) signal() {
	select {
	case l.more <- struct{}{}:
	default:
	}
}

// Send implements connectors.Sink.
func (l *listener) Send(_ connectors.Chunk, acked func(error)) { acked(nil) }

// Ready implements connectors.Sink.
func (l *listener) Ready() func(ready func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.bytes < listenerMax {
		return nil
	}
	return func(ready func()) {
		l.mu.Lock()
		wait := l.bytes >= listenerMax
		if wait {
			l.ready = append(l.ready, ready)
		}
		l.mu.Unlock()
		if !wait {
			ready()
		}
	}
}

// take returns what waits, and lets the query go on.
func (l *listener) take() []*batch.Batch {
	l.mu.Lock()
	out, ready := l.batches, l.ready
	l.batches, l.ready, l.bytes = nil, nil, 0
	l.mu.Unlock()
	for _, f := range ready {
		f()
	}
	return out
}

// Status implements connectors.Sink.
func (l *listener) Status() string { return "" }

// Close implements connectors.Sink: the subscriber notices why.
func (l *listener) Close() error {
	l.signal()
	return nil
}
