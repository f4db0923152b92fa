package scripts

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// sameRows compares rows in order; "" where they are the same.
func sameRows(got, want []string) string {
	if slices.Equal(got, want) {
		return ""
	}
	return fmt.Sprintf("rows:\n%s\nwant:\n%s\n%s", text(got), text(want), difference(got, want))
}

// sameMultiset compares rows in any order.
func sameMultiset(got, want []string) string {
	return sameRows(sorted(got), sorted(want))
}

// sameSet compares rows that may come more than once: a sink that writes at
// least once may repeat them after a crash.
func sameSet(got, want []string) string {
	return sameRows(slices.Compact(sorted(got)), slices.Compact(sorted(want)))
}

func sorted(rows []string) []string { return slices.Sorted(slices.Values(rows)) }

func text(rows []string) string {
	if len(rows) == 0 {
		return "  (none)"
	}
	return "  " + strings.Join(rows, "\n  ")
}

// difference lists what one side has more often than the other.
func difference(got, want []string) string {
	counts := map[string]int{}
	for _, r := range got {
		counts[r]++
	}
	for _, r := range want {
		counts[r]--
	}
	var out []string
	for r, n := range counts {
		if n != 0 {
			out = append(out, fmt.Sprintf("  %+d × %s", n, r))
		}
	}
	if out == nil {
		return "(the same rows in another order)"
	}
	slices.Sort(out)
	return "got more (+) or less (-):\n" + strings.Join(out, "\n")
}

// lastByKey folds a topic of upserts: the last value of every key that is not
// deleted.
func lastByKey(records []sinkRecord) []string {
	last := map[string]string{}
	for _, r := range records {
		if r.value == nil {
			delete(last, string(r.key))
		} else {
			last[string(r.key)] = string(r.key) + " => " + string(r.value)
		}
	}
	var out []string
	for _, line := range last {
		out = append(out, line)
	}
	return sorted(out)
}

// TestComparers: each comparer sees what it must see, and forgives only what it
// may.
func TestComparers(t *testing.T) {
	rows := []string{"a|1", "b|2", "b|2"}
	for name, c := range map[string]struct {
		compare func(got, want []string) string
		same    [][]string
		other   [][]string
	}{
		"rows": {sameRows, [][]string{{"a|1", "b|2", "b|2"}}, [][]string{
			{"b|2", "a|1", "b|2"}, {"a|1", "b|2"}, {"a|1", "b|2", "b|3"}, {}, {"a|1", "b|2", "b|2", "c"},
		}},
		"multiset": {sameMultiset, [][]string{{"b|2", "a|1", "b|2"}}, [][]string{
			{"a|1", "b|2"}, {"a|1", "a|1", "b|2"}, {"a|1", "b|2", "b|3"}, {},
		}},
		"set": {sameSet, [][]string{{"b|2", "a|1"}, {"a|1", "a|1", "b|2"}}, [][]string{
			{"a|1"}, {"a|1", "b|2", "c"}, {"a|1", "b|3"}, {},
		}},
	} {
		for _, got := range c.same {
			if d := c.compare(got, rows); d != "" {
				t.Errorf("%s: %v: %s", name, got, d)
			}
		}
		for _, got := range c.other {
			if d := c.compare(got, rows); d == "" {
				t.Errorf("%s: %v passes for %v", name, got, rows)
			}
		}
	}
	records := []sinkRecord{{[]byte("a"), []byte("1")}, {[]byte("b"), []byte("2")}, {[]byte("a"), []byte("3")}, {[]byte("b"), nil}}
	if got := lastByKey(records); !slices.Equal(got, []string{"a => 3"}) {
		t.Errorf("last by key: %v", got)
	}
}
