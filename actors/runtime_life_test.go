package actors_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/dirigo-stream/dirigo/actors"
	"github.com/dirigo-stream/dirigo/actors/internal/toy"
)

// probe is a behavior made of functions; nil ones do nothing.
type probe struct {
	push    func(n int, t *actors.Turn[int]) (bool, error)
	advance func(f actors.Frontier, t *actors.Turn[int]) (bool, error)
	resume  func(t *actors.Turn[int]) (bool, error)
	poll    func(t *actors.Turn[int]) (bool, error)
	wait    func() func(func())
	stay    func() bool
}

func (p *probe) Push(_ int, n int, t *actors.Turn[int]) (bool, error) {
	if p.push == nil {
		return false, nil
	}
	return p.push(n, t)
}

func (p *probe) Advance(f actors.Frontier, t *actors.Turn[int]) (bool, error) {
	if p.advance == nil {
		return false, nil
	}
	return p.advance(f, t)
}

func (p *probe) Resume(t *actors.Turn[int]) (bool, error) { return p.resume(t) }

func (p *probe) Due(actors.Frontier, bool, int64) bool { return p.advance != nil }

func (p *probe) Urgent() int64 { return 0 }

func (p *probe) Poll(t *actors.Turn[int]) (bool, error) { return p.poll(t) }

func (p *probe) Wait() func(func()) {
	if p.wait == nil {
		return nil
	}
	return p.wait()
}

func (p *probe) Passivate() bool { return p.stay == nil || !p.stay() }

func spec(job uint64, v int, in, out int, b func() *probe) actors.Spec[int] {
	s := actors.Spec[int]{
		Name:     actors.Name{Job: job, Vertex: v},
		Activate: func() (actors.Behavior[int], error) { return b(), nil },
	}
	if in > 0 {
		s.Inputs = []int{in}
	}
	if out > 0 {
		s.Outputs = []int{out}
	}
	return s
}

func always(p *probe) func() *probe { return func() *probe { return p } }

func one() actors.Meta { return actors.Meta{Rows: 1, Bytes: 8, Time: actors.NoTime} }

// feed is a poller that emits what it is told to.
type feed struct {
	mu   sync.Mutex
	todo []func(*actors.Turn[int])
	ref  *actors.Ref[int]
}

func (f *feed) add(do ...func(*actors.Turn[int])) {
	f.mu.Lock()
	f.todo = append(f.todo, do...)
	f.mu.Unlock()
	f.ref.Wake()
}

func (f *feed) probe() *probe {
	return &probe{poll: func(t *actors.Turn[int]) (bool, error) {
		f.mu.Lock()
		defer f.mu.Unlock()
		if len(f.todo) > 0 {
			f.todo[0](t)
			f.todo = f.todo[1:]
		}
		return len(f.todo) > 0, nil
	}}
}

func emit(n int) func(*actors.Turn[int]) {
	return func(t *actors.Turn[int]) { t.Emit(0, 0, n, one()) }
}

func punct(tick uint64) func(*actors.Turn[int]) {
	return func(t *actors.Turn[int]) { t.Punct(actors.Punct{Tick: tick, Watermark: int64(tick)}) }
}

func newFeed(rt *actors.Runtime[int], job uint64) *feed {
	f := &feed{}
	f.ref = rt.Add(spec(job, 0, 0, 1, always(f.probe())))
	return f
}

func wait(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(patience); !ok(); time.Sleep(100 * time.Microsecond) {
		if time.Now().After(end) {
			t.Fatalf("%s did not happen", what)
		}
	}
}

// TestManyActors: ten thousand actors exist and run on the workers alone.
func TestManyActors(t *testing.T) {
	const n = 10_000
	before := runtime.NumGoroutine()
	rt := actors.New[int](actors.Config{Workers: 4})
	defer rt.Close()
	var got atomic.Int64
	sink := always(&probe{push: func(int, *actors.Turn[int]) (bool, error) { got.Add(1); return false, nil }})
	var refs []*actors.Ref[int]
	for i := range uint64(n / 2) {
		f := newFeed(rt, i)
		to := rt.Add(spec(i, 1, 1, 0, sink))
		rt.Connect(f.ref, 0, 0, to, 0, 0, 16)
		refs = append(refs, f.ref, to)
		f.add(emit(1), emit(2), emit(3), emit(4))
	}
	most := 0
	wait(t, "the last message", func() bool {
		most = max(most, runtime.NumGoroutine())
		return got.Load() == n/2*4
	})
	if most-before > 90 {
		t.Errorf("%d actors run on %d goroutines", n, most-before)
	}
	rt.Remove(refs...)
}

