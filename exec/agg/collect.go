package agg

import (
	"bytes"
	"encoding/binary"
	"slices"

	"github.com/dirigo-stream/dirigo/exec/batch"
)

// collect is array_agg or string_agg: one byte string with a list of values and
// signed counts in the order of the result. So neither the order of rows nor how
// they were split shows, and values may be taken back: where ORDER BY says
// nothing else, values stand in their own order, NULL last.
//
// An entry is the length of its sort key and of its value (4 bytes each), its
// count (8), the sort key (the columns of ORDER BY, so that bytes order as they
// do), and the value as an array of one element.
type collect struct {
	at      int
	call    Call
	strings bool // string_agg
	elem    batch.Kind
	s       *collectScratch
}

// collectScratch is memory for one chunk.
type collectScratch struct {
	one     *batch.ArrayBuilder // of the argument's kind
	keys    []*batch.ArrayBuilder
	arena   []byte
	entries []chunkEntry
	list    []byte
	array   *batch.ArrayBuilder
}

// chunkEntry is an entry of a chunk's row, in the arena.
type chunkEntry struct {
	row      int32
	from, to int
}

const entryHead = 16

// maxCollected bounds the elements of one result.
const maxCollected = 16 << 20

func newCollect(at int, c Call) collect {
	s := &collectScratch{one: batch.NewArrayBuilder(c.ArgType.Kind), array: batch.NewArrayBuilder(c.ArgType.Kind)}
	for _, o := range c.Order {
		s.keys = append(s.keys, batch.NewArrayBuilder(o.Type.Kind))
	}
	return collect{at: at, call: c, strings: c.Func == "string_agg", elem: c.ArgType.Kind, s: s}
}

func (k collect) push(c *chunk, col batch.Column, pos []int32) {
	s := k.s
	s.arena, s.entries = s.arena[:0], s.entries[:0]
	for _, i := range pos {
		n := int64(1)
		if c.diff != nil {
			n = c.diff[i]
		}
		from := len(s.arena)
		s.arena = k.encode(s.arena, c.batch, col, int(c.rows[i]), n)
		s.entries = append(s.entries, chunkEntry{i, from, len(s.arena)})
	}
	slices.SortFunc(s.entries, func(a, b chunkEntry) int {
		if d := int(c.refs[a.row]) - int(c.refs[b.row]); d != 0 {
			return d
		}
		return compareEntries(s.arena[a.from:a.to], s.arena[b.from:b.to])
	})
	var run []byte
	for at := 0; at < len(s.entries); {
		row := s.entries[at].row
		run = run[:0]
		for ; at < len(s.entries) && c.refs[s.entries[at].row] == c.refs[row]; at++ {
			e := s.entries[at]
			run = append(run, s.arena[e.from:e.to]...)
		}
		k.mergeList(&c.rowset, int(row), run)
	}
}

// encode appends the entry of a row.
func (k collect) encode(dst []byte, b *batch.Batch, col batch.Column, row int, n int64) []byte {
	head := len(dst)
	dst = append(dst, make([]byte, entryHead)...)
	for i, o := range k.call.Order {
		dst = appendSortKey(dst, k.s.keys[i], b.Cols[o.Col], row, o)
	}
	key := len(dst) - head - entryHead
	k.s.one.Reset()
	k.s.one.Add(col, row)
	dst = k.s.one.Append(dst)
	binary.LittleEndian.PutUint32(dst[head:], uint32(key))
	binary.LittleEndian.PutUint32(dst[head+4:], uint32(len(dst)-head-entryHead-key))
	binary.LittleEndian.PutUint64(dst[head+8:], uint64(n))
	return dst
}

// appendSortKey appends the value of a column of ORDER BY: whether it is NULL,
// and bytes that order as values do.
func appendSortKey(dst []byte, one *batch.ArrayBuilder, col batch.Column, row int, o Order) []byte {
	if batch.IsNull(col, row) {
		if o.NullsFirst {
			return append(dst, 0)
		}
		return append(dst, 2)
	}
	dst = append(dst, 1)
	from := len(dst)
	one.Reset()
	one.Add(col, row)
	dst = one.Append(dst)
	dst = dst[:from+len(batch.Significant(dst[from:]))]
	if o.Desc {
		for i := from; i < len(dst); i++ {
			dst[i] = ^dst[i]
		}
	}
	return dst
}

