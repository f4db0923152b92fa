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
	wg      sync.WaitGroup
}

func newPool(limit int) *pool { return &pool{limit: limit} }

// run starts f soon; it never blocks.
func (p *pool) run(f func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.running >= p.limit {
		p.queue = append(p.queue, f)
		return
	}
	p.running++
	p.wg.Add(1)
	go p.work(f)
}

func (p *pool) work(f func()) {
	defer p.wg.Done()
	for f != nil {
		f()
		p.mu.Lock()
		f = nil
		if len(p.queue) > 0 {
			f = p.queue[0]
			p.queue[0] = nil
			p.queue = p.queue[1:]
		} else {
			p.running--
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
func (p *pool) wait() { p.wg.Wait() }
