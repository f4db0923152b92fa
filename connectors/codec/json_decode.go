package codec

import (
	"fmt"

	"github.com/dirigo-stream/dirigo/connectors"
	"github.com/dirigo-stream/dirigo/exec/batch"
)

// JSONConfig holds what may be chosen about JSON records.
type JSONConfig struct {
	// MaxBytes bounds a record; 0 means 16 MB.
	MaxBytes int
	// MaxDepth bounds nesting; 0 means 128.
	MaxDepth int
	// Epoch says how a *number* is read into a timestamp column: microseconds
	// per unit (1, 1,000 or 1,000,000). 0 rejects numbers: guessing the unit
	// would silently shift time.
	Epoch int64
	// Debezium reads values as Debezium writes them: a BYTEA also in base64, a
	// JSONB as a string with JSON in it, a DATE also as a number of days.
	Debezium bool
}

// JSONDecoder appends JSON objects to columns, one row a record.
//
// A field is found by its exact name; a column without a field is NULL; fields
// without a column are skipped; of fields with the same name the last one
// counts, as in PostgreSQL's jsonb. Strings that spell a value of the column's
// type are accepted for it, and a TEXT column takes the JSON text of numbers,
// booleans, arrays and objects.
//
// The whole record is checked whatever columns are demanded: whether a record
// is rejected follows from the record and the declaration alone, so that one
// query's answer never depends on which columns other queries read.
//
// The scanner is our own because the schema is known: field names are compared
// with those of the record before, and values go from the record into the
// column without a token or a callback in between.
type JSONDecoder struct {
	cfg    JSONConfig
	fields []jsonField
	body   int // fields that are read from the record's body
	byName map[string]int
	hints  []hint // by position in the object: the field last seen there
	gen    uint32 // number of the record; see jsonField.seen
	found  int    // distinct fields seen in this record
	text   []byte // scratch: a string with its escapes resolved
	rare   *bytesReader
}

type jsonField struct {
	connectors.Column
	rep      batch.Rep
	integer  bool // an integer kind: rep alone also holds dates and timestamps
	demanded bool
	seen     uint32 // gen of the last record that had it
}

// hint is a field name as it came last time at some position.
type hint struct {
	quoted string // with both quotes
	field  int    // -1: no such column
}

const maxHints = 256

// NewJSONDecoder returns a decoder for the columns whose Metadata is empty,
// with the zero JSONConfig and all columns demanded.
func NewJSONDecoder(cols []connectors.Column) (*JSONDecoder, error) {
	return JSONConfig{}.Decoder(cols)
}

// Decoder returns a decoder by this configuration.
func (c JSONConfig) Decoder(cols []connectors.Column) (*JSONDecoder, error) {
	if c.MaxBytes == 0 {
		c.MaxBytes = 16 << 20
	}
	if c.MaxDepth == 0 {
		c.MaxDepth = 128
	}
	d := &JSONDecoder{cfg: c, byName: make(map[string]int), gen: 1}
	for i, col := range cols {
		k := col.Type.Kind
		d.fields = append(d.fields, jsonField{
			Column: col, rep: k.Rep(), demanded: true,
			integer: isInteger(k),
		})
		if col.Metadata != "" {
			continue
		}
		if _, dup := d.byName[col.Name]; dup {
			return nil, fmt.Errorf("column %q is declared twice", col.Name)
		}
		d.byName[col.Name] = i
		d.body++
	}
	d.rare = newBytesReader()
	return d, nil
}

// Demand says which columns Append fills from now on; the others may be nil.
func (d *JSONDecoder) Demand(columns []bool) {
	for i := range d.fields {
		d.fields[i].demanded = columns[i]
	}
}

// Append adds the row in record to the demanded columns of cols (as many as the
// decoder was made for; metadata columns are left alone). The error is a
// *RecordError, and then no column has grown. Nothing of record is kept.
func (d *JSONDecoder) Append(cols []batch.Column, record []byte) error {
	if len(record) > d.cfg.MaxBytes {
		return reject(Oversized, "record of %d bytes; at most %d are read", len(record), d.cfg.MaxBytes)
	}
	d.gen++
	d.found = 0
	err := d.object(cols, record)
	if err == nil && d.found < d.body {
		err = d.missing(cols)
	}
	if err != nil {
		d.rollback(cols)
		return err
	}
	return nil
}

