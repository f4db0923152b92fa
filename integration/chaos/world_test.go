package chaos

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// world is what was done: the rows of the streams by name, and of the table.
type world struct {
	streams map[string][]event // without malformed ones
	items   map[int64]item
}

func (w *world) String() string {
	var parts []string
	for name, es := range w.streams {
		parts = append(parts, fmt.Sprintf("%d rows of %s", len(es), name))
	}
	slices.Sort(parts)
	return strings.Join(append(parts, fmt.Sprintf("%d items", len(w.items))), ", ")
}

// naive computes what a query must hold.
type naive func(w *world) [][]int64

// expectation is a view or an upsert topic, and the naive computation of it.
type expectation struct {
	name    string
	columns string // of both; numbers all
	topic   bool
	want    naive
}

// perKey counts and adds up a stream's rows by key.
func perKey(es []event) map[int64][2]int64 {
	m := map[int64][2]int64{}
	for _, e := range es {
		add(m, e.k, e.v)
	}
	return m
}

// perKeyOf is the same as rows.
func perKeyOf(stream string) naive {
	return func(w *world) (rows [][]int64) {
		for k, c := range perKey(w.streams[stream]) {
			rows = append(rows, []int64{k, c[0], c[1]})
		}
		return rows
	}
}

// byGroup counts rows, and adds up one column, by another.
func byGroup(rows [][]int64, group, sum int) (out [][]int64) {
	m := map[int64][2]int64{}
	for _, r := range rows {
		add(m, r[group], r[sum])
	}
	for g, c := range m {
		out = append(out, []int64{g, c[0], c[1]})
	}
	return out
}

// null is what stands for NULL among numbers.
const null = -1 << 62

// lines turns rows of numbers into what a query prints, sorted.
func lines(rows [][]int64) []string {
	out := make([][]string, len(rows))
	for i, r := range rows {
		for _, v := range r {
			cell := `\N`
			if v != null {
				cell = strconv.FormatInt(v, 10)
			}
			out[i] = append(out[i], cell)
		}
	}
	return texts(out)
}

// lastOf returns the last values of a topic's keys, as a query would.
func (r *relations) lastOf(x expectation) (got []string, records int) {
	r.t.Helper()
	last := map[string][]string{}
	all := r.b.consume(x.name)
	for _, rec := range all {
		if rec.tombstone {
			delete(last, rec.key)
		} else {
			last[rec.key] = r.cells(x, rec)
		}
	}
	var rows [][]string
	for _, cells := range last {
		rows = append(rows, cells)
	}
	return texts(rows), len(all)
}

// cells returns a record's values, as a query would.
func (r *relations) cells(x expectation, rec record) (cells []string) {
	r.t.Helper()
	var row map[string]json.Number
	if err := json.Unmarshal([]byte(rec.value), &row); err != nil {
		r.t.Fatalf("%s: %q: %v", x.name, rec.value, err)
	}
	for _, c := range strings.Split(x.columns, ", ") {
		if v := row[c]; v != "" {
			cells = append(cells, v.String())
		} else {
			cells = append(cells, `\N`)
		}
	}
	return cells
}

// topicAgrees looks at every record that an upsert topic ever got.
func (r *relations) topicAgrees(name string, wrong func(cells []string) string) {
	r.t.Helper()
	i := slices.IndexFunc(r.all, func(x expectation) bool { return x.name == name })
	for _, rec := range r.b.consume(name) {
		if rec.tombstone {
			continue
		}
		if w := wrong(r.cells(r.all[i], rec)); w != "" {
			r.t.Errorf("%s, record %d: %s", name, rec.offset, w)
		}
	}
}
