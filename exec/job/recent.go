package job

import (
	"context"
	"fmt"

	"github.com/dirigo-stream/dirigo/connectors"
	"github.com/dirigo-stream/dirigo/exec/batch"
)

// recentRead reads the last records of every partition of a source by a reader
// of its own: what SELECT from a stream shows.
type recentRead struct {
	pump   *pump // decodes; it never runs
	reader connectors.Reader
	wake   chan struct{}
	ends   map[int32]int64 // where each partition ended when the read began

	skipped int64  // records that gave no row
	why     string // of the first of them
}

// recent calls f with the last n records of every partition, and then skipped,
// unless it is nil, if some of them could not be decoded.
func (s *source) recent(ctx context.Context, n int64, cols []int, f func(*batch.Batch) error, skipped func(Skipped)) error {
	r, err := s.openRecent(cols)
	if err != nil {
		return err
	}
	defer r.reader.Close()
	defer func() {
		if r.skipped > 0 && skipped != nil {
			skipped(Skipped{Stream: s.def.Name, Records: r.skipped, Reason: r.why})
		}
	}()
	if err := r.aim(ctx, n); err != nil {
		return err
	}
	for len(r.ends) > 0 {
		if err := r.step(ctx, f); err != nil {
			return err
		}
	}
	return nil
}

func (s *source) openRecent(cols []int) (*recentRead, error) {
	conn, err := s.open()
	if err != nil {
		return nil, err
	}
	r := &recentRead{
		pump: &pump{src: s, demand: s.columnsOf(cols)}, wake: make(chan struct{}, 1), ends: map[int32]int64{},
	}
	if r.pump.zone, err = zoneOf(s.def.TimeZone); err != nil {
		return nil, err
	}
	if r.pump.columns, err = compileColumns(&s.def); err != nil {
		return nil, err
	}
	r.reader, err = conn.Open(func() {
		select {
		case r.wake <- struct{}{}:
		default:
		}
	})
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", s.def.Name, err)
	}
	r.reader.Demand(s.physical(r.pump.demand))
	return r, nil
}

// aim begins to read n records before the end of every partition.
func (r *recentRead) aim(ctx context.Context, n int64) error {
	s := r.pump.src
	conn, err := s.open()
	if err != nil {
		return err
	}
	ids, err := conn.Partitions(ctx)
	if err != nil {
		return fmt.Errorf("partitions of %s: %w", s.def.Name, err)
	}
	for _, id := range ids {
		first, next, err := conn.Bounds(ctx, id)
		if err != nil {
			return fmt.Errorf("bounds of %s partition %d: %w", s.def.Name, id, err)
		}
		if start := max(first, next-n); start < next {
			r.ends[id] = next
			r.reader.Assign(id, connectors.Start(start))
		}
	}
	return nil
}

// step reads once, or waits for something to be read.
func (r *recentRead) step(ctx context.Context, f func(*batch.Batch) error) error {
	rows := connectors.Rows{}
	ok, err := r.reader.Read(&rows, readRows)
	if err != nil {
		return fmt.Errorf("read %s: %w", r.pump.src.def.Name, err)
	}
	if !ok {
		select {
		case <-r.wake:
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	end, wanted := r.ends[rows.Partition]
	if !wanted {
		return ctx.Err()
	}
	if rows.Next >= end || rows.End {
		delete(r.ends, rows.Partition)
	}
	for _, x := range rows.Rejected {
		r.skip(x.Detail)
	}
	if rows.N == 0 {
		return nil
	}
	b := r.pump.build(&rows, 0)
	for _, x := range r.pump.bad {
		r.skip(x.Detail)
	}
	r.pump.bad = r.pump.bad[:0]
	return f(b)
}

func (r *recentRead) skip(why string) {
	if r.skipped++; r.skipped == 1 {
		r.why = why
	}
}
