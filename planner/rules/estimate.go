package rules

import (
	"github.com/dirigo-stream/dirigo/exec/expr"
	"github.com/dirigo-stream/dirigo/planner/logical"
)

// unknownRows is what a relation is taken to have where nobody says.
const unknownRows = 1000

// Shares of rows that pass a predicate of a kind, as planners have guessed them
// since System R. They order joins; nothing depends on their being right.
const (
	equalShare  = 0.05
	rangeShare  = 0.33
	otherShare  = 0.5
	groupsShare = 0.1
)

// rowsOf guesses how many rows a plan gives.
func rowsOf(n logical.Node) float64 {
	switch n := n.(type) {
	case *logical.Scan:
		if n.Relation.Rows == nil {
			return unknownRows
		}
		return max(1, float64(n.Relation.Rows()))
	case *logical.Filter:
		return max(1, rowsOf(n.Input)*share(n.Pred))
	case *logical.Values:
		return float64(len(n.Rows))
	case *logical.Group:
		if len(n.Keys) == 0 && n.Window == nil {
			return 1
		}
		return max(1, rowsOf(n.Input)*groupsShare)
	case *logical.Sort:
		if n.Limit >= 0 {
			return min(float64(n.Limit), rowsOf(n.Input))
		}
	case *logical.Union:
		sum := 0.0
		for _, in := range n.Inputs() {
			sum += rowsOf(in)
		}
		return sum
	}
	most := 1.0
	for _, in := range n.Inputs() {
		most = max(most, rowsOf(in))
	}
	return most
}

// allOf guesses how many rows a plan would give without its filters: of how many
// keys those that it gives are a part.
func allOf(n logical.Node) float64 {
	if f, ok := n.(*logical.Filter); ok {
		return allOf(f.Input)
	}
	if p, ok := n.(*logical.Project); ok {
		return allOf(p.Input)
	}
	return rowsOf(n)
}

// share guesses what part of the rows passes a predicate.
func share(pred *expr.Node) float64 {
	all := 1.0
	for _, p := range logical.Conjuncts(pred) {
		switch {
		case p.Op != expr.OpCall:
			all *= otherShare
		case p.Name == "=" || p.Name == "in" || p.Name == "is null":
			all *= equalShare
		case mirrored[p.Name] != "":
			all *= rangeShare
		default:
			all *= otherShare
		}
	}
	return all
}
