package actors

// Virtual is the time of a runtime that runs on one goroutine, by events: each
// worker has a clock of its own, the one that is furthest behind goes next, and
// behaviors say what their work takes. Queues, mailboxes, policies, lending and
// stealing are those of the threaded runtime; the same calls give the same run.
//
// A turn is one call; what it sends is seen by others when it has ended.
type Virtual struct {
	// Overhead is what a turn takes beside what behaviors Spend, ns.
	Overhead int64
	// Lend is what lending one message takes its lessor, ns.
	Lend int64
	// Carry, if not nil, says how a message between a lessor and a lessee travels:
	// after how many ns each copy of it arrives. None: it is lost.
	Carry func() []int64

	now   int64
	pool  *pool
	awake heap4[*worker]
	later heap4[func()]  // pushes, by when they are seen
	free  map[unit]int64 // when the last turn of a unit ended

	releasing bool
}

// NewVirtual returns a time that begins at now, Unix ns.
func NewVirtual(now int64) *Virtual { return &Virtual{now: now} }

// Now returns the time of the worker that runs.
func (v *Virtual) Now() int64 { return v.now }

// Spend has the running call take ns more.
func (v *Virtual) Spend(ns int64) { v.now += ns }

// begin has every worker look for work once.
func (v *Virtual) begin(p *pool) {
	v.pool, v.free = p, map[unit]int64{}
	for _, w := range p.workers {
		w.now = v.now
		w.parked.Store(true)
		p.idle = append(p.idle, w)
	}
	p.idleCount.Store(int32(len(p.idle)))
}

func (v *Virtual) rouse(w *worker) {
	if w.parked.Load() {
		w.parked.Store(false)
		v.wake(w, max(w.now, v.now))
	}
}

func (v *Virtual) wake(w *worker, at int64) {
	w.now = at
	v.awake.push(entry[*worker]{key: at, v: w})
}

func (v *Virtual) carries() bool { return v != nil && v.Carry != nil }

// carry brings a message between a lessor and a lessee.
func (v *Virtual) carry(t *timers, bring func()) {
	for _, after := range v.Carry() {
		t.at(v.now+after, bring)
	}
}

// At calls f when the time has reached at.
func (rt *Runtime[P]) At(at int64, f func()) { rt.timers.at(at, f) }

// Drive runs until nothing more happens before until; it is for a runtime in
// virtual time, and called by one goroutine at a time.
func (rt *Runtime[P]) Drive(until int64) {
	v := rt.cfg.Virtual
	for {
		timer, push, next := rt.timers.next.Load(), v.later.first(), v.awake.first()
		switch {
		case min(timer, push, next) > until:
			return
		case push <= min(timer, next):
			v.release()
		case timer <= next:
			v.now = timer
			rt.timers.run()
		default:
			v.step(v.awake.pop().v)
		}
	}
}

// step has a worker run one unit, or wait.
func (v *Virtual) step(w *worker) {
	v.now = w.now
	switch u, shared := w.pick(w.now); {
	case u != nil && v.free[u] > w.now: // it is at work elsewhere: an older entry of it
		v.wake(w, w.now)
	case u != nil:
		start := w.now
		w.runs.Add(1)
		v.now += v.Overhead
		w.now = v.now
		u.turn(w)
		w.now, v.free[u] = v.now, v.now
		w.until.Store(w.now)
		w.busy.Add(w.now - start)
		w.repay(w.now-start, shared)
		v.wake(w, w.now)
	default:
		w.parked.Store(true)
		v.pool.idle = append(v.pool.idle, w)
		v.pool.idleCount.Add(1)
	}
}

// held puts a push off until what it tells has happened: until the turn that it
// comes from, and the unit's last, have ended. It reports whether it did.
func (v *Virtual) held(u unit, push func()) bool {
	if v.releasing {
		return false
	}
	v.later.push(entry[func()]{key: max(v.now, v.free[u]), v: push})
	return true
}

// release carries out a push.
func (v *Virtual) release() {
	e := v.later.pop()
	v.now, v.releasing = e.key, true
	e.v()
	v.releasing = false
}
