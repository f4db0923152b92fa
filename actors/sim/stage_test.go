package sim_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/dirigo-stream/dirigo/actors"
	"github.com/dirigo-stream/dirigo/actors/internal/fault"
	"github.com/dirigo-stream/dirigo/actors/internal/toy"
)

// stage is a scenario for the whole runtime in virtual time: its queues, mailboxes,
// policies, lending, stealing, alarms and passivations, and calls that take time.
type stage struct {
	Topology        string
	Seed            uint64
	Rows, Fuel      int
	Workers         int
	Policy, Lending int
	SLO             time.Duration
	Call            int64 // ns that a call takes, about
	Gap             int64 // ns between two entries of a source, about
	Credit, Quota   int64
	Stalls, Loses   bool
	Switches        bool // to another policy and lending in mid-run
}

const lendings = 6

func newStage(topology string, draw draws) stage {
	pick := func(label string, of ...int64) int64 { return of[draw(len(of), label)] }
	s := stage{Topology: topology, Seed: uint64(draw(1<<31, "seed"))<<31 + uint64(draw(1<<31, "and"))}
	s.Rows = 2 + 2*draw(16, "rows")
	s.Fuel = 1 + draw(2, "fuel")
	s.Workers = 1 + draw(4, "workers")
	s.Policy = draw(len(actors.PolicyNames)+1, "policy")
	s.Lending = draw(lendings, "lending")
	s.SLO = time.Duration(pick("slo", 0, 1, 50, 400)) * time.Microsecond
	s.Call = pick("call", 1_000, 20_000, 60_000)
	s.Gap = pick("gap", 0, 2_000, 100_000, 5_000_000)
	s.Credit = pick("credit", 3, 1, 20, 1000)
	s.Quota = pick("quota", 60, 2, 6, 1000)
	s.Stalls = draw(2, "stalls") == 1
	s.Loses = draw(2, "loses") == 1
	s.Switches = draw(4, "switches") == 1
	return s
}

func (s stage) policy(n int) actors.Policy {
	if n == len(actors.PolicyNames) {
		return hostile{}
	}
	p, _ := actors.PolicyNamed(actors.PolicyNames[n])
	return p
}

func (s stage) lending(n int) actors.Lending {
	switch n {
	case 3:
		return &actors.LendAll{}
	case 4:
		return hostile{}
	case 5:
		return actors.SeededLending(s.Seed, .6)
	}
	l, _ := actors.LendingNamed(actors.LendingNames[n])
	return l
}

// run plays a stage and returns what is wrong with it.
func (s stage) run(f fault.Set) (actors.Stats, error) {
	return s.runWith(f, s.policy(s.Policy), s.lending(s.Lending))
}

func (s stage) runWith(f fault.Set, policy actors.Policy, lending actors.Lending) (sum actors.Stats, err error) {
	rng := rand.New(rand.NewPCG(s.Seed, 19))
	g := toy.Random(s.Topology, rng, s.Rows)
	g.Faults, g.Paced = f, true
	v := actors.NewVirtual(1_000_000_000)
	log, quota := toy.NewLog(g), &actors.Quota{Limit: s.Quota}
	most := int64(0)
	stalls, idle := 2, 20_000+rng.Int64N(200_000)
	if s.Stalls {
		idle *= 100
	}
	g.Spend = func(lessee bool) {
		v.Spend(1 + rng.Int64N(s.Call))
		most = max(most, quota.Used())
		if lessee && s.Stalls && stalls > 0 && rng.IntN(4) == 0 {
			stalls--
			v.Spend(int64(3 * time.Second)) // its worker is taken away
		}
	}
	v.Carry = func() []int64 { return s.travels(rng) }
	rt := actors.New[*toy.Batch](actors.Config{
		Workers: s.Workers, Virtual: v, Fuel: s.Fuel, Policy: policy, Lending: lending,
		IdleAfter: time.Duration(idle), LentFor: time.Duration(1 + rng.Int64N(1_000_000)), Faults: f,
	})
	defer rt.Close()
	b := toy.Build(rt, g, 1, quota, func() int64 { return 1 + rng.Int64N(s.Credit) }, log.Observer())
	for i, ref := range b.All {
		if i == 0 || rng.IntN(3) > 0 {
			ref.SetSLO(s.SLO)
		}
	}
	s.script(rt, v, rng, b)
	rt.Drive(v.Now() + int64(time.Hour))
	for _, ref := range b.All {
		x := ref.Stats()
		sum.Lent, sum.Merged, sum.GivenUp, sum.Rounds = sum.Lent+x.Lent, sum.Merged+x.Merged, sum.GivenUp+x.GivenUp, sum.Rounds+x.Rounds
		sum.Passivated += x.Passivated
		if x.Queued != 0 || x.Lessees != 0 {
			err = errors.Join(err, fmt.Errorf("%v: %d bytes wait, %d lessees at the end", ref.Name(), x.Queued, x.Lessees))
		}
	}
	if quota.Used() != 0 || most > quota.Limit {
		err = errors.Join(err, fmt.Errorf("%d bytes of the quota of %d are in use at the end, %d were", quota.Used(), quota.Limit, most))
	}
	sum.Messages = int64(log.Reads())
	return sum, errors.Join(b.Books.Err(), err, log.Check())
}

// travels is how a message between lessor and lessee travels.
func (s stage) travels(rng *rand.Rand) []int64 {
	if !s.Loses {
		return []int64{0}
	}
	switch rng.IntN(12) {
	case 0:
		return nil
	case 1:
		return []int64{rng.Int64N(100_000), rng.Int64N(100_000)}
	}
	return []int64{rng.Int64N(1 + rng.Int64N(100_000))}
}

// script wakes the sources now and then, reads the view, and changes the policy.
func (s stage) script(rt *actors.Runtime[*toy.Batch], v *actors.Virtual, rng *rand.Rand, b *toy.Built[*actors.Ref[*toy.Batch]]) {
	for i, src := range b.Sources {
		var wake func()
		gap, left := s.Gap+1, 0
		wake = func() {
			if now := b.Left(i); now == left { // it is held up
				gap *= 2
			} else {
				left, gap = now, s.Gap+1
			}
			if src.Wake(); left > 0 {
				rt.At(v.Now()+1+rng.Int64N(gap), wake)
			}
		}
		rt.At(v.Now()+rng.Int64N(s.Gap+1), wake)
	}
	view := b.Refs[len(b.Refs)-1]
	for range 2 {
		at := v.Now() + rng.Int64N(20*s.Gap+100_000)
		ref := view[rng.IntN(len(view))]
		rt.At(at, func() {
			ref.Post(at+rng.Int64N(100_000), func(b actors.Behavior[*toy.Batch], err error) {
				if err == nil {
					b.(interface{ Read() }).Read()
				}
			})
		})
	}
	if s.Switches {
		rt.At(v.Now()+rng.Int64N(20*s.Gap+100_000), func() {
			rt.Schedule(s.policy(rng.IntN(len(actors.PolicyNames)+1)), s.lending(rng.IntN(lendings)))
		})
	}
}
