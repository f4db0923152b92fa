package join

import (
	"github.com/dirigo-stream/dirigo/exec/batch"
	"github.com/dirigo-stream/dirigo/exec/state"
)

// large is a row of a batch that is compared with a key of many rows, part by
// part, so that not all of them need be in memory at once.
type large struct {
	b     *batch.Batch
	in    int
	row   int32
	hash  uint64
	own   *rows
	other *rows
	part  int32
	// Of a row whose sum of matches is to be found: its number (-1: none) and
	// where it was stored, for good if it has a number, and the sum.
	fresh  bool
	number int64
	place  uint64
	sum    int64
}

// findLarge takes the rows of the chunk that meet keys of many rows out of it.
func (j *Joiner) findLarge() {
	c := &j.chunk
	for p, r := range c.other {
		if len(r.families.parts) == 0 {
			continue
		}
		for i, h := range c.hash {
			if r.families.many(h) == 1 {
				continue
			}
			c.heads[p][i] = state.None
			l := large{b: c.b, in: c.in, row: c.rows[i], hash: h, own: c.own, other: r, number: -1}
			if s := c.own.side; s.tracked && c.fresh[i] {
				l.fresh = true
				if s.numbered {
					l.place = c.own.Hash(c.refs[i])
					l.number = c.own.Gather(0, c.refs[i:i+1]).(*batch.Vec[int64]).Data[0]
				}
			}
			j.large = append(j.large, l)
		}
	}
}

// compare finds matches, as many as the fuel allows; more: there are others, or a
// page must be read.
func (l *large) compare(j *Joiner) (more bool, err error) {
	var head, own [1]state.Ref
	row, m := []int32{l.row}, &j.chunk.match
	l.other.side.probe.Load(l.b.Cols, l.own.side.key, row, []uint64{l.hash})
	add := func(m *matches) {
		if l.fresh {
			for _, r := range m.refs {
				l.sum += m.other.side.counts(m.other.Row(r))
			}
		}
	}
	for n := l.other.families.many(l.hash); l.part < n; {
		if j.fuel <= 0 {
			return true, nil
		}
		m.reset(l.b, l.in, l.own, l.other)
		wait := false
		for ; l.part < n && len(m.refs) < min(j.fuel, state.Chunk); l.part++ {
			if wait = l.other.Heads([]uint64{l.other.spot(l.hash, uint64(l.part))}, head[:]) > 0; wait {
				break
			}
			m.refs = l.other.Matches(head[0], l.other.side.probe, 0, m.refs)
		}
		for range m.refs {
			m.rows, m.own = append(m.rows, l.row), append(m.own, 0)
		}
		if len(m.refs) > 0 {
			j.fuel -= len(m.refs)
			j.store.Unpin()
		}
		if err := j.flush(m, add); err != nil {
			return false, err
		}
		if wait {
			return true, nil
		}
	}
	if l.sum == 0 {
		return false, nil
	}
	place := []uint64{l.place}
	if l.number < 0 {
		place = l.own.families.place(l.b, row, []uint64{l.hash})
	}
	missing, err := l.own.Put(l.b.Cols, l.own.side.cols, row, place, l.number, true, own[:], make([]bool, 1))
	if missing > 0 || err != nil {
		return missing > 0, err
	}
	l.own.Row(own[0])[l.own.side.sum] += l.sum
	return false, nil
}
