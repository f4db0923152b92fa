package conntest

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/dirigo-stream/dirigo/connectors"
	"github.com/dirigo-stream/dirigo/exec/batch"
)

// list is a small right source: the numbers 0 to n-1, of which every tenth is
// rejected. spoil makes it wrong in one thing.
type list struct {
	mu    sync.Mutex
	n     int64
	ends  bool
	spoil string
	wakes map[*listReader]func()
}

func newList(spoil string, ends bool) *list {
	return &list{n: 95, ends: ends, spoil: spoil, wakes: make(map[*listReader]func())}
}

func (l *list) source() Source {
	s := Source{Open: func() (connectors.Source, error) { return l, nil }, Columns: 2, Rows: 85, Rejected: 10, Ends: l.ends}
	if !l.ends {
		// Each Append is found by checks that come later: they read what they
		// know of, from the beginning.
		s.Append = func() error {
			l.mu.Lock()
			l.n++
			wakes := l.wakes
			l.mu.Unlock()
			if l.spoil != "sleeps" {
				for _, wake := range wakes {
					wake()
				}
			}
			return nil
		}
	}
	return s
}

func (l *list) Partitions(context.Context) ([]int32, error) { return []int32{0}, nil }

func (l *list) Bounds(context.Context, int32) (first, next int64, err error) {
	if l.spoil == "bounds" {
		return 0, l.n - 1, nil
	}
	return 0, l.n, nil
}

func (l *list) Open(wake func()) (connectors.Reader, error) {
	r := &listReader{l: l, next: -1}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.wakes[r] = wake
	return r, nil
}

func (l *list) Close() error { return nil }

type listReader struct {
	l      *list
	demand []bool
	next   int64
	ended  bool
	used   []*batch.Vec[int64]
}

func (r *listReader) Demand(columns []bool) { r.demand = columns }

func (r *listReader) Assign(_ int32, from connectors.Start) {
	r.next, r.ended = max(int64(from), 0), false
	if from == connectors.Latest {
		r.next = r.l.n
	}
	if r.l.spoil == "seek" && from > 10 {
		r.next++
	}
}

func (r *listReader) Read(rows *connectors.Rows, most int) (bool, error) {
	r.l.mu.Lock()
	n := r.l.n
	r.l.mu.Unlock()
	if r.next < 0 || r.ended && r.l.spoil != "no end" || r.next >= n && !r.l.ends {
		return r.l.spoil == "unassigned" && r.next < 0, nil
	}
	if r.used == nil || r.l.spoil != "reuses" {
		r.used = []*batch.Vec[int64]{{}, {}}
	}
	for i := range r.used {
		r.used[i].Data = r.used[i].Data[:0]
	}
	*rows = connectors.Rows{Cols: make([]batch.Column, 2), Born: 1, Offsets: []int64{}}
	for ; rows.N < most && r.next < n; r.next++ {
		switch {
		case r.next%10 == 0 && r.l.spoil == "forgets rejected" && most < 10:
		case r.next%10 == 0:
			rows.Rejected = append(rows.Rejected, connectors.Rejected{Offset: r.next, Reason: "malformed"})
		default:
			for i := range r.used {
				r.used[i].Append(r.next * int64(i+1))
			}
			rows.Offsets = append(rows.Offsets, r.next)
			rows.N++
		}
	}
	for i := range r.used {
		if r.demand[i] || r.l.spoil == "ignores demand" {
			rows.Cols[i] = r.used[i]
		}
	}
	rows.Next = r.next
	r.ended = r.l.ends && r.next >= n
	rows.End = r.ended
	return true, nil
}

func (r *listReader) Status() connectors.Status {
	return connectors.Status{Partitions: []connectors.PartitionStatus{{Next: r.next, High: r.l.n}}}
}

func (r *listReader) Close() error {
	r.l.mu.Lock()
	defer r.l.mu.Unlock()
	delete(r.l.wakes, r)
	return nil
}

func TestSourceChecks(t *testing.T) {
	RunSource(t, newList("", true).source())
	for _, c := range SourceChecks {
		if err := c.Run(newList("", false).source()); err != nil {
			t.Errorf("a right source fails %q: %v", c.Name, err)
		}
	}
}

// TestBrokenSourcesFail: each check catches what it is for.
func TestBrokenSourcesFail(t *testing.T) {
	for spoil, check := range map[string]string{
		"forgets rejected": "the same rows whatever max is",
		"seek":             "reading goes on at any offset",
		"ignores demand":   "only demanded columns are built",
		"reuses":           "columns are fresh each time",
		"bounds":           "bounds hold what is read",
		"unassigned":       "an unassigned reader reads nothing",
		"no end":           "the end is told once",
	} {
		for _, c := range SourceChecks {
			if c.Name == check && c.Run(newList(spoil, true).source()) == nil {
				t.Errorf("a source that is wrong in %q passes %q", spoil, check)
			}
		}
	}
}

// TestSleepersFail: a source that wakes nobody is found out, after a wait.
func TestSleepersFail(t *testing.T) {
	defer func(was time.Duration) { patience = was }(patience)
	patience = 20 * time.Millisecond
	if wakes(newList("sleeps", false).source()) == nil {
		t.Error("a source that wakes nobody passes")
	}
}

// badSink is wrong in one thing.
type badSink struct {
	spoil string
	held  []func(error)
}

func (s *badSink) Encode(b *batch.Batch) (connectors.Chunk, error) {
	n := b.Rows()
	if s.spoil == "selection" {
		n = b.N
	}
	if s.spoil == "count" {
		return connectors.Chunk{Data: []byte{byte(n)}, Rows: n + 1}, nil
	}
	return connectors.Chunk{Data: []byte{byte(n)}, Rows: n}, nil
}

func (s *badSink) Send(_ connectors.Chunk, acked func(error)) {
	switch s.spoil {
	case "twice":
		acked(nil)
	case "reorders":
		s.held = append(s.held, acked)
		if len(s.held) == 2 {
			s.held[1](nil)
			s.held[0](nil)
			s.held = nil
		}
		return
	case "final":
		acked(fmt.Errorf("refused"))
		return
	}
	acked(nil)
}

func (s *badSink) Ready() func(func()) { return nil }
func (s *badSink) Status() string      { return "" }
func (s *badSink) Close() error        { return nil }

func TestBrokenSinksFail(t *testing.T) {
	rows := &batch.Batch{Cols: []batch.Column{&batch.Vec[int64]{Data: make([]int64, 9)}}, N: 9}
	sink := func(spoil string) Sink {
		return Sink{Open: func() (connectors.Sink, error) { return &badSink{spoil: spoil}, nil }, Rows: rows}
	}
	RunSink(t, func(*testing.T) Sink { return sink("") })
	for spoil, check := range map[string]string{
		"twice":     "every chunk is acked once, in order",
		"reorders":  "every chunk is acked once, in order",
		"final":     "every chunk is acked once, in order",
		"count":     "chunks count their rows",
		"selection": "a selection is respected",
	} {
		for _, c := range SinkChecks {
			if c.Name == check && c.Run(sink(spoil)) == nil {
				t.Errorf("a sink that is wrong in %q passes %q", spoil, check)
			}
		}
	}
}
