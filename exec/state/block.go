package state

import (
	"cmp"
	"encoding/binary"
	"hash/crc32"
	"math"
	"math/bits"
	"slices"

	"github.com/dirigo-stream/dirigo/exec"
)

// A block is, after a CRC32-C of what follows and a version byte, in varints:
//
//	groups, low, high, full, mark
//	number of dropped panes, and the panes
//	number of sections, and per section
//	  pane, kind, layout (keys and accumulators, a byte each)
//	  rows; directory of key groups: their number, then (step, rows) of each
//	  columns: hashes, dead bits, null masks, keys, accumulators
//
// Rows of a section are ordered by hash, thus by key group. A column of words
// holds its least value, a width in bytes, and the differences to the least. A
// column of byte strings holds their lengths, as words, and then their bytes.
const blockVersion = 1

// blockTarget is the size, in bytes, past which rows go to the next block.
const blockTarget = 768 << 10

// spillBytes is how much is gathered before blocks are made of it.
const spillBytes = 4 * blockTarget

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// blockWriter gathers rows and cuts them into blocks.
type blockWriter struct {
	shapes            []*shape
	groups, low, high int
	full              bool
	dropped           []int64
	mark              int64
	pages             []writePage
	rows              []writeRow
	breathe           func()    // called between parts of the work; nil: nobody asks
	words             [][]int64 // scratch, by column
	starts            [sortBuckets + 1]uint16
	sorted            []writeRow
	from              int // the first key group that no block covers
	size              int // bytes of the pages added since the last blocks
	give              func(exec.Block) error
	given             int // blocks
}

// A page's rows are ordered by so many buckets.
const (
	sortBits    = 9
	sortBuckets = 1 << sortBits
)

type writePage struct {
	id tableID
	*page
}

type writeRow struct {
	hash  uint64
	page  int32
	slot  int32
	group int32
}

// add takes the dirty rows of a page; all that are alive where all is set. Where
// pages come in the order of their hash ranges the rows of a table are in order.
func (w *blockWriter) add(id tableID, p *page, all bool) {
	s := w.shapes[id.kind]
	at, from := int32(len(w.pages)), len(w.rows)
	w.pages = append(w.pages, writePage{id, p})
	w.size += p.n*s.stride*8 + len(p.heap)
	for slot := range p.n {
		f := p.flags[slot]
		if all && f&flagDead != 0 || !all && f&flagDirty == 0 {
			continue
		}
		if f&flagDead != 0 && f&flagSealed == 0 {
			continue // came and went between two seals
		}
		h := uint64(p.cells[slot*s.stride])
		w.rows = append(w.rows, writeRow{h, at, int32(slot), int32(KeyGroup(h, w.groups))})
	}
	w.sort(w.rows[from:])
}

// finish gives the blocks of all rows that are left, or one without rows where
// there were none.
func (w *blockWriter) finish() error {
	if len(w.rows) == 0 && w.given == 0 {
		return w.give(w.block(nil, 0, w.low, w.high))
	}
	return w.take(math.MaxUint64, true)
}

// spill gives the blocks that are ready, once there is much to let go of: no row
// with a hash below limit comes any more.
func (w *blockWriter) spill(limit uint64) error {
	if w.size < spillBytes {
		return nil
	}
	return w.take(limit, false)
}

// take gives blocks of the rows with hashes below limit: all but those of the
// last block, or with last all that are left. The blocks cover all key groups, so
// that each learns of the dropped panes and the mark.
func (w *blockWriter) take(limit uint64, last bool) error {
	if !slices.IsSortedFunc(w.rows, byHash) { // of several tables
		slices.SortFunc(w.rows, byHash)
	}
	rest := w.rows
	if !last {
		n, _ := slices.BinarySearchFunc(rest, limit, func(r writeRow, h uint64) int { return cmp.Compare(r.hash, h) })
		rest = rest[:n]
	}
	w.from = max(w.from, w.low)
	done := 0
	for len(rest) > 0 {
		w.pause()
		n, size := w.cut(rest)
		if n == len(rest) && !last {
			break
		}
		high := int(rest[n-1].group) + 1
		if n == len(rest) {
			high = max(high, w.high)
		}
		if err := w.give(w.block(rest[:n], size, min(w.from, int(rest[0].group)), high)); err != nil {
			return err
		}
		rest, w.from = rest[n:], high
		w.given++
		done += n
	}
	w.forget(done)
	return nil
}

