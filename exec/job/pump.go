package job

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/dirigo-stream/dirigo/actors"
	"github.com/dirigo-stream/dirigo/connectors"
	"github.com/dirigo-stream/dirigo/exec/batch"
	"github.com/dirigo-stream/dirigo/exec/expr"
)

// pump reads one source into a feed: the behavior of a source's actor. The live
// one of a source reads for all queries; a query that catches up has pumps of
// its own, bounded by the positions at which it may join the live feed.
//
// It asks for a cut when it has no more rows waiting, or when its oldest uncut
// row has waited an eighth of the most urgent SLO below it, at the latest after
// maxTick or feedAhead bytes; never when nothing flowed. Under load ticks
// therefore hold more rows.
type pump struct {
	src    *source
	feed   *feed
	clock  *clock
	ref    *actors.Ref[*batch.Batch]
	reader connectors.Reader

	// In the actor's turn only.
	demand  []bool
	columns []*expr.Program // nil: the physical column itself
	zone    *time.Location  // of generated columns
	first   int64           // arrival of the oldest uncut row, Unix ns; 0: none
	bytes   int64           // read since the last cut
	rest    *held           // read, but not to be fed yet
	whole   bool            // of a table that is caught up with: cut by others only
	gate    gate
	bad     []RejectedRow // of the read under way

	// Under the feed's lock.
	marks   *marker // event time as read here
	waiters []positionWaiter
	closed  bool

	there  *there                            // of a stream's live one, made at a restart
	status atomic.Pointer[connectors.Status] // as of the last time nothing was waiting

	urging sync.Mutex
	urged  map[*query]time.Duration // the readers with a latency target
	least  time.Duration            // of them; 0: none has one

	guarded atomic.Bool  // gate is there: a reader that is being opened may wake the pump before
	paused  atomic.Bool  // the engine is closing
	tickNs  atomic.Int64 // how long an uncut row may wait
	decoded atomic.Int64
	decodedBytes,
	malformed atomic.Int64
}

// maxTick is how long a tick may hold rows back under load.
const maxTick = 100 * time.Millisecond

// readRows is the number of rows parsed in one turn, kept small so that a turn
// stays short, and large enough for vectors to pay.
const readRows = 1024

// Push, Due, Advance and Resume implement actors.Behavior: a pump has no inputs.
func (p *pump) Push(int, *batch.Batch, *actors.Turn[*batch.Batch]) (bool, error) { return false, nil }

// Due implements actors.Behavior.
func (p *pump) Due(actors.Frontier, bool, int64) bool { return false }

// Advance implements actors.Behavior.
func (p *pump) Advance(actors.Frontier, *actors.Turn[*batch.Batch]) (bool, error) { return false, nil }

// Resume implements actors.Behavior.
func (p *pump) Resume(t *actors.Turn[*batch.Batch]) (bool, error) { return p.Poll(t) }

// Urgent implements actors.Poller.
func (p *pump) Urgent() int64 { return 0 }

// guard gives the pump its gate, before it runs.
func (p *pump) guard(g gate) {
	p.gate = g
	p.guarded.Store(true)
}

// Poll implements actors.Poller: it reads one unit of rows, or cuts.
func (p *pump) Poll(t *actors.Turn[*batch.Batch]) (more bool, err error) {
	if !p.guarded.Load() || p.paused.Load() || p.gate.closed() {
		return false, nil
	}
	if room, stuck := p.feed.room(); !room {
		// Under back-pressure ticks are as large as they may be: a cut for each
		// unit would make the queries below slower still.
		if stuck || p.first != 0 && p.overdue(t.Now()) {
			p.cut(t.Now())
		}
		return false, nil
	}
	if p.rest != nil {
		return p.takeRest(t.Now()), nil
	}
	rows := connectors.Rows{}
	ok, err := p.reader.Read(&rows, p.src.eng.cfg.readRows())
	if err != nil {
		return false, fmt.Errorf("read %s: %w", p.src.def.Name, err)
	}
	if !ok {
		p.drained(t.Now())
		return false, nil
	}
	p.take(&rows, t.Now())
	if p.first != 0 && p.overdue(t.Now()) {
		p.cut(t.Now())
	}
	return true, nil
}

// overdue says whether the uncut rows have waited long enough.
func (p *pump) overdue(now int64) bool {
	return now-p.first >= p.tickNs.Load() || p.bytes >= feedAhead/2 || p.src.eng.cfg.cutNow()
}

// drained is called when nothing is waiting outside.
func (p *pump) drained(now int64) {
	p.cut(now)
	st := p.reader.Status()
	p.status.Store(&st)
	p.gate.drained(st, now)
}

// cut closes the tick, if it holds anything.
func (p *pump) cut(now int64) {
	if p.first == 0 || p.whole {
		return
	}
	p.first, p.bytes = 0, 0
	p.clock.cut([]*feed{p.feed}, 0)
}

// take turns what was read into a frozen batch and feeds it.
func (p *pump) take(rows *connectors.Rows, now int64) {
	p.decoded.Add(int64(rows.N))
	p.decodedBytes.Add(rows.Bytes)
	p.bytes += rows.Bytes
	b := p.build(rows, now)
	p.reject(rows)
	p.forward(b, rows.Next, now)
}

