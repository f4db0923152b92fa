package actors

import (
	"fmt"
	"runtime"
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
					b.ReportAllocs()
					n := max(1, b.N/(actors-1))
					s := hop(n, workers, actors, credit, b.ResetTimer)
					b.StopTimer()
					b.ReportMetric(float64(s.Runs)/float64(n*(actors-1)), "turns/hop")
				})
			}
		}
	}
}

// TestTurnsAllocateNothing: with a credit of one message every message is a turn,
// queued anew.
func TestTurnsAllocateNothing(t *testing.T) {
	const messages = 20_000
	for _, workers := range []int{1, 2} {
		var before, after runtime.MemStats
		hop(messages, workers, 3, 1, func() { runtime.ReadMemStats(&before) })
		runtime.ReadMemStats(&after)
		if n := after.Mallocs - before.Mallocs; n > messages/10 {
			t.Errorf("%d workers: %d allocations for %d messages over two hops", workers, n, messages)
		}
	}
}

// hop sends n messages through a chain, and returns what the runtime did from
// begin on.
func hop(n, workers, actors int, credit int64, begin func()) RuntimeStats {
	rt := New[*payload](Config{Workers: workers})
	defer rt.Close()
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
	begin()
	refs[0].Wake()
	<-done
	return rt.Stats()
}

// TestIdleSize: a passive actor with one channel in and one out is a kilobyte at
// most; the rest of it goes with its behavior.
func TestIdleSize(t *testing.T) {
	const word = unsafe.Sizeof(uintptr(0))
	size := unsafe.Sizeof(actor[*payload]{}) + few*unsafe.Sizeof(inChan[*payload]{}) +
		unsafe.Sizeof(outChan{}) + unsafe.Sizeof(link[*payload]{}) +
		3*word + // tables of channels and ports
		2*word // ports in the Spec
	t.Logf("%d bytes", size)
	if size > 1024 {
		t.Errorf("an idle actor takes %d bytes", size)
	}
}
