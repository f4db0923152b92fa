package job

import (
	"context"
	"fmt"
	"time"

	"github.com/dirigo-stream/dirigo/exec/batch"
)

// A new query over views (and tables) joins all that it reads at one cut. What
// the views held there is scanned into private feeds, from snapshots which their
// instances take between that tick and any later one; then the sources' history
// up to there is read by private pumps. All of it passes as ticks below that of
// the cut, and nothing is shown before.

// scanFeed is the private feed of one instance of a scanned view.
type scanFeed struct {
	feed *feed
	part *viewPart
	low  int64         // the watermark; it has not begun until all has been scanned
	end  int64         // the view's watermark at the cut
	room chan struct{} // capacity 1: there may be room
	snap chan scanned  // capacity 1
}

type scanned struct {
	snapshot
	err error
}

// observe, apply, watermark and positions implement feedSource.
func (s *scanFeed) observe(*batch.Batch, int64) {}
func (s *scanFeed) apply(*note)                 {}
func (s *scanFeed) watermark() int64            { return s.low }
func (s *scanFeed) positions() []position       { return nil }

// contents returns the views whose content a new query begins with, by the
// relations that it reads: views, and tables.
func (q *query) contents() map[uint64]*query {
	out := map[uint64]*query{}
	for rel, up := range q.ups {
		out[rel] = up
	}
	for _, rel := range q.sources() {
		s := q.eng.source(rel)
		if s == nil || s.table == nil || s.table.def.View.ID == q.def.ID || q.base.Positions[rel] != nil {
			continue
		}
		if v := q.eng.query(s.table.def.View.ID); v != nil {
			out[rel] = v
		}
	}
	return out
}

// beginNew starts a query that has no state: as one over streams only, or by
// scanning the views that it reads, once these are live.
func (e *Engine) beginNew(ctx context.Context, q *query) (fresh []*pump, err error) {
	views := q.contents()
	if len(views) == 0 {
		return e.place(ctx, []*query{q})
	}
	for _, v := range views {
		if !v.isLive() {
			e.waitFor(q, v)
			return nil, nil
		}
	}
	p := &placing{eng: e, queries: []*query{q}, from: map[uint64][]position{}, at: map[*query]map[uint64][]position{}}
	if fresh, err = p.add(ctx, q, nil); err != nil {
		return fresh, err
	}
	if err := q.openSinks(ctx); err != nil {
		return fresh, err
	}
	for rel, at := range p.from {
		if at == nil {
			if p.from[rel], err = e.source(rel).start(ctx, true); err != nil {
				return fresh, err
			}
		}
	}
	if err := q.began(ctx, p.from); err != nil {
		return fresh, err
	}
	return fresh, e.startScan(q, views, p.from)
}

func (q *query) isLive() bool {
	select {
	case <-q.live:
		return q.failure() == nil
	default:
		return false
	}
}

// waitFor starts a query when a view that it reads has become live.
func (e *Engine) waitFor(q, view *query) {
	q.setState(stateWaiting, fmt.Sprintf("waits for view %s", view.def.Name))
	go func() {
		<-view.live
		for e.query(view.def.ID) == view && view.failure() != nil && !e.closing.Load() {
			if final := view.failure(); !isDetached(final) {
				e.failed(q, fmt.Errorf("view %s stopped: %w", view.def.Name, final))
				return
			}
			time.Sleep(time.Millisecond) // it is being restarted
		}
		e.ddl.Lock()
		defer e.ddl.Unlock()
		if e.query(q.def.ID) != q || q.failure() != nil || e.closing.Load() {
			return
		}
		_ = e.run(context.Background(), []*query{q}, true)
	}()
}

// startScan joins the query to all that it reads and begins to read what lies
// before.
func (e *Engine) startScan(q *query, views map[uint64]*query, from map[uint64][]position) error {
	r := e.newReplay([]*query{q})
	m := r.clock.private[q]
	for rel := range views {
		delete(from, rel) // a table's content comes from its view
	}
	for rel, at := range from {
		if err := r.addPump(rel, at); err != nil {
			return err
		}
		r.follow(m, rel, at)
	}
	byView := map[*query][]*scanFeed{}
	for rel, v := range views {
		feeds := byView[v]
		if feeds == nil {
			feeds = r.addScans(v)
			byView[v] = feeds
		}
		for _, i := range q.readers(rel) {
			var tracks []*track
			for _, s := range feeds {
				tracks = append(tracks, &track{feed: s.feed, cursor: s.feed.join(q, i.ref.Wake)})
			}
			i.place.start(true, tracks...)
		}
		for _, s := range feeds {
			s.feed.readers[m] = true
			m.feeds = append(m.feeds, s.feed)
		}
	}
	at := r.joinScanning(q, views)
	for _, s := range r.scans {
		s.part.wake()
	}
	e.scanning.Add(1)
	go func() {
		defer e.scanning.Done()
		if err := r.scanAll(at); err != nil && !r.done() {
			e.scanFailed(q, err)
		}
	}()
	return nil
}

