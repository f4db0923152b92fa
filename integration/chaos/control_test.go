package chaos

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// verdict is a test that only takes down what a checker reports.
type verdict struct {
	testing.TB
	errors []string
}

func (v *verdict) Errorf(format string, args ...any) {
	v.errors = append(v.errors, fmt.Sprintf(format, args...))
}

func (v *verdict) Logf(string, ...any) {}

// sees says whether some error is about what.
func (v *verdict) sees(what string) bool {
	return slices.ContainsFunc(v.errors, func(e string) bool { return strings.HasPrefix(e, what) })
}

// TestCheckersSeeOneRow: the checks that every test of kills ends with find one
// row lost, one row twice, and one that differs by one, in each kind of query.
// The rows that were fed are changed for it, not the engine.
func TestCheckersSeeOneRow(t *testing.T) {
	s := newScene(t, "control", 2, seedOf(t))
	s.f.feed(3_000)
	s.stream("")
	s.total("totals")
	s.window("wins")
	s.tap("tap")
	s.upsert("upserts")
	s.f.close()
	s.n.caughtUp()
	s.check() // right as it is
	fed := s.f.fed()
	one := slices.IndexFunc(fed, func(e event) bool { return !e.malformed && e.v != 0 })
	// Late by far, whatever came before it.
	late := event{id: s.f.id(), k: 1, v: 1, ts: epoch0 - 1000*second, offset: int64(len(fed))}
	exact := []string{"totals", "wins", "upserts"}
	for _, c := range []struct {
		name  string
		seen  []string
		forge func(events []event) []event
	}{
		{"lost", append([]string{"tap"}, exact...), func(es []event) []event {
			extra := es[one]
			extra.id = s.f.id()
			return slices.Insert(es, one, extra)
		}},
		{"twice", append([]string{"tap"}, exact...), func(es []event) []event { return slices.Delete(es, one, one+1) }},
		{"off by one", exact, func(es []event) []event { es[one].v++; return es }},
		{"late row lost", []string{"late rows of wins", "counter of late rows"}, func(es []event) []event { return append(es, late) }},
	} {
		v := &verdict{TB: t}
		forged := *s
		forged.t, forged.n = v, s.n
		forged.f = &feeder{events: c.forge(slices.Clone(fed))}
		forged.check()
		for _, what := range c.seen {
			if !v.sees(what) {
				t.Errorf("one row %s: the check of %s saw nothing: %v", c.name, what, v.errors)
			}
		}
		if c.name == "off by one" && v.sees("tap:") {
			t.Errorf("every id was there: %v", v.errors)
		}
	}
	s.account("wins") // the rule of the tests with idle partitions
	v := &verdict{TB: t}
	forged := *s
	forged.t, forged.f = v, &feeder{events: append(slices.Clone(fed), late), clock: s.f.clock}
	if forged.account("wins"); !v.sees("wins") {
		t.Errorf("a row that is neither counted nor rejected was not seen: %v", v.errors)
	}
}
