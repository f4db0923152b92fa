package plantest

import (
	"slices"
	"strings"

	"github.com/dirigo-stream/dirigo/exec/batch"
	"github.com/dirigo-stream/dirigo/exec/expr"
	"github.com/dirigo-stream/dirigo/exec/join"
	"github.com/dirigo-stream/dirigo/exec/op"
)

// Reference computes what a join or a set operation must give, row by row and
// pair by pair: the oracle of the operators, and of plans that use them.
func Reference(spec op.Spec, types [][]batch.Type, inputs [][]*batch.Batch) ([]*batch.Batch, error) {
	switch {
	case spec.SetOp != nil:
		return referenceSetOp(spec.SetOp, inputs), nil
	case spec.Temporal != nil:
		t := spec.Temporal
		return referenceJoin(&join.Join{
			Kind: t.Kind, Left: t.Left, Right: t.Right, LeftKey: t.LeftKey, RightKey: t.RightKey, On: t.On, Output: t.Output,
		}, inputs)
	}
	return referenceJoin(spec.Join, inputs)
}

// Covers says that Reference knows the operator.
func Covers(spec op.Spec) bool {
	return spec.Join != nil || spec.Temporal != nil || spec.SetOp != nil
}

// rows is a relation, consolidated: what is there, each row as often as it is.
type rows struct {
	cols []batch.Column
	at   []int
}

func newRows(types []batch.Type, batches []*batch.Batch) *rows {
	all := &batch.Batch{}
	for _, t := range types {
		all.Cols = append(all.Cols, batch.New(t.Kind, 0))
	}
	counts := map[string]int64{}
	first := map[string]int{}
	for _, b := range batches {
		for k := range b.Rows() {
			row := k
			if b.Sel != nil {
				row = int(b.Sel[k])
			}
			text := rowText(b.Cols, types, row)
			if _, ok := first[text]; !ok {
				first[text] = all.N
				for c := range types {
					batch.AppendFrom(all.Cols[c], b.Cols[c], row)
				}
				all.N++
			}
			counts[text] += b.DiffAt(row)
		}
	}
	out := &rows{cols: all.Cols}
	for text, n := range counts {
		for range max(0, n) {
			out.at = append(out.at, first[text])
		}
	}
	slices.Sort(out.at)
	return out
}

func rowText(cols []batch.Column, types []batch.Type, row int) string {
	var b strings.Builder
	for c, t := range types {
		if batch.IsNull(cols[c], row) {
			b.WriteString("\x00,")
			continue
		}
		b.Write(batch.AppendText(nil, cols[c], row, t, nil))
		b.WriteByte(',')
	}
	return b.String()
}

// pairing is a join under way.
type pairing struct {
	j           *join.Join
	left, right *rows
	on          *expr.Program
	types       []batch.Type // left ++ right
	out         *batch.Batch
}

func referenceJoin(j *join.Join, inputs [][]*batch.Batch) ([]*batch.Batch, error) {
	p := &pairing{
		j: j, left: newRows(j.Left, inputs[0]), right: newRows(j.Right, inputs[1]),
		types: slices.Concat(j.Left, j.Right), out: &batch.Batch{Time: batch.MaxTime},
	}
	for _, c := range j.Output {
		p.out.Cols = append(p.out.Cols, batch.New(p.types[c].Kind, 0))
	}
	if j.On != nil {
		var err error
		if p.on, err = expr.Compile(j.On); err != nil {
			return nil, err
		}
	}
	p.run()
	if p.out.N == 0 {
		return nil, nil
	}
	return []*batch.Batch{p.out}, nil
}

func (p *pairing) run() {
	met := map[int]bool{}
	for _, l := range p.left.at {
		matched, unknown := false, false
		for i, r := range p.right.at {
			is, open := p.matches(l, r)
			unknown = unknown || open
			if !is {
				continue
			}
			matched, met[i] = true, true
			if !p.leftOnly() {
				p.emit(l, r)
			}
		}
		pad := p.j.Kind == join.Left || p.j.Kind == join.Full
		keep := p.j.Kind == join.Semi && matched || p.j.Kind == join.Anti && !matched ||
			p.j.Kind == join.NullAnti && !matched && !unknown
		if keep || pad && !matched {
			p.emit(l, -1)
		}
	}
	if p.j.Kind != join.Right && p.j.Kind != join.Full {
		return
	}
	for i, r := range p.right.at {
		if !met[i] {
			p.emit(-1, r)
		}
	}
}

