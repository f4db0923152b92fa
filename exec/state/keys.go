package state

import (
	"math"
	"math/bits"
	"sync"

	"github.com/dirigo-stream/dirigo/exec/batch"
)

// Chunk is the number of rows that are looked up at once.
const Chunk = 1024

// Keys are the keys of up to Chunk rows, ready to be looked up. The value is
// reused from chunk to chunk.
type Keys struct {
	N     int
	Hash  []uint64
	masks [][]uint64
	cols  []keyCol
}

// keyCol is one key column: words, or byte ranges of data.
type keyCol struct {
	word       []int64
	data       []byte
	start, end []uint32
	own        []byte // encoded values; data may be someone else's
}

func (k *Keys) reset(s *shape, n int) {
	k.N = n
	k.Hash = sized(k.Hash, n)
	for len(k.masks) < s.masks {
		k.masks = append(k.masks, nil)
	}
	for i := range k.masks {
		k.masks[i] = sized(k.masks[i], n)
		clear(k.masks[i])
	}
	for len(k.cols) < len(s.Keys) {
		k.cols = append(k.cols, keyCol{})
	}
}

// keysPool holds Keys that nobody uses: a table that nothing comes to keeps no
// scratch memory, however large its last chunk was.
var keysPool = sync.Pool{New: func() any { return new(Keys) }}

func takeKeys() *Keys { return keysPool.Get().(*Keys) }

// free gives k back; it forgets the bytes of batches.
func (k *Keys) free() {
	for i := range k.cols {
		k.cols[i].data = nil
	}
	keysPool.Put(k)
}

func sized[T any](x []T, n int) []T {
	if cap(x) < n {
		return make([]T, n, 1<<bits.Len(uint(n-1)))
	}
	return x[:n]
}

// load takes the keys of rows (indices into the columns), whose hashes are
// given.
func (k *Keys) load(s *shape, cols []batch.Column, at []int, rows []int32, hash []uint64) {
	k.reset(s, len(rows))
	copy(k.Hash, hash)
	for i := range s.Keys {
		col := cols[at[i]]
		k.cols[i].load(col, rows, s.Keys[i].Exact)
		if nulls := col.Nulls(); nulls != nil {
			k.loadNulls(s, i, nulls, rows)
		}
	}
}

func (k *Keys) loadNulls(s *shape, key int, nulls []bool, rows []int32) {
	mask, bit := k.masks[key/64], uint64(1)<<(key%64)
	c := &k.cols[key]
	for i, row := range rows {
		if !nulls[row] {
			continue
		}
		mask[i] |= bit
		if s.Keys[key].variable() {
			c.end[i] = c.start[i]
		} else {
			c.word[i] = 0
		}
	}
}

func (c *keyCol) load(col batch.Column, rows []int32, exact bool) {
	switch v := col.(type) {
	case *batch.Vec[int64]:
		c.word = sized(c.word, len(rows))
		for i, row := range rows {
			c.word[i] = v.Data[row]
		}
	case *batch.Vec[float64]:
		c.word = sized(c.word, len(rows))
		for i, row := range rows {
			if c.word[i] = FloatWord(v.Data[row]); exact {
				c.word[i] = int64(math.Float64bits(v.Data[row]))
			}
		}
	case *batch.Vec[bool]:
		c.word = sized(c.word, len(rows))
		for i, row := range rows {
			c.word[i] = 0
			if v.Data[row] {
				c.word[i] = 1
			}
		}
	case *batch.TextVec:
		c.sizeVar(len(rows))
		c.data = v.Data
		for i, row := range rows {
			c.start[i], c.end[i] = v.Off[row], v.Off[row+1]
		}
	case *batch.Vec[batch.Decimal]:
		c.encode(rows, func(dst []byte, row int32) []byte { return AppendDecimal(dst, v.Data[row]) })
	case *batch.Vec[batch.Span]:
		c.encode(rows, func(dst []byte, row int32) []byte { return AppendSpan(dst, v.Data[row]) })
	}
}

func (c *keyCol) sizeVar(n int) {
	c.start, c.end = sized(c.start, n), sized(c.end, n)
}

func (c *keyCol) encode(rows []int32, add func([]byte, int32) []byte) {
	c.sizeVar(len(rows))
	c.own = c.own[:0]
	for i, row := range rows {
		c.start[i] = uint32(len(c.own))
		c.own = add(c.own, row)
		c.end[i] = uint32(len(c.own))
	}
	c.data = c.own
}

// loadPage takes the keys of slots of a page: of another table with the same
// shape, or of the same.
func (k *Keys) loadPage(s *shape, p *page, slots []int32) {
	k.reset(s, len(slots))
	for i, slot := range slots {
		row := p.row(s, int(slot))
		k.Hash[i] = uint64(row[0])
		for m := range s.masks {
			k.masks[m][i] = uint64(row[1+m])
		}
	}
	for i, key := range s.Keys {
		c, w := &k.cols[i], s.key+i
		if !key.variable() {
			c.word = sized(c.word, len(slots))
			for j, slot := range slots {
				c.word[j] = p.cells[int(slot)*s.stride+w]
			}
			continue
		}
		c.sizeVar(len(slots))
		c.data = p.heap
		for j, slot := range slots {
			off, n := span(p.cells[int(slot)*s.stride+w])
			c.start[j], c.end[j] = off, off+n
		}
	}
}

// span splits a word of variable length into its offset and length.
func span(w int64) (off, n uint32) { return uint32(uint64(w) >> 32), uint32(w) }

func spanWord(off, n uint32) int64 { return int64(uint64(off)<<32 | uint64(n)) }
