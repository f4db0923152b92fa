package codec

import (
	"github.com/dirigo-stream/dirigo/connectors"
	"github.com/dirigo-stream/dirigo/exec/batch"
)

// DebeziumDecoder reads debezium_json: what a row was before and is after a
// change, with or without the envelope of schema and payload.
//
// Without a key, counts are what the records say: an update is −before +after,
// a delete −before; so every record must have the whole row before it. With a
// key, a record is the newest row of its key (+1) or takes it away (−1, other
// columns NULL), as in UpsertDecoder: what comes twice counts once, and before
// need not be there but for a key that an update changes.
type DebeziumDecoder struct {
	all, key *part // key is nil without one
	body     []bool
	keyAt    []int
	env      envelope
}

// envelope is what of a record is looked at.
type envelope struct {
	before, after []byte // JSON text; nil: none, or null
	payload       []byte // where it is an object
	op            byte
	empty         bool // the payload is null
}

var _ ChangeDecoder = (*DebeziumDecoder)(nil)

// NewDebeziumDecoder returns a decoder of the columns whose Metadata is empty;
// key are indices of some of them, nil: there is none.
func NewDebeziumDecoder(cfg JSONConfig, cols []connectors.Column, key []int) (*DebeziumDecoder, error) {
	cfg.Debezium = true
	in, err := keyColumns(cols, key)
	if err != nil {
		return nil, err
	}
	d := &DebeziumDecoder{body: bodyColumns(cols), keyAt: key}
	if len(key) > 0 {
		if d.key, err = newPart(cfg, cols, key, func(c int) bool { return in[c] }); err != nil {
			return nil, err
		}
	}
	d.all, err = newPart(cfg, cols, key, func(int) bool { return true })
	return d, err
}

// Demand implements ChangeDecoder. The columns of a key must be among them.
func (d *DebeziumDecoder) Demand(columns []bool) { demand(columns, d.all, d.key) }

// Append implements ChangeDecoder. Records without a value, which tell brokers
// to forget the key, and messages that are no rows give none.
func (d *DebeziumDecoder) Append(cols []batch.Column, diff []int64, key, value []byte) ([]int64, error) {
	if value == nil {
		return diff, nil
	}
	if err := d.open(value); err != nil {
		return diff, err
	}
	e := &d.env
	switch {
	case e.empty && e.op == 0, e.op == 'm':
		return diff, nil
	case (e.op == 'c' || e.op == 'r' || e.op == 'u') && e.after == nil:
		return diff, malformed("op %q without after", e.op)
	case e.op == 'c' || e.op == 'r':
		return d.row(cols, diff, e.after, 1)
	case e.op == 'u' && d.key != nil:
		return d.replace(cols, diff)
	case e.op == 'd' && d.key != nil:
		return d.remove(cols, diff, key)
	case (e.op == 'u' || e.op == 'd') && e.before == nil:
		return diff, malformed("op %q without before: the table needs REPLICA IDENTITY FULL, or the stream a PRIMARY KEY", e.op)
	case e.op == 'd':
		return d.row(cols, diff, e.before, -1)
	case e.op == 'u':
		return d.update(cols, diff)
	case e.op == 't':
		return diff, malformed("a table was truncated: which rows went is not in the record")
	case e.op == 0:
		return diff, malformed("no op in the record")
	}
	return diff, malformed("unknown op %q", e.op)
}

// row adds one row.
func (d *DebeziumDecoder) row(cols []batch.Column, diff []int64, body []byte, n int64) ([]int64, error) {
	if err := d.all.Append(cols, body); err != nil {
		return diff, err
	}
	return append(diff, n), nil
}

// update adds −before +after.
func (d *DebeziumDecoder) update(cols []batch.Column, diff []int64) ([]int64, error) {
	if err := d.all.Append(cols, d.env.before); err != nil {
		return diff, err
	}
	if err := d.all.Append(cols, d.env.after); err != nil {
		d.all.drop(cols)
		return diff, err
	}
	return append(diff, -1, 1), nil
}

