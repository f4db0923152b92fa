package state

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"

	"github.com/dirigo-stream/dirigo/exec/batch"
)

// ErrDamaged says that bytes are not a block as it was written.
var ErrDamaged = errors.New("state: damaged block")

// blockData is a decoded block.
type blockData struct {
	groups, low, high int
	full              bool
	mark              int64
	dropped           []int64
	sections          []section
}

// section is the rows of one table: column by column, without the hashes.
type section struct {
	id    tableID
	shape *shape
	n     int
	hash  []uint64
	dead  []byte
	words [][]int64 // per word of the layout from 1 on; lengths for byte strings
	bytes [][]byte  // per word; nil unless it is byte strings
}

func (s *section) isDead(i int) bool { return s.dead[i/8]>>(i%8)&1 == 1 }

// reader takes values off bytes; the first failure sticks.
type reader struct {
	b    []byte
	fail string
}

func (r *reader) bad(what string) {
	if r.fail == "" {
		r.fail, r.b = what, nil
	}
}

func (r *reader) uvarint(limit uint64, what string) uint64 {
	x, n := binary.Uvarint(r.b)
	if n <= 0 || x > limit {
		r.bad(what)
		return 0
	}
	r.b = r.b[n:]
	return x
}

func (r *reader) varint(what string) int64 {
	x, n := binary.Varint(r.b)
	if n <= 0 {
		r.bad(what)
		return 0
	}
	r.b = r.b[n:]
	return x
}

func (r *reader) take(n int, what string) []byte {
	if n < 0 || n > len(r.b) {
		r.bad(what)
		return nil
	}
	x := r.b[:n]
	r.b = r.b[n:]
	return x
}

// maxCells bounds what one section may hold in memory, in words.
const maxCells = 16 << 20

// decodeBlock reads a block. It keeps parts of b.
func decodeBlock(b []byte) (*blockData, error) {
	if len(b) < 5 || crc32.Checksum(b[4:], castagnoli) != binary.LittleEndian.Uint32(b) {
		return nil, fmt.Errorf("%w: checksum mismatch", ErrDamaged)
	}
	if b[4] != blockVersion {
		return nil, fmt.Errorf("state: block of version %d, want %d", b[4], blockVersion)
	}
	r := &reader{b: b[5:]}
	d := &blockData{}
	d.groups = int(r.uvarint(1<<20, "key groups"))
	d.low = int(r.uvarint(1<<20, "low"))
	d.high = int(r.uvarint(1<<20, "high"))
	d.full = r.uvarint(1, "full") == 1
	d.mark = r.varint("mark")
	for range r.uvarint(uint64(len(r.b)), "dropped panes") {
		d.dropped = append(d.dropped, r.varint("pane"))
	}
	for range r.uvarint(uint64(len(r.b)), "sections") {
		if r.fail != "" {
			break
		}
		d.sections = append(d.sections, r.section(d))
	}
	switch {
	case r.fail != "":
		return nil, fmt.Errorf("%w: %s", ErrDamaged, r.fail)
	case len(r.b) != 0:
		return nil, fmt.Errorf("%w: %d bytes too many", ErrDamaged, len(r.b))
	case d.groups == 0 || d.low > d.high || d.high > d.groups:
		return nil, fmt.Errorf("%w: key groups %d to %d of %d", ErrDamaged, d.low, d.high, d.groups)
	}
	return d, nil
}

// rangeOf returns the key groups of a block, and its size.
func rangeOf(b []byte) (foldRange, error) {
	if len(b) < 5 {
		return foldRange{}, fmt.Errorf("%w: %d bytes", ErrDamaged, len(b))
	}
	r := &reader{b: b[5:]}
	r.uvarint(1<<20, "key groups")
	x := foldRange{low: int(r.uvarint(1<<20, "low")), high: int(r.uvarint(1<<20, "high")), bytes: len(b)}
	if r.fail != "" || x.low >= x.high {
		return foldRange{}, fmt.Errorf("%w: key groups", ErrDamaged)
	}
	return x, nil
}

