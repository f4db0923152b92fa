package actors

import (
	"math"
	"runtime"
	"sync"
	"sync/atomic"
)

const (
	quantum     = int64(1e6)   // ns that a unit keeps its worker at most
	yieldAfter  = quantum      // ns of work after which a worker leaves its core; that is two switches of threads
	stealGap    = int64(100e3) // ns by which another queue's head must be more urgent
	manyWorkers = 64           // a worker looks at so many others' queues at a time
	minShare    = 8            // one part in so many belongs to shared work
	shareGap    = 4 * quantum  // ns that the query of another queue's shared unit must have used less
)

// pool is the workers of a runtime: one goroutine each, with a queue of its own
// so that a message passed on stays where its data is hot. A worker without work
// steals the most urgent unit there is, or blocks; nothing spins.
type pool struct {
	clock   func() int64
	timers  *timers
	workers []*worker
	virtual *Virtual // nil: real time
	closed  atomic.Bool
	done    sync.WaitGroup
	next    atomic.Uint32 // where a push from outside goes

	idleCount atomic.Int32
	idleMu    sync.Mutex
	idle      []*worker
}

// worker runs units, one at a time.
type worker struct {
	pool   *pool
	i      int
	q      runQueue
	wake   chan struct{}
	now    int64 // the clock, read after each message and after a sleep
	owed   int64 // ns of shared work that urgent work has put off
	ran    int64 // ns since the last yield
	looked int   // where it looks for work, of many
	told   bool  // a goroutine outside was given something in this turn

	scratch any // *scratch[P], of the actor that runs

	until  atomic.Int64 // when the running call should have ended; 0: nothing runs
	parked atomic.Bool

	runs, steals, parks, busy atomic.Int64
	delay                     [DelayBuckets]atomic.Int64
}

func newPool(n int, clock func() int64, t *timers, v *Virtual) *pool {
	p := &pool{clock: clock, timers: t, virtual: v}
	for i := range n {
		w := &worker{pool: p, i: i, wake: make(chan struct{}, 1)}
		w.q.publish()
		w.q.lax.width = queueWidth
		p.workers = append(p.workers, w)
	}
	if v != nil {
		v.begin(p)
		return p
	}
	p.done.Add(n)
	for _, w := range p.workers {
		go w.loop()
	}
	return p
}

func (p *pool) stop() {
	p.closed.Store(true)
	for _, w := range p.workers {
		w.rouse()
	}
	p.done.Wait()
}

// push queues u: at w if its turn makes it ready (the worker takes it itself,
// unless more waits there), else at an idle worker, or at any.
func (p *pool) push(w *worker, r Rank, u unit) {
	if p.virtual != nil && p.heldPush(w, r, u) {
		return
	}
	if r.cost > 0 {
		r.now = p.at(w)
	}
	if w != nil {
		if w.q.push(r, u) > 1 {
			p.wakeOne()
		}
		return
	}
	if w = p.takeIdle(); w != nil {
		w.q.push(r, u)
		w.rouse()
		return
	}
	p.workers[int(p.next.Add(1))%len(p.workers)].q.push(r, u)
	p.wakeOne() // one may have gone idle meanwhile
}

// heldPush and heldPushTo are functions of their own so that a push in real time
// allocates nothing.
func (p *pool) heldPush(w *worker, r Rank, u unit) bool {
	return p.virtual.held(u, func() { p.push(w, r, u) })
}

func (p *pool) heldPushTo(i int, r Rank, u unit) bool {
	return p.virtual.held(u, func() { p.pushTo(i, r, u) })
}

// at is the time at w; nil: outside of any turn.
func (p *pool) at(w *worker) int64 {
	if w != nil {
		return w.now
	}
	return p.clock()
}

// pushTo queues u at worker i: work meant for another core.
func (p *pool) pushTo(i int, r Rank, u unit) {
	if p.virtual != nil && p.heldPushTo(i, r, u) {
		return
	}
	if r.cost > 0 {
		r.now = p.clock()
	}
	w := p.workers[i%len(p.workers)]
	w.q.push(r, u)
	if w.parked.Load() && p.leaveIdle(w) {
		w.rouse()
		return
	}
	p.wakeOne()
}

func (p *pool) wakeOne() {
	if w := p.takeIdle(); w != nil {
		w.rouse()
	}
}

// rouse ends w's sleep, or keeps it from falling asleep.
func (w *worker) rouse() {
	if v := w.pool.virtual; v != nil {
		v.rouse(w)
		return
	}
	select {
	case w.wake <- struct{}{}:
	default:
	}
}

func (p *pool) takeIdle() *worker {
	if p.idleCount.Load() == 0 {
		return nil
	}
	p.idleMu.Lock()
	defer p.idleMu.Unlock()
	n := len(p.idle)
	if n == 0 {
		return nil
	}
	w := p.idle[n-1]
	p.idle = p.idle[:n-1]
	p.idleCount.Add(-1)
	return w
}