// object reads the record: one object, blanks around it.
func (d *JSONDecoder) object(cols []batch.Column, s []byte) *RecordError {
	i := skipSpace(s, 0)
	if i == len(s) || s[i] != '{' {
		return malformed("want a JSON object at byte %d", i)
	}
	i = skipSpace(s, i+1)
	if i < len(s) && s[i] == '}' {
		return d.end(s, i+1)
	}
	for at := 0; ; at++ {
		f, next, err := d.key(s, i, at)
		if err != nil {
			return err
		}
		if next < len(s) && s[next] != ':' {
			next = skipSpace(s, next)
		}
		if next >= len(s) || s[next] != ':' {
			return malformed("want ':' at byte %d", next)
		}
		i = skipSpace(s, next+1)
		if f < 0 {
			i, err = skipValue(s, i, d.cfg.MaxDepth-1)
		} else {
			i, err = d.value(&d.fields[f], cols[f], s, i)
		}
		if err != nil {
			return err
		}
		i = skipSpace(s, i)
		if i < len(s) && s[i] == ',' {
			i = skipSpace(s, i+1)
			continue
		}
		if i < len(s) && s[i] == '}' {
			return d.end(s, i+1)
		}
		return malformed("want ',' or '}' at byte %d", i)
	}
}

func (d *JSONDecoder) end(s []byte, i int) *RecordError {
	if i = skipSpace(s, i); i < len(s) {
		return malformed("more after the object, at byte %d", i)
	}
	return nil
}

// key reads the field name at s[i], the at-th of its object, and returns its
// field (-1: none) and the position behind its closing quote.
func (d *JSONDecoder) key(s []byte, i, at int) (int, int, *RecordError) {
	if at < len(d.hints) {
		h := &d.hints[at]
		if end := i + len(h.quoted); end <= len(s) && string(s[i:end]) == h.quoted {
			return h.field, end, nil
		}
	}
	if i >= len(s) || s[i] != '"' {
		return 0, 0, malformed("want a field name at byte %d", i)
	}
	name, plain, end, err := d.str(s, i)
	if err != nil {
		return 0, 0, err
	}
	f, ok := d.byName[string(name)]
	if !ok {
		f = -1
	}
	if plain && at < maxHints {
		for len(d.hints) <= at {
			d.hints = append(d.hints, hint{quoted: "\x00"})
		}
		d.hints[at] = hint{quoted: string(s[i:end]), field: f}
	}
	return f, end, nil
}

// missing gives every field that the record lacks its NULL.
func (d *JSONDecoder) missing(cols []batch.Column) *RecordError {
	for i := range d.fields {
		f := &d.fields[i]
		if f.seen == d.gen || f.Metadata != "" {
			continue
		}
		if err := d.null(f, cols[i]); err != nil {
			return err
		}
	}
	return nil
}

// rollback takes back what the current record has appended.
func (d *JSONDecoder) rollback(cols []batch.Column) {
	for i := range d.fields {
		if f := &d.fields[i]; f.seen == d.gen && f.demanded {
			dropLast(cols[i])
		}
	}
}

// meet notes that f has a value in this record, which the caller now appends;
// the value of an earlier field with the same name goes.
func (d *JSONDecoder) meet(f *jsonField, col batch.Column) {
	if f.seen != d.gen {
		f.seen = d.gen
		d.found++
	} else if f.demanded {
		dropLast(col)
	}
}

func dropLast(col batch.Column) {
	switch v := col.(type) {
	case *batch.Vec[bool]:
		cut(v)
	case *batch.Vec[int64]:
		cut(v)
	case *batch.Vec[float64]:
		cut(v)
	case *batch.Vec[batch.Decimal]:
		cut(v)
	case *batch.Vec[batch.Span]:
		cut(v)
	case *batch.TextVec:
		n := v.Len() - 1
		v.Data = v.Data[:v.Off[n]]
		v.Off = v.Off[:n+1]
		if v.Null != nil {
			v.Null = v.Null[:n]
		}
	}
}

func cut[T batch.Fixed](v *batch.Vec[T]) {
	n := len(v.Data) - 1
	v.Data = v.Data[:n]
	if v.Null != nil {
		v.Null = v.Null[:n]
	}
}
