package job

import (
	"context"
	"fmt"
	"slices"
	"sort"
	"sync"
	"sync/atomic"
	"time"

	"github.com/dirigo-stream/dirigo/actors"
	"github.com/dirigo-stream/dirigo/exec/batch"
	"github.com/dirigo-stream/dirigo/exec/state"
)

// query is a running query.
type query struct {
	eng *Engine
	def QueryDef

	instances [][]*instance // by vertex (index, not id) and instance
	ends      []*instance   // those with a sink or a view
	views     []*viewPart
	account   *state.Account
	memory    atomic.Int64 // its own budget; 0: the node's
	quota     *actors.Quota
	latency   *latencies
	ephemeral bool
	heard     atomic.Int32 // how many wait for what it gives

	// Under the node clock's lock.
	member   *member
	attached uint64 // the tick at which it attached

	ups      map[uint64]*query      // the views that it reads, by relation; set before it runs
	downs    []*query               // the queries that read its view; under the engine's lock
	restored bool                   // it goes on from a manifest
	live     chan struct{}          // closed when it has attached, or failed
	replay   atomic.Pointer[replay] // nil: attached at once, or long ago
	settled  atomic.Bool            // it has sealed since it was started
	retries  int                    // how often it was restarted in vain: before that
	again    bool                   // it takes the place of one that ran in this engine
	restarts int                    // how often it was restarted at all
	away     atomic.Bool            // it has left its group, clock and feeds, and will be restarted
	lingered bool                   // for that it waited for its sink; under ddl
	with     []*query               // what was started together with it
	ended    bool                   // it has been stopped; under the engine's ddl
	resumed  bool                   // another runs in its place; under the engine's halts.mu

	touchMu sync.Mutex
	touched []uint64 // increasing; what every end has passed is forgotten

	seals sealer

	mu     sync.Mutex
	state  string
	reason string
	code   string // SQLSTATE of what stopped it
	failed error
	base   manifestExtra   // counters as restored
	stages bool            // a manifest may have blocks of what sinks had not acked; of restores and Seals, one at a time
	kept   map[uint64]kept // by relation: what the views held when it sealed last; nil: it goes on with them
}

// States of a query.
const (
	stateRunning  = "running"
	stateCatching = "catching up"
	stateFailed   = "failed"
	stateWaiting  = "waiting"
	statePaused   = "paused"
)

// instance is one instance of a vertex: what of it outlives its stay in memory.
type instance struct {
	q       *query
	def     *Vertex
	index   int
	ref     *actors.Ref[*batch.Batch]
	view    *viewPart      // nil: none
	sink    *sinkWriter    // nil: none
	place   *place         // nil: no reader
	account *state.Account // of its state

	out     atomic.Int64                   // rows given to the sink or the view
	gave    atomic.Pointer[[]atomic.Int64] // rows that each operator has given, since the query was started
	done    atomic.Uint64                  // the last tick that has passed
	waiting atomic.Int32
	mu      sync.Mutex
	waiters map[uint64][]func()
	sealed  atomic.Uint64 // the last Seal captured
}

// passed is called when a tick has passed through the instance.
func (i *instance) passed(tick uint64) {
	i.done.Store(tick)
	if i.waiting.Load() == 0 {
		return
	}
	i.mu.Lock()
	var ready []func()
	for t, fs := range i.waiters {
		if t <= tick {
			ready = append(ready, fs...)
			delete(i.waiters, t)
			i.waiting.Add(int32(-len(fs)))
		}
	}
	if len(i.waiters) == 0 {
		i.waiters = nil
	}
	i.mu.Unlock()
	for _, f := range ready {
		f()
	}
}

// when calls f once tick has passed through the instance.
func (i *instance) when(tick uint64, f func()) {
	i.mu.Lock()
	i.waiting.Add(1)
	if i.done.Load() >= tick {
		i.waiting.Add(-1)
		i.mu.Unlock()
		f()
		return
	}
	if i.waiters == nil {
		i.waiters = map[uint64][]func(){}
	}
	i.waiters[tick] = append(i.waiters[tick], f)
	i.mu.Unlock()
}

