package job

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
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
	if why, found, err := e.halts.read(def.ID); found || err != nil {
		return cmp.Or(err, e.startHalted(def, why))
	}
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
	e.enter(q, nil)
	started := e.started
	e.mu.Unlock()
	if !started {
		return nil
	}
	if err := e.run(ctx, []*query{q}, false); err != nil {
		e.stop(q, err)
		e.mu.Lock()
		e.exit(q)
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
	e.cfg.Logger.Error("query cannot run", "query", def.Name, "err", err)
	return e.still(def, halt{State: stateFailed, Reason: err.Error(), Code: codeOf(err)})
}

// still is a query that does not run.
func (e *Engine) still(def QueryDef, why halt) *query {
	q := &query{
		eng: e, def: def, latency: &latencies{}, live: make(chan struct{}),
		account: state.NewAccount(0, e.memory), ended: true,
		state: why.State, reason: why.Reason, code: why.Code, failed: why.err(def.Name),
	}
	q.latency.target.Store(int64(def.SLO))
	q.seals.q = q
	q.goLive()
	return q
}

// startHalted takes the definition of a query that stands still.
func (e *Engine) startHalted(def QueryDef, why halt) error {
	q := e.still(def, why)
	if err := q.restore(context.Background()); err != nil {
		e.cfg.Logger.Warn("the counters of a stopped query are not known", "query", def.Name, "err", err)
	}
	e.cfg.Logger.Warn("query stands still", "query", def.Name, "state", why.State, "reason", why.Reason)
	e.mu.Lock()
	defer e.mu.Unlock()
	if _, ok := e.queries[def.ID]; ok {
		return fmt.Errorf("query %d is running already", def.ID)
	}
	e.enter(q, nil)
	return nil
}

// Start begins to run the queries taken so far. Those that stand where the live
// readers begin join them, the others catch up.
func (e *Engine) Start(ctx context.Context) error {
	e.ddl.Lock()
	defer e.ddl.Unlock()
	e.mu.Lock()
	e.started = true
	e.mu.Unlock()
	var all []*query
	for _, q := range e.sorted() {
		if q.failure() == nil {
			all = append(all, q)
		}
	}
	e.resume = e.furthest(all)
	err := e.run(ctx, all, true)
	e.resume = nil
	return err
}

// run makes queries run: those with manifests, and what these stand on, in
// groups that restart as one; then the others, as new ones. With retry what is
// wrong with one of them does not concern the others. The caller holds ddl.
func (e *Engine) run(ctx context.Context, queries []*query, retry bool) error {
	groups, fresh, err := e.gather(ctx, queries, retry)
	if err != nil {
		return err
	}
	var pumps []*pump
	for _, g := range groups {
		made, err := e.place(ctx, g)
		pumps = append(pumps, made...)
		if err != nil && !retry {
			runAll(pumps)
			return err
		}
		if err != nil {
			e.retryLaunch(g, err)
		}
	}
	for _, q := range fresh {
		made, err := e.beginNew(ctx, q)
		pumps = append(pumps, made...)
		if err != nil && !retry {
			runAll(pumps)
			return err
		}
		if err != nil {
			e.retryLaunch([]*query{q}, err)
		}
	}
	runAll(pumps)
	return nil
}

func runAll(pumps []*pump) {
	for _, p := range pumps {
		p.run()
	}
}

// retryLaunch keeps trying to start queries whose outside is away; anything
// else stops them with its reason.
func (e *Engine) retryLaunch(queries []*query, err error) {
	var wrong *connectors.OptionError
	var lost *storage.LostError
	if errors.As(err, &wrong) || errors.As(err, &lost) {
		for _, q := range queries {
			e.failed(q, err)
		}
		return
	}
	for _, q := range queries {
		q.setState(stateWaiting, err.Error())
	}
	time.AfterFunc(time.Second, func() {
		e.ddl.Lock()
		defer e.ddl.Unlock()
		if e.closing.Load() {
			return
		}
		queries := slices.DeleteFunc(queries, func(q *query) bool { return e.query(q.def.ID) != q || q.failure() != nil })
		_ = e.run(context.Background(), queries, true)
	})
}

