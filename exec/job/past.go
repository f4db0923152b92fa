package job

import (
	"slices"

	"github.com/dirigo-stream/dirigo/exec/batch"
)

// past is the decisions about a source that were made beyond where a pump
// begins: it makes them again at the same places, so that what follows from
// them is the same. They were durable before anything saw them.
//
// The partitions need not be read in the order in which they were first. So a
// partition that came back is not called idle again on the way there: nothing
// then closes before the rows of its return, and which of them are late is
// said by the decision about the return.
type past struct {
	pump  *pump
	notes []note // oldest first
	seen  int    // decisions looked at so far
}

// newPast returns the decisions that positions do not hold yet.
func newPast(p *pump, all []note) past {
	out := past{pump: p, seen: len(all)}
	for _, n := range all {
		if !n.heldBy(p.marks) {
			out.add(n)
		}
	}
	return out
}

// refresh takes the decisions that were made since, of all there are.
func (x *past) refresh(all []note) {
	for _, n := range all[min(x.seen, len(all)):] {
		x.add(n)
	}
	x.seen = max(x.seen, len(all))
}

func (x *past) add(n note) {
	if n.Kind == "active" {
		x.notes = slices.DeleteFunc(x.notes, func(o note) bool { return o.Kind == "idle" && o.Partition == n.Partition })
	}
	x.notes = append(x.notes, n)
}

// woken takes the return of partitions that the pump found idle where it began:
// they stand just there.
func (x *past) woken() {
	for i := 0; i < len(x.notes); i++ {
		if n := x.notes[i]; n.Kind == "active" && x.pump.idle(n.Partition) {
			x.take(i)
			i--
		}
	}
}

// heldBy says whether a reader that stands at m has taken the decision: it has
// passed the place where it was made. At the place itself it is taken again,
// which changes nothing.
func (n *note) heldBy(m *marker) bool {
	if n.Kind != "idle" {
		return m.next(n.Partition) > n.Next
	}
	passed := false
	for _, at := range n.Positions {
		mine := m.next(at.Partition)
		if mine < at.Next {
			return false
		}
		passed = passed || mine > at.Next
	}
	return passed
}

// admit returns how many leading rows of b come before the next decision about
// its partition; a decision that is due at the first row is taken first.
func (x *past) admit(b *batch.Batch, next int64) int {
	x.woken()
	for i := 0; i < len(x.notes); i++ {
		n := x.notes[i]
		if n.Partition != b.Origin.Partition || n.Kind == "idle" || next <= n.Next {
			continue
		}
		rows := 0
		for rows < b.N && b.Origin.Offset(rows) < n.Next {
			rows++
		}
		if rows > 0 {
			return rows
		}
		x.take(i)
		i--
	}
	return b.N
}

// moved takes the decisions about idleness whose place has been reached.
func (x *past) moved() {
	for i := 0; i < len(x.notes); i++ {
		if n := x.notes[i]; n.Kind == "idle" && x.reached(&n) {
			x.take(i)
			i--
		}
	}
}

func (x *past) reached(n *note) bool {
	x.pump.feed.mu.Lock()
	defer x.pump.feed.mu.Unlock()
	for _, at := range n.Positions {
		if x.pump.marks.next(at.Partition) < at.Next {
			return false
		}
	}
	return true
}

func (x *past) take(i int) {
	n := x.notes[i]
	x.notes = append(x.notes[:i:i], x.notes[i+1:]...)
	x.pump.feed.annotate(&n)
	if x.pump.first == 0 {
		x.pump.first = x.pump.src.eng.cfg.now()
	}
}
