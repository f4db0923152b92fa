package actors

// item is a message in a channel: data, or a Punct.
type item[P any] struct {
	p       P
	said    [4]int64 // a Meta, or a Punct
	key     int64    // smaller is more urgent; right where a run begins and ends
	stamp   int64    // for the driver
	span    int64    // where it counts in what waits
	cost    int32    // ns; 0: it does not count
	run     int32    // where a run begins and ends: how many items it has
	isPunct bool
	mark    Mark
}

func (it *item[P]) setMeta(m Meta) {
	it.said = [4]int64{int64(m.Rows), m.Bytes, m.Time, m.Born}
}

func (it *item[P]) meta() Meta {
	return Meta{Rows: int(it.said[0]), Bytes: it.said[1], Time: it.said[2], Born: it.said[3]}
}

func (it *item[P]) setPunct(p Punct) {
	it.said = [4]int64{int64(p.Tick), p.Watermark, int64(p.Seal), p.Born}
}

func (it *item[P]) punct() Punct {
	return Punct{Tick: uint64(it.said[0]), Watermark: it.said[1], Seal: uint64(it.said[2]), Born: it.said[3]}
}

// Mark says what a Punct says, beyond its tick: two merge only if neither says
// anything, for any other merge moves rows to a later tick at one instance only.
type Mark uint8

// The bits of a Mark.
const (
	ClosesRows Mark = 1 << iota // rows were sent since the last Punct
	Moves                       // the watermark moved
	Seals
)

// inChan is the receiving side of a channel.
type inChan[P any] struct {
	q     []item[P]
	head  int
	port  int
	tick  uint64 // of the last Punct taken
	wm    int64
	seal  uint64
	born  int64
	cap   int64
	used  int64 // bytes received and not returned
	unrun int64 // bytes lent that have not run
}

// OpenIn sets the credit of input channel ch, in bytes.
func (mb *Mailbox[P]) OpenIn(ch int, credit int64) { mb.ins[ch].cap = credit }

// Deliver takes a data message from channel ch. Of several messages that may be
// taken the one with the smallest key is.
func (mb *Mailbox[P]) Deliver(ch int, p P, m Meta, key, stamp int64) {
	c := &mb.ins[ch]
	c.used += charge(m)
	it := item[P]{p: p, key: key, stamp: stamp}
	it.setMeta(m)
	c.add(&it)
}

// Reach has the work that waits counted by latest start, over so many ns; 0: no
// more. A driver whose lending asks for Slack does so.
func (mb *Mailbox[P]) Reach(reach int64) {
	l := mb.lend
	switch {
	case l == nil || l.lax.n > 0:
	case reach == 0:
		l.lax = laxity{}
	case l.lax.width != widthFor(reach):
		l.lax = laxity{width: widthFor(reach)}
	}
}

// DeliverDue is Deliver with what Slack must know: when the message must start,
// and what it costs (ns).
func (mb *Mailbox[P]) DeliverDue(ch int, p P, m Meta, key, stamp, start, cost int64) {
	mb.Deliver(ch, p, m, key, stamp)
	if mb.lend == nil || mb.lend.lax.width == 0 {
		return
	}
	c := &mb.ins[ch]
	it := &c.q[len(c.q)-1]
	it.cost = int32(min(max(cost, 1), 1<<30))
	it.span = mb.lend.lax.add(start, int64(it.cost), stamp)
}

// Slack returns how long, in ns, all that waits here can be put off if a message
// of cost runs first; MaxInt64: nothing waits, or nobody counts.
func (mb *Mailbox[P]) Slack(cost, now int64) int64 {
	if mb.lend == nil {
		return never
	}
	return mb.lend.lax.slack(cost, now, true)
}

// Work returns the ns of work that wait here, where they are counted.
func (mb *Mailbox[P]) Work() int64 {
	if mb.lend == nil {
		return 0
	}
	return mb.lend.lax.total
}

// uncount takes an item out of what waits.
func (mb *Mailbox[P]) uncount(it *item[P]) {
	if it.cost != 0 {
		mb.lend.lax.remove(it.span, int64(it.cost))
		it.cost = 0
	}
}