// place gives the readers of queries that start as one their cursors: in the
// live feeds, where the queries stand just there, or in feeds of their own. It
// returns the live pumps made for them, which do not run yet.
func (e *Engine) place(ctx context.Context, queries []*query) (fresh []*pump, err error) {
	for _, q := range queries {
		q.with = queries
	}
	p := &placing{eng: e, queries: queries, from: map[uint64][]position{}, at: map[*query]map[uint64][]position{}}
	for _, q := range queries {
		if fresh, err = p.add(ctx, q, fresh); err != nil {
			return fresh, err
		}
	}
	for _, q := range queries {
		if err := q.openSinks(ctx); err != nil {
			return fresh, err
		}
	}
	if !queries[0].ephemeral {
		enroll(queries...)
	}
	joined := p.attach()
	if !joined {
		for rel, at := range p.from {
			if at == nil {
				p.from[rel], _ = e.source(rel).start(ctx, true)
				p.at[queries[0]][rel] = p.from[rel]
			}
		}
	}
	for _, q := range queries {
		if err := q.began(ctx, p.at[q]); err != nil {
			return fresh, err
		}
	}
	if !joined {
		return fresh, e.startReplay(queries, p.from, p.at)
	}
	e.liveWhenThere(queries, slices.Collect(maps.Keys(p.from)))
	return fresh, nil
}

// nowLive is called when a query has attached to live feeds.
func (e *Engine) nowLive(q *query) {
	q.setState(stateRunning, "")
	e.urgeAbove(q)
	q.goLive()
}

// newLive makes the live pump of a source; again: there has been one, and what it
// has read may have been seen.
func (e *Engine) newLive(ctx context.Context, s *source, from []position, again bool) (*pump, error) {
	if s.table != nil {
		return e.newTablePump(s)
	}
	p, err := s.newPump(e.clock, actors.Name{Job: s.def.ID, Vertex: pumpVertex}, from, e.livePumpFailed)
	if err != nil {
		return nil, err
	}
	notes, err := e.decisions.read(s.def.ID)
	if err != nil {
		return nil, err
	}
	p.guard(newLiveGate(p, notes))
	if again {
		p.findEnds(ctx)
	}
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
	base := manifestExtra{}
	if err := json.Unmarshal(m.Extra, &base); err != nil {
		return fmt.Errorf("manifest of %s: %w", q.def.Name, err)
	}
	if base.Reset {
		return q.eng.begins.read(q.def.ID, &q.base)
	}
	if err := q.unstage(m, &base); err != nil {
		return fmt.Errorf("manifest of %s: %w", q.def.Name, err)
	}
	q.base, q.restored = base, true
	q.seals.last.Store(m.Epoch)
	return nil
}

// openSinks sends again what was not acked at the Seal that the query restarts
// from, and makes keyed sinks right.
func (q *query) openSinks(ctx context.Context) error {
	sealed := map[*instance]snapshot{}
	defer func() {
		for _, s := range sealed {
			giveUp(s)
		}
	}()
	for _, end := range q.ends {
		if end.sink == nil {
			continue
		}
		was := q.base.Sinks[end.sinkName()]
		if _, keyed := end.sink.sink.(connectors.KeyedSink); keyed && len(was.Chunks) > 0 {
			// The sink may be full with these, and its instance then answers nothing.
			s, err := end.snapshotNow(ctx)
			if err != nil {
				return err
			}
			sealed[end] = s
		}
		for _, c := range was.Chunks {
			end.sink.send(c, 0)
		}
	}
	return q.restateKeys(ctx, sealed)
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

// definition returns the definition as it has been altered.
func (q *query) definition() QueryDef {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.def
}

// DropQuery ends a query and forgets its state.
func (e *Engine) DropQuery(ctx context.Context, id uint64) error {
	e.ddl.Lock()
	defer e.ddl.Unlock()
	q := e.query(id)
	if q == nil {
		return fmt.Errorf("query %d is not running", id)
	}
	if below := e.consumers(q); len(below) > 0 {
		return fmt.Errorf("view %s is read by %s", q.def.Name, below[0].def.Name)
	}
	left := e.leftBehind([]*query{q})
	e.stop(q, errDropped)
	defer e.bringBack(left)
	e.mu.Lock()
	e.exit(q)
	e.mu.Unlock()
	if q.ephemeral {
		return nil
	}
	e.ledger.Drop(id)
	if err := errors.Join(e.rejects.drop(ctx, id), e.begins.drop(ctx, id), e.halts.drop(ctx, id)); err != nil {
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
	if q.ended {
		return
	}
	q.ended = true
	e.apart(q)
	if !isDetached(why) {
		q.setKept(nil)
	}
	e.rt.Remove(q.refs()...)
	q.account.Close()
	leaveSeals(q)
	for _, p := range q.views {
		p.fail(why)
	}
	for _, end := range q.ends {
		if end.sink != nil && end.sink.sink != nil {
			end.sink.close()
		}
		end.gone()
	}
	q.goLive()
	if !isDetached(why) {
		e.restAll(q)
	}
	e.urgeAbove(q)
}

// restAll ends the live pumps of the sources that q was the last to read. Not of
// those which are read again when q has been restarted: a new pump would begin
// where q stood at its last Seal, and what was seen since then be unseen.
func (e *Engine) restAll(q *query) {
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
	if e.isRead(relation) {
		return
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
