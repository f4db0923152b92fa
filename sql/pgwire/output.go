package pgwire

import (
	"encoding/binary"

	"github.com/dirigo-stream/dirigo/exec/batch"
	"github.com/dirigo-stream/dirigo/sql/result"
	"github.com/jackc/pgx/v5/pgproto3"
)

// output sends a statement's results; it implements result.Sink.
type output struct {
	c       *conn
	d       result.Description
	formats []int16
	copy    *copier // nil: not COPY
	cells   []cell
	rows    int64
}

// enough is how many bytes are queued before they are written.
const enough = 32 << 10

func newOutput(c *conn, d result.Description, formats []int16) *output {
	o := &output{c: c, d: d, formats: formats, cells: make([]cell, len(d.Columns))}
	if d.Copy.Format != result.Query {
		o.copy = newCopier(d.Copy)
	}
	return o
}

func (o *output) format(i int) int16 { return formatOf(o.formats, i) }

// announce tells what rows will come, in a simple query or for COPY. It does not
// wait for them where nobody knows when the first comes.
func (o *output) announce() {
	switch {
	case o.copy != nil:
		o.copyResponse()
	case o.d.CopyIn != result.Query:
		o.askForCopy()
	case o.d.Columns != nil:
		o.c.send(rowDescription(o.d.Columns, o.format))
	}
	if o.d.Endless {
		// If it fails, so will the next write, in a place that can say so.
		_ = o.c.flush()
	}
}

func (o *output) copyResponse() {
	code := uint16(0)
	if o.d.Copy.Format == result.CopyBinary {
		code = 1
	}
	codes := make([]uint16, len(o.d.Columns))
	for i := range codes {
		codes[i] = code
	}
	o.c.send(&pgproto3.CopyOutResponse{OverallFormat: byte(code), ColumnFormatCodes: codes})
	if w := o.c.acquire(); o.copy.Header && o.copy.Format != result.CopyBinary {
		w.out = o.copy.header(w.out, o.d.Columns)
	}
}

func rowDescription(columns []result.Column, format func(int) int16) *pgproto3.RowDescription {
	m := &pgproto3.RowDescription{Fields: make([]pgproto3.FieldDescription, len(columns))}
	for i, col := range columns {
		oid := col.TypeOID()
		m.Fields[i] = pgproto3.FieldDescription{
			Name: []byte(clean(col.Name)), TableOID: col.Table, TableAttributeNumber: uint16(col.Attr),
			DataTypeOID: oid, DataTypeSize: result.Size(oid),
			TypeModifier: result.Modifier(col.Type), Format: format(i),
		}
	}
	return m
}

// Rows implements result.Sink: what each column's values look like is decided
// once, then the batch is written row by row into the connection's buffer.
func (o *output) Rows(b *batch.Batch) error {
	zone := o.c.session.Zone()
	for i, col := range o.d.Columns {
		binaryFormat := o.format(i) == 1 && o.copy == nil || o.copy != nil && o.copy.Format == result.CopyBinary
		o.cells[i] = newCell(b.Cols[i], col, binaryFormat, zone)
	}
	if b.Sel != nil {
		for _, row := range b.Sel {
			if err := o.row(int(row)); err != nil {
				return err
			}
		}
		return nil
	}
	for row := range b.N {
		if err := o.row(row); err != nil {
			return err
		}
	}
	return nil
}

func (o *output) row(row int) error {
	o.rows++
	w := o.c.acquire()
	if o.copy != nil {
		w.out = o.copy.row(w.out, o.cells, row)
	} else {
		w.out = dataRow(w.out, o.cells, row)
	}
	if len(w.out) < enough {
		return nil
	}
	return o.c.flush()
}

func dataRow(out []byte, cells []cell, row int) []byte {
	start := len(out)
	out = append(out, 'D', 0, 0, 0, 0)
	out = binary.BigEndian.AppendUint16(out, uint16(len(cells)))
	for i := range cells {
		out = cells[i].field(out, row)
	}
	binary.BigEndian.PutUint32(out[start+1:], uint32(len(out)-start-1))
	return out
}

// Flush implements result.Sink.
func (o *output) Flush() error { return o.c.flush() }

// Notice implements result.Sink.
func (o *output) Notice(n *result.Error) { o.c.send(noticeMessage(n)) }

// Setting implements result.Sink.
func (o *output) Setting(name, value string) {
	o.c.send(&pgproto3.ParameterStatus{Name: name, Value: value})
}

// finish ends the answer to a statement.
func (o *output) finish(tag string) {
	if o.copy != nil {
		if o.copy.Format == result.CopyBinary {
			w := o.c.acquire()
			w.out = o.copy.trailer(w.out)
		}
		o.c.send(&pgproto3.CopyDone{})
	}
	if tag == "" {
		o.c.send(&pgproto3.EmptyQueryResponse{})
		return
	}
	o.c.send(&pgproto3.CommandComplete{CommandTag: []byte(tag)})
}
