package job

import (
	"context"

	"github.com/dirigo-stream/dirigo/exec/batch"
)

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

// filterAfter is how many keys the view must have been asked for in vain before
// a filter is made of the keys it has.
const filterAfter = 1000

// missed counts the keys that the view did not have.
func (t *table) missed(l *lookup) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.filter != nil {
		return
	}
	for _, i := range l.open {
		if l.at[i].b == nil {
			t.misses++
		}
	}
	if t.misses >= filterAfter {
		t.misses = -1 << 60 // once
		t.ts.eng.io.run(t.makeFilter)
	}
}

// makeFilter makes a filter of all keys: of those in the view, once it has
// applied what was queued before now, and of those that are queued from now on.
func (t *table) makeFilter() {
	t.mu.Lock()
	begun := newKeyFilter(0)
	t.building = begun
	t.mu.Unlock()
	err := t.fillFilter(begun)
	t.mu.Lock()
	defer t.mu.Unlock()
	t.building = nil
	if err != nil {
		t.misses = 0 // another time
		return
	}
	t.filter = begun
}

func (t *table) fillFilter(f *keyFilter) error {
	ctx := context.Background()
	if _, err := t.wait(ctx); err != nil {
		return err
	}
	q := t.view()
	if q == nil {
		return ErrNoTable
	}
	_, snaps, err := t.ts.eng.snapshots(ctx, []*query{q})
	if err != nil {
		return err
	}
	var hashes []uint64
	for _, s := range snaps[0] {
		err := scan(s, func(b *batch.Batch) error {
			b = b.Compact()
			hashes = batch.HashRows(t.keyCols(b), t.key, nil, b.N, hashes)
			t.mu.Lock()
			defer t.mu.Unlock()
			for _, h := range hashes {
				f.add(h)
			}
			f.live += int64(len(hashes))
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}
