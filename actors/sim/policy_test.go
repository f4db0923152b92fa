package sim_test

import (
	"fmt"
	"sync"
	"testing"

	"github.com/dirigo-stream/dirigo/actors"
	"github.com/dirigo-stream/dirigo/actors/internal/fault"
	"github.com/dirigo-stream/dirigo/actors/internal/toy"
)

// hostile is a policy and a lending that choose as badly as they can: what came
// last or is latest goes first, everything else waits by share, and all is lent to
// the busiest worker, or to one that is not there.
type hostile struct{}

func (hostile) Send(_ *actors.Load, m actors.Meta, now int64) int64 {
	if m.Rows == 0 {
		return -1 << 62 // Puncts before all
	}
	return -now
}

func (hostile) Pick(_ *actors.Load, key, now int64) actors.Rank {
	return actors.Rank{Key: -key, Shared: key&1 == 0}
}

func (hostile) Lend(o *actors.Offer) (int, bool) {
	worst := 0
	for k := range o.N {
		if o.Waits(k) > o.Waits(worst) {
			worst = k
		}
	}
	if o.Draw(8) == 0 {
		return o.N + 7, true
	}
	return worst, o.Draw(6) > 0
}

// TestPolicies: what the mailbox guarantees holds under every policy and way to
// lend, the worst ones too, in the whole runtime: with stalled workers, with
// messages to and from lessees that are late, lost or come twice, while actors
// leave memory, and when the policy changes.
func TestPolicies(t *testing.T) {
	setChecks(t, wanted(2400, 200_000)*9/8/len(toy.Names))
	var all tried
	t.Run("of", func(t *testing.T) {
		for _, name := range toy.Names {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				all.add(t, stagesOf(t, name))
			})
		}
	})
	for seed := uint64(0); seed < tries && !all.complete(); seed++ { // a short form may have missed one by chance
		for _, name := range toy.Names {
			s := newStage(name, seeded(seed))
			stats, err := s.run(fault.Set{})
			if err != nil {
				t.Fatalf("%s seed %d: %v", name, seed, err)
			}
			all.note(s, stats)
		}
	}
	all.log(t)
	if !all.complete() {
		t.Error("a way to lend was not tried, or nothing given up or passivated")
	}
	if all.lent[2] != 0 {
		t.Errorf("%d lent where nothing is", all.lent[2])
	}
}

// tried is what stages came to.
type tried struct {
	mu        sync.Mutex
	schedules int
	lent      [lendings]int64
	sum       actors.Stats
}

func (x *tried) add(t *testing.T, y *tried) {
	y.log(t)
	x.mu.Lock()
	defer x.mu.Unlock()
	x.schedules += y.schedules
	for i, n := range y.lent {
		x.lent[i] += n
	}
	x.count(y.sum)
}

// note adds a stage's run.
func (x *tried) note(s stage, stats actors.Stats) {
	if !s.Switches {
		x.lent[s.Lending] += stats.Lent
	}
	x.count(stats)
}

// complete says that every way to lend has lent, and the rest has been seen.
func (x *tried) complete() bool {
	l := x.lent
	return min(l[0], l[1], l[3], l[4], l[5], x.sum.GivenUp, x.sum.Passivated) > 0
}

func (x *tried) count(s actors.Stats) {
	x.sum.Rounds += s.Rounds
	x.sum.GivenUp += s.GivenUp
	x.sum.Passivated += s.Passivated
	x.sum.Messages += s.Messages
}

func (x *tried) log(t *testing.T) {
	t.Logf("%d schedules, %d reads, %d rounds, %d given up, %d passivated, lent by reject %d, direct %d, off %d, all %d, hostile %d, seeded %d", x.schedules,
		x.sum.Messages, x.sum.Rounds, x.sum.GivenUp, x.sum.Passivated, x.lent[0], x.lent[1], x.lent[2], x.lent[3], x.lent[4], x.lent[5])
}

func stagesOf(t *testing.T, name string) *tried {
	seen, x := map[stage]struct{}{}, &tried{}
	check(t, func(d draws) {
		s := newStage(name, d)
		stats, err := s.run(fault.Set{})
		if err != nil {
			panic(err)
		}
		seen[s] = struct{}{}
		x.note(s, stats)
	})
	x.schedules = len(seen)
	return x
}

// TestPolicyFaults: the same checks see broken rules there too.
func TestPolicyFaults(t *testing.T) {
	for name, f := range map[string]fault.Set{
		"O1": {SkipRound: true}, "O2": {FirstInput: true}, "O3": {RunAhead: true}, "O4": {LessorDue: true}, "O5": {Order: true},
		"attempts": {NoAttempt: true}, "credit": {CreditTwice: true}, "rest": {RestOpen: true}, "counts": {NoCount: true}, "giving up": {NoGiveUp: true}, "quota": {NoQuota: true},
	} {
		t.Run(name, func(t *testing.T) {
			if err := caught(f); err == nil {
				t.Errorf("%d schedules do not catch it", tries)
			} else {
				t.Logf("caught at %v", err)
			}
		})
	}
}

func caught(f fault.Set) error {
	for seed := range uint64(tries) {
		for _, name := range toy.Names {
			if _, err := newStage(name, seeded(seed)).run(f); err != nil {
				return fmt.Errorf("%s seed %d: %w", name, seed, err)
			}
		}
	}
	return nil
}
