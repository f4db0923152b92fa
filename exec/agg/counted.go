package agg

import (
	"bytes"
	"encoding/binary"
	"sort"

	"github.com/dirigo-stream/dirigo/exec/batch"
)

// counted is min or max of values that may be taken back: one byte string with
// the values and signed counts, least first. A negative count is legal: the value
// is yet to come. A word tells the form of the byte string: 0 is a list, 1 is
// ranks, which is what a list becomes when it is long.
//
// A list of words is 16 bytes a value: the word, then its count. A list of
// byte strings is, per value, its length (4 bytes), its count (8) and itself.
type counted struct {
	at   int
	most bool
	o    order
	s    *countedScratch
}

// countedScratch is memory for one change.
type countedScratch struct{ list, value []byte }

// keptScratch is how much of it, in bytes, stays for the next chunk.
const keptScratch = 64 << 10

// longList is the length, in bytes, from which a list becomes ranks.
const longList = 1 << 10

func newCounted(at int, most bool, o order) counted {
	if o.words {
		o.compare = bytes.Compare // of sortable
	}
	return counted{at, most, o, &countedScratch{}}
}

// sortable appends a word as bytes that order as words do.
func sortable(dst []byte, w int64) []byte {
	return binary.BigEndian.AppendUint64(dst, uint64(w)^1<<63)
}

func unsortable(b []byte) int64 { return int64(binary.BigEndian.Uint64(b) ^ 1<<63) }

func (k counted) push(c *chunk, col batch.Column, pos []int32) {
	for _, i := range pos {
		n := int64(1)
		if c.diff != nil {
			n = c.diff[i]
		}
		if k.o.words {
			k.addWord(&c.rowset, int(i), wordOf(col, c.rows[i]), n)
			continue
		}
		k.s.value = k.o.encode(k.s.value[:0], col, c.rows[i])
		k.addBytes(&c.rowset, int(i), k.s.value, n)
	}
	if cap(k.s.list) > keptScratch {
		k.s.list = nil
	}
}

// addWord counts n more of word in row i.
func (k counted) addWord(r *rowset, i int, word, n int64) {
	if r.words[i][k.at+1] != 0 {
		k.s.value = sortable(k.s.value[:0], word)
		k.addRanked(r, i, k.s.value, n)
		return
	}
	k.s.list = addWord(k.s.list[:0], r.table.Bytes(r.refs[i], k.at), word, n)
	if len(k.s.list) > longList {
		var long []byte
		for j := range len(k.s.list) / 16 {
			w, n := listWord(k.s.list, j)
			k.s.value = sortable(k.s.value[:0], w)
			long = appendEntry(long, k.s.value, n)
		}
		k.s.list = append(k.s.list[:0], long...)
		k.rank(r, i)
		return
	}
	r.table.SetBytes(r.refs[i], k.at, k.s.list)
}

// addBytes counts n more of value in row i.
func (k counted) addBytes(r *rowset, i int, value []byte, n int64) {
	if r.words[i][k.at+1] != 0 {
		k.addRanked(r, i, value, n)
		return
	}
	k.s.list = k.addEntry(k.s.list[:0], r.table.Bytes(r.refs[i], k.at), value, n)
	if len(k.s.list) > longList {
		k.rank(r, i)
		return
	}
	r.table.SetBytes(r.refs[i], k.at, k.s.list)
}

// rank makes ranks of the list in the scratch, for row i.
func (k counted) rank(r *rowset, i int) {
	long := rebuilt(nil, 0, func(yield func([]byte) bool) { yield(k.s.list) })
	r.table.SetBytes(r.refs[i], k.at, long)
	r.words[i][k.at+1] = 1
}

// addRanked counts n more of value in the ranks of row i.
func (k counted) addRanked(r *rowset, i int, value []byte, n int64) {
	x := ranks(r.table.Bytes(r.refs[i], k.at))
	if !x.add(value, n, k.o.compare) {
		k.s.list = rebuilt(k.s.list[:0], 4*entrySize(value), x.all)
		r.table.SetBytes(r.refs[i], k.at, k.s.list)
		x = r.table.Bytes(r.refs[i], k.at)
		x.add(value, n, k.o.compare)
	}
	switch {
	case x.chunks() == 0:
		r.table.SetBytes(r.refs[i], k.at, nil)
		r.words[i][k.at+1] = 0
	case x.sparse():
		k.s.list = rebuilt(k.s.list[:0], 0, x.all)
		r.table.SetBytes(r.refs[i], k.at, k.s.list)
	}
}

