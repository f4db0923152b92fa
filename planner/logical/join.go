package logical

import (
	"fmt"
	"slices"
	"strings"

	"github.com/dirigo-stream/dirigo/exec/batch"
	"github.com/dirigo-stream/dirigo/exec/expr"
	"github.com/dirigo-stream/dirigo/exec/join"
)

// Join pairs the rows of two relations. Its columns are those of Left and then
// those of Right; of semi and anti joins, those of Left.
//
// A pair matches when LeftKey equals RightKey, column by column, and On holds
// for it. The binder writes the whole condition into On; rules take the
// equalities out of it.
type Join struct {
	Kind              join.Kind
	Left, Right       Node
	LeftKey, RightKey []int
	NullEqual         []bool     // nil: a NULL key matches nothing
	On                *expr.Node // over Left ++ Right; nil: none
	// Bound cleans state by watermark: see join.Bound. What it says holds by
	// keys and On; it lies as far out as the sides' watermarks lag.
	Bound *join.Bound
	TTL   int64 // microseconds; 0: rows stay
	// AsOf makes it a temporal join: each row of Left is paired with the row of
	// its key that Right, a relation with that key, has when the row comes. Kind
	// is Inner or Left.
	AsOf bool
	Pos  int // of the join in the user's text, in bytes
}

// Outer says which sides' rows are kept without a match, padded with NULLs.
func (j *Join) Outer() (left, right bool) {
	return j.Kind == join.Left || j.Kind == join.Full, j.Kind == join.Right || j.Kind == join.Full
}

// LeftOnly says that the join gives columns of its left side alone.
func (j *Join) LeftOnly() bool {
	return j.Kind == join.Semi || j.Kind == join.Anti || j.Kind == join.NullAnti
}

// Both is the schema that On sees.
func (j *Join) Both() batch.Schema { return append(slices.Clone(j.Left.Schema()), j.Right.Schema()...) }

// Schema implements Node.
func (j *Join) Schema() batch.Schema {
	if j.LeftOnly() {
		return j.Left.Schema()
	}
	return j.Both()
}

// Inputs implements Node.
func (j *Join) Inputs() []Node { return []Node{j.Left, j.Right} }

// With implements Node.
func (j *Join) With(in ...Node) Node {
	c := *j
	c.Left, c.Right = in[0], in[1]
	return &c
}

// Props implements Node. Without retractions below, an inner or semi join only
// grows; an outer or anti join takes back what it padded or let pass, unless it
// waits for the watermark.
func (j *Join) Props() Props {
	left, right := j.Left.Props(), j.Right.Props()
	if j.AsOf { // what was given stays, and keeps the row's times
		return left
	}
	p := Props{Updating: left.Updating || right.Updating || j.retracts()}
	if j.LeftOnly() {
		p.Key, p.Twins, p.Spans = left.Key, left.Twins, left.Spans
		p.Times = j.times(left, Props{})
		return p
	}
	width := len(j.Left.Schema())
	right = right.moved(func(c int) int { return c + width })
	p.Key = j.key(left, right, width)
	p.Times = j.times(left, right)
	outerLeft, outerRight := j.Outer()
	if !outerRight {
		p.Twins, p.Spans = append(p.Twins, left.Twins...), append(p.Spans, left.Spans...)
	}
	if !outerLeft {
		p.Twins, p.Spans = append(p.Twins, right.Twins...), append(p.Spans, right.Spans...)
	}
	if j.Kind == join.Inner {
		for i, l := range j.LeftKey {
			p.Twins = union(p.Twins, l, j.RightKey[i]+width)
		}
	}
	return p
}

// retracts says that the join itself takes rows back.
func (j *Join) retracts() bool {
	switch j.Kind {
	case join.Inner, join.Semi:
		return false
	}
	return j.Bound == nil || !j.Bound.OnClose
}