// leaveIdle takes w out of the idle ones; false: someone is waking it.
func (p *pool) leaveIdle(w *worker) bool {
	p.idleMu.Lock()
	defer p.idleMu.Unlock()
	for i, x := range p.idle {
		if x == w {
			p.idle = append(p.idle[:i], p.idle[i+1:]...)
			p.idleCount.Add(-1)
			return true
		}
	}
	return false
}

// loop runs turns. It keeps a thread of the system's for itself: that thread is
// then seen to be busy, and those that wait for clients, disks and clocks are seen
// to sleep, so they get a core when they wake. Where a thread is now a worker and
// now waits, who wakes up stands behind the work of others for milliseconds. The
// thread outlives the loop: with it would end the processes that it has started and
// that are to end with their parent.
func (w *worker) loop() {
	defer w.pool.done.Done()
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	defer shortSlice()()
	w.now = w.pool.clock()
	for !w.pool.closed.Load() {
		u, shared := w.pick(w.now)
		if u == nil {
			w.park()
			w.now = w.pool.clock()
			continue
		}
		start := w.now
		w.runs.Add(1)
		if w.q.size.Load() > 0 {
			w.pool.wakeOne()
		}
		u.turn(w)
		w.until.Store(0)
		w.account(w.now-start, shared)
		if w.now >= w.pool.timers.next.Load() {
			w.pool.timers.run()
		}
	}
}

// tick reads the clock.
func (w *worker) tick() int64 {
	w.now = w.pool.clock()
	return w.now
}

// account keeps the shared units' minimum, and yields now and then, and to those
// who were given something: the network is polled by an idle P, or every 10 ms.
func (w *worker) account(took int64, shared bool) {
	w.busy.Add(took)
	w.repay(took, shared)
	if w.ran += took; w.ran > yieldAfter || w.told && w.q.size.Load() > 0 {
		w.ran = 0
		runtime.Gosched() // who was given something runs next, here
	}
	w.told = false
}

// repay keeps account of what shared units are owed.
func (w *worker) repay(took int64, shared bool) {
	if shared {
		w.owed = max(w.owed-took, -quantum)
	} else {
		w.owed = min(w.owed+took/minShare, quantum)
	}
}

// pick takes the next unit: its own most urgent, or that of another worker if
// that one is more urgent by far; where nothing is urgent, or shared units are
// owed time, one of those.
func (w *worker) pick(now int64) (unit, bool) {
	if w.owed > 0 {
		if u, shared := w.pickShared(now); u != nil {
			return u, shared
		}
		w.owed = 0 // there is none
	}
	own := w.q.head.Load()
	here := w.q.size.Load() > 0
	if v := w.victim(own, here); v != nil {
		if u, shared := v.q.pop(now, false); u != nil {
			w.steals.Add(1)
			return u, shared
		}
	}
	if here && own == never {
		if u, shared := w.pickShared(now); u != nil {
			return u, shared
		}
	}
	if !here {
		return nil, false
	}
	return w.q.pop(now, false)
}

// pickShared takes a shared unit of the query that has used least: one of its own,
// unless another worker has one whose query is far behind.
func (w *worker) pickShared(now int64) (unit, bool) {
	from, least := w, w.q.least.Load()
	if least != never {
		least -= shareGap
	}
	for _, v := range w.neighbours() {
		if k := v.q.least.Load(); k < least {
			from, least = v, k
		}
	}
	if least == never {
		return nil, false
	}
	if from != w {
		w.steals.Add(1)
	}
	return from.q.pop(now, true)
}

// neighbours are the workers in whose queues this one looks: of many some, others
// each time.
func (w *worker) neighbours() []*worker {
	all := w.pool.workers
	if len(all) <= manyWorkers {
		return all
	}
	w.looked = (w.looked + manyWorkers) % len(all)
	return all[w.looked:min(w.looked+manyWorkers, len(all))]
}

func (w *worker) victim(own int64, here bool) (best *worker) {
	if here && own != math.MaxInt64 {
		own -= stealGap
	}
	for _, v := range w.neighbours() {
		if v == w {
			continue
		}
		if h := v.q.head.Load(); h < own {
			best, own = v, h
		} else if best == nil && !here && v.q.size.Load() > 0 {
			best = v
		}
	}
	return best
}

// park blocks until there is work. It is announced first and looks again then,
// so that no push is missed.
func (w *worker) park() {
	p := w.pool
	w.parked.Store(true)
	defer w.parked.Store(false)
	p.idleMu.Lock()
	p.idle = append(p.idle, w)
	p.idleCount.Add(1)
	p.idleMu.Unlock()
	for _, v := range p.workers {
		if v.q.size.Load() > 0 && p.leaveIdle(w) {
			return
		}
	}
	if p.closed.Load() {
		return
	}
	w.parks.Add(1)
	<-w.wake
}

// before reports whether something more urgent than key waits at w.
func (w *worker) before(key int64, shared bool) bool {
	h := w.q.head.Load()
	return h != math.MaxInt64 && (shared || h < key)
}
