// Package toy is a small stream engine over package actors: rows of four
// integers with counts, a few operators, graphs of them, and the naive reference
// that says what a view must hold at each tick. Tests run it on the threaded
// runtime and in the simulator.
package toy

import (
	"math"

	"github.com/dirigo-stream/dirigo/actors"
	"github.com/dirigo-stream/dirigo/actors/internal/fault"
)

// Fields are key, value, event time and a spare.
type Fields [4]int

// Row is a change: fields and a signed count.
type Row struct {
	F Fields
	D int
}

// Batch is some rows; it is frozen when emitted.
type Batch struct {
	Rows []Row

	after  uint64 // the last tick that its sender had passed on
	merged bool
	away   bool // a lessee has run it
}

// Rel is a relation: rows with their counts, none of them zero.
type Rel map[Fields]int

// Add adds d to the count of f.
func (r Rel) Add(f Fields, d int) {
	if r[f] += d; r[f] == 0 {
		delete(r, f)
	}
}

// Equal compares relations.
func (r Rel) Equal(s Rel) bool {
	if len(r) != len(s) {
		return false
	}
	for f, d := range r {
		if s[f] != d {
			return false
		}
	}
	return true
}

// Clone returns a copy.
func (r Rel) Clone() Rel {
	s := make(Rel, len(r))
	for f, d := range r {
		s[f] = d
	}
	return s
}

// Meta describes a batch.
func (b *Batch) Meta() actors.Meta {
	m := actors.Meta{Rows: len(b.Rows), Bytes: int64(len(b.Rows)), Time: actors.NoTime}
	for _, r := range b.Rows {
		m.Time = min(m.Time, int64(r.F[2]))
	}
	return m
}

// WindowSize is that of Window and of no watermark's unit in particular.
const WindowSize = 4

func windowOf(t int) int        { return t / WindowSize }
func windowEnd(w int) int       { return (w + 1) * WindowSize }
func pass(f Fields) bool        { return f[1]%4 != 0 }
func swap(f Fields) Fields      { f[0], f[1] = f[1], f[0]; return f }
func joined(x, y Fields) Fields { return Fields{x[0], x[1], y[0], y[1]} }

type sum struct{ total, rows int }

// sums are the groups of an aggregate: by key and window.
type sums map[[2]int]sum

func (s sums) add(kind Kind, r Row, col [2]int) [2]int {
	k := [2]int{r.F[col[0]], 0}
	if kind == Window {
		k[1] = windowOf(r.F[2])
	}
	x := s[k]
	x.total += r.D * r.F[col[1]]
	x.rows += r.D
	s[k] = x
	return k
}

func (s sum) fields(k [2]int) Fields { return Fields{k[0], s.total, s.rows, k[1]} }

// Kind says what a vertex computes.
type Kind uint8

// The kinds.
const (
	Source Kind = iota
	Filter
	Map
	Union
	Join   // of two inputs, Col[i] being the key of input i
	Agg    // sum and count by Col[0] of Col[1], updating
	Window // the same per window of event time, once, when the watermark closes it
	Set    // least value, number and sum of the two greatest of the values Col[1] by Col[0], updating
	Top    // the same of the two greatest values, of append-only input
	View   // holds the relation, a tick at a time
)

// Forward routes instance to instance.
const Forward = -1

// Vertex is an operator in N instances.
type Vertex struct {
	Kind  Kind
	Ins   []int
	Route []int // per input: the column that chooses the instance, or Forward
	Col   [2]int
	N     int
	Part  int // of a Source: which script
}

// Entry of a script: a batch, or a Punct.
type Entry struct {
	Rows  []Row
	Punct actors.Punct
}

// Graph is vertices, inputs before consumers, and what each source plays.
type Graph struct {
	Name     string
	Vertices []Vertex
	Scripts  [][]Entry
	Born     int64 // of what sources make
	Faults   fault.Set
	Paced    bool              // a source plays one entry when it is woken, not all
	Spend    func(lessee bool) // time passes in a call; may be nil
}

const none = math.MaxInt
