package job

import (
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/dirigo-stream/dirigo/storage"
)

// sealGroup is the queries that are connected by views which some of them keep
// and others read. They seal together: the manifests of one Seal become durable
// by one root, all or none, so that what a consumer has counted is just what its
// producers have given. A query that reads no view and is read by nobody is a
// group of one.
//
// Groups grow under the node clock's lock, when a consumer has caught up.
type sealGroup struct {
	mu      sync.Mutex
	into    *sealGroup // has taken this one's place
	members map[*query]struct{}
	queue   []*sealing // under way, rising
	at      time.Time  // of the last Seal begun
	idle    []func()   // called when no Seal is under way
	stuck   stuck      // of the oldest one
}

// sealing is one Seal of one group.
type sealing struct {
	n       uint64
	want    map[*query]int // parts that have yet to come
	left    int
	parts   map[*query][]sealPart
	writing bool
	written chan struct{} // closed when it is durable, or has failed
}

// sealsAhead is how many Seals of a group may be on their way to the disk. Each
// holds a copy of what has changed: where the disk is slower than the epochs, a
// group seals less often instead of filling the memory.
const sealsAhead = 2

// sealer is a query's part in the sealing of its group.
type sealer struct {
	q     *query
	group atomic.Pointer[sealGroup] // nil: it does not seal
	dirty atomic.Bool               // touched since the last Seal that it took
	last  atomic.Uint64             // the last Seal committed
}

// lock returns the query's group, locked; nil: it has none.
func (s *sealer) lock() *sealGroup {
	for {
		g := s.group.Load()
		if g == nil {
			return nil
		}
		g.mu.Lock()
		if g.into == nil {
			return g
		}
		next := g.into
		g.mu.Unlock()
		s.group.CompareAndSwap(g, next)
	}
}

// now returns the query's group; nil: it has none.
func (s *sealer) now() *sealGroup {
	g := s.lock()
	if g != nil {
		g.mu.Unlock()
	}
	return g
}

// enroll makes queries seal together from now on, with all that seal with any
// of them already.
func enroll(queries ...*query) {
	into := &sealGroup{members: map[*query]struct{}{}}
	into.mu.Lock()
	defer into.mu.Unlock()
	for _, q := range queries {
		into.members[q] = struct{}{}
		if q.seals.group.Load() == into {
			continue
		}
		g := q.seals.lock()
		q.seals.group.Store(into)
		if g == nil {
			continue
		}
		g.into = into
		for m := range g.members {
			into.members[m] = struct{}{}
			m.seals.group.Store(into)
		}
		into.queue = append(into.queue, g.queue...)
		into.idle = append(into.idle, g.idle...)
		if g.at.After(into.at) {
			into.at = g.at
		}
		g.members, g.queue, g.idle = nil, nil, nil
		g.mu.Unlock()
	}
	slices.SortStableFunc(into.queue, func(a, b *sealing) int { return int(int64(a.n) - int64(b.n)) })
}

// accepts says whether the group takes a Seal, which it then does: its checkpoint
// interval is over, and older ones are not being written still.
func (g *sealGroup) accepts(e *Engine) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	now := time.Now()
	if !g.dueLocked(e, now) {
		g.refuse(e)
		return false
	}
	g.at = now
	e.epochs.took.Add(1)
	return true
}

// due says whether the group would take a Seal now.
func (g *sealGroup) due(e *Engine) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.dueLocked(e, time.Now())
}

func (g *sealGroup) dueLocked(e *Engine, now time.Time) bool {
	if len(g.members) == 0 {
		return false
	}
	if e.closing.Load() {
		return true
	}
	if len(g.queue) >= sealsAhead {
		return false
	}
	every := time.Duration(-1)
	for q := range g.members {
		if every < 0 || q.def.Checkpoint < every {
			every = q.def.Checkpoint
		}
	}
	return every <= e.cfg.Epoch || now.Sub(g.at) >= every
}

// all returns the members.
func (g *sealGroup) all() []*query {
	g.mu.Lock()
	defer g.mu.Unlock()
	return slices.Collect(maps.Keys(g.members))
}

// dirty returns the members with changes that no Seal has taken.
func (g *sealGroup) dirty() (out []*query) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for q := range g.members {
		if q.seals.dirty.Load() {
			out = append(out, q)
		}
	}
	return out
}

// begin opens Seal n of those members that it touches; the lock of the clock
// that cuts it is held.
func (g *sealGroup) begin(n uint64, queries []*query) {
	g.mu.Lock()
	defer g.mu.Unlock()
	s := &sealing{n: n, want: map[*query]int{}, parts: map[*query][]sealPart{}, written: make(chan struct{})}
	for _, q := range queries {
		if _, ok := g.members[q]; !ok {
			continue
		}
		q.seals.dirty.Store(false)
		for _, of := range q.instances {
			s.want[q] += len(of)
		}
		s.left += s.want[q]
	}
	if s.left > 0 {
		g.queue = append(g.queue, s)
	}
}

// find returns the Seal n that wants parts of q.
func (g *sealGroup) find(n uint64, q *query) *sealing {
	for _, s := range g.queue {
		if s.n == n && s.want[q] > 0 {
			return s
		}
	}
	return nil
}

// sealsAt returns seal if the query takes it, else 0.
func (q *query) sealsAt(seal uint64) uint64 {
	if seal == 0 {
		return 0
	}
	g := q.seals.lock()
	if g == nil {
		return 0
	}
	defer g.mu.Unlock()
	if g.find(seal, q) == nil {
		return 0
	}
	return seal
}

