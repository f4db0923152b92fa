package kafka

import (
	"fmt"
)

// startRouting finds the leaders of partitions that have none. r.mu is held.
func (r *reader) startRouting() {
	if !r.routing && !r.closed {
		r.routing = true
		go r.route()
	}
}

// route runs until every assigned partition has a leader and its fetcher.
func (r *reader) route() {
	for attempt := 0; ; attempt++ {
		r.mu.Lock()
		failures := r.failures
		r.mu.Unlock()
		if n := max(attempt, failures); n > 0 {
			if !sleep(r.ctx, backoff(n-1)) {
				return
			}
			r.src.cluster.refresh()
		}
		leaders, err := r.src.cluster.leaders(r.ctx, r.src.topic)
		if r.ctx.Err() != nil {
			return
		}
		done, turned := r.settle(leaders, err)
		if turned {
			r.wake()
		}
		if done {
			return
		}
	}
}

// settle gives partitions their leaders and says whether none is left over, and
// whether Status tells another tale now.
func (r *reader) settle(leaders map[int32]int32, err error) (done, turned bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if err != nil {
		r.failures++
		r.problem = fmt.Sprintf("topic %s: %v", r.src.topic, err)
		return false, r.turned()
	}
	left := 0
	for _, p := range r.parts {
		if p.leader >= 0 {
			continue
		}
		leader, ok := leaders[p.id]
		if !ok || leader < 0 {
			left++
			p.problem = fmt.Sprintf("topic %s partition %d: no leader", r.src.topic, p.id)
			continue
		}
		p.leader = leader
		r.problem = ""
		f := r.fetchers[leader]
		if f == nil {
			f = &fetcher{r: r, broker: leader, kicked: make(chan struct{}, 1)}
			r.fetchers[leader] = f
			go f.run()
		}
		f.interrupt()
	}
	r.routing = left > 0
	return left == 0, r.turned()
}
