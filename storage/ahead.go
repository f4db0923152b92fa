package storage

import (
	"context"
	"fmt"
)

// Ahead makes blocks durable before the Seal that they are for, so that who
// encodes much state need not hold all of it. It returns them without their
// bytes, to be sealed instead: until then, and after a crash, they count for
// nothing. Blocks without bytes stay as they are.
func (l *Ledger) Ahead(ctx context.Context, query uint64, blocks []NewBlock) ([]NewBlock, error) {
	for _, b := range blocks {
		if err := b.check(); err != nil {
			return nil, fmt.Errorf("blocks of query %d: %w", query, err)
		}
	}
	out := make([]NewBlock, len(blocks))
	var puts []Block
	l.mu.Lock()
	for i, b := range blocks {
		if len(b.Data) > 0 {
			l.n++
			b.stored, b.size = id{inc: l.inc, epoch: l.epoch, n: l.n}, int64(len(b.Data))
			puts = append(puts, Block{Name: b.ref().holder(query), Data: b.Data})
			b.Data = nil
		}
		out[i] = b
	}
	l.mu.Unlock()
	if err := l.store.Write(ctx, puts); err != nil {
		l.Forget(query, out) // some may be there
		return nil, fmt.Errorf("blocks of query %d: %w", query, err)
	}
	return out, nil
}

// Forget gives up blocks that were written ahead, and will not be sealed.
func (l *Ledger) Forget(query uint64, blocks []NewBlock) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if names := aheadNames(query, blocks); len(names) > 0 {
		l.graves = append(l.graves, grave{names: names})
		l.sweepSoon()
	}
}

func aheadNames(query uint64, blocks []NewBlock) (names []string) {
	for _, b := range blocks {
		if b.ahead() {
			names = append(names, b.ref().holder(query))
		}
	}
	return names
}

// ahead says whether the block has been written already.
func (b NewBlock) ahead() bool { return b.stored != (id{}) }

// ref names a block that has been written.
func (b NewBlock) ref() ref {
	return ref{
		at: b.stored, slot: -1, vertex: int32(b.Vertex), instance: int32(b.Instance),
		low: int32(b.Low), high: int32(b.High), full: b.Full, size: b.size, from: -1,
	}
}
