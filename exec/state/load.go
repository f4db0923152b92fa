package state

import (
	"fmt"
	"slices"
	"sync"

	"github.com/dirigo-stream/dirigo/exec"
)

// segment is a range of key groups that is loaded at once: the same sealed
// blocks cover all of it.
type segment struct {
	low, high int
	names     []string // oldest first
	loaded    bool
}

// plan cuts the key groups into segments at the borders of the sealed blocks.
func (st *Store) plan() {
	h := &st.home
	borders := []int{0, h.KeyGroups}
	for _, b := range h.Sealed {
		borders = append(borders, b.Low, min(b.High, h.KeyGroups))
	}
	slices.Sort(borders)
	borders = slices.Compact(borders)
	st.group = make([]int32, h.KeyGroups)
	for i := range st.group {
		st.group[i] = -1
	}
	for i := 1; i < len(borders); i++ {
		s := segment{low: borders[i-1], high: borders[i]}
		for _, b := range h.Sealed {
			if b.Low <= s.low && b.High >= s.high {
				s.names = append(s.names, b.Name)
			}
		}
		if len(s.names) == 0 {
			continue
		}
		for g := s.low; g < s.high; g++ {
			st.group[g] = int32(len(st.segments))
		}
		st.segments = append(st.segments, s)
		st.cold++
	}
}

// loaded says whether the key group of a hash is in memory (or evicted); if
// not it is wanted.
func (st *Store) loaded(h uint64) bool {
	seg := st.group[KeyGroup(h, st.home.KeyGroups)]
	if seg < 0 || st.segments[seg].loaded {
		return true
	}
	if !slices.Contains(st.wantSeg, int(seg)) {
		st.wantSeg = append(st.wantSeg, int(seg))
	}
	return false
}

// Cold says whether sealed state is left that was not loaded; all of it is
// then wanted, a segment at a time.
func (st *Store) Cold() bool {
	if st.cold == 0 {
		return false
	}
	if len(st.wantSeg) == 0 {
		at := slices.IndexFunc(st.segments, func(s segment) bool { return !s.loaded })
		st.wantSeg = append(st.wantSeg, at)
	}
	return true
}

// Need returns the read that the rows which got NoRef wait for, or one that
// evicts pages where memory is short, unless the caller holds refs and forbids
// it; nil: nothing to wait for.
func (st *Store) Need(evict bool) exec.Read {
	r := &read{st: st, trash: st.takeTrash()}
	if evict {
		r.evict = st.victims()
	}
	if len(st.wantSeg) > 0 {
		r.segment = st.wantSeg[0] + 1
		r.names = st.segments[st.wantSeg[0]].names
	}
	room := st.share()
	for _, s := range st.wanted {
		if room -= s.size; room < 0 && len(r.fetch) > 0 {
			break
		}
		r.fetch = append(r.fetch, s)
	}
	st.wantSeg, st.wanted = st.wantSeg[:0], st.wanted[:0]
	if len(r.evict) == 0 && len(r.fetch) == 0 && r.segment == 0 {
		st.trash = r.trash
		return nil
	}
	return r
}

// share is how many bytes one read may bring in: a quarter of the limit.
func (st *Store) share() int64 {
	if limit := st.home.Memory.Limit(); limit > 0 {
		return limit / 4
	}
	return 1 << 40
}

// read evicts pages, then brings in others. It implements exec.Read.
type read struct {
	st      *Store
	evict   []*spilled // encoded by Fetch
	fetch   []*spilled
	pages   []*page
	segment int // plus one; 0: none
	names   []string
	blocks  []*blockData
	trash   []string
}

// Fetch implements exec.Read.
func (r *read) Fetch() error {
	home := &r.st.home
	for _, key := range r.trash {
		_ = home.Spill.Delete(key) // emptied at every start anyway
	}
	if err := r.putAway(home.Spill); err != nil {
		return err
	}
	for _, s := range r.fetch {
		p, err := s.read(home.Spill, s.table.shape)
		if err != nil {
			return err
		}
		r.pages = append(r.pages, p)
	}
	for _, name := range r.names {
		data, err := home.Read(name)
		if err != nil {
			return fmt.Errorf("load state: %w", err)
		}
		b, err := decodeBlock(data)
		if err != nil {
			return fmt.Errorf("load state from block %s: %w", name, err)
		}
		r.blocks = append(r.blocks, b)
	}
	return nil
}

// pageBytes are buffers for evicted pages.
var pageBytes = sync.Pool{New: func() any { return new([]byte) }}

// putAway writes the evicted pages.
func (r *read) putAway(spill Spill) error {
	if len(r.evict) == 0 {
		return nil
	}
	buf := pageBytes.Get().(*[]byte)
	defer pageBytes.Put(buf)
	for _, s := range r.evict {
		*buf = appendPage((*buf)[:0], s.page, s.table.shape)
		if err := spill.Put(s.key, *buf); err != nil {
			return fmt.Errorf("evict a page: %w", err)
		}
	}
	return nil
}