func (p *pairing) leftOnly() bool {
	return p.j.Kind == join.Semi || p.j.Kind == join.Anti || p.j.Kind == join.NullAnti
}

// matches says whether two rows match; open: it is not known, for a NULL.
func (p *pairing) matches(l, r int) (is, open bool) {
	for i, lk := range p.j.LeftKey {
		a, b := p.left.cols[lk], p.right.cols[p.j.RightKey[i]]
		nullA, nullB := batch.IsNull(a, l), batch.IsNull(b, r)
		switch {
		case nullA && nullB && p.j.NullEqual != nil && p.j.NullEqual[i]:
		case nullA || nullB:
			open = true
		case !p.equal(a, l, b, r, lk, p.j.RightKey[i]):
			return false, false
		}
	}
	if open {
		return false, true
	}
	if p.on == nil {
		return true, false
	}
	pair := &batch.Batch{N: 1}
	for c, t := range p.types {
		col := batch.New(t.Kind, 1)
		if c < len(p.j.Left) {
			batch.AppendFrom(col, p.left.cols[c], l)
		} else {
			batch.AppendFrom(col, p.right.cols[c-len(p.j.Left)], r)
		}
		pair.Cols = append(pair.Cols, col)
	}
	v := p.on.Eval(pair, &expr.Context{})
	if batch.IsNull(v, 0) {
		return false, true
	}
	return v.(*batch.Vec[bool]).Data[0], false
}

// equal compares two values that are not NULL.
func (p *pairing) equal(a batch.Column, l int, b batch.Column, r, lk, rk int) bool {
	eq, err := expr.Resolve("=", []*expr.Node{expr.Col(0, "", p.j.Left[lk]), expr.Col(1, "", p.j.Right[rk])})
	if err != nil {
		panic(err)
	}
	prog, err := expr.Compile(eq)
	if err != nil {
		panic(err)
	}
	x, y := batch.New(p.j.Left[lk].Kind, 1), batch.New(p.j.Right[rk].Kind, 1)
	batch.AppendFrom(x, a, l)
	batch.AppendFrom(y, b, r)
	v := prog.Eval(&batch.Batch{N: 1, Cols: []batch.Column{x, y}}, &expr.Context{})
	return v.(*batch.Vec[bool]).Data[0]
}

// emit gives a pair; -1 stands for a side without a row.
func (p *pairing) emit(l, r int) {
	for i, c := range p.j.Output {
		switch {
		case c < len(p.j.Left) && l >= 0:
			batch.AppendFrom(p.out.Cols[i], p.left.cols[c], l)
		case c >= len(p.j.Left) && r >= 0:
			batch.AppendFrom(p.out.Cols[i], p.right.cols[c-len(p.j.Left)], r)
		default:
			batch.AppendNull(p.out.Cols[i])
		}
	}
	p.out.N++
}

func referenceSetOp(s *op.SetOp, inputs [][]*batch.Batch) []*batch.Batch {
	left, right := newRows(s.Types, inputs[0]), newRows(s.Types, inputs[1])
	other := map[string]int{}
	for _, r := range right.at {
		other[rowText(right.cols, s.Types, r)]++
	}
	out := &batch.Batch{Time: batch.MaxTime}
	for _, t := range s.Types {
		out.Cols = append(out.Cols, batch.New(t.Kind, 0))
	}
	given := map[string]bool{}
	for _, l := range left.at {
		text := rowText(left.cols, s.Types, l)
		there := other[text] > 0
		if there && s.All {
			other[text]--
		}
		if there == s.Except || !s.All && given[text] {
			continue
		}
		given[text] = true
		for c := range s.Types {
			batch.AppendFrom(out.Cols[c], left.cols[c], l)
		}
		out.N++
	}
	if out.N == 0 {
		return nil
	}
	return []*batch.Batch{out}
}
