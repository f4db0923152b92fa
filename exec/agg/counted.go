package agg

import (
	"encoding/binary"
	"sort"

	"github.com/dirigo-stream/dirigo/exec/batch"
)

// counted is min or max of values that may be taken back: one byte string with
// a list of values and signed counts, least first. A negative count is legal:
// the value is yet to come.
//
// A list of words is 16 bytes a value: the word, then its count. A list of
// byte strings is, per value, its length (4 bytes), its count (8) and itself.
type counted struct {
	at   int
	most bool
	o    order
}

func (k counted) push(c *chunk, col batch.Column, pos []int32) {
	var scratch, value []byte
	for _, i := range pos {
		n := int64(1)
		if c.diff != nil {
			n = c.diff[i]
		}
		list := c.table.Bytes(c.refs[i], k.at)
		if k.o.words {
			scratch = addWord(scratch[:0], list, wordOf(col, c.rows[i]), n)
		} else {
			value = k.o.encode(value[:0], col, c.rows[i])
			scratch = k.addBytes(scratch[:0], list, value, n)
		}
		c.table.SetBytes(c.refs[i], k.at, scratch)
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

// addBytes appends list to dst with n more of value.
func (k counted) addBytes(dst, list, value []byte, n int64) []byte {
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
	var scratch []byte
	for i := range src.refs {
		from := src.table.Bytes(src.refs[i], k.at)
		if k.o.words {
			for j := range len(from) / 16 {
				w, n := listWord(from, j)
				scratch = addWord(scratch[:0], dst.table.Bytes(dst.refs[i], k.at), w, n)
				dst.table.SetBytes(dst.refs[i], k.at, scratch)
			}
			continue
		}
		for len(from) > 0 {
			v, n, rest := entry(from)
			scratch = k.addBytes(scratch[:0], dst.table.Bytes(dst.refs[i], k.at), v, n)
			dst.table.SetBytes(dst.refs[i], k.at, scratch)
			from = rest
		}
	}
}

func (k counted) empty(rows *rowset, i int) bool {
	return len(rows.table.Bytes(rows.refs[i], k.at)) == 0
}

func (k counted) result(out batch.Column, rows *rowset) error {
	for i := range rows.refs {
		list := rows.table.Bytes(rows.refs[i], k.at)
		if k.o.words {
			k.wordResult(out, list)
		} else {
			k.bytesResult(out, list)
		}
	}
	return nil
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

func (k counted) bytesResult(out batch.Column, list []byte) {
	var best []byte
	found := false
	for len(list) > 0 && (!found || k.most) {
		v, n, rest := entry(list)
		if n > 0 {
			best, found = v, true
		}
		list = rest
	}
	if !found {
		batch.AppendNull(out)
		return
	}
	appendBytes(out, best)
}