// seal takes one instance's part.
func (q *query) seal(n uint64, part sealPart) {
	q.instances[q.vertexIndex(part.vertex)][part.instance].sealed.Store(n)
	g := q.seals.lock()
	if g == nil {
		return
	}
	defer g.mu.Unlock()
	s := g.find(n, q)
	if s == nil {
		return
	}
	s.parts[q] = append(s.parts[q], part)
	s.want[q]--
	s.left--
	g.writeLocked(q.eng)
}

// writeLocked begins to write the oldest Seal, if it is complete and no other
// one is being written.
func (g *sealGroup) writeLocked(e *Engine) {
	for len(g.queue) > 0 && len(g.queue[0].want) == 0 && !g.queue[0].writing {
		close(g.queue[0].written) // nobody is left who wants it
		g.queue = g.queue[1:]
	}
	if len(g.queue) == 0 {
		idle := g.idle
		g.idle = nil
		if len(idle) > 0 {
			e.io.run(func() {
				for _, f := range idle {
					f()
				}
			})
		}
		return
	}
	s := g.queue[0]
	if s.left > 0 || slices.ContainsFunc(g.queue, func(s *sealing) bool { return s.writing }) {
		return
	}
	s.writing = true
	e.sealing.run(func() { g.write(e, s) })
}

// write makes a complete Seal durable: one root for all of it.
func (g *sealGroup) write(e *Engine, s *sealing) {
	e.commitSeal(s, func(culprit *query, err error) { g.wrote(e, s, culprit, err) })
}

// wrote ends a Seal that is durable, or is not, which may be for what one query
// has.
func (g *sealGroup) wrote(e *Engine, s *sealing, culprit *query, err error) {
	for q := range s.parts {
		if err == nil {
			q.seals.last.Store(s.n)
			q.settled.Store(true)
			q.setKept(nil)
		}
	}
	for g.mu.Lock(); g.into != nil; g.mu.Lock() {
		next := g.into
		g.mu.Unlock()
		g = next
	}
	g.queue = slices.DeleteFunc(g.queue, func(x *sealing) bool { return x == s })
	close(s.written)
	g.writeLocked(e)
	g.mu.Unlock()
	if err != nil {
		e.sealFailed(s, culprit, err)
	}
}

// sealFailed ends a Seal that did not become durable. What it has frozen is
// written by no other: its queries go on from the checkpoint before it, but for
// the one that could not be sealed; where none of them is to blame, all stop.
func (e *Engine) sealFailed(s *sealing, culprit *query, err error) {
	if culprit != nil {
		e.broke(culprit, err)
	}
	for q := range s.parts {
		if culprit == nil {
			e.failed(q, err)
		} else if q.failure() == nil {
			e.detach(q)
		}
	}
}

// commitSeal encodes the parts of a Seal and has them made durable. Where that
// fails by what one query has, then is told of that query.
func (e *Engine) commitSeal(s *sealing, then func(culprit *query, err error)) {
	begin := time.Now()
	var seals []storage.QuerySeal
	total := int64(0)
	for q, parts := range s.parts {
		qs, bytes, err := q.encodeSeal(s, parts)
		if err != nil {
			then(q, err)
			return
		}
		seals, total = append(seals, qs), total+bytes
		if between := e.cfg.faults.apart; between != nil && len(seals) > 0 {
			if err := e.epochs.commit(seals); err != nil {
				then(nil, err)
				return
			}
			seals = nil
			between()
		}
	}
	if len(seals) == 0 {
		then(nil, nil)
		return
	}
	e.epochs.commitThen(seals, func(err error) {
		if err == nil {
			e.stats.sealed(time.Since(begin), total)
		}
		then(nil, err)
	})
}

// committed returns the last Seal that is durable.
func (s *sealer) committed() uint64 { return s.last.Load() }

// whenIdle calls f when no Seal of the group is under way.
func (s *sealer) whenIdle(f func()) {
	g := s.lock()
	if g == nil {
		f()
		return
	}
	if len(g.queue) > 0 {
		g.idle = append(g.idle, f)
		g.mu.Unlock()
		return
	}
	g.mu.Unlock()
	f()
}

// leaveSeals takes queries out of their groups, together: none of the Seals
// under way is theirs any more, and what is left of these goes on without them.
// It returns when none of theirs is being written: who restarts a query would
// read an older manifest than its state is loaded from.
func leaveSeals(queries ...*query) {
	var wait []chan struct{}
	for len(queries) > 0 {
		g := queries[0].seals.lock()
		if g == nil {
			queries = queries[1:]
			continue
		}
		rest, writing := g.removeLocked(queries)
		g.writeLocked(queries[0].eng)
		g.mu.Unlock()
		queries, wait = rest, append(wait, writing...)
	}
	for _, c := range wait {
		<-c
	}
}

// removeLocked takes those of the queries out of the group that are in it. It
// returns the others, and what is closed when none of theirs is being written.
func (g *sealGroup) removeLocked(queries []*query) (rest []*query, writing []chan struct{}) {
	for _, q := range queries {
		if _, ok := g.members[q]; !ok {
			rest = append(rest, q)
			continue
		}
		delete(g.members, q)
		q.seals.group.Store(nil)
		for _, s := range g.queue {
			if _, mine := s.want[q]; mine && s.writing {
				writing = append(writing, s.written)
			} else if mine {
				s.left -= s.want[q]
				delete(s.want, q)
				delete(s.parts, q)
			}
		}
	}
	return rest, writing
}
