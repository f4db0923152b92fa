package storage

import "strings"

// grave holds what no root from number died on names. It is deleted once no
// kept root is older, and no pin; at once if died is 0.
type grave struct {
	died  uint64
	query uint64
	names []string
}

// A sweep begins when this many names may go, and deletes so many at a time:
// each costs the store a fsync.
const sweepBatch = 512

func (l *Ledger) bury(query uint64, names []string) {
	if len(names) > 0 {
		l.graves = append(l.graves, grave{died: l.seq, query: query, names: names})
	}
}

// due says whether a grave may be emptied.
func (l *Ledger) due(g grave) bool {
	if g.died == 0 {
		return true // garbage
	}
	if g.died+uint64(l.cfg.Retain) > l.seq+1 {
		return false
	}
	for _, pin := range l.pins[g.query] {
		if pin < g.died {
			return false
		}
	}
	return true
}

// sweepSoon starts a sweep in the background if there is enough to do.
func (l *Ledger) sweepSoon() {
	if l.sweeping {
		return
	}
	n := 0
	for _, g := range l.graves {
		if l.due(g) {
			n += len(g.names)
		}
		if n >= sweepBatch {
			l.sweeping = true
			l.work.Add(1)
			l.cfg.Go(func() {
				defer l.work.Done()
				n, err := l.sweep()
				if l.cfg.Swept != nil {
					l.cfg.Swept(n, err)
				}
			})
			return
		}
	}
}

// Sweep deletes what no kept root names and nobody has pinned, and returns how
// many names that were. It also goes on in the background by itself, so calling
// it is only of use to tests, tools, and when there is leisure. What a crash
// leaves behind is found at the next open.
func (l *Ledger) Sweep() (int, error) {
	l.mu.Lock()
	if l.sweeping {
		l.mu.Unlock()
		return 0, nil
	}
	l.sweeping = true
	l.mu.Unlock()
	return l.sweep()
}

func (l *Ledger) sweep() (total int, err error) {
	for {
		names := l.exhume()
		if len(names) == 0 {
			return total, nil
		}
		if err := l.store.Delete(names); err != nil {
			l.mu.Lock()
			l.sweeping = false // what failed is garbage for the next open
			l.mu.Unlock()
			return total, err
		}
		total += len(names)
	}
}

// exhume takes up to a batch of names out of the graves that are due; when
// there are none left the sweep is over.
func (l *Ledger) exhume() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	var names []string
	kept := l.graves[:0]
	for _, g := range l.graves {
		if len(names) < sweepBatch && l.due(g) {
			n := min(len(g.names), sweepBatch-len(names))
			names = append(names, g.names[:n]...)
			g.names = g.names[n:]
		}
		if len(g.names) > 0 {
			kept = append(kept, g)
		}
	}
	clear(l.graves[len(kept):])
	l.graves = kept
	l.sweeping = len(names) > 0
	return names
}

// garbage returns the stored names that nobody knows: those of earlier
// incarnations that are not in known. Blocks of lost queries are left alone.
func (l *Ledger) garbage(known map[string]bool) ([]string, error) {
	var names []string
	err := l.store.Names(func(name string) error {
		inc, ours := incarnationOf(name)
		if !ours || inc >= l.inc || known[name] {
			return nil
		}
		query, _, _ := strings.Cut(name, "/")
		if !l.lostName(query) {
			names = append(names, name)
		}
		return nil
	})
	return names, err
}