func (r *reader) section(d *blockData) section {
	s := section{}
	s.id.pane = r.varint("pane")
	s.id.kind = int(r.uvarint(255, "kind"))
	s.shape = newShape(r.layout())
	s.n = int(r.uvarint(uint64(len(r.b)/8), "rows"))
	if s.n == 0 || s.n*s.shape.stride > maxCells {
		r.bad("rows")
		return s
	}
	r.directory(d, s.n)
	raw := r.take(s.n*8, "hashes")
	s.dead = r.take((s.n+7)/8, "dead bits")
	if r.fail != "" {
		return s
	}
	s.hash = make([]uint64, s.n)
	for i := range s.hash {
		s.hash[i] = binary.LittleEndian.Uint64(raw[i*8:])
		if g := KeyGroup(s.hash[i], max(d.groups, 1)); g < d.low || g >= d.high {
			r.bad("hash outside its key groups")
		}
	}
	vars := map[int]bool{}
	for _, v := range s.shape.vars {
		vars[v] = true
	}
	s.words, s.bytes = make([][]int64, s.shape.stride), make([][]byte, s.shape.stride)
	for col := 1; col < s.shape.stride && r.fail == ""; col++ {
		s.words[col] = r.words(s.n)
		if vars[col] {
			s.bytes[col] = r.take(r.total(s.words[col]), "byte strings")
		}
	}
	return s
}

func (r *reader) layout() Layout {
	var l Layout
	for _, x := range r.take(int(r.uvarint(4096, "keys")), "keys") {
		k := Key{Kind: batch.Kind(x & 0x7f), Exact: x&0x80 != 0}
		if !k.Kind.Known() {
			r.bad("kind of a key")
		}
		l.Keys = append(l.Keys, k)
	}
	for _, x := range r.take(int(r.uvarint(4096, "accumulators")), "accumulators") {
		if Acc(x) > Chain {
			r.bad("kind of an accumulator")
		}
		l.Accs = append(l.Accs, Acc(x))
	}
	return l
}

func (r *reader) directory(d *blockData, rows int) {
	group, sum := 0, 0
	for range r.uvarint(uint64(len(r.b)), "directory") {
		group += int(r.uvarint(1<<20, "directory"))
		sum += int(r.uvarint(uint64(rows), "directory"))
		if group >= d.groups || sum > rows {
			r.bad("directory")
		}
	}
	if sum != rows {
		r.bad("directory")
	}
}

func (r *reader) words(n int) []int64 {
	head := r.take(9, "words")
	if head == nil {
		return nil
	}
	least, width := binary.LittleEndian.Uint64(head), int(head[8])
	if width > 8 {
		r.bad("width")
	}
	raw := r.take(n*width, "words")
	if r.fail != "" {
		return nil
	}
	out := make([]int64, n)
	if width == 0 {
		for i := range out {
			out[i] = int64(least)
		}
		return out
	}
	whole := 0 // words behind which eight bytes lie
	if n*width >= 8 {
		whole = (n*width-8)/width + 1
	}
	mask := ^uint64(0) >> (64 - 8*width)
	for i := range out[:whole] {
		out[i] = int64(binary.LittleEndian.Uint64(raw[i*width:])&mask + least)
	}
	for i := whole; i < n; i++ {
		x := uint64(0)
		for j := width - 1; j >= 0; j-- {
			x = x<<8 | uint64(raw[i*width+j])
		}
		out[i] = int64(x + least)
	}
	return out
}

func (r *reader) total(lens []int64) int {
	sum := int64(0)
	for _, n := range lens {
		if n < 0 || n > int64(len(r.b)) {
			r.bad("length of a byte string")
			return -1
		}
		sum += n
	}
	if sum > int64(len(r.b)) {
		return -1
	}
	return int(sum)
}
