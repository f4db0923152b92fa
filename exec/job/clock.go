package job

import (
	"cmp"
	"slices"
	"sync"
)

// clock is the node's logical time: a lock and a counter.
//
// A tick is incarnation<<40 | counter, so later than any before a crash. It
// gets its number from the cut that closes it; a batch belongs to the tick that
// the next Punct on its feed closes. Which queries read which feeds changes
// only under the lock.
type clock struct {
	mu   sync.Mutex
	last uint64 // the last tick handed out
	// ticket, of a private clock, asks whether it is time for a Seal.
	ticket func() uint64
	// private, of a private clock, are the places of its queries; nil: the node's.
	private map[*query]*member
}

// member is a query's place on a clock: the feeds that it reads there, the
// members whose views it reads, and those that read its own. live tells the
// node's clock from the private one of queries that catch up.
type member struct {
	q     *query
	feeds []*feed
	ups   []*member
	downs []*member
	live  bool
}

// above makes m a reader of up's view.
func (m *member) above(up *member) {
	m.ups = append(m.ups, up)
	up.downs = append(up.downs, m)
}

// leave takes m off its clock, whose lock is held.
func (m *member) leave() {
	for _, f := range m.feeds {
		delete(f.readers, m)
	}
	for _, up := range m.ups {
		up.downs = slices.DeleteFunc(up.downs, func(d *member) bool { return d == m })
	}
	for _, d := range m.downs {
		d.ups = slices.DeleteFunc(d.ups, func(u *member) bool { return u == m })
	}
}

// flows appends all feeds that flow into m.
func (m *member) flows(to []*feed) []*feed {
	to = append(to, m.feeds...)
	for _, up := range m.ups {
		to = up.flows(to)
	}
	return to
}

// source returns a feed above m; nil: there is none.
func (m *member) source() *feed {
	if len(m.feeds) > 0 {
		return m.feeds[0]
	}
	for _, up := range m.ups {
		if f := up.source(); f != nil {
			return f
		}
	}
	return nil
}

// tickBits is the width of the counter in a tick.
const tickBits = 40

func newClock(incarnation uint64) *clock {
	return &clock{last: incarnation << tickBits}
}

// newReplayClock returns the private clock of queries that read by themselves
// before they attach to live feeds: its ticks lie below every live tick of this
// incarnation, and only their own actors see them.
func newReplayClock(incarnation uint64, ticket func() uint64) *clock {
	return &clock{last: (incarnation - 1) << tickBits, ticket: ticket, private: map[*query]*member{}}
}

// cut takes the next tick and closes the feeds asked for, and transitively
// every feed with uncut rows that meets one of these in a query. The Punct goes
// into exactly the queries that its rows can reach, at all their inputs. It
// returns 0 when nothing was asked for.
func (c *clock) cut(ask []*feed, seal uint64) uint64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.cutLocked(ask, seal)
}

func (c *clock) cutLocked(ask []*feed, seal uint64) uint64 {
	return c.cutThen(ask, seal, nil)
}

// cutThen is cutLocked; then, unless it is nil, is called before any row can come
// behind the cut: the locks are held of all feeds that are connected with those
// asked for.
func (c *clock) cutThen(ask []*feed, seal uint64, then func(tick uint64)) uint64 {
	if len(ask) == 0 {
		return 0
	}
	if seal == 0 && c.ticket != nil {
		seal = c.ticket()
	}
	group := c.group(ask, seal != 0)
	for _, f := range group {
		f.mu.Lock()
	}
	c.last++
	tick := c.last
	closed, touched := c.settle(ask, seal)
	for _, f := range group {
		f.punctLocked(tick, seal, closed[f], touched)
	}
	if then != nil {
		then(tick)
	}
	for _, f := range group {
		f.mu.Unlock()
	}
	for m := range touched {
		if m.live || len(m.downs) > 0 {
			m.q.touch(tick)
		}
	}
	for m := range touched {
		for _, up := range m.ups {
			if touched[up] || m.q.eng.cfg.faults.noInjection {
				continue // its own changes bring the Punct
			}
			for _, p := range up.q.views {
				p.inject(tick, seal, m.q)
			}
		}
	}
	for _, f := range group {
		f.wake()
	}
	return tick
}

