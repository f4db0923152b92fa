package job

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"sync"
	"sync/atomic"
	"time"

	"github.com/dirigo-stream/dirigo/storage"
)

// epochs numbers the node's Seals and commits the manifests that are complete.
// An epoch's edge is one cut of all feeds that flowed since the last, by one
// timer that the first row arms: an idle node has none.
type epochs struct {
	eng *Engine

	mu     sync.Mutex
	number uint64 // the last epoch handed out
	armed  bool
	timer  *time.Timer

	spread atomic.Int64 // see phases
	edges  atomic.Int64
	took   atomic.Int64 // groups that took a Seal of the edge under way

	commitMu sync.Mutex
	waiting  []*commit
	busy     bool
	showing  atomic.Bool // offsets are being committed outside

	moved map[uint64][]position // of sources, since offsets were committed; under commitMu
}

// phases returns how many edges an epoch has, each for a part of the feeds: a
// thousand queries that sealed all at once would stand before whatever comes
// meanwhile. Each feed still has one in every epoch.
func (e *epochs) phases() int64 { return max(1, e.spread.Load()) }

const (
	// sealsAtOnce is how many groups are to seal at one edge.
	sealsAtOnce = 128
	mostPhases  = 8
)

// respread chooses the number of phases by how many groups have sealed.
func (e *epochs) respread(feeds int) {
	k, took := e.phases(), e.took.Load()
	switch {
	case took > sealsAtOnce && feeds > 1 && k < mostPhases:
		e.spread.Store(2 * k)
	case took < sealsAtOnce/4 && k > 1:
		e.spread.Store(k / 2)
	}
}

// commit is manifests of one Seal of one group, which wait for a root: all of
// them become durable with it, or none.
type commit struct {
	seals []storage.QuerySeal
	then  func(error) // short: it is called between two roots
}

// next hands out a number.
func (e *epochs) next() uint64 {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.number++
	return e.number
}

// arm makes sure that an edge comes.
func (e *epochs) arm() {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.armed || e.eng.closing.Load() {
		return
	}
	e.armed = true
	if e.timer == nil {
		e.timer = time.AfterFunc(e.eng.cfg.Epoch, e.fire)
		return
	}
	e.timer.Reset(e.eng.cfg.Epoch / time.Duration(e.phases()))
}

// fire makes an edge.
func (e *epochs) fire() {
	e.mu.Lock()
	e.armed = false
	e.mu.Unlock()
	e.edgeOf(e.edges.Add(1), e.phases())
}

// edge makes an edge of all feeds that flowed since their last one. It returns
// the tick, 0 if nothing flowed.
func (e *epochs) edge() uint64 { return e.edgeOf(0, 1) }

// edgeOf cuts those feeds that flowed since their last edge whose turn it is in
// so many phases. A feed below which a group takes no Seal now counts as flowing
// still, whether more comes or not: else its last rows would not be sealed until
// then, not even at the end.
func (e *epochs) edgeOf(turn, phases int64) uint64 {
	c := e.eng.clock
	c.mu.Lock()
	defer c.mu.Unlock()
	var ask []*feed
	waits := false
	e.took.Store(0)
	for f := range e.eng.feeds {
		f.mu.Lock()
		switch {
		case !f.flowed:
		case (int64(f.id)+turn)%phases != 0:
			waits = true
		case f.sealable(e.eng):
			ask = append(ask, f)
			f.flowed = false
		default:
			waits = true
		}
		f.mu.Unlock()
	}
	tick := uint64(0)
	if len(ask) > 0 {
		n := e.next()
		tick = c.cutLocked(ask, n)
		e.noteEdge(n, tick, ask)
		e.respread(len(ask))
	}
	for _, f := range ask {
		f.mu.Lock()
		if f.unsealed() {
			f.flowed, waits = true, true
		}
		f.mu.Unlock()
	}
	if waits {
		e.arm()
	}
	return tick
}

