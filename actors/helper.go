package actors

import (
	"fmt"
	"math"
	"runtime/debug"
	"sync/atomic"
)

// helper is a lessee in the threaded runtime: a unit of its own, which runs on
// another worker than its lessor where it can.
type helper[P any] struct {
	slot
	inbox  []lesseeMsg[P] // under mu
	lessor *actor[P]
	k      int
	owed   atomic.Int32 // messages that were sent to it and have not run
	box    LesseeBox[P] // of the turn
}

func (h *helper[P]) lend(l Lent[P], key int64) { h.send(lesseeMsg[P]{lent: l}, key) }

func (h *helper[P]) collect(c Collect, key int64) {
	h.send(lesseeMsg[P]{collect: c, asks: true}, key)
}

func (h *helper[P]) send(m lesseeMsg[P], key int64) {
	if h.lessor.rt.cfg.Virtual.carries() {
		h.carry(m, key)
		return
	}
	h.take(m, key)
}

func (h *helper[P]) carry(m lesseeMsg[P], key int64) {
	rt := h.lessor.rt
	rt.cfg.Virtual.carry(rt.timers, func() { h.take(m, key) })
}

func (h *helper[P]) take(m lesseeMsg[P], key int64) {
	h.mu.Lock()
	if h.gone.Load() {
		h.mu.Unlock()
		return
	}
	h.inbox = append(h.inbox, m)
	if !m.asks {
		h.owed.Add(1)
	}
	ok := h.wanted(key)
	h.mu.Unlock()
	if ok {
		rt := h.lessor.rt
		rt.workers.pushTo(int(h.lessor.home.Load())+1+h.k, h.rank(key, math.MinInt64), h)
	}
}

func (h *helper[P]) rank(key, now int64) Rank {
	r := h.lessor.rank(key, now)
	if r.cost > 0 { // what waits at the lessor does not wait here
		r.cost = h.lessor.load.Cost.Load()
	}
	return r
}

// turn implements unit.
func (h *helper[P]) turn(w *worker) {
	h.mu.Lock()
	if !h.enter() {
		h.mu.Unlock()
		return
	}
	h.drain()
	defer h.recovered(w)
	start := w.now
	now := start
	for {
		if h.box.Empty() {
			if h.sleep() {
				return
			}
			continue
		}
		w.until.Store(now + h.lessor.load.Cost.Load())
		h.step(w)
		end := w.tick()
		h.lessor.rt.policy().took(&h.lessor.load, end-now)
		now = end
		if now-start >= quantum || w.q.size.Load() > 0 || w.pool.virtual != nil || w.pool.closed.Load() || h.gone.Load() {
			h.again(w)
			return
		}
	}
}

func (h *helper[P]) step(w *worker) {
	r, err := h.box.Step()
	key := h.lessor.rt.policy().Send(&h.lessor.load, anything, w.now)
	if err != nil {
		h.lessor.control(w, control[P]{kind: ctlFail, key: key, err: err})
		return
	}
	if r.DidRun {
		h.owed.Add(-1)
		h.answer(w, control[P]{kind: ctlRan, key: key, ran: r.Ran})
	}
	if r.Answered {
		h.answer(w, control[P]{kind: ctlPartial, key: key, partial: r.Partial})
	}
}

func (h *helper[P]) answer(w *worker, c control[P]) {
	if w.pool.virtual.carries() {
		h.carryBack(w, c)
		return
	}
	h.lessor.control(w, c)
}

func (h *helper[P]) carryBack(w *worker, c control[P]) {
	w.pool.virtual.carry(w.pool.timers, func() { h.lessor.control(nil, c) })
}

func (h *helper[P]) recovered(w *worker) {
	r := recover()
	if r == nil {
		return
	}
	err := fmt.Errorf("lessee %d: panic: %v\n%s", h.k, r, debug.Stack())
	h.lessor.control(w, control[P]{kind: ctlFail, err: err})
	h.again(w)
}

func (h *helper[P]) again(w *worker) {
	h.mu.Lock()
	key := h.key
	h.rest(queued)
	gone := h.gone.Load()
	h.mu.Unlock()
	if !gone {
		w.pool.push(w, h.rank(key, math.MinInt64), h)
	}
}

// sleep ends the turn if nothing arrived meanwhile.
func (h *helper[P]) sleep() bool {
	h.mu.Lock()
	if len(h.inbox) > 0 {
		h.drain()
		return false
	}
	h.rest(asleep)
	h.owed.Store(0) // a copy that came twice did not run
	h.mu.Unlock()
	return true
}

// drain moves what arrived into the box; it unlocks.
func (h *helper[P]) drain() {
	in := h.inbox
	h.inbox = nil
	h.mu.Unlock()
	h.box.queue = append(h.box.queue, in...)
}
