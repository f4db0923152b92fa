package job

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/dirigo-stream/dirigo/actors"
	"github.com/dirigo-stream/dirigo/connectors"
	"github.com/dirigo-stream/dirigo/exec/batch"
	"github.com/dirigo-stream/dirigo/exec/state"
	"github.com/dirigo-stream/dirigo/storage"
)

// pumpVertex is the vertex number in the name of a source's actor.
const pumpVertex = -1

// StartQuery makes a query run: from its last manifest, or, where there is
// none, from where its sources say. It returns when the query is running or
// catching up. Before Start it only takes the definition.
func (e *Engine) StartQuery(ctx context.Context, def QueryDef) error {
	e.ddl.Lock()
	defer e.ddl.Unlock()
	q, err := e.newQuery(def)
	if err != nil && e.running() {
		return err
	}
	if err != nil { // a restart: the others must run, and this one be seen
		q = e.broken(def, err)
	}
	e.mu.Lock()
	if _, ok := e.queries[def.ID]; ok {
		e.mu.Unlock()
		return fmt.Errorf("query %d is running already", def.ID)
	}
	e.queries[def.ID] = q
	started := e.started
	e.mu.Unlock()
	if !started {
		return nil
	}
	if err := e.launch(ctx, q); err != nil {
		e.stop(q, err)
		e.mu.Lock()
		delete(e.queries, def.ID)
		e.mu.Unlock()
		return err
	}
	return nil
}

func (e *Engine) running() bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.started
}

// broken is a query that cannot run, for SHOW to tell why.
func (e *Engine) broken(def QueryDef, err error) *query {
	q := &query{
		eng: e, def: def, latency: &latencies{}, live: make(chan struct{}),
		account: state.NewAccount(0, e.memory), state: stateFailed, reason: err.Error(), failed: err,
	}
	q.seals.q = q
	q.goLive()
	e.cfg.Logger.Error("query cannot run", "query", def.Name, "err", err)
	return q
}

// Start begins to run the queries taken so far. Those that stand where the live
// readers begin join them, the others catch up.
func (e *Engine) Start(ctx context.Context) error {
	e.ddl.Lock()
	defer e.ddl.Unlock()
	e.mu.Lock()
	e.started = true
	e.mu.Unlock()
	all := e.sorted()
	e.resume = e.furthest(all)
	var pumps []*pump
	for _, q := range all {
		if q.failure() != nil {
			continue
		}
		fresh, err := e.place(ctx, q)
		pumps = append(pumps, fresh...)
		if err != nil {
			e.retryLaunch(q, err)
		}
	}
	e.resume = nil
	for _, p := range pumps {
		p.run()
	}
	return nil
}

// retryLaunch keeps trying to start a query whose outside is away; anything
// else stops it with its reason.
func (e *Engine) retryLaunch(q *query, err error) {
	var wrong *connectors.OptionError
	var lost *storage.LostError
	if errors.As(err, &wrong) || errors.As(err, &lost) {
		e.failed(q, err)
		return
	}
	q.setState("waiting", err.Error())
	wait := time.Second
	time.AfterFunc(wait, func() {
		e.ddl.Lock()
		defer e.ddl.Unlock()
		if e.query(q.def.ID) != q || e.closing.Load() {
			return
		}
		if err := e.launch(context.Background(), q); err != nil {
			e.retryLaunch(q, err)
		}
	})
}

// launch places a query and lets new live pumps run.
func (e *Engine) launch(ctx context.Context, q *query) error {
	pumps, err := e.place(ctx, q)
	for _, p := range pumps {
		p.run()
	}
	return err
}

