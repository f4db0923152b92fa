package job

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/dirigo-stream/dirigo/actors"
	"github.com/dirigo-stream/dirigo/connectors"
	"github.com/dirigo-stream/dirigo/exec/batch"
	"github.com/dirigo-stream/dirigo/exec/expr"
)

// source is a declared stream. While queries read it, one live pump reads it
// for all of them.
type source struct {
	eng   *Engine
	def   SourceDef
	table *table // nil: a stream

	mu     sync.Mutex
	conn   connectors.Source // opened at first use
	live   *pump             // nil while nobody reads it
	err    string            // why the pump stopped
	gone   string            // why the outside does not say where it ends
	totals counters          // of pumps that are gone
}

// counters are a source's totals.
type counters struct{ decoded, bytes, malformed int64 }

// open returns the connector's source, opened once.
func (s *source) open() (connectors.Source, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.conn != nil {
		return s.conn, nil
	}
	c, ok := s.eng.cfg.Connectors[s.def.Connector]
	if !ok || c.Source == nil {
		return nil, fmt.Errorf("connector %q cannot be read", s.def.Connector)
	}
	conn, err := c.Source(s.def.Spec)
	if err != nil {
		return nil, fmt.Errorf("open stream %s: %w", s.def.Name, err)
	}
	s.conn = conn
	return conn, nil
}

// start returns the positions at which a new query begins: the first records,
// or, if latest, the ends.
func (s *source) start(ctx context.Context, latest bool) ([]position, error) {
	conn, err := s.open()
	if err != nil {
		return nil, err
	}
	ids, err := conn.Partitions(ctx)
	if err != nil {
		return nil, fmt.Errorf("partitions of %s: %w", s.def.Name, err)
	}
	out := make([]position, 0, len(ids))
	for _, id := range ids {
		first, next, err := conn.Bounds(ctx, id)
		if err != nil {
			return nil, fmt.Errorf("bounds of %s partition %d: %w", s.def.Name, id, err)
		}
		if latest {
			first = next
		}
		out = append(out, position{Partition: id, Next: first, Max: batch.MinTime})
	}
	return out, nil
}

// newPump makes a pump that starts at the given positions, feeding on clock;
// it reads nothing before run. failed is told if it cannot go on.
func (s *source) newPump(c *clock, name actors.Name, from []position, failed func(*pump, error)) (*pump, error) {
	conn, err := s.open()
	if err != nil {
		return nil, err
	}
	p := &pump{src: s, clock: c, marks: newMarker(&s.def, from)}
	p.tickNs.Store(int64(maxTick))
	if p.zone, err = zoneOf(s.def.TimeZone); err != nil {
		return nil, err
	}
	if p.columns, err = compileColumns(&s.def); err != nil {
		return nil, err
	}
	p.feed = newFeed(s.def.ID, s.eng.cfg.feedKeep(), p, func() { p.ref.Wake() })
	p.ref = s.eng.rt.Add(actors.Spec[*batch.Batch]{
		Name:     name,
		Activate: func() (actors.Behavior[*batch.Batch], error) { return p, nil },
		Failed:   func(err error) { failed(p, err) },
	})
	if p.reader, err = conn.Open(func() { p.ref.Wake() }); err != nil {
		s.eng.rt.Remove(p.ref)
		return nil, fmt.Errorf("read %s: %w", s.def.Name, err)
	}
	return p, nil
}

// run begins reading.
func (p *pump) run() {
	if _, fed := p.gate.(*tableGate); fed {
		return // it reads nothing
	}
	p.ref.Post(0, func(_ actors.Behavior[*batch.Batch], err error) {
		if err != nil {
			return
		}
		for _, at := range p.marks.parts {
			p.reader.Assign(at.Partition, connectors.Start(at.Next))
		}
		p.ref.Wake()
	})
}

// close ends the pump; nothing of it runs afterwards.
func (p *pump) close() {
	if p.there != nil {
		p.there.cancel()
	}
	p.src.eng.rt.Remove(p.ref)
	p.reader.Close()
	p.feed.mu.Lock()
	p.closed = true
	for _, w := range p.waiters {
		w.then()
	}
	p.waiters = nil
	p.feed.mu.Unlock()
	if _, live := p.gate.(*liveGate); !live {
		return // what a catch-up reads again is not counted twice
	}
	p.src.mu.Lock()
	p.src.totals.decoded += p.decoded.Load()
	p.src.totals.bytes += p.decodedBytes.Load()
	p.src.totals.malformed += p.malformed.Load()
	p.src.mu.Unlock()
}

// widen makes the pump read these columns of the stream too, and returns when
// every later row has them.
func (p *pump) widen(columns []bool) {
	done := make(chan struct{})
	p.ref.Post(0, func(_ actors.Behavior[*batch.Batch], err error) {
		defer close(done)
		if err != nil {
			return
		}
		if p.demand == nil {
			p.demand = make([]bool, len(p.src.def.Columns))
		}
		for i, want := range columns {
			p.demand[i] = p.demand[i] || want
		}
		if p.marks.time >= 0 {
			p.demand[p.marks.time] = true
		}
		p.reader.Demand(p.src.physical(p.demand))
	})
	<-done
}

// physical returns which physical columns the demanded ones are made of.
func (s *source) physical(demand []bool) []bool {
	out := make([]bool, len(s.def.Spec.Columns))
	for i, want := range demand {
		if want {
			for _, c := range expr.Columns(s.def.Columns[i].Expr) {
				out[c] = true
			}
		}
	}
	return out
}

