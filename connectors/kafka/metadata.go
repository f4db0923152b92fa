package kafka

import (
	"bytes"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/dirigo-stream/dirigo/connectors"
	"github.com/dirigo-stream/dirigo/connectors/codec"
	"github.com/dirigo-stream/dirigo/exec/batch"
)

// meta is one column that is read from beside the record's body.
type meta struct {
	connectors.Column
	col    int    // its place among the columns
	header []byte // of header:NAME
	text   bool
}

// metadataOf checks a metadata column.
func metadataOf(c connectors.Column) (meta, error) {
	m := meta{Column: c, text: true}
	ok := c.Type.Kind == batch.Text
	want := "text"
	name, header := strings.CutPrefix(c.Metadata, "header:")
	switch {
	case header:
		m.header = []byte(name)
	case c.Metadata == "key", c.Metadata == "headers":
	case c.Metadata == "timestamp":
		m.text = false
		ok, want = c.Type.Kind == batch.Timestamp || c.Type.Kind == batch.TimestampTZ, "timestamp"
	case c.Metadata == "offset":
		m.text = false
		ok, want = c.Type.Kind == batch.Int64, "bigint"
	case c.Metadata == "partition":
		m.text = false
		ok, want = c.Type.Kind == batch.Int32 || c.Type.Kind == batch.Int64, "integer"
	default:
		return m, &connectors.OptionError{
			Option: c.Name, Message: fmt.Sprintf("a Kafka record has no %q", c.Metadata),
			Hint: "There are key, timestamp, partition, offset, headers and header:NAME.",
		}
	}
	if !ok {
		return m, &connectors.OptionError{Option: c.Name, Message: fmt.Sprintf("metadata column %s is of type %s, not %s", c.Metadata, want, c.Type)}
	}
	return m, nil
}

// value returns the text of a text column for rec, nil for NULL. scratch is
// overwritten by what has to be built.
func (m *meta) value(rec *record, scratch *[]byte) (x []byte, err error) {
	switch {
	case m.Metadata == "key":
		x = rec.key
	case m.header != nil:
		err = eachHeader(rec.headers, func(name, value []byte) {
			if bytes.Equal(name, m.header) {
				x = value
			}
		})
	default:
		x, err = headersJSON((*scratch)[:0], rec.headers)
		*scratch = x
	}
	if err != nil {
		return nil, err
	}
	if !utf8.Valid(x) || bytes.IndexByte(x, 0) >= 0 {
		return nil, fmt.Errorf("column %q: the record's %s is no text", m.Name, m.Metadata)
	}
	return x, nil
}

// headersJSON writes headers as a JSON object of texts; a name that comes twice
// is written twice, NULL values as null.
func headersJSON(dst, headers []byte) ([]byte, error) {
	dst = append(dst, '{')
	err := eachHeader(headers, func(name, value []byte) {
		if len(dst) > 1 {
			dst = append(dst, ',')
		}
		dst = append(codec.AppendJSONText(dst, name), ':')
		if value == nil {
			dst = append(dst, "null"...)
		} else {
			dst = codec.AppendJSONText(dst, value)
		}
	})
	return append(dst, '}'), err
}

// check tells whether rec can fill the metadata columns, before its body is
// decoded: a rejected record leaves no column longer than the others.
func checkMeta(metas []meta, rec *record, scratch *[]byte) *codec.RecordError {
	for i := range metas {
		m := &metas[i]
		if !m.text {
			continue
		}
		x, err := m.value(rec, scratch)
		if err != nil {
			return &codec.RecordError{Reason: codec.Malformed, Detail: err.Error()}
		}
		if x == nil && m.NotNull {
			return &codec.RecordError{Reason: codec.NullKey, Detail: fmt.Sprintf("column %q has no value", m.Name)}
		}
	}
	return nil
}

// appendMeta fills the metadata columns that are demanded, after checkMeta.
func appendMeta(metas []meta, cols []batch.Column, rec *record, partition int32, scratch *[]byte) {
	for i := range metas {
		m := &metas[i]
		switch col := cols[m.col].(type) {
		case *batch.TextVec:
			if x, _ := m.value(rec, scratch); x != nil {
				col.Append(x)
			} else {
				col.AppendNull()
			}
		case *batch.Vec[int64]:
			switch m.Metadata {
			case "timestamp":
				col.Append(rec.time * 1000)
			case "offset":
				col.Append(rec.offset)
			default:
				col.Append(int64(partition))
			}
		}
	}
}
