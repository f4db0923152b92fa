package codec

import (
	"strconv"

	"github.com/dirigo-stream/dirigo/exec/batch"
)

// RowRef is a row of a batch.
type RowRef struct {
	Batch *batch.Batch // nil: none
	Row   int
}

// AppendDebezium appends a change as debezium_json, without an envelope: op c
// where there is only a row after, d where there is only one before, else u.
// ms is when it happened, Unix ms; 0 where that is not known.
func (e *JSONEncoder) AppendDebezium(dst []byte, before, after RowRef, ms int64) []byte {
	op := byte('u')
	dst = e.appendOrNull(append(dst, `{"before":`...), before)
	dst = e.appendOrNull(append(dst, `,"after":`...), after)
	switch {
	case before.Batch == nil:
		op = 'c'
	case after.Batch == nil:
		op = 'd'
	}
	dst = append(append(append(dst, `,"op":"`...), op), `","ts_ms":`...)
	if ms == 0 {
		return append(dst, "null}"...)
	}
	return append(strconv.AppendInt(dst, ms, 10), '}')
}

func (e *JSONEncoder) appendOrNull(dst []byte, r RowRef) []byte {
	if r.Batch == nil {
		return append(dst, "null"...)
	}
	return e.AppendRow(dst, r.Batch, r.Row)
}
