package actors

import (
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"unsafe"
)

// payload is a kilobyte that travels by pointer, as batches do.
type payload struct{ _ [1024]byte }

// relay passes payloads on.
type relay struct {
	got  chan struct{}
	left int
}

func (r *relay) Push(_ int, p *payload, t *Turn[*payload]) (bool, error) {
	if r.got == nil {
		t.Emit(0, 0, p, Meta{Rows: 1, Bytes: 1024, Time: NoTime})
		return false, nil
	}
	if r.left--; r.left == 0 {
		close(r.got)
	}
	return false, nil
}
func (r *relay) Due(Frontier, bool, int64) bool                  { return false }
func (r *relay) Advance(Frontier, *Turn[*payload]) (bool, error) { return false, nil }
func (r *relay) Resume(*Turn[*payload]) (bool, error)            { return false, nil }

// pump emits n payloads, a Punct after every eighth.
type pump struct {
	relay
	n    int
	one  *payload
	tick uint64
}

func (p *pump) Urgent() int64 { return 0 }
func (p *pump) Poll(t *Turn[*payload]) (bool, error) {
	t.Emit(0, 0, p.one, Meta{Rows: 1, Bytes: 1024, Time: NoTime})
	if p.n--; p.n%8 == 0 {
		p.tick++
		t.Punct(Punct{Tick: p.tick, Watermark: int64(p.tick)})
	}
	return p.n > 0, nil
}

// BenchmarkHop measures one message through one hop of a chain: emit, inbox,
// queue, decision, call, credit. A credit of one message makes every hop a
// switch of actors.
func BenchmarkHop(b *testing.B) {
	for _, workers := range []int{1, 2} {
		for _, actors := range []int{2, 4} {
			for _, credit := range []int64{1, 16 << 10} {
				b.Run(fmt.Sprintf("workers=%d/actors=%d/credit=%d", workers, actors, credit), func(b *testing.B) {
					hop(b, workers, actors, credit)
				})
			}
		}
	}
}

func hop(b *testing.B, workers, actors int, credit int64) {
	rt := New[*payload](Config{Workers: workers})
	defer rt.Close()
	n := max(1, b.N/(actors-1))
	done := make(chan struct{})
	p := &pump{n: n, one: &payload{}}
	refs := []*Ref[*payload]{rt.Add(Spec[*payload]{Outputs: []int{1}, Activate: func() (Behavior[*payload], error) { return p, nil }})}
	for i := 1; i < actors; i++ {
		s := Spec[*payload]{Name: Name{Vertex: i}, Inputs: []int{1}, Outputs: []int{1}}
		r := &relay{}
		if i == actors-1 {
			r.got, r.left, s.Outputs = done, n, nil
		}
		s.Activate = func() (Behavior[*payload], error) { return r, nil }
		refs = append(refs, rt.Add(s))
		rt.Connect(refs[i-1], 0, 0, refs[i], 0, 0, credit)
	}
	b.ReportAllocs()
	b.ResetTimer()
	refs[0].Wake()
	<-done
	b.StopTimer()
	s := rt.Stats()
	b.ReportMetric(float64(s.Runs)/float64(n*(actors-1)), "turns/hop")
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
	for i := 0; b.Loop(); i++ {
		q.pop(-1, false)
		q.push(Rank{Key: keys[i&(1<<12-1)]}, u)
	}
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

// TestIdleSize: a passive actor with one channel in and one out is a kilobyte at
// most; the rest of it goes with its behavior.
func TestIdleSize(t *testing.T) {
	const word = unsafe.Sizeof(uintptr(0))
	size := unsafe.Sizeof(actor[*payload]{}) + unsafe.Sizeof(Mailbox[*payload]{}) +
		unsafe.Sizeof(inChan[*payload]{}) + unsafe.Sizeof(outChan{}) + unsafe.Sizeof(link[*payload]{}) +
		3*word + // tables of channels and ports
		2*word // ports in the Spec
	t.Logf("%d bytes", size)
	if size > 1024 {
		t.Errorf("an idle actor takes %d bytes", size)
	}
}