// scanFailed restarts a query whose view went away while it was scanned; any
// other error stops it.
func (e *Engine) scanFailed(q *query, err error) {
	if isDetached(err) {
		e.detach(q)
		return
	}
	e.failed(q, err)
}

// addScans makes the private feeds of a view's instances.
func (r *replay) addScans(v *query) (out []*scanFeed) {
	for _, p := range v.views {
		s := &scanFeed{part: p, low: batch.MinTime, room: make(chan struct{}, 1), snap: make(chan scanned, 1)}
		s.feed = newFeed(v.def.ID, r.eng.cfg.feedKeep(), s, func() {
			select {
			case s.room <- struct{}{}:
			default:
			}
		})
		s.feed.part, s.feed.patient = p.home.index, true
		out = append(out, s)
	}
	r.scans = append(r.scans, out...)
	return out
}

// joinScanning attaches the query at one cut of all that flows into what it
// reads, leaves a read with every instance of the views, and returns where the
// live readers of its sources stood there.
func (r *replay) joinScanning(q *query, views map[uint64]*query) map[uint64][]position {
	e, c := r.eng, r.eng.clock
	c.mu.Lock()
	defer c.mu.Unlock()
	var ask []*feed
	for _, rel := range q.sources() {
		ask = append(ask, e.source(rel).livePump().feed)
	}
	for _, v := range views {
		ask = v.member.flows(ask)
	}
	m := &member{q: q, live: true}
	at := map[uint64][]position{}
	tick := c.cutThen(ask, 0, func(tick uint64) {
		q.member, q.attached = m, tick
		for _, rel := range q.sources() {
			at[rel] = q.joinLive(rel, tick)
			if views[rel] == nil {
				continue
			}
			for _, i := range q.readers(rel) {
				i.place.marks = newMarker(&e.source(rel).def, at[rel])
			}
		}
	})
	for rel, up := range q.ups {
		m.above(up.member)
		for _, i := range q.readers(rel) {
			i.place.follow(tick, true, up.edges(q, i.ref.Wake, tick, true, false)...)
		}
	}
	q.touch(tick)
	for _, s := range r.scans {
		s.part.mu.Lock()
		s.part.reads = append(s.part.reads, &viewRead{tick: tick, serve: func(x snapshot, err error) {
			s.end = s.part.low
			s.snap <- scanned{x, err}
		}})
		s.part.mu.Unlock()
	}
	r.mu.Lock()
	r.joining = tick
	r.mu.Unlock()
	return at
}

// scanAll scans the views side by side and then lets the pumps read up to the
// given positions.
func (r *replay) scanAll(at map[uint64][]position) error {
	results := make(chan error, len(r.scans))
	for _, s := range r.scans {
		go func() { results <- r.scan(s) }()
	}
	var err error
	for range r.scans {
		if e := <-results; err == nil {
			err = e
		}
	}
	if err != nil {
		return err
	}
	for _, s := range r.scans {
		s.feed.mu.Lock()
		s.low = s.end
		s.feed.mu.Unlock()
	}
	if len(r.pumps) == 0 {
		r.arrivedAll()
		return nil
	}
	r.aim(at)
	return nil
}

// scan reads one instance's snapshot into its feed, as fast as the query takes
// it.
func (r *replay) scan(s *scanFeed) error {
	var snap scanned
	select {
	case snap = <-s.snap:
	case <-r.stop:
		return errDetached
	}
	if snap.err != nil {
		return snap.err
	}
	if c, ok := snap.snapshot.(interface{ Close() }); ok {
		defer c.Close()
	}
	bytes := int64(0)
	for {
		b, err := snap.Next(scanRows)
		if err != nil || b == nil {
			return err
		}
		b.Time = anyTime
		s.feed.append(b, 0)
		if bytes += b.Bytes(); bytes >= feedAhead/2 {
			r.clock.cut([]*feed{s.feed}, 0)
			bytes = 0
		}
		for room, _ := s.feed.room(); !room; room, _ = s.feed.room() {
			select {
			case <-s.room:
			case <-r.stop:
				return errDetached
			}
		}
	}
}
