package actors

import (
	"sync"
	"sync/atomic"
)

// Lending decides, for each data message admitted at a lendable actor, whether
// it is lent and to which lessee. Lend is called in the lessor's turn.
type Lending interface {
	Lend(o *Offer) (lessee int, lend bool)
}

// Offer is a message that may be lent, and what is known at that moment.
type Offer struct {
	Lessor Name
	Load   *Load
	Meta   Meta
	N      int   // lessees: 0 to N-1
	Now    int64 // Unix ns
	Start  int64 // latest start, Unix ns
	Cost   int64 // ns, of the message at the lessor
	Price  int64 // ns, what the lessor has to do if the message is lent: its share of a round, and of absorbing the partial
	Trip   int64 // ns from asking a lessee to having its partial
	Busy   int64 // ns that pass before the lessor can run any message: due work waits there for its round
	Ahead  int64 // ns of work that comes here for the same window, with this message and behind it; 0: it waits for none
	Slack  int64 // ns that what waits behind the message has to spare if it runs here; negative: some will be late
	Round  []any // what the Rounders made for the open round; nil: none is open

	peers   peers
	refused bool
	draws   *uint64
}

// peers is what an Offer asks of other workers.
type peers interface {
	// accepts applies the lending test at the worker of lessee k.
	accepts(k int, start, cost, now int64) bool
	// waits returns the ns of work that wait there.
	waits(k int) int64
}

// Here is the lending test at the lessor: the message starts in time, and what
// waits behind it still does; of rows that wait for a window, all that will come
// until it fires can be done in time. What waits at the same worker for other actors is
// not asked: an idle worker takes it over as it is, at no price.
func (o *Offer) Here() bool { return o.Now+o.Busy+o.Ahead <= o.Start && o.Slack >= 0 }

// Pays reports whether the lessor has less to do if the message is lent.
func (o *Offer) Pays() bool { return o.Price < o.Cost }

// Accepts is the same test at the worker of lessee k: the message starts there in
// time to be merged, and the worker's own work still does. A message that is late
// anyway is only taken by a worker that has nothing else to do: where every
// worker is late, lending would only add merges.
func (o *Offer) Accepts(k int) bool {
	start := o.Start
	if start >= o.Now {
		start -= o.Trip
	}
	ok := o.peers.accepts(k, start, o.Cost, o.Now)
	o.refused = o.refused || !ok
	return ok
}

// Waits returns the ns of work with a deadline that wait at the worker of lessee k.
func (o *Offer) Waits(k int) int64 { return o.peers.waits(k) }

// Draw returns a number below n by chance; the same run draws the same ones.
func (o *Offer) Draw(n int) int {
	*o.draws++
	return int((mix(*o.draws^uint64(o.Lessor.Job)<<32^uint64(o.Lessor.Instance)<<16) >> 32) % uint64(n))
}

// Reject offers what cannot run here in time to one other worker, which accepts
// by the same test; if it refuses, the message runs here.
type Reject struct{}

// Lend implements Lending.
func (Reject) Lend(o *Offer) (int, bool) {
	if o.Here() || !o.Pays() {
		return 0, false
	}
	k := o.Draw(o.N)
	return k, o.Accepts(k)
}

// Direct probes two workers at random, and takes the one that passes the test; of
// two the one with less to do.
type Direct struct{}

// Lend implements Lending.
func (Direct) Lend(o *Offer) (int, bool) {
	if o.Here() || !o.Pays() {
		return 0, false
	}
	a := o.Draw(o.N)
	b := a
	if o.N > 1 {
		b = (a + 1 + o.Draw(o.N-1)) % o.N
	}
	switch x, y := o.Accepts(a), a != b && o.Accepts(b); {
	case x && y && o.Waits(b) < o.Waits(a):
		return b, true
	case x:
		return a, true
	default:
		return b, y
	}
}

// LendAll lends every message, to the lessees in turn.
type LendAll struct{ n atomic.Uint64 }

// Lend implements Lending.
func (l *LendAll) Lend(o *Offer) (int, bool) {
	return int(l.n.Add(1) % uint64(o.N)), true
}

// SeededLending lends a share (0 to 1) of the messages, each to a lessee drawn
// from seed, the actor's name and how many messages it has been asked about: so
// that one actor's decisions do not depend on the others' speed.
func SeededLending(seed uint64, share float64) Lending {
	return &seededLending{seed: seed, below: uint64(share * (1 << 32))}
}

type seededLending struct {
	seed, below uint64
	asked       sync.Map // Name → *atomic.Uint64
}

func (l *seededLending) Lend(o *Offer) (int, bool) {
	a := o.Lessor
	c, ok := l.asked.Load(a)
	if !ok {
		c, _ = l.asked.LoadOrStore(a, new(atomic.Uint64))
	}
	h := l.seed ^ a.Job*0x9e3779b97f4a7c15 ^ uint64(a.Vertex)<<40 ^ uint64(a.Instance)<<20
	x := mix(mix(h) + c.(*atomic.Uint64).Add(1))
	return int((x >> 32) % uint64(o.N)), x&(1<<32-1) < l.below
}

// mix is the finaliser of splitmix64.
func mix(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}