// gone lets those go on who wait for the instance, which will run no more.
func (i *instance) gone() {
	i.done.Store(^uint64(0))
	i.passed(^uint64(0))
	if i.sink != nil {
		i.sink.gone()
	}
}

// committed says whether everything that the instance has sealed is durable.
func (i *instance) committed() bool { return i.q.seals.committed() >= i.sealed.Load() }

// observe counts rows results whose last event was appended at born. What lay
// in the source before the query was created is history, and has no latency.
func (q *query) observe(born, rows int64) {
	if born > q.base.Started {
		now := q.eng.cfg.now()
		q.latency.observe(time.Duration(now-born), rows, now)
	}
}

// touch notes that a tick concerns the query; the clock's lock is held.
func (q *query) touch(tick uint64) {
	q.touchMu.Lock()
	defer q.touchMu.Unlock()
	if len(q.touched) >= 1024 {
		q.forget()
	}
	// A private tick may come after the live one at which the query joins.
	at := len(q.touched)
	for at > 0 && q.touched[at-1] > tick {
		at--
	}
	q.touched = slices.Insert(q.touched, at, tick)
}

// forget drops the touched ticks that every end has passed.
func (q *query) forget() {
	least := ^uint64(0)
	for _, e := range q.ends {
		least = min(least, e.done.Load())
	}
	n := sort.Search(len(q.touched), func(i int) bool { return q.touched[i] > least })
	q.touched = append(q.touched[:0], q.touched[n:]...)
}

// touchedIn says whether a tick in (low, high] concerns the query.
func (q *query) touchedIn(low, high uint64) bool {
	q.touchMu.Lock()
	defer q.touchMu.Unlock()
	n := sort.Search(len(q.touched), func(i int) bool { return q.touched[i] > low })
	return n < len(q.touched) && q.touched[n] <= high
}

// lastTouched returns the last tick ≤ high that concerns the query and that may
// not have passed yet; 0: none.
func (q *query) lastTouched(high uint64) uint64 {
	q.touchMu.Lock()
	defer q.touchMu.Unlock()
	n := sort.Search(len(q.touched), func(i int) bool { return q.touched[i] > high })
	if n == 0 {
		return 0
	}
	return q.touched[n-1]
}

