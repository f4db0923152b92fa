package job

import (
	"bytes"
	"fmt"

	"github.com/dirigo-stream/dirigo/exec/batch"
)

// rowAt is a row somewhere: in a change, in the view.
type rowAt struct {
	b   *batch.Batch
	row int32
}

// verdict is what changes say of a key: nothing, or whether it has a row now.
type verdict int

const (
	undecided verdict = iota
	present
	absent
)

// net adds up changes of one key, the rows exactly as they are. A key has at
// most one row, so a row whose count rises is the newest one, in whatever order
// a statement's changes come.
type net struct {
	rows   []rowAt
	counts []int64
}

func (n *net) add(at rowAt, diff int64) {
	for i, r := range n.rows {
		if sameRow(r, at) {
			n.counts[i] += diff
			return
		}
	}
	n.rows, n.counts = append(n.rows, at), append(n.counts, diff)
}

// end returns what the changes say, and begins anew.
func (n *net) end() (at rowAt, v verdict) {
	for i, c := range n.counts {
		if c > 0 {
			at, v = n.rows[i], present
			break
		}
		if c < 0 {
			v = absent
		}
	}
	n.rows, n.counts = n.rows[:0], n.counts[:0]
	return at, v
}

// sameRow tells whether two rows are the same to the last bit: 1.0 and 1.00 are
// equal, but an UPDATE from one to the other is a change.
func sameRow(a, b rowAt) bool {
	for c := range a.b.Cols {
		if !sameValue(a.b.Cols[c], int(a.row), b.b.Cols[c], int(b.row)) {
			return false
		}
	}
	return true
}

func sameValue(a batch.Column, i int, b batch.Column, j int) bool {
	an, bn := batch.IsNull(a, i), batch.IsNull(b, j)
	if an || bn {
		return an && bn
	}
	switch a := a.(type) {
	case *batch.TextVec:
		return bytes.Equal(a.At(i), b.(*batch.TextVec).At(j))
	case *batch.Vec[batch.Span]:
		return a.Data[i] == b.(*batch.Vec[batch.Span]).Data[j]
	case *batch.Vec[batch.Decimal]:
		x, y := a.Data[i], b.(*batch.Vec[batch.Decimal]).Data[j]
		return x.Scale == y.Scale && x.Cmp(y) == 0
	case *batch.Vec[float64]:
		return sameFloat(a.Data[i], b.(*batch.Vec[float64]).Data[j])
	}
	return batch.EqualAt(a, i, b, j)
}

func sameFloat(x, y float64) bool { return x == y && 1/x == 1/y || x != x && y != y }

// changes is what a transaction has done to one table so far.
type changes struct {
	t       *table
	batches []*batch.Batch // without selections
	encoded [][]byte       // of large ones; nil: not yet
	hashes  [][]uint64     // of the keys, where the table has one
	rows    int
	bytes   int64

	// For the transaction's own look-ups: the first indexed batches by key.
	indexed int
	entries []changeAt
	heads   map[uint64]int32 // key hash → its newest entry
}

type changeAt struct {
	rowAt
	prev int32 // an older one of the same hash; −1: none
}

// largeChange is how many rows make a change a record of its own; smaller ones
// of a group share one. recordRows and recordBytes bound a record.
const (
	largeChange = 512
	recordRows  = 8 << 10
	recordBytes = 1 << 20
)

// add takes a change in. Large ones are encoded here, by the session that makes
// them, so that the committer has only to write.
func (c *changes) add(b *batch.Batch) error {
	b = b.Compact()
	if len(b.Cols) != len(c.t.types) {
		return fmt.Errorf("table %s: a change of %d columns, want %d", c.t.def.Name, len(b.Cols), len(c.t.types))
	}
	for i, col := range b.Cols {
		if rep, ok := repOf(col); !ok || rep != storedRep(c.t.types[i].Kind) || col.Len() != b.N {
			return fmt.Errorf("table %s: column %s of a change is a %T of %d rows", c.t.def.Name, c.t.def.Columns[i].Name, col, col.Len())
		}
	}
	for _, part := range cutRows(b) {
		rows := *part
		rows.Origin, rows.Late, rows.Time = nil, nil, batch.MaxTime
		var data []byte
		var err error
		if rows.N >= largeChange {
			if data, err = encodeRows(&rows); err != nil {
				return fmt.Errorf("table %s: %w", c.t.def.Name, err)
			}
		}
		c.batches, c.encoded = append(c.batches, &rows), append(c.encoded, data)
		c.rows += rows.N
		c.bytes += rows.Bytes()
		if len(c.t.key) > 0 {
			c.hashes = append(c.hashes, batch.HashRows(c.t.keyCols(&rows), c.t.key, nil, rows.N, nil))
		}
	}
	return nil
}

// cutRows cuts b where it would make too large a record.
func cutRows(b *batch.Batch) []*batch.Batch {
	n := recordRows
	if size := b.Bytes(); size > recordBytes {
		n = min(n, max(1, int(int64(b.N)*recordBytes/size)))
	}
	if b.N <= n+n/2 {
		if b.N == 0 {
			return nil
		}
		return []*batch.Batch{b}
	}
	var parts []*batch.Batch
	for at := 0; at < b.N; at += n {
		parts = append(parts, b.Gather(span(at, min(b.N, at+n))))
	}
	return parts
}

// find says what the transaction has done to row i of keys.
func (c *changes) find(hash uint64, keys []batch.Column, i int, n *net) (rowAt, verdict) {
	c.index()
	at, ok := c.heads[hash]
	if !ok {
		return rowAt{}, undecided
	}
	for at >= 0 {
		e := c.entries[at]
		if c.t.hasKey(e.rowAt, keys, i) {
			n.add(e.rowAt, e.b.DiffAt(int(e.row)))
		}
		at = e.prev
	}
	return n.end()
}

func (c *changes) index() {
	if c.heads == nil {
		c.heads = map[uint64]int32{}
	}
	for ; c.indexed < len(c.batches); c.indexed++ {
		b := c.batches[c.indexed]
		for row, h := range c.hashes[c.indexed] {
			prev, ok := c.heads[h]
			if !ok {
				prev = -1
			}
			c.heads[h] = int32(len(c.entries))
			c.entries = append(c.entries, changeAt{rowAt{b, int32(row)}, prev})
		}
	}
}

// hasKey tells whether a row of the table has the key in row i of keys.
func (t *table) hasKey(at rowAt, keys []batch.Column, i int) bool {
	for c, col := range t.def.Key {
		if !batch.EqualAt(at.b.Cols[col], int(at.row), keys[c], i) {
			return false
		}
	}
	return true
}
