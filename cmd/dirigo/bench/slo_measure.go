package bench

import (
	"cmp"
	"encoding/binary"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/dirigo-stream/dirigo/connectors"
	"github.com/dirigo-stream/dirigo/connectors/nexmark"
	"github.com/dirigo-stream/dirigo/exec/batch"
)

// meter measures from outside of the engine how late results are: it remembers
// when each generated stream began, so that an event time is the moment at which
// that event was to be sent, and its sinks note when a result of that moment came.
type meter struct {
	mu      sync.Mutex
	sources map[string]*nexmark.Source
	sinks   map[string]*timedSink
}

func newMeter() *meter {
	return &meter{sources: map[string]*nexmark.Source{}, sinks: map[string]*timedSink{}}
}

// connectors are the generator and the sink that the meter watches.
func (m *meter) connectors() map[string]connectors.Connector {
	return map[string]connectors.Connector{"nexmark": {Source: m.source}, "timed": {Sink: m.sink}}
}

func (m *meter) source(spec connectors.Spec) (connectors.Source, error) {
	s, err := nexmark.NewSource(spec)
	if err != nil {
		return nil, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.sources[spec.Name] = s
	return s, nil
}

// sink makes a sink whose option of names the stream that its column due, an
// event time, is of.
func (m *meter) sink(spec connectors.Spec) (connectors.Sink, error) {
	at := slices.IndexFunc(spec.Columns, func(c connectors.Column) bool { return c.Name == "due" })
	if at < 0 {
		return nil, fmt.Errorf("stream %s: a timed sink needs a column due", spec.Name)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	of := spec.Options["of"]
	if m.sinks[of] == nil { // all instances of a query write to one
		m.sinks[of] = &timedSink{due: at}
	}
	return m.sinks[of], nil
}

// began returns when a stream's event time 0 (1970) was by the clock; ok is false
// while nobody has read it.
func (m *meter) began(stream string) (*nexmark.Source, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	s := m.sources[stream]
	return s, s != nil && !s.Begun().IsZero()
}

// outcome is one moment of event time of one query: when it was due, and how long
// it took until the last of its rows was written.
type outcome struct {
	due  time.Time
	took time.Duration
}

// results returns what the query over stream gave for the moments between from
// and to. Where every is not 0, moments are the ends of windows, its multiples,
// which are due when the first row behind them is: one of which nothing was seen
// counts too, as late as it is by now.
func (m *meter) results(stream string, from, to, now time.Time, every time.Duration) (out []outcome, missing int) {
	src, ok := m.began(stream)
	if !ok {
		return nil, 0
	}
	m.mu.Lock()
	sink := m.sinks[stream]
	m.mu.Unlock()
	last := sink.last()
	moments := make([]int64, 0, len(last))
	for at := range last {
		moments = append(moments, at)
	}
	if every > 0 {
		moments = multiples(src.Moment(from), src.Moment(to), every)
	}
	slices.Sort(moments)
	for _, at := range moments {
		due := src.Due(at)
		if every > 0 {
			due = src.Closes(at)
		}
		if due.Before(from) || !due.Before(to) {
			continue
		}
		seen, ok := last[at]
		if !ok {
			seen = now
			missing++
		}
		out = append(out, outcome{due, seen.Sub(due)})
	}
	return out, missing
}

// multiples returns those of every from one event time (µs) to another.
func multiples(from, to int64, every time.Duration) (out []int64) {
	step := every.Microseconds()
	for at := (from + step - 1) / step * step; at < to; at += step {
		out = append(out, at)
	}
	return out
}

// timedSink notes for each moment of event time when its last row was written.
type timedSink struct {
	due  int
	mu   sync.Mutex
	seen map[int64]time.Time
	rows int64
}

var _ connectors.Sink = (*timedSink)(nil)

// last returns when the last row of each moment came, by event time in µs.
func (s *timedSink) last() map[int64]time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := make(map[int64]time.Time, len(s.seen))
	for at, when := range s.seen {
		out[at] = when
	}
	return out
}

// Encode implements connectors.Sink: a chunk is the moments, without repetitions
// of neighbours.
func (s *timedSink) Encode(b *batch.Batch) (connectors.Chunk, error) {
	due := b.Cols[s.due].(*batch.Vec[int64]).Data
	var data []byte
	before, first := int64(0), true
	note := func(at int64) {
		if first || at != before {
			data = binary.LittleEndian.AppendUint64(data, uint64(at))
			before, first = at, false
		}
	}
	if b.Sel == nil {
		for _, at := range due[:b.N] {
			note(at)
		}
	}
	for _, i := range b.Sel {
		note(due[i])
	}
	return connectors.Chunk{Data: data, Rows: b.Rows()}, nil
}

// Send implements connectors.Sink: it acks at once.
func (s *timedSink) Send(c connectors.Chunk, acked func(error)) {
	now := time.Now()
	s.mu.Lock()
	if s.seen == nil {
		s.seen = map[int64]time.Time{}
	}
	s.rows += int64(c.Rows)
	for d := c.Data; len(d) >= 8; d = d[8:] {
		s.seen[int64(binary.LittleEndian.Uint64(d))] = now
	}
	s.mu.Unlock()
	acked(nil)
}

// Ready implements connectors.Sink: it always is.
func (s *timedSink) Ready() func(ready func()) { return nil }

// Status implements connectors.Sink.
func (s *timedSink) Status() string { return "" }

// Close implements connectors.Sink.
func (s *timedSink) Close() error { return nil }

// spread is how results are distributed.
type spread struct {
	N              int
	P50, P99, Max  time.Duration
	Within, Missed int // of a target; not seen at all
}

// spreadOf sums results up.
func spreadOf(all []outcome, target time.Duration, missed int) (s spread) {
	s.N, s.Missed = len(all), missed
	if s.N == 0 {
		return s
	}
	all = slices.Clone(all)
	slices.SortFunc(all, func(a, b outcome) int { return cmp.Compare(a.took, b.took) })
	at := func(q float64) time.Duration { return all[min(s.N-1, int(q*float64(s.N)))].took }
	s.P50, s.P99, s.Max = at(.5), at(.99), all[s.N-1].took
	for _, r := range all {
		if r.took <= target {
			s.Within++
		}
	}
	return s
}

// attained returns the share of results within the target.
func (s spread) attained() float64 {
	if s.N == 0 {
		return 0
	}
	return float64(s.Within) / float64(s.N)
}

func milliseconds(d time.Duration) float64 { return d.Seconds() * 1e3 }
