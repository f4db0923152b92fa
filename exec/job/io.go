package job

import "sync"

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

// wait waits until nothing runs.
func (p *pool) wait() { p.wg.Wait() }
