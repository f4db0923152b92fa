package agg

import (
	"errors"
	"math"

	"github.com/dirigo-stream/dirigo/exec"
	"github.com/dirigo-stream/dirigo/exec/state"
)

// sweep is the search for groups whose time to live is over, part by part of
// the hash range. When it is due depends on what was sealed and on the frontiers
// alone, so that a replay of the same frontiers ends the same groups.
type sweep struct {
	busy bool
	now  int64 // µs
	part uint64
	bits int
	refs []state.Ref
}

// sweeps says how often groups are looked at in their time to live.
const sweeps = 4

// checkTTL tells why a spec cannot have a TTL.
func (c *core) checkTTL() error {
	switch {
	case c.spec.TTL == 0:
		return nil
	case c.spec.TTL < 0:
		return errors.New("a time to live must be positive")
	case c.spec.Window != nil, len(c.spec.Keys) == 0:
		return errors.New("a time to live is for groups with keys and without a window")
	case len(c.sets) > 0:
		return errors.New("a time to live is not for count(DISTINCT …) and the like")
	}
	return nil
}

// lap returns the number of the last sweep due at a time, in µs.
func (g *Grouper) lap(now int64) int64 { return now / max(1, g.spec.TTL/sweeps) }

// clock returns the time of a frontier, in µs: at least that of the last sweep.
func (g *Grouper) clock(f exec.Frontier) int64 {
	now := f.Born / 1000
	if mark := g.store.Mark(); mark > 0 {
		now = max(now, mark*max(1, g.spec.TTL/sweeps))
	}
	return now
}

// sweepDue says that groups are to be looked at.
func (g *Grouper) sweepDue(f exec.Frontier) bool {
	if g.spec.TTL == 0 || f.Born == 0 {
		return false
	}
	mark := g.store.Mark()
	return mark == math.MinInt64 || g.lap(g.clock(f)) > mark
}

// endOld ends the groups that nothing has touched for the time to live.
func (g *Grouper) endOld(out exec.Emitter, fuel int) (more bool, err error) {
	s := &g.sweep
	if !s.busy {
		if !g.sweepDue(g.frontier) {
			return false, nil
		}
		if g.store.Cold() {
			return true, nil
		}
		*s = sweep{busy: true, now: g.clock(g.frontier), refs: s.refs}
		s.bits = max(0, g.store.Table(0, 0).Depth()-partBits)
	}
	t := g.store.Table(0, 0)
	for ; s.part < 1<<s.bits; s.part++ {
		if fuel <= 0 {
			return true, nil
		}
		refs, wait := t.Part(s.bits, s.part, s.refs[:0])
		if wait {
			return true, nil
		}
		s.refs = refs
		fuel -= 1 + len(refs)/16
		for len(refs) > 0 {
			n := min(len(refs), state.Chunk)
			if err := g.endGroups(t, refs[:n], out); err != nil {
				return false, err
			}
			refs = refs[n:]
		}
		t.Settle()
		g.store.Unpin()
	}
	g.store.SetMark(g.lap(s.now))
	s.busy = false
	return false, nil
}

// endGroups takes back and removes those of refs whose time is over.
func (g *Grouper) endGroups(t *state.Table, refs []state.Ref, out exec.Emitter) error {
	rows := &g.out
	rows.set(t, refs)
	var over, shown []state.Ref
	for i, w := range rows.words {
		if w[g.last]+g.spec.TTL > g.sweep.now {
			continue
		}
		if over = append(over, refs[i]); w[g.rows] > 0 {
			shown = append(shown, refs[i])
		}
	}
	if len(shown) > 0 {
		rows.set(t, shown)
		cols := g.columns(len(shown))
		if err := g.output(cols, 0, rows); err != nil {
			return err
		}
		g.send(cols, g.all[:len(shown)], -1, out)
	}
	for _, r := range over {
		t.Remove(r)
	}
	return nil
}
