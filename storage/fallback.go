package storage

import (
	"errors"
	"fmt"
	"slices"
)

// Fallback tells the ledger that a block could not be read, and sets the query
// back to its newest kept manifest that does not need it. The query then
// replays from there. *LostError: there is none; the query stays, unreadable,
// until it is dropped or sealed anew.
func (l *Ledger) Fallback(qid uint64, block string, cause error) (Manifest, error) {
	bad, _, _, err := splitName(block)
	if err != nil {
		return Manifest{}, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	for l.busy {
		l.idle.Wait()
	}
	current := l.queries[qid]
	if current == nil || l.dropped[qid] || !current.holds(bad) {
		return l.manifest(qid) // dropped, or set back already
	}
	delete(l.folded, qid)
	vs := l.trim(l.versions[qid])
	for i := len(vs) - 2; i >= 0; i-- {
		q, err := l.readVersion(qid, vs[i].man)
		if err != nil || q.holds(bad) {
			continue
		}
		l.revert(q, vs[:i+1])
		l.damages = append(l.damages, Damage{Query: qid, Epoch: q.epoch, Err: cause})
		return q.manifest(), nil
	}
	l.lost[qid] = fmt.Errorf("block %s: %w", block, cause)
	delete(l.queries, qid)
	delete(l.versions, qid)
	l.damages = append(l.damages, Damage{Query: qid, Err: cause})
	return l.manifest(qid)
}

func (l *Ledger) readVersion(qid uint64, man id) (*query, error) {
	return l.readManifest(qid, man, func(qid uint64, base id) (*query, error) {
		return l.readManifest(qid, base, noBase)
	})
}

// revert makes an older version current: what it needs leaves the graves, and
// what only the newer ones needed goes there.
func (l *Ledger) revert(q *query, vs []version) {
	current := l.queries[q.id]
	needed := make(map[string]bool)
	q.objects(func(x object) { needed[x.name(q.id)] = true })
	for i := range l.graves {
		if g := &l.graves[i]; g.query == q.id {
			g.names = slices.DeleteFunc(slices.Clone(g.names), func(name string) bool { return needed[name] })
		}
	}
	l.graves = append(l.graves, grave{died: l.seq + 1, query: q.id, names: died(current, q)})
	l.queries[q.id] = q
	l.changed[q.id] = true
	l.versions[q.id] = slices.Clone(vs)
	l.reverted[q.id] = true
}

// holds says whether q needs the stored object of that name.
func (q *query) holds(stored string) bool {
	found := false
	q.objects(func(x object) { found = found || x.name(q.id) == stored })
	return found
}

// Oldest returns the oldest manifest that Fallback may still set a query back
// to: what it needs of the outside must be kept. ErrNotFound: the query has
// none at all.
func (l *Ledger) Oldest(qid uint64) (Manifest, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	current := l.queries[qid]
	if current == nil {
		return l.manifest(qid)
	}
	for _, v := range l.versions[qid] {
		if v.man == current.man {
			break
		}
		q, err := l.readVersion(qid, v.man)
		if errors.Is(err, ErrNotFound) {
			continue // swept: it is older than what any kept root names
		}
		if err != nil {
			return Manifest{}, err
		}
		return q.manifest(), nil
	}
	return current.manifest(), nil
}
