package codec

import (
	"encoding/base64"

	"github.com/dirigo-stream/dirigo/connectors"
	"github.com/dirigo-stream/dirigo/exec/batch"
)

// bytesReader reads values of the kinds that lie as bytes: BYTEA, UUID, JSONB
// and arrays. It is the scratch that they need.
type bytesReader struct {
	value []byte
	json  batch.JSONBuilder
	elems map[batch.Type]*elemReader
}

// elemReader reads the elements of arrays of one type, by way of a column.
type elemReader struct {
	field  jsonField
	col    batch.Column // empty but while an element is read
	array  *batch.ArrayBuilder
	reader *JSONDecoder
}

func newBytesReader() *bytesReader { return &bytesReader{} }

// bytes reads the value at s[i], not null, into f.
func (d *JSONDecoder) bytes(f *jsonField, col batch.Column, s []byte, i int) (int, *RecordError) {
	end, err := d.bytesValue(f, s, i)
	if err != nil {
		return 0, err
	}
	if d.meet(f, col); f.demanded {
		col.(*batch.TextVec).Append(d.rare.value)
	}
	return end, nil
}

// bytesValue reads the value at s[i] into the scratch.
func (d *JSONDecoder) bytesValue(f *jsonField, s []byte, i int) (end int, err *RecordError) {
	r := d.rare
	r.value = r.value[:0]
	if f.Type.Kind == batch.Array && i < len(s) && s[i] == '[' {
		return d.array(f, s, i)
	}
	if f.Type.Kind == batch.JSONB {
		return d.jsonb(f, s, i)
	}
	tok, c, end, err := d.token(s, i)
	if err != nil {
		return 0, err
	}
	if c != text {
		return 0, wrong(f, tok, c)
	}
	if d.cfg.Debezium && string(tok) == unavailable {
		return 0, noValue(f)
	}
	if f.Type.Kind == batch.Bytea {
		return end, r.bytea(f, tok, d.cfg.Debezium)
	}
	var e error
	if r.value, e = batch.ParseBytes(r.value, tok, f.Type, nil); e != nil {
		return 0, invalid(f, e)
	}
	return end, nil
}

// bytea reads \x and hexadecimal digits, or base64, which has no backslash.
func (r *bytesReader) bytea(f *jsonField, tok []byte, base bool) *RecordError {
	var err error
	switch {
	case len(tok) >= 2 && tok[0] == '\\' && tok[1] == 'x':
		if r.value, err = batch.ParseHex(r.value, tok[2:]); err != nil {
			return invalid(f, err)
		}
	case base:
		if r.value, err = base64.StdEncoding.AppendDecode(r.value, tok); err != nil {
			return malformed("column %q: %s is neither \\x with hexadecimal digits nor base64", f.Name, clip(tok))
		}
	default:
		return malformed("column %q: %s is not \\x with hexadecimal digits", f.Name, clip(tok))
	}
	return nil
}

// jsonb reads any JSON value as it stands; Debezium's is a string that holds it.
func (d *JSONDecoder) jsonb(f *jsonField, s []byte, i int) (end int, err *RecordError) {
	raw := s
	if d.cfg.Debezium && i < len(s) && s[i] == '"' {
		if raw, _, end, err = d.str(s, i); err == nil && string(raw) == unavailable {
			err = noValue(f)
		}
	} else if end, err = skipValue(s, i, d.cfg.MaxDepth-1); err == nil {
		raw = s[i:end]
	}
	if err != nil {
		return 0, err
	}
	var e error
	if d.rare.value, e = d.rare.json.AppendJSON(d.rare.value, raw); e != nil {
		return 0, invalid(f, e)
	}
	return end, nil
}

// array reads a JSON array of elements, null among them.
func (d *JSONDecoder) array(f *jsonField, s []byte, i int) (int, *RecordError) {
	e := d.rare.elements(f, d.cfg)
	e.array.Reset()
	i = skipSpace(s, i+1)
	if i < len(s) && s[i] == ']' {
		return d.endArray(e, i+1)
	}
	for {
		if i < len(s) && s[i] == '[' && f.Type.Elem != batch.JSONB {
			return 0, malformed("column %q: an array in an array; its type is %s", f.Name, f.Type)
		}
		end, err := e.element(s, i)
		if err != nil {
			return 0, err
		}
		i = skipSpace(s, end)
		if i < len(s) && s[i] == ']' {
			return d.endArray(e, i+1)
		}
		if i >= len(s) || s[i] != ',' {
			return 0, malformed("want ',' or ']' at byte %d", i)
		}
		i = skipSpace(s, i+1)
	}
}

func (d *JSONDecoder) endArray(e *elemReader, end int) (int, *RecordError) {
	d.rare.value = e.array.Append(d.rare.value)
	return end, nil
}

// elements returns the reader of f's elements.
func (r *bytesReader) elements(f *jsonField, cfg JSONConfig) *elemReader {
	if e := r.elems[f.Type]; e != nil {
		e.field.Name = f.Name
		return e
	}
	t := f.Type.ElemType()
	k := t.Kind
	e := &elemReader{col: batch.New(k, 1), array: batch.NewArrayBuilder(k)}
	e.reader = &JSONDecoder{cfg: cfg, gen: 1, rare: newBytesReader()}
	e.field = jsonField{Column: connectors.Column{Name: f.Name, Type: t}, rep: k.Rep(), demanded: true, integer: isInteger(k)}
	if r.elems == nil {
		r.elems = make(map[batch.Type]*elemReader)
	}
	r.elems[f.Type] = e
	return e
}

func isInteger(k batch.Kind) bool {
	return k == batch.Int16 || k == batch.Int32 || k == batch.Int64
}

// element reads the value at s[i] and adds it to the array.
func (e *elemReader) element(s []byte, i int) (int, *RecordError) {
	e.reader.gen++
	end, err := e.reader.value(&e.field, e.col, s, i)
	if err == nil {
		e.array.Add(e.col, 0)
	}
	if e.field.seen == e.reader.gen {
		dropLast(e.col)
	}
	return end, err
}

// unavailable is what Debezium writes for a large value that did not change and
// is not in the database's log: nobody knows the row then.
const unavailable = "__debezium_unavailable_value"

func noValue(f *jsonField) *RecordError {
	return malformed("column %q has no value in the record (%s): the table needs REPLICA IDENTITY FULL", f.Name, unavailable)
}
