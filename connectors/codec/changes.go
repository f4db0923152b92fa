package codec

import (
	"fmt"

	"github.com/dirigo-stream/dirigo/connectors"
	"github.com/dirigo-stream/dirigo/exec/batch"
)

// ChangeDecoder reads records of a format that carries changes: a record is
// none, one or two rows with counts.
type ChangeDecoder interface {
	// Demand says which columns Append fills from now on; the others may be nil.
	Demand(columns []bool)
	// Append adds the rows of a record to the demanded columns (those whose
	// Metadata is empty) and a count for each to diff. key and value are nil
	// where the record has none. The error is a *RecordError, and then neither
	// columns nor diff have grown. Nothing of the record is kept.
	Append(cols []batch.Column, diff []int64, key, value []byte) ([]int64, error)
}

// part is a decoder of some of a relation's columns. As all parts append to the
// same columns, each row is put together by one or more of them and blank.
type part struct {
	*JSONDecoder
	in []bool // the columns that it reads
}

// newPart returns a decoder of the body's columns that in holds. Those of the
// key must have a value.
func newPart(cfg JSONConfig, cols []connectors.Column, key []int, in func(column int) bool) (*part, error) {
	p := &part{in: make([]bool, len(cols))}
	own := make([]connectors.Column, len(cols))
	for i, c := range cols {
		p.in[i] = c.Metadata == "" && in(i)
		if !p.in[i] {
			c.Metadata = "elsewhere"
		}
		own[i] = c
	}
	for _, k := range key {
		own[k].NotNull = true
	}
	var err error
	p.JSONDecoder, err = cfg.Decoder(own)
	return p, err
}

// blank gives the columns that are not of p, but of the body, a NULL.
func (p *part) blank(cols []batch.Column, body []bool) {
	for i, c := range cols {
		if body[i] && !p.in[i] && p.fields[i].demanded {
			batch.AppendNull(c)
		}
	}
}

// drop takes back the last value of each of p's columns.
func (p *part) drop(cols []batch.Column) {
	for i, c := range cols {
		if p.in[i] && p.fields[i].demanded {
			dropLast(c)
		}
	}
}

// demand is Demand for several parts.
func demand(columns []bool, parts ...*part) {
	for _, p := range parts {
		if p != nil {
			p.Demand(columns)
		}
	}
}

// scalar reads the one value of s, and nothing else, into the only column of p;
// where plain is true, s is its text without quotes.
func (p *part) scalar(cols []batch.Column, s []byte, plain bool) error {
	if len(s) > p.cfg.MaxBytes {
		return reject(Oversized, "key of %d bytes; at most %d are read", len(s), p.cfg.MaxBytes)
	}
	p.gen++
	for i := range p.fields {
		if !p.in[i] {
			continue
		}
		f := &p.fields[i]
		var err *RecordError
		if plain {
			err = p.plain(f, cols[i], s)
		} else {
			var end int
			if end, err = p.value(f, cols[i], s, skipSpace(s, 0)); err == nil {
				err = p.end(s, end)
			}
		}
		if err != nil {
			p.rollback(cols)
			return err
		}
	}
	return nil
}

// plain reads a text into f.
func (p *part) plain(f *jsonField, col batch.Column, s []byte) *RecordError {
	quoted := AppendJSONText(nil, s)
	end, err := p.value(f, col, quoted, 0)
	if err == nil {
		err = p.end(quoted, end)
	}
	return err
}

// keyColumns checks a declared key.
func keyColumns(cols []connectors.Column, key []int) (map[int]bool, error) {
	in := make(map[int]bool, len(key))
	for _, k := range key {
		if cols[k].Metadata != "" {
			return nil, fmt.Errorf("the key column %q is not of the record's body", cols[k].Name)
		}
		in[k] = true
	}
	return in, nil
}

func bodyColumns(cols []connectors.Column) []bool {
	body := make([]bool, len(cols))
	for i, c := range cols {
		body[i] = c.Metadata == ""
	}
	return body
}

// isObject says that s begins like a JSON object.
func isObject(s []byte) bool {
	i := skipSpace(s, 0)
	return i < len(s) && s[i] == '{'
}
