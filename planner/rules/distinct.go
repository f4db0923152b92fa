package rules

import "github.com/dirigo-stream/dirigo/planner/logical"

// Distinct turns GROUP BY without aggregates into DISTINCT: over rows that only
// come its result only grows, while a group's may change.
func Distinct(n logical.Node) logical.Node {
	return logical.Transform(n, func(n logical.Node) logical.Node {
		g, ok := n.(*logical.Group)
		if !ok || g.Window != nil || len(g.Calls) > 0 || len(g.Keys) == 0 {
			return n
		}
		return &logical.Distinct{Input: logical.Keep(g.Input, g.Keys)}
	})
}