// cutEntry splits the first entry off a list.
func cutEntry(list []byte) (e, rest []byte) {
	n := entryHead + int(binary.LittleEndian.Uint32(list)) + int(binary.LittleEndian.Uint32(list[4:]))
	return list[:n:n], list[n:]
}

func entryCount(e []byte) int64 { return int64(binary.LittleEndian.Uint64(e[8:])) }

func entryValue(e []byte) []byte {
	key, size := binary.LittleEndian.Uint32(e), binary.LittleEndian.Uint32(e[4:])
	return e[entryHead+key : entryHead+key+size]
}

// compareEntries orders the entries at the heads of a and b as the result lists
// them: values that compare alike, and are displayed otherwise, by their display.
func compareEntries(a, b []byte) int {
	x := a[entryHead : entryHead+binary.LittleEndian.Uint32(a)]
	y := b[entryHead : entryHead+binary.LittleEndian.Uint32(b)]
	if d := bytes.Compare(x, y); d != 0 {
		return d
	}
	x, y = entryValue(a), entryValue(b)
	if d := bytes.Compare(batch.Significant(x), batch.Significant(y)); d != 0 {
		return d
	}
	return bytes.Compare(x, y)
}

// mergeList merges a list of entries, in order, into that of row i.
func (k collect) mergeList(r *rowset, i int, more []byte) {
	list, out, last := r.table.Bytes(r.refs[i], k.at), k.s.list[:0], -1
	for len(list) > 0 || len(more) > 0 {
		var e []byte
		if len(more) == 0 || len(list) > 0 && compareEntries(list, more) <= 0 {
			e, list = cutEntry(list)
		} else {
			e, more = cutEntry(more)
		}
		if last >= 0 && compareEntries(out[last:], e) == 0 {
			n := entryCount(out[last:]) + entryCount(e)
			binary.LittleEndian.PutUint64(out[last+8:], uint64(n))
			continue
		}
		if last >= 0 && entryCount(out[last:]) == 0 {
			out = out[:last]
		}
		last = len(out)
		out = append(out, e...)
	}
	if last >= 0 && entryCount(out[last:]) == 0 {
		out = out[:last]
	}
	k.s.list = out
	r.table.SetBytes(r.refs[i], k.at, out)
}

func (k collect) merge(dst, src *rowset) {
	for i, r := range src.refs {
		if more := src.table.Bytes(r, k.at); len(more) > 0 {
			k.mergeList(dst, i, more)
		}
	}
}

func (k collect) empty(rows *rowset, i int) bool {
	return len(rows.table.Bytes(rows.refs[i], k.at)) == 0
}

func (k collect) result(out batch.Column, rows *rowset) error {
	v := out.(*batch.TextVec)
	for _, r := range rows.refs {
		values, ok, err := k.one(k.s.arena[:0], rows.table.Bytes(r, k.at))
		if err != nil {
			return err
		}
		if k.s.arena = values[:0]; ok {
			v.Append(values)
		} else {
			v.AppendNull()
		}
	}
	return nil
}

// one appends the result of a list; ok is false where nothing is in it.
func (k collect) one(dst, list []byte) (_ []byte, ok bool, err error) {
	all := int64(0)
	k.s.array.Reset()
	var last []byte // the value that stood last, for DISTINCT
	for len(list) > 0 {
		var e []byte
		e, list = cutEntry(list)
		n, value := entryCount(e), entryValue(e)
		if n <= 0 {
			continue
		}
		if k.call.Distinct {
			if n = 1; last != nil && bytes.Equal(batch.Significant(last), batch.Significant(value)) {
				continue
			}
			last = value
		}
		if all += n; all > maxCollected {
			return dst, false, &batch.ValueError{Code: "54000", Message: "result of " + k.call.Func + " has too many elements"}
		}
		it := batch.Elems(value, k.elem)
		elem, _ := it.Next()
		for range n {
			if !k.strings {
				k.s.array.AddElem(elem)
				continue
			}
			if ok {
				dst = append(dst, k.call.Separator...)
			}
			dst, ok = elem.AppendValue(dst), true
		}
	}
	if k.strings || all == 0 {
		return dst, ok, nil
	}
	return k.s.array.Append(dst), true, nil
}
