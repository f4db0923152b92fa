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
	// Twins are classes of columns of which each stands for the others in a key:
	// window_start and window_end, or what an inner join holds equal.
	Twins [][]int
	// Spans are the windows whose bounds are columns.
	Spans []Bounds
	// Times are the columns with a watermark.
	Times []Time
}

// Time is a column with a watermark: once it stands at W no row with a time
// below W − Lag comes, but for late ones. Lag is in microseconds.
type Time struct {
	Col int
	Lag int64
}

// Bounds are the columns of a window's start and end; -1 where one is lost.
type Bounds struct {
	Start, End          int
	Size, Slide, Offset int64
}

// Time returns how far column c may lie behind the watermark; ok: it has one.
func (p Props) Time(c int) (lag int64, ok bool) {
	for _, t := range p.Times {
		if t.Col == c {
			return t.Lag, true
		}
	}
	return 0, false
}

func (p Props) has(time int) bool {
	_, ok := p.Time(time)
	return ok
}

// bound is where, modulo the slide, the bounds in column c lie.
func (b Bounds) bound(c int) int64 {
	if b.Start == c {
		return b.Offset
	}
	return b.Offset + b.Size
}

// moved returns the properties over columns that have moved; place is -1 for a
// column that is lost, unless a twin of it is there.
func (p Props) moved(place func(c int) int) Props {
	out := Props{Updating: p.Updating}
	out.Key = through(p.Key, func(c int) int {
		if at := place(c); at >= 0 {
			return at
		}
		for _, t := range p.twins(c) {
			if at := place(t); at >= 0 {
				return at
			}
		}
		return -1
	})
	for _, class := range p.Twins {
		var left []int
		for _, c := range class {
			if at := place(c); at >= 0 {
				left = append(left, at)
			}
		}
		if len(left) > 1 {
			out.Twins = append(out.Twins, left)
		}
	}
	for _, s := range p.Spans {
		s.Start, s.End = placed(s.Start, place), placed(s.End, place)
		if s.Start >= 0 || s.End >= 0 {
			out.Spans = append(out.Spans, s)
		}
	}
	for _, t := range p.Times {
		if at := place(t.Col); at >= 0 {
			out.Times = append(out.Times, Time{at, t.Lag})
		}
	}
	return out
}

func placed(c int, place func(c int) int) int {
	if c < 0 {
		return -1
	}
	return place(c)
}

// Kind says where the rows of a relation are.
type Kind string

// The kinds of relations.
const (
	Source Kind = "stream" // an external stream
	View   Kind = "view"   // the kept output of a query
	Table  Kind = "table"  // rows that statements change
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
	Watermark int // column of a stream; -1: none
	// Times and Spans are a view's, as in Props.
	Times []Time
	Spans []Bounds
	// Upsert are the key columns of a stream whose records carry the newest row
	// of their key; nil: they are rows, or changes.
	Upsert []int
	// Rows guesses how many there are; nil: nobody knows.
	Rows func() int64
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
	p := Props{Updating: s.Relation.Updating, Key: s.Relation.Key, Times: s.Relation.Times, Spans: s.Relation.Spans}
	for _, b := range p.Spans {
		if b.Start >= 0 && b.End >= 0 {
			p.Twins = append(p.Twins, []int{b.Start, b.End})
		}
	}
	p = p.moved(func(c int) int { return slices.Index(s.Columns, c) })
	if w := slices.Index(s.Columns, s.Relation.Watermark); w >= 0 {
		p.Times = []Time{{Col: w}}
	}
	return p
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

// twins returns the columns that stand for c in a key.
func (p Props) twins(c int) []int {
	for _, class := range p.Twins {
		if slices.Contains(class, c) {
			return class
		}
	}
	return nil
}

// Names returns the names of some columns of a schema, for EXPLAIN.
func Names(s batch.Schema, columns []int) string {
	names := make([]string, len(columns))
	for i, c := range columns {
		names[i] = s[c].Name
	}
	return strings.Join(names, ", ")
}
