package op

import (
	"fmt"
	"math"
	"slices"

	"github.com/dirigo-stream/dirigo/exec"
	"github.com/dirigo-stream/dirigo/exec/batch"
)

// sorter holds the rows of a bounded query and sends them in order at the
// frontier. With a limit it drops now and then what cannot be among the first.
type sorter struct {
	bounded
	spec  Sort
	cols  []batch.Column
	times []int64 // signed count per row
	order []int32 // set while rows are being sent
	at    int
	sent  bool
	born  int64
}

// Push implements exec.Operator.
func (s *sorter) Push(_ int, b *batch.Batch, _ exec.Emitter, _ int) (bool, error) {
	if s.cols == nil {
		for _, t := range s.spec.Types {
			s.cols = append(s.cols, batch.New(t.Kind, b.Rows()))
		}
	}
	s.born = max(s.born, b.Born)
	var all []int32
	for _, row := range rowsOf(b, &all) {
		for i, c := range s.cols {
			batch.AppendFrom(c, b.Cols[i], int(row))
		}
		s.times = append(s.times, b.DiffAt(int(row)))
	}
	if n := s.window(); n < math.MaxInt64/4 && int64(len(s.times)) > 4*n+4096 {
		s.cut(int(n))
	}
	return false, nil
}

// window returns how many rows in order may still be sent.
func (s *sorter) window() int64 {
	if s.spec.Limit < 0 || s.spec.Limit > math.MaxInt64/4 {
		return math.MaxInt64
	}
	return s.spec.Limit + s.spec.Offset
}

// cut keeps the first n rows in order, unless a row may still be taken back.
func (s *sorter) cut(n int) {
	for _, d := range s.times {
		if d < 0 {
			return
		}
	}
	keep := s.sorted()
	keep = keep[:min(n, len(keep))]
	for i, c := range s.cols {
		s.cols[i] = c.Gather(keep)
	}
	times := make([]int64, len(keep))
	for i, row := range keep {
		times[i] = s.times[row]
	}
	s.times = times
}

// sorted returns the rows in order; equal ones as they came.
func (s *sorter) sorted() []int32 {
	order := make([]int32, len(s.times))
	for i := range order {
		order[i] = int32(i)
	}
	slices.SortStableFunc(order, func(a, b int32) int { return s.compare(a, b) })
	return order
}

func (s *sorter) compare(a, b int32) int {
	for _, k := range s.spec.Keys {
		col := s.cols[k.Col]
		an, bn := batch.IsNull(col, int(a)), batch.IsNull(col, int(b))
		switch {
		case an && bn:
			continue
		case an || bn:
			if an == k.NullsFirst {
				return -1
			}
			return 1
		}
		if c := batch.Compare(col, int(a), col, int(b)); c != 0 {
			if k.Desc {
				return -c
			}
			return c
		}
	}
	return 0
}

// Advance implements exec.Operator.
func (s *sorter) Advance(_ exec.Frontier, out exec.Emitter, fuel int) (bool, error) {
	if s.sent || len(s.times) == 0 {
		return false, nil
	}
	s.sent = true
	if err := s.settle(); err != nil {
		return false, err
	}
	s.order = s.expand(s.sorted())
	s.at = 0
	return s.Resume(out, fuel)
}

// expand repeats rows by their counts and cuts to offset and limit.
func (s *sorter) expand(order []int32) []int32 {
	skip, left := s.spec.Offset, s.window()-s.spec.Offset
	var out []int32
	for _, row := range order {
		for n := s.times[row]; n > 0 && left > 0; n-- {
			if skip > 0 {
				skip--
				continue
			}
			out = append(out, row)
			left--
		}
	}
	return out
}

// settle adds up the counts of equal rows where some are negative.
func (s *sorter) settle() error {
	if !slices.ContainsFunc(s.times, func(d int64) bool { return d < 0 }) {
		return nil
	}
	hash := batch.HashRows(s.cols, s.spec.Types, nil, len(s.times), nil)
	first := map[uint64][]int32{}
	for i := range s.times {
		row := int32(i)
		at := slices.IndexFunc(first[hash[i]], func(o int32) bool { return batch.EqualRows(s.cols, int(o), s.cols, i) })
		if at < 0 {
			first[hash[i]] = append(first[hash[i]], row)
			continue
		}
		o := first[hash[i]][at]
		s.times[o] += s.times[i]
		s.times[i] = 0
	}
	for _, d := range s.times {
		if d < 0 {
			return fmt.Errorf("sort: a row was taken back that had not come")
		}
	}
	return nil
}

// Resume implements exec.Operator.
func (s *sorter) Resume(out exec.Emitter, fuel int) (bool, error) {
	n := min(len(s.order)-s.at, max(1, fuel), 1024)
	if n > 0 {
		all := &batch.Batch{Cols: s.cols, N: len(s.times), Time: batch.MaxTime, Born: s.born}
		out.Emit(all.Gather(s.order[s.at : s.at+n]))
		s.at += n
	}
	if s.at < len(s.order) {
		return true, nil
	}
	s.order = nil
	return false, nil
}

// Due implements exec.Due.
func (s *sorter) Due(_ exec.Frontier, rows bool, _ int64) bool { return rows }

// Bytes implements exec.Sealer.
func (s *sorter) Bytes() int64 {
	n := int64(len(s.times)) * 8
	for _, c := range s.cols {
		n += c.Bytes()
	}
	return n
}
