package job

import (
	"slices"
	"sync"

	"github.com/dirigo-stream/dirigo/actors"
	"github.com/dirigo-stream/dirigo/exec/batch"
)

// feed is the bounded ring between one shared reader and the queries that read
// its source: decoded once, with a cursor per reader instance. The fastest
// query paces the reader; one that falls out of the ring is detached and
// catches up, so that no query ever blocks another's source.
type feed struct {
	id      uint64
	part    int              // of several of one relation
	readers map[*member]bool // under the clock's lock
	keep    int64            // bytes; a query that holds more than that is detached
	refill  func()           // wakes who fills it: there may be room again

	mu      sync.Mutex
	entries []entry
	base    uint64 // sequence number of entries[0]
	total   int64  // bytes ever appended
	cursors map[*cursor]struct{}
	parties map[*query]*party // the cursors by query
	atEnd   int               // cursors that have read all
	uncut   int               // batches behind the last Punct
	flowed  bool              // since the last epoch's edge
	held    bool              // who fills it waits for room
	patient bool              // the slowest query paces it, and none is detached
	born    int64             // of the last batch
	src     feedSource
}

// feedSource is what a feed asks of the reader that fills it, under its lock. A
// view's edge has none.
type feedSource interface {
	observe(b *batch.Batch, next int64)
	apply(n *note)
	watermark() int64
	positions() []position
}

// entry is a frozen batch, a note, or (both nil) a Punct. In a view's edge a
// batch has its tick too.
type entry struct {
	b     *batch.Batch
	note  *note
	p     actors.Punct
	only  map[*query]bool // the Punct's queries; nil: all
	pos   []position      // where the source stood; with a Seal only
	bytes int64
	start int64 // bytes appended before it
}

// cursor is one reader instance's place in a feed.
type cursor struct {
	seq   uint64
	after uint64 // of a view's edge: what comes up to this tick is not for it
	lost  bool   // fell out of the ring
	wake  func()
	of    *query
}

// party is the cursors of one query: it is where its slowest one is. One that
// is catching up reads history first, and may lag more.
type party struct {
	cursors  []*cursor
	catching bool
}

func (p *party) slowest() uint64 {
	least := ^uint64(0)
	for _, c := range p.cursors {
		least = min(least, c.seq)
	}
	return least
}

// Bounds of a ring, in bytes: the fastest query may lag by so much before the
// source stops reading, the slowest before it is detached.
const (
	feedAhead = 8 << 20
	feedKeep  = 64 << 20
	// catchingKeep is how many times as much the ring keeps for a query that is
	// catching up, doubled each time that this was not enough, so that it ends.
	catchingKeep = 4
	maxRetries   = 5
)

func newFeed(id uint64, keep int64, src feedSource, refill func()) *feed {
	return &feed{
		id: id, keep: keep, src: src, refill: refill,
		readers: map[*member]bool{}, cursors: map[*cursor]struct{}{}, parties: map[*query]*party{},
	}
}

// append adds a batch, if it has rows, and moves its partition to next: both at
// once, so that a Seal's positions name exactly the rows before it.
func (f *feed) append(b *batch.Batch, next int64) {
	f.mu.Lock()
	f.src.observe(b, next)
	if b.N > 0 {
		f.addLocked(entry{b: b, bytes: b.Bytes()})
	}
	f.uncut++
	f.flowed = true
	f.born = max(f.born, b.Born)
	f.mu.Unlock()
	if b.N > 0 {
		f.wake()
	}
}

// annotate adds a note.
func (f *feed) annotate(n *note) {
	f.mu.Lock()
	f.src.apply(n)
	f.addLocked(entry{note: n, bytes: 64})
	f.uncut++
	f.flowed = true
	f.mu.Unlock()
}

func (f *feed) addLocked(e entry) {
	f.trim()
	e.start = f.total
	f.total += e.bytes
	f.entries = append(f.entries, e)
	f.atEnd = 0
	if f.total-f.entries[0].start > f.keep {
		f.dropSlowest()
	}
}

// dropSlowest marks the cursors lost of the queries that hold more than the ring
// may keep, unless it is the fastest one: that one paces who fills it. It does not
// pace a view while it catches up, before that has been in vain too often.
func (f *feed) dropSlowest() {
	if f.patient {
		return
	}
	_, fast := f.ends()
	for q, p := range f.parties {
		at, keep := p.slowest(), f.keep
		if p.catching || q.unsettled() {
			keep = f.allowed(q)
		}
		paces := at == fast && !(f.src == nil && p.catching && q.retries < maxRetries)
		if paces || f.lag(at) <= keep {
			continue
		}
		for _, c := range p.cursors {
			c.lost = true
			delete(f.cursors, c)
		}
		delete(f.parties, q)
		q.eng.detach(q) // its readers may be parked, at a sink that takes nothing
	}
	f.trim()
}

// allowed returns how many bytes the ring keeps for a query that is catching up:
// the more, the more often it has been in vain.
func (f *feed) allowed(q *query) int64 { return f.keep * catchingKeep << min(q.retries, maxRetries) }

