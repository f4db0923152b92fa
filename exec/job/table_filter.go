package job

// keyFilter says of most keys that are not in a table that they are not: an
// INSERT need not ask the view then. It is a Bloom filter by key hash whose
// bits for one key lie in one cache line, grown by adding another one (Almeida
// et al., Scalable Bloom Filters, 2007). A key that was deleted stays in.
type keyFilter struct {
	parts []filterPart
	keys  int64 // added
	live  int64 // rows that are there
}

// stale says that most of what the filter holds has been deleted.
func (f *keyFilter) stale() bool { return f.keys > 4*f.live+1<<20 }

type filterPart struct {
	lines [][8]uint64
	room  int // keys that it still takes
}

const (
	filterFirst = 1 << 14 // keys of the first part; each further one takes four times as many
	filterBits  = 12      // per key
	filterTests = 6       // bits of a key
)

// newKeyFilter returns a filter for about n keys, which grows.
func newKeyFilter(n int) *keyFilter {
	f := &keyFilter{}
	f.grow(max(n, filterFirst))
	return f
}

func (f *keyFilter) grow(keys int) {
	f.parts = append(f.parts, filterPart{lines: make([][8]uint64, keys*filterBits/512+1), room: keys})
}

// add puts in a key.
func (f *keyFilter) add(hash uint64) {
	last := &f.parts[len(f.parts)-1]
	if last.room == 0 {
		f.grow(4 * (len(last.lines) * 512 / filterBits))
		last = &f.parts[len(f.parts)-1]
	}
	last.room--
	f.keys++
	line, bits := last.line(hash)
	for range filterTests {
		line[bits>>6&7] |= 1 << (bits & 63)
		bits >>= 9
	}
}

// addKeys puts in the keys of the rows that changes add.
func (f *keyFilter) addKeys(ch *changes) {
	for k, b := range ch.batches {
		for row, h := range ch.hashes[k] {
			n := b.DiffAt(row)
			if f.live += n; n > 0 {
				f.add(h)
			}
		}
	}
}

// may tells whether a key may be there; false: it is not.
func (f *keyFilter) may(hash uint64) bool {
	for i := len(f.parts) - 1; i >= 0; i-- {
		if f.parts[i].has(hash) {
			return true
		}
	}
	return false
}

func (p *filterPart) has(hash uint64) bool {
	line, bits := p.line(hash)
	for range filterTests {
		if line[bits>>6&7]>>(bits&63)&1 == 0 {
			return false
		}
		bits >>= 9
	}
	return true
}

// line returns the line of a key, and 54 bits that name its bits there.
func (p *filterPart) line(hash uint64) (*[8]uint64, uint64) {
	h := hash * 0x9e3779b97f4a7c15 // key hashes place rows by their top bits, too
	h ^= h >> 29
	return &p.lines[(h>>32)*uint64(len(p.lines))>>32], h * 0xbf58476d1ce4e5b9 >> 10
}
