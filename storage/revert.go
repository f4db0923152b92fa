package storage

import "fmt"

// Revert sets a query back to its newest kept manifest of an epoch up to the
// given one, as Fallback does: for those that must stand at one moment with a
// query that fell back. ErrNotFound: none is kept, and nothing was changed.
func (l *Ledger) Revert(qid, epoch uint64) (Manifest, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for l.busy {
		l.idle.Wait()
	}
	m, err := l.manifest(qid)
	if err != nil || m.Epoch <= epoch {
		return m, err
	}
	delete(l.folded, qid)
	vs := l.trim(l.versions[qid])
	for i := len(vs) - 2; i >= 0; i-- {
		q, err := l.readVersion(qid, vs[i].man)
		if err != nil || q.epoch > epoch {
			continue
		}
		l.revert(q, vs[:i+1])
		return q.manifest(), nil
	}
	return Manifest{}, fmt.Errorf("manifest of query %d up to epoch %d: %w", qid, epoch, ErrNotFound)
}
