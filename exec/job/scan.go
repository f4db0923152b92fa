package job

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/dirigo-stream/dirigo/exec/batch"
)

// A new query over views (and tables) first reads the history of its sources by
// private pumps, to near where the live readers are. Then it joins all that it
// reads at one cut: what the views hold there is scanned into private feeds, from
// snapshots which their instances take between that tick and any later one, and
// the pumps read the last slice up to there. All of it passes as ticks below that
// of the cut, and nothing is shown before. So the rings have to keep only what
// comes while the views are scanned.
//
// Where rows are looked up in a view as of the tick in which they come, the
// views are scanned before the history too; the join then takes back that content
// as it gives the new one.
//
// A query that has left its group comes back in the same way. It has its state,
// so it reads its sources from where it stood, and of the views only what has
// changed since.

// scanFeed is the private feed of one instance of a scanned view.
type scanFeed struct {
	feed *feed
	part *viewPart
	low  int64                    // the watermark; it has not begun until all has been scanned
	end  int64                    // the view's watermark at the cut
	room chan struct{}            // capacity 1: there may be room
	snap chan scanned             // capacity 1
	old  atomic.Pointer[snapshot] // given before the history, to be taken back; nil: none was
	kept *kept                    // only what has changed since is read; nil: all is
	by   *query
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
				e.failed(q, &upstream{view: view, err: final})
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
			feeds = r.addScans(v, q)
			byView[v] = feeds
		}
		for _, i := range q.readers(rel) {
			var tracks []*track
			for _, s := range feeds {
				tracks = append(tracks, &track{feed: s.feed, cursor: s.feed.join(q, i.ref.Wake)})
			}
			i.place.start(true, tracks...)
			i.place.marks = &marker{} // of a table: filled in when it joins
		}
		for _, s := range feeds {
			s.feed.readers[m] = true
			m.feeds = append(m.feeds, s.feed)
		}
	}
	r.views = views
	switch {
	case len(r.pumps) == 0:
		r.scanTo(r.join())
	case q.looksUp() && !q.keeps():
		r.scanFirst()
	default:
		r.aim(r.livePositions())
	}
	return nil
}

// looksUp says whether rows are looked up in a view as of when they come.
func (q *query) looksUp() bool {
	for _, v := range q.def.Graph.Vertices {
		for _, o := range v.Ops {
			if o.Temporal != nil {
				return true
			}
		}
	}
	return false
}

// background runs a part of the scan; its error ends the query, or restarts it.
func (r *replay) background(scan func() error) {
	r.eng.scanning.Add(1)
	go func() {
		defer r.eng.scanning.Done()
		if err := scan(); err != nil && !r.done() {
			r.eng.scanFailed(r.queries[0], err)
		}
	}()
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
func (r *replay) addScans(v, by *query) (out []*scanFeed) {
	for _, p := range v.views {
		s := &scanFeed{part: p, by: by, low: batch.MinTime, room: make(chan struct{}, 1), snap: make(chan scanned, 1)}
		s.feed = newFeed(v.def.ID, r.eng.cfg.feedKeep(), s, func() {
			select {
			case s.room <- struct{}{}:
			default:
			}
		})
		if k, ok := by.keptOf(v); ok {
			s.kept = &k
		}
		s.feed.part, s.feed.patient = p.home.index, true
		out = append(out, s)
	}
	r.scans = append(r.scans, out...)
	return out
}
