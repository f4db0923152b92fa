package rules

import (
	"math"

	"github.com/dirigo-stream/dirigo/exec/expr"
	"github.com/dirigo-stream/dirigo/exec/join"
	"github.com/dirigo-stream/dirigo/planner/logical"
)

// bounded gives a join the bound in time that its condition implies: between
// two columns with a watermark, or by equal windows. Its state is then cleaned
// as the watermarks pass; of several bounds the tightest is taken. With onClose an outer join of rows that only come
// pads unmatched ones when they go, so that its output only grows too. lateness,
// in microseconds, is how far behind the watermark rows are still taken.
func bounded(j *logical.Join, onClose bool, lateness int64) logical.Node {
	if j.Bound != nil || j.AsOf {
		return j
	}
	left, right := j.Left.Props(), j.Right.Props()
	var least *join.Bound
	for _, l := range left.Times {
		for _, r := range right.Times {
			d := distance(j, l.Col, r.Col)
			if d.low == math.MinInt64 || d.high == math.MaxInt64 || d.low > d.high {
				continue
			}
			b := &join.Bound{
				LeftTime: l.Col, RightTime: r.Col, // never tighter than the condition
				Low: d.low - max(0, l.Lag) - lateness, High: d.high + max(0, r.Lag) + lateness,
				OnClose: onClose && !left.Updating && !right.Updating && padsOrWaits(j.Kind),
			}
			if least == nil || b.High-b.Low < least.High-least.Low {
				least = b
			}
		}
	}
	if least == nil {
		return j
	}
	out := *j
	out.Bound = least
	return &out
}

// padsOrWaits says that a row without a match makes a difference.
func padsOrWaits(k join.Kind) bool { return k != join.Inner && k != join.Semi }

// gap is what is known of right time − left time, in microseconds.
type gap struct{ low, high int64 }

func (g *gap) narrow(o gap) { g.low, g.high = max(g.low, o.low), min(g.high, o.high) }

// distance collects what a join's keys and condition say of two time columns.
func distance(j *logical.Join, left, right int) gap {
	g := gap{math.MinInt64, math.MaxInt64}
	for i, l := range j.LeftKey {
		if l == left && j.RightKey[i] == right || sameWindow(j, l, j.RightKey[i], left, right) {
			g.narrow(gap{0, 0})
		}
	}
	width := len(j.Left.Schema())
	for _, p := range conjuncts(j.On) {
		g.narrow(between(p, left, width+right))
	}
	return g
}

// sameWindow says that equal bounds l and r of windows make left and right equal:
// all four are bounds of windows of one size.
func sameWindow(j *logical.Join, l, r, left, right int) bool {
	for _, a := range j.Left.Props().Spans {
		for _, b := range j.Right.Props().Spans {
			if a.Size == b.Size && (a.Start == l && b.Start == r || a.End == l && b.End == r) &&
				(a.Start == left && b.Start == right || a.End == left && b.End == right) {
				return true
			}
		}
	}
	return false
}

// between reads a comparison of the two times, each plus a constant.
func between(p *expr.Node, left, right int) gap {
	none := gap{math.MinInt64, math.MaxInt64}
	if p.Op != expr.OpCall || len(p.Args) != 2 {
		return none
	}
	a, moreA, okA := logical.Shifted(p.Args[0])
	b, moreB, okB := logical.Shifted(p.Args[1])
	name := p.Name
	if okA && okB && a == right && b == left {
		a, b, moreA, moreB = b, a, moreB, moreA
		name = mirrored[name]
	}
	if !okA || !okB || a != left || b != right {
		return none
	}
	d := moreA - moreB // left + moreA ≤ right + moreB: right − left ≥ d
	switch name {
	case "<=":
		return gap{d, math.MaxInt64}
	case "<":
		return gap{d + 1, math.MaxInt64}
	case ">=":
		return gap{math.MinInt64, d}
	case ">":
		return gap{math.MinInt64, d - 1}
	case "=":
		return gap{d, d}
	}
	return none
}

var mirrored = map[string]string{"<": ">", "<=": ">=", ">": "<", ">=": "<=", "=": "="}
