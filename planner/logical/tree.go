package logical

import "strings"

// Transform rewrites a tree from the leaves up: f sees each node after its
// inputs were rewritten, and returns what stands in its place.
func Transform(n Node, f func(Node) Node) Node {
	return f(WithInputs(n, func(in Node) Node { return Transform(in, f) }))
}

// WithInputs returns n with f applied to its inputs; n itself when nothing changed.
func WithInputs(n Node, f func(Node) Node) Node {
	old := n.Inputs()
	if len(old) == 0 {
		return n
	}
	changed := false
	inputs := make([]Node, len(old))
	for i, in := range old {
		inputs[i] = f(in)
		changed = changed || inputs[i] != in
	}
	if !changed {
		return n
	}
	return n.With(inputs...)
}

// Walk calls f for every node, a consumer before its inputs.
func Walk(n Node, f func(Node)) {
	f(n)
	for _, in := range n.Inputs() {
		Walk(in, f)
	}
}

// Print returns the tree as text, one node a line, inputs indented.
func Print(n Node) string {
	var b strings.Builder
	print(&b, n, 0)
	return b.String()
}

func print(b *strings.Builder, n Node, depth int) {
	b.WriteString(strings.Repeat("  ", depth) + n.Line() + "\n")
	for _, in := range n.Inputs() {
		print(b, in, depth+1)
	}
}
