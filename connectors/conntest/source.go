package conntest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/dirigo-stream/dirigo/connectors"
)

func sameRows(s Source) error {
	want, _, err := s.all(1 << 20)
	if err != nil {
		return err
	}
	rejected := 0
	for _, r := range want {
		if r.rejected != "" {
			rejected++
		}
	}
	if rejected != s.Rejected || len(want)-rejected != s.Rows {
		return fmt.Errorf("%d rows and %d rejected, want %d and %d", len(want)-rejected, rejected, s.Rows, s.Rejected)
	}
	for _, limit := range []int{1, 3, 64} {
		got, _, err := s.all(limit)
		if err == nil {
			err = equal(got, want)
		}
		if err != nil {
			return fmt.Errorf("%d at a time: %w", limit, err)
		}
	}
	return nil
}

// goesOnAnywhere assigns one reader again and again, forwards and back.
func goesOnAnywhere(s Source) error {
	want, nexts, err := s.all(3)
	if err != nil {
		return err
	}
	return s.with(func(x *reading) error {
		x.r.Demand(s.demand(-1))
		for i := range nexts {
			from := nexts[(i*7)%len(nexts)]
			rest := want
			for len(rest) > 0 && rest[0].offset < from {
				rest = rest[1:]
			}
			if len(rest) > 20 {
				rest = rest[:20]
			}
			x.next, x.ends = from, 0
			x.r.Assign(s.Partition, connectors.Start(from))
			got, err := x.some(len(rest), 5)
			if err == nil {
				err = equal(got[:min(len(got), len(rest))], rest)
			}
			if err != nil {
				return fmt.Errorf("from offset %d: %w", from, err)
			}
		}
		return nil
	})
}

func demand(s Source) error {
	want, _, err := s.all(100)
	if err != nil {
		return err
	}
	for c := range s.Columns {
		err := s.with(func(x *reading) error {
			x.r.Demand(s.demand(c))
			x.r.Assign(s.Partition, connectors.Earliest)
			got, err := x.some(s.Rows+s.Rejected, 100)
			if err != nil {
				return err
			}
			for i := range min(len(got), len(want)) {
				for k, v := range got[i].values {
					expect := "-"
					if k == c || slices.Contains(s.Key, k) {
						expect = want[i].values[k]
					}
					if v != expect || got[i].count != want[i].count {
						return fmt.Errorf("record %d, column %d is %s", i, k, v)
					}
				}
			}
			if len(got) != len(want) {
				return fmt.Errorf("%d records, want %d", len(got), len(want))
			}
			return nil
		})
		if err != nil {
			return fmt.Errorf("only column %d demanded: %w", c, err)
		}
	}
	return nil
}

// freshColumns keeps what one Read gave while others follow.
func freshColumns(s Source) error {
	return s.with(func(x *reading) error {
		x.r.Demand(s.demand(-1))
		x.r.Assign(s.Partition, connectors.Earliest)
		type kept struct {
			rows connectors.Rows
			said []record
		}
		var all []kept
		deadline := time.After(patience)
		for n := 0; n < s.Rows; {
			var k kept
			ok, err := x.r.Read(&k.rows, 7)
			if err != nil {
				return err
			}
			if !ok {
				select {
				case <-x.woken:
				case <-deadline:
					return fmt.Errorf("after %d rows nothing came", n)
				}
				continue
			}
			n += k.rows.N
			if k.said, err = records(k.rows); err != nil {
				return err
			}
			all = append(all, k)
		}
		for i, k := range all {
			now, err := records(k.rows)
			if err == nil {
				err = equal(now, k.said)
			}
			if err != nil {
				return fmt.Errorf("what Read %d gave has changed since: %w", i, err)
			}
		}
		return nil
	})
}

