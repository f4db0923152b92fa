package chaos

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// outcome is what an undisturbed, naive computation says of the events.
type outcome struct {
	totals   []string // k, count, sum
	windows  []string // window start, k, count, sum: closed ones
	late     []string // partition, offset
	bad      []string // partition, offset
	ids      []int64  // of well-formed rows
	perKey   map[int64][2]int64
	accepted []event
}

// compute reads the partitions in the order of offsets. A row is late when it
// lies more than the delay behind the largest event time of its own partition
// so far.
func compute(events []event, size int64) *outcome {
	o := &outcome{perKey: map[int64][2]int64{}}
	events = slices.Clone(events)
	slices.SortFunc(events, func(a, b event) int { return int(a.offset - b.offset) })
	top := map[int]int64{}
	windows := map[[2]int64][2]int64{}
	for _, e := range events {
		at := fmt.Sprintf("%d:%d", e.partition, e.offset)
		if e.malformed {
			o.bad = append(o.bad, at)
			continue
		}
		o.ids = append(o.ids, e.id)
		add(o.perKey, e.k, e.v)
		top[e.partition] = max(top[e.partition], e.ts)
		if e.ts < top[e.partition]-delay {
			o.late = append(o.late, at)
			continue
		}
		o.accepted = append(o.accepted, e)
		add(windows, [2]int64{e.ts - e.ts%size, e.k}, e.v)
	}
	low := int64(1 << 62)
	for _, t := range top {
		low = min(low, t-delay)
	}
	for w, c := range windows {
		if w[0]+size <= low {
			o.windows = append(o.windows, fmt.Sprint(short(stamp(w[0])), " ", w[1], " ", c[0], " ", c[1]))
		}
	}
	for k, c := range o.perKey {
		o.totals = append(o.totals, fmt.Sprint(k, " ", c[0], " ", c[1]))
	}
	for _, s := range [][]string{o.totals, o.windows, o.late, o.bad} {
		slices.Sort(s)
	}
	return o
}

func add[K comparable](m map[K][2]int64, k K, v int64) {
	c := m[k]
	m[k] = [2]int64{c[0] + 1, c[1] + v}
}

// short is a timestamp as PostgreSQL prints it: without trailing zeros.
func short(ts string) string { return strings.TrimSuffix(strings.TrimRight(ts, "0"), ".") }

// texts turns rows into sorted lines.
func texts(rows [][]string) []string {
	out := make([]string, len(rows))
	for i, r := range rows {
		out[i] = strings.Join(r, " ")
	}
	slices.Sort(out)
	return out
}

// same compares two sorted multisets.
func same(t testing.TB, what string, got, want []string) {
	t.Helper()
	if d := difference(got, want); d != "" {
		t.Errorf("%s: have %d rows, want %d:\n%s", what, len(got), len(want), d)
	}
}

// difference lists what only one of two sorted multisets has, at most ten of
// each.
func difference(got, want []string) string {
	var more, less []string
	i, j := 0, 0
	for i < len(got) || j < len(want) {
		switch {
		case j == len(want) || i < len(got) && got[i] < want[j]:
			more = append(more, "+ "+got[i])
			i++
		case i == len(got) || want[j] < got[i]:
			less = append(less, "- "+want[j])
			j++
		default:
			i++
			j++
		}
	}
	if len(more)+len(less) == 0 {
		return ""
	}
	n, m := len(more), len(less)
	return strings.Join(append(more[:min(10, n)], less[:min(10, m)]...), "\n") +
		fmt.Sprintf("\n(%d too many, %d missing)", n, m)
}

// TestDifferenceSees: the comparison that all rests on finds each kind of
// difference.
func TestDifferenceSees(t *testing.T) {
	for _, c := range []struct{ got, want string }{{"a b", "a"}, {"a", "a b"}, {"a a", "a"}, {"a c", "a b"}, {"", "a"}} {
		if difference(strings.Fields(c.got), strings.Fields(c.want)) == "" {
			t.Errorf("%q and %q are not the same", c.got, c.want)
		}
	}
	if d := difference(strings.Fields("a b b"), strings.Fields("a b b")); d != "" {
		t.Errorf("the same, but: %s", d)
	}
}