// sealable says whether one of those that read the feed would take a Seal now,
// or nobody would ever. The lock of the clock is held.
func (f *feed) sealable(e *Engine) bool {
	waits := false
	for m := range f.readers {
		switch g := m.q.seals.now(); {
		case g == nil || !m.q.seals.dirty.Load():
		case g.due(e):
			return true
		default:
			waits = true
		}
	}
	return !waits
}

// unsealed says whether one of those that read the feed has changes that no Seal
// has taken. The lock of the clock is held.
func (f *feed) unsealed() bool {
	for m := range f.readers {
		if m.q.seals.dirty.Load() && m.q.seals.now() != nil {
			return true
		}
	}
	return false
}

// stop disarms the timer for good.
func (e *epochs) stop() {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.timer != nil {
		e.timer.Stop()
	}
}

// rootExtra is what a root says beside manifests: the last edge, and where the
// live sources stood there that had flowed.
type rootExtra struct {
	Epoch   uint64                `json:"epoch"`
	Tick    uint64                `json:"tick"`
	Sources map[uint64][]position `json:"sources,omitempty"`
}

// commit makes manifests durable with the next root: those that are ready
// while another root is written share one.
func (e *epochs) commit(seals []storage.QuerySeal) error {
	done := make(chan error, 1)
	e.commitThen(seals, func(err error) { done <- err })
	return <-done
}

// commitThen is commit that does not wait: of a thousand queries that seal at
// once as many share a root as have been encoded, not as many as goroutines may
// wait for it. It writes roots itself while nobody else does.
func (e *epochs) commitThen(seals []storage.QuerySeal, then func(error)) {
	e.commitMu.Lock()
	e.waiting = append(e.waiting, &commit{seals, then})
	lead := !e.busy
	e.busy = true
	e.commitMu.Unlock()
	if lead {
		e.writeRoots()
	}
}

// writeRoots writes roots until nothing waits for one.
func (e *epochs) writeRoots() {
	for {
		e.commitMu.Lock()
		group := e.waiting
		e.waiting = nil
		if len(group) == 0 {
			e.busy = false
			e.commitMu.Unlock()
			return
		}
		e.commitMu.Unlock()
		err := e.writeRoot(group)
		for _, c := range group {
			c.then(err)
		}
	}
}

func (e *epochs) writeRoot(group []*commit) error {
	ctx := context.Background()
	// Rejected rows first: a root counts their records as read.
	if err := e.eng.rejects.flush(ctx); err != nil {
		return err
	}
	at := e.eng.lastEdge.Load()
	if at == nil {
		at = &rootExtra{}
	}
	extra, err := json.Marshal(at)
	if err != nil {
		return fmt.Errorf("root: %w", err)
	}
	seals := make([]storage.QuerySeal, 0, len(group))
	for _, c := range group {
		seals = append(seals, c.seals...)
	}
	root := e.next()
	if err := e.eng.ledger.Seal(ctx, root, extra, seals); err != nil {
		return err
	}
	e.eng.cfg.Logger.Debug("sealed", "epoch", root, "queries", len(seals), "at", time.Now().UnixNano())
	e.eng.folder.wake()
	e.eng.urgeAgain(seals)
	e.eng.tables.sealed()
	if e.showing.CompareAndSwap(false, true) {
		e.commitMu.Lock()
		moved := e.moved
		e.moved = nil
		e.commitMu.Unlock()
		e.eng.io.run(func() {
			defer e.showing.Store(false)
			e.eng.commitOffsets(moved)
		})
	}
	return nil
}

// noteEdge keeps where the feeds stand at their edge. The clock's lock is held.
func (e *epochs) noteEdge(epoch, tick uint64, feeds []*feed) {
	x := &rootExtra{Epoch: epoch, Tick: tick, Sources: map[uint64][]position{}}
	for _, f := range feeds {
		f.mu.Lock()
		x.Sources[f.id] = f.src.positions()
		f.mu.Unlock()
	}
	e.eng.lastEdge.Store(x)
	e.commitMu.Lock()
	defer e.commitMu.Unlock()
	if e.moved == nil {
		e.moved = map[uint64][]position{}
	}
	maps.Copy(e.moved, x.Sources)
}
