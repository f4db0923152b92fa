package job

import (
	"sync"
	"sync/atomic"

	"github.com/dirigo-stream/dirigo/actors"
	"github.com/dirigo-stream/dirigo/exec/batch"
)

// reader is one instance of a vertex that begins at a source. Every instance
// passes over all batches of the feed, so that all keep the same event time,
// and runs those of its own partitions through its chain.
type reader struct {
	*vertex
	read  *Read
	place *place
	marks *marker
	punct *actors.Punct // its Seal has been captured: to be sent
}

// place is where a reader stands: a cursor in a feed, and the feed in which it
// goes on when the entry of a switch has been read. It outlives the actor's
// stay in memory.
type place struct {
	mu      sync.Mutex
	feed    *feed
	cursor  *cursor
	then    *place // taken at the tick at
	at      uint64
	marks   *marker      // event time as the query has read it; in the reader's turn
	in      atomic.Int64 // rows read
	entries atomic.Int64 // batches and Puncts read
	low     atomic.Int64 // the watermark passed on
}

func newPlace() *place {
	p := &place{}
	p.low.Store(batch.MinTime)
	return p
}

// begin makes the reader start in a feed.
func (p *place) begin(f *feed, c *cursor) {
	p.mu.Lock()
	p.feed, p.cursor = f, c
	p.mu.Unlock()
}

// Poll implements actors.Poller: it runs one entry of the feed.
func (r *reader) Poll(t *turn) (more bool, err error) {
	r.turn = t
	if r.chain.pending() != nil {
		_, err := r.vertex.Resume(t)
		return true, err
	}
	if p := r.punct; p != nil {
		r.leave(*p, t)
		return true, nil
	}
	e, ok, lost := r.place.next()
	if lost {
		r.q.eng.detach(r.q)
		return false, nil
	}
	if !ok {
		return false, nil
	}
	r.place.entries.Add(1)
	switch {
	case e.b != nil:
		return true, r.batch(e.b, t)
	case e.note != nil:
		r.marks.apply(e.note)
	case e.only == nil || e.only[r.q]:
		return true, r.pass(e, t)
	}
	return true, nil
}

// Resume implements actors.Behavior.
func (r *reader) Resume(t *turn) (more bool, err error) { return r.Poll(t) }

// Urgent implements actors.Poller.
func (r *reader) Urgent() int64 { return r.place.peek() }

// batch marks late rows and runs the batch through the chain, if the partition
// is one of this instance's.
func (r *reader) batch(b *batch.Batch, t *turn) error {
	marked := r.marks.mark(b)
	if int(b.Origin.Partition)%r.home.def.Instances != r.home.index {
		return nil
	}
	r.place.in.Add(int64(b.N))
	view := *marked
	view.Cols = make([]batch.Column, len(r.read.Columns))
	for i, c := range r.read.Columns {
		view.Cols[i] = b.Cols[c]
	}
	view.Time = r.least(b)
	_, err := r.Push(0, &view, t)
	return err
}

// least returns the least event time in b.
func (r *reader) least(b *batch.Batch) int64 {
	if r.marks.time < 0 {
		return batch.MaxTime
	}
	times, ok := b.Cols[r.marks.time].(*batch.Vec[int64])
	if !ok {
		return batch.MaxTime
	}
	least := batch.MaxTime
	for i, t := range times.Data {
		if t < least && (times.Null == nil || !times.Null[i]) {
			least = t
		}
	}
	return least
}

// pass takes a Punct through the chain, captures its Seal, and sends it on.
func (r *reader) pass(e entry, t *turn) error {
	p := e.p
	p.Watermark = r.marks.watermark()
	p.Seal = r.q.sealsAt(p.Seal)
	if p.Seal != 0 && r.home.index == 0 {
		r.at = r.standing(e.pos)
	}
	r.punct = &p
	more, err := r.Advance(actors.Frontier{Punct: p, In: []int64{p.Watermark}}, t)
	if err != nil || more {
		return err
	}
	r.leave(p, t)
	return nil
}

// leave sends the Punct that has passed through the chain.
func (r *reader) leave(p actors.Punct, t *turn) {
	r.punct = nil
	t.Punct(p)
	r.place.low.Store(p.Watermark)
	r.place.crossed(p.Tick)
}

// standing returns where the query stands in the source at a Seal: the
// offsets of the feed, with what this reader knows of each partition.
func (r *reader) standing(at []position) []position {
	out := clonePositions(at)
	for i := range out {
		mine := *r.marks.at(out[i].Partition)
		mine.Next, mine.Low = out[i].Next, floorOf(r.marks.low)
		out[i] = mine
	}
	return out
}

func (p *place) next() (e entry, ok, lost bool) {
	p.mu.Lock()
	f, c := p.feed, p.cursor
	p.mu.Unlock()
	if c == nil {
		return entry{}, false, false
	}
	return f.next(c)
}

func (p *place) peek() int64 {
	p.mu.Lock()
	f, c := p.feed, p.cursor
	p.mu.Unlock()
	if c == nil {
		return 0
	}
	return f.peek(c)
}

// follow makes the reader go on in another feed once it has passed tick at.
func (p *place) follow(f *feed, c *cursor, at uint64) {
	p.mu.Lock()
	p.then, p.at = &place{feed: f, cursor: c}, at
	p.mu.Unlock()
}

// crossed is called when the reader has passed a tick.
func (p *place) crossed(tick uint64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if n := p.then; n != nil && tick >= p.at {
		p.feed.leave(p.cursor)
		p.feed, p.cursor, p.then = n.feed, n.cursor, nil
	}
}

// leave takes the reader out of its feeds.
func (p *place) leave() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.cursor != nil {
		p.feed.leave(p.cursor)
	}
	if p.then != nil {
		p.then.feed.leave(p.then.cursor)
	}
	p.cursor, p.then = nil, nil
}
