package job

import (
	"context"
	"errors"
	"fmt"

	"github.com/dirigo-stream/dirigo/storage"
)

// blockError says which block of a query's sealed state cannot be read.
type blockError struct {
	block string
	err   error
}

func (e *blockError) Error() string { return e.err.Error() }
func (e *blockError) Unwrap() error { return e.err }

var errSetBack = fmt.Errorf("part of the query's state is damaged, and it goes on from an older checkpoint: %w", errDetached)

// readBlock reads sealed state. Where a block is damaged or missing the query
// is set back to a checkpoint that does not need it.
func (q *query) readBlock(name string) ([]byte, error) {
	data, err := q.eng.ledger.Read(name)
	if err == nil {
		return data, nil
	}
	var damaged *storage.DamagedError
	if !errors.As(err, &damaged) && !errors.Is(err, storage.ErrNotFound) {
		return nil, err // the disk may answer next time
	}
	bad := &blockError{name, err}
	go q.eng.setBack(q, bad)
	return nil, bad
}

// setBack restarts a query from its newest manifest without the damaged block,
// and those that seal together with it from theirs of that moment; where there
// is none, the query stops and says so.
func (e *Engine) setBack(q *query, bad *blockError) {
	e.ddl.Lock()
	defer e.ddl.Unlock()
	if e.query(q.def.ID) != q || e.closing.Load() {
		return
	}
	e.cfg.Logger.Error("state is damaged", "query", q.def.Name, "block", bad.block, "err", bad.err)
	group := e.groupOf(q)
	e.stopAll(group, errSetBack)
	m, err := e.ledger.Fallback(q.def.ID, bad.block, bad.err)
	if err != nil {
		e.cfg.Logger.Error("query failed", "query", q.def.Name, "err", err)
		reason := fmt.Errorf("block %s is damaged, and no older checkpoint is whole: %w", bad.block, err)
		q.mu.Lock()
		q.failed, q.state, q.reason = stopped(reason), stateFailed, reason.Error()
		q.mu.Unlock()
		e.restart(group)
		return
	}
	e.cfg.Logger.Warn("query goes on from an older checkpoint", "query", q.def.Name, "epoch", m.Epoch)
	for _, o := range group {
		if o == q {
			continue
		}
		_, err := e.ledger.Revert(o.def.ID, m.Epoch)
		if errors.Is(err, storage.ErrNotFound) {
			err = e.reset(context.Background(), o)
		}
		if err != nil {
			e.cfg.Logger.Error("query failed", "query", o.def.Name, "err", err)
		}
	}
	e.restart(group)
}
