package actors

import (
	"fmt"
	"math/rand/v2"
	"testing"
)

// BenchmarkDecide measures the whole decision whether to lend a message, with ten
// thousand waiting at the lessor, and ten thousand at each other worker: slack
// here, price, the test there.
func BenchmarkDecide(b *testing.B) {
	for _, name := range []string{"reject", "direct"} {
		for _, late := range []bool{false, true} {
			b.Run(fmt.Sprintf("%s/tight=%v", name, late), func(b *testing.B) { decide(b, name, late) })
		}
	}
}

func decide(b *testing.B, name string, tight bool) {
	a, m := newDecision(b, name, tight)
	lent, now := 0, a.w.now
	b.ReportAllocs()
	b.ResetTimer()
	cpu(b, func() {
		for i := range b.N {
			a.w.now = now + int64(i&0xffff)
			if _, ok := a.Lend(m, a.w.now); ok {
				lent++
			}
		}
	})
	b.ReportMetric(float64(lent)/float64(b.N), "lent/op")
}

// newDecision returns an actor with ten thousand messages, and a message of which
// it must be decided whether it is lent; tight: they come to more than can be done
// in time.
func newDecision(b testing.TB, name string, tight bool) (*actor[int], Meta) {
	lending, err := LendingNamed(name)
	if err != nil {
		b.Fatal(err)
	}
	const now = int64(1e18)
	rt := New[int](Config{Workers: 4, Virtual: NewVirtual(now), Lending: lending})
	b.Cleanup(rt.Close)
	above := rt.Add(Spec[int]{Name: Name{Vertex: 0}, Outputs: []int{1}})
	ref := rt.Add(Spec[int]{Name: Name{Vertex: 1}, Inputs: []int{1}, Lendable: true})
	rt.Connect(above, 0, 0, ref, 0, 0, 1<<40)
	a := ref.a
	a.load.SLO.Store(60e6)
	a.load.Cost.Store(9_000)
	a.w = rt.workers.workers[0]
	a.w.now = now
	a.mb.Reach(a.reach(rt.policy()))
	step, cost := int64(60e6/10_000), int64(100)
	if tight {
		cost = 9_000
	}
	for i := range int64(10_000) {
		m := Meta{Rows: 1, Bytes: 8, Time: NoTime, Born: now - 30e6 + i*step}
		a.mb.DeliverDue(0, 0, m, a.load.LatestStart(m, now), now, a.load.LatestStart(m, now), cost)
	}
	rng := rand.New(rand.NewPCG(1, 1))
	for _, w := range rt.workers.workers {
		for range 10_000 {
			w.q.push(Rank{Key: now + rng.Int64N(60e6), cost: 1 + cost/10, now: now}, &helper[int]{lessor: a})
		}
	}
	return a, Meta{Rows: 1, Bytes: 8, Time: NoTime, Born: now}
}

// TestDecisionAllocates: nothing is allocated to decide.
func TestDecisionAllocates(t *testing.T) {
	for _, name := range []string{"reject", "direct"} {
		a, m := newDecision(t, name, true)
		if n := testing.AllocsPerRun(1000, func() { a.Lend(m, a.w.now) }); n > 0.01 {
			t.Errorf("%s: %.2f allocations a decision", name, n)
		}
	}
}

// BenchmarkLend measures the mailbox's part of lending one message: decision,
// bookkeeping, report, and its share of the round.
func BenchmarkLend(b *testing.B) {
	h := &lendAlways{}
	mb := NewMailbox[int](MailboxConfig{Inputs: []int{1}, Lessees: 2, Hooks: h})
	tick := uint64(0)
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		mb.Deliver(0, i, Meta{Rows: 1, Bytes: 8, Time: NoTime}, 0, 0)
		mb.Next(0)
		for _, e := range mb.Effects() {
			if e.Kind == EffectLend {
				mb.Ran(Ran{Round: e.Lent.Round, Seq: e.Lent.Seq, Lessee: e.Lent.Lessee})
			}
		}
		if i%16 == 15 {
			tick++
			mb.DeliverPunct(0, Punct{Tick: tick}, ClosesRows, 0, 0)
			mb.Next(0)
			for _, e := range mb.Effects() {
				if e.Kind == EffectCollect {
					mb.Merge(Partial{Round: e.Collect.Round, Count: e.Collect.Count, Lessee: e.Collect.Lessee})
				}
			}
			for c := mb.Next(0); c != nil; c = mb.Next(0) {
				mb.Done(false)
			}
			mb.Effects()
		}
	}
}

type lendAlways struct{ n int }

func (l *lendAlways) Due(Frontier, bool, int64) bool    { return true }
func (l *lendAlways) Lend(Meta, int64) (int, bool)      { l.n++; return l.n & 1, true }
func (l *lendAlways) GiveUp(_ *Frontier, _ int64) int64 { return 1 << 60 }