// forget drops the first rows, and the pages that no other row is of.
func (w *blockWriter) forget(done int) {
	w.rows = append(w.rows[:0], w.rows[done:]...)
	w.size = 0
	place := make([]int32, len(w.pages))
	kept := w.pages[:0]
	for i := range w.rows {
		place[w.rows[i].page] = 1
	}
	for i, p := range w.pages {
		if place[i] > 0 {
			place[i] = int32(len(kept))
			kept = append(kept, p)
		}
	}
	clear(w.pages[len(kept):])
	w.pages = kept
	for i := range w.rows {
		w.rows[i].page = place[w.rows[i].page]
	}
}

// sort orders rows of a page by hash: into buckets by the bits in which they
// differ most, then within those.
func (w *blockWriter) sort(rows []writeRow) {
	const most = 8 // rows of a bucket; hashes of one key, say, are many
	least, greatest := ^uint64(0), uint64(0)
	for _, r := range rows {
		least, greatest = min(least, r.hash), max(greatest, r.hash)
	}
	shift := max(0, bits.Len64(greatest-min(least, greatest))-sortBits)
	clear(w.starts[:])
	for _, r := range rows {
		if at := (r.hash-least)>>shift + 1; w.starts[at] < most {
			w.starts[at]++
			continue
		}
		slices.SortFunc(rows, byHash)
		return
	}
	for i := range sortBuckets {
		w.starts[i+1] += w.starts[i]
	}
	w.sorted = append(w.sorted[:0], rows...)
	for _, r := range w.sorted {
		at := &w.starts[(r.hash-least)>>shift]
		rows[*at] = r
		*at++
	}
	for i := 1; i < len(rows); i++ {
		r, j := rows[i], i
		for ; j > 0 && rows[j-1].hash > r.hash; j-- {
			rows[j] = rows[j-1]
		}
		rows[j] = r
	}
}

func byHash(a, b writeRow) int { return cmp.Compare(a.hash, b.hash) }

// cut returns how many of rows go into the next block: whole key groups where
// that makes a block of half the target or more; and how many bytes they have at
// most.
func (w *blockWriter) cut(rows []writeRow) (n, size int) {
	border, borderSize := 0, 0
	for i, r := range rows {
		if i > 0 && r.group != rows[i-1].group {
			border, borderSize = i, size
		}
		p := w.pages[r.page]
		s := w.shapes[p.id.kind]
		size += s.stride * 8
		for _, v := range s.vars {
			_, n := span(p.cells[int(r.slot)*s.stride+v])
			size += int(n)
		}
		if size > blockTarget && i > 0 {
			if borderSize > blockTarget/2 {
				return border, borderSize
			}
			return i, size
		}
	}
	return len(rows), size
}

// block encodes rows of about size bytes.
func (w *blockWriter) block(rows []writeRow, size, low, high int) exec.Block {
	b := make([]byte, 4, 512+size+len(rows)/8)
	b = append(b, blockVersion)
	full := uint64(0)
	if w.full {
		full = 1
	}
	for _, x := range []uint64{uint64(w.groups), uint64(low), uint64(high), full} {
		b = binary.AppendUvarint(b, x)
	}
	b = binary.AppendVarint(b, w.mark)
	b = binary.AppendUvarint(b, uint64(len(w.dropped)))
	for _, pane := range w.dropped {
		b = binary.AppendVarint(b, pane)
	}
	sections := w.sections(rows)
	b = binary.AppendUvarint(b, uint64(len(sections)))
	for _, sec := range sections {
		b = w.section(b, sec)
	}
	binary.LittleEndian.PutUint32(b, crc32.Checksum(b[4:], castagnoli))
	return exec.Block{Low: low, High: high, Full: w.full, Data: b}
}

// sections groups rows by table, each by hash.
func (w *blockWriter) sections(rows []writeRow) [][]writeRow {
	byTable := func(a, b writeRow) int { return w.pages[a.page].id.compare(w.pages[b.page].id) }
	if !slices.IsSortedFunc(rows, byTable) {
		rows = slices.Clone(rows)
		slices.SortStableFunc(rows, byTable)
	}
	var out [][]writeRow
	for start, i := 0, 1; i <= len(rows); i++ {
		if i == len(rows) || w.pages[rows[i].page].id != w.pages[rows[start].page].id {
			out = append(out, rows[start:i])
			start = i
		}
	}
	return out
}

