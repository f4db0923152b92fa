package actors

import (
	"fmt"
	"math/rand/v2"
	"sync"
	"syscall"
	"testing"
)

// cpu reports what an operation took of the processor, whoever else is there.
func cpu(b *testing.B, run func()) {
	var before, after syscall.Rusage
	syscall.Getrusage(syscall.RUSAGE_SELF, &before)
	run()
	syscall.Getrusage(syscall.RUSAGE_SELF, &after)
	ns := after.Utime.Nano() - before.Utime.Nano() + after.Stime.Nano() - before.Stime.Nano()
	b.ReportMetric(float64(ns)/float64(b.N), "cpu-ns/op")
}

// BenchmarkQueue measures push and pop with ten thousand units waiting.
func BenchmarkQueue(b *testing.B) {
	var q runQueue
	rng := rand.New(rand.NewPCG(1, 1))
	u := &helper[int]{lessor: &actor[int]{}}
	for range 10_000 {
		q.push(Rank{Key: rng.Int64N(1 << 40)}, u)
	}
	keys := make([]int64, 1<<12)
	for i := range keys {
		keys[i] = rng.Int64N(1 << 40)
	}
	b.ReportAllocs()
	b.ResetTimer()
	cpu(b, func() {
		for i := range b.N {
			q.pop(-1, false)
			q.push(Rank{Key: keys[i&(1<<12-1)]}, u)
		}
	})
}

// BenchmarkTwoLevel measures what a message pays for both levels with ten thousand
// waiting: it is delivered to its actor's mailbox, the actor is ranked and queued,
// the most urgent actor is taken, and its most urgent message.
func BenchmarkTwoLevel(b *testing.B) {
	for _, n := range []int{10_000, 1000, 100, 1} {
		for _, lends := range []bool{false, true} {
			b.Run(fmt.Sprintf("actors=%d/messages=%d/lendable=%v", n, 10_000/n, lends), func(b *testing.B) { twoLevel(b, n, lends) })
		}
	}
}

func twoLevel(b *testing.B, actors int, lends bool) {
	l := newLevels(actors, lends)
	b.ReportAllocs()
	b.ResetTimer()
	cpu(b, func() {
		for range b.N {
			l.one()
		}
	})
}

// levels is a worker's queue of actors, each with messages in its mailbox.
type levels struct {
	q    runQueue
	now  int64
	late []int64
	n    int
	desk scratch[int]
}

func newLevels(actors int, lends bool) *levels {
	l := &levels{now: 1e18}
	l.q.lax.width = queueWidth
	rng := rand.New(rand.NewPCG(1, 1))
	s := newScheduling(LeastLaxity{}, nil)
	if lends {
		s.lending = Reject{}
	}
	for range actors {
		u := newBox(s, lends)
		for range 10_000 / actors {
			l.now += 100
			u.deliver(l.now, rng.Int64N(1e6))
		}
		l.q.push(u.rank(u.mb.Urgency(), l.now), u)
	}
	for range 1 << 12 {
		l.late = append(l.late, rng.Int64N(1e6))
	}
	return l
}

// one takes a message from both levels and brings another.
func (l *levels) one() {
	x, _ := l.q.pop(l.now, false)
	u := x.(*box)
	u.mb.takeDesk(&l.desk)
	u.mb.Next(l.now)
	u.mb.Done(false)
	u.mb.Effects()
	u.mb.leaveDesk()
	l.now += 100
	l.n++
	u.deliver(l.now, l.late[l.n&(1<<12-1)])
	l.q.push(u.rank(u.mb.Urgency(), l.now), u)
}

// TestLevelsAllocate: nothing is allocated for a message that passes both levels.
func TestLevelsAllocate(t *testing.T) {
	for _, lends := range []bool{false, true} {
		l := newLevels(100, lends)
		for range 20_000 {
			l.one()
		}
		if n := testing.AllocsPerRun(2000, l.one); n > 0.01 {
			t.Errorf("lendable %v: %.2f allocations a message", lends, n)
		}
	}
}

// box is a unit with a mailbox, whose target is far enough not to be missed. As in
// an actor, all of it is one place in memory.
type box struct {
	s    *scheduling
	load Load
	mb   Mailbox[int]
	ins  [few]inChan[int]
	lend lending[int]
}

func newBox(s *scheduling, lends bool) *box {
	u := &box{s: s}
	u.load.Used = new(Use)
	u.load.SLO.Store(60e6)
	u.load.Cost.Store(1000)
	cfg := MailboxConfig{Inputs: []int{2}, Hooks: u}
	if !lends {
		u.mb.init(cfg, u.ins[:0], nil)
	} else {
		cfg.Lessees = 3
		u.mb.init(cfg, u.ins[:0], &u.lend)
		u.mb.Reach(60e6)
	}
	return u
}

func (u *box) turn(*worker)                        {}
func (u *box) Due(Frontier, bool, int64) bool      { return false }
func (u *box) Lend(Meta, int64) (int, bool)        { return 0, false }
func (u *box) GiveUp(_ *Frontier, now int64) int64 { return now }
func (u *box) rank(key, now int64) Rank {
	r := u.s.Pick(&u.load, key, now)
	if u.s.lending != nil && !r.Shared {
		r.cost, r.now = u.load.Cost.Load()+u.load.Wait.Load(), now
	}
	return r
}

func (u *box) deliver(now, late int64) {
	m := Meta{Rows: 1, Bytes: 8, Time: NoTime, Born: now - late}
	key := u.s.Send(&u.load, m, now)
	if u.mb.lend == nil {
		u.mb.Deliver(int(now/100&1), 1, m, key, now)
		return
	}
	u.mb.DeliverDue(int(now/100&1), 1, m, key, now, u.load.LatestStart(m, now), u.load.Expected(m))
	u.load.Wait.Store(u.mb.Work())
}

// BenchmarkQueues compares one queue for all workers with one each, which others
// look at for something more urgent: the choice between them.
func BenchmarkQueues(b *testing.B) {
	for _, workers := range []int{2, 4, 8, 16} {
		for _, n := range []int{1, workers} {
			b.Run(fmt.Sprintf("workers=%d/queues=%d", workers, n), func(b *testing.B) { queues(b, workers, n) })
		}
	}
}

func queues(b *testing.B, workers, n int) {
	p := &pool{}
	for i := range workers {
		p.workers = append(p.workers, &worker{pool: p, i: i})
	}
	u := &helper[int]{lessor: &actor[int]{}}
	var all sync.WaitGroup
	for i, w := range p.workers {
		all.Go(func() {
			q := &p.workers[i%n].q
			for range 16 {
				q.push(Rank{Key: 1 << 40}, u)
			}
			for k := range int64(b.N / workers) {
				if n > 1 {
					w.victim(q.head.Load(), true)
				}
				q.push(Rank{Key: k<<20 | 1<<40}, u)
				q.pop(-1, false)
			}
		})
	}
	all.Wait()
}
