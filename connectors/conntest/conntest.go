// Package conntest says what every connectors.Source and connectors.Sink must
// do, as checks that return an error: connectors pass them, and broken ones are
// seen to fail.
package conntest

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/dirigo-stream/dirigo/connectors"
	"github.com/dirigo-stream/dirigo/exec/batch"
)

// patience is how long a check waits for something that should come at once.
var patience = 20 * time.Second

// Source is a source to be checked.
type Source struct {
	// Open returns the source; it is called several times over the same rows.
	Open func() (connectors.Source, error)
	// Columns is how many columns it has, Partition the one that is read, Rows
	// how many rows are in it and Rejected how many records are no rows.
	Columns   int
	Partition int32
	Rows      int
	Rejected  int
	// Changes: a record may be two rows. Key are columns that are always built.
	Changes bool
	Key     []int
	// Ends: the partition gives no more after these, and says so.
	Ends bool
	// Append adds a record to the outside, for sources that do not end.
	Append func() error
}

// SourceCheck is one property of a source.
type SourceCheck struct {
	Name string
	Run  func(Source) error
}

// SourceChecks are all of them.
var SourceChecks = []SourceCheck{
	{"the same rows whatever max is", sameRows},
	{"reading goes on at any offset", goesOnAnywhere},
	{"only demanded columns are built", demand},
	{"columns are fresh each time", freshColumns},
	{"bounds hold what is read", bounds},
	{"an unassigned reader reads nothing", unassigned},
	{"the end is told once", end},
	{"appending wakes the reader", wakes},
	{"two readers do not disturb each other", twoReaders},
}

// RunSource holds s to every check.
func RunSource(t *testing.T, s Source) {
	for _, c := range SourceChecks {
		t.Run(c.Name, func(t *testing.T) {
			if err := c.Run(s); err != nil {
				t.Fatal(err)
			}
		})
	}
}

// record is one row or rejected record, as read.
type record struct {
	offset   int64
	rejected string
	count    int64    // how many of this row come, or go
	values   []string // "-" where the column was not built
}

func (r record) String() string {
	return fmt.Sprintf("%d %s %+d %q", r.offset, r.rejected, r.count, r.values)
}

// reading is an open reader that can be waited for.
type reading struct {
	src    connectors.Source
	r      connectors.Reader
	most   int // how many rows more than asked for there may be
	woken  chan struct{}
	next   int64 // as the last Read said
	ends   int
	chunks []int64 // Next after each Read
}

// with opens the source and a reader, and calls f.
func (s Source) with(f func(*reading) error) error {
	src, err := s.Open()
	if err != nil {
		return fmt.Errorf("open: %w", err)
	}
	defer src.Close()
	return s.read(src, f)
}

func (s Source) read(src connectors.Source, f func(*reading) error) error {
	x := &reading{src: src, woken: make(chan struct{}, 1)}
	if s.Changes {
		x.most = 1
	}
	var err error
	x.r, err = src.Open(func() {
		select {
		case x.woken <- struct{}{}:
		default:
		}
	})
	if err != nil {
		return fmt.Errorf("open a reader: %w", err)
	}
	return errors.Join(f(x), x.r.Close())
}

// some reads until there are n records (rejected ones included), at most limit
// rows at a time.
func (x *reading) some(n, limit int) ([]record, error) {
	var out []record
	deadline := time.After(patience)
	for len(out) < n && x.ends == 0 {
		got, ok, err := x.once(limit)
		if err != nil {
			return out, err
		}
		out = append(out, got...)
		if ok {
			continue
		}
		select {
		case <-x.woken:
		case <-deadline:
			return out, fmt.Errorf("after %d of %d records nothing came, and nobody woke the reader", len(out), n)
		}
	}
	return out, nil
}

