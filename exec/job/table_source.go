package job

import (
	"context"
	"errors"
	"fmt"
	"sort"
	"sync"

	"github.com/dirigo-stream/dirigo/connectors"
)

// tableSource is a table's log as a source: one partition, whose records are
// row changes. Queries that catch up read it; the live readers are fed by the
// committer.
type tableSource struct{ t *table }

var _ connectors.Source = (*tableSource)(nil)

// Partitions implements connectors.Source.
func (s *tableSource) Partitions(context.Context) ([]int32, error) { return []int32{0}, nil }

// Bounds implements connectors.Source.
func (s *tableSource) Bounds(context.Context, int32) (first, next int64, err error) {
	s.t.mu.Lock()
	defer s.t.mu.Unlock()
	if len(s.t.bases) == 0 {
		return s.t.next, s.t.next, nil
	}
	return s.t.bases[0], s.t.next, nil
}

// Open implements connectors.Source.
func (s *tableSource) Open(wake func()) (connectors.Reader, error) {
	return &tableReader{t: s.t, wake: wake}, nil
}

// Close implements connectors.Source.
func (s *tableSource) Close() error { return nil }

// tableReader reads a table's log. It reads ahead in the background, a bounded
// number of bytes, and ends with the log.
type tableReader struct {
	t    *table
	wake func()

	// In the pump's turn.
	assigned bool
	next     int64 // the next offset to give
	cur      *tableRecord
	base     int64 // first offset of cur

	mu     sync.Mutex
	epoch  int // of the assignment that ahead is for
	ahead  []fetched
	bytes  int64
	busy   bool
	err    error
	closed bool
}

type fetched struct {
	base int64
	rec  *tableRecord
}

// readAhead is how many bytes are read before they are asked for.
const readAhead = 4 << 20

var errCutOff = errors.New("the table's log has been cut off there")

// Demand implements connectors.Reader: records are read whole.
func (r *tableReader) Demand([]bool) {}

// Assign implements connectors.Reader.
func (r *tableReader) Assign(_ int32, from connectors.Start) {
	r.assigned, r.next, r.cur = true, int64(from), nil
	if from < 0 {
		r.next, _, _ = (&tableSource{r.t}).Bounds(context.Background(), 0)
	}
	r.mu.Lock()
	r.epoch++
	r.ahead, r.bytes, r.err = nil, 0, nil
	r.mu.Unlock()
}

// Read implements connectors.Reader.
func (r *tableReader) Read(rows *connectors.Rows, limit int) (ok bool, err error) {
	if !r.assigned {
		return false, nil
	}
	if r.cur == nil {
		if ok, err := r.take(); !ok {
			return false, err
		}
	}
	b := r.cur.rows
	at := int(r.next - r.base)
	end := min(b.N, at+limit)
	if at > 0 || end < b.N {
		b = b.Gather(span(at, end))
	}
	*rows = connectors.Rows{
		Cols: b.Cols, N: b.N, Diff: b.Diff, Base: r.next, Next: r.next + int64(b.N), Born: r.cur.born, Bytes: b.Bytes(),
	}
	r.next = rows.Next
	if end == r.cur.rows.N {
		r.cur = nil
	}
	return true, nil
}

// take makes the next record the current one, and sees that more are read.
func (r *tableReader) take() (ok bool, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.err != nil {
		return false, r.err
	}
	if len(r.ahead) > 0 {
		f := r.ahead[0]
		r.ahead = r.ahead[1:]
		r.cur, r.base = f.rec, f.base
		r.bytes -= f.rec.rows.Bytes()
		ok = true
	}
	if !r.busy && r.bytes < readAhead/2 && !r.closed {
		r.busy = true
		from, epoch := r.next, r.epoch
		if ok {
			from = r.base + int64(r.cur.rows.N)
		}
		for _, f := range r.ahead {
			from = f.base + int64(f.rec.rows.N)
		}
		r.t.ts.eng.io.run(func() { r.fetch(from, epoch) })
	}
	return ok, nil
}

// fetch reads records from an offset on.
func (r *tableReader) fetch(from int64, epoch int) {
	for {
		base, found, err := r.t.recordAt(from)
		var rec *tableRecord
		if err == nil && found {
			rec, err = r.t.read(base)
		}
		r.mu.Lock()
		stale := r.epoch != epoch || r.closed
		if !stale {
			r.err = err
			if rec != nil && err == nil {
				r.ahead = append(r.ahead, fetched{base, rec})
				r.bytes += rec.rows.Bytes()
				from = base + int64(rec.rows.N)
			}
		}
		done := stale || err != nil || !found || r.bytes >= readAhead
		if done {
			r.busy = false
		}
		wake := stale && !r.closed || err != nil || found
		r.mu.Unlock()
		if wake {
			r.wake()
		}
		if done {
			return
		}
	}
}

// recordAt returns where the record begins that holds an offset; found is
// false at the end of the log.
func (t *table) recordAt(offset int64) (base int64, found bool, err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if offset >= t.next {
		return 0, false, nil
	}
	n := sort.Search(len(t.bases), func(i int) bool { return t.bases[i] > offset })
	if n == 0 {
		return 0, false, fmt.Errorf("row change %d: %w", offset, errCutOff)
	}
	return t.bases[n-1], true, nil
}

// Status implements connectors.Reader.
func (r *tableReader) Status() connectors.Status {
	_, high, _ := (&tableSource{r.t}).Bounds(context.Background(), 0)
	return connectors.Status{Partitions: []connectors.PartitionStatus{{Next: r.next, High: high, AtHigh: r.next == high}}}
}

// Close implements connectors.Reader.
func (r *tableReader) Close() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.closed, r.ahead, r.bytes = true, nil, 0
	return nil
}

var _ connectors.Reader = (*tableReader)(nil)
