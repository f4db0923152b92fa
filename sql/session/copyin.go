package session

import (
	"bytes"
	"context"
	"errors"
	"io"
	"strings"

	"github.com/dirigo-stream/dirigo/exec/batch"
	"github.com/dirigo-stream/dirigo/exec/expr"
	"github.com/dirigo-stream/dirigo/sql/ast"
	"github.com/dirigo-stream/dirigo/sql/bind"
	"github.com/dirigo-stream/dirigo/sql/catalog"
	"github.com/dirigo-stream/dirigo/sql/result"
)

// copyRows is how many rows of a COPY are looked up and added at a time.
const copyRows = 4096

// copyIn handles COPY table FROM STDIN: one statement, all of it or nothing.
func (s *Session) copyIn(n *ast.Copy) (handler, error) {
	if n.File != "" || n.Program {
		return handler{}, notSupported(n.Pos, "COPY from a file or a program of the server", `Use COPY ... FROM STDIN, or psql's \copy.`)
	}
	o, err := s.table(n.Table, "copy to")
	if err != nil {
		return handler{}, err
	}
	options, err := copyOptions(n.Options)
	if err != nil {
		return handler{}, err
	}
	if options.Format == result.CopyBinary {
		return handler{}, notSupported(n.Pos, "COPY FROM in binary", "Use the text or csv format.")
	}
	targets, err := copyTargets(n, o)
	if err != nil {
		return handler{}, err
	}
	d := result.Description{CopyIn: options.Format, CopyInColumns: len(targets)}
	return handler{d: d, run: func(ctx context.Context, _ []result.Param, out result.Sink) (string, error) {
		in, ok := out.(result.Input)
		if !ok {
			return "", result.Errorf(result.CodeUnsupported, "COPY FROM STDIN is not possible here")
		}
		w := &writing{s: s, c: &bind.Change{Table: o}, ctx: ctx, what: "COPY FROM", cx: s.context()}
		r := newCopyReader(w, options, n.Options, targets)
		err := s.write(ctx, "COPY FROM", func(x Txn) error {
			w.x = x
			if err := x.Lock(ctx, o.ID); err != nil {
				return err
			}
			return r.readAll(ctx, in)
		})
		return tag("COPY", w.count), err
	}}, nil
}

// copyTargets are the columns that the data has.
func copyTargets(n *ast.Copy, o *catalog.Object) ([]int, error) {
	var out []int
	if n.Columns == nil {
		return seq(len(o.Columns)), nil
	}
	for _, name := range n.Columns {
		i := columnNamed(o, name.Text)
		if i < 0 {
			return nil, located(result.Errorf(result.CodeUndefinedColumn, "column %q of relation %q does not exist", name.Text, o.Name), name.Pos)
		}
		for _, c := range out {
			if c == i {
				return nil, located(result.Errorf("42701", "column %q specified more than once", name.Text), name.Pos)
			}
		}
		out = append(out, i)
	}
	return out, nil
}

func columnNamed(o *catalog.Object, name string) int {
	for i, c := range o.Columns {
		if c.Name == name {
			return i
		}
	}
	return -1
}

func seq(n int) []int {
	out := make([]int, n)
	for i := range out {
		out[i] = i
	}
	return out
}

// copyReader turns the data of a COPY into rows.
type copyReader struct {
	w       *writing
	split   splitter
	header  bool // the next line is the header
	match   bool // it must name the columns
	targets []int
	cols    []batch.Column // of targets
	n       int
	line    int
	fields  []field
	ended   bool // by \.
}

// field is one value of a line; null was decided by how it was written.
type field struct {
	text []byte
	null bool
}

// splitter finds lines and their values: one for each format.
type splitter interface {
	// next returns the first line of data, without its end, and the size with it;
	// size 0: no line is complete.
	next(data []byte) (line []byte, size int)
	// fields appends the values of a line to dst. What it returns is valid until
	// the next call.
	fields(dst []field, line []byte) ([]field, error)
}

func newCopyReader(w *writing, c result.Copy, options ast.Options, targets []int) *copyReader {
	r := &copyReader{w: w, header: c.Header, targets: targets}
	if h := options.Lookup("header"); h != nil {
		r.match = strings.EqualFold(h.Value, "match")
	}
	if c.Format == result.CopyCSV {
		escape := c.Quote
		if e := options.Lookup("escape"); e != nil && len(e.Value) == 1 {
			escape = e.Value[0]
		}
		r.split = &csvSplitter{delimiter: c.Delimiter, quote: c.Quote, escape: escape, null: c.Null}
	} else {
		r.split = &textSplitter{delimiter: c.Delimiter, null: c.Null}
	}
	r.begin()
	return r
}

func (r *copyReader) begin() {
	r.n, r.cols = 0, make([]batch.Column, len(r.targets))
	for i, c := range r.targets {
		r.cols[i] = newColumn(r.w.c.Table.Columns[c].Type, copyRows)
	}
}

