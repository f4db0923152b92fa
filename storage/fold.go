package storage

import (
	"cmp"
	"context"
	"fmt"
	"slices"
)

// replacement is a finished fold on its way into a manifest.
type replacement struct {
	task FoldTask
	old  []ref
	new  []ref
}

// Folds returns the folds that are due: of a whole instance, or, with FoldPart,
// of pieces of it, cut where full blocks begin or end. A fold is
// due when the deltas outweigh the full blocks, and FoldBytes, or are more than
// FoldBlocks: so state is rewritten about once for every doubling of what
// changed, and a loader reads about twice the state. Folds already replaced are
// left out.
func (l *Ledger) Folds() []FoldTask {
	l.mu.Lock()
	defer l.mu.Unlock()
	var tasks []FoldTask
	for qid := range l.changed {
		q := l.queries[qid]
		if l.dropped[qid] || q == nil || len(l.folded[qid]) > 0 {
			continue // one that is folded changes again
		}
		had := len(tasks)
		for _, refs := range q.instances() {
			tasks = append(tasks, l.cfg.foldsOf(qid, refs)...)
		}
		if len(tasks) == had {
			delete(l.changed, qid)
		}
	}
	slices.SortFunc(tasks, func(a, b FoldTask) int {
		return cmp.Or(cmp.Compare(a.Query, b.Query), cmp.Compare(a.Vertex, b.Vertex),
			cmp.Compare(a.Instance, b.Instance), cmp.Compare(a.Low, b.Low))
	})
	return tasks
}

// instances returns the blocks of each vertex and instance, oldest first.
func (q *query) instances() map[[2]int32][]ref {
	out := make(map[[2]int32][]ref)
	for _, r := range q.refs {
		key := [2]int32{r.vertex, r.instance}
		out[key] = append(out[key], r)
	}
	return out
}

// foldsOf cuts the key groups of one instance where full blocks begin and end
// (or not at all) and returns a task for each piece that is due.
func (c LedgerConfig) foldsOf(qid uint64, refs []ref) []FoldTask {
	cuts := c.cuts(refs)
	var tasks []FoldTask
	for i := range len(cuts) - 1 {
		if part := within(refs, cuts[i], cuts[i+1]); c.foldDue(part, cuts[i], cuts[i+1]) {
			t := FoldTask{
				Query: qid, Vertex: int(refs[0].vertex), Instance: int(refs[0].instance),
				Low: int(cuts[i]), High: int(cuts[i+1]),
			}
			for _, r := range part {
				t.Blocks = append(t.Blocks, r.public(qid))
			}
			tasks = append(tasks, t)
		}
	}
	return tasks
}

// cuts returns the borders of the pieces in which the refs of an instance may be
// folded.
func (c LedgerConfig) cuts(refs []ref) []int32 {
	low, high := refs[0].low, refs[0].high
	var borders []int32
	for _, r := range refs {
		low, high = min(low, r.low), max(high, r.high)
		if r.full && c.FoldPart > 0 {
			borders = append(borders, r.low, r.high)
		}
	}
	borders = append(borders, high)
	slices.Sort(borders)
	cuts := []int32{low}
	for _, b := range borders {
		if b > cuts[len(cuts)-1] && (b == high || full(refs, cuts[len(cuts)-1], b) >= c.FoldPart) {
			cuts = append(cuts, b)
		}
	}
	return cuts
}

// full returns about how many bytes of full blocks there are of some key groups.
func full(refs []ref, low, high int32) (bytes int64) {
	for _, r := range refs {
		if r.full {
			bytes += r.share(low, high)
		}
	}
	return bytes
}

// share returns about how many bytes of r are of low ≤ g < high: blocks are taken
// to be spread evenly over their key groups.
func (r ref) share(low, high int32) int64 {
	return r.size * int64(max(0, min(r.high, high)-max(r.low, low))) / int64(r.high-r.low)
}

