package job

import (
	"slices"

	"github.com/dirigo-stream/dirigo/actors"
)

// A view that other queries read has an edge at each of its instances: a feed
// with the consolidated changes of each tick and the tick's Punct behind them.
// A consumer's reader instance has a cursor in every one of them. The edge is
// there only while somebody reads it.
//
// Everything is appended under the instance's lock: by its turn, when a tick has
// been applied, and by cuts that touch a consumer but not the view.

// injection is a Punct for a consumer that a cut touches while it does not
// touch the view: it waits until the view's touched ticks below have passed.
type injection struct {
	tick, seal uint64
	to         *query
}

// edgeAhead is how many bytes the fastest consumer of a view may lag behind,
// before the view's instance waits for it.
const edgeAhead = 8 << 20

// consume makes a cursor of a consumer that gets what comes after a tick. The
// lock of a clock on which nothing is cut meanwhile is held.
func (p *viewPart) consume(q *query, wake func(), after uint64, catching, patient bool) (*feed, *cursor) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.edge == nil {
		p.edge = newFeed(p.q.def.ID, p.q.eng.cfg.feedKeep(), nil, p.refill)
		p.edge.part = p.home.index
	}
	f := p.edge
	f.mu.Lock()
	defer f.mu.Unlock()
	c := f.joinLocked(q, wake)
	c.after = after
	f.parties[q].catching = catching
	f.patient = patient
	return f, c
}

// release forgets a consumer whose cursors have left.
func (p *viewPart) release(q *query) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.pending = slices.DeleteFunc(p.pending, func(x injection) bool { return x.to == q })
	if p.edge == nil {
		return
	}
	p.edge.mu.Lock()
	unread := len(p.edge.parties) == 0
	p.edge.mu.Unlock()
	if unread {
		p.edge = nil
		p.refill()
	}
}

// settled makes q one reader of the feed like any other: from here on the fastest
// one paces it.
func (f *feed) settled(q *query) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.patient = false
	if party := f.parties[q]; party != nil {
		party.catching = false
	}
	if f.held {
		f.held = false
		f.refill()
	}
}

// inject brings the Punct of a cut that does not touch the view to one of its
// consumers, with the view's last watermark: at once, if none of the view's
// touched ticks below is still to come here, else when they have passed.
func (p *viewPart) inject(tick, seal uint64, to *query) {
	p.mu.Lock()
	defer p.mu.Unlock()
	x := injection{tick, seal, to}
	if p.q.touchedIn(p.done, tick) {
		at := len(p.pending)
		for at > 0 && p.pending[at-1].tick > tick {
			at--
		}
		p.pending = slices.Insert(p.pending, at, x)
		return
	}
	p.bring(x)
}

func (p *viewPart) bring(x injection) {
	if p.edge == nil {
		return
	}
	p.edge.extend(entry{
		p:    actors.Punct{Tick: x.tick, Watermark: p.low, Seal: x.seal},
		only: map[*query]bool{x.to: true}, bytes: 64,
	})
}

// bringWhile brings the waiting Puncts for which now is true.
func (p *viewPart) bringWhile(now func(x injection) bool) {
	for len(p.pending) > 0 && now(p.pending[0]) {
		p.bring(p.pending[0])
		p.pending = p.pending[1:]
	}
	if len(p.pending) == 0 {
		p.pending = nil
	}
}

// give appends what the tick has changed to the edge, and its Punct. Puncts of
// earlier ticks that waited go before: the ticks between may have been merged
// into this one.
func (p *viewPart) give(f actors.Punct) {
	p.bringWhile(func(x injection) bool { return x.tick < f.Tick })
	p.low = f.Watermark
	if p.edge == nil {
		return
	}
	es := make([]entry, 0, len(p.changes)+1)
	for _, b := range p.changes {
		es = append(es, entry{b: b, p: actors.Punct{Tick: f.Tick}, bytes: b.Bytes()})
	}
	p.edge.extend(append(es, entry{p: f, bytes: 64})...)
}

// extend appends entries that need nobody's account, and wakes the readers.
func (f *feed) extend(es ...entry) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, e := range es {
		f.addLocked(e)
		end := f.base + uint64(len(f.entries))
		for c := range f.cursors {
			if c.seq+1 == end && e.p.Tick <= c.after { // it holds nothing that it does not want
				c.seq++
			}
		}
	}
	for c := range f.cursors {
		c.wake()
	}
}

// wait parks the instance while its consumers lag too far behind.
func (p *viewPart) wait() func(ready func()) {
	p.mu.Lock()
	edge := p.edge
	p.mu.Unlock()
	if edge == nil || edge.roomy() {
		return nil
	}
	return func(ready func()) {
		p.ready.Store(&ready)
		if edge.roomy() {
			p.refill()
		}
	}
}

// refill lets the instance go on.
func (p *viewPart) refill() {
	if f := p.ready.Swap(nil); f != nil {
		(*f)()
	}
}

// roomy says whether a view may go on; if not, refill is called when it may. A
// consumer that is catching up does not hold it, until the ring is as full as it
// may ever be.
func (f *feed) roomy() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.parties) == 0 {
		return true
	}
	bound := int64(edgeAhead)
	if !f.patient {
		for q, p := range f.parties {
			if !p.catching {
				bound = edgeAhead
				break
			}
			bound = max(bound, 2*f.allowed(q)) // above that it is dropped, or paces
		}
	}
	f.held = f.lag(f.pace()) >= bound
	return !f.held
}