// Install implements exec.Read.
func (r *read) Install() error {
	for _, s := range r.evict {
		s.leave()
	}
	for i, s := range r.fetch {
		s.comeBack(r.pages[i])
	}
	if r.segment == 0 {
		return nil
	}
	seg := &r.st.segments[r.segment-1]
	if seg.loaded {
		return nil
	}
	// Loaded first: applying looks keys up like any other rows.
	seg.loaded = true
	r.st.cold--
	for i, b := range r.blocks {
		if err := r.st.apply(b, seg.low, seg.high); err != nil {
			return fmt.Errorf("load state from block %s: %w", r.names[i], err)
		}
	}
	return nil
}

// apply lays a block over the state: the newest row of a key wins.
func (st *Store) apply(b *blockData, low, high int) error {
	if b.groups != st.home.KeyGroups {
		return fmt.Errorf("%w: %d key groups, want %d", ErrDamaged, b.groups, st.home.KeyGroups)
	}
	st.mark = max(st.mark, b.mark)
	for _, pane := range b.dropped {
		for kind := range st.shapes {
			if t := st.tables[tableID{pane, kind}]; t != nil {
				t.removeRange(low, high)
			}
		}
	}
	for i := range b.sections {
		s := &b.sections[i]
		if s.id.kind >= len(st.shapes) || !st.shapes[s.id.kind].same(s.shape) {
			return fmt.Errorf("%w: layout of table %d", ErrDamaged, s.id.kind)
		}
		st.sealed[s.id.pane] = true
		if err := st.Table(s.id.pane, s.id.kind).apply(s, low, high); err != nil {
			return err
		}
	}
	return nil
}

// removeRange removes the rows of a range of key groups, as sealed.
func (t *Table) removeRange(low, high int) {
	for pid, p := range t.pages {
		for slot := range p.n {
			g := KeyGroup(uint64(p.cells[slot*t.shape.stride]), t.store.home.KeyGroups)
			if p.flags[slot]&flagDead == 0 && g >= low && g < high {
				t.Remove(Ref(pid<<slotBits | slot))
				p.flags[slot] &^= flagDirty | flagSealed
			}
		}
	}
}

// apply adds a section's rows of the key groups low ≤ g < high.
func (t *Table) apply(s *section, low, high int) error {
	var offs [][]int
	for w := range s.words {
		offs = append(offs, offsets(s, w))
	}
	k := takeKeys()
	defer k.free()
	pick := make([]int32, 0, Chunk)
	refs := make([]Ref, Chunk)
	for i := 0; i < s.n; {
		pick = pick[:0]
		for ; i < s.n && len(pick) < Chunk; i++ {
			if g := KeyGroup(s.hash[i], t.store.home.KeyGroups); g >= low && g < high {
				pick = append(pick, int32(i))
			}
		}
		k.loadSection(s, offs, pick)
		if _, err := t.assign(k, refs[:len(pick)]); err != nil {
			return err
		}
		for j, row := range pick {
			t.fill(refs[j], s, offs, int(row))
		}
		t.asSealed(refs[:len(pick)])
		t.Settle()
		if f := t.store.breathe; f != nil {
			f()
		}
	}
	return nil
}

// fill sets the accumulators of a row from a section, as sealed.
func (t *Table) fill(r Ref, s *section, offs [][]int, i int) {
	p := t.pages[r>>slotBits]
	slot := int(r & slotMask)
	if s.isDead(i) {
		t.Remove(r)
		p.flags[slot] = flagDead
		return
	}
	if t.shape.chain > 0 {
		t.top = max(t.top, p.cells[slot*t.shape.stride+t.shape.key])
	}
	for w := t.shape.acc; w < t.shape.stride; w++ {
		if w == t.shape.chain {
			continue
		}
		if s.bytes[w] == nil {
			p.cells[slot*t.shape.stride+w] = s.words[w][i]
			continue
		}
		t.SetBytes(r, w, s.bytes[w][offs[w][i]:offs[w][i+1]])
	}
	p.flags[slot] = flagSealed
}

// asSealed says of pages that were written to while they were loaded whether other
// rows of theirs have changed.
func (t *Table) asSealed(refs []Ref) {
	for i, r := range refs {
		if i == 0 || r>>slotBits != refs[i-1]>>slotBits { // rows come by their hashes
			p := t.pages[r>>slotBits]
			p.dirty = p.anyDirty()
		}
	}
}

func offsets(s *section, w int) []int {
	if s.bytes[w] == nil {
		return nil
	}
	offs := make([]int, s.n+1)
	for i, n := range s.words[w] {
		offs[i+1] = offs[i] + int(n)
	}
	return offs
}

func (k *Keys) loadSection(s *section, offs [][]int, rows []int32) {
	k.reset(s.shape, len(rows))
	for j, i := range rows {
		k.Hash[j] = s.hash[i]
		for m := range s.shape.masks {
			k.masks[m][j] = uint64(s.words[1+m][i])
		}
	}
	for c := range s.shape.Keys {
		col, w := &k.cols[c], s.shape.key+c
		if s.bytes[w] == nil {
			col.word = sized(col.word, len(rows))
			for j, i := range rows {
				col.word[j] = s.words[w][i]
			}
			continue
		}
		col.sizeVar(len(rows))
		col.data = s.bytes[w]
		for j, i := range rows {
			col.start[j], col.end[j] = uint32(offs[w][i]), uint32(offs[w][i+1])
		}
	}
}
