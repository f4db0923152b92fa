package nexmark

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/dirigo-stream/dirigo/connectors"
	"github.com/dirigo-stream/dirigo/exec/batch"
)

// Clock is what a paced source knows of time.
type Clock interface {
	Now() time.Time
	// AfterFunc calls f once after d, unless stop is called before.
	AfterFunc(d time.Duration, f func()) (stop func())
}

type wallClock struct{}

func (wallClock) Now() time.Time { return time.Now() }

func (wallClock) AfterFunc(d time.Duration, f func()) func() {
	t := time.AfterFunc(d, f)
	return func() { t.Stop() }
}

// Source is one table. It has one partition, 0; offsets are row numbers.
//
// A paced source is an open loop: the row that is read first happens now, and
// all others so many seconds before or after, whether anybody keeps up or not.
type Source struct {
	gen   *Generator
	cols  []int // for each column of the stream: of the table, or a metadata below
	clock Clock

	mu    sync.Mutex
	begun time.Time // when event 0 happened by the clock; zero: nobody has read yet
}

// What stands in Source.cols for a metadata column.
const (
	metaOffset    = -1
	metaPartition = -2
	metaTimestamp = -3
)

var _ connectors.Source = (*Source)(nil)

// NewSource checks options and columns: those of Schema by name, in any order,
// or none for all of them.
func NewSource(spec connectors.Spec) (*Source, error) { return NewSourceAt(spec, wallClock{}) }

// NewSourceAt is NewSource with a clock.
func NewSourceAt(spec connectors.Spec, clock Clock) (*Source, error) {
	cfg, err := ParseOptions(spec.Options)
	if err != nil {
		return nil, err
	}
	gen, err := NewGenerator(cfg)
	if err != nil {
		return nil, err
	}
	s := &Source{gen: gen, clock: clock}
	columns := spec.Columns
	if len(columns) == 0 {
		columns = Schema(cfg.Table)
	}
	for _, c := range columns {
		i, err := gen.table.find(c)
		if err != nil {
			return nil, fmt.Errorf("stream %s: %w", spec.Name, err)
		}
		s.cols = append(s.cols, i)
	}
	return s, nil
}

// find returns which column of the table c is.
func (t table) find(c connectors.Column) (int, error) {
	meta := map[string]struct {
		col  int
		kind batch.Rep
	}{"offset": {metaOffset, batch.RepInt}, "partition": {metaPartition, batch.RepInt}, "timestamp": {metaTimestamp, batch.RepInt}}
	if c.Metadata != "" {
		m, ok := meta[c.Metadata]
		if !ok || c.Type.Kind.Rep() != m.kind {
			return 0, fmt.Errorf("column %q: nexmark has no metadata %s of type %s", c.Name, c.Metadata, c.Type)
		}
		return m.col, nil
	}
	var names []string
	for i, have := range t.columns {
		names = append(names, have.name)
		if have.name != c.Name {
			continue
		}
		same := have.kind == c.Type.Kind || have.kind == batch.Timestamp && c.Type.Kind == batch.TimestampTZ
		if !same {
			return 0, fmt.Errorf("column %q is %s in nexmark, not %s", c.Name, have.kind, c.Type)
		}
		return i, nil
	}
	return 0, fmt.Errorf("nexmark has no column %q in this table; it has %s", c.Name, strings.Join(names, ", "))
}

// Partitions implements connectors.Source.
func (s *Source) Partitions(context.Context) ([]int32, error) { return []int32{0}, nil }

// Bounds implements connectors.Source. An endless table that is not paced has
// all its rows already.
func (s *Source) Bounds(_ context.Context, partition int32) (first, next int64, err error) {
	if partition != 0 {
		return 0, 0, fmt.Errorf("nexmark: partition %d: there is only 0", partition)
	}
	return 0, s.high(), nil
}

// high returns how many rows there are by now.
func (s *Source) high() int64 {
	rows := s.gen.Rows()
	if rows < 0 {
		rows = s.gen.table.rows(maxEvents)
	}
	if !s.gen.cfg.Paced {
		return rows
	}
	s.mu.Lock()
	begun := s.begun
	s.mu.Unlock()
	if begun.IsZero() {
		return 0
	}
	return min(rows, s.gen.table.rows(s.gen.happened(max(0, s.clock.Now().Sub(begun)))+1))
}

// begin fixes when event 0 happened, at the first read from any row.
func (s *Source) begin(row int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.begun.IsZero() {
		s.begun = s.clock.Now().Add(-time.Duration(s.gen.wall(s.gen.table.event(row))))
	}
}

// due returns when a row happens by the clock.
func (s *Source) due(row int64) time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.begun.Add(time.Duration(s.gen.wall(s.gen.table.event(row))))
}

// Begun returns when event 0 happened by the clock; zero: nobody has read yet.
func (s *Source) Begun() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.begun
}

// Due returns when what has an event time (µs) happens by the clock, of a paced
// table that is being read.
func (s *Source) Due(event int64) time.Time {
	c := s.gen.cfg
	if s.gen.inStep() {
		return s.Begun().Add(time.Duration(event-c.BaseTime) * time.Microsecond)
	}
	return s.Begun().Add(time.Duration(float64(event-c.BaseTime) * 1e3 * float64(c.Rate) / float64(s.gen.pace())))
}