// lag returns how many bytes lie behind a place.
func (f *feed) lag(at uint64) int64 {
	if i := int(at - f.base); i < len(f.entries) {
		return f.total - f.entries[i].start
	}
	return 0
}

// punctLocked closes the feed at tick, or passes tick on to the touched queries
// that read it. The clock's and the feed's locks are held.
func (f *feed) punctLocked(tick, seal uint64, closed bool, touched map[*member]bool) {
	e := entry{p: actors.Punct{Tick: tick, Watermark: f.src.watermark(), Seal: seal, Born: f.born}, bytes: 64}
	if closed {
		f.uncut = 0
	} else {
		e.only = map[*query]bool{}
		for m := range f.readers {
			if touched[m] {
				e.only[m.q] = true
			}
		}
		if len(e.only) == 0 {
			return
		}
	}
	if seal != 0 {
		e.pos = f.src.positions()
	}
	f.addLocked(e)
}

// wake wakes every reader.
func (f *feed) wake() {
	f.mu.Lock()
	for c := range f.cursors {
		c.wake()
	}
	f.mu.Unlock()
}

// room says whether the source may read on: the fastest query lags by less
// than feedAhead. If not, refill is called when there is room; stuck then says
// that no Punct lies before that query, which may have to wait for one.
func (f *feed) room() (room, stuck bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	at := f.pace()
	f.held = f.lag(at) >= feedAhead || len(f.cursors) == 0
	return !f.held, f.held && len(f.entries)-int(at-f.base) <= f.uncut
}

// pace returns where the query is that paces who fills the ring: the fastest of
// those that are not catching up, if there is one.
func (f *feed) pace() uint64 {
	slow, fast := f.ends()
	if f.patient {
		return slow
	}
	best, found := uint64(0), false
	for _, p := range f.parties {
		if !p.catching {
			best, found = max(best, p.slowest()), true
		}
	}
	if found {
		return best
	}
	return fast
}

// ends returns where the slowest and the fastest query are.
func (f *feed) ends() (slow, fast uint64) {
	end := f.base + uint64(len(f.entries))
	if len(f.parties) == 0 {
		return end, end
	}
	slow = end
	for _, p := range f.parties {
		at := p.slowest()
		slow, fast = min(slow, at), max(fast, at)
	}
	return slow, fast
}

// join adds a cursor of q at the end of the feed.
func (f *feed) join(q *query, wake func()) *cursor {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.joinLocked(q, wake)
}

func (f *feed) joinLocked(q *query, wake func()) *cursor {
	c := &cursor{seq: f.base + uint64(len(f.entries)), wake: wake, of: q}
	f.cursors[c] = struct{}{}
	if f.parties[q] == nil {
		f.parties[q] = &party{}
	}
	f.parties[q].cursors = append(f.parties[q].cursors, c)
	f.atEnd++
	if f.held {
		f.held = false
		f.refill()
	}
	return c
}

// leave removes a cursor.
func (f *feed) leave(c *cursor) {
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.cursors, c)
	if p := f.parties[c.of]; p != nil {
		p.cursors = slices.DeleteFunc(p.cursors, func(x *cursor) bool { return x == c })
		if len(p.cursors) == 0 {
			delete(f.parties, c.of)
		}
	}
	f.trim()
	if f.held {
		f.held = false
		f.refill()
	}
}

// next returns the entry at c and moves on. lost: c fell out of the ring.
func (f *feed) next(c *cursor) (e entry, ok, lost bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if c.lost {
		return entry{}, false, true
	}
	i := c.seq - f.base
	for i < uint64(len(f.entries)) && c.after > 0 && f.entries[i].p.Tick <= c.after {
		c.seq++
		i++
		if i == uint64(len(f.entries)) {
			f.atEnd++
		}
	}
	if i >= uint64(len(f.entries)) {
		return entry{}, false, false
	}
	e = f.entries[i]
	c.seq++
	if i+1 == uint64(len(f.entries)) {
		if f.atEnd++; f.atEnd == len(f.cursors) {
			f.trim()
		}
	}
	if f.held {
		f.held = false
		f.refill()
	}
	return e, true, false
}

// peek returns the birth of what c reads next, 0 if unknown.
func (f *feed) peek(c *cursor) int64 {
	f.mu.Lock()
	defer f.mu.Unlock()
	i := c.seq - f.base
	if c.lost || i >= uint64(len(f.entries)) {
		return 0
	}
	if e := &f.entries[i]; e.b != nil {
		return e.b.Born
	} else {
		return e.p.Born
	}
}

// trim forgets entries that every cursor has passed.
func (f *feed) trim() {
	slow, _ := f.ends()
	n := int(slow - f.base)
	if n <= 0 {
		return
	}
	clear(f.entries[:n])
	f.entries = f.entries[n:]
	f.base = slow
	if len(f.entries) == 0 {
		f.entries = nil
	}
}
