package job

import (
	"fmt"
	"runtime/debug"
	"sync"

	"github.com/dirigo-stream/dirigo/exec"
)

// pool runs work that blocks (fsync, reads of state, outside calls) on a
// bounded number of goroutines, which end when there is nothing to do.
type pool struct {
	mu      sync.Mutex
	queue   []func()
	running int
	limit   int
	rests   sync.Cond // running is 0; not a WaitGroup: work may come while somebody waits
}

func newPool(limit int) *pool {
	p := &pool{limit: limit}
	p.rests.L = &p.mu
	return p
}

// run starts f soon; it never blocks.
func (p *pool) run(f func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.running >= p.limit {
		p.queue = append(p.queue, f)
		return
	}
	p.running++
	go p.work(f)
}

func (p *pool) work(f func()) {
	for f != nil {
		f()
		p.mu.Lock()
		f = nil
		if len(p.queue) > 0 {
			f = p.queue[0]
			p.queue[0] = nil
			p.queue = p.queue[1:]
		} else if p.running--; p.running == 0 {
			p.rests.Broadcast()
		}
		p.mu.Unlock()
	}
}

// fetch reads state. A panic is the query's, not the process's.
func fetch(r exec.Read) (err error) {
	defer rescue(&err)
	return r.Fetch()
}

// rescue makes an error of a panic.
func rescue(err *error) {
	if r := recover(); r != nil {
		*err = fmt.Errorf("panic: %v\n%s", r, debug.Stack())
	}
}

// wait waits until nothing runs.
func (p *pool) wait() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for p.running > 0 {
		p.rests.Wait()
	}
}
