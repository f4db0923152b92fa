package job

import (
	"fmt"
	"sync"
	"sync/atomic"

	"github.com/dirigo-stream/dirigo/actors"
	"github.com/dirigo-stream/dirigo/exec/batch"
)

// place is where a reader stands, and where it goes on when the tick of a switch
// has passed. It outlives the actor's stay in memory.
//
// A source is one feed. A view is one for each of its instances, and so is the
// scan of a view; a reader takes them as an actor takes its channels: tick k of
// all before anything of k+1 of any.
type place struct {
	mu      sync.Mutex
	tracks  []*track
	keyless bool   // rows are shared out by feed, not by partition: of a view
	least   uint64 // the least tick of all tracks
	then    *place // taken at the tick at
	at      uint64
	marks   *marker      // event time as the query has read a source; in the reader's turn
	in      atomic.Int64 // rows read
	entries atomic.Int64 // batches and Puncts read
	low     atomic.Int64 // the watermark passed on
}

// track is a reader's way through one feed.
type track struct {
	feed   *feed
	cursor *cursor
	punct  actors.Punct // the last one read
}

func newPlace() *place {
	p := &place{}
	p.low.Store(batch.MinTime)
	return p
}

// begin makes the reader start in a source's feed.
func (p *place) begin(f *feed, c *cursor) { p.start(false, &track{feed: f, cursor: c}) }

// start makes the reader start.
func (p *place) start(keyless bool, tracks ...*track) {
	p.mu.Lock()
	p.tracks, p.keyless = tracks, keyless
	p.mu.Unlock()
}

// follow makes the reader go on elsewhere once it has passed tick at.
func (p *place) follow(at uint64, keyless bool, tracks ...*track) {
	p.mu.Lock()
	p.then, p.at = &place{tracks: tracks, keyless: keyless}, at
	p.mu.Unlock()
}

// step is what a reader reads next: an entry of one feed, or the Punct that all
// feeds have passed.
type step struct {
	entry
	track   int
	keyless bool
	nothing bool // there may be more
}

// next returns what the reader of q takes next. lost: it fell out of a ring.
func (p *place) next(q *query) (s step, ok, lost bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for i, t := range p.tracks {
		if t.punct.Tick != p.least {
			continue
		}
		e, ok, lost := t.feed.next(t.cursor)
		switch {
		case lost:
			return step{}, false, true
		case !ok:
			continue
		case e.b != nil || e.note != nil:
			return step{entry: e, track: i, keyless: p.keyless}, true, false
		case e.only != nil && !e.only[q]:
			return step{nothing: true}, true, false
		case e.p.Tick <= p.least && p.least > 0:
			panic(fmt.Sprintf("feed %d.%d: tick %d after %d", t.feed.id, t.feed.part, e.p.Tick, p.least))
		}
		t.punct = e.p
		if e.p, ok = p.rises(); !ok {
			return step{nothing: true}, true, false
		}
		return step{entry: e, keyless: p.keyless}, true, false
	}
	return step{}, false, false
}

// rises returns the Punct that all tracks have passed, if the least tick rises.
// A track may be further: Puncts that say nothing are merged on their way.
func (p *place) rises() (actors.Punct, bool) {
	out := p.tracks[0].punct
	for _, t := range p.tracks[1:] {
		at := t.punct
		switch {
		case at.Tick < out.Tick:
			at.Watermark = min(at.Watermark, out.Watermark)
			out = at
		case at.Tick == out.Tick:
			out.Seal, out.Born = max(out.Seal, at.Seal), max(out.Born, at.Born)
			fallthrough
		default:
			out.Watermark = min(out.Watermark, at.Watermark)
		}
	}
	if out.Tick == p.least {
		return out, false
	}
	p.least = out.Tick
	return out, true
}

// peek returns the birth of what is read next, 0 if unknown.
func (p *place) peek() int64 {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, t := range p.tracks {
		if t.punct.Tick == p.least {
			if born := t.feed.peek(t.cursor); born != 0 {
				return born
			}
		}
	}
	return 0
}

// crossed is called when the reader has passed a tick.
func (p *place) crossed(tick uint64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if n := p.then; n != nil && tick >= p.at {
		for _, t := range p.tracks {
			t.feed.leave(t.cursor)
		}
		p.tracks, p.keyless, p.least, p.then = n.tracks, n.keyless, 0, nil
	}
}

// leave takes the reader out of its feeds.
func (p *place) leave() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, t := range p.tracks {
		t.feed.leave(t.cursor)
	}
	if p.then != nil {
		for _, t := range p.then.tracks {
			t.feed.leave(t.cursor)
		}
	}
	p.tracks, p.then = nil, nil
}

// feeds returns the feeds in which the reader stands or will.
func (p *place) feeds() (out []*feed) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, t := range p.tracks {
		out = append(out, t.feed)
	}
	if p.then != nil {
		for _, t := range p.then.tracks {
			out = append(out, t.feed)
		}
	}
	return out
}
