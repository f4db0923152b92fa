package state

// Settle splits the pages that the last chunk overfilled and drops dead rows
// of pages that are mostly dead. Refs do not hold beyond it.
func (t *Table) Settle() {
	for len(t.over) > 0 {
		pid := t.over[len(t.over)-1]
		t.over = t.over[:len(t.over)-1]
		p := t.pages[pid]
		if p.away != nil {
			continue
		}
		if p.compact(t.shape); p.full() && p.depth < maxDepth && !p.uniform(t.shape) {
			t.split(pid)
		} else {
			t.charge(p)
		}
	}
}

// split moves the upper half of a page's hash range to a new page.
func (t *Table) split(pid uint32) {
	p := t.pages[pid]
	if p.depth == t.depth {
		t.grow()
	}
	p.moving(t.shape)
	lo, hi := &page{}, &page{}
	shift := 63 - p.depth
	upper := 0
	for slot := range p.n {
		upper += int(uint64(p.cells[slot*t.shape.stride]) >> shift & 1)
	}
	for i, half := range []*page{lo, hi} {
		half.depth, half.prefix = p.depth+1, p.prefix<<1|uint64(i)
		half.dirty, half.used = p.dirty, true
		rows := upper
		if i == 0 {
			rows = p.n - upper
		}
		half.reserve(t.shape, rows)
		if used := len(p.heap) - p.waste; used > 0 {
			half.heap = make([]byte, 0, used/p.n*roomFor(rows)+used/32)
		}
	}
	for slot := range p.n {
		half := lo
		if uint64(p.cells[slot*t.shape.stride])>>shift&1 == 1 {
			half = hi
		}
		half.adopt(t.shape, p, slot)
	}
	hp := uint32(len(t.pages))
	hi.charged, lo.charged = 0, p.charged
	t.pages[pid] = lo
	t.pages = append(t.pages, hi)
	for _, half := range []*page{lo, hi} {
		half.rehash(t.shape, indexSize(half.n))
		t.charge(half)
	}
	t.redirect(hi, hp)
	t.store.hand.add(t, hp)
	t.follow(p, pid, hp, lo, hi)
}

// follow keeps the lists of overfull and touched pages right across a split.
func (t *Table) follow(p *page, pid, hp uint32, lo, hi *page) {
	if lo.full() {
		t.over = append(t.over, pid)
	}
	if hi.full() {
		t.over = append(t.over, hp)
	}
	if hi.hot > 0 {
		t.hot = append(t.hot, hp)
	}
}

func indexSize(n int) int {
	size := 16
	for n*4 > size*2 {
		size *= 2
	}
	return size
}

// redirect points the directory entries of a page's range to it.
func (t *Table) redirect(p *page, pid uint32) {
	width := t.depth - p.depth
	for i := p.prefix << width; i < (p.prefix+1)<<width; i++ {
		t.dir[i] = pid
	}
}

// inOrder returns the pages by their hash ranges.
func (t *Table) inOrder() []*page {
	pages := make([]*page, 0, len(t.pages))
	for i, pid := range t.dir {
		if i == 0 || pid != t.dir[i-1] {
			pages = append(pages, t.pages[pid])
		}
	}
	return pages
}

// grow doubles the directory.
func (t *Table) grow() {
	dir := make([]uint32, 2*len(t.dir))
	for i, pid := range t.dir {
		dir[2*i], dir[2*i+1] = pid, pid
	}
	t.store.home.Memory.Add(int64(len(t.dir)) * 4)
	t.store.held += int64(len(t.dir)) * 4
	t.dir, t.depth = dir, t.depth+1
}

// adopt copies a row of another page, without entering it in the index.
func (p *page) adopt(s *shape, from *page, slot int) {
	row := from.row(s, slot)
	p.reserve(s, 1)
	flags := from.flag(slot)
	if flags&flagTouched != 0 {
		p.hot++
	}
	p.cells = append(p.cells, row...)
	p.flags = append(p.flags, flags)
	if flags&flagDead != 0 {
		p.dead++
	}
	own := p.row(s, p.n)
	for _, w := range s.vars {
		off, n := span(row[w])
		own[w] = p.keep(s, w, from.heap[off:off+n])
	}
	p.n++
}

// compact drops dead rows that sealed blocks do not know, if they are many.
func (p *page) compact(s *shape) {
	if p.dead*4 < p.n {
		return
	}
	p.moving(s)
	kept := page{depth: p.depth, prefix: p.prefix}
	kept.reserve(s, p.n-p.dead)
	for slot := range p.n {
		if f := p.flag(slot); f&flagDead == 0 || f&flagDirty != 0 && f&flagSealed != 0 {
			kept.adopt(s, p, slot)
		}
	}
	p.cells, p.flags, p.heap, p.n = kept.cells, kept.flags, kept.heap, kept.n
	p.dead, p.waste = kept.dead, 0
	p.found = nil
	p.unshare()
	p.rehash(s, indexSize(p.n))
}
