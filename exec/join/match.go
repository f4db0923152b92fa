package join

import (
	"fmt"

	"github.com/dirigo-stream/dirigo/exec/batch"
	"github.com/dirigo-stream/dirigo/exec/state"
)

// matches is pairs of rows with equal keys: one of a batch, one stored.
type matches struct {
	b     *batch.Batch
	in    int // of b
	mine  *rows
	other *rows
	rows  []int32              // of b
	own   []int32              // places in the chunk
	refs  []state.Ref          // of other
	cols  map[int]batch.Column // of left ++ right, gathered
}

func (m *matches) reset(b *batch.Batch, in int, mine, other *rows) {
	m.b, m.in, m.mine, m.other = b, in, mine, other
	m.rows, m.own, m.refs = m.rows[:0], m.own[:0], m.refs[:0]
}

// column returns a column of left ++ right, for the pairs.
func (m *matches) column(c, left int) batch.Column {
	if col, ok := m.cols[c]; ok {
		return col
	}
	in, at := 0, c
	if c >= left {
		in, at = 1, c-left
	}
	var col batch.Column
	if in == m.in {
		col = m.b.Cols[at].Gather(m.rows)
	} else {
		col = m.other.gather(at, m.refs)
	}
	if m.cols == nil {
		m.cols = map[int]batch.Column{}
	}
	m.cols[c] = col
	return col
}

// keep leaves the pairs in sel.
func (m *matches) keep(sel []int32) {
	if len(sel) == len(m.rows) {
		return
	}
	for n, i := range sel {
		m.rows[n], m.own[n], m.refs[n] = m.rows[i], m.own[i], m.refs[i]
	}
	m.rows, m.own, m.refs = m.rows[:len(sel)], m.own[:len(sel)], m.refs[:len(sel)]
	for c, col := range m.cols {
		m.cols[c] = col.Gather(sel)
	}
}

// flush takes the pairs that the condition holds for: it changes the sums of
// matches and emits them. SumOwn adds to the sums of the batch's own rows.
func (j *Joiner) flush(m *matches, sumOwn func(*matches)) error {
	if len(m.rows) == 0 {
		return nil
	}
	clear(m.cols)
	if err := j.filter(m); err != nil {
		return err
	}
	if len(m.rows) == 0 {
		return nil
	}
	s := j.sides[m.in]
	if m.other.side.tracked {
		m.sumOther(s)
	}
	if m.other.side.stamp >= 0 {
		m.refresh(j.now, j.spec.TTL)
	}
	if s.tracked {
		sumOwn(m)
	}
	if j.pairs {
		j.emitPairs(m)
	}
	return nil
}

// filter leaves the pairs that the bound and the condition hold for.
func (j *Joiner) filter(m *matches) error {
	left := len(j.spec.Left)
	if j.time != nil {
		lt := m.column(j.spec.Bound.LeftTime, left).(*batch.Vec[int64]).Data
		rt := m.column(left+j.spec.Bound.RightTime, left).(*batch.Vec[int64]).Data
		m.keep(j.time.holds(lt, rt))
	}
	if j.on.program == nil || len(m.rows) == 0 {
		return nil
	}
	sel, err := j.on.holds(len(m.rows), func(c int) batch.Column { return m.column(c, left) })
	if err != nil {
		return fmt.Errorf("the condition of a join cannot be computed: %w", err)
	}
	m.keep(sel)
	return nil
}

// sumOther changes the sums of the stored rows by the counts of the batch's.
func (m *matches) sumOther(s *side) {
	o := m.other.side
	for i, r := range m.refs {
		w := m.other.Change(r)
		w[o.sum] += s.diff(m.b, m.rows[i])
		if o.touch >= 0 && w[o.touch] == 0 {
			m.other.Touch(r, 1)
		}
	}
}

// refresh notes that stored rows were matched. That is written down only now and
// then, so that lookups do not make every page dirty.
func (m *matches) refresh(now, ttl int64) {
	o := m.other.side
	for _, r := range m.refs {
		if m.other.Row(r)[o.stamp]+ttl*1000/8 < now {
			m.other.Change(r)[o.stamp] = now
		}
	}
}

// emitPairs sends pairs on, with the products of their counts.
func (j *Joiner) emitPairs(m *matches) {
	s, o := j.sides[m.in], m.other.side
	var diff []int64
	if !s.numbered && m.b.Diff != nil || o.count >= 0 {
		diff = make([]int64, 0, len(m.rows))
		var sel []int32
		for i, row := range m.rows {
			d := s.diff(m.b, row) * o.counts(m.other.Row(m.refs[i]))
			if d != 0 {
				diff, sel = append(diff, d), append(sel, int32(i))
			}
		}
		if m.keep(sel); len(sel) == 0 {
			return
		}
	}
	out := &batch.Batch{N: len(m.rows), Diff: diff, Time: batch.MaxTime, Born: m.b.Born}
	out.Cols = make([]batch.Column, len(j.spec.Output))
	left := len(j.spec.Left)
	for i, c := range j.spec.Output {
		out.Cols[i] = m.column(c, left)
	}
	if j.time != nil {
		out.Time = min(least(m.column(j.spec.Bound.LeftTime, left)), least(m.column(left+j.spec.Bound.RightTime, left)))
	}
	j.out.Emit(out)
}

func least(c batch.Column) int64 {
	out := batch.MaxTime
	for _, t := range c.(*batch.Vec[int64]).Data {
		out = min(out, t)
	}
	return out
}
