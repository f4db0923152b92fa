package state

import (
	"encoding/binary"
	"math/bits"
)

// A page of chains in which equal rows are looked for has a second index: of all
// rows, by all their keys. It is made when a chain that is searched has become
// long, and made anew when the page's rows move.

// longChain is the length from which on a chain is not searched row by row.
const longChain = 8

// seek is findLinked by the index of whole rows.
func (p *page) seek(s *shape, k *Keys, i int) int {
	if p.found == nil {
		p.noteAll(s)
	}
	h := k.whole(s, i)
	mask := uint32(len(p.found) - 1)
	tag := entry(h, 0)
	for at := uint32(h) & mask; ; at = (at + 1) & mask {
		e := p.found[at]
		if e == 0 {
			return -1
		}
		if (e^tag)&0xf000 != 0 {
			continue
		}
		slot := int(e&0xfff) - 1
		if base := slot * s.stride; uint64(p.cells[base]) == k.Hash[i] && p.equal(s, base, k, i) {
			return slot
		}
	}
}

// noteAll makes the index of whole rows.
func (p *page) noteAll(s *shape) {
	p.found = make([]uint16, indexSize(p.n))
	for slot := range p.n {
		p.note(s, slot)
	}
}

// note enters a row in the index of whole rows.
func (p *page) note(s *shape, slot int) {
	if (slot+1)*4 > len(p.found)*3 {
		p.noteAll(s)
		return
	}
	h := p.whole(s, slot)
	mask := uint32(len(p.found) - 1)
	at := uint32(h) & mask
	for p.found[at] != 0 {
		at = (at + 1) & mask
	}
	p.found[at] = entry(h, slot+1)
}

// whole hashes all keys of a stored row, as Keys.whole does.
func (p *page) whole(s *shape, slot int) uint64 {
	row := p.row(s, slot)
	h := uint64(row[0])
	for j, key := range s.Keys {
		if w := row[s.key+j]; key.variable() {
			h = wholeBytes(h, key.significant(p.bytes(w)))
		} else {
			h = wholeWord(h, uint64(w))
		}
	}
	return h
}

// whole hashes all keys of row i.
func (k *Keys) whole(s *shape, i int) uint64 {
	h := k.Hash[i]
	for j, key := range s.Keys {
		if c := &k.cols[j]; key.variable() {
			h = wholeBytes(h, key.significant(c.data[c.start[i]:c.end[i]]))
		} else {
			h = wholeWord(h, uint64(c.word[i]))
		}
	}
	return h
}

func wholeWord(h, w uint64) uint64 {
	high, low := bits.Mul64(h^w, 0x9e3779b97f4a7c15)
	return bits.RotateLeft64(high^low, 29) + h
}

func wholeBytes(h uint64, b []byte) uint64 {
	h = wholeWord(h, uint64(len(b)))
	for ; len(b) >= 8; b = b[8:] {
		h = wholeWord(h, binary.LittleEndian.Uint64(b))
	}
	tail := uint64(0)
	for _, c := range b {
		tail = tail<<8 | uint64(c)
	}
	return wholeWord(h, tail)
}