// compileColumns compiles the generated columns; plain ones stay nil.
func compileColumns(def *SourceDef) ([]*expr.Program, error) {
	out := make([]*expr.Program, len(def.Columns))
	for i, c := range def.Columns {
		if c.Expr.Op == expr.OpCol {
			continue
		}
		p, err := expr.Compile(c.Expr)
		if err != nil {
			return nil, fmt.Errorf("column %s of %s: %w", c.Name, def.Name, err)
		}
		out[i] = p
	}
	return out, nil
}

// generate turns physical columns into those that queries see. A row whose
// generated column cannot be computed is rejected.
func (p *pump) generate(in *batch.Batch) *batch.Batch {
	out := *in
	out.Cols = make([]batch.Column, len(p.columns))
	cx := expr.Context{Loc: p.zone}
	for i, prog := range p.columns {
		if p.demand != nil && !p.demand[i] {
			continue
		}
		if prog == nil {
			out.Cols[i] = in.Cols[p.src.def.Columns[i].Expr.Col]
			continue
		}
		out.Cols[i] = prog.Eval(in, &cx)
	}
	if len(cx.Failed()) > 0 {
		return p.rejectFailed(&out, &cx)
	}
	return &out
}

// rejectFailed notes the rows that failed and returns the others. The end of a
// key has no values to compute with: it stays.
func (p *pump) rejectFailed(b *batch.Batch, cx *expr.Context) *batch.Batch {
	bad, upserts := make([]bool, b.N), p.src.upserts()
	for _, f := range cx.Failed() {
		if bad[f.Row] || upserts && b.DiffAt(int(f.Row)) < 0 {
			continue
		}
		bad[f.Row] = true
		p.bad = append(p.bad, RejectedRow{
			Offset: b.Origin.Offset(int(f.Row)), Reason: "expression", Detail: f.Err.Error(),
			Row: rowText(b, int(f.Row), p.src.types()),
		})
	}
	keep := make([]int32, 0, b.N)
	for i, x := range bad {
		if !x {
			keep = append(keep, int32(i))
		}
	}
	return b.Gather(keep)
}

// upserts says that a record is the newest row of its key, or its end.
func (s *source) upserts() bool {
	mode := s.eng.cfg.Connectors[s.def.Connector].SourceMode
	return mode != nil && mode(s.def.Spec) == connectors.ModeUpsert
}

// types returns the types of the columns that queries see.
func (s *source) types() []batch.Type {
	out := make([]batch.Type, len(s.def.Columns))
	for i, c := range s.def.Columns {
		out[i] = c.Expr.Type
	}
	return out
}

// columnsOf returns a demand of the given columns and of all generated ones: a
// row for which one of these cannot be computed is rejected, and that must not
// depend on which columns a query reads, or its neighbours.
func (s *source) columnsOf(cols []int) []bool {
	out := make([]bool, len(s.def.Columns))
	for i, c := range s.def.Columns {
		out[i] = c.Expr.Op != expr.OpCol
	}
	for _, c := range cols {
		out[c] = true
	}
	return out
}

// hurry sets how long an uncut row may wait, from the most urgent SLO below.
func (p *pump) hurry(slo time.Duration) {
	wait := maxTick
	if slo > 0 {
		wait = min(wait, slo/8)
	}
	p.tickNs.Store(int64(wait))
}

// status returns the source for people and metrics.
func (s *source) status() SourceStatus {
	s.mu.Lock()
	live, st := s.live, SourceStatus{
		ID: s.def.ID, Name: s.def.Name, State: "idle", Error: s.err, Watermark: batch.MinTime,
		Decoded: s.totals.decoded, DecodedBytes: s.totals.bytes, Malformed: s.totals.malformed,
	}
	s.mu.Unlock()
	if live == nil {
		return st
	}
	live.describe(&st)
	return st
}

// trouble says why the source cannot be read now; "": it can, as far as is known.
func (s *source) trouble() string {
	s.mu.Lock()
	live, why := s.live, cmp.Or(s.err, s.gone)
	s.mu.Unlock()
	if live != nil {
		if outside := live.status.Load(); outside != nil && outside.Error != "" {
			why = outside.Error
		}
	}
	return why
}

// describe adds what a live pump knows.
func (p *pump) describe(st *SourceStatus) {
	st.State = "running"
	st.Decoded += p.decoded.Load()
	st.DecodedBytes += p.decodedBytes.Load()
	st.Malformed += p.malformed.Load()
	high := map[int32]int64{}
	if outside := p.status.Load(); outside != nil {
		if outside.Error != "" {
			st.State, st.Error = "retrying", outside.Error
		}
		for _, o := range outside.Partitions {
			high[o.Partition] = o.High
		}
	}
	p.feed.mu.Lock()
	defer p.feed.mu.Unlock()
	st.Watermark = p.marks.watermark()
	for _, at := range p.marks.parts {
		st.Partitions = append(st.Partitions, PartitionStatus{
			Partition: at.Partition, Next: at.Next, High: max(high[at.Partition], at.Next), Idle: at.Idle,
		})
	}
	slices.SortFunc(st.Partitions, func(a, b PartitionStatus) int { return int(a.Partition - b.Partition) })
}

// livePump returns the pump that reads for all queries, nil if none does.
func (s *source) livePump() *pump {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.live
}
