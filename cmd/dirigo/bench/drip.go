package bench

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/dirigo-stream/dirigo/connectors"
	"github.com/dirigo-stream/dirigo/connectors/blackhole"
	"github.com/dirigo-stream/dirigo/exec/batch"
)

// drips are topics in this process, of one partition each, that a benchmark
// writes message by message: what is measured is the engine alone, and a
// thousand topics need no broker. They outlive the server that reads them.
type drips struct {
	mu     sync.Mutex
	topics map[string]*drip
	ears   map[string]*ear // the sinks, by stream, of the server that runs now
	took   []time.Duration // from append to sink, while listening
	listen atomic.Bool
}

// drip is one topic: rows of a key and a value.
type drip struct {
	mu    sync.Mutex
	rows  []dripRow
	wakes []*dripReader
}

type dripRow struct{ key, value, born int64 }

func newDrips() *drips { return &drips{topics: map[string]*drip{}, ears: map[string]*ear{}} }

// connectors returns the connector drip, which reads topics, and blackhole, whose sinks here
// tell when something came.
func (d *drips) connectors() map[string]connectors.Connector {
	return map[string]connectors.Connector{
		"drip": {Source: func(spec connectors.Spec) (connectors.Source, error) { return d.topic(spec.Options["topic"]), nil }},
		"blackhole": {Sink: func(spec connectors.Spec) (connectors.Sink, error) {
			hole, err := blackhole.New(connectors.Spec{})
			e := &ear{Sink: hole, all: d}
			d.mu.Lock()
			d.ears[spec.Name] = e
			d.mu.Unlock()
			return e, err
		}},
	}
}

// topic returns the topic of that name, made if need be.
func (d *drips) topic(name string) *drip {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.topics[name] == nil {
		d.topics[name] = &drip{}
	}
	return d.topics[name]
}

// ear returns the sink of a stream.
func (d *drips) ear(name string) *ear {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.ears[name]
}

// hear notes how long results took, while somebody listens.
func (d *drips) hear(born int64) {
	if d.listen.Load() {
		d.mu.Lock()
		d.took = append(d.took, time.Duration(time.Now().UnixNano()-born))
		d.mu.Unlock()
	}
}

// listening begins, or ends, to note how long results take, and returns what was
// noted.
func (d *drips) listening(on bool) []time.Duration {
	d.mu.Lock()
	defer d.mu.Unlock()
	was := d.took
	d.took = nil
	d.listen.Store(on)
	return was
}

// append adds rows that came at born, Unix ns.
func (t *drip) append(born int64, rows ...[2]int64) {
	t.mu.Lock()
	for _, r := range rows {
		t.rows = append(t.rows, dripRow{r[0], r[1], born})
	}
	wakes := t.wakes
	t.mu.Unlock()
	for _, r := range wakes {
		r.wake()
	}
}

// len returns how many rows there are.
func (t *drip) len() int64 {
	t.mu.Lock()
	defer t.mu.Unlock()
	return int64(len(t.rows))
}

// Partitions implements connectors.Source.
func (t *drip) Partitions(context.Context) ([]int32, error) { return []int32{0}, nil }

// Bounds implements connectors.Source.
func (t *drip) Bounds(context.Context, int32) (first, next int64, err error) { return 0, t.len(), nil }

// Open implements connectors.Source.
func (t *drip) Open(wake func()) (connectors.Reader, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	r := &dripReader{of: t, wake: wake}
	t.wakes = append(slices.Clip(t.wakes), r)
	return r, nil
}

// Close implements connectors.Source.
func (t *drip) Close() error { return nil }

type dripReader struct {
	of   *drip
	wake func()
	next int
}

// Demand implements connectors.Reader: both columns, always.
func (r *dripReader) Demand([]bool) {}

// Assign implements connectors.Reader.
func (r *dripReader) Assign(_ int32, from connectors.Start) { r.next = int(max(0, from)) }

// Read implements connectors.Reader.
func (r *dripReader) Read(rows *connectors.Rows, most int) (bool, error) {
	r.of.mu.Lock()
	defer r.of.mu.Unlock()
	n := min(len(r.of.rows)-r.next, most)
	if n <= 0 {
		return false, nil
	}
	key, value := &batch.Vec[int64]{Data: make([]int64, n)}, &batch.Vec[int64]{Data: make([]int64, n)}
	for i, x := range r.of.rows[r.next : r.next+n] {
		key.Data[i], value.Data[i], rows.Born = x.key, x.value, x.born
	}
	rows.Cols, rows.N, rows.Base, rows.Bytes = []batch.Column{key, value}, n, int64(r.next), int64(16*n)
	r.next += n
	rows.Next = int64(r.next)
	return true, nil
}

// Status implements connectors.Reader.
func (r *dripReader) Status() connectors.Status { return connectors.Status{} }

// Close implements connectors.Reader.
func (r *dripReader) Close() error {
	r.of.mu.Lock()
	defer r.of.mu.Unlock()
	r.of.wakes = slices.DeleteFunc(slices.Clone(r.of.wakes), func(o *dripReader) bool { return o == r })
	return nil
}

// ear is a sink that reads every value and tells when something comes.
type ear struct {
	*blackhole.Sink
	all  *drips
	next atomic.Pointer[chan struct{}] // closed at the next chunk; nil: nobody waits
}

// Encode implements connectors.Sink.
func (e *ear) Encode(b *batch.Batch) (connectors.Chunk, error) {
	c, err := e.Sink.Encode(b)
	c.Data = binary.LittleEndian.AppendUint64(c.Data, uint64(b.Born))
	return c, err
}

// Send implements connectors.Sink.
func (e *ear) Send(c connectors.Chunk, acked func(error)) {
	at := len(c.Data) - 8
	e.all.hear(int64(binary.LittleEndian.Uint64(c.Data[at:])))
	c.Data = c.Data[:at]
	e.Sink.Send(c, acked)
	if told := e.next.Swap(nil); told != nil {
		close(*told)
	}
}

// heard returns a channel that is closed when the next chunk comes.
func (e *ear) heard() <-chan struct{} {
	c := make(chan struct{})
	e.next.Store(&c)
	return c
}

var errSilent = errors.New("no answer within ten seconds")

// wait waits until c is closed.
func wait(ctx context.Context, c <-chan struct{}) error {
	select {
	case <-c:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("wait: %w", ctx.Err())
	case <-time.After(10 * time.Second):
		return errSilent
	}
}
