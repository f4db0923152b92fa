// Package logical is relational algebra over changing relations: immutable
// trees that the binder builds, the rules rewrite and the physical planner
// compiles. A node knows its schema and what holds of its changes (Props). It
// knows nothing of SQL text, catalogs, actors or workers.
package logical

import (
	"slices"
	"strings"

	"github.com/dirigo-stream/dirigo/exec/batch"
)

// Node is one operator of a plan. Nodes never change: With makes a new one.
type Node interface {
	Schema() batch.Schema
	Inputs() []Node
	// With returns a copy of the node over other inputs, as many as it has,
	// whose schemas fit its column indices.
	With(inputs ...Node) Node
	Props() Props
	// Line returns the node's line of EXPLAIN, without its inputs.
	Line() string
}

// Props is what holds of a relation's changes.
type Props struct {
	// Updating says that rows may go again; else the relation only grows.
	Updating bool
	// Key identifies rows by columns: no two rows have the same values there.
	// nil: unknown (a multiset); empty: there is at most one row.
	Key []int
	// Twins are window_start and window_end where both are there: each stands
	// for the other in a key. nil: none.
	Twins []int
	// Times are the columns with a watermark: once it stands at W no row with a
	// time below W comes, but for late ones.
	Times []int
}

// Kind says where the rows of a relation are.
type Kind string

// The kinds of relations.
const (
	Source Kind = "stream" // an external stream
	View   Kind = "view"   // the kept output of a query
	System Kind = "system" // rows handed in with a SELECT
)

// Relation is what a Scan reads.
type Relation struct {
	ID        uint64
	Name      string
	Kind      Kind
	Columns   batch.Schema
	Key       []int // as Props.Key
	Updating  bool
	Watermark int // column; -1: none
}

// Scan reads columns of a relation, in that order.
type Scan struct {
	Relation *Relation
	Columns  []int
}

// NewScan reads all columns of a relation.
func NewScan(r *Relation) *Scan {
	s := &Scan{Relation: r, Columns: make([]int, len(r.Columns))}
	for i := range s.Columns {
		s.Columns[i] = i
	}
	return s
}

// Schema implements Node.
func (s *Scan) Schema() batch.Schema {
	out := make(batch.Schema, len(s.Columns))
	for i, c := range s.Columns {
		out[i] = s.Relation.Columns[c]
	}
	return out
}

// Inputs implements Node.
func (s *Scan) Inputs() []Node { return nil }

// With implements Node.
func (s *Scan) With(...Node) Node { return s }

// Props implements Node.
func (s *Scan) Props() Props {
	p := Props{Updating: s.Relation.Updating, Key: s.places(s.Relation.Key)}
	if w := slices.Index(s.Columns, s.Relation.Watermark); w >= 0 {
		p.Times = []int{w}
	}
	return p
}

// places returns where columns of the relation stand in the scan's output, nil
// if one is missing.
func (s *Scan) places(columns []int) []int {
	return through(columns, func(c int) int { return slices.Index(s.Columns, c) })
}

// Line implements Node.
func (s *Scan) Line() string {
	line := "Scan " + string(s.Relation.Kind) + " " + s.Relation.Name
	if len(s.Columns) == 0 {
		return line + ", no columns"
	}
	return line + " (" + Names(s.Relation.Columns, s.Columns) + ")"
}

// through maps a key's columns; nil when the key is, or when a column is lost (-1).
func through(key []int, place func(int) int) []int {
	if key == nil {
		return nil
	}
	out := make([]int, len(key))
	for i, c := range key {
		if out[i] = place(c); out[i] < 0 {
			return nil
		}
	}
	return out
}

// twin returns what stands for column c where c is lost, or -1.
func (p Props) twin(c int) int {
	if len(p.Twins) == 2 {
		switch c {
		case p.Twins[0]:
			return p.Twins[1]
		case p.Twins[1]:
			return p.Twins[0]
		}
	}
	return -1
}

// Names returns the names of some columns of a schema, for EXPLAIN.
func Names(s batch.Schema, columns []int) string {
	names := make([]string, len(columns))
	for i, c := range columns {
		names[i] = s[c].Name
	}
	return strings.Join(names, ", ")
}
