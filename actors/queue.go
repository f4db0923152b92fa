package actors

import (
	"sync"
	"sync/atomic"
)

// unit is what workers run: an actor or a lessee.
type unit interface {
	turn(w *worker)
	// rank says where the unit stands at now, being as urgent as key.
	rank(key, now int64) Rank
}

// entry is something in a heap. A unit that became more urgent is entered again;
// the entry that comes out later finds it at work or asleep, and is dropped.
type entry[T any] struct {
	key  int64
	v    T
	cost int64 // ns, in the queue's laxity; 0: it does not count
}

// heap4 is a 4-ary min-heap by key: half as deep as a binary one, and the four
// children of a node lie side by side.
type heap4[T any] []entry[T]

// first returns the least key; MaxInt64: there is none.
func (h heap4[T]) first() int64 {
	if len(h) == 0 {
		return never
	}
	return h[0].key
}

func (h *heap4[T]) push(e entry[T]) {
	s := append(*h, e)
	i := len(s) - 1
	for i > 0 {
		up := (i - 1) / 4
		if s[up].key <= e.key {
			break
		}
		s[i] = s[up]
		i = up
	}
	s[i] = e
	*h = s
}

func (h *heap4[T]) pop() entry[T] {
	s := *h
	top := s[0]
	n := len(s) - 1
	last := s[n]
	s[n] = entry[T]{}
	s = s[:n]
	*h = s
	if n > 0 {
		s.sink(last)
	}
	return top
}

// sink puts e at the root's place and lets it down.
func (h heap4[T]) sink(e entry[T]) {
	i, n := 0, len(h)
	for {
		first := 4*i + 1
		if first >= n {
			break
		}
		least := first
		for j, end := first+1, min(first+4, n); j < end; j++ {
			if h[j].key < h[least].key {
				least = j
			}
		}
		if h[least].key >= e.key {
			break
		}
		h[i] = h[least]
		i = least
	}
	h[i] = e
}

// runQueue is one worker's units that wait: those that can meet their deadline
// by latest start, the others (too late, or best effort) by share. Others push
// and steal, so it has a lock; head and size are read without.
type runQueue struct {
	mu     sync.Mutex
	urgent heap4[unit]
	shared heap4[unit]
	lax    laxity       // of the urgent ones; counted while something may be lent
	floor  int64        // key of the last shared one taken
	behind int64        // ns of work of the shared ones, a message of each
	head   atomic.Int64 // key of urgent[0]; MaxInt64: empty
	least  atomic.Int64 // key of shared[0]; MaxInt64: empty
	size   atomic.Int64
	_      [64]byte // queues are neighbours; their owners are not
}

func (q *runQueue) push(r Rank, u unit) int64 {
	q.mu.Lock()
	if r.Shared {
		q.share(r, u)
	} else {
		e := entry[unit]{key: r.Key, v: u}
		if r.cost > 0 && q.lax.near(r.Key, r.now) {
			e.cost = r.cost
			q.lax.add(r.Key, e.cost, r.now)
		}
		q.urgent.push(e)
	}
	q.publish()
	n := q.size.Add(1)
	q.mu.Unlock()
	return n
}

// share queues u by what its query has used. One that was idle starts where the
// others are: what it did not use is not saved up.
func (q *runQueue) share(r Rank, u unit) {
	q.behind += r.cost
	q.shared.push(entry[unit]{key: max(r.Key, q.floor), v: u, cost: r.cost})
}

func (q *runQueue) publish() {
	if k := q.urgent.first(); k != q.head.Load() {
		q.head.Store(k)
	}
	if k := q.shared.first(); k != q.least.Load() {
		q.least.Store(k)
	}
}

// pop takes the next unit. One that can no longer meet its deadline goes to the
// shared ones: what is late anyway must not make others late. sharedFirst gives
// the shared ones their minimum.
func (q *runQueue) pop(now int64, sharedFirst bool) (u unit, shared bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	defer q.publish()
	for len(q.urgent) > 0 && q.urgent[0].key < now {
		e := q.urgent[0]
		r := e.v.rank(e.key, now)
		if !r.Shared {
			break
		}
		q.popUrgent()
		q.share(r, e.v)
	}
	if len(q.shared) > 0 && (sharedFirst || len(q.urgent) == 0) {
		q.size.Add(-1)
		e := q.shared.pop()
		q.floor = e.key
		q.behind -= e.cost
		return e.v, true
	}
	if len(q.urgent) == 0 {
		return nil, false
	}
	q.size.Add(-1)
	return q.popUrgent(), false
}

func (q *runQueue) popUrgent() unit {
	e := q.urgent.pop()
	if e.cost > 0 {
		q.lax.remove(e.key>>q.lax.width, e.cost)
	}
	return e.v
}
