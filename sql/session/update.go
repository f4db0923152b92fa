package session

import (
	"context"

	"github.com/dirigo-stream/dirigo/exec/batch"
	"github.com/dirigo-stream/dirigo/exec/job"
	"github.com/dirigo-stream/dirigo/sql/ast"
	"github.com/dirigo-stream/dirigo/sql/bind"
	"github.com/dirigo-stream/dirigo/sql/result"
)

// old returns the rows that an UPDATE or DELETE changes, each once: the old row,
// for an UPDATE the new one behind it, and the rest.
func (w *writing) old() (*batch.Batch, error) {
	if p := w.c.Point; p != nil {
		return w.pointed(p)
	}
	all := &gathered{}
	if err := w.read(all.take); err != nil {
		return nil, err
	}
	b := all.batch()
	if b.N < 2 {
		return b, nil
	}
	return w.distinct(b), nil
}

// pointed looks one row up by its key.
func (w *writing) pointed(p *bind.Point) (*batch.Batch, error) {
	o := w.c.Table
	keys := &batch.Batch{N: 1}
	for i, n := range p.Key {
		col := newColumn(o.Columns[o.Key[i]].Type, 1)
		if err := w.value(col, o.Columns[o.Key[i]].Type, n); err != nil {
			return nil, err
		}
		keys.Cols = append(keys.Cols, col)
	}
	rows, found, err := w.x.Lookup(w.ctx, o.ID, keys)
	if err != nil || found[0] < 0 {
		return &batch.Batch{}, err
	}
	row := rows.Gather(found[:1])
	row.Diff = nil
	if row, err = w.chosen(p.Where, row); err != nil || row.N == 0 {
		return &batch.Batch{}, err
	}
	next, err := w.evaluate(p.New, row)
	if err != nil {
		return nil, err
	}
	return &batch.Batch{N: 1, Cols: append(append([]batch.Column{}, row.Cols...), next...), Time: batch.MaxTime}, nil
}

// distinct leaves each row of the table once, as a join may give it many times:
// PostgreSQL takes any of them, we the first.
func (w *writing) distinct(b *batch.Batch) *batch.Batch {
	o := w.c.Table
	cols, types := b.Cols[:len(o.Columns)], make([]batch.Type, len(o.Columns))
	for i, c := range o.Columns {
		types[i] = c.Type
	}
	if o.Key != nil {
		cols, types = some(cols, o.Key), keyTypes(o)
	}
	again := repeats(cols, types, b.N)
	if again == nil {
		return b
	}
	var keep []int32
	for row, r := range again {
		if !r {
			keep = append(keep, int32(row))
		}
	}
	return b.Gather(keep)
}

// read runs the statement's query: over what others have committed, and what
// its own transaction has changed.
func (w *writing) read(emit func(*batch.Batch) error) error {
	run, err := w.s.reading(w.ctx, w.graph, w.x)
	if err != nil {
		return err
	}
	return w.s.db.cfg.Engine.Run(w.ctx, run, emit)
}

// deletes takes rows away.
func (w *writing) deletes(b *batch.Batch) error {
	width := len(w.c.Table.Columns)
	if err := w.put(b.Cols[:width], b.N, b.Diff, -1); err != nil {
		return err
	}
	w.count += total64(b.Diff, b.N)
	return w.returns(b)
}

// updates replaces rows by those beside them.
func (w *writing) updates(b *batch.Batch) error {
	width := len(w.c.Table.Columns)
	return w.replace(b.Cols[:width], b.Cols[width:2*width], b.Cols[2*width:], b.N, b.Diff)
}

// replace puts new rows in the place of old ones, of which there are counts each
// (nil: one). Keys are unique when all is done, in whatever order.
func (w *writing) replace(old, next, rest []batch.Column, n int, counts []int64) error {
	o := w.c.Table
	if row, column := firstNull(o, next, n); row < n {
		return w.nullError(next, row, column)
	}
	if err := w.unique(old, next, n); err != nil {
		return err
	}
	if err := w.put(old, n, counts, -1); err != nil {
		return err
	}
	if err := w.put(next, n, counts, 1); err != nil {
		return err
	}
	w.count += total64(counts, n)
	return w.returns(&batch.Batch{Cols: append(append([]batch.Column{}, next...), rest...), N: n, Diff: counts})
}