// Unique says of each side that at most one of its rows has a given key of the join.
func (j *Join) Unique() (left, right bool) {
	return j.Left.Props().keyedBy(j.LeftKey), j.Right.Props().keyedBy(j.RightKey)
}

// keyedBy says that no two rows agree in the columns.
func (p Props) keyedBy(columns []int) bool {
	if p.Key == nil {
		return false
	}
	for _, k := range p.Key {
		if !slices.Contains(columns, k) && !slices.ContainsFunc(p.twins(k), func(t int) bool { return slices.Contains(columns, t) }) {
			return false
		}
	}
	return true
}

// key identifies a pair by both rows, or by the one that has at most one
// partner. An unmatched row of the other side, which has none, needs its own.
func (j *Join) key(left, right Props, width int) []int {
	outerLeft, outerRight := j.Outer()
	uniqueLeft, uniqueRight := j.Unique()
	switch {
	case left.Key == nil && right.Key == nil:
		return nil
	case uniqueRight && !outerRight:
		return left.Key
	case uniqueLeft && !outerLeft:
		return right.Key
	case left.Key == nil || right.Key == nil:
		return nil
	}
	return append(slices.Clone(left.Key), right.Key...)
}

// times are the columns that keep a watermark: those of a join that is bounded
// in time. A new row may find a partner as old as the bound allows.
func (j *Join) times(left, right Props) []Time {
	b := j.Bound
	if b == nil {
		return nil
	}
	width := len(j.Left.Schema())
	out := []Time{}
	outerLeft, outerRight := j.Outer()
	if lag, ok := left.Time(b.LeftTime); ok && !outerRight {
		out = append(out, Time{b.LeftTime, max(lag, b.High)})
	}
	if lag, ok := right.Time(b.RightTime + width); ok && !outerLeft {
		out = append(out, Time{b.RightTime + width, max(lag, -b.Low)})
	}
	return out
}

// union puts two columns into one class.
func union(classes [][]int, a, b int) [][]int {
	merged := []int{a, b}
	var out [][]int
	for _, class := range classes {
		if !slices.Contains(class, a) && !slices.Contains(class, b) {
			out = append(out, class)
			continue
		}
		for _, c := range class {
			if !slices.Contains(merged, c) {
				merged = append(merged, c)
			}
		}
	}
	return append(out, merged)
}

// Line implements Node.
func (j *Join) Line() string {
	left, right := j.Left.Schema(), j.Right.Schema()
	line := map[join.Kind]string{
		join.Inner: "Join", join.Left: "Left join", join.Right: "Right join", join.Full: "Full join",
		join.Semi: "Semi join", join.Anti: "Anti join", join.NullAnti: "Anti join, NULL matches all",
	}[j.Kind]
	if j.AsOf {
		line = map[join.Kind]string{join.Inner: "Temporal join", join.Left: "Left temporal join"}[j.Kind]
	}
	var conds []string
	for i, l := range j.LeftKey {
		op := " = "
		if j.NullEqual != nil && j.NullEqual[i] {
			op = " IS NOT DISTINCT FROM "
		}
		conds = append(conds, left[l].Name+op+right[j.RightKey[i]].Name)
	}
	if j.On != nil {
		conds = append(conds, j.On.String())
	}
	if len(conds) == 0 {
		line = strings.Replace(line, "Join", "Cross join", 1)
	} else {
		line += " on " + strings.Join(conds, ", ")
	}
	return line + j.kept(left, right)
}

func (j *Join) kept(left, right batch.Schema) string {
	line := ""
	if b := j.Bound; b != nil {
		line = fmt.Sprintf(", %s within %s to %s of %s", right[b.RightTime].Name, Micros(b.Low), Micros(b.High), left[b.LeftTime].Name)
		if b.OnClose {
			line += ", unmatched rows on close"
		}
	}
	if j.TTL > 0 {
		line += ", kept " + Micros(j.TTL)
	}
	return line
}
