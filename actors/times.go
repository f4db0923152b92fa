package actors

import (
	"math/bits"
	"sync/atomic"
	"time"
)

// Times is a histogram of how long messages took at an actor, from their arrival
// to the end of their run (what a Poller reads: of the run alone), since it came
// to memory: four buckets to each power of two, from 1 µs on.
type Times [80]int64

// Quantile returns the upper bound of the bucket in which the q-th part lies; 0:
// there was no message.
func (t *Times) Quantile(q float64) time.Duration {
	total := int64(0)
	for _, n := range t {
		total += n
	}
	want := int64(q * float64(total))
	for i, n := range t {
		if want -= n; n > 0 && want < 0 {
			return timesTop(i)
		}
	}
	return 0
}

// timesOf returns the bucket of a time in ns.
func timesOf(ns int64) int {
	us := uint64(max(ns, 0)) / 1000
	if us < 4 {
		return int(us)
	}
	exp := bits.Len64(us) - 3 // us>>exp is in [4, 8)
	return min(len(Times{})-1, exp*4+int(us>>exp))
}

// timesTop returns the upper bound of a bucket.
func timesTop(i int) time.Duration {
	if i < 8 {
		return time.Duration(i+1) * time.Microsecond
	}
	exp := i/4 - 1
	return time.Duration(i%4+5) << exp * time.Microsecond
}

// times counts for Times, in the actor's turn.
type times [80]atomic.Uint32

// spent notes what a message took.
func (a *actor[P]) spent(ns int64) {
	t := a.times.Load()
	if t == nil {
		t = new(times)
		a.times.Store(t)
	}
	t[timesOf(ns)].Add(1)
}

// AddTimes adds what the actor's messages took to a histogram.
func (r *Ref[P]) AddTimes(to *Times) {
	if t := r.a.times.Load(); t != nil {
		for i := range t {
			to[i] += int64(t[i].Load())
		}
	}
}
