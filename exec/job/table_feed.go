package job

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/dirigo-stream/dirigo/actors"
	"github.com/dirigo-stream/dirigo/connectors"
	"github.com/dirigo-stream/dirigo/exec/batch"
)

// tablePart is what a group changes in one table: batches of its transactions
// in log order, each a record.
type tablePart struct {
	t       *table
	batches []*batch.Batch
	encoded [][]byte // nil: not yet
	base    int64
	next    int64
}

// byTable sorts a group's changes by table and puts small ones together.
func byTable(group []*commitment) []*tablePart {
	var parts []*tablePart
	by := map[*table]*merger{}
	for _, c := range group {
		for _, ch := range c.parts {
			m := by[ch.t]
			if m == nil {
				m = &merger{part: &tablePart{t: ch.t}}
				by[ch.t] = m
				parts = append(parts, m.part)
			}
			for i, b := range ch.batches {
				m.add(b, ch.encoded[i])
			}
		}
	}
	for _, p := range parts {
		by[p.t].end()
	}
	return parts
}

// merger makes one batch of small ones that follow each other.
type merger struct {
	part  *tablePart
	small []*batch.Batch
	rows  int
	bytes int64
}

func (m *merger) add(b *batch.Batch, encoded []byte) {
	if encoded != nil {
		m.end()
		m.part.batches = append(m.part.batches, b)
		m.part.encoded = append(m.part.encoded, encoded)
		return
	}
	if m.rows+b.N > recordRows || m.bytes+b.Bytes() > recordBytes {
		m.end()
	}
	m.small = append(m.small, b)
	m.rows += b.N
	m.bytes += b.Bytes()
}

func (m *merger) end() {
	if len(m.small) == 0 {
		return
	}
	b := *m.small[0]
	if len(m.small) > 1 {
		b = *m.merge()
	}
	m.part.batches = append(m.part.batches, &b)
	m.part.encoded = append(m.part.encoded, nil)
	m.small, m.rows, m.bytes = nil, 0, 0
}

func (m *merger) merge() *batch.Batch {
	out := &batch.Batch{N: m.rows, Time: batch.MaxTime, Cols: make([]batch.Column, len(m.part.t.types))}
	for c, t := range m.part.t.types {
		col := batch.New(t.Kind, m.rows)
		for _, b := range m.small {
			for row := range b.N {
				batch.AppendFrom(col, b.Cols[c], row)
			}
		}
		out.Cols[c] = col
	}
	for _, b := range m.small {
		if b.Diff != nil && out.Diff == nil {
			out.Diff = make([]int64, 0, m.rows)
		}
	}
	if out.Diff != nil {
		for _, b := range m.small {
			for row := range b.N {
				out.Diff = append(out.Diff, b.DiffAt(row))
			}
		}
	}
	return out
}

// records numbers the row changes and returns them as records.
func (p *tablePart) records(group uint64, born int64) ([]logRecord, error) {
	p.t.mu.Lock()
	p.base = p.t.next
	p.t.mu.Unlock()
	p.next = p.base
	recs := make([]logRecord, 0, len(p.batches))
	for i, b := range p.batches {
		data := p.encoded[i]
		if data == nil {
			var err error
			if data, err = encodeRows(b); err != nil {
				return nil, err
			}
		}
		sealRecord(data, group, born)
		recs = append(recs, logRecord{p.t.def.ID, p.next, data})
		fed := *b // a transaction's look-ups still read b
		fed.Born = born
		fed.Origin = &batch.Origin{Source: p.t.def.ID, Base: p.next}
		p.batches[i] = &fed
		p.next += int64(b.N)
	}
	return recs, nil
}

// show gives a durable group to the live readers of its tables, in one tick.
func (ts *tables) show(parts []*tablePart) (tick uint64) {
	c := ts.eng.clock
	c.mu.Lock()
	defer c.mu.Unlock()
	var ask []*feed
	for _, p := range parts {
		p.t.grow(p)
		if live := p.t.src.livePump(); live != nil {
			live.feed.appendAll(p.batches, p.next)
			live.decoded.Add(p.next - p.base)
			ask = append(ask, live.feed)
		}
		p.t.fed = p.next
	}
	if tick = c.cutLocked(ask, 0); tick == 0 {
		return c.last // nobody reads
	}
	return tick
}

// grow adds durable records to the table's index.
func (t *table) grow(p *tablePart) {
	t.mu.Lock()
	defer t.mu.Unlock()
	at := p.base
	for _, b := range p.batches {
		t.bases = append(t.bases, at)
		at += int64(b.N)
	}
	t.next = p.next
}

// appendAll adds batches of one partition and moves it to next, all at once: a
// reader's position is never between them.
func (f *feed) appendAll(batches []*batch.Batch, next int64) {
	f.mu.Lock()
	defer f.mu.Unlock()
	at := next
	for _, b := range batches {
		at -= int64(b.N)
	}
	for _, b := range batches {
		at += int64(b.N)
		f.src.observe(b, at)
		f.addLocked(entry{b: b, bytes: b.Bytes()})
		f.uncut++
		f.born = max(f.born, b.Born)
	}
	f.flowed = true
}

