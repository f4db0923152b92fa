package job

import (
	"sync"
	"time"

	"github.com/dirigo-stream/dirigo/actors"
)

// replay is queries that catch up: they read all their sources by pumps of their
// own, on a private clock, up to where the live ones stand; when the gap is
// small they join the live feeds at one cut and read the last slice up to
// exactly there. Nothing of it is shown to reads until then. A restart, a new
// query over a running source, and a reader that fell out of the ring all come
// back this way.
//
// For a new query over views these are scanned as of that cut, before the last
// slice (see scan).
type replay struct {
	eng     *Engine
	queries []*query // producers first
	clock   *clock
	pumps   map[uint64]*pump
	gates   map[uint64]*boundGate
	scans   []*scanFeed
	views   map[uint64]*query // that are scanned, by relation; nil: none
	stop    chan struct{}     // closed when it is over
	ending  sync.Once

	mu      sync.Mutex
	waves   [][]uint64 // of sources yet to be aimed at
	target  map[uint64][]position
	left    int    // pumps of the wave under way that have not reached their bounds
	joining uint64 // the tick at which it joins the live feeds; 0: not yet
	rounds  int
	sealAt  time.Time
	over    bool
	// early: the live pumps that it joined were not yet where their sources ended
	// at the restart; reads wait for that.
	early bool
}

func (e *Engine) newReplay(queries []*query) *replay {
	r := &replay{
		eng: e, queries: queries, pumps: map[uint64]*pump{}, gates: map[uint64]*boundGate{},
		stop: make(chan struct{}), sealAt: time.Now(),
	}
	r.clock = newReplayClock(e.incarnation, r.ticket)
	for _, q := range queries {
		r.clock.private[q] = &member{q: q}
		q.replay.Store(r)
		q.setState(stateCatching, "")
		e.urgeAbove(q)
	}
	return r
}

// startReplay makes queries read by themselves: from, their sources from there
// on, at, what each of them remembers of these.
func (e *Engine) startReplay(queries []*query, from map[uint64][]position, at map[*query]map[uint64][]position) error {
	r := e.newReplay(queries)
	for rel, pos := range from {
		if err := r.addPump(rel, pos); err != nil {
			return err
		}
	}
	for _, q := range queries {
		m := r.clock.private[q]
		for rel, pos := range at[q] {
			r.follow(m, rel, pos)
		}
		for _, up := range q.ups {
			m.above(r.clock.private[up])
		}
		q.readEdges(true)
	}
	r.aim(r.livePositions())
	return nil
}

// addPump makes the private pump of a source.
func (r *replay) addPump(rel uint64, from []position) error {
	s := r.eng.source(rel)
	name := actors.Name{Job: r.queries[0].def.ID, Vertex: -2, Instance: int(rel)}
	p, err := s.newPump(r.clock, name, from, func(_ *pump, err error) { r.eng.broke(r.queries[0], err) })
	if err != nil {
		return err
	}
	p.feed.patient = true
	p.whole = s.table != nil
	notes, err := r.eng.decisions.read(rel)
	if err != nil {
		return err
	}
	g := &boundGate{pump: p, past: newPast(p, notes), reached: r.arrived, bound: map[int32]int64{}}
	p.guard(g)
	r.pumps[rel], r.gates[rel] = p, g
	return nil
}

// follow makes a query read a source by its private pump.
func (r *replay) follow(m *member, rel uint64, at []position) {
	p := r.pumps[rel]
	p.feed.readers[m] = true
	m.feeds = append(m.feeds, p.feed)
	for _, i := range m.q.readers(rel) {
		i.place.marks = newMarker(&p.src.def, at)
		i.place.begin(p.feed, p.feed.join(m.q, i.ref.Wake))
	}
	p.widen(p.src.columnsOf(m.q.demand(rel)))
}

// ticket returns a number for a Seal, if one is due: long catch-ups seal too.
func (r *replay) ticket() uint64 {
	every := r.eng.cfg.Epoch
	for i, q := range r.queries {
		if i == 0 || q.def.Checkpoint < every {
			every = max(q.def.Checkpoint, r.eng.cfg.Epoch)
		}
	}
	if r.queries[0].ephemeral || r.views != nil || time.Since(r.sealAt) < every {
		return 0
	}
	r.sealAt = time.Now()
	return r.eng.epochs.next()
}

