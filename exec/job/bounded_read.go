package job

import (
	"errors"
	"fmt"
	"time"

	"github.com/dirigo-stream/dirigo/exec/batch"
)

// viewOf is the query that keeps the rows of a relation: a view, or the hidden
// query of a table; nil: none does.
func (e *Engine) viewOf(relation uint64) *query {
	if s := e.source(relation); s != nil {
		if s.table == nil {
			return nil
		}
		return e.query(s.table.def.View.ID)
	}
	return e.query(relation)
}

// Size is how many bytes of memory the rows of a view or a table take now, with
// what finds them: a guess at how many there are. 0: the relation keeps none.
func (e *Engine) Size(relation uint64) (bytes int64) {
	q := e.viewOf(relation)
	if q == nil || len(q.instances) == 0 { // or it could not be started
		return 0
	}
	for _, i := range q.instances[len(q.instances)-1] {
		bytes += i.account.Used()
	}
	return bytes
}

// read feeds all inputs to their end: views and tables as they are at one tick.
func (r *boundedRun) read() error {
	var kept []*keptRead
	for _, n := range r.nodes {
		if n.def.Read == nil || r.b.System[n.def.Read.Relation] != nil {
			continue
		}
		if q := r.eng.viewOf(n.def.Read.Relation); q != nil {
			kept = append(kept, &keptRead{run: r, node: n})
		}
	}
	if len(kept) > 0 {
		if err := r.readKept(kept); err != nil {
			return err
		}
	}
	for _, n := range r.nodes {
		if n.def.Read == nil {
			continue
		}
		if err := r.readOther(n); err != nil {
			return err
		}
	}
	return nil
}

// readKept reads views at one tick. One that is restarted meanwhile is read
// again, at another tick, with all others: nothing has been given on until then.
func (r *boundedRun) readKept(kept []*keptRead) error {
	for {
		err := r.ask(kept)
		if err == nil {
			break
		}
		if !errors.Is(err, errDetached) {
			return err
		}
		select {
		case <-r.ctx.Done():
			return r.ctx.Err()
		case <-time.After(time.Millisecond): // it is being restarted
		}
	}
	for i, k := range kept {
		if err := k.feed(); err != nil {
			for _, k := range kept[i:] {
				k.close()
			}
			return err
		}
	}
	return nil
}

// ask leaves a read with every instance that has rows of what is read, and
// waits for the slowest.
func (r *boundedRun) ask(kept []*keptRead) error {
	views := make([]*query, len(kept))
	asked := 0
	for i, k := range kept {
		if views[i] = r.eng.viewOf(k.node.def.Read.Relation); views[i] == nil {
			return fmt.Errorf("relation %d is not there", k.node.def.Read.Relation)
		}
		if err := views[i].whenReadable(r.ctx, 0); err != nil {
			return err
		}
		if err := k.begin(views[i]); err != nil {
			return err
		}
		asked += k.instances()
	}
	answers := make(chan keptAnswer, asked)
	tick := r.eng.readViews(views, r.b.AfterTick, func(i int, p *viewPart) *viewRead { return kept[i].read(p, answers) })
	for _, q := range views {
		if !q.hasPassed(tick) { // what stands before the read is as urgent
			r.eng.hear(q, 1)
			defer r.eng.hear(q, -1)
		}
	}
	var failed error
	for range asked {
		select {
		case a := <-answers:
			if a.err != nil {
				failed = a.err
			} else {
				a.of.take(a)
			}
		case <-r.ctx.Done():
			return r.ctx.Err()
		}
	}
	if failed != nil {
		for _, k := range kept {
			k.close()
		}
	}
	return failed
}

// keptRead is one Read of a view or table.
type keptRead struct {
	run   *boundedRun
	node  *boundedNode
	view  *query
	point *pointRead // nil: all rows are read

	snaps []snapshot
	rows  []*batch.Batch
}

type keptAnswer struct {
	of   *keptRead
	snap snapshot     // to be scanned; nil: none
	rows *batch.Batch // looked up; nil: none
	err  error
}