func (w *blockWriter) section(b []byte, rows []writeRow) []byte {
	id := w.pages[rows[0].page].id
	s := w.shapes[id.kind]
	b = binary.AppendVarint(b, id.pane)
	b = binary.AppendUvarint(b, uint64(id.kind))
	b = appendLayout(b, s)
	b = binary.AppendUvarint(b, uint64(len(rows)))
	b = appendDirectory(b, rows)
	for _, r := range rows {
		b = binary.LittleEndian.AppendUint64(b, r.hash)
	}
	dead := make([]byte, (len(rows)+7)/8)
	for i, r := range rows {
		if w.pages[r.page].flags[r.slot]&flagDead != 0 {
			dead[i/8] |= 1 << (i % 8)
		}
	}
	b = append(b, dead...)
	vars := make(map[int]bool, len(s.vars))
	for _, v := range s.vars {
		vars[v] = true
	}
	cols := w.columns(s, rows)
	for col := 1; col < s.stride; col++ {
		if col == s.chain {
			clear(cols[col]) // made anew when the rows are loaded
		}
		if !vars[col] {
			b = appendWords(b, cols[col])
			continue
		}
		b = w.strings(b, rows, cols[col])
	}
	w.pause()
	return b
}

// columns turns rows into columns, row by row: a row's words lie together.
func (w *blockWriter) columns(s *shape, rows []writeRow) [][]int64 {
	for len(w.words) < s.stride {
		w.words = append(w.words, nil)
	}
	for col := range w.words {
		w.words[col] = sized(w.words[col], len(rows))
	}
	for i, r := range rows {
		for col, x := range w.pages[r.page].row(s, int(r.slot)) {
			w.words[col][i] = x
		}
		if i%256 == 255 {
			w.pause()
		}
	}
	return w.words
}

// pause lets more urgent work go first.
func (w *blockWriter) pause() {
	if w.breathe != nil {
		w.breathe()
	}
}

// strings adds a column of byte strings; words are their places in the heaps.
func (w *blockWriter) strings(b []byte, rows []writeRow, words []int64) []byte {
	lens := make([]int64, len(words))
	for i, x := range words {
		_, n := span(x)
		lens[i] = int64(n)
	}
	b = appendWords(b, lens)
	for i, r := range rows {
		b = append(b, w.pages[r.page].bytes(words[i])...)
	}
	return b
}

func appendLayout(b []byte, s *shape) []byte {
	b = binary.AppendUvarint(b, uint64(len(s.Keys)))
	for _, k := range s.Keys {
		x := byte(k.Kind)
		if k.Exact {
			x |= 0x80
		}
		b = append(b, x)
	}
	b = binary.AppendUvarint(b, uint64(len(s.Accs)))
	for _, a := range s.Accs {
		b = append(b, byte(a))
	}
	return b
}

func appendDirectory(b []byte, rows []writeRow) []byte {
	groups := 1
	for i := 1; i < len(rows); i++ {
		if rows[i].group != rows[i-1].group {
			groups++
		}
	}
	b = binary.AppendUvarint(b, uint64(groups))
	last, start := int32(0), 0
	for i := 1; i <= len(rows); i++ {
		if i == len(rows) || rows[i].group != rows[start].group {
			b = binary.AppendUvarint(b, uint64(rows[start].group-last))
			b = binary.AppendUvarint(b, uint64(i-start))
			last, start = rows[start].group, i
		}
	}
	return b
}

func appendWords(b []byte, words []int64) []byte {
	least, most := words[0], words[0]
	for _, w := range words {
		least, most = min(least, w), max(most, w)
	}
	width := 0
	for x := uint64(most) - uint64(least); x > 0; x >>= 8 {
		width++
	}
	b = binary.LittleEndian.AppendUint64(b, uint64(least))
	b = append(b, byte(width))
	if width == 0 {
		return b
	}
	// Eight bytes are written for each word, of which the next one covers those
	// that do not count.
	at := len(b)
	b = slices.Grow(b, len(words)*width+8)[:at+len(words)*width+8]
	for _, w := range words {
		binary.LittleEndian.PutUint64(b[at:], uint64(w)-uint64(least))
		at += width
	}
	return b[:at]
}
