package logical

import (
	"fmt"
	"strings"

	"github.com/dirigo-stream/dirigo/exec/batch"
	"github.com/dirigo-stream/dirigo/exec/op"
)

// Sort orders rows and cuts them; without Keys it only cuts. Bounded queries only.
type Sort struct {
	Input  Node
	Keys   []op.SortKey
	Limit  int64 // -1: all
	Offset int64
}

// Schema implements Node.
func (s *Sort) Schema() batch.Schema { return s.Input.Schema() }

// Inputs implements Node.
func (s *Sort) Inputs() []Node { return []Node{s.Input} }

// With implements Node.
func (s *Sort) With(in ...Node) Node {
	c := *s
	c.Input = in[0]
	return &c
}

// Props implements Node.
func (s *Sort) Props() Props { return s.Input.Props() }

// Line implements Node.
func (s *Sort) Line() string {
	in := s.Schema()
	keys := make([]string, len(s.Keys))
	for i, k := range s.Keys {
		keys[i] = in[k.Col].Name + direction(k.Desc, k.NullsFirst)
	}
	var parts []string
	if len(keys) > 0 {
		parts = append(parts, "Sort by "+strings.Join(keys, ", "))
	}
	if s.Limit >= 0 {
		parts = append(parts, fmt.Sprintf("Limit %d", s.Limit))
	}
	if s.Offset > 0 {
		parts = append(parts, fmt.Sprintf("Offset %d", s.Offset))
	}
	return strings.Join(parts, " ")
}

// direction is what stands behind a column of ORDER BY. NULLs are the largest
// values unless something else is written.
func direction(desc, nullsFirst bool) string {
	out := ""
	if desc {
		out = " DESC"
	}
	if nullsFirst != desc {
		out += map[bool]string{true: " NULLS FIRST", false: " NULLS LAST"}[nullsFirst]
	}
	return out
}

// Materialize is the root of a view: it keeps the relation by Key (all columns
// where nil, with counts).
type Materialize struct {
	Input Node
	Name  string
	Key   []int
}

// Schema implements Node.
func (m *Materialize) Schema() batch.Schema { return m.Input.Schema() }

// Inputs implements Node.
func (m *Materialize) Inputs() []Node { return []Node{m.Input} }

// With implements Node.
func (m *Materialize) With(in ...Node) Node {
	return &Materialize{Input: in[0], Name: m.Name, Key: m.Key}
}

// Props implements Node.
func (m *Materialize) Props() Props {
	p := m.Input.Props()
	p.Key = m.Key
	return p
}

// Line implements Node.
func (m *Materialize) Line() string {
	line := strings.TrimSuffix("Materialize "+m.Name, " ")
	switch {
	case m.Key == nil:
		return line + " by whole row"
	case len(m.Key) == 0:
		return line + ", a single row"
	}
	return line + " by (" + Names(m.Schema(), m.Key) + ")"
}

// Sink is the root of a query that writes to the outside.
type Sink struct {
	Input     Node
	Name      string
	Connector string
	// Key are the columns of an upsert sink; nil: it appends.
	Key []int
}

// Schema implements Node.
func (s *Sink) Schema() batch.Schema { return s.Input.Schema() }

// Inputs implements Node.
func (s *Sink) Inputs() []Node { return []Node{s.Input} }

// With implements Node.
func (s *Sink) With(in ...Node) Node {
	c := *s
	c.Input = in[0]
	return &c
}

// Props implements Node.
func (s *Sink) Props() Props { return s.Input.Props() }

// Line implements Node.
func (s *Sink) Line() string {
	line := "Sink " + s.Name + " to " + s.Connector
	if s.Key != nil {
		line += ", upsert by (" + Names(s.Schema(), s.Key) + ")"
	}
	return line
}

// Collect is the root of a SELECT: rows go to the client.
type Collect struct {
	Input Node
}

// Schema implements Node.
func (c *Collect) Schema() batch.Schema { return c.Input.Schema() }

// Inputs implements Node.
func (c *Collect) Inputs() []Node { return []Node{c.Input} }

// With implements Node.
func (c *Collect) With(in ...Node) Node { return &Collect{Input: in[0]} }

// Props implements Node.
func (c *Collect) Props() Props { return c.Input.Props() }

// Line implements Node.
func (c *Collect) Line() string { return "Result" }