// tableGate keeps a table's live pump from reading: the committer feeds it. A
// turn of the pump means that the feed may have room again.
type tableGate struct{ moved chan struct{} } // capacity 1

// admit, fed and drained implement gate: nothing is read.
func (g *tableGate) admit(*batch.Batch, int64, int64) (int, bool) { return -1, false }
func (g *tableGate) fed(int32, int64, int64)                      {}
func (g *tableGate) drained(connectors.Status, int64)             {}

// closed implements gate.
func (g *tableGate) closed() bool {
	select {
	case g.moved <- struct{}{}:
	default:
	}
	return true
}

// newTablePump makes the live pump of a table, which stands where the committer
// is.
func (e *Engine) newTablePump(s *source) (*pump, error) {
	p, err := s.newPump(e.clock, actors.Name{Job: s.def.ID, Vertex: pumpVertex}, nil)
	if err != nil {
		return nil, err
	}
	p.gate = &tableGate{moved: make(chan struct{}, 1)}
	e.clock.mu.Lock()
	defer e.clock.mu.Unlock()
	p.marks = newMarker(&s.def, []position{{Next: s.table.fed, Max: batch.MinTime}})
	e.feeds[p.feed] = true
	s.mu.Lock()
	s.live, s.err = p, ""
	s.mu.Unlock()
	return p, nil
}

// roomPoll is how often the committer looks again whether a feed has room,
// should nobody tell.
const roomPoll = 50 * time.Millisecond

// room waits while the fastest reader of the table lags too far behind.
func (t *table) room() {
	for {
		live := t.src.livePump()
		if live == nil || live.feed.unread() {
			return
		}
		if room, _ := live.feed.room(); room {
			return
		}
		timer := time.NewTimer(roomPoll)
		select {
		case <-live.gate.(*tableGate).moved:
		case <-timer.C:
		}
		timer.Stop()
	}
}

// unread says that nobody reads the feed.
func (f *feed) unread() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.cursors) == 0
}

// wait returns when the view has applied all that is in the log, or queued for
// it.
func (t *table) wait(ctx context.Context) (tick uint64, err error) {
	t.mu.Lock()
	last := t.last
	t.mu.Unlock()
	if last != nil {
		<-last.done
		if last.err != nil {
			return 0, last.err
		}
		tick = last.tick.Load()
	}
	for {
		q := t.view()
		if q == nil {
			return 0, ErrNoTable
		}
		if err := q.whenReadable(ctx, tick); err != nil && !errors.Is(err, errDetached) {
			return 0, err
		}
		switch err := q.failure(); {
		case err == nil:
			return tick, nil
		case !errors.Is(err, errDetached):
			return 0, err
		}
		if err := ctx.Err(); err != nil {
			return 0, err
		}
		time.Sleep(time.Millisecond) // it is being restarted
	}
}

// whenReadable waits until the query has attached to live feeds, applied all
// that it caught up with before, and passed tick.
func (q *query) whenReadable(ctx context.Context, tick uint64) error {
	if err := q.whenLive(ctx); err != nil {
		return err
	}
	q.eng.clock.mu.Lock()
	attached := q.attached
	q.eng.clock.mu.Unlock()
	return q.whenPassed(ctx, max(tick, q.lastTouched(attached)))
}

// whenPassed waits until tick has passed through all ends of the query.
func (q *query) whenPassed(ctx context.Context, tick uint64) error {
	done := make(chan struct{})
	var passed sync.WaitGroup
	late := false
	for _, end := range q.ends {
		if end.done.Load() < tick {
			late = true
			passed.Add(1)
			end.when(tick, passed.Done)
		}
	}
	if !late {
		return nil
	}
	go func() { passed.Wait(); close(done) }()
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// watch makes sure that the overlay is dropped once the view has applied tick.
func (t *table) watch(tick uint64) {
	t.mu.Lock()
	if t.watched || len(t.overlay.layers) == 0 {
		t.mu.Unlock()
		return
	}
	t.watched = true
	t.mu.Unlock()
	q := t.view()
	if q == nil || len(q.ends) == 0 {
		t.applied()
		return
	}
	var mu sync.Mutex
	left := len(q.ends)
	for _, end := range q.ends {
		end.when(tick, func() {
			mu.Lock()
			left--
			last := left == 0
			mu.Unlock()
			if last {
				t.applied()
			}
		})
	}
}

// applied drops what the view has applied from the overlay.
func (t *table) applied() {
	upTo := t.viewTick()
	t.mu.Lock()
	t.overlay.drop(upTo)
	t.watched = false
	next := uint64(0)
	for i := len(t.overlay.layers) - 1; i >= 0 && next == 0; i-- {
		next = t.overlay.layers[i].commit.tick.Load() // of the newest that is visible
	}
	t.mu.Unlock()
	if next > upTo && upTo > 0 {
		t.watch(next)
	}
}

// viewTick returns the tick up to which the view has applied all; 0: unknown.
func (t *table) viewTick() uint64 {
	q := t.view()
	if q == nil {
		return 0
	}
	least := ^uint64(0)
	for _, end := range q.ends {
		least = min(least, end.done.Load())
	}
	if q.failure() != nil {
		return 0 // those numbers mean that it has ended
	}
	return least
}
