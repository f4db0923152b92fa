package job

import (
	"maps"
	"sync/atomic"
)

// next aims at where the live pumps are by now, or joins them when the last
// round was short.
func (r *replay) next() {
	r.eng.ddl.Lock()
	defer r.eng.ddl.Unlock()
	if r.done() || r.ahead() {
		return
	}
	if r.far() && r.rounds < maxRounds {
		r.aim(r.livePositions())
		return
	}
	if at := r.join(); r.views != nil {
		r.scanTo(at)
	} else {
		r.aim(at)
	}
}

// ahead says whether a live pump has yet to come to where the query stands in
// some partition: the query then waits, as it would read the rows between a
// second time. It goes on when the pump has come there.
func (r *replay) ahead() bool {
	for rel, p := range r.pumps {
		live := r.eng.source(rel).livePump()
		if live == nil {
			continue
		}
		p.feed.mu.Lock()
		mine := p.positions()
		p.feed.mu.Unlock()
		for _, at := range mine {
			if live.whenAt(at.Partition, at.Next, func() { go r.next() }) {
				return true
			}
		}
	}
	return false
}

// maxRounds is how often a replay chases live pumps that outrun it, before it
// joins them anyway and relies on the ring.
const maxRounds = 64

// far says whether the live pumps are so far ahead that the ring might not hold
// what comes while the gap is read.
func (r *replay) far() bool {
	for rel, at := range r.livePositions() {
		p := r.pumps[rel]
		p.feed.mu.Lock()
		mine := p.positions()
		p.feed.mu.Unlock()
		for i := range at {
			if i >= len(mine) || at[i].Next-mine[i].Next > joinRecords {
				return true
			}
		}
	}
	return false
}

// joinRecords is the gap per partition, in offsets, below which a replay joins.
const joinRecords = 50_000

// join attaches the queries to the live feeds at a cut of them, and returns
// where they stood there.
func (r *replay) join() map[uint64][]position {
	if r.views != nil {
		return r.joinScanning()
	}
	e := r.eng
	// From here on the live clock seals: a number taken here might be above one
	// of its own that comes later in what the queries read.
	r.clock.mu.Lock()
	r.clock.ticket = nil
	r.clock.mu.Unlock()
	c := e.clock
	c.mu.Lock()
	defer c.mu.Unlock()
	var ask []*feed
	for rel := range r.pumps {
		ask = append(ask, e.source(rel).livePump().feed)
	}
	r.early = e.early(maps.Keys(r.pumps))
	at := map[uint64][]position{}
	tick := c.cutThen(ask, 0, func(tick uint64) {
		for _, q := range r.queries {
			q.member, q.attached = &member{q: q, live: true}, tick
			for _, rel := range q.sources() {
				at[rel] = q.joinLive(rel, tick)
			}
		}
	})
	for _, q := range r.queries {
		for _, up := range q.ups {
			q.member.above(up.member)
		}
		q.touch(tick)
		q.holdUntil(tick)
	}
	r.mu.Lock()
	r.joining = tick
	r.mu.Unlock()
	return at
}

// joinLive gives the query's readers of a source their cursors in its live feed,
// for what comes after a tick, and returns where it stands. The feed's lock is
// held, and has been since the cut.
func (q *query) joinLive(rel, tick uint64) []position {
	f := q.eng.source(rel).livePump().feed
	f.readers[q.member] = true
	f.flowed = true // the next edge seals what was caught up, whether more comes or not
	for _, i := range q.readers(rel) {
		i.place.follow(tick, false, &track{feed: f, cursor: f.joinLocked(q, i.ref.Wake)})
		f.parties[q].catching = true
	}
	q.member.feeds = append(q.member.feeds, f)
	return f.src.positions()
}

// finish passes the tick at which the live feeds were joined through the
// queries, and ends the private pumps.
func (r *replay) finish(tick uint64) {
	r.clock.mu.Lock()
	r.clock.last = tick - 1
	r.clock.cutLocked(r.feeds(), 0)
	r.clock.mu.Unlock()
	if !r.close() {
		return
	}
	e := r.eng
	if r.views == nil {
		r.attached()
	}
	e.epochs.arm()
	r.settleWhen(tick)
}

// attached lets the queries be read, now or when their sources are where they
// ended at the restart.
func (r *replay) attached() {
	if r.early {
		go r.eng.liveOnceThere(r.queries, maps.Keys(r.pumps))
		return
	}
	for _, q := range r.queries {
		r.eng.nowLive(q)
	}
}

// settleWhen makes the queries readers like any other when all of them have
// passed the tick at which they joined: until then they have to run what the
// pumps have read, and may lag behind each other more. What has scanned views
// seals with these from then on: its sink may be slow to take what was scanned.
func (r *replay) settleWhen(tick uint64) {
	var left atomic.Int64
	left.Store(1)
	settle := func() {
		if left.Add(-1) > 0 {
			return
		}
		for _, q := range r.queries {
			q.caughtUp()
		}
		if q := r.queries[0]; r.views != nil && q.failure() == nil && !q.away.Load() {
			if !q.ephemeral {
				r.eng.sealsToo(q)
				r.eng.epochs.arm()
			}
			r.attached()
		}
		for _, q := range r.queries {
			if !r.early {
				q.replay.CompareAndSwap(r, nil) // its pumps and feeds are garbage now
			}
		}
	}
	for _, q := range r.queries {
		for _, end := range q.ends {
			left.Add(1)
			end.when(tick, settle)
		}
	}
	settle()
}

// sealsToo makes a query that has begun with the content of views seal together
// with these, from the next edge on.
func (e *Engine) sealsToo(q *query) {
	e.clock.mu.Lock()
	defer e.clock.mu.Unlock()
	if q.member == nil || q.away.Load() {
		return
	}
	group := []*query{q}
	for _, up := range q.ups {
		group = append(group, up)
	}
	enroll(group...)
	q.seals.dirty.Store(true)
	if f := q.member.source(); f != nil {
		f.mu.Lock()
		f.flowed = true
		f.mu.Unlock()
	}
}

// caughtUp makes the query a reader like any other of what it has joined.
func (q *query) caughtUp() {
	for _, of := range q.instances {
		for _, i := range of {
			if i.place == nil {
				continue
			}
			for _, f := range i.place.feeds() {
				f.settled(q)
			}
		}
	}
}
