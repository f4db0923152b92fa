package session

import (
	"context"

	"github.com/dirigo-stream/dirigo/exec/batch"
	"github.com/dirigo-stream/dirigo/exec/expr"
	"github.com/dirigo-stream/dirigo/exec/job"
	"github.com/dirigo-stream/dirigo/planner"
	"github.com/dirigo-stream/dirigo/sql/ast"
	"github.com/dirigo-stream/dirigo/sql/bind"
	"github.com/dirigo-stream/dirigo/sql/result"
)

// change handles INSERT, UPDATE and DELETE.
func (s *Session) change(st *statement, params []result.Param) (handler, error) {
	if err := checkTypes(st.params); err != nil {
		return handler{}, err
	}
	what, c, err := s.bindChange(st.node, s.bindEnv(st.params, params))
	if err != nil {
		return handler{}, err
	}
	var graph *job.Graph
	if c.Plan != nil {
		if graph, err = planner.Bounded(c.Plan); err != nil {
			return handler{}, err
		}
	}
	d := result.Description{Params: paramOIDs(c.Params, st.params)}
	if c.Returning != nil {
		d.Columns = columns(c.Columns)
	}
	run := func(ctx context.Context, _ []result.Param, out result.Sink) (string, error) {
		for _, n := range c.Notices {
			out.Notice(notice(n))
		}
		w := &writing{s: s, c: c, graph: graph, ctx: ctx, what: what, cx: s.context()}
		if err := s.write(ctx, what, w.run); err != nil {
			return "", err
		}
		if err := w.give(out); err != nil {
			return "", err
		}
		if what == "INSERT" {
			return insertTag(w.count), nil
		}
		return tag(what, w.count), nil
	}
	return handler{d: d, run: run}, nil
}

func (s *Session) bindChange(n ast.Statement, env bind.Env) (what string, c *bind.Change, err error) {
	switch n := n.(type) {
	case *ast.Insert:
		o, err := s.table(n.Table, "insert into")
		if err != nil {
			return "", nil, err
		}
		c, err = bind.Insert(n, o, env)
		return "INSERT", c, err
	case *ast.Update:
		o, err := s.table(n.Table, "update")
		if err != nil {
			return "", nil, err
		}
		c, err = bind.Update(n, o, env)
		return "UPDATE", c, err
	}
	del := n.(*ast.Delete)
	o, err := s.table(del.Table, "delete from")
	if err != nil {
		return "", nil, err
	}
	c, err = bind.Delete(del, o, env)
	return "DELETE", c, err
}

// context is what expressions of a statement take from the session.
func (s *Session) context() expr.Context {
	return expr.Context{Loc: s.settings.zone, Now: s.db.cfg.Clock().UnixMicro()}
}

// writing is an INSERT, UPDATE or DELETE that runs.
type writing struct {
	s     *Session
	c     *bind.Change
	graph *job.Graph
	ctx   context.Context
	what  string
	cx    expr.Context
	x     Txn

	count   int64
	touched *keySet // keys that ON CONFLICT DO UPDATE has put there; nil: none
	given   []*batch.Batch
}

// run makes the changes, in a transaction.
func (w *writing) run(x Txn) error {
	w.x = x
	if err := x.Lock(w.ctx, w.c.Table.ID); err != nil {
		return err
	}
	if w.what == "INSERT" {
		return w.inserts()
	}
	rows, err := w.old()
	if err != nil || rows.N == 0 {
		return err
	}
	if w.what == "DELETE" {
		return w.deletes(rows)
	}
	return w.updates(rows)
}

// give sends the rows of RETURNING, after the commit: what a client has been
// told has happened.
func (w *writing) give(out result.Sink) error {
	c := counter{Sink: out}
	for _, b := range w.given {
		if err := c.take(b); err != nil {
			return err
		}
	}
	return nil
}

// returns computes RETURNING over rows of the table, with the columns of other
// relations behind them.
func (w *writing) returns(b *batch.Batch) error {
	if w.c.Returning == nil || b.N == 0 {
		return nil
	}
	cols, err := w.evaluate(w.c.Returning, b)
	if err == nil {
		w.given = append(w.given, &batch.Batch{Cols: cols, N: b.N, Diff: b.Diff, Time: batch.MaxTime})
	}
	return err
}

// evaluate computes expressions over all rows of a batch.
func (w *writing) evaluate(exprs []*expr.Node, b *batch.Batch) ([]batch.Column, error) {
	cols := make([]batch.Column, len(exprs))
	for i, e := range exprs {
		if e.Op == expr.OpCol {
			cols[i] = b.Cols[e.Col]
			continue
		}
		p, err := expr.Compile(e)
		if err != nil {
			return nil, err
		}
		w.cx.Reset()
		cols[i] = p.Eval(b, &w.cx)
		if failed := w.cx.Failed(); len(failed) > 0 {
			return nil, failed[0].Err
		}
	}
	return cols, nil
}

// chosen returns the rows for which a predicate is true; nil keeps all.
func (w *writing) chosen(pred *expr.Node, b *batch.Batch) (*batch.Batch, error) {
	if pred == nil {
		return b, nil
	}
	sel, err := w.selected(pred, b)
	if err != nil {
		return nil, err
	}
	return b.Gather(sel), nil
}

func (w *writing) selected(pred *expr.Node, b *batch.Batch) ([]int32, error) {
	p, err := expr.Compile(pred)
	if err != nil {
		return nil, err
	}
	w.cx.Reset()
	sel := p.Select(b, &w.cx, nil)
	if failed := w.cx.Failed(); len(failed) > 0 {
		return nil, failed[0].Err
	}
	return sel, nil
}

// put adds rows to the transaction with a count each: n times those of the batch.
func (w *writing) put(cols []batch.Column, n int, counts []int64, sign int64) error {
	b := &batch.Batch{Cols: cols, N: n, Diff: make([]int64, n), Time: batch.MaxTime}
	for i := range b.Diff {
		b.Diff[i] = sign
		if counts != nil {
			b.Diff[i] = sign * counts[i]
		}
	}
	return w.x.Change(w.c.Table.ID, b)
}

func total64(counts []int64, n int) int64 {
	if counts == nil {
		return int64(n)
	}
	sum := int64(0)
	for _, c := range counts {
		sum += c
	}
	return sum
}