// place gives the readers of a query their cursors: in the live feeds, where
// the query stands just there, or in feeds of its own. It returns the live
// pumps made for it, which do not run yet.
func (e *Engine) place(ctx context.Context, q *query) (fresh []*pump, err error) {
	if err := q.restore(ctx); err != nil {
		return nil, err
	}
	from := map[uint64][]position{}
	for _, rel := range q.relations() {
		s := e.source(rel)
		if s == nil {
			return fresh, fmt.Errorf("stream %d is not there", rel)
		}
		if from[rel] = q.base.Positions[rel]; from[rel] == nil {
			if from[rel], err = s.start(ctx, s.def.Latest || q.ephemeral); err != nil {
				return fresh, err
			}
		}
		live := s.livePump()
		if live == nil {
			at := from[rel]
			if done := e.resume[rel]; done != nil {
				at = done
			}
			if live, err = e.newLive(s, at); err != nil {
				return fresh, err
			}
			fresh = append(fresh, live)
		} else if (s.def.Latest || q.ephemeral) && q.base.Positions[rel] == nil {
			from[rel] = nil // joins wherever the live reader stands
		}
		live.widen(s.columnsOf(q.demand(rel)))
	}
	if err := q.openSinks(ctx); err != nil {
		return fresh, err
	}
	if !q.attach(from) {
		for rel, at := range from {
			if at == nil {
				from[rel], _ = e.source(rel).start(ctx, true)
			}
		}
		if err := q.began(ctx, from); err != nil {
			return fresh, err
		}
		if err := q.startReplay(from); err != nil {
			return fresh, err
		}
		q.setSLO(q.slo())
		return fresh, nil
	}
	if err := q.began(ctx, from); err != nil {
		return fresh, err
	}
	q.setState(stateRunning, "")
	q.setSLO(q.slo())
	for _, rel := range q.relations() {
		e.hurry(rel)
	}
	q.goLive()
	return fresh, nil
}

// newLive makes the live pump of a source.
func (e *Engine) newLive(s *source, from []position) (*pump, error) {
	if s.table != nil {
		return e.newTablePump(s)
	}
	p, err := s.newPump(e.clock, actors.Name{Job: s.def.ID, Vertex: pumpVertex}, from)
	if err != nil {
		return nil, err
	}
	notes, err := e.decisions.read(s.def.ID)
	if err != nil {
		return nil, err
	}
	p.gate = newLiveGate(p, notes)
	e.clock.mu.Lock()
	e.feeds[p.feed] = true
	e.clock.mu.Unlock()
	s.mu.Lock()
	s.live, s.err = p, ""
	s.mu.Unlock()
	return p, nil
}

// restore reads what the query's manifest says beside blocks.
func (q *query) restore(context.Context) error {
	q.base = manifestExtra{Started: q.eng.cfg.now()}
	if q.ephemeral {
		return nil
	}
	m, err := q.eng.ledger.Query(q.def.ID)
	if errors.Is(err, storage.ErrNotFound) {
		return q.eng.begins.read(q.def.ID, &q.base)
	}
	if err != nil {
		return fmt.Errorf("state of %s: %w", q.def.Name, err)
	}
	if err := json.Unmarshal(m.Extra, &q.base); err != nil {
		return fmt.Errorf("manifest of %s: %w", q.def.Name, err)
	}
	q.seals.mu.Lock()
	q.seals.last = m.Epoch
	q.seals.mu.Unlock()
	return nil
}

// openSinks sends again what was not acked at the Seal that the query restarts
// from, and makes keyed sinks right.
func (q *query) openSinks(ctx context.Context) error {
	for _, end := range q.ends {
		if end.sink == nil {
			continue
		}
		was := q.base.Sinks[end.sinkName()]
		for _, c := range was.Chunks {
			end.sink.send(c, 0)
		}
	}
	return q.restateKeys(ctx)
}

// attach joins the live feeds if the query stands exactly where they do; a nil
// position is wherever they are, and is set to it.
func (q *query) attach(from map[uint64][]position) bool {
	e := q.eng
	c := e.clock
	c.mu.Lock()
	defer c.mu.Unlock()
	live := map[uint64]*pump{}
	m := &member{q: q, live: true}
	for rel := range from {
		p := e.source(rel).livePump()
		live[rel] = p
		m.feeds = append(m.feeds, p.feed)
	}
	c.cutLocked(m.feeds, 0) // a query joins between two ticks
	group := c.group(m.feeds)
	for _, f := range group {
		f.mu.Lock()
	}
	defer func() {
		for _, f := range group {
			f.mu.Unlock()
		}
	}()
	for rel, at := range from {
		if live[rel].feed.uncut > 0 || at != nil && !samePlace(at, live[rel].marks.parts) {
			return false
		}
	}
	for rel := range from {
		p := live[rel]
		p.feed.readers[m] = true
		at := from[rel]
		if at == nil {
			at = latestPositions(p.marks.parts)
			from[rel] = at
		}
		for _, i := range q.readers(rel) {
			i.place.marks = newMarker(&p.src.def, at)
			i.place.begin(p.feed, p.feed.joinLocked(q, i.ref.Wake))
		}
	}
	q.member, q.attached = m, c.last
	return true
}

