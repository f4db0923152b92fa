package state

import (
	"cmp"
	"slices"

	"github.com/dirigo-stream/dirigo/exec/batch"
)

// Backlog is rows that wait, while more state is paged out than is here, until
// their tick ends: then those of one page are done together, page after page, so
// that a page is brought in once a tick and not once a row. It keeps the batches
// that it was given.
type Backlog struct {
	batches []*batch.Batch
	rows    []waiting
	at      int // rows given out
	sorted  bool
	bytes   int64
}

// waiting is one row of a batch.
type waiting struct {
	hash       uint64
	pane       int64
	batch, row int32
}

// Add takes rows of b, whose hashes are given, for a pane.
func (l *Backlog) Add(b *batch.Batch, rows []int32, hash []uint64, pane int64) {
	n := int32(len(l.batches))
	if n == 0 || l.batches[n-1] != b {
		l.batches = append(l.batches, b)
		l.bytes += b.Bytes()
	} else {
		n--
	}
	for i, row := range rows {
		l.rows = append(l.rows, waiting{hash[i], pane, n, row})
	}
	l.sorted = false
}

// Len returns the number of rows that wait.
func (l *Backlog) Len() int { return len(l.rows) - l.at }

// Bytes returns the memory that the batches retain.
func (l *Backlog) Bytes() int64 { return l.bytes }

// Next returns the next rows of one pane in the order of their hashes, thus page
// by page: most of them, or more (up to Chunk) where they have one hash. Whole
// says that no row with the last one's hash is left.
func (l *Backlog) Next(most int) (b *batch.Batch, pane int64, whole bool) {
	if !l.sorted {
		l.rows, l.at, l.sorted = l.rows[l.at:], 0, true
		slices.SortFunc(l.rows, func(a, b waiting) int {
			if d := cmp.Compare(a.pane, b.pane); d != 0 {
				return d
			}
			return cmp.Compare(a.hash, b.hash)
		})
	}
	rest := l.rows[l.at:]
	n := min(most, len(rest))
	same := func(i int) bool { return rest[i].pane == rest[i-1].pane && rest[i].hash == rest[i-1].hash }
	for i := 1; i < n; i++ {
		if rest[i].pane != rest[0].pane {
			n = i
		}
	}
	for n < len(rest) && n < Chunk && same(n) {
		n++
	}
	whole = n == len(rest) || !same(n)
	b = l.gather(rest[:n])
	if l.at += n; l.Len() == 0 {
		*l = Backlog{}
	}
	return b, rest[0].pane, whole
}

// gather makes a batch of rows.
func (l *Backlog) gather(rows []waiting) *batch.Batch {
	first := l.batches[rows[0].batch]
	out := &batch.Batch{N: len(rows), Cols: make([]batch.Column, len(first.Cols)), Time: batch.MaxTime}
	for c := range out.Cols {
		switch v := first.Cols[c].(type) {
		case *batch.Vec[int64]:
			out.Cols[c] = gatherFrom[int64](l, rows, c)
		case *batch.Vec[bool]:
			out.Cols[c] = gatherFrom[bool](l, rows, c)
		case *batch.Vec[float64]:
			out.Cols[c] = gatherFrom[float64](l, rows, c)
		case *batch.Vec[batch.Decimal]:
			out.Cols[c] = gatherFrom[batch.Decimal](l, rows, c)
		case *batch.Vec[batch.Span]:
			out.Cols[c] = gatherFrom[batch.Span](l, rows, c)
		case *batch.TextVec:
			out.Cols[c] = l.texts(rows, c, v.Tailed)
		}
	}
	out.Diff = make([]int64, len(rows))
	for i, r := range rows {
		out.Diff[i] = l.batches[r.batch].DiffAt(int(r.row))
	}
	return out
}

func gatherFrom[T batch.Fixed](l *Backlog, rows []waiting, c int) batch.Column {
	out := &batch.Vec[T]{Data: make([]T, 0, len(rows))}
	for _, r := range rows {
		src := l.batches[r.batch].Cols[c].(*batch.Vec[T])
		if src.Null != nil && src.Null[r.row] {
			out.AppendNull()
		} else {
			out.Append(src.Data[r.row])
		}
	}
	return out
}

func (l *Backlog) texts(rows []waiting, c int, tailed bool) batch.Column {
	out := &batch.TextVec{Tailed: tailed}
	for _, r := range rows {
		src := l.batches[r.batch].Cols[c].(*batch.TextVec)
		if src.Null != nil && src.Null[r.row] {
			out.AppendNull()
		} else {
			out.Append(src.At(int(r.row)))
		}
	}
	return out
}
