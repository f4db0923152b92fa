package codec

import (
	"errors"

	"github.com/dirigo-stream/dirigo/connectors"
	"github.com/dirigo-stream/dirigo/exec/batch"
)

// KeyFormat says how the key of a record is written.
type KeyFormat uint8

// The key formats.
const (
	KeyJSON KeyFormat = iota // an object of the key columns; of one column also its plain value
	KeyText                  // the text of the one key column
	KeyNone                  // not read: the key columns are in the body
)

// UpsertDecoder reads upsert_json: a record is the newest row of its key (+1),
// one without value, a tombstone, takes the key away (−1, other columns NULL).
//
// The record's key is what brokers compact by, so the key columns are read from
// it, and fields of the body with their names are passed over; of a record
// without key they are read from the body.
type UpsertDecoder struct {
	form           KeyFormat
	key, rest, all *part
	body           []bool
}

var _ ChangeDecoder = (*UpsertDecoder)(nil)

// NewUpsertDecoder returns a decoder of the columns whose Metadata is empty; key
// are indices of some of them.
func NewUpsertDecoder(cfg JSONConfig, cols []connectors.Column, key []int, form KeyFormat) (*UpsertDecoder, error) {
	in, err := keyColumns(cols, key)
	switch {
	case err != nil:
		return nil, err
	case len(key) == 0:
		return nil, errors.New("it needs a key: PRIMARY KEY (column, ...)")
	case form == KeyText && len(key) != 1:
		return nil, errors.New("a key in text has one column")
	}
	d := &UpsertDecoder{form: form, body: bodyColumns(cols)}
	if d.key, err = newPart(cfg, cols, key, func(c int) bool { return in[c] }); err != nil {
		return nil, err
	}
	if d.rest, err = newPart(cfg, cols, nil, func(c int) bool { return !in[c] }); err != nil {
		return nil, err
	}
	d.all, err = newPart(cfg, cols, key, func(int) bool { return true })
	return d, err
}

// Demand implements ChangeDecoder.
func (d *UpsertDecoder) Demand(columns []bool) { demand(columns, d.key, d.rest, d.all) }

// Append implements ChangeDecoder.
func (d *UpsertDecoder) Append(cols []batch.Column, diff []int64, key, value []byte) ([]int64, error) {
	if key == nil || d.form == KeyNone {
		if value == nil {
			return diff, reject(NullKey, "a tombstone whose key is not known")
		}
		if err := d.all.Append(cols, value); err != nil {
			return diff, err
		}
		return append(diff, 1), nil
	}
	if err := d.readKey(cols, key); err != nil {
		return diff, err
	}
	if value == nil {
		d.key.blank(cols, d.body)
		return append(diff, -1), nil
	}
	if err := d.rest.Append(cols, value); err != nil {
		d.key.drop(cols)
		return diff, err
	}
	return append(diff, 1), nil
}

func (d *UpsertDecoder) readKey(cols []batch.Column, key []byte) (err error) {
	switch {
	case d.form == KeyText:
		err = d.key.scalar(cols, key, true)
	case d.key.body == 1 && !isObject(key):
		err = d.key.scalar(cols, key, false)
	default:
		err = d.key.Append(cols, key)
	}
	return inKey(err)
}

// inKey says that an error is about the record's key.
func inKey(err error) error {
	if err == nil {
		return nil // before r is made, which is not for free
	}
	var r *RecordError
	if errors.As(err, &r) {
		r.Detail = "in the record's key: " + r.Detail
	}
	return err
}
