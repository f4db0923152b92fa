package state

import (
	"bytes"

	"github.com/dirigo-stream/dirigo/exec/batch"
)

// Probe is the keys of some rows, to be compared with columns of the rows of a
// table of chains. The value is reused from chunk to chunk.
type Probe struct {
	keys   Keys
	shape  *shape // of the probing keys
	pos    []int  // key columns of the table, one a key
	float  []bool
	single bool // one key of one word
}

// NewProbe returns a Probe for keys of the given kinds, which are compared with
// the key columns pos of the table.
func NewProbe(kinds []batch.Kind, pos []int) *Probe {
	p := &Probe{pos: pos}
	l := Layout{}
	for _, k := range kinds {
		l.Keys = append(l.Keys, Key{Kind: k})
		p.float = append(p.float, k.Rep() == batch.RepFloat)
	}
	p.shape = newShape(l)
	p.single = p.shape.single && !p.float[0]
	return p
}

// Load takes the keys of rows: columns at of cols.
func (p *Probe) Load(cols []batch.Column, at []int, rows []int32, hash []uint64) {
	p.keys.load(p.shape, cols, at, rows, hash)
}

// Matches appends the live rows of the chain from head on whose key equals key
// i of p, NULL being equal to NULL.
func (t *Table) Matches(head Ref, p *Probe, i int, refs []Ref) []Ref {
	if head >= None {
		return refs
	}
	pg, s := t.pages[head>>slotBits], t.shape
	pid := head &^ slotMask
	if p.single {
		w, word, null := s.key+p.pos[0], p.keys.cols[0].word[i], p.keys.masks[0][i]
		mask, bit := 1+p.pos[0]/64, p.pos[0]%64
		for slot := int(head & slotMask); slot >= 0; {
			c := pg.cells[slot*s.stride : (slot+1)*s.stride]
			if c[w] == word && uint64(c[mask])>>bit&1 == null && pg.flags[slot]&flagDead == 0 {
				refs = append(refs, pid|Ref(slot))
			}
			slot = chainNext(c[s.chain])
		}
		return refs
	}
	for slot := int(head & slotMask); slot >= 0; {
		c := pg.cells[slot*s.stride : (slot+1)*s.stride]
		if pg.flags[slot]&flagDead == 0 && p.equal(pg, s, c, i) {
			refs = append(refs, pid|Ref(slot))
		}
		slot = chainNext(c[s.chain])
	}
	return refs
}

// equal compares the key of a stored row with key i.
func (p *Probe) equal(pg *page, s *shape, c []int64, i int) bool {
	for j, pos := range p.pos {
		null := uint64(c[1+pos/64])>>(pos%64)&1 == 1
		if null != (p.keys.masks[j/64][i]>>(j%64)&1 == 1) {
			return false
		}
		if null {
			continue
		}
		w, col := c[s.key+pos], &p.keys.cols[j]
		switch {
		case p.float[j]:
			if FloatWord(storedFloat(s.Keys[pos], w)) != col.word[i] {
				return false
			}
		case !p.shape.Keys[j].variable():
			if w != col.word[i] {
				return false
			}
		default:
			k := p.shape.Keys[j]
			if !bytes.Equal(k.significant(pg.bytes(w)), k.significant(col.data[col.start[i]:col.end[i]])) {
				return false
			}
		}
	}
	return true
}