// TestIdleIsSmall: a passivated actor keeps its mailbox and its place only.
func TestIdleIsSmall(t *testing.T) {
	const n = 5_000
	rt := actors.New[int](actors.Config{Workers: 2, IdleAfter: time.Millisecond})
	defer rt.Close()
	heap := func() uint64 {
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	before := heap()
	refs := make([]*actors.Ref[int], 0, n)
	feeds := make([]*feed, 0, n/2)
	for i := range uint64(n / 2) {
		f := newFeed(rt, i)
		to := rt.Add(spec(i, 1, 1, 0, func() *probe { return &probe{} }))
		rt.Connect(f.ref, 0, 0, to, 0, 0, 1<<20)
		refs, feeds = append(refs, f.ref, to), append(feeds, f)
		f.add(emit(1), punct(1))
	}
	wait(t, "passivation", func() bool {
		for _, r := range refs {
			if s := r.Stats(); s.Passivated == 0 || s.Passivated != s.Activated {
				return false
			}
		}
		return true
	})
	each := (heap() - before) / n
	t.Logf("%d bytes an idle actor (feeds, links and names of this test included)", each)
	if each > 1500 {
		t.Errorf("an idle actor takes %d bytes", each)
	}
	runtime.KeepAlive(feeds)
}

// TestIdleIsQuiet: without work no timer is set and no worker wakes up, though an
// actor in memory refuses to leave it.
func TestIdleIsQuiet(t *testing.T) {
	rt := actors.New[int](actors.Config{Workers: 3, IdleAfter: time.Millisecond, Lending: &actors.LendAll{}})
	defer rt.Close()
	f := newFeed(rt, 1)
	refuse := always(&probe{stay: func() bool { return true }})
	to := rt.Add(spec(1, 1, 1, 0, refuse))
	rt.Connect(f.ref, 0, 0, to, 0, 0, 100)
	f.add(emit(1), punct(1))
	wait(t, "passivation", func() bool { return f.ref.Stats().Passivated == 1 && to.Stats().Messages == 1 })
	wait(t, "a pause of 50 ms", func() bool {
		before := rt.Stats()
		time.Sleep(50 * time.Millisecond)
		return rt.Stats() == before && rt.Armed() == 0
	})
}

// TestPassivation: the frontier and what was credited outlive the behavior.
func TestPassivation(t *testing.T) {
	rt := actors.New[int](actors.Config{Workers: 2, IdleAfter: time.Millisecond})
	defer rt.Close()
	f := newFeed(rt, 1)
	var mu sync.Mutex
	var seen []actors.Punct
	made := 0
	to := rt.Add(spec(1, 1, 1, 0, func() *probe {
		mu.Lock()
		defer mu.Unlock()
		made++
		return &probe{advance: func(fr actors.Frontier, _ *actors.Turn[int]) (bool, error) {
			mu.Lock()
			defer mu.Unlock()
			seen = append(seen, fr.Punct)
			return false, nil
		}}
	}))
	rt.Connect(f.ref, 0, 0, to, 0, 0, 8)
	for tick := uint64(1); tick <= 3; tick++ {
		f.add(emit(1), punct(tick))
		wait(t, "passivation", func() bool { return to.Stats().Passivated == int64(tick) })
	}
	mu.Lock()
	defer mu.Unlock()
	if made != 3 || len(seen) != 3 || seen[0].Tick != 1 || seen[2].Tick != 3 || seen[2].Watermark != 3 {
		t.Errorf("made %d times, advanced to %+v", made, seen)
	}
}

// TestFailure: an error or a panic stops one actor, is told once, and lets those
// above go on: what comes to the failed one is discarded with its credit.
func TestFailure(t *testing.T) {
	for _, how := range []string{"error", "panic"} {
		t.Run(how, func(t *testing.T) {
			failed := make(chan error, 10)
			rt := actors.New[int](actors.Config{Workers: 2})
			defer rt.Close()
			boom := errors.New("boom")
			f := newFeed(rt, 1)
			failing := spec(1, 1, 1, 0, always(&probe{push: func(n int, _ *actors.Turn[int]) (bool, error) {
				if n == 3 && how == "panic" {
					panic(boom)
				}
				if n == 3 {
					return false, boom
				}
				return false, nil
			}}))
			failing.Failed = func(err error) { failed <- err }
			to := rt.Add(failing)
			rt.Connect(f.ref, 0, 0, to, 0, 0, 1)
			last := make(chan struct{})
			for i := range 100 {
				f.add(emit(i), punct(uint64(i+1)))
			}
			f.add(func(*actors.Turn[int]) { close(last) })
			select {
			case <-last:
			case <-time.After(patience):
				t.Fatal("the feed hangs")
			}
			err := <-failed
			if how == "error" && !errors.Is(err, boom) || how == "panic" && !strings.Contains(err.Error(), "runtime_life_test.go") {
				t.Errorf("told of %v", err)
			}
			posted := make(chan error)
			to.Post(0, func(_ actors.Behavior[int], err error) { posted <- err })
			if err := <-posted; err == nil {
				t.Error("a post to a failed actor got no error")
			}
			if len(failed) > 0 {
				t.Error("told twice")
			}
		})
	}
}

// TestPost: posts run between messages, in order, not while a call has more to
// emit, and activate the actor.
func TestPost(t *testing.T) {
	rt := actors.New[int](actors.Config{Workers: 2})
	defer rt.Close()
	f := newFeed(rt, 1)
	var log []string // of the turn
	left := 0
	started, next := make(chan struct{}), make(chan struct{})
	p := &probe{
		push: func(n int, _ *actors.Turn[int]) (bool, error) {
			log = append(log, "push")
			left = 3
			close(started)
			<-next
			return true, nil
		},
		resume: func(*actors.Turn[int]) (bool, error) {
			log = append(log, "resume")
			left--
			return left > 0, nil
		},
	}
	to := rt.Add(spec(1, 1, 1, 0, always(p)))
	rt.Connect(f.ref, 0, 0, to, 0, 0, 1)
	got := make(chan actors.Behavior[int], 1)
	to.Post(0, func(b actors.Behavior[int], err error) { got <- b })
	if b := <-got; b != p {
		t.Fatalf("the post got %v", b)
	}
	f.add(emit(1))
	<-started
	done := make(chan struct{})
	for i := range 3 {
		to.Post(0, func(actors.Behavior[int], error) { log = append(log, fmt.Sprint("post ", i)) })
	}
	to.Post(0, func(actors.Behavior[int], error) { close(done) })
	close(next)
	<-done
	if s := strings.Join(log, ","); s != "push,resume,resume,resume,post 0,post 1,post 2" {
		t.Error(s)
	}
	rt.Remove(to)
	errs := make(chan error)
	to.Post(0, func(_ actors.Behavior[int], err error) { errs <- err })
	if err := <-errs; !errors.Is(err, actors.ErrRemoved) {
		t.Errorf("after Remove: %v", err)
	}
}

// TestWait: a behavior that waits for something outside is left alone until that
// is there, and resumed if it had more.
func TestWait(t *testing.T) {
	rt := actors.New[int](actors.Config{Workers: 2})
	defer rt.Close()
	f := newFeed(rt, 1)
	readies := make(chan func(), 10)
	waits := false
	var log []string
	done := make(chan struct{})
	p := &probe{
		push: func(n int, _ *actors.Turn[int]) (bool, error) {
			log = append(log, fmt.Sprint(n))
			waits = true
			if n == 2 {
				close(done)
			}
			return n == 1, nil
		},
		resume: func(*actors.Turn[int]) (bool, error) { log = append(log, "resume"); return false, nil },
		wait: func() func(func()) {
			if !waits {
				return nil
			}
			waits = false
			return func(ready func()) { readies <- ready }
		},
	}
	to := rt.Add(spec(1, 1, 1, 0, always(p)))
	rt.Connect(f.ref, 0, 0, to, 0, 0, 1000)
	f.add(emit(1), emit(2))
	ready := <-readies
	posted := make(chan struct{})
	to.Post(0, func(actors.Behavior[int], error) { log = append(log, "post"); close(posted) })
	select {
	case <-posted:
		t.Fatal("something ran while it waited")
	case <-time.After(5 * time.Millisecond):
	}
	ready()
	ready() // once is enough
	<-done
	<-posted
	if s := strings.Join(log, ","); s != "1,resume,post,2" {
		t.Error(s)
	}
}

// TestRemoveUnderLoad: actors can go at any moment, whatever flows between them
// and whatever is lent; afterwards nothing of them runs.
func TestRemoveUnderLoad(t *testing.T) {
	for seed := range uint64(20) {
		rng := rand.New(rand.NewPCG(seed, 3))
		rt := actors.New[*toy.Batch](actors.Config{Workers: 3, Lending: &actors.LendAll{}, Fuel: 1})
		var running atomic.Int64
		gone := atomic.Bool{}
		g := toy.Random(toy.Names[seed%uint64(len(toy.Names))], rng, 200)
		quota := &actors.Quota{Limit: 100}
		b := toy.Build(rt, g, seed, quota, func() int64 { return 1 + rng.Int64N(4) }, toy.Observer{
			Show: func(int, int, toy.Shown) {
				running.Add(1)
				if gone.Load() {
					t.Error("runs after Remove")
				}
			},
		})
		for _, s := range b.Sources {
			s.Wake()
		}
		for n := rng.Int64N(20); running.Load() < n; {
			runtime.Gosched()
		}
		rt.Remove(b.All...)
		gone.Store(true)
		if quota.Used() != 0 {
			t.Errorf("seed %d: %d bytes of the quota are not back", seed, quota.Used())
		}
		rt.Close()
	}
}

// TestPath: what a message costs downstream comes back upstream with credit.
func TestPath(t *testing.T) {
	rt := actors.New[int](actors.Config{Workers: 2})
	defer rt.Close()
	f := newFeed(rt, 1)
	mid := rt.Add(spec(1, 1, 1, 1, always(&probe{push: func(n int, t *actors.Turn[int]) (bool, error) {
		t.Emit(0, 0, n, one())
		return false, nil
	}})))
	const n = 2000
	var got atomic.Int64
	last := rt.Add(spec(1, 2, 1, 0, always(&probe{push: func(int, *actors.Turn[int]) (bool, error) {
		for end := time.Now().Add(2 * time.Microsecond); time.Now().Before(end); {
		}
		got.Add(1)
		return false, nil
	}})))
	rt.Connect(f.ref, 0, 0, mid, 0, 0, 1)
	rt.Connect(mid, 0, 0, last, 0, 0, 1)
	for i := range n {
		f.add(emit(i))
	}
	wait(t, "the last message", func() bool { return got.Load() == n })
	if p := f.ref.Stats().Path; p < 2*time.Microsecond {
		t.Errorf("the first actor hears of %v downstream", p)
	}
	if p := last.Stats().Path; p != 0 {
		t.Errorf("the last one hears of %v", p)
	}
}

// TestUrgentFirst: with one worker, messages of an actor with a deadline run
// before those of one without, and a quantum does not starve it.
func TestUrgentFirst(t *testing.T) {
	rt := actors.New[int](actors.Config{Workers: 1})
	defer rt.Close()
	var mu sync.Mutex
	var order []string
	note := func(name string) func() *probe {
		return always(&probe{push: func(int, *actors.Turn[int]) (bool, error) {
			mu.Lock()
			defer mu.Unlock()
			order = append(order, name)
			return false, nil
		}})
	}
	src := rt.Add(actors.Spec[int]{
		Name: actors.Name{Job: 1}, Outputs: []int{1, 1, 1},
		Activate: func() (actors.Behavior[int], error) {
			return &probe{poll: func(t *actors.Turn[int]) (bool, error) {
				for port := range 3 {
					t.Emit(port, 0, 1, one())
				}
				return false, nil
			}}, nil
		},
	})
	for i, x := range []struct {
		name string
		slo  time.Duration
	}{{"none", 0}, {"slow", time.Hour}, {"fast", time.Minute}} {
		a := rt.Add(spec(uint64(i+2), 1, 1, 0, note(x.name)))
		a.SetSLO(x.slo)
		rt.Connect(src, i, 0, a, 0, 0, 100)
	}
	src.Wake()
	wait(t, "three messages", func() bool { mu.Lock(); defer mu.Unlock(); return len(order) == 3 })
	if s := strings.Join(order, ","); s != "fast,slow,none" {
		t.Error(s)
	}
}
