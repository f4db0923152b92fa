package sim_test

import (
	"flag"
	"math/bits"
	"os"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"

	"pgregory.net/rapid"

	"github.com/dirigo-stream/dirigo/actors/internal/fault"
	"github.com/dirigo-stream/dirigo/actors/internal/toy"
	"github.com/dirigo-stream/dirigo/actors/sim"
)

// schedules is how many are tried in all.
var schedules = flag.Int("schedules", 0, "schedules of the mailbox; 0: 4,000, and a million in the long form")

func wanted(short, long int) int {
	switch {
	case *schedules > 0:
		return *schedules
	case os.Getenv("DIRIGO_CHECK") == "long":
		return long
	case testing.Short():
		return short / 4
	}
	return short
}

// setChecks says how often rapid tries a property.
func setChecks(t *testing.T, times int) {
	t.Helper()
	for name, value := range map[string]string{"rapid.checks": strconv.Itoa(times), "rapid.nofailfile": "true"} {
		if err := flag.Set(name, value); err != nil {
			t.Fatal(err)
		}
	}
}

// check has rapid try a property; a failure is shrunk to the simplest scenario,
// which is printed.
func check(t *testing.T, property func(draws)) {
	t.Helper()
	rapid.Check(t, func(rt *rapid.T) {
		property(func(n int, label string) int { return drawn(rt, n, label) })
	})
}

// drawn is a number below n. Small ones are made of coin tosses, for rapid's own
// favour 0: of a thousand schedules most would have one row.
func drawn(t *rapid.T, n int, label string) int {
	if n > 16 {
		return rapid.IntRange(0, n-1).Draw(t, label)
	}
	x := 0
	for range bits.Len(uint(n - 1)) {
		if x *= 2; rapid.Bool().Draw(t, label) {
			x++
		}
	}
	return x % n
}

// TestSchedules: whatever the order of steps and whatever lessees do, the mailbox
// keeps what it guarantees (toy.Books), views show the naive result at every tick
// and to every read, each actor takes each Seal once and at its tick, every round
// ends, all credit comes back, and nothing waits for ever.
func TestSchedules(t *testing.T) {
	setChecks(t, wanted(4000, 900_000)*9/8/len(toy.Names)) // some come twice
	var all atomic.Int64
	t.Run("of", func(t *testing.T) {
		for _, name := range toy.Names {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				all.Add(schedulesOf(t, name))
			})
		}
	})
	t.Logf("%d schedules", all.Load())
}

// schedulesOf returns how many different schedules of a topology were tried.
func schedulesOf(t *testing.T, name string) int64 {
	tried := map[scenario]struct{}{}
	var sum sim.Stats
	var reads int
	check(t, func(d draws) {
		s := newScenario(name, d)
		stats, r, err := s.run(fault.Set{})
		if err != nil {
			panic(err)
		}
		tried[s] = struct{}{}
		sum.Add(stats)
		reads += r
	})
	t.Logf("%d schedules, %d reads: %+v", len(tried), reads, sum)
	lends := strings.Contains("chain self multi window exchange set top", name)
	if lends && (sum.Lent == 0 || sum.Merged == 0 || sum.GivenUp == 0) || sum.Rests == 0 || reads == 0 {
		t.Errorf("nothing was lent, merged, given up, at rest or read: %+v", sum)
	}
	return int64(len(tried))
}