// unique checks the keys of rows that take the place of others.
func (w *writing) unique(old, next []batch.Column, n int) error {
	o := w.c.Table
	if o.Key == nil {
		return nil
	}
	before, after := some(old, o.Key), some(next, o.Key)
	var moved []int32
	for row := range n {
		if !batch.EqualRows(before, row, after, row) {
			moved = append(moved, int32(row))
		}
	}
	if moved == nil {
		return nil
	}
	if again := repeats(after, keyTypes(o), n); again != nil {
		for row, r := range again {
			if r {
				return w.duplicateError(next, row)
			}
		}
	}
	gone := newKeySet(keyTypes(o))
	for row, h := range gone.hashes(before, n) {
		gone.add(before, row, h)
	}
	keys := (&batch.Batch{Cols: after, N: n}).Gather(moved)
	_, found, err := w.x.Lookup(w.ctx, o.ID, keys)
	if err != nil {
		return err
	}
	hashes := gone.hashes(keys.Cols, keys.N)
	for i, f := range found {
		if f >= 0 && gone.find(keys.Cols, i, hashes[i]) == nil {
			return w.duplicateError(next, int(moved[i]))
		}
	}
	return nil
}

// gathered puts the batches of a query together.
type gathered struct {
	all   []*batch.Batch
	n     int
	bytes int64
}

// take keeps a batch, up to what a transaction may change.
func (g *gathered) take(b *batch.Batch) error {
	b = b.Compact()
	g.all, g.n, g.bytes = append(g.all, b), g.n+b.N, g.bytes+b.Bytes()
	if g.bytes > 2*job.TxnBytes { // an UPDATE's rows stand there twice
		return job.ErrTooLarge
	}
	return nil
}

func (g *gathered) batch() *batch.Batch {
	switch len(g.all) {
	case 0:
		return &batch.Batch{}
	case 1:
		return g.all[0]
	}
	out := &batch.Batch{N: g.n, Diff: make([]int64, 0, g.n), Time: batch.MaxTime}
	for c := range g.all[0].Cols {
		col := g.all[0].Cols[c].Gather(nil)
		for _, b := range g.all {
			for row := range b.N {
				batch.AppendFrom(col, b.Cols[c], row)
			}
		}
		out.Cols = append(out.Cols, col)
	}
	for _, b := range g.all {
		for row := range b.N {
			out.Diff = append(out.Diff, b.DiffAt(row))
		}
	}
	return out
}

// truncate handles TRUNCATE: every row of the tables goes.
func (s *Session) truncate(n *ast.Truncate) handler {
	return command(func(ctx context.Context, _ result.Sink) (string, error) {
		for i, name := range n.Names {
			st := &statement{s: s, node: &ast.Delete{Pos: n.Pos, Table: name}}
			more := s.more
			s.more = more || i+1 < len(n.Names) // all tables in one transaction
			h, err := s.change(st, nil)
			if err == nil {
				_, err = h.run(ctx, nil, nil)
			}
			s.more = more
			if err != nil {
				return "", err
			}
		}
		return "TRUNCATE TABLE", nil
	})
}

// reading is a bounded query as this session sees the tables: all that was
// committed before is there, and what x, its own transaction, has changed; nil:
// it has none.
func (s *Session) reading(ctx context.Context, graph *job.Graph, x Txn) (job.Bounded, error) {
	run := job.Bounded{
		Graph: graph, Recent: s.settings.number("dirigo.recent_rows"), Context: s.context(), AfterTick: s.tick,
		Memory: s.settings.selectMemory(),
	}
	if s.db.cfg.Begin == nil {
		return run, nil
	}
	own := x
	for _, v := range graph.Vertices {
		if v.Read == nil {
			continue
		}
		o, ok := s.db.cfg.Catalog.ByID(v.Read.Relation)
		if !ok || o.Table == nil {
			continue
		}
		if x == nil {
			x = s.db.cfg.Begin(0)
			defer x.Rollback()
		}
		tick, err := x.Wait(ctx, o.ID)
		if err != nil {
			return run, err
		}
		run.AfterTick = max(run.AfterTick, tick)
		if own == nil {
			continue
		}
		if changes := own.Overlay(o.ID); len(changes) > 0 {
			if run.Overlay == nil {
				run.Overlay = map[uint64][]*batch.Batch{}
			}
			run.Overlay[o.ID] = changes
		}
	}
	return run, nil
}
