package storage

import (
	"context"
	"fmt"
	"slices"
)

// sealing is one call of Seal (or Flush) on its way.
type sealing struct {
	epoch   uint64
	extra   []byte
	queries []QuerySeal
	flush   bool
	done    bool
	err     error
}

// Seal commits an epoch: the new blocks and manifests of the queries in one
// Write, then one root. extra is what the engine wants back from Extra and
// History. Epochs must rise from call to call. Queries that are not named keep
// what they have. Calls that come while another is under way are committed
// together. After an error nothing has changed, and the epoch may be tried
// again; should the process die instead, the epoch may turn out committed.
func (l *Ledger) Seal(ctx context.Context, epoch uint64, extra []byte, queries []QuerySeal) error {
	for _, q := range queries {
		if q.Query == 0 || q.Epoch > epoch {
			return fmt.Errorf("seal epoch %d: query %d at epoch %d: %w", epoch, q.Query, q.Epoch, errRange)
		}
		for _, b := range q.Blocks {
			if err := b.check(); err != nil {
				return fmt.Errorf("seal epoch %d: query %d: %w", epoch, q.Query, err)
			}
		}
	}
	return l.commit(ctx, &sealing{epoch: epoch, extra: slices.Clone(extra), queries: queries})
}

// commit joins the queue; whoever finds nobody committing commits for all.
func (l *Ledger) commit(ctx context.Context, s *sealing) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.queue = append(l.queue, s)
	for l.busy && !s.done {
		l.idle.Wait()
	}
	if s.done {
		return s.err
	}
	l.busy = true
	group := l.queue
	l.queue = nil
	l.commitGroup(context.WithoutCancel(ctx), group)
	l.busy = false
	l.idle.Broadcast()
	return s.err
}

// commitGroup is called with l.mu held and lets go of it while it writes.
func (l *Ledger) commitGroup(ctx context.Context, group []*sealing) {
	slices.SortStableFunc(group, func(a, b *sealing) int { return int(min(max(int64(a.epoch-b.epoch), -1), 1)) })
	p := l.newPlan()
	for _, s := range group {
		s.done = true
		if s.flush {
			continue
		}
		if s.epoch <= p.root.epoch {
			s.err = fmt.Errorf("seal epoch %d: epoch %d is committed", s.epoch, p.root.epoch)
			continue
		}
		p.seal(s)
	}
	p.replace()
	p.drop()
	if p.empty() {
		return
	}
	p.encode()
	l.mu.Unlock()
	err := p.write(ctx)
	l.mu.Lock()
	if err != nil {
		for _, s := range group {
			if s.err == nil {
				s.err = fmt.Errorf("commit epoch %d: %w", p.root.epoch, err)
			}
		}
		return
	}
	l.apply(p)
}

// apply makes a durable plan the state of the ledger.
func (l *Ledger) apply(p *plan) {
	l.seq++
	for id, q := range p.queries {
		old := l.queries[id]
		if old != nil {
			l.bury(id, died(old, q))
		}
		l.queries[id] = q
		l.changed[id] = true
		l.versions[id] = append(l.trim(l.versions[id]), version{seq: l.seq, man: q.man})
		delete(l.lost, id)
	}
	for _, id := range p.drops {
		if old := l.queries[id]; old != nil {
			l.bury(id, died(old, nil))
		}
		delete(l.queries, id)
		delete(l.changed, id)
		delete(l.lost, id)
		delete(l.versions, id)
		delete(l.dropping, id)
	}
	for id, n := range p.folds {
		if l.folded[id] = l.folded[id][n:]; len(l.folded[id]) == 0 {
			delete(l.folded, id)
		}
	}
	if l.index.at != p.root.index.at && l.index.at != (id{}) {
		l.bury(0, []string{indexName(l.index.at, "a"), indexName(l.index.at, "b")})
	}
	l.bury(0, p.vain)
	clear(l.reverted)
	l.index = p.root.index
	l.epoch = p.root.epoch
	l.edges = append(l.edges, p.root.edges...)
	if over := len(l.edges) - l.cfg.History; over > 0 {
		l.edges = slices.Clone(l.edges[over:])
	}
	l.sweepSoon()
}

// trim forgets the versions that no kept root names any more.
func (l *Ledger) trim(vs []version) []version {
	n := 0
	for n+1 < len(vs) && vs[n+1].seq+uint64(l.cfg.Retain) <= l.seq+1 {
		n++
	}
	return vs[n:]
}
