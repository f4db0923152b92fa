// Package exectest attacks operators, all in the same way: the rows of a
// history come in batches of any size, with selections over rows that do not
// count, in ticks cut anywhere, with fuel of 1, through lessees, under a memory
// limit of a few kilobytes, and with the state sealed and opened again between
// any two batches. What comes out, consolidated, must always be what a naive
// reference says. It knows no particular operator.
package exectest

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/dirigo-stream/dirigo/exec"
	"github.com/dirigo-stream/dirigo/exec/batch"
	"github.com/dirigo-stream/dirigo/exec/state"
)

// Row is one row as plain values (nil, bool, int64, float64, string,
// batch.Decimal, batch.Span), with a signed count and a lateness mark.
type Row struct {
	Input  int
	Values []any
	Diff   int64
	Late   int64
}

// String returns the values as text.
func (r Row) String() string { return Text(r.Values) }

// Text returns values as the text by which rows are compared: rows that differ
// in a numeric's scale differ.
func Text(values []any) string {
	var b strings.Builder
	for i, v := range values {
		if i > 0 {
			b.WriteByte('|')
		}
		switch v := v.(type) {
		case nil:
			b.WriteString("NULL")
		case string:
			fmt.Fprintf(&b, "%q", v)
		case batch.Decimal:
			b.WriteString(v.String())
		case batch.Span:
			fmt.Fprintf(&b, "%dm%dd%dus", v.Months, v.Days, v.Micros)
		default:
			fmt.Fprint(&b, v)
		}
	}
	return b.String()
}

// Step is a row, or a watermark that all rows so far stand behind or not.
type Step struct {
	Row       *Row
	Watermark int64   // where Row is nil: a frontier that completes a tick
	In        []int64 // the watermark of each input; nil: Watermark
}

// History is rows and frontiers in order; it ends with a frontier.
type History []Step

// Bag is a multiset of rows by text, with signed counts, none of them zero.
type Bag map[string]int64

// Add adds n of a row.
func (b Bag) Add(row string, n int64) {
	if b[row] += n; b[row] == 0 {
		delete(b, row)
	}
}

// Diff tells how b differs from want; empty: not at all.
func (b Bag) Diff(want Bag) string {
	var out []string
	keys := map[string]bool{}
	for k := range b {
		keys[k] = true
	}
	for k := range want {
		keys[k] = true
	}
	for _, k := range slices.Sorted(maps.Keys(keys)) {
		if b[k] != want[k] {
			out = append(out, fmt.Sprintf("%s: %d, want %d", k, b[k], want[k]))
		}
		if len(out) == 8 {
			out = append(out, "…")
			break
		}
	}
	return strings.Join(out, "\n")
}

// Case is an operator with a reference.
type Case struct {
	Name string
	// Types are the columns of each input.
	Types [][]batch.Type
	// Time is the event-time column by which batches carry their least time;
	// -1: none.
	Time int
	Make func(home state.Home, reject exec.Rejecter) (exec.Operator, error)
	// Gen makes a history.
	Gen func(r *Rand) History
	// Want says what has come out, consolidated, when the history is over; it
	// is asked after every frontier with the history so far. Rejects is what
	// was rejected, as rows.
	Want func(h History) (out, rejects Bag)
	// AnyTick says that the output does not depend on where ticks end, so that
	// more may be put in.
	AnyTick bool
	// Clock tells the Born of a tick from its watermark; nil: batches are counted.
	Clock func(watermark int64) int64
	// Origin gives batches an origin, so that rows can be rejected.
	Origin bool
	// Final compares at the end only.
	Final bool
}

// column makes a column of values.
func column(t batch.Type, rows []Row, at int) batch.Column {
	col := batch.New(t.Kind, len(rows))
	for _, r := range rows {
		appendValue(col, r.Values[at])
	}
	return col
}

func appendValue(col batch.Column, v any) {
	switch v := v.(type) {
	case nil:
		batch.AppendNull(col)
	case int64:
		col.(*batch.Vec[int64]).Append(v)
	case float64:
		col.(*batch.Vec[float64]).Append(v)
	case bool:
		col.(*batch.Vec[bool]).Append(v)
	case string:
		col.(*batch.TextVec).AppendString(v)
	case batch.Decimal:
		col.(*batch.Vec[batch.Decimal]).Append(v)
	case batch.Span:
		col.(*batch.Vec[batch.Span]).Append(v)
	default:
		panic(fmt.Sprintf("exectest: value of type %T", v))
	}
}

// valueAt returns a value of a column.
func valueAt(col batch.Column, i int) any {
	if batch.IsNull(col, i) {
		return nil
	}
	switch c := col.(type) {
	case *batch.Vec[int64]:
		return c.Data[i]
	case *batch.Vec[float64]:
		return c.Data[i]
	case *batch.Vec[bool]:
		return c.Data[i]
	case *batch.TextVec:
		return string(c.At(i))
	case *batch.Vec[batch.Decimal]:
		return c.Data[i]
	case *batch.Vec[batch.Span]:
		return c.Data[i]
	}
	return nil
}

// Values returns row i of a batch.
func Values(b *batch.Batch, i int) []any {
	out := make([]any, len(b.Cols))
	for c, col := range b.Cols {
		if col != nil {
			out[c] = valueAt(col, i)
		}
	}
	return out
}

// Collect adds the rows of a batch to a bag.
func (b Bag) Collect(from *batch.Batch) {
	for k := range from.Rows() {
		i := k
		if from.Sel != nil {
			i = int(from.Sel[k])
		}
		b.Add(Text(Values(from, i)), from.DiffAt(i))
	}
}
