package session

import (
	"strings"
	"unicode/utf8"

	"github.com/dirigo-stream/dirigo/exec/batch"
	"github.com/dirigo-stream/dirigo/sql/catalog"
	"github.com/dirigo-stream/dirigo/sql/result"
)

// keySet finds rows by some columns; its rows may be of many batches.
type keySet struct {
	types []batch.Type
	rows  map[uint64][]keyRow
}

type keyRow struct {
	cols []batch.Column
	row  int
}

func newKeySet(types []batch.Type) *keySet { return &keySet{types: types, rows: map[uint64][]keyRow{}} }

// hashes returns a hash of each row, for find and add.
func (k *keySet) hashes(cols []batch.Column, n int) []uint64 {
	return batch.HashRows(cols, k.types, nil, n, nil)
}

// add puts a row in and reports whether an equal one was there.
func (k *keySet) add(cols []batch.Column, row int, hash uint64) (again bool) {
	if k.find(cols, row, hash) != nil {
		return true
	}
	k.rows[hash] = append(k.rows[hash], keyRow{cols, row})
	return false
}

// find returns the row that is equal, or nil.
func (k *keySet) find(cols []batch.Column, row int, hash uint64) *keyRow {
	same := k.rows[hash]
	for i := range same {
		if batch.EqualRows(same[i].cols, same[i].row, cols, row) {
			return &same[i]
		}
	}
	return nil
}

// repeats returns which rows have the columns of an earlier one; nil: none.
func repeats(cols []batch.Column, types []batch.Type, n int) []bool {
	if n < 2 {
		return nil
	}
	var out []bool
	k := newKeySet(types)
	for row, h := range k.hashes(cols, n) {
		if k.add(cols, row, h) {
			if out == nil {
				out = make([]bool, n)
			}
			out[row] = true
		}
	}
	return out
}

// keyTypes are the types of a table's key.
func keyTypes(o *catalog.Object) []batch.Type {
	out := make([]batch.Type, len(o.Key))
	for i, c := range o.Key {
		out[i] = o.Columns[c].Type
	}
	return out
}

// some returns columns by number.
func some(cols []batch.Column, at []int) []batch.Column {
	out := make([]batch.Column, len(at))
	for i, c := range at {
		out[i] = cols[c]
	}
	return out
}

// firstNull returns the first row with a NULL where there must be none, and the
// column; row is n where all are right.
func firstNull(o *catalog.Object, cols []batch.Column, n int) (row, column int) {
	row = n
	for i, c := range o.Columns {
		if !c.NotNull {
			continue
		}
		for r, null := range cols[i].Nulls() {
			if null && r < row {
				row, column = r, i
				break
			}
		}
	}
	return row, column
}

// nullError says that a column has no value.
func (w *writing) nullError(cols []batch.Column, row, column int) error {
	o := w.c.Table
	e := result.Errorf("23502", "null value in column %q of relation %q violates not-null constraint", o.Columns[column].Name, o.Name)
	return e.WithDetail("Failing row contains (%s).", w.rowText(cols[:len(o.Columns)], row, nil))
}

// duplicateError says that a key is there already.
func (w *writing) duplicateError(cols []batch.Column, row int) error {
	o := w.c.Table
	names := make([]string, len(o.Key))
	for i, c := range o.Key {
		names[i] = o.Columns[c].Name
	}
	e := result.Errorf("23505", "duplicate key value violates unique constraint %q", o.KeyName)
	return e.WithDetail("Key (%s)=(%s) already exists.", strings.Join(names, ", "), w.rowText(some(cols, o.Key), row, o.Key))
}

// rowText prints a row's values; columns numbers them, nil: from 0.
func (w *writing) rowText(cols []batch.Column, row int, columns []int) string {
	parts := make([]string, len(cols))
	for i, c := range cols {
		at := i
		if columns != nil {
			at = columns[i]
		}
		if batch.IsNull(c, row) {
			parts[i] = "null"
			continue
		}
		parts[i] = clipped(string(batch.AppendText(nil, c, row, w.c.Table.Columns[at].Type, w.cx.Loc)), columns == nil)
	}
	return strings.Join(parts, ", ")
}

// clipped cuts a long value as PostgreSQL's messages do.
func clipped(s string, cut bool) string {
	const limit = 64
	if !cut || len(s) <= limit {
		return s
	}
	n := limit
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n] + "..."
}
