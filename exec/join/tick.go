package join

import (
	"github.com/dirigo-stream/dirigo/exec/batch"
	"github.com/dirigo-stream/dirigo/exec/state"
)

// emission is the sending of what changed in a tick.
type emission struct {
	busy bool
	list []*rows     // panes left to look at
	refs []state.Ref // touched rows of list[0], not sent yet
}

// alone returns how often a row is in the output by itself, given how often it is
// there and the sum of the counts that it matches.
func (j *Joiner) alone(s *side, w []int64) int64 {
	n, matched := s.counts(w), w[s.sum] > 0
	switch {
	case j.facts != nil:
		return j.facts.passes(s, w, n)
	case j.spec.Kind == Semi && !matched, j.spec.Kind != Semi && matched:
		return 0
	}
	return n
}

// emitTouched sends, of the rows touched in this tick, what changed of them.
func (j *Joiner) emitTouched() (more bool, err error) {
	e := &j.emit
	if !e.busy {
		e.busy = true
		for _, s := range j.sides {
			for _, p := range j.store.Panes(s.in) {
				if s.acts {
					e.list = append(e.list, s.pane(p>>1, false))
				}
			}
		}
	}
	for len(e.list) > 0 {
		r := e.list[0]
		if len(e.refs) == 0 {
			j.store.Unpin()
			var wait bool
			if e.refs, wait = r.Touched(nil); wait {
				return true, nil
			}
			if len(e.refs) == 0 {
				r.Settle()
				e.list = e.list[1:]
				continue
			}
		}
		if j.fuel <= 0 {
			return true, nil
		}
		n := min(len(e.refs), state.Chunk, j.fuel)
		j.change(r, e.refs[:n])
		e.refs = e.refs[n:]
		j.fuel -= n
	}
	e.busy = false
	return false, nil
}

// change sends what changed of rows and ends those that are no more.
func (j *Joiner) change(r *rows, refs []state.Ref) {
	s := r.side
	var changed, ended []state.Ref
	var diff []int64
	for _, ref := range refs {
		w := r.Change(ref)
		show := j.alone(s, w)
		if d := show - w[s.shown]; d != 0 {
			changed, diff = append(changed, ref), append(diff, d)
		}
		w[s.touch], w[s.shown] = 0, show
		if show == 0 && s.counts(w) == 0 {
			ended = append(ended, ref)
		}
	}
	if len(changed) > 0 {
		j.emitAlone(r, changed, diff)
	}
	for _, ref := range ended {
		r.Remove(ref)
	}
}

// emitAlone sends stored rows, padded where the output has columns of the other
// side.
func (j *Joiner) emitAlone(r *rows, refs []state.Ref, diff []int64) {
	out := &batch.Batch{N: len(refs), Diff: ones(diff), Time: batch.MaxTime, Born: j.born}
	out.Cols = j.columns(r.side.in, len(refs), func(c int) batch.Column { return r.gather(c, refs) })
	if j.time != nil {
		out.Time = least(r.gather(j.time.column(r.side.in), refs))
	}
	j.out.Emit(out)
}

// columns returns the output columns for rows of one input, of which column gives
// the columns.
func (j *Joiner) columns(in, n int, column func(int) batch.Column) []batch.Column {
	out := make([]batch.Column, len(j.spec.Output))
	for i, c := range j.spec.Output {
		from, at := 0, c
		if c >= len(j.spec.Left) {
			from, at = 1, c-len(j.spec.Left)
		}
		if from == in {
			out[i] = column(at)
		} else {
			out[i] = nulls(j.sides[from].types[at], n)
		}
	}
	return out
}

// ones returns diff, nil where all are 1.
func ones(diff []int64) []int64 {
	for _, d := range diff {
		if d != 1 {
			return diff
		}
	}
	return nil
}

// unmatched sends rows of b that can match nothing, if they are output at all.
// They need not be stored.
func (j *Joiner) unmatched(in int, b *batch.Batch, rows []int32, out interface{ Emit(*batch.Batch) }) {
	if j.facts != nil {
		j.facts.count(b, rows, true)
		return
	}
	if !j.sides[in].tracked || j.spec.Kind == Semi {
		return
	}
	to := &batch.Batch{N: len(rows), Time: b.Time, Born: b.Born}
	to.Cols = j.columns(in, len(rows), func(c int) batch.Column { return b.Cols[c].Gather(rows) })
	if b.Diff != nil {
		for _, row := range rows {
			to.Diff = append(to.Diff, j.sides[in].diff(b, row))
		}
		to.Diff = ones(to.Diff)
	}
	out.Emit(to)
}
