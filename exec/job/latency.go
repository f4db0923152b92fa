package job

import (
	"math/bits"
	"sync/atomic"
	"time"
)

// latencies is a histogram of durations in log-linear buckets: eight to each
// power of two, so that a quantile is off by at most 12 %. It also counts how
// many kept the target of their time.
type latencies struct {
	target   atomic.Int64 // ns; 0: none
	kept     atomic.Int64
	total    atomic.Int64
	sum, max atomic.Int64
	octaves  atomic.Pointer[octaves]     // nil: there was no result
	recent   atomic.Pointer[recentShare] // the same
}

// octaves are the buckets of a histogram, made as they are needed: of ten
// thousand queries most have seen few durations, or none.
type octaves [latencyBuckets / latencySteps]atomic.Pointer[[latencySteps]atomic.Int64]

// made returns what p points to, made if need be.
func made[T any](p *atomic.Pointer[T]) *T {
	if v := p.Load(); v != nil {
		return v
	}
	p.CompareAndSwap(nil, new(T))
	return p.Load()
}

// add counts n in bucket i.
func (o *octaves) add(i int, n int64) { made(&o[i/latencySteps])[i%latencySteps].Add(n) }

// counts returns all buckets.
func (o *octaves) counts() (out [latencyBuckets]int64) {
	if o == nil {
		return out
	}
	for i := range o {
		if steps := o[i].Load(); steps != nil {
			for j := range steps {
				out[i*latencySteps+j] = steps[j].Load()
			}
		}
	}
	return out
}

const (
	latencySteps   = 8
	latencyBuckets = 48 * latencySteps
)

// bucketOf returns the bucket of a duration in microseconds.
func bucketOf(us uint64) int {
	if us < latencySteps {
		return int(us)
	}
	exp := bits.Len64(us) - 4 // us>>exp is in [8, 16)
	return min(latencyBuckets-1, (exp+1)*latencySteps+int(us>>exp)-latencySteps)
}

// bucketTop returns the upper bound of a bucket in microseconds.
func bucketTop(i int) uint64 {
	if i < latencySteps {
		return uint64(i + 1)
	}
	exp := i/latencySteps - 1
	return uint64(i%latencySteps+latencySteps+1) << exp
}

// observe counts rows results that took d, seen at now (Unix ns).
func (l *latencies) observe(d time.Duration, rows, now int64) {
	d = max(d, 0)
	made(&l.octaves).add(bucketOf(uint64(d.Microseconds())), rows)
	l.total.Add(rows)
	l.sum.Add(int64(d) * rows)
	kept := int64(0)
	if t := l.target.Load(); t == 0 || int64(d) <= t {
		kept = rows
		l.kept.Add(rows)
	}
	made(&l.recent).add(now, kept, rows)
	for {
		old := l.max.Load()
		if int64(d) <= old || l.max.CompareAndSwap(old, int64(d)) {
			return
		}
	}
}

// attained returns the share of results within the target of their time.
func (l *latencies) attained() float64 {
	total := l.total.Load()
	if total == 0 {
		return 1
	}
	return float64(l.kept.Load()) / float64(total)
}

// misses returns how many results did not keep the target of their time.
func (l *latencies) misses() int64 { return max(0, l.total.Load()-l.kept.Load()) }

// recently is attained over the last so many ns.
func (l *latencies) recently(now int64, last time.Duration) float64 {
	r := l.recent.Load()
	if r == nil {
		return 1
	}
	return r.share(now, last)
}

// bounds of what the metrics show, in seconds.
var latencyBounds = []float64{
	.0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30, 60,
}

// snapshot returns the histogram for people and metrics.
func (l *latencies) snapshot() Latency {
	out := Latency{
		Bounds: latencyBounds, Counts: make([]uint64, len(latencyBounds)+1),
		Sum: time.Duration(l.sum.Load()), Max: time.Duration(l.max.Load()),
	}
	if l.total.Load() == 0 {
		return out
	}
	counts, total, at := l.octaves.Load().counts(), int64(0), 0
	for i, n := range counts {
		total += n
		for at < len(latencyBounds) && float64(bucketTop(i))/1e6 > latencyBounds[at] {
			at++
		}
		out.Counts[at] += uint64(n)
	}
	quantile := func(q float64) time.Duration {
		want, seen := int64(q*float64(total)), int64(0)
		for i, n := range counts {
			if seen += n; n > 0 && seen > want {
				return min(out.Max, time.Duration(bucketTop(i))*time.Microsecond)
			}
		}
		return out.Max
	}
	if total > 0 {
		out.P50, out.P95, out.P99 = quantile(.5), quantile(.95), quantile(.99)
	}
	return out
}