// within returns the refs that have key groups from low to high.
func within(refs []ref, low, high int32) []ref {
	var part []ref
	for _, r := range refs {
		if r.low < high && low < r.high {
			part = append(part, r)
		}
	}
	return part
}

func (c LedgerConfig) foldDue(refs []ref, low, high int32) bool {
	base, delta, deltas := int64(0), int64(0), 0
	for _, r := range refs {
		if r.full {
			base += r.share(low, high)
		} else {
			delta += r.share(low, high)
			deltas++
		}
	}
	return deltas > c.FoldBlocks || deltas > 0 && delta > max(base, c.FoldBytes)
}

// Replace makes blocks, which must be full and hold together the state of the
// task's blocks in its key groups, take their place with the next root. They
// are written now, on the caller's goroutine. ErrStale: the task's blocks are
// not current any more, and nothing has changed.
func (l *Ledger) Replace(ctx context.Context, task FoldTask, blocks []NewBlock) error {
	for _, b := range blocks {
		if err := b.check(); err != nil {
			return fmt.Errorf("fold of query %d: %w", task.Query, err)
		}
		if !b.Full || b.Vertex != task.Vertex || b.Instance != task.Instance || b.Low < task.Low || b.High > task.High {
			return fmt.Errorf("fold of query %d: a block is not full, or not of the task's key groups: %w", task.Query, errRange)
		}
	}
	l.mu.Lock()
	w, err := l.match(task)
	var puts []Block
	for _, b := range blocks {
		if len(b.Data) == 0 {
			continue
		}
		l.n++
		r := ref{
			at: id{inc: l.inc, epoch: l.epoch, n: l.n}, slot: -1, vertex: int32(b.Vertex), instance: int32(b.Instance),
			low: int32(b.Low), high: int32(b.High), full: true, size: int64(len(b.Data)), from: -1,
		}
		w.new = append(w.new, r)
		puts = append(puts, Block{Name: r.holder(task.Query), Data: b.Data})
	}
	l.mu.Unlock()
	if err != nil {
		return err
	}
	if err := l.store.Write(ctx, puts); err != nil {
		return fmt.Errorf("fold of query %d: %w", task.Query, err)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.dropped[task.Query] {
		return ErrStale
	}
	l.folded[task.Query] = append(l.folded[task.Query], w)
	return nil
}

// match finds the refs of a task; ErrStale if one is gone, or has lost key groups.
func (l *Ledger) match(task FoldTask) (replacement, error) {
	w := replacement{task: task}
	q := l.queries[task.Query]
	if q == nil || l.dropped[task.Query] {
		return w, ErrStale
	}
	for _, b := range task.Blocks {
		i := slices.IndexFunc(q.refs, func(r ref) bool { return r.public(q.id) == b })
		if i < 0 {
			return w, ErrStale
		}
		w.old = append(w.old, q.refs[i])
	}
	return w, nil
}

// apply takes the old refs' key groups out of q and puts the new blocks there,
// below all deltas that came since. It does nothing, and says so, if something
// of the old refs has meanwhile been superseded (by a full block, or by setting
// the query back).
func (w replacement) apply(q *query) (done bool) {
	low, high := int32(w.task.Low), int32(w.task.High)
	old := func(r ref) bool { return slices.ContainsFunc(w.old, r.same) }
	if groups(w.old, low, high, old) != groups(q.refs, low, high, old) {
		return false
	}
	rest, at := without(q.refs, low, high, old)
	q.refs = slices.Insert(rest, at, w.new...)
	return true
}

// groups returns how many key groups of low ≤ g < high the matching refs have.
func groups(refs []ref, low, high int32, match func(ref) bool) (n int64) {
	for _, r := range refs {
		if match(r) {
			n += int64(max(0, min(high, r.high)-max(low, r.low)))
		}
	}
	return n
}

func (w replacement) names() []string {
	var names []string
	for _, r := range w.new {
		names = append(names, r.holder(w.task.Query))
	}
	return names
}
