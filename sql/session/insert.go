package session

import (
	"strconv"

	"github.com/dirigo-stream/dirigo/exec/batch"
	"github.com/dirigo-stream/dirigo/exec/expr"
	"github.com/dirigo-stream/dirigo/sql/result"
)

// inserts adds the rows of an INSERT.
func (w *writing) inserts() error {
	if w.graph == nil {
		b, err := w.computed()
		if err != nil {
			return err
		}
		return w.insert(b)
	}
	// All rows are read before the first is added: a statement does not see its
	// own changes.
	var all gathered
	err := w.read(func(b *batch.Batch) error {
		if b.Diff != nil {
			b = repeated(b)
		}
		return all.take(b)
	})
	for _, b := range all.all {
		if err == nil {
			err = w.insert(b)
		}
	}
	return err
}

// computed makes the rows of VALUES.
func (w *writing) computed() (*batch.Batch, error) {
	rows := w.c.Rows
	b := &batch.Batch{N: len(rows), Cols: make([]batch.Column, len(w.c.Table.Columns)), Time: batch.MaxTime}
	for i, c := range w.c.Table.Columns {
		col := newColumn(c.Type, len(rows))
		for _, row := range rows {
			if err := w.value(col, c.Type, row[i]); err != nil {
				return nil, err
			}
		}
		b.Cols[i] = col
	}
	return b, nil
}

func newColumn(t batch.Type, n int) batch.Column { return batch.New(t.Kind, n) }

// value appends what an expression without columns gives.
func (w *writing) value(col batch.Column, t batch.Type, n *expr.Node) error {
	if n.Op == expr.OpConst {
		if n.Null {
			batch.AppendNull(col)
			return nil
		}
		return batch.AppendParsed(col, t, []byte(n.Text), nil)
	}
	if text, ok := number(n, t); ok {
		return batch.AppendParsed(col, t, []byte(text), nil)
	}
	one, err := w.evaluate([]*expr.Node{n}, &batch.Batch{N: 1})
	if err == nil {
		batch.AppendFrom(col, one[0], 0)
	}
	return err
}

// number finds a number that is only to be brought to its column's type: most
// are, and need no program.
func number(n *expr.Node, t batch.Type) (string, bool) {
	if n.Op != expr.OpCast || n.Args[0].Op != expr.OpConst || n.Args[0].Null {
		return "", false
	}
	c := n.Args[0]
	switch c.Type.Kind {
	case batch.Int16, batch.Int32, batch.Int64:
		v, err := strconv.ParseInt(c.Text, 10, 64)
		return c.Text, t.Kind == batch.Numeric || err == nil && isInteger(t.Kind) && batch.FitsInt(v, t.Kind)
	}
	return c.Text, c.Type.Kind == batch.Numeric && t.Kind == batch.Numeric
}

func isInteger(k batch.Kind) bool { return k == batch.Int16 || k == batch.Int32 || k == batch.Int64 }

// insert adds a batch of rows of the table; it has no selection and no counts.
func (w *writing) insert(b *batch.Batch) error {
	if b.N == 0 {
		return nil
	}
	o := w.c.Table
	nullRow, nullColumn := firstNull(o, b.Cols, b.N)
	if o.Key == nil {
		if nullRow < b.N {
			return w.nullError(b.Cols, nullRow, nullColumn)
		}
		return w.inserted(b)
	}
	if nullRow < b.N { // what comes before it is checked first
		if err := w.insert(b.Gather(span(nullRow))); err != nil {
			return err
		}
		return w.nullError(b.Cols, nullRow, nullColumn)
	}
	keys := &batch.Batch{Cols: some(b.Cols, o.Key), N: b.N}
	rows, found, err := w.x.Lookup(w.ctx, o.ID, keys)
	if err != nil {
		return err
	}
	again := repeats(keys.Cols, keyTypes(o), b.N)
	if w.c.Conflict != nil {
		return w.insertOrUpdate(b, rows, found, again)
	}
	for row, f := range found {
		if f >= 0 || again != nil && again[row] {
			return w.duplicateError(b.Cols, row)
		}
	}
	return w.inserted(b)
}

// span is 0 to n-1.
func span(n int) []int32 {
	out := make([]int32, n)
	for i := range out {
		out[i] = int32(i)
	}
	return out
}

// inserted adds rows whose keys are new.
func (w *writing) inserted(b *batch.Batch) error {
	if err := w.x.Change(w.c.Table.ID, &batch.Batch{Cols: b.Cols, N: b.N, Time: batch.MaxTime}); err != nil {
		return err
	}
	w.count += int64(b.N)
	return w.returns(b)
}

// insertOrUpdate adds the rows whose keys are new, and does to the others what
// ON CONFLICT says.
func (w *writing) insertOrUpdate(b, rows *batch.Batch, found []int32, again []bool) error {
	var fresh, met, there []int32
	for row, f := range found {
		switch {
		case f >= 0:
			met, there = append(met, int32(row)), append(there, f)
		case again != nil && again[row]:
			if w.c.Conflict.Set != nil {
				return errSecondTime()
			}
		default:
			fresh = append(fresh, int32(row))
		}
	}
	if w.c.Conflict.Set != nil {
		if err := w.mark(b, fresh); err != nil {
			return err
		}
	}
	if len(fresh) > 0 {
		new := b
		if len(fresh) < b.N {
			new = b.Gather(fresh)
		}
		if err := w.inserted(new); err != nil {
			return err
		}
	}
	if w.c.Conflict.Set == nil || len(met) == 0 {
		return nil
	}
	return w.conflicting(b.Gather(met), rows.Gather(there))
}

// conflicting updates rows that are there with those that were to be inserted.
func (w *writing) conflicting(excluded, old *batch.Batch) error {
	both := &batch.Batch{N: old.N, Cols: append(append([]batch.Column{}, old.Cols...), excluded.Cols...), Time: batch.MaxTime}
	both, err := w.chosen(w.c.Conflict.Where, both)
	if err != nil || both.N == 0 {
		return err
	}
	if err := w.mark(both, nil); err != nil {
		return err
	}
	next, err := w.evaluate(w.c.Conflict.Set, both)
	if err != nil {
		return err
	}
	return w.replace(both.Cols[:len(old.Cols)], next, nil, both.N, nil)
}

// mark notes that rows have been put there by this statement; no row may be
// so a second time. rows nil: all.
func (w *writing) mark(b *batch.Batch, rows []int32) error {
	o := w.c.Table
	if w.touched == nil {
		w.touched = newKeySet(keyTypes(o))
	}
	if rows == nil && b.N > 0 && len(b.Cols) > len(o.Columns) {
		rows = span(b.N)
	}
	keys := some(b.Cols, o.Key)
	hashes := w.touched.hashes(keys, b.N)
	for _, row := range rows {
		if w.touched.add(keys, int(row), hashes[row]) {
			return errSecondTime()
		}
	}
	return nil
}

func errSecondTime() error {
	return result.Errorf("21000", "ON CONFLICT DO UPDATE command cannot affect row a second time").
		WithHint("Ensure that no rows proposed for insertion within the same command have duplicate constrained values.")
}