// Closes returns when the first row is due that has an event time (µs) or a later
// one: the row that closes a window which ends there.
func (s *Source) Closes(event int64) time.Time {
	g := s.gen
	e := int64(float64(event-g.cfg.BaseTime) / 1e6 * float64(g.cfg.Rate))
	if g.inStep() {
		e = g.happened(time.Duration(event-g.cfg.BaseTime) * time.Microsecond)
	}
	row := g.table.rows(max(0, e-2)) // where the division was rounded
	for g.Time(row) < event {
		row++
	}
	return s.due(row)
}

// Moment is the event time (µs) of what happens at a time: the inverse of Due.
func (s *Source) Moment(at time.Time) int64 {
	c := s.gen.cfg
	if s.gen.inStep() {
		return c.BaseTime + at.Sub(s.Begun()).Microseconds()
	}
	return c.BaseTime + int64(float64(at.Sub(s.Begun()))/1e3*float64(s.gen.pace())/float64(c.Rate))
}

// Open implements connectors.Source.
func (s *Source) Open(wake func()) (connectors.Reader, error) {
	if wake == nil {
		return nil, errors.New("nexmark: a reader needs a wake function")
	}
	return &Reader{s: s, wake: wake}, nil
}

// Close implements connectors.Source.
func (s *Source) Close() error { return nil }

// Reader implements connectors.Reader.
type Reader struct {
	s        *Source
	wake     func()
	demand   []bool
	assigned bool
	ended    bool
	next     int64
	read     time.Time // when rows were read last, of a paced table
	stop     func()    // of the timer for the next row; nil: none runs
}

// leastWait keeps a fast source from giving its reader every row by itself: what
// happens within it comes together, as from a broker.
const leastWait = 500 * time.Microsecond

// Demand implements connectors.Reader.
func (r *Reader) Demand(columns []bool) { r.demand = append([]bool(nil), columns...) }

// Assign implements connectors.Reader.
func (r *Reader) Assign(partition int32, from connectors.Start) {
	if partition != 0 {
		return
	}
	r.assigned, r.ended = true, false
	switch {
	case from >= 0:
		r.next = int64(from)
	case from == connectors.Latest && (r.s.gen.cfg.Paced || r.s.gen.Rows() >= 0):
		r.next = r.s.high()
	default:
		r.next = 0
	}
	if r.s.gen.cfg.Paced {
		r.s.begin(r.next)
	}
}

// Read implements connectors.Reader.
func (r *Reader) Read(rows *connectors.Rows, most int) (bool, error) {
	if !r.assigned || r.ended || most <= 0 {
		return false, nil
	}
	total := r.s.gen.Rows()
	n := int(min(max(r.s.high()-r.next, 0), int64(most)))
	r.ended = total >= 0 && r.next+int64(n) >= total
	if !r.ended && (n == 0 || n < most && r.early()) {
		r.wait()
		return false, nil
	}
	*rows = connectors.Rows{Cols: r.columns(n), N: n, Base: r.next, End: r.ended}
	for _, c := range rows.Cols {
		if c != nil {
			rows.Bytes += c.Bytes()
		}
	}
	r.next += int64(n)
	rows.Next, rows.Born = r.next, r.s.clock.Now().UnixNano()
	if r.s.gen.cfg.Paced && n > 0 {
		rows.Born = r.s.due(r.next - 1).UnixNano()
	}
	return true, nil
}

// early says that a paced table was read a moment ago.
func (r *Reader) early() bool {
	if !r.s.gen.cfg.Paced {
		return false
	}
	now := r.s.clock.Now()
	if now.Sub(r.read) < leastWait {
		return true
	}
	r.read = now
	return false
}

// wait has the reader woken when its next row happens.
func (r *Reader) wait() {
	if r.stop != nil {
		r.stop()
	}
	r.stop = r.s.clock.AfterFunc(max(r.s.due(r.next).Sub(r.s.clock.Now()), leastWait), r.wake)
}

func (r *Reader) columns(n int) []batch.Column {
	cols := make([]batch.Column, len(r.s.cols))
	for i, c := range r.s.cols {
		if i < len(r.demand) && !r.demand[i] {
			continue
		}
		switch c {
		case metaOffset, metaPartition:
			v := make([]int64, n)
			for k := range v {
				if c == metaOffset {
					v[k] = r.next + int64(k)
				}
			}
			cols[i] = &batch.Vec[int64]{Data: v}
		case metaTimestamp:
			cols[i] = r.s.gen.times(r.next, n)
		default:
			cols[i] = r.s.gen.table.columns[c].make(r.s.gen, r.next, n)
		}
	}
	return cols
}

// Status implements connectors.Reader.
func (r *Reader) Status() connectors.Status {
	if !r.assigned {
		return connectors.Status{}
	}
	high := r.s.high()
	return connectors.Status{Partitions: []connectors.PartitionStatus{{Next: r.next, High: high, AtHigh: r.next >= high}}}
}

// Close implements connectors.Reader.
func (r *Reader) Close() error {
	if r.stop != nil {
		r.stop()
	}
	r.assigned = false
	return nil
}
