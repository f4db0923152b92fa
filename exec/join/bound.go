package join

import (
	"math"

	"github.com/dirigo-stream/dirigo/exec"
	"github.com/dirigo-stream/dirigo/exec/batch"
	"github.com/dirigo-stream/dirigo/exec/state"
)

// timing sorts rows into panes by event time, so that those that can match
// nothing more are dropped together.
//
// A pane is as wide as the bound, from Low to High. The right side's times count
// from Low on, so that a left row of pane p matches right rows of p and p + 1.
type timing struct {
	Bound
	width int64
	wide  bool     // a row may match rows of two panes
	ends  [2]int64 // the least watermark of the other side with something to do
	sel   []int32
}

// minPane is the least width of a pane, in microseconds.
const minPane = 1_000_000

func newTiming(b *Bound) *timing {
	return &timing{Bound: *b, width: max(minPane, b.High-b.Low), wide: b.High > b.Low, ends: [2]int64{never, never}}
}

// column returns the time column of an input.
func (t *timing) column(in int) int {
	if in == 0 {
		return t.LeftTime
	}
	return t.RightTime
}

// pane returns the pane of a row.
func (t *timing) pane(in int, at int64) int64 {
	if in == 1 {
		at = minus(at, t.Low)
	}
	p := at / t.width
	if at%t.width < 0 {
		p--
	}
	return p
}

// minus is a − b, kept within bounds.
func minus(a, b int64) int64 {
	d := a - b
	if (a^b)&(a^d) < 0 {
		if a < 0 {
			return math.MinInt64
		}
		return math.MaxInt64
	}
	return d
}

// end returns the watermark of the other side that a pane may go behind: no row
// of time end or later matches one in it.
func (t *timing) end(in int, pane int64) int64 {
	last := (pane+1)*t.width - 1
	if in == 0 {
		return minus(last, -t.High)
	}
	return last
}

// sort makes items of rows by pane.
func (t *timing) sort(j *Joiner, in int, b *batch.Batch, rows []int32) []item {
	times := b.Cols[t.column(in)].(*batch.Vec[int64]).Data
	// Event time nearly always stands still: one pane holds most batches.
	if p := t.pane(in, times[rows[0]]); t.within(in, p, times, rows) {
		t.plan(in, p)
		return []item{{in: in, pane: p, b: b, rows: rows}}
	}
	var items []item
next:
	for _, row := range rows {
		p := t.pane(in, times[row])
		for i := range items {
			if items[i].pane == p {
				items[i].rows = append(items[i].rows, row)
				continue next
			}
		}
		items = append(items, item{in: in, pane: p, b: b, rows: []int32{row}})
		t.plan(in, p)
	}
	return items
}

// within tells whether all rows lie in a pane.
func (t *timing) within(in int, pane int64, times []int64, rows []int32) bool {
	shift, begin := int64(0), pane*t.width
	if in == 1 {
		shift = t.Low
	}
	for _, row := range rows {
		if at := minus(times[row], shift); at < begin || uint64(at-begin) >= uint64(t.width) {
			return false
		}
	}
	return true
}

// plan notes when a pane has something to do.
func (t *timing) plan(in int, pane int64) { t.ends[in] = min(t.ends[in], t.end(in, pane)) }

// opposite returns the panes of the other side that rows of a pane may match.
func (j *Joiner) opposite(in int, pane int64) []int64 {
	switch {
	case j.time == nil || !j.time.wide:
		return []int64{pane}
	case in == 0:
		return []int64{pane, pane + 1}
	}
	return []int64{pane - 1, pane}
}

// holds returns the pairs of times that the bound holds for.
func (t *timing) holds(left, right []int64) []int32 {
	t.sel = t.sel[:0]
	for i, l := range left {
		if d := minus(right[i], l); d >= t.Low && d <= t.High {
			t.sel = append(t.sel, int32(i))
		}
	}
	return t.sel
}

// due tells whether a pane may go at a frontier.
func (t *timing) due(f exec.Frontier) bool {
	return marks(f, 1) > t.ends[0] || marks(f, 0) > t.ends[1]
}

// marks returns the watermark of an input.
func marks(f exec.Frontier, in int) int64 {
	if in < len(f.In) {
		return f.In[in]
	}
	return f.Watermark
}

// closing is the dropping of panes, which may take many calls.
type closing struct {
	busy bool
	list []closePane
	part uint64
	refs []state.Ref // of list[0], to be sent
}

type closePane struct {
	in   int
	pane int64
}

// closePanes drops the panes that nothing can match any more; rows that matched
// nothing are padded first, if that was not done as they came.
func (j *Joiner) closePanes() (more bool, err error) {
	if j.time == nil || !j.close.busy && !j.time.due(j.frontier) {
		return false, nil
	}
	cl := &j.close
	if !cl.busy {
		cl.busy, cl.list = true, j.ripe()
	}
	for len(cl.list) > 0 {
		s, pane := j.sides[cl.list[0].in], cl.list[0].pane
		if s.tracked && !s.acts {
			if more, err := j.closeRows(s.pane(pane, false)); more || err != nil {
				return more, err
			}
		}
		j.store.Drop(s.number(pane))
		delete(s.panes, pane)
		cl.list, cl.part = cl.list[1:], 0
	}
	cl.busy = false
	return false, nil
}

// ripe returns the panes that may go, and plans the others.
func (j *Joiner) ripe() (list []closePane) {
	j.time.ends = [2]int64{never, never}
	for _, s := range j.sides {
		for _, number := range j.store.Panes(s.in) {
			if p := number >> 1; j.time.end(s.in, p) < marks(j.frontier, 1-s.in) {
				list = append(list, closePane{s.in, p})
			} else {
				j.time.plan(s.in, p)
			}
		}
	}
	return list
}

// closeRows sends the rows of a pane that matched nothing.
func (j *Joiner) closeRows(r *rows) (more bool, err error) {
	cl := &j.close
	bits := max(0, r.Depth()-1)
	for {
		for len(cl.refs) > 0 {
			if j.fuel <= 0 {
				return true, nil
			}
			n := min(len(cl.refs), state.Chunk, j.fuel)
			j.fuel -= n
			j.closeSome(r, cl.refs[:n])
			cl.refs = cl.refs[n:]
		}
		if cl.part == 1<<bits {
			return false, nil
		}
		var wait bool
		j.store.Unpin()
		if cl.refs, wait = r.Part(bits, cl.part, nil); wait {
			cl.refs = nil
			return true, nil
		}
		cl.part++
	}
}

func (j *Joiner) closeSome(r *rows, refs []state.Ref) {
	var alone []state.Ref
	var diff []int64
	for _, ref := range refs {
		if n := j.alone(r.side, r.Row(ref)); n != 0 {
			alone, diff = append(alone, ref), append(diff, n)
		}
	}
	if len(alone) > 0 {
		j.emitAlone(r, alone, diff)
	}
}
