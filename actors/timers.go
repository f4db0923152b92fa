package actors

import (
	"math"
	"sync"
	"sync/atomic"
	"time"
)

// timers is the runtime's due times in one heap behind one timer, which is armed
// only while something is in it. Workers look at it after every turn, so it
// fires on time where the runtime's own timers would come late.
type timers struct {
	clock func() int64
	next  atomic.Int64

	mu     sync.Mutex
	due    heap4[func()]
	timer  *time.Timer
	fires  int64 // of timer
	ended  bool
	driven bool // somebody looks at next: no timer
}

func newTimers(clock func() int64) *timers {
	t := &timers{clock: clock}
	t.next.Store(math.MaxInt64)
	return t
}

// at calls f, briefly and without locks, when the clock has reached at.
func (t *timers) at(at int64, f func()) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.ended {
		return
	}
	t.due.push(entry[func()]{key: at, v: f})
	if at < t.next.Load() {
		t.arm()
	}
}

func (t *timers) arm() {
	if len(t.due) == 0 || t.ended {
		t.next.Store(math.MaxInt64)
		if t.timer != nil {
			t.timer.Stop()
		}
		return
	}
	at := t.due[0].key
	t.next.Store(at)
	if t.driven {
		return
	}
	wait := max(0, time.Duration(at-t.clock()))
	if t.timer == nil {
		t.timer = time.AfterFunc(wait, t.fire)
		return
	}
	t.timer.Reset(wait)
}

func (t *timers) fire() {
	t.mu.Lock()
	t.fires++
	t.mu.Unlock()
	t.run()
}

// run calls what is due.
func (t *timers) run() {
	var calls []func()
	now := t.clock()
	t.mu.Lock()
	for len(t.due) > 0 && t.due[0].key <= now {
		calls = append(calls, t.due.pop().v)
	}
	t.arm()
	t.mu.Unlock()
	for _, f := range calls {
		f()
	}
}

func (t *timers) stop() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.ended, t.due = true, nil
	t.arm()
}