// settle finds out what a cut closes and touches, and opens its Seal in those
// groups that take it. There it must touch all members that have changed since
// they sealed last: a manifest of a consumer that is newer than its producer's
// would be of no moment.
func (c *clock) settle(ask []*feed, seal uint64) (closed map[*feed]bool, touched map[*member]bool) {
	closed, touched = closure(ask)
	takes := map[*sealGroup][]*query{}
	for grown := seal != 0; grown; {
		grown = false
		for m := range touched {
			g := m.q.seals.now()
			if _, known := takes[g]; known || g == nil {
				continue
			}
			takes[g] = nil
			if !g.accepts(m.q.eng) {
				continue
			}
			takes[g] = []*query{}
			for _, q := range g.dirty() {
				if d := c.memberOf(q); d != nil && !touched[d] && d.source() != nil {
					ask, grown = append(slices.Clip(ask), d.source()), true
				}
			}
		}
		if grown {
			closed, touched = closure(ask)
		}
	}
	for m := range touched {
		m.q.seals.dirty.Store(true)
		if seal == 0 {
			continue
		}
		if g := m.q.seals.now(); takes[g] != nil {
			takes[g] = append(takes[g], m.q)
		}
	}
	for g, queries := range takes {
		if len(queries) > 0 {
			g.begin(seal, queries)
		}
	}
	return closed, touched
}

// memberOf returns a query's place on this clock; nil: it has none.
func (c *clock) memberOf(q *query) *member {
	if c.private == nil {
		return q.member
	}
	return c.private[q]
}

// group returns the feeds that are connected with those asked for, by id: the
// order in which their locks are taken. What seals together is connected for a
// Seal, though the query that connected it may be gone.
func (c *clock) group(ask []*feed, seals bool) []*feed {
	seen, met := map[*feed]bool{}, map[*member]bool{}
	todo := slices.Clone(ask)
	var meet func(m *member)
	meet = func(m *member) {
		if met[m] {
			return
		}
		met[m] = true
		todo = append(todo, m.feeds...)
		for _, o := range m.ups {
			meet(o)
		}
		for _, o := range m.downs {
			meet(o)
		}
		if g := m.q.seals.now(); seals && g != nil {
			for _, q := range g.all() {
				if o := c.memberOf(q); o != nil {
					meet(o)
				}
			}
		}
	}
	for len(todo) > 0 {
		f := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		if seen[f] {
			continue
		}
		seen[f] = true
		for m := range f.readers {
			meet(m)
		}
	}
	group := make([]*feed, 0, len(seen))
	for f := range seen {
		group = append(group, f)
	}
	slices.SortFunc(group, func(a, b *feed) int {
		return cmp.Or(cmp.Compare(a.id, b.id), cmp.Compare(a.part, b.part))
	})
	return group
}

// closure returns the feeds that a cut closes and the queries that it touches:
// those that read them, those that read these queries' views, and so on. What
// flows into a touched query, directly or through views, and has rows, is closed
// too. The feeds' locks are held.
func closure(ask []*feed) (closed map[*feed]bool, touched map[*member]bool) {
	closed, touched = map[*feed]bool{}, map[*member]bool{}
	todo := slices.Clone(ask)
	above := map[*member]bool{}
	var flows func(m *member)
	flows = func(m *member) {
		if above[m] {
			return
		}
		above[m] = true
		for _, g := range m.feeds {
			if g.uncut > 0 {
				todo = append(todo, g)
			}
		}
		for _, up := range m.ups {
			flows(up)
		}
	}
	var touch func(m *member)
	touch = func(m *member) {
		if touched[m] {
			return
		}
		touched[m] = true
		flows(m)
		for _, d := range m.downs {
			touch(d)
		}
	}
	for len(todo) > 0 {
		f := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		if closed[f] {
			continue
		}
		closed[f] = true
		for m := range f.readers {
			touch(m)
		}
	}
	return closed, touched
}