// recount counts an item again that was not taken.
func (mb *Mailbox[P]) recount(it *item[P], cost int32, now int64) {
	if cost != 0 {
		lax := &mb.lend.lax
		it.cost = cost
		it.span = lax.add(it.span<<lax.width, int64(cost), now)
	}
}

// add puts an item at the end, and makes what stands before it at least as urgent.
// So keys never fall towards the end: items of one key are a run, and what an
// urgent item absorbs is runs, each of them once.
func (c *inChan[P]) add(it *item[P]) {
	c.q = append(c.q, *it)
	last := len(c.q) - 1
	before := last - 1
	for before >= c.head && c.q[before].key > it.key {
		before -= int(c.q[before].run)
	}
	n := int32(last - before)
	c.q[last].run = n
	first := &c.q[before+1]
	first.key, first.run = it.key, n
}

// DeliverPunct takes a Punct from channel ch, with its sender's mark.
func (mb *Mailbox[P]) DeliverPunct(ch int, p Punct, mark Mark, key, stamp int64) {
	c := &mb.ins[ch]
	if n := len(c.q); n > c.head && c.q[n-1].isPunct && mb.mergeable(&c.q[n-1], p, mark) {
		last := &c.q[n-1]
		was := last.punct()
		p.Born = max(p.Born, was.Born)
		if p.Seal == 0 {
			p.Seal = was.Seal
		}
		last.setPunct(p)
		last.mark |= mark
		return
	}
	it := item[P]{mark: mark, key: key, stamp: stamp, isPunct: true}
	it.setPunct(p)
	c.add(&it)
}

func (mb *Mailbox[P]) mergeable(last *item[P], p Punct, mark Mark) bool {
	either := mark | last.mark
	switch {
	case mb.faults.MergeAll:
		return true
	case mb.faults.MergeOne:
		return last.mark == 0
	case mb.faults.MergeMoves:
		return either&^Moves == 0
	case mb.faults.MergeSeal:
		return either&^Seals == 0
	}
	return either == 0
}

func (c *inChan[P]) empty() bool { return c.head == len(c.q) }

func (c *inChan[P]) first() *item[P] { return &c.q[c.head] }

// drop removes the first item. The array is kept for the next ones, unless a
// burst made it large.
func (c *inChan[P]) drop() {
	if it := &c.q[c.head]; it.run > 1 {
		n := it.run - 1
		c.q[c.head+int(n)].run = n
		next := &c.q[c.head+1]
		next.key, next.run = it.key, n
	}
	c.q[c.head] = item[P]{}
	c.head++
	switch {
	case c.head == len(c.q) && cap(c.q) > 256:
		c.q, c.head = nil, 0
	case c.head == len(c.q):
		c.q, c.head = c.q[:0], 0
	case c.head >= 64 && c.head*2 >= len(c.q):
		n := copy(c.q, c.q[c.head:])
		clear(c.q[n:])
		c.q, c.head = c.q[:n], 0
	}
}

// take applies the Punct at the head of channel ch.
func (mb *Mailbox[P]) takePunct(c *inChan[P]) {
	p := c.first().punct()
	c.drop()
	c.tick, c.wm, c.seal, c.born = p.Tick, p.Watermark, p.Seal, p.Born
	mb.inTick = mb.leastTick()
}

func (mb *Mailbox[P]) leastTick() uint64 {
	if mb.faults.FirstInput {
		return mb.mostTick()
	}
	t := ^uint64(0)
	for i := range mb.ins {
		t = min(t, mb.ins[i].tick)
	}
	return t
}

// choose returns the channel to take from: one that is not ahead of the others
// (every actor takes tick k before k+1, whatever it computes), with the most
// urgent first item; -1: none.
func (mb *Mailbox[P]) choose() int {
	best, key := -1, int64(0)
	for i := range mb.ins {
		c := &mb.ins[i]
		if c.empty() || c.tick != mb.inTick && !mb.faults.RunAhead {
			continue
		}
		if k := c.first().key; best < 0 || k < key {
			best, key = i, k
		}
	}
	return best
}