// latestPositions are where a query begins that reads only what is new: event
// time has not begun for it.
func latestPositions(ps []position) []position {
	out := clonePositions(ps)
	for i := range out {
		out[i].Max, out[i].Low = batch.MinTime, noFloor
	}
	return out
}

// goLive lets those go on who wait for the query to have attached, or failed.
func (q *query) goLive() {
	q.mu.Lock()
	defer q.mu.Unlock()
	select {
	case <-q.live:
	default:
		close(q.live)
	}
}

func (q *query) slo() time.Duration {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.def.SLO
}

// DropQuery ends a query and forgets its state.
func (e *Engine) DropQuery(ctx context.Context, id uint64) error {
	e.ddl.Lock()
	defer e.ddl.Unlock()
	q := e.query(id)
	if q == nil {
		return fmt.Errorf("query %d is not running", id)
	}
	e.stop(q, errDropped)
	e.mu.Lock()
	delete(e.queries, id)
	e.mu.Unlock()
	if q.ephemeral {
		return nil
	}
	e.ledger.Drop(id)
	if err := errors.Join(e.rejects.drop(ctx, id), e.begins.drop(ctx, id)); err != nil {
		return err
	}
	return e.ledger.Flush(ctx)
}

// stop takes a query off the feeds and ends its actors. The caller holds ddl.
func (e *Engine) stop(q *query, why error) {
	q.mu.Lock()
	if q.failed == nil {
		q.failed = why
	}
	q.mu.Unlock()
	if q.replay != nil {
		q.replay.close()
	}
	e.clock.mu.Lock()
	var feeds []*feed
	if q.member != nil {
		feeds = q.member.feeds
		for _, f := range feeds {
			delete(f.readers, q.member)
		}
		q.member = nil
	}
	e.clock.mu.Unlock()
	for _, of := range q.instances {
		for _, i := range of {
			if i.place != nil {
				i.place.leave()
			}
		}
	}
	e.rt.Remove(q.refs()...)
	q.account.Close()
	q.seals.drop()
	for _, p := range q.views {
		p.fail(why)
	}
	for _, end := range q.ends {
		if end.sink != nil && end.sink.sink != nil {
			end.sink.sink.Close()
		}
		end.gone()
	}
	q.goLive()
	for _, rel := range q.relations() {
		e.rest(rel)
	}
}

// rest ends the live pump of a source that nobody reads any more.
func (e *Engine) rest(relation uint64) {
	s := e.source(relation)
	if s == nil {
		return
	}
	for _, q := range e.sorted() {
		q.mu.Lock()
		alive := q.failed == nil
		q.mu.Unlock()
		if alive && slices.Contains(q.relations(), relation) {
			return
		}
	}
	s.mu.Lock()
	p := s.live
	s.live = nil
	s.mu.Unlock()
	if p == nil {
		return
	}
	e.clock.mu.Lock()
	delete(e.feeds, p.feed)
	e.clock.mu.Unlock()
	p.close()
	if g, ok := p.gate.(*liveGate); ok {
		g.stop() // after the pump's last turn, which may have set the timer
	}
}

// detach restarts a query from its last manifest: its reader fell out of the
// ring, and nobody waits for it.
func (e *Engine) detach(q *query) {
	go func() {
		e.ddl.Lock()
		defer e.ddl.Unlock()
		if e.query(q.def.ID) != q || e.closing.Load() {
			return
		}
		e.cfg.Logger.Warn("query fell behind its source and catches up", "query", q.def.Name)
		e.stop(q, errDetached)
		e.restart(q)
	}()
}

var errDetached = errors.New("the query fell behind its source and was restarted from its last checkpoint")
