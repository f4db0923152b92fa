package demo

import (
	"context"
	"fmt"
	"time"

	"github.com/dirigo-stream/dirigo/exec/batch"
	"github.com/dirigo-stream/dirigo/sql/result"
	"github.com/dirigo-stream/dirigo/sql/session"
)

// run runs the statements of a text one after the other and returns the rows of
// the last, as texts.
func run(ctx context.Context, s *session.Session, sql string) (header []string, rows [][]string, err error) {
	list, err := s.Split(sql)
	if err != nil {
		return nil, nil, err
	}
	for _, st := range list {
		d, err := st.Describe()
		if err != nil {
			return nil, nil, err
		}
		t := &table{columns: d.Columns}
		if _, err := st.Run(ctx, nil, t); err != nil {
			return nil, nil, err
		}
		header, rows = t.header(), t.rows
	}
	return header, rows, nil
}

// table collects a result as texts.
type table struct {
	columns []result.Column
	rows    [][]string
}

func (t *table) header() []string {
	out := make([]string, len(t.columns))
	for i, c := range t.columns {
		out[i] = c.Name
	}
	return out
}

// Rows implements result.Sink.
func (t *table) Rows(b *batch.Batch) error {
	b = b.Compact()
	for i := range b.N {
		row := make([]string, len(b.Cols))
		for c, col := range b.Cols {
			if !batch.IsNull(col, i) {
				row[c] = string(batch.AppendText(nil, col, i, t.columns[c].Type, time.UTC))
			}
		}
		t.rows = append(t.rows, row)
	}
	return nil
}

// Flush implements result.Sink.
func (t *table) Flush() error { return nil }

// Notice implements result.Sink.
func (t *table) Notice(n *result.Error) { _ = n }

// Setting implements result.Sink.
func (t *table) Setting(string, string) {}

// describe says what a statement's error means for the demo.
func describe(err error) error { return fmt.Errorf("demo statements: %w", err) }