// once calls Read and checks what it says of itself.
func (x *reading) once(limit int) ([]record, bool, error) {
	var rows connectors.Rows
	ok, err := x.r.Read(&rows, limit)
	if err != nil || !ok {
		return nil, false, err
	}
	if rows.N > limit+x.most {
		return nil, true, fmt.Errorf("%d rows where at most %d were asked for", rows.N, limit)
	}
	if rows.Offsets != nil && len(rows.Offsets) != rows.N {
		return nil, true, fmt.Errorf("%d offsets for %d rows", len(rows.Offsets), rows.N)
	}
	if rows.Next < x.next {
		return nil, true, fmt.Errorf("the next offset went back from %d to %d", x.next, rows.Next)
	}
	if rows.N > 0 && rows.Born == 0 {
		return nil, true, errors.New("nobody knows when the rows were born")
	}
	out, err := records(rows)
	for _, r := range out {
		if err == nil && (r.offset < x.next || r.offset >= rows.Next) {
			err = fmt.Errorf("offset %d is not between %d and %d", r.offset, x.next, rows.Next)
		}
	}
	x.next = rows.Next
	x.chunks = append(x.chunks, rows.Next)
	if rows.End {
		x.ends++
	}
	return out, true, err
}

// records takes Rows apart, in order of offset.
func records(rows connectors.Rows) ([]record, error) {
	var out []record
	rejected := rows.Rejected
	take := func(before int64) {
		for len(rejected) > 0 && rejected[0].Offset < before {
			out = append(out, record{offset: rejected[0].Offset, rejected: rejected[0].Reason})
			rejected = rejected[1:]
		}
	}
	for i := range rows.N {
		r := record{offset: rows.Base + int64(i), count: 1}
		if rows.Diff != nil {
			if len(rows.Diff) != rows.N || rows.Diff[i] == 0 {
				return nil, fmt.Errorf("counts %v of %d rows", rows.Diff, rows.N)
			}
			r.count = rows.Diff[i]
		}
		if rows.Offsets != nil {
			r.offset = rows.Offsets[i]
		}
		take(r.offset)
		for c, col := range rows.Cols {
			if col == nil {
				r.values = append(r.values, "-")
				continue
			}
			if col.Len() != rows.N {
				return nil, fmt.Errorf("column %d has %d rows of %d", c, col.Len(), rows.N)
			}
			r.values = append(r.values, value(col, i))
		}
		out = append(out, r)
	}
	take(1<<63 - 1)
	for _, r := range rows.Rejected {
		if r.Reason == "" || len(r.Raw) > 4<<10 {
			return nil, fmt.Errorf("rejected record at %d: reason %q, %d raw bytes", r.Offset, r.Reason, len(r.Raw))
		}
	}
	return out, nil
}

// value returns one value as text.
func value(col batch.Column, i int) string {
	if n := col.Nulls(); n != nil && n[i] {
		return "NULL"
	}
	switch v := col.(type) {
	case *batch.Vec[bool]:
		return fmt.Sprint(v.Data[i])
	case *batch.Vec[int64]:
		return fmt.Sprint(v.Data[i])
	case *batch.Vec[float64]:
		return fmt.Sprint(v.Data[i])
	case *batch.Vec[batch.Decimal]:
		return fmt.Sprint(v.Data[i])
	case *batch.Vec[batch.Span]:
		return fmt.Sprint(v.Data[i])
	case *batch.TextVec:
		return "'" + string(v.At(i)) + "'"
	}
	return fmt.Sprintf("a %T", col)
}

// all reads the whole partition from its beginning.
func (s Source) all(limit int) (out []record, chunks []int64, err error) {
	err = s.with(func(x *reading) error {
		x.r.Demand(s.demand(-1))
		x.r.Assign(s.Partition, connectors.Earliest)
		out, err = x.some(s.Rows+s.Rejected, limit)
		chunks = x.chunks
		return err
	})
	return out, chunks, err
}

// demand asks for one column, or for all where c is negative.
func (s Source) demand(c int) []bool {
	d := make([]bool, s.Columns)
	for i := range d {
		d[i] = c < 0 || i == c
	}
	return d
}

// equal compares what was read with what should have been.
func equal(got, want []record) error {
	for i := range max(len(got), len(want)) {
		switch {
		case i >= len(got):
			return fmt.Errorf("%d records, want %d; the first missing one: %v", len(got), len(want), want[i])
		case i >= len(want):
			return fmt.Errorf("%d records, want %d; the first too many: %v", len(got), len(want), got[i])
		case got[i].String() != want[i].String():
			return fmt.Errorf("record %d is %v, want %v", i, got[i], want[i])
		}
	}
	return nil
}