// begin prepares a read of a view, which may not be the first.
func (k *keptRead) begin(view *query) (err error) {
	k.view, k.snaps, k.rows = view, nil, nil
	k.point, err = newPointRead(k.node.def.Read.Point, view, k.run.b.Context)
	return err
}

func (k *keptRead) take(a keptAnswer) {
	if a.snap != nil {
		k.snaps = append(k.snaps, a.snap)
	}
	if a.rows != nil {
		k.rows = append(k.rows, a.rows)
	}
}

// instances is how many instances are asked.
func (k *keptRead) instances() int {
	if k.point == nil {
		return len(k.view.views)
	}
	return k.point.instances()
}

// read is what an instance is asked; nil: nothing.
func (k *keptRead) read(p *viewPart, answers chan<- keptAnswer) *viewRead {
	if k.point == nil {
		return &viewRead{serve: func(s snapshot, err error) { answers <- keptAnswer{of: k, snap: s, err: err} }}
	}
	want := k.point.by[p.home.index]
	if len(want) == 0 {
		return nil
	}
	return &viewRead{inTurn: true, serve: func(_ snapshot, err error) {
		a := keptAnswer{of: k, err: err}
		if err == nil {
			a.rows, a.snap = k.point.look(p, want)
		}
		answers <- a
	}}
}

// feed pushes what was read into the graph, and a transaction's own changes.
func (k *keptRead) feed() error {
	for _, b := range k.rows {
		if err := k.give(b); err != nil {
			return err
		}
	}
	for len(k.snaps) > 0 {
		if err := scan(k.snaps[0], k.give); err != nil {
			return err
		}
		k.snaps = k.snaps[1:]
	}
	for _, b := range k.run.b.Overlay[k.node.def.Read.Relation] {
		if err := k.give(b); err != nil {
			return err
		}
	}
	return nil
}

func (k *keptRead) give(b *batch.Batch) error {
	if err := k.run.ctx.Err(); err != nil {
		return err
	}
	if k.run.last != nil && k.run.enough <= 0 {
		return errEnough
	}
	return k.node.push(0, pick(b, k.node.def.Read.Columns))
}

// close gives back what has not been read.
func (k *keptRead) close() {
	for _, s := range k.snaps {
		if c, ok := s.(interface{ Close() }); ok {
			c.Close()
		}
	}
	k.snaps = nil
}

// scan calls f with the rows of a snapshot.
func scan(s snapshot, f func(*batch.Batch) error) error {
	for {
		b, err := s.Next(scanRows)
		if err != nil || b == nil {
			return err
		}
		if err := f(b); err != nil {
			return err
		}
	}
}

// scanRows is how many rows of a view are read at a time.
const scanRows = 1024

// pick returns the batch with only some of its columns.
func pick(b *batch.Batch, cols []int) *batch.Batch {
	out := *b
	out.Origin, out.Late = nil, nil
	out.Cols = make([]batch.Column, len(cols))
	for i, c := range cols {
		out.Cols[i] = b.Cols[c]
	}
	return &out
}

// readOther feeds a system relation, or the last records of a source.
func (r *boundedRun) readOther(n *boundedNode) error {
	rel := n.def.Read.Relation
	if batches, ok := r.b.System[rel]; ok {
		for _, b := range batches {
			if err := n.push(0, pick(b, n.def.Read.Columns)); err != nil {
				return err
			}
		}
		return nil
	}
	if r.eng.viewOf(rel) != nil {
		return nil
	}
	s := r.eng.source(rel)
	if s == nil || s.table != nil {
		return fmt.Errorf("relation %d is not there", rel)
	}
	recent := int64(r.b.Recent)
	if recent == 0 {
		recent = 1000
	}
	return s.recent(r.ctx, recent, n.def.Read.Columns, func(b *batch.Batch) error {
		return n.push(0, pick(b, n.def.Read.Columns))
	}, r.b.Skipped)
}
