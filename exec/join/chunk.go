package join

import (
	"github.com/dirigo-stream/dirigo/exec/batch"
	"github.com/dirigo-stream/dirigo/exec/state"
)

// chunk is some rows of an item that are compared together. While it is open
// refs are held, so nothing is settled, read or evicted.
type chunk struct {
	open  bool
	b     *batch.Batch
	in    int
	rows  []int32 // of b
	hash  []uint64
	own   *rows
	refs  []state.Ref // of rows, on their own side
	fresh []bool      // the row was not there before
	other []*rows     // panes of the other side
	heads [][]state.Ref
	pane  int // of other, that is being compared
	at    int // the row to go on with

	match matches
	keys  []batch.Column
}

// step adds rows of an item and compares them; more: some are left, or a page
// must be read.
func (j *Joiner) step(it *item) (more bool, err error) {
	c := &j.chunk
	for {
		if c.open {
			if more, err := j.compare(); more || err != nil {
				return more, err
			}
			j.endChunk()
		}
		if wait, err := j.settleAll(); wait || err != nil {
			return wait, err
		}
		for len(j.large) > 0 {
			if more, err := j.large[0].compare(j); more || err != nil {
				return more, err
			}
			j.large = j.large[1:]
		}
		if len(it.rows) == 0 {
			break
		}
		n := min(len(it.rows), j.sides[it.in].chunk())
		if wait, err := j.begin(it, it.rows[:n]); wait || err != nil {
			return wait, err
		}
		it.rows = it.rows[n:]
	}
	if len(it.away) > 0 {
		it.rows, it.away = it.away, nil
		return true, nil
	}
	return false, nil
}

// begin opens a chunk of those rows whose pages are there; wait: it must be tried
// again.
func (j *Joiner) begin(it *item, at []int32) (wait bool, err error) {
	c := &j.chunk
	s := j.sides[it.in]
	c.b, c.in, c.own = it.b, it.in, s.pane(it.pane, true)
	c.other = c.other[:0]
	for _, p := range j.opposite(it.in, it.pane) {
		if r := j.sides[1-it.in].pane(p, false); r != nil {
			c.other = append(c.other, r)
		}
	}
	c.keys = c.keys[:0]
	for _, k := range s.key {
		c.keys = append(c.keys, it.b.Cols[k])
	}
	c.rows = append(c.rows[:0], at...)
	for tries := 0; ; tries++ {
		c.hash = batch.HashRows(c.keys, s.keyTypes, c.rows, len(c.rows), c.hash)
		if tries == 0 {
			if wait, err := c.own.families.room(c.hash); wait || err != nil {
				return wait, err
			}
		}
		missing := j.lookUp()
		if missing == 0 {
			break
		}
		c.drop(it, c.heads)
	}
	n := len(c.rows)
	if cap(c.refs) < n {
		c.refs, c.fresh = make([]state.Ref, state.Chunk), make([]bool, state.Chunk)
	}
	c.refs, c.fresh = c.refs[:n], c.fresh[:n]
	missing, err := c.own.put(c.b, c.rows, c.hash, c.refs, c.fresh)
	if err != nil {
		return false, err
	}
	if missing > 0 {
		c.keep(it)
	}
	if len(c.rows) > 0 {
		j.store.Unpin()
	}
	c.open, c.pane, c.at = true, 0, 0
	j.changeOwn()
	c.probe(j.sides[1-it.in])
	j.findLarge()
	return false, nil
}

// lookUp finds the first rows that may match, on the other side.
func (j *Joiner) lookUp() (missing int) {
	c := &j.chunk
	for len(c.heads) < len(c.other) {
		c.heads = append(c.heads, nil)
	}
	for i, r := range c.other {
		if cap(c.heads[i]) < len(c.rows) {
			c.heads[i] = make([]state.Ref, state.Chunk)
		}
		c.heads[i] = c.heads[i][:len(c.rows)]
		missing += r.Heads(c.hash, c.heads[i])
	}
	c.heads = c.heads[:len(c.other)]
	return missing
}