// replace adds the row after, and where its key is new, takes the old one away.
func (d *DebeziumDecoder) replace(cols []batch.Column, diff []int64) ([]int64, error) {
	if err := d.all.Append(cols, d.env.after); err != nil || d.env.before == nil {
		if err != nil {
			return diff, err
		}
		return append(diff, 1), nil
	}
	if err := d.key.Append(cols, d.env.before); err != nil {
		d.all.drop(cols)
		return diff, err
	}
	if d.sameKey(cols) {
		d.key.drop(cols)
		return append(diff, 1), nil
	}
	d.key.blank(cols, d.body)
	return append(diff, 1, -1), nil
}

// sameKey compares the last two values of each key column.
func (d *DebeziumDecoder) sameKey(cols []batch.Column) bool {
	for _, k := range d.keyAt {
		if n := cols[k].Len(); !batch.EqualAt(cols[k], n-2, cols[k], n-1) {
			return false
		}
	}
	return true
}

// remove takes away the key of the row before, or of the record.
func (d *DebeziumDecoder) remove(cols []batch.Column, diff []int64, key []byte) ([]int64, error) {
	from := d.env.before
	if from == nil {
		if key == nil {
			return diff, reject(NullKey, "op 'd' with neither before nor a key")
		}
		if err := d.open(key); err != nil {
			return diff, inKey(err)
		}
		if from = d.env.payload; from == nil {
			from = key
		}
	}
	if err := d.key.Append(cols, from); err != nil {
		return diff, err
	}
	d.key.blank(cols, d.body)
	return append(diff, -1), nil
}

// open finds the parts of a record, which is checked as a whole.
func (d *DebeziumDecoder) open(s []byte) error {
	if most := d.all.cfg.MaxBytes; len(s) > most {
		return reject(Oversized, "record of %d bytes; at most %d are read", len(s), most)
	}
	d.env = envelope{}
	i := skipSpace(s, 0)
	if i == len(s) || s[i] != '{' {
		return malformed("want a JSON object at byte %d", i)
	}
	i, err := d.members(s, i, d.all.cfg.MaxDepth, true)
	if err == nil {
		err = d.all.end(s, i)
	}
	if err != nil {
		return err
	}
	return nil
}

// members walks through the object at s[i], the record itself (top) or its
// payload, and returns the position behind it.
func (d *DebeziumDecoder) members(s []byte, i, depth int, top bool) (int, *RecordError) {
	i = skipSpace(s, i+1)
	if i < len(s) && s[i] == '}' {
		return i + 1, nil
	}
	for {
		if i >= len(s) || s[i] != '"' {
			return 0, malformed("want a field name at byte %d", i)
		}
		name, _, at, err := d.all.str(s, i)
		if err != nil {
			return 0, err
		}
		if at = skipSpace(s, at); at >= len(s) || s[at] != ':' {
			return 0, malformed("want ':' at byte %d", at)
		}
		if i, err = d.member(name, s, skipSpace(s, at+1), depth-1, top); err != nil {
			return 0, err
		}
		i = skipSpace(s, i)
		if i < len(s) && s[i] == '}' {
			return i + 1, nil
		}
		if i >= len(s) || s[i] != ',' {
			return 0, malformed("want ',' or '}' at byte %d", i)
		}
		i = skipSpace(s, i+1)
	}
}

// member takes the field whose value is at s[i].
func (d *DebeziumDecoder) member(name, s []byte, i, depth int, top bool) (end int, err *RecordError) {
	e := &d.env
	if top && string(name) == "payload" && i < len(s) && s[i] == '{' {
		if end, err = d.members(s, i, depth, false); err == nil {
			e.payload = s[i:end]
		}
		return end, err
	}
	if end, err = skipValue(s, i, depth); err != nil {
		return 0, err
	}
	switch v := orNil(s[i:end]); string(name) {
	case "before":
		e.before = v
	case "after":
		e.after = v
	case "op":
		if len(v) != 3 || v[0] != '"' {
			return 0, malformed("op is %s", clip(s[i:end]))
		}
		e.op = v[1]
	case "payload":
		e.empty = top && v == nil
	}
	return end, nil
}

// orNil returns the JSON text s, or nil where it is null.
func orNil(s []byte) []byte {
	if string(s) == "null" {
		return nil
	}
	return s
}
