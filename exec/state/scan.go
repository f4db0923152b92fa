package state

import (
	"math"

	"github.com/dirigo-stream/dirigo/exec/batch"
)

// Depth returns the number of hash bits by which the table is cut into pages.
func (t *Table) Depth() int { return int(t.depth) }

// Part appends the refs of the live rows whose hashes begin with the top bits
// of part: one of 2^bits parts of the table. It appends none and returns wait
// when a page of the part is away, which it wants then.
func (t *Table) Part(bits int, part uint64, refs []Ref) (_ []Ref, wait bool) {
	var first, last uint64 // in the directory
	if d := int(t.depth); d >= bits {
		first, last = part<<(d-bits), (part+1)<<(d-bits)
	} else {
		first = part >> (bits - d)
		last = first + 1
	}
	for i := first; i < last; i++ {
		if p := t.pages[t.dir[i]]; p.away != nil {
			t.store.want(p.away)
			wait = true
		}
	}
	if wait {
		return refs, true
	}
	for i := first; i < last; i++ {
		pid := t.dir[i]
		if i > first && pid == t.dir[i-1] {
			continue
		}
		p := t.pages[pid]
		p.used = true
		filter := int(p.depth) < bits
		for slot := range p.n {
			if p.flags[slot]&flagDead != 0 || filter && uint64(p.cells[slot*t.shape.stride])>>(64-bits) != part {
				continue
			}
			refs = append(refs, Ref(pid<<slotBits|uint32(slot)))
		}
	}
	return refs, false
}

// AssignFrom is Assign for the keys of rows of another table with as many
// keys; refs[i] becomes the row for from[i] (at most Chunk).
func (t *Table) AssignFrom(src *Table, from []Ref, refs []Ref) (missing int, err error) {
	k := takeKeys()
	defer k.free()
	slots := make([]int32, 0, Chunk)
	for i := 0; i < len(from); {
		pid := from[i] >> slotBits
		slots = slots[:0]
		start := i
		for ; i < len(from) && from[i]>>slotBits == pid; i++ {
			slots = append(slots, int32(from[i]&slotMask))
		}
		k.loadPage(t.shape, src.pages[pid], slots)
		if t.remix {
			for j := range k.Hash {
				k.Hash[j] *= 0x9e3779b97f4a7c15
			}
		}
		n, err := t.assign(k, refs[start:i])
		if missing += n; err != nil {
			return missing, err
		}
	}
	return missing, nil
}

// Remix places rows by another hash than the keys' own. A table that takes parts
// of others, whose hashes all begin alike, would have a lopsided directory.
func (t *Table) Remix() { t.remix = true }

// Reset removes all rows, and keeps the memory. The table must be one that is
// never sealed or evicted.
func (t *Table) Reset() {
	for _, p := range t.pages {
		p.cells, p.flags, p.heap = p.cells[:0], p.flags[:0], p.heap[:0]
		p.n, p.waste, p.dead, p.hot = 0, 0, 0, 0
		clear(p.index)
	}
	t.live = 0
}

// Hash returns the hash of a row's key.
func (t *Table) Hash(r Ref) uint64 {
	return uint64(t.pages[r>>slotBits].cells[int(r&slotMask)*t.shape.stride])
}

// AppendKey appends key i of rows to a column of its kind.
func (t *Table) AppendKey(i int, refs []Ref, out batch.Column) {
	mask, bit, w := 1+i/64, int64(1)<<(i%64), t.shape.key+i
	for _, r := range refs {
		p := t.pages[r>>slotBits]
		row := p.row(t.shape, int(r&slotMask))
		if row[mask]&bit != 0 {
			batch.AppendNull(out)
			continue
		}
		switch c := out.(type) {
		case *batch.Vec[int64]:
			c.Append(row[w])
		case *batch.TextVec:
			c.Append(p.bytes(row[w]))
		case *batch.Vec[float64]:
			if t.shape.Keys[i].Exact {
				c.Append(math.Float64frombits(uint64(row[w])))
			} else {
				c.Append(WordFloat(row[w]))
			}
		case *batch.Vec[bool]:
			c.Append(row[w] != 0)
		case *batch.Vec[batch.Decimal]:
			c.Append(DecimalOf(p.bytes(row[w])))
		case *batch.Vec[batch.Span]:
			c.Append(SpanOf(p.bytes(row[w])))
		}
	}
}

// Same appends the refs of the live rows with a hash; wait: their page is away,
// and wanted.
func (t *Table) Same(hash uint64, refs []Ref) (_ []Ref, wait bool) {
	pid := t.dir[hash>>(64-t.depth)]
	p := t.pages[pid]
	if t.store.cold > 0 && !t.store.loaded(hash) {
		return refs, true
	}
	if p.away != nil {
		t.store.want(p.away)
		return refs, true
	}
	if t.shape.chain == 0 && len(p.index) > 0 {
		return t.indexed(p, pid, hash, refs), false
	}
	for slot := range p.n {
		if uint64(p.cells[slot*t.shape.stride]) == hash && p.flags[slot]&flagDead == 0 {
			refs = append(refs, Ref(pid<<slotBits|uint32(slot)))
		}
	}
	return refs, false
}

// indexed appends the live rows of a page with a hash, by its index.
func (t *Table) indexed(p *page, pid uint32, hash uint64, refs []Ref) []Ref {
	mask := uint32(len(p.index) - 1)
	tag := entry(hash, 0)
	for at := uint32(hash) & mask; p.index[at] != 0; at = (at + 1) & mask {
		if (p.index[at]^tag)&0xf000 != 0 {
			continue
		}
		slot := int(p.index[at]&0xfff) - 1
		if uint64(p.cells[slot*t.shape.stride]) == hash && p.flags[slot]&flagDead == 0 {
			refs = append(refs, Ref(pid<<slotBits|uint32(slot)))
		}
	}
	return refs
}
