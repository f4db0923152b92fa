package job

import (
	"slices"

	"github.com/dirigo-stream/dirigo/exec/batch"
)

// joinScanning attaches the query at one cut of all that flows into what it
// reads, leaves a read with every instance of the views, and returns where the
// live readers of its sources stood there.
func (r *replay) joinScanning() map[uint64][]position {
	e, c, q, views := r.eng, r.eng.clock, r.queries[0], r.views
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
				*i.place.marks = *newMarker(&e.source(rel).def, at[rel]) // its reader may have begun
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
	q.holdUntil(tick)
	for _, s := range r.scans {
		s.part.mu.Lock()
		s.part.reads = append(s.part.reads, s.read(tick))
		s.part.mu.Unlock()
	}
	r.mu.Lock()
	r.joining = tick
	r.mu.Unlock()
	return at
}

// read asks an instance for its content at a tick.
func (s *scanFeed) read(tick uint64) *viewRead {
	return &viewRead{tick: tick, serve: func(x snapshot, err error) { // under part.mu
		s.end = s.part.low
		s.snap <- scanned{x, err}
	}}
}

// scanFirst scans the views as they are now, then lets the pumps begin.
func (r *replay) scanFirst() {
	var views []*query
	for _, v := range r.views {
		if !slices.Contains(views, v) {
			views = append(views, v)
		}
	}
	feeds := map[*viewPart]*scanFeed{}
	for _, s := range r.scans {
		feeds[s.part] = s
	}
	r.eng.readViews(views, 0, func(_ int, p *viewPart) *viewRead {
		s := feeds[p]
		return &viewRead{serve: func(x snapshot, err error) {
			if err == nil {
				s.keep(p.state())
			}
			s.snap <- scanned{x, err}
		}}
	})
	r.background(func() error {
		if err := r.scanAll(false); err != nil {
			return err
		}
		r.aim(r.livePositions())
		return nil
	})
}

// scanTo scans the views as of the cut at which the query has joined, then lets
// the pumps read up to where the live ones stood there.
func (r *replay) scanTo(at map[uint64][]position) {
	for _, s := range r.scans {
		s.part.wake()
	}
	r.background(func() error {
		if err := r.scanAll(true); err != nil {
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
	})
}

// scanAll scans the views side by side; again: what was given of them before is
// taken back first.
func (r *replay) scanAll(again bool) error {
	results := make(chan error, len(r.scans))
	for _, s := range r.scans {
		go func() { results <- r.scan(s, again) }()
	}
	var err error
	for range r.scans {
		if e := <-results; err == nil {
			err = e
		}
	}
	return err
}

// scan reads one instance's snapshot into its feed.
func (r *replay) scan(s *scanFeed, again bool) error {
	var snap scanned
	select {
	case snap = <-s.snap:
	case <-r.stop:
		return errDetached
	}
	if snap.err != nil {
		return snap.err
	}
	if was := s.taken(again); was != nil {
		if err := r.feedAll(s, was, -1); err != nil {
			return err
		}
	}
	if s.kept == nil || r.eng.cfg.faults.wholly {
		return r.feedAll(s, snap.snapshot, 1)
	}
	changed, err := s.part.since(*s.kept, snap.snapshot, s.by)
	if err != nil {
		return err
	}
	return r.feedAll(s, changed, 1)
}

// feedAll gives the rows of a snapshot, their counts times sign, as fast as the
// query takes them.
func (r *replay) feedAll(s *scanFeed, snap snapshot, sign int64) error {
	defer giveUp(snap)
	bytes := int64(0)
	for {
		b, err := snap.Next(scanRows)
		if err != nil || b == nil {
			return err
		}
		if sign < 0 {
			b = negated(b)
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

// negated returns rows that take back those of b.
func negated(b *batch.Batch) *batch.Batch {
	out := *b
	out.Diff = make([]int64, b.N)
	for i := range out.Diff {
		out.Diff[i] = -b.DiffAt(i)
	}
	return &out
}

// keep keeps what will have to be taken back.
func (s *scanFeed) keep(old snapshot) { s.old.Store(&old) }

// taken returns what has to be taken back, where it is time to.
func (s *scanFeed) taken(now bool) snapshot {
	if !now {
		return nil
	}
	if old := s.old.Swap(nil); old != nil {
		return *old
	}
	return nil
}

// forget gives up what would have been taken back: the scan is over.
func (s *scanFeed) forget() { giveUp(s.taken(true)) }

func giveUp(s snapshot) {
	if c, ok := s.(interface{ Close() }); ok {
		c.Close()
	}
}