func listWord(list []byte, i int) (word, n int64) {
	return int64(binary.LittleEndian.Uint64(list[i*16:])), int64(binary.LittleEndian.Uint64(list[i*16+8:]))
}

func appendListWord(dst []byte, word, n int64) []byte {
	return binary.LittleEndian.AppendUint64(binary.LittleEndian.AppendUint64(dst, uint64(word)), uint64(n))
}

// addWord appends list to dst with n more of word.
func addWord(dst, list []byte, word, n int64) []byte {
	size := len(list) / 16
	at := sort.Search(size, func(i int) bool {
		w, _ := listWord(list, i)
		return w >= word
	})
	dst = append(dst, list[:at*16]...)
	rest := list[at*16:]
	if at < size {
		if w, have := listWord(list, at); w == word {
			n += have
			rest = rest[16:]
		}
	}
	if n != 0 {
		dst = appendListWord(dst, word, n)
	}
	return append(dst, rest...)
}

// entry splits the first value off a list of byte strings.
func entry(list []byte) (value []byte, n int64, rest []byte) {
	size := int(binary.LittleEndian.Uint32(list))
	return list[12 : 12+size], int64(binary.LittleEndian.Uint64(list[4:])), list[12+size:]
}

func appendEntry(dst, value []byte, n int64) []byte {
	dst = binary.LittleEndian.AppendUint32(dst, uint32(len(value)))
	dst = binary.LittleEndian.AppendUint64(dst, uint64(n))
	return append(dst, value...)
}

// addEntry appends list to dst with n more of value.
func (k counted) addEntry(dst, list, value []byte, n int64) []byte {
	for len(list) > 0 {
		v, have, rest := entry(list)
		c := k.o.compare(v, value)
		if c >= 0 {
			if c == 0 {
				n += have
				list = rest
			}
			break
		}
		dst = append(dst, list[:len(list)-len(rest)]...)
		list = rest
	}
	if n != 0 {
		dst = appendEntry(dst, value, n)
	}
	return append(dst, list...)
}

func (k counted) merge(dst, src *rowset) {
	for i := range src.refs {
		from := src.table.Bytes(src.refs[i], k.at)
		switch {
		case src.words[i][k.at+1] != 0:
			for list := range ranks(from).all {
				k.mergeList(dst, i, list)
			}
		case k.o.words:
			for j := range len(from) / 16 {
				w, n := listWord(from, j)
				k.addWord(dst, i, w, n)
			}
		default:
			k.mergeList(dst, i, from)
		}
	}
}

// mergeList adds a list of byte strings to row i.
func (k counted) mergeList(dst *rowset, i int, list []byte) {
	for len(list) > 0 {
		v, n, rest := entry(list)
		if k.o.words {
			k.addWord(dst, i, unsortable(v), n)
		} else {
			k.addBytes(dst, i, v, n)
		}
		list = rest
	}
}

func (k counted) empty(rows *rowset, i int) bool {
	return len(rows.table.Bytes(rows.refs[i], k.at)) == 0
}

func (k counted) result(out batch.Column, rows *rowset) error {
	for i := range rows.refs {
		list := rows.table.Bytes(rows.refs[i], k.at)
		switch {
		case rows.words[i][k.at+1] != 0:
			best, found := ranks(list).extreme(k.most)
			k.append(out, best, found)
		case k.o.words:
			k.wordResult(out, list)
		default:
			best, found := extremeOf(list, k.most)
			k.append(out, best, found)
		}
	}
	return nil
}

// append adds a value, as entries hold it, to out.
func (k counted) append(out batch.Column, value []byte, found bool) {
	switch {
	case !found:
		batch.AppendNull(out)
	case k.o.words:
		appendWord(out, unsortable(value))
	default:
		appendBytes(out, value)
	}
}

func (k counted) wordResult(out batch.Column, list []byte) {
	size := len(list) / 16
	for i := range size {
		if k.most {
			i = size - 1 - i
		}
		if w, n := listWord(list, i); n > 0 {
			appendWord(out, w)
			return
		}
	}
	batch.AppendNull(out)
}
