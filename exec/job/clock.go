package job

import (
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
	// ticket, of a query's private clock, asks whether it is time for a Seal.
	ticket func() uint64
}

// member is a query's place on a clock: the feeds that it reads there. live
// tells the node's clock from the private one of a query that catches up.
type member struct {
	q     *query
	feeds []*feed
	live  bool
}

// tickBits is the width of the counter in a tick.
const tickBits = 40

func newClock(incarnation uint64) *clock {
	return &clock{last: incarnation << tickBits}
}

// newReplayClock returns the private clock of a query that reads by itself
// before it attaches to live feeds: its ticks lie below every live tick of this
// incarnation, and only the query's own actors see them.
func newReplayClock(incarnation uint64, ticket func() uint64) *clock {
	return &clock{last: (incarnation - 1) << tickBits, ticket: ticket}
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
	if len(ask) == 0 {
		return 0
	}
	if seal == 0 && c.ticket != nil {
		seal = c.ticket()
	}
	group := c.group(ask)
	for _, f := range group {
		f.mu.Lock()
	}
	c.last++
	tick := c.last
	closed, touched := closure(ask)
	if seal != 0 {
		for m := range touched {
			m.q.expect(seal)
		}
	}
	for _, f := range group {
		f.punctLocked(tick, seal, closed[f], touched)
	}
	for _, f := range group {
		f.mu.Unlock()
	}
	for m := range touched {
		if m.live {
			m.q.touch(tick)
		}
	}
	for _, f := range group {
		f.wake()
	}
	return tick
}

// group returns the feeds that are connected with those asked for, by id: the
// order in which their locks are taken.
func (c *clock) group(ask []*feed) []*feed {
	seen := map[*feed]bool{}
	todo := slices.Clone(ask)
	for len(todo) > 0 {
		f := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		if seen[f] {
			continue
		}
		seen[f] = true
		for m := range f.readers {
			todo = append(todo, m.feeds...)
		}
	}
	group := make([]*feed, 0, len(seen))
	for f := range seen {
		group = append(group, f)
	}
	slices.SortFunc(group, func(a, b *feed) int { return int(int64(a.id) - int64(b.id)) })
	return group
}

// closure returns the feeds that a cut closes and the queries that it touches.
// The feeds' locks are held.
func closure(ask []*feed) (closed map[*feed]bool, touched map[*member]bool) {
	closed, touched = map[*feed]bool{}, map[*member]bool{}
	todo := slices.Clone(ask)
	for len(todo) > 0 {
		f := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		if closed[f] {
			continue
		}
		closed[f] = true
		for m := range f.readers {
			if touched[m] {
				continue
			}
			touched[m] = true
			for _, g := range m.feeds {
				if g.uncut > 0 {
					todo = append(todo, g)
				}
			}
		}
	}
	return closed, touched
}

// now returns the last tick handed out.
func (c *clock) now() uint64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.last
}
