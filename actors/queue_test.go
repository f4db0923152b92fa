package actors

import (
	"math/rand/v2"
	"testing"
)

// word is a unit that stands for itself.
type word struct {
	name string
	load Load
}

func (*word) turn(*worker) {}

func (w *word) rank(key, now int64) Rank { return LeastLaxity{}.Pick(&w.load, key, now) }

func newWord(name string, slo, used int64) *word {
	w := &word{name: name}
	w.load.Used = new(Use)
	w.load.SLO.Store(slo)
	w.load.Used.Total.Store(used)
	return w
}

// TestHeap: entries come out by key.
func TestHeap(t *testing.T) {
	for seed := range uint64(50) {
		rng := rand.New(rand.NewPCG(seed, 0))
		var h heap4[int]
		for range rng.IntN(200) {
			h.push(entry[int]{key: rng.Int64N(50)})
			if rng.IntN(3) == 0 {
				h.pop()
			}
		}
		for last := int64(-1); len(h) > 0; {
			e := h.pop()
			if e.key < last {
				t.Fatalf("seed %d: %d after %d", seed, e.key, last)
			}
			last = e.key
		}
	}
}

// TestOverload: what can still meet its deadline comes first, by latest start;
// what cannot comes by share with the best effort, not first because it is late.
func TestOverload(t *testing.T) {
	var q runQueue
	add := func(w *word, key int64) { q.push(w.rank(key, -1<<62), w) }
	add(newWord("late", 10, 500), 50)
	add(newWord("best effort", 0, 100), 1)
	add(newWord("second", 10, 900), 300)
	add(newWord("first", 10, 900), 200)
	for i, want := range []string{"first", "second", "best effort", "late"} {
		u, shared := q.pop(100, false)
		if got := u.(*word).name; got != want || shared != (i > 1) {
			t.Errorf("%d: %s (shared %v), want %s", i, got, shared, want)
		}
	}
	if u, _ := q.pop(100, false); u != nil || q.size.Load() != 0 {
		t.Error("something is left")
	}
}

// TestMinimumShare: best-effort work gets its part beside urgent work that never
// ends, and what was idle does not come with savings.
func TestMinimumShare(t *testing.T) {
	w := &worker{pool: &pool{}}
	w.pool.workers = []*worker{w}
	urgent, shared := newWord("urgent", 10, 0), newWord("shared", 0, 0)
	runs := map[string]int{}
	w.q.push(shared.rank(0, 0), shared)
	w.q.push(urgent.rank(1e9, 0), urgent)
	for range 9000 {
		u, s := w.pick(0)
		runs[u.(*word).name]++
		w.ran = 0
		w.account(1000, s)
		w.q.push(u.rank(1e9, 0), u)
	}
	if got := runs["shared"]; got < 9000/9-50 || got > 9000/9+50 {
		t.Errorf("best effort ran %d times of 9000", got)
	}
	old, idle := newWord("old", 0, 1_000_000), newWord("idle", 0, 0)
	q := &runQueue{floor: 999_000}
	q.push(old.rank(0, 0), old)
	q.push(idle.rank(0, 0), idle)
	if q.shared[0].key < 999_000 {
		t.Errorf("an idle query comes with %d", q.shared[0].key)
	}
}

// TestMinimumElsewhere: shared work has its part of every worker, also where it
// waits in another one's queue, and of two the query that has used less goes first.
func TestMinimumElsewhere(t *testing.T) {
	p := &pool{}
	for i := range 2 {
		w := &worker{pool: p, i: i}
		w.q.publish()
		p.workers = append(p.workers, w)
	}
	w, far := p.workers[0], p.workers[1]
	urgent := newWord("urgent", 10, 0)
	old, young := newWord("old", 0, 90e6), newWord("young", 0, 10e6)
	runs := map[string]int{}
	w.q.push(urgent.rank(1e9, 0), urgent)
	w.q.push(old.rank(0, 0), old)
	far.q.push(young.rank(0, 0), young)
	for range 900 {
		u, s := w.pick(0)
		x := u.(*word)
		runs[x.name]++
		w.ran = 0
		w.account(1000, s)
		x.load.Used.Total.Add(1000)
		w.q.push(x.rank(1e9, 0), x)
	}
	if runs["old"] > 0 || runs["young"] < 90 || runs["young"] > 110 {
		t.Errorf("ran %v of 900", runs)
	}
}

// TestMedian: the running median is near the true one, and a few huge values do
// not move it.
func TestMedian(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	var m median
	for i := range 2000 {
		x := 900 + rng.Int64N(200)
		if i%5 == 0 {
			x *= 1000 // taken away by the system
		}
		m.add(x)
	}
	if m < 850 || m > 1200 {
		t.Errorf("median %d, want about 1000", m)
	}
}
