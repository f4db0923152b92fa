package job

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/dirigo-stream/dirigo/actors"
	"github.com/dirigo-stream/dirigo/exec/batch"
)

// ackWithin bounds how long a graceful end waits for acks before it seals: what
// is not acked at the last Seal is sent a second time after the next start.
const ackWithin = 5 * time.Second

// Close seals what has been read so far and stops: a graceful end. ctx bounds
// how long it waits for the seal; state is safe either way.
func (e *Engine) Close(ctx context.Context) error {
	e.closing.Store(true)
	e.tables.close()
	e.epochs.stop()
	e.ddl.Lock()
	err := e.end(ctx)
	e.ddl.Unlock() // a replay about to join waits for it, and is waited for here
	e.sealing.wait()
	e.io.wait()
	if lerr := e.ledger.Close(); err == nil {
		err = lerr
	}
	return err
}

// end seals and stops everything. The caller holds ddl.
func (e *Engine) end(ctx context.Context) error {
	e.standDown()
	e.pause()
	e.settle(ctx)
	err := e.lastSeal(ctx)
	e.stopAll(e.sorted(), errClosed)
	e.scanning.Wait()
	e.rt.Close()
	e.folder.close()
	return err
}

// standDown stops the queries that have failed and still run for the others: who
// was to stop them waits for ddl, which the caller holds, and a Seal would wait for
// them.
func (e *Engine) standDown() {
	for _, q := range e.sorted() {
		if q.failure() != nil && !q.ended {
			e.takeDown(q)
		}
	}
}

// takeDown stops a query that has failed. Those below it have failed with it: what
// they sealed last is of one moment. The caller holds ddl.
func (e *Engine) takeDown(q *query) {
	leaveSeals(e.below(q)...)
	e.stop(q, q.failure()) // the same to all who ask
}

// pause ends all reading, but for what a query that is about to join the live
// readers has yet to read up to there.
func (e *Engine) pause() {
	var pumps []*pump
	e.mu.Lock()
	for _, s := range e.sources {
		if p := s.livePump(); p != nil {
			pumps = append(pumps, p)
		}
	}
	e.mu.Unlock()
	for _, r := range e.alone() {
		for _, p := range r.pumps {
			pumps = append(pumps, p)
		}
	}
	var turns sync.WaitGroup
	for _, p := range pumps {
		turns.Add(1)
		p.paused.Store(true)
		p.ref.Post(0, func(actors.Behavior[*batch.Batch], error) { turns.Done() })
	}
	turns.Wait() // no turn that read before is under way
}

// alone returns those who read by themselves and join nobody yet. The caller
// holds ddl, so that none of them joins. Half a transaction is no moment to seal.
func (e *Engine) alone() (out []*replay) {
	for _, q := range e.sorted() {
		if r := q.replay.Load(); r != nil && r.alone() && !r.half() && !slices.Contains(out, r) {
			out = append(out, r)
		}
	}
	return out
}

// settle waits, for a while, until everything that was read has passed through
// its queries and been acked.
func (e *Engine) settle(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, ackWithin)
	defer cancel()
	for _, r := range e.alone() {
		tick := r.cut(0)
		for _, q := range r.queries {
			for _, end := range q.ends {
				passed := make(chan struct{})
				end.when(tick, func() { close(passed) })
				select {
				case <-passed:
				case <-ctx.Done():
					return
				}
			}
		}
	}
	e.clock.mu.Lock()
	var ask []*feed
	for f := range e.feeds {
		ask = append(ask, f)
	}
	e.clock.cutLocked(ask, 0)
	tick := e.clock.last
	e.clock.mu.Unlock()
	_, _ = e.passedBy(ctx, tick, false) // what has not been acked by then is staged
}

// lastSeal makes one more edge and waits for its manifests.
func (e *Engine) lastSeal(ctx context.Context) error {
	for _, r := range e.alone() {
		r.cut(e.epochs.next())
	}
	e.epochs.edge()
	var wait sync.WaitGroup
	for _, q := range e.sorted() {
		wait.Add(1)
		q.seals.whenIdle(wait.Done)
	}
	done := make(chan struct{})
	go func() { wait.Wait(); close(done) }()
	for {
		select {
		case <-done:
			return nil
		case <-e.fallen:
			e.standDown()
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}
