package rules

import "github.com/dirigo-stream/dirigo/planner/logical"

// Late puts the rejection of late rows at the entrance of every source whose
// time closes or cleans state further on. A source that only filters or plain
// aggregates read keeps its late rows: they change nothing there; unless all
// must be punctual.
func Late(n logical.Node, lateness int64, all bool) logical.Node {
	return late(n, lateness, all)
}

// Punctual says that no late row of a source comes through: each that has a
// watermark is read past the rejection of such rows.
func Punctual(n logical.Node) bool {
	switch n := n.(type) {
	case *logical.Late:
		return true
	case *logical.Scan:
		return n.Relation.Kind != logical.Source || len(n.Props().Times) == 0
	}
	for _, in := range n.Inputs() {
		if !Punctual(in) {
			return false
		}
	}
	return true
}

// late rewrites n; closing says that an operator above closes state by event
// time, which is then the watermark of every source below it.
func late(n logical.Node, lateness int64, closing bool) logical.Node {
	switch n := n.(type) {
	case *logical.Group:
		closing = closing || n.Window != nil
	case *logical.Join:
		closing = closing || n.Bound != nil
	case *logical.Late:
		return n
	case *logical.Scan:
		if times := n.Props().Times; closing && n.Relation.Kind == logical.Source && len(times) > 0 {
			return &logical.Late{Input: n, Time: times[0].Col, Allowed: lateness}
		}
	}
	return logical.WithInputs(n, func(in logical.Node) logical.Node { return late(in, lateness, closing) })
}