// whenLive waits until the query has attached to live feeds.
func (q *query) whenLive(ctx context.Context) error {
	select {
	case <-q.live:
	case <-ctx.Done():
		return ctx.Err()
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.failed
}

// unsettled says whether the query was restarted before it had sealed, and has
// not sealed since.
func (q *query) unsettled() bool { return q.retries > 0 && !q.settled.Load() }

// setState notes what the query is doing, and why, unless it has stopped.
func (q *query) setState(state, reason string) {
	q.mu.Lock()
	if q.failed == nil {
		q.state, q.reason = state, reason
	}
	q.mu.Unlock()
}

// relations returns the ids of the sources and views that the query reads, each
// once.
func (q *query) relations() []uint64 {
	var out []uint64
	seen := map[uint64]bool{}
	for i := range q.def.Graph.Vertices {
		if r := q.def.Graph.Vertices[i].Read; r != nil && !seen[r.Relation] {
			seen[r.Relation] = true
			out = append(out, r.Relation)
		}
	}
	return out
}

// sources returns the ids of the sources that the query reads, each once.
func (q *query) sources() (out []uint64) {
	for _, rel := range q.relations() {
		if q.ups[rel] == nil {
			out = append(out, rel)
		}
	}
	return out
}

// demand returns which columns of a relation the query reads.
func (q *query) demand(relation uint64) []int {
	var out []int
	for i := range q.def.Graph.Vertices {
		if r := q.def.Graph.Vertices[i].Read; r != nil && r.Relation == relation {
			out = append(out, r.Columns...)
		}
	}
	return out
}

// readers returns the instances that read a relation.
func (q *query) readers(relation uint64) []*instance {
	var out []*instance
	for _, of := range q.instances {
		for _, i := range of {
			if i.place != nil && i.def.Read.Relation == relation {
				out = append(out, i)
			}
		}
	}
	return out
}

// refs returns all actors of the query.
func (q *query) refs() []*actors.Ref[*batch.Batch] {
	var out []*actors.Ref[*batch.Batch]
	for _, of := range q.instances {
		for _, i := range of {
			out = append(out, i.ref)
		}
	}
	return out
}

// setSLO sets the latency target of a running query.
func (q *query) setSLO(slo time.Duration) {
	q.mu.Lock()
	q.def.SLO = slo
	q.mu.Unlock()
	q.latency.target.Store(int64(slo))
}

// urge makes the query's actors work for a latency target.
func (q *query) urge(slo time.Duration) {
	for _, ref := range q.refs() {
		ref.SetSLO(slo)
	}
}

// status returns the query for people and metrics.
func (q *query) status() QueryStatus {
	q.mu.Lock()
	st := QueryStatus{
		ID: q.def.ID, Name: q.def.Name, State: q.state, Reason: q.reason, SLO: q.def.SLO,
		In: q.base.In, Out: q.base.Out, Code: q.code,
	}
	q.mu.Unlock()
	st.Attained, st.Latency = q.latency.attained(), q.latency.snapshot()
	now := q.eng.cfg.now()
	st.Attained1m, st.Attained10m = q.latency.recently(now, time.Minute), q.latency.recently(now, 10*time.Minute)
	st.Misses, st.Restarts = q.latency.misses(), q.restarts
	st.Rejected = q.eng.rejects.counts(q.def.ID)
	st.Epoch, st.StateBytes, st.Memory = q.seals.committed(), q.account.Used(), q.budget()
	st.Watermark = q.watermark()
	for v, of := range q.instances {
		vs := VertexStatus{ID: q.def.Graph.Vertices[v].ID}
		for _, i := range of {
			addStats(&vs, i.ref.Stats())
			st.Out += i.out.Load()
			vs.StateBytes += i.account.Used()
			if i.place != nil {
				st.In += i.place.in.Load()
				vs.Rows += i.place.in.Load()
				vs.Messages += i.place.entries.Load()
			}
			if i.sink != nil && st.Reason == "" {
				st.Reason = i.sink.sink.Status()
			}
		}
		st.Busy, st.Waited, st.Blocked = st.Busy+vs.Busy, st.Waited+vs.Waited, st.Blocked+vs.Blocked
		st.Refused, st.Late, st.Lessees = st.Refused+vs.Refused, st.Late+vs.Late, st.Lessees+vs.Lessees
		st.Lends, st.Merges, st.Rounds = st.Lends+vs.Lends, st.Merges+vs.Merges, st.Rounds+vs.Rounds
		st.Merging += vs.Merging
		st.Vertices = append(st.Vertices, vs)
	}
	if st.Reason == "" {
		st.Reason = q.trouble()
	}
	return st
}

// trouble says what ails a stream that the query reads, through views too; "":
// nothing does.
func (q *query) trouble() string {
	for _, rel := range q.relations() {
		if s := q.eng.source(rel); s != nil {
			if why := s.trouble(); why != "" {
				return "stream " + s.def.Name + ": " + why
			}
		} else if up := q.eng.query(rel); up != nil {
			if why := up.trouble(); why != "" {
				return why
			}
		}
	}
	return ""
}

// watermark returns the least watermark of what the query reads.
func (q *query) watermark() int64 {
	low, found := int64(batch.MaxTime), false
	for _, of := range q.instances {
		for _, i := range of {
			if i.place != nil {
				found = true
				low = min(low, i.place.low.Load())
			}
		}
	}
	if !found {
		return batch.MinTime
	}
	return low
}

func addStats(v *VertexStatus, s actors.Stats) {
	v.Busy += s.Busy
	v.Waited += s.Waited
	v.Blocked += s.Blocked
	v.Refused += s.Refused
	v.Late += s.Late
	v.Lessees += s.Lessees
	v.Messages += s.Messages
	v.Rows += s.Rows
	v.Lends += s.Lent
	v.Merges += s.Merged
	v.Merging += s.Merging
	v.Rounds += s.Rounds
	v.Cost, v.Fire, v.Path = max(v.Cost, s.Cost), max(v.Fire, s.Fire), max(v.Path, s.Path)
}

func (q *query) String() string { return fmt.Sprintf("%s (%d)", q.def.Name, q.def.ID) }