// readAll reads to the end of the data.
func (r *copyReader) readAll(ctx context.Context, in result.Input) error {
	var rest []byte
	for {
		data, err := in.Next(ctx)
		if errors.Is(err, io.EOF) {
			return r.end(rest)
		}
		if err != nil {
			return err
		}
		if len(rest) > 0 {
			rest = append(rest, data...)
			data = rest
		}
		used, err := r.lines(data)
		if err != nil {
			return err
		}
		rest = append(rest[:0], data[used:]...)
	}
}

// lines takes the complete lines of data and returns how many bytes they are.
func (r *copyReader) lines(data []byte) (used int, err error) {
	for !r.ended {
		line, size := r.split.next(data[used:])
		if size == 0 {
			return used, nil
		}
		used += size
		if err := r.take(line); err != nil {
			return used, err
		}
	}
	return len(data), nil
}

// end takes what stands behind the last line end.
func (r *copyReader) end(rest []byte) error {
	if len(rest) > 0 && !r.ended {
		if c, ok := r.split.(*csvSplitter); ok && c.inside {
			r.line++
			return r.wrong(result.Errorf("22P04", "unterminated CSV quoted field"), rest, -1)
		}
		if err := r.take(rest); err != nil {
			return err
		}
	}
	return r.flush()
}

// take adds a line.
func (r *copyReader) take(line []byte) error {
	r.line++
	if n := len(line); n > 0 && line[n-1] == '\r' {
		line = line[:n-1]
	}
	if string(line) == `\.` {
		r.ended = true
		return nil
	}
	if err := validText(line); err != nil {
		return r.wrong(err, line, -1)
	}
	fields, err := r.split.fields(r.fields[:0], line)
	if err != nil {
		return r.wrong(err, line, -1)
	}
	r.fields = fields
	if r.header {
		r.header = false
		return r.checkHeader(line)
	}
	switch {
	case len(fields) < len(r.targets):
		name := r.w.c.Table.Columns[r.targets[len(fields)]].Name
		return r.wrong(result.Errorf("22P04", "missing data for column %q", name), line, -1)
	case len(fields) > len(r.targets):
		return r.wrong(result.Errorf("22P04", "extra data after last expected column"), line, -1)
	}
	for i, f := range fields {
		if f.null {
			batch.AppendNull(r.cols[i])
			continue
		}
		if err := batch.AppendParsed(r.cols[i], r.w.c.Table.Columns[r.targets[i]].Type, f.text, r.w.cx.Loc); err != nil {
			return r.wrong(err, f.text, r.targets[i])
		}
	}
	if r.n++; r.n == copyRows {
		return r.flush()
	}
	return nil
}

func (r *copyReader) checkHeader(line []byte) error {
	if !r.match {
		return nil
	}
	if len(r.fields) != len(r.targets) {
		return r.wrong(result.Errorf("22P04", "wrong number of fields in header line: got %d, expected %d", len(r.fields), len(r.targets)), line, -1)
	}
	for i, f := range r.fields {
		if name := r.w.c.Table.Columns[r.targets[i]].Name; string(f.text) != name {
			e := result.Errorf("22P04", "column name mismatch in header line field %d: got %q, expected %q", i+1, f.text, name)
			return r.wrong(e, line, -1)
		}
	}
	return nil
}

// flush adds the rows read so far to the transaction.
func (r *copyReader) flush() error {
	if r.n == 0 {
		return nil
	}
	o := r.w.c.Table
	b := &batch.Batch{N: r.n, Cols: make([]batch.Column, len(o.Columns)), Time: batch.MaxTime}
	for i, c := range r.targets {
		b.Cols[c] = r.cols[i]
	}
	for i, c := range o.Columns {
		if b.Cols[i] != nil {
			continue
		}
		n := c.DefaultExpr
		if n == nil {
			n = expr.Null(c.Type)
		}
		col, err := r.w.evaluate([]*expr.Node{n}, &batch.Batch{N: r.n})
		if err != nil {
			return err
		}
		b.Cols[i] = col[0]
	}
	r.begin()
	return r.w.insert(b)
}

// wrong says where in the data an error is; column -1: in the line as a whole.
func (r *copyReader) wrong(err error, text []byte, column int) error {
	e := result.Error{Code: result.CodeInternal, Message: err.Error(), Cause: err}
	var mine *result.Error
	var value *batch.ValueError
	switch {
	case errors.As(err, &mine):
		e = *mine
	case errors.As(err, &value):
		e.Code, e.Detail = value.Code, value.Detail
	}
	e.Where = "COPY " + r.w.c.Table.Name + ", line " + itoa(r.line)
	if column >= 0 {
		e.Where += ", column " + r.w.c.Table.Columns[column].Name
	}
	if len(text) > 100 {
		text = append(append([]byte{}, text[:100]...), "..."...)
	}
	e.Where += ": \"" + string(bytes.ToValidUTF8(text, []byte("?"))) + "\""
	return &e
}
