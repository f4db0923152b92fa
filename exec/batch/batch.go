// Package batch holds rows in columns: schema, column, batch, and the values in
// them. It imports the standard library only and knows nothing of operators.
package batch

// Batch is some rows of one relation, as changes.
//
// Invariants, checked by Check under -tags invariants:
//   - every column that is not nil has N rows (a nil column was not asked for);
//   - Sel is nil (all rows) or strictly increasing indices into the columns;
//   - Diff is nil (every row +1) or has N entries, none of them zero in Sel;
//   - Late and Origin.Offsets are nil or have N entries.
//
// A batch is frozen by emitting it: nobody writes to it again, so fan-out and
// hand-off between goroutines need neither copy nor lock. An operator that
// changes only the selection copies the struct and shares the columns.
type Batch struct {
	Cols []Column
	N    int
	Sel  []int32
	// Diff is a signed count per row: an update is -1 of the old row and +1 of
	// the new one.
	Diff []int64
	// Late says by how many microseconds a row lies behind its own partition's
	// watermark at its offset, or, below zero, behind where the watermark had
	// gone while its partition was idle; nil: no row is late. It travels through
	// stateless operators; each query rejects by its own allowed lateness.
	Late []int64
	// Origin tells where the rows were read; nil behind stateful operators.
	Origin *Origin
	// Time is the least event time in microseconds over the rows, MaxTime where
	// there is none. Born is when the last event in the batch was appended at
	// its origin, in nanoseconds since the Unix epoch; 0: unknown.
	Time int64
	Born int64
}

// MaxTime stands for "no event time": it never holds a watermark back.
const MaxTime int64 = 1<<63 - 1

// MinTime is the watermark of an input that has seen nothing yet.
const MinTime int64 = -1 << 63

// Origin names the rows of a batch as one source delivered them: all of one
// partition; row i has offset Offsets[i], or Base+i where Offsets is nil.
type Origin struct {
	Source    uint64
	Partition int32
	Base      int64
	Offsets   []int64
}

// Offset returns the offset of row i.
func (o *Origin) Offset(i int) int64 {
	if o.Offsets == nil {
		return o.Base + int64(i)
	}
	return o.Offsets[i]
}

// Rows returns the number of selected rows.
func (b *Batch) Rows() int {
	if b.Sel != nil {
		return len(b.Sel)
	}
	return b.N
}

// DiffAt returns the signed count of row i (an index into the columns).
func (b *Batch) DiffAt(i int) int64 {
	if b.Diff == nil {
		return 1
	}
	return b.Diff[i]
}

// Bytes returns the memory that the batch retains, in bytes.
func (b *Batch) Bytes() int64 {
	n := int64(len(b.Sel))*4 + int64(len(b.Diff)+len(b.Late))*8 + 128
	for _, c := range b.Cols {
		if c != nil {
			n += c.Bytes()
		}
	}
	return n
}

// Compact returns b without a selection: b itself where it has none, else a
// copy of the selected rows.
func (b *Batch) Compact() *Batch {
	if b.Sel == nil {
		return b
	}
	return b.Gather(b.Sel)
}

// Gather returns a new batch of the rows in sel (indices into the columns).
func (b *Batch) Gather(sel []int32) *Batch {
	out := &Batch{Cols: make([]Column, len(b.Cols)), N: len(sel), Time: b.Time, Born: b.Born}
	for i, c := range b.Cols {
		if c != nil {
			out.Cols[i] = c.Gather(sel)
		}
	}
	out.Diff = gatherInts(b.Diff, sel)
	out.Late = gatherInts(b.Late, sel)
	if b.Origin != nil {
		o := *b.Origin
		o.Offsets = make([]int64, len(sel))
		for i, row := range sel {
			o.Offsets[i] = b.Origin.Offset(int(row))
		}
		out.Origin = &o
	}
	return out
}

func gatherInts(x []int64, sel []int32) []int64 {
	if x == nil {
		return nil
	}
	out := make([]int64, len(sel))
	for i, row := range sel {
		out[i] = x[row]
	}
	return out
}
