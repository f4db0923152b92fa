package job

import (
	"github.com/dirigo-stream/dirigo/actors"
	"github.com/dirigo-stream/dirigo/exec/batch"
)

// reader is one instance of a vertex that begins at a source or at a view. Every
// instance passes over all batches of a source's feed, so that all keep the same
// event time, and runs those of its own partitions through its chain; of a view's
// feeds it runs those that are its own.
type reader struct {
	*vertex
	read  *Read
	place *place
	marks *marker
	punct *actors.Punct // its Seal has been captured: to be sent
}

// Poll implements actors.Poller: it runs one entry of the feed.
func (r *reader) Poll(t *turn) (more bool, err error) {
	r.turn = t
	if r.chain.pending() != nil || r.passing != nil { // the sink may have more to tell of the tick
		_, err := r.vertex.Resume(t)
		return true, err
	}
	if p := r.punct; p != nil {
		r.leave(*p, t)
		return true, nil
	}
	e, ok, lost := r.place.next(r.q)
	if lost || !ok || e.nothing { // a query that has lost its place is being detached
		return ok, nil
	}
	r.place.entries.Add(1)
	switch {
	case e.note != nil:
		r.marks.apply(e.note)
	case e.b == nil:
		return true, r.pass(e, t)
	case e.keyless:
		return true, r.change(e, t)
	default:
		return true, r.batch(e.b, t)
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
	view := r.picked(marked)
	view.Time = r.least(b)
	t.Read(b.N)
	_, err := r.Push(0, view, t)
	return err
}

// change runs a view's changes through the chain, if the feed is one of this
// instance's. Which of their columns may be event time is not known here, so
// they may close any window.
func (r *reader) change(e step, t *turn) error {
	if e.track%r.home.def.Instances != r.home.index {
		return nil
	}
	r.place.in.Add(int64(e.b.Rows()))
	view := r.picked(e.b)
	view.Time = anyTime
	t.Read(e.b.Rows())
	_, err := r.Push(0, view, t)
	return err
}

// anyTime is before any event time, and far enough from the least number for
// windows to be computed.
const anyTime = int64(-1) << 60

// picked returns the batch with the columns that the query reads.
func (r *reader) picked(b *batch.Batch) *batch.Batch {
	view := *b
	view.Cols = make([]batch.Column, len(r.read.Columns))
	for i, c := range r.read.Columns {
		view.Cols[i] = b.Cols[c]
	}
	return &view
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
func (r *reader) pass(e step, t *turn) error {
	p := e.p
	if !e.keyless {
		p.Watermark = r.marks.watermark()
	}
	p.Seal = r.q.sealsAt(p.Seal)
	if r.at = nil; p.Seal != 0 && !e.keyless && r.home.index == 0 {
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