// reject records what of a read could not be taken, in the order of offsets.
func (p *pump) reject(rows *connectors.Rows) {
	for _, r := range rows.Rejected {
		p.bad = append(p.bad, RejectedRow{
			Offset: r.Offset, Reason: r.Reason, Detail: r.Detail, Row: string(r.Raw),
		})
	}
	if len(p.bad) == 0 {
		return
	}
	slices.SortStableFunc(p.bad, func(a, b RejectedRow) int { return cmp.Compare(a.Offset, b.Offset) })
	p.malformed.Add(int64(len(p.bad)))
	for _, r := range p.bad {
		r.Source, r.Operator, r.Partition = p.src.def.ID, "decode", rows.Partition
		p.src.eng.rejects.record(r)
	}
	p.bad = p.bad[:0]
}

// held is a batch that waits for a decision about its partition to be durable.
type held struct {
	b    *batch.Batch
	next int64
}

// gate decides how much of what was read may be fed. The live pump's waits for
// decisions about idle partitions to be durable; a bounded pump's ends at its
// bound. Its methods are called in the pump's turn.
type gate interface {
	// admit returns how many leading rows of b may pass, and whether the others
	// are to be offered again; if not, they are read again later.
	admit(b *batch.Batch, next, now int64) (n int, again bool)
	// fed is called when the partition has moved to next.
	fed(partition int32, next, now int64)
	// drained is called when nothing is waiting outside.
	drained(st connectors.Status, now int64)
	// closed says that nothing is to be read now.
	closed() bool
}

// forward feeds as much of b as the gate admits.
func (p *pump) forward(b *batch.Batch, next, now int64) {
	n, again := p.gate.admit(b, next, now)
	switch {
	case n < 0 && again:
		p.rest = &held{b, next}
		return
	case n < 0:
		return
	case n < b.N:
		if again {
			p.rest = &held{b.Gather(span(n, b.N)), next}
		}
		next = b.Origin.Offset(n)
		b = b.Gather(span(0, n))
	}
	if p.first == 0 {
		p.first = now
	}
	p.feed.append(b, next)
	p.src.eng.epochs.arm()
	p.gate.fed(b.Origin.Partition, next, now)
}

// takeRest offers what was held to the gate again.
func (p *pump) takeRest(now int64) (more bool) {
	h := p.rest
	p.rest = nil
	p.forward(h.b, h.next, now)
	return p.rest == nil || p.rest.b != h.b
}

// at returns where the pump stands in a partition.
func (p *pump) at(partition int32) int64 {
	p.feed.mu.Lock()
	defer p.feed.mu.Unlock()
	return p.marks.at(partition).Next
}

// idle says whether a partition does not hold event time back.
func (p *pump) idle(partition int32) bool {
	p.feed.mu.Lock()
	defer p.feed.mu.Unlock()
	return p.marks.at(partition).Idle
}

// span returns the indices lo ≤ i < hi.
func span(lo, hi int) []int32 {
	sel := make([]int32, hi-lo)
	for i := range sel {
		sel[i] = int32(lo + i)
	}
	return sel
}

// build evaluates generated columns over the physical ones.
func (p *pump) build(rows *connectors.Rows, now int64) *batch.Batch {
	b := &batch.Batch{
		Cols: rows.Cols, N: rows.N, Diff: rows.Diff, Born: rows.Born, Time: batch.MaxTime,
		Origin: &batch.Origin{Source: p.src.def.ID, Partition: rows.Partition, Base: rows.Base, Offsets: rows.Offsets},
	}
	if b.Born == 0 {
		b.Born = now
	}
	if b.N == 0 {
		b.Cols = make([]batch.Column, len(p.src.def.Columns))
		return b
	}
	return p.generate(b)
}

// observe implements feedSource.
func (p *pump) observe(b *batch.Batch, next int64) {
	p.marks.observe(b, next)
	if len(p.waiters) > 0 {
		p.waiters = slices.DeleteFunc(p.waiters, func(w positionWaiter) bool { return w.check(p.marks) })
	}
}

// positionWaiter waits for a partition to be read up to an offset.
type positionWaiter struct {
	partition int32
	next      int64
	then      func() // called under the feed's lock
}

func (w positionWaiter) check(m *marker) bool {
	if m.next(w.partition) < w.next {
		return false
	}
	w.then()
	return true
}

// whenAt returns false if the pump has read a partition up to next, or reads no
// more, else calls then when that has come about.
func (p *pump) whenAt(partition int32, next int64, then func()) bool {
	p.feed.mu.Lock()
	defer p.feed.mu.Unlock()
	if p.closed || p.marks.next(partition) >= next {
		return false
	}
	p.waiters = append(p.waiters, positionWaiter{partition, next, then})
	return true
}

// waitFor returns when the pump has read a partition up to next, or has been
// closed.
func (p *pump) waitFor(ctx context.Context, partition int32, next int64) error {
	done := make(chan struct{})
	if !p.whenAt(partition, next, func() { close(done) }) {
		return nil
	}
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// apply implements feedSource.
func (p *pump) apply(n *note) { p.marks.apply(n) }

// watermark implements feedSource.
func (p *pump) watermark() int64 { return p.marks.watermark() }

// positions implements feedSource.
func (p *pump) positions() []position { return clonePositions(p.marks.parts) }
