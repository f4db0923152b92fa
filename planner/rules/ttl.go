package rules

import "github.com/dirigo-stream/dirigo/planner/logical"

// TTL bounds, in microseconds, how long joins and aggregates keep what nothing
// touches. Those whose state ends with the watermark keep to that, and so do
// aggregates that could not tell when one of their values was last seen.
func TTL(n logical.Node, ttl int64) logical.Node {
	if ttl == 0 {
		return n
	}
	return logical.Transform(n, func(n logical.Node) logical.Node {
		switch n := n.(type) {
		case *logical.Join:
			if n.Bound == nil && !n.AsOf {
				out := *n
				out.TTL = ttl
				return &out
			}
		case *logical.Group:
			if n.Window == nil && len(n.Keys) > 0 && !sets(n) {
				out := *n
				out.TTL = ttl
				return &out
			}
		}
		return n
	})
}

// sets says that a group keeps sets of values.
func sets(g *logical.Group) bool {
	for _, c := range g.Calls {
		if c.Distinct && c.Func != "min" && c.Func != "max" {
			return true
		}
	}
	return false
}
