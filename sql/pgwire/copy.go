package pgwire

import (
	"bytes"
	"encoding/binary"

	"github.com/dirigo-stream/dirigo/sql/result"
)

// copier writes rows as COPY data, one message a row.
type copier struct {
	result.Copy
	scratch []byte
	signed  bool // a binary copy's signature was sent
}

func newCopier(c result.Copy) *copier {
	if c.Delimiter == 0 {
		c.Delimiter = '\t'
		if c.Format == result.CopyCSV {
			c.Delimiter = ','
		}
	}
	if c.Quote == 0 {
		c.Quote = '"'
	}
	return &copier{Copy: c}
}

// message puts a CopyData message around what write appends.
func message(out []byte, write func([]byte) []byte) []byte {
	start := len(out)
	out = write(append(out, 'd', 0, 0, 0, 0))
	binary.BigEndian.PutUint32(out[start+1:], uint32(len(out)-start-1))
	return out
}

var copySignature = []byte("PGCOPY\n\xff\r\n\x00\x00\x00\x00\x00\x00\x00\x00\x00")

// sign begins a binary copy. The signature shares a message with the first row,
// or the trailer, as PostgreSQL's does: psycopg relies on it.
func (c *copier) sign(out []byte) []byte {
	if c.Format != result.CopyBinary || c.signed {
		return out
	}
	c.signed = true
	return append(out, copySignature...)
}

// header is the line of names that HEADER asks for.
func (c *copier) header(out []byte, columns []result.Column) []byte {
	return message(out, func(out []byte) []byte {
		for i, col := range columns {
			if i > 0 {
				out = append(out, c.Delimiter)
			}
			out = c.value(out, []byte(col.Name))
		}
		return append(out, '\n')
	})
}

func (c *copier) trailer(out []byte) []byte {
	return message(out, func(out []byte) []byte { return append(c.sign(out), 0xff, 0xff) })
}

func (c *copier) row(out []byte, cells []cell, row int) []byte {
	start := len(out)
	out = append(out, 'd', 0, 0, 0, 0)
	if c.Format == result.CopyBinary {
		out = binary.BigEndian.AppendUint16(c.sign(out), uint16(len(cells)))
		for i := range cells {
			out = cells[i].field(out, row)
		}
	} else {
		out = c.line(out, cells, row)
	}
	binary.BigEndian.PutUint32(out[start+1:], uint32(len(out)-start-1))
	return out
}

func (c *copier) line(out []byte, cells []cell, row int) []byte {
	for i := range cells {
		if i > 0 {
			out = append(out, c.Delimiter)
		}
		if cells[i].null(row) {
			out = append(out, c.Null...)
			continue
		}
		c.scratch = cells[i].put(c.scratch[:0], row)
		out = c.value(out, c.scratch)
	}
	return append(out, '\n')
}

func (c *copier) value(out, v []byte) []byte {
	if c.Format == result.CopyCSV {
		return c.quoted(out, v)
	}
	for _, b := range v {
		if e := escapes[b]; e != 0 {
			out = append(out, '\\', e)
			continue
		}
		if b == c.Delimiter {
			out = append(out, '\\')
		}
		out = append(out, b)
	}
	return out
}

var escapes = [256]byte{'\\': '\\', '\n': 'n', '\r': 'r', '\t': 't', '\b': 'b', '\f': 'f', '\v': 'v'}

// quoted writes a CSV value, in quotes where it would be misread without: the
// text of NULL, separators, line ends, quotes, and the end-of-data mark.
func (c *copier) quoted(out, v []byte) []byte {
	if string(v) != c.Null && string(v) != `\.` && bytes.IndexByte(v, c.Delimiter) < 0 &&
		bytes.IndexByte(v, c.Quote) < 0 && !bytes.ContainsAny(v, "\r\n") {
		return append(out, v...)
	}
	out = append(out, c.Quote)
	for _, b := range v {
		if b == c.Quote {
			out = append(out, c.Quote)
		}
		out = append(out, b)
	}
	return append(out, c.Quote)
}