func bounds(s Source) error {
	return s.with(func(x *reading) error {
		parts, err := x.src.Partitions(context.Background())
		if err != nil {
			return err
		}
		found := false
		for i, p := range parts {
			found = found || p == s.Partition
			if i > 0 && p <= parts[i-1] {
				return fmt.Errorf("partitions %v do not increase", parts)
			}
		}
		if !found {
			return fmt.Errorf("partitions %v, without %d", parts, s.Partition)
		}
		first, next, err := x.src.Bounds(context.Background(), s.Partition)
		if err != nil {
			return err
		}
		x.r.Demand(s.demand(-1))
		x.r.Assign(s.Partition, connectors.Earliest)
		got, err := x.some(s.Rows+s.Rejected, 100)
		if err != nil {
			return err
		}
		if len(got) == 0 || got[0].offset < first || got[len(got)-1].offset >= next {
			return fmt.Errorf("bounds %d to %d do not hold the %d records read", first, next, len(got))
		}
		st := x.r.Status()
		if len(st.Partitions) != 1 || st.Partitions[0].Partition != s.Partition || st.Partitions[0].Next != x.next {
			return fmt.Errorf("status %+v after reading up to %d", st, x.next)
		}
		return nil
	})
}

func unassigned(s Source) error {
	return s.with(func(x *reading) error {
		x.r.Demand(s.demand(-1))
		got, ok, err := x.once(10)
		if err == nil && (ok || len(got) > 0) {
			err = errors.New("it read something")
		}
		return err
	})
}

func end(s Source) error {
	return s.with(func(x *reading) error {
		x.r.Demand(s.demand(-1))
		x.r.Assign(s.Partition, connectors.Earliest)
		if _, err := x.some(s.Rows+s.Rejected, 10); err != nil {
			return err
		}
		if !s.Ends {
			if x.ends > 0 {
				return errors.New("it ended")
			}
			return nil
		}
		if _, err := x.some(1<<40, 10); err != nil { // the end may come by itself
			return err
		}
		for range 3 {
			if _, ok, err := x.once(10); ok || err != nil {
				return fmt.Errorf("after the end: read %v, error %v", ok, err)
			}
		}
		return nil
	})
}

func wakes(s Source) error {
	if s.Append == nil {
		return nil
	}
	n := s.Rows + s.Rejected
	return s.with(func(x *reading) error {
		x.r.Demand(s.demand(-1))
		x.r.Assign(s.Partition, connectors.Latest)
		for range 3 {
			if _, ok, err := x.once(10); ok || err != nil {
				return fmt.Errorf("at the latest record: read %v, error %v", ok, err)
			}
			if err := s.Append(); err != nil {
				return err
			}
			select {
			case <-x.woken:
			case <-time.After(patience):
				return fmt.Errorf("nobody woke the reader after a record was appended to %d", n)
			}
			got, err := x.some(1, 10)
			if err != nil {
				return fmt.Errorf("after appending to %d records: %w", n, err)
			}
			if len(got) != 1 {
				return fmt.Errorf("%d records came after one was appended", len(got))
			}
			n++
		}
		return nil
	})
}

func twoReaders(s Source) error {
	want, _, err := s.all(100)
	if err != nil {
		return err
	}
	return s.with(func(a *reading) error {
		a.r.Demand(s.demand(-1))
		a.r.Assign(s.Partition, connectors.Earliest)
		first, err := a.some(len(want)/2, 3)
		if err != nil {
			return err
		}
		err = s.read(a.src, func(b *reading) error {
			b.r.Demand(s.demand(-1))
			b.r.Assign(s.Partition, connectors.Earliest)
			got, err := b.some(len(want), 5)
			if err != nil {
				return err
			}
			return equal(got[:min(len(got), len(want))], want)
		})
		if err != nil {
			return fmt.Errorf("the second reader: %w", err)
		}
		rest, err := a.some(len(want)-len(first), 3)
		if err != nil {
			return err
		}
		got := append(first, rest...)
		return equal(got[:min(len(got), len(want))], want)
	})
}