// livePositions returns where the live pumps stand now, all at one moment.
func (r *replay) livePositions() map[uint64][]position {
	c := r.eng.clock
	c.mu.Lock()
	defer c.mu.Unlock()
	out := map[uint64][]position{}
	for rel := range r.pumps {
		live := r.eng.source(rel).livePump()
		if live == nil {
			continue
		}
		live.feed.mu.Lock()
		out[rel] = live.positions()
		live.feed.mu.Unlock()
	}
	return out
}

// aim makes every pump read up to the given positions: those of tables first,
// all the way before anything is cut, as half a transaction is no moment.
func (r *replay) aim(at map[uint64][]position) {
	var tables, streams []uint64
	for rel, p := range r.pumps {
		if p.whole {
			tables = append(tables, rel)
		} else {
			streams = append(streams, rel)
		}
	}
	r.mu.Lock()
	r.rounds++
	r.target, r.waves = at, nil
	for _, w := range [][]uint64{tables, streams} {
		if len(w) > 0 {
			r.waves = append(r.waves, w)
		}
	}
	r.mu.Unlock()
	r.wave()
}

// wave aims the pumps of the next wave.
func (r *replay) wave() {
	r.mu.Lock()
	wave, at := r.waves[0], r.target
	r.waves = r.waves[1:]
	r.left = len(wave)
	r.mu.Unlock()
	for _, rel := range wave {
		notes, err := r.eng.decisions.read(rel) // whatever took effect up to there
		if err != nil {
			for _, q := range r.queries {
				r.eng.failed(q, err)
			}
			return
		}
		r.gates[rel].aim(at[rel], notes)
	}
}

// arrived is called, in a pump's turn, when it has reached its bound.
func (r *replay) arrived() {
	r.mu.Lock()
	r.left--
	here, more, over := r.left == 0, len(r.waves) > 0, r.over
	r.mu.Unlock()
	if !here || over {
		return
	}
	r.cutWhole()
	if more {
		r.wave()
		return
	}
	r.arrivedAll()
}

// cutWhole closes what the tables' pumps have read, in one tick.
func (r *replay) cutWhole() {
	var ask []*feed
	for _, p := range r.pumps {
		if p.whole {
			ask = append(ask, p.feed)
		}
	}
	r.clock.cut(ask, 0)
}

// arrivedAll is called when everything up to the bounds has been read.
func (r *replay) arrivedAll() {
	r.mu.Lock()
	joining := r.joining
	r.mu.Unlock()
	if joining != 0 {
		r.eng.io.run(func() { r.finish(joining) })
		return
	}
	go r.next() // waits for DDL, which may wait for the I/O goroutines
}

// feeds returns all private feeds.
func (r *replay) feeds() (out []*feed) {
	for _, p := range r.pumps {
		out = append(out, p.feed)
	}
	for _, s := range r.scans {
		out = append(out, s.feed)
	}
	return out
}

// scans says whether the query begins with the content of views.
func (q *query) scans() bool {
	r := q.replay.Load()
	return r != nil && r.views != nil
}

// alone says whether the queries read by themselves, and have not begun to join.
func (r *replay) alone() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return !r.over && r.joining == 0
}

// half says whether a table may have been read up to within a transaction.
func (r *replay) half() bool {
	for _, p := range r.pumps {
		if p.whole {
			return true
		}
	}
	return false
}

// cut closes a tick of the private clock.
func (r *replay) cut(seal uint64) uint64 { return r.clock.cut(r.feeds(), seal) }

func (r *replay) done() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.over
}

// close ends the private pumps, and says whether that was to be done still; in
// any case they have ended when it returns. Their feeds live on until the readers
// have passed the last tick.
func (r *replay) close() (first bool) {
	r.mu.Lock()
	first, r.over = !r.over, true
	r.mu.Unlock()
	r.ending.Do(func() {
		close(r.stop)
		for _, p := range r.pumps {
			p.close()
		}
		for _, s := range r.scans {
			s.forget()
		}
	})
	return first
}
