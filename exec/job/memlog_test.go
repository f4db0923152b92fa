package job

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/dirigo-stream/dirigo/connectors"
	"github.com/dirigo-stream/dirigo/exec/batch"
)

// memLog is a source for tests: partitions of (key, value, time) rows that
// outlive the engines that read them.
type memLog struct {
	mu      sync.Mutex
	parts   [][][3]int64
	wakes   map[*memReader]func()
	broken  error // what readers answer, and stop with
	gone    error // what is told of the outside
	quiet   bool  // readers get nothing
	decoded atomic.Int64
}

// hush makes readers get nothing until it is undone.
func (l *memLog) hush(quiet bool) {
	l.mu.Lock()
	l.quiet = quiet
	l.mu.Unlock()
	if !quiet {
		l.add(0)
	}
}

func newMemLog(parts int) *memLog {
	return &memLog{parts: make([][][3]int64, parts), wakes: map[*memReader]func(){}}
}

func (l *memLog) add(part int, rows ...[3]int64) {
	l.mu.Lock()
	l.parts[part] = append(l.parts[part], rows...)
	var wakes []func()
	for _, w := range l.wakes {
		wakes = append(wakes, w)
	}
	l.mu.Unlock()
	for _, w := range wakes {
		w()
	}
}

func (l *memLog) all() (out [][3]int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, p := range l.parts {
		out = append(out, p...)
	}
	return out
}

func (l *memLog) connector() connectors.Connector {
	return connectors.Connector{Source: func(connectors.Spec) (connectors.Source, error) { return l, nil }}
}

// Partitions implements connectors.Source.
func (l *memLog) Partitions(context.Context) ([]int32, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	out := make([]int32, len(l.parts))
	for i := range out {
		out[i] = int32(i)
	}
	return out, nil
}

// Bounds implements connectors.Source.
func (l *memLog) Bounds(_ context.Context, p int32) (int64, int64, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return 0, int64(len(l.parts[p])), l.gone
}

// Open implements connectors.Source.
func (l *memLog) Open(wake func()) (connectors.Reader, error) {
	r := &memReader{log: l, at: map[int32]int64{}}
	l.mu.Lock()
	l.wakes[r] = wake
	l.mu.Unlock()
	return r, nil
}

// Close implements connectors.Source.
func (l *memLog) Close() error { return nil }

type memReader struct {
	log    *memLog
	demand []bool
	at     map[int32]int64
	order  []int32
	turn   int
}

func (r *memReader) Demand(columns []bool) { r.demand = columns }

func (r *memReader) Assign(p int32, from connectors.Start) {
	if _, ok := r.at[p]; !ok {
		r.order = append(r.order, p)
	}
	r.at[p] = int64(from)
}

func (r *memReader) Read(rows *connectors.Rows, max int) (bool, error) {
	r.log.mu.Lock()
	defer r.log.mu.Unlock()
	if r.log.broken != nil {
		return false, r.log.broken
	}
	if r.log.quiet {
		return false, nil
	}
	for range r.order {
		p := r.order[r.turn%len(r.order)]
		r.turn++
		at := r.at[p]
		left := r.log.parts[p][at:]
		if len(left) == 0 {
			continue
		}
		left = left[:min(len(left), max)]
		cols := make([]batch.Column, 3)
		for c := range cols {
			if r.demand != nil && !r.demand[c] {
				continue
			}
			v := &batch.Vec[int64]{}
			for _, row := range left {
				v.Append(row[c])
			}
			cols[c] = v
		}
		*rows = connectors.Rows{
			Cols: cols, N: len(left), Partition: p, Base: at, Next: at + int64(len(left)),
			Born: time.Now().UnixNano(), Bytes: int64(len(left) * 24),
		}
		r.at[p] = rows.Next
		r.log.decoded.Add(int64(rows.N))
		return true, nil
	}
	return false, nil
}

func (r *memReader) Status() connectors.Status {
	r.log.mu.Lock()
	defer r.log.mu.Unlock()
	st := connectors.Status{}
	if r.log.gone != nil {
		st.Error = r.log.gone.Error()
	}
	for _, p := range r.order {
		high := int64(len(r.log.parts[p]))
		st.Partitions = append(st.Partitions, connectors.PartitionStatus{
			Partition: p, Next: r.at[p], High: high, AtHigh: r.at[p] == high,
		})
	}
	return st
}

func (r *memReader) Close() error {
	r.log.mu.Lock()
	defer r.log.mu.Unlock()
	delete(r.log.wakes, r)
	return nil
}

// memSink collects rows; it holds acks back while stuck.
type memSink struct {
	mu    sync.Mutex
	rows  [][]int64
	stuck bool
	held  []func(error)
	ready []func()
}

func (s *memSink) connector() connectors.Connector {
	return connectors.Connector{Sink: func(connectors.Spec) (connectors.Sink, error) { return s, nil }}
}

// Encode implements connectors.Sink.
func (s *memSink) Encode(b *batch.Batch) (connectors.Chunk, error) {
	b = b.Compact()
	var data []byte
	for i := range b.N {
		data = append(data, byte(len(b.Cols)))
		for _, c := range b.Cols {
			v := c.(*batch.Vec[int64]).Data[i]
			for k := range 8 {
				data = append(data, byte(v>>(8*k)))
			}
		}
	}
	return connectors.Chunk{Data: data, Rows: b.N}, nil
}

// Send implements connectors.Sink.
func (s *memSink) Send(c connectors.Chunk, acked func(error)) {
	s.mu.Lock()
	for d := c.Data; len(d) > 0; {
		n := int(d[0])
		row := make([]int64, n)
		for i := range row {
			for k := range 8 {
				row[i] |= int64(d[1+i*8+k]) << (8 * k)
			}
		}
		s.rows = append(s.rows, row)
		d = d[1+n*8:]
	}
	if s.stuck {
		s.held = append(s.held, acked)
		s.mu.Unlock()
		return
	}
	s.mu.Unlock()
	acked(nil)
}

// Ready implements connectors.Sink.
func (s *memSink) Ready() func(func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.held) < 2 {
		return nil
	}
	return func(ready func()) {
		s.mu.Lock()
		s.ready = append(s.ready, ready)
		s.mu.Unlock()
	}
}

func (s *memSink) unstick() {
	s.mu.Lock()
	s.stuck = false
	held, ready := s.held, s.ready
	s.held, s.ready = nil, nil
	s.mu.Unlock()
	for _, f := range held {
		f(nil)
	}
	for _, f := range ready {
		f()
	}
}

// Status implements connectors.Sink.
func (s *memSink) Status() string { return "" }

// Close implements connectors.Sink.
func (s *memSink) Close() error { return nil }
