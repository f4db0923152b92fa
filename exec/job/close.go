package job

import (
	"context"
	"sync"
)

// Close seals what has been read so far and stops: a graceful end. ctx bounds
// how long it waits for the seal; state is safe either way.
func (e *Engine) Close(ctx context.Context) error {
	e.closing.Store(true)
	e.epochs.stop()
	e.ddl.Lock()
	err := e.lastSeal(ctx)
	for _, q := range e.sorted() {
		e.stop(q, errClosed)
	}
	e.rt.Close()
	e.folder.close()
	e.ddl.Unlock() // a replay about to join waits for it, and is waited for here
	e.io.wait()
	if lerr := e.ledger.Close(); err == nil {
		err = lerr
	}
	return err
}

// lastSeal makes one more edge and waits for its manifests.
func (e *Engine) lastSeal(ctx context.Context) error {
	e.epochs.edge()
	var wait sync.WaitGroup
	for _, q := range e.sorted() {
		wait.Add(1)
		q.seals.whenIdle(wait.Done)
	}
	done := make(chan struct{})
	go func() { wait.Wait(); close(done) }()
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
