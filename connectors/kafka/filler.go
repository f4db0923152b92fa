package kafka

import (
	"bytes"
	"slices"

	"github.com/dirigo-stream/dirigo/connectors"
	"github.com/dirigo-stream/dirigo/connectors/codec"
	"github.com/dirigo-stream/dirigo/exec/batch"
)

// filler turns record batches into rows: of records that are rows, or of those
// that carry changes; one of the two decoders is nil.
type filler struct {
	src     *source
	rows    *codec.JSONDecoder
	changes codec.ChangeDecoder
	demand  []bool
	sizes   []int // bytes of a text in each column, as they were last
	scratch []byte
}

// read fills rows with up to limit records of p, rejected ones included; one
// that is two rows comes as a whole.
// rows.Next ends up behind the last record that was read or passed over.
func (f *filler) read(c *chunks, p *part, rows *connectors.Rows, limit int) error {
	s := &p.scan
	rows.Next = p.next
	defer f.measure(rows)
	var rec record
	for f.room(rows, limit) {
		if s.it.left == 0 {
			f.finish(c, s, rows)
			if more, err := f.advance(c, s, rows); !more || err != nil {
				return err
			}
		}
		ok, err := s.it.next(&rec)
		if !ok {
			f.breakOff(s, rows, err)
			continue
		}
		if rec.offset >= rows.Next { // a batch may begin before what was asked for
			f.row(rows, &rec, int(s.it.left)+1, limit)
		}
	}
	if s.it.left == 0 {
		f.finish(c, s, rows)
	}
	return nil
}

// finish ends the batch being read.
func (f *filler) finish(c *chunks, s *scan, rows *connectors.Rows) {
	if s.it.data == nil {
		return
	}
	rows.Next = max(rows.Next, s.it.last+1)
	c.used(len(s.it.data))
	s.it = records{}
	if s.unpack.Cap() > keepUnpacked {
		s.unpack = bytes.Buffer{}
	}
}

// keepUnpacked is how much memory a partition keeps for unpacking its next batch.
const keepUnpacked = 4 << 20

// advance goes to the next batch with records to be seen.
func (f *filler) advance(c *chunks, s *scan, rows *connectors.Rows) (bool, error) {
	for {
		h, rest, more, err := nextBatch(s.set)
		if err != nil {
			return false, err
		}
		if !more {
			if s.data != nil {
				c.used(len(s.set))
				giveBuffer(s.data)
				s.data, s.set = nil, nil
			}
			x, ok := c.next()
			if !ok {
				return false, nil
			}
			s.open(x)
			continue
		}
		s.set = rest
		if err := h.check(); err != nil {
			return false, err
		}
		s.it = records{header: h}
		if s.void(&h) || h.last < rows.Next || h.count <= 0 {
			f.finish(c, s, rows)
			continue
		}
		body, err := h.body(&s.unpack)
		if err != nil {
			f.breakOff(s, rows, err)
			f.finish(c, s, rows)
			continue
		}
		s.it.rest, s.it.left = body, h.count
		return true, nil
	}
}

// breakOff rejects the rest of a batch whose checksum is right, but which its
// producer did not write as it should: one entry stands for what is lost.
func (f *filler) breakOff(s *scan, rows *connectors.Rows, err error) {
	if err == nil {
		err = errRecord
	}
	s.it.left = 0
	f.reject(rows, max(rows.Next, s.it.base), nil, &codec.RecordError{
		Reason: codec.Malformed, Detail: "the rest of a record batch: " + err.Error(),
	})
	rows.Next = max(rows.Next, s.it.last+1)
}

// row decodes one record; left is how many its batch still has, limit how many
// rows may come at most.
func (f *filler) row(rows *connectors.Rows, rec *record, left, limit int) {
	rows.Next = rec.offset + 1
	rows.Bytes += int64(len(rec.key) + len(rec.value))
	rows.Born = max(rec.time, 0) * 1_000_000 // −1 is none
	if rows.Cols == nil {
		rows.Cols = f.columns(min(left, limit))
	}
	if rec.value == nil && f.changes == nil {
		f.reject(rows, rec.offset, rec.key, &codec.RecordError{Reason: codec.Malformed, Detail: "no value (a tombstone)"})
		return
	}
	if len(f.src.metas) > 0 {
		if err := checkMeta(f.src.metas, rec, &f.scratch); err != nil {
			f.reject(rows, rec.offset, rec.value, err)
			return
		}
	}
	if f.changes != nil {
		f.change(rows, rec, limit)
		return
	}
	if err := f.rows.Append(rows.Cols, rec.value); err != nil {
		f.reject(rows, rec.offset, rec.value, err.(*codec.RecordError))
		return
	}
	f.place(rows, rec, limit)
}

// room says whether another record may be read.
func (f *filler) room(rows *connectors.Rows, limit int) bool {
	n := rows.N + len(rows.Rejected)
	if f.changes != nil && n > 0 {
		n++ // it may be two rows
	}
	return n < limit
}

// change decodes a record that carries changes.
func (f *filler) change(rows *connectors.Rows, rec *record, limit int) {
	diff, err := f.changes.Append(rows.Cols, rows.Diff, rec.key, rec.value)
	if err != nil {
		raw := rec.value
		if raw == nil {
			raw = rec.key
		}
		f.reject(rows, rec.offset, raw, err.(*codec.RecordError))
		return
	}
	rows.Diff = diff
	for rows.N < len(diff) {
		f.place(rows, rec, limit)
	}
}

// place gives a row that was appended its metadata and its offset.
func (f *filler) place(rows *connectors.Rows, rec *record, limit int) {
	if len(f.src.metas) > 0 {
		appendMeta(f.src.metas, rows.Cols, rec, rows.Partition, &f.scratch)
	}
	switch {
	case rows.Offsets != nil:
		rows.Offsets = append(rows.Offsets, rec.offset)
	case rows.N == 0:
		rows.Base = rec.offset
	case rec.offset != rows.Base+int64(rows.N):
		rows.Offsets = make([]int64, rows.N, max(limit, rows.N+1))
		for i := range rows.Offsets {
			rows.Offsets[i] = rows.Base + int64(i)
		}
		rows.Offsets = append(rows.Offsets, rec.offset)
	}
	rows.N++
}

// maxRaw bounds what is kept of a rejected record.
const maxRaw = 4 << 10

func (f *filler) reject(rows *connectors.Rows, offset int64, raw []byte, err *codec.RecordError) {
	rows.Rejected = append(rows.Rejected, connectors.Rejected{
		Offset: offset, Reason: err.Reason, Detail: err.Detail, Raw: slices.Clone(raw[:min(len(raw), maxRaw)]),
	})
}

// columns returns empty columns for about n rows.
func (f *filler) columns(n int) []batch.Column {
	cols := make([]batch.Column, len(f.src.spec.Columns))
	for i, c := range f.src.spec.Columns {
		if !f.demand[i] {
			continue
		}
		cols[i] = batch.New(c.Type.Kind, n)
		if v, ok := cols[i].(*batch.TextVec); ok {
			v.Data = make([]byte, 0, n*f.sizes[i]+n/4*f.sizes[i])
		}
	}
	return cols
}

// measure remembers how long texts are, so that the next columns need not grow.
func (f *filler) measure(rows *connectors.Rows) {
	if rows.N < 16 {
		return
	}
	for i, c := range rows.Cols {
		if v, ok := c.(*batch.TextVec); ok {
			f.sizes[i] = len(v.Data)/rows.N + 1
		}
	}
}