// drop leaves rows without a head for later.
func (c *chunk) drop(it *item, heads [][]state.Ref) {
	kept := c.rows[:0]
next:
	for i, row := range c.rows {
		for _, h := range heads {
			if h[i] == state.NoRef {
				it.away = append(it.away, row)
				continue next
			}
		}
		kept = append(kept, row)
	}
	c.rows = kept
}

// keep leaves rows that could not be stored for later.
func (c *chunk) keep(it *item) {
	n := 0
	for i, row := range c.rows {
		if c.refs[i] == state.NoRef {
			it.away = append(it.away, row)
			continue
		}
		c.rows[n], c.refs[n], c.fresh[n], c.hash[n] = row, c.refs[i], c.fresh[i], c.hash[i]
		for _, h := range c.heads {
			h[n] = h[i]
		}
		n++
	}
	c.rows, c.refs, c.fresh, c.hash = c.rows[:n], c.refs[:n], c.fresh[:n], c.hash[:n]
	for i := range c.heads {
		c.heads[i] = c.heads[i][:n]
	}
}

// changeOwn counts the rows of the chunk where they are stored.
func (j *Joiner) changeOwn() {
	c := &j.chunk
	s := j.sides[c.in]
	if s.count < 0 && s.touch < 0 && s.stamp < 0 {
		return
	}
	for i, r := range c.refs {
		w := c.own.Row(r)
		if s.count >= 0 {
			w[s.count] += s.diff(c.b, c.rows[i])
		}
		if s.stamp >= 0 {
			w[s.stamp] = j.now
		}
		if s.touch >= 0 && w[s.touch] == 0 {
			c.own.Touch(r, 1)
		}
	}
}

// probe makes the keys of the chunk ready to be compared with those of a side.
func (c *chunk) probe(other *side) {
	if len(c.other) > 0 && len(c.rows) > 0 {
		own := c.own.side
		other.probe.Load(c.b.Cols, own.key, c.rows, c.hash)
	}
}

// compare finds matches of the chunk, as many as the fuel allows.
func (j *Joiner) compare() (more bool, err error) {
	c := &j.chunk
	for ; c.pane < len(c.other); c.pane++ {
		r := c.other[c.pane]
		heads := c.heads[c.pane]
		for c.at < len(c.rows) {
			if j.fuel <= 0 {
				return true, nil
			}
			limit := min(j.fuel, state.Chunk)
			c.match.reset(c.b, c.in, c.own, r)
			for ; c.at < len(c.rows) && len(c.match.refs) < limit; c.at++ {
				if heads[c.at] == state.None {
					continue
				}
				was := len(c.match.refs)
				c.match.refs = r.Matches(heads[c.at], r.side.probe, c.at, c.match.refs)
				for range c.match.refs[was:] {
					c.match.rows = append(c.match.rows, c.rows[c.at])
					c.match.own = append(c.match.own, int32(c.at))
				}
			}
			j.fuel -= len(c.match.refs)
			if err := j.flush(&c.match, c.sumOwn); err != nil {
				return false, err
			}
		}
		c.at = 0
	}
	return false, nil
}

// sumOwn adds what fresh rows of the chunk match.
func (c *chunk) sumOwn(m *matches) {
	s := c.own.side
	for i, own := range m.own {
		if c.fresh[own] {
			c.own.Row(c.refs[own])[s.sum] += m.other.side.counts(m.other.Row(m.refs[i]))
		}
	}
}

// endChunk ends rows that are no more, and lets go of the refs.
func (j *Joiner) endChunk() {
	c := &j.chunk
	if s := c.own.side; s.count >= 0 && !s.acts {
		for _, r := range c.refs {
			if c.own.Row(r)[s.count] == 0 {
				c.own.Remove(r)
			}
		}
	}
	c.open = false
	j.settle = append(j.settle, c.own)
	// An idle join holds no batch.
	c.b, c.match.b = nil, nil
	clear(c.keys)
	clear(c.match.cols)
}

// settleAll settles what changed; wait: a page must be read first.
func (j *Joiner) settleAll() (wait bool, err error) {
	for len(j.settle) > 0 {
		if wait, err := j.settle[0].families.settle(); wait || err != nil {
			return wait, err
		}
		j.settle = j.settle[1:]
	}
	j.settle = nil
	return false, nil
}
