package actors

import "math/bits"

// laxity is work that waits, by latest start: how much of it falls into each of
// so many spans of time. What must be known to take one message more (does it
// start in time behind what is more urgent, and does all that is less urgent
// still?) is one pass over the spans, however many messages wait.
//
// A message whose latest start lies beyond the last span counts there, as more
// urgent than it is; one whose span has passed is late, and only costs time.
type laxity struct {
	width uint  // a span is 1<<width ns
	base  int64 // number of the first span: the one of now
	n     int   // messages
	late  int64 // ns of work whose span has passed
	total int64
	work  [laxitySpans]int64 // ring: span b lies at b mod laxitySpans
}

const (
	laxitySpans = 64
	leastWidth  = 14 // 16 µs
	queueWidth  = 20 // of a worker's queue: 1 ms, 67 ms in all
)

// widthFor returns the width at which so many ns lie within the spans.
func widthFor(reach int64) uint {
	return max(leastWidth, uint(bits.Len64(uint64(reach/(laxitySpans-16)))))
}

// pass lets the time go on to now.
func (x *laxity) pass(now int64) {
	b := now >> x.width
	if b <= x.base {
		return
	}
	if x.n == 0 || b-x.base >= laxitySpans {
		for i, w := range x.work {
			x.late += w
			x.work[i] = 0
		}
		x.base = b
		return
	}
	for ; x.base < b; x.base++ {
		i := x.base & (laxitySpans - 1)
		x.late += x.work[i]
		x.work[i] = 0
	}
}

// add counts a message in and returns the span to remove it from.
func (x *laxity) add(start, cost, now int64) (span int64) {
	x.pass(now)
	span = min(start>>x.width, x.base+laxitySpans-1)
	x.n++
	x.total += cost
	if span < x.base {
		x.late += cost
		return span
	}
	x.work[span&(laxitySpans-1)] += cost
	return span
}

// near reports whether a latest start lies within the spans.
func (x *laxity) near(start, now int64) bool {
	return start>>x.width-max(now>>x.width, x.base) < laxitySpans
}

func (x *laxity) remove(span, cost int64) {
	x.n--
	x.total -= cost
	if span < x.base {
		x.late -= cost
		return
	}
	x.work[span&(laxitySpans-1)] -= cost
}

// slack returns how long, in ns, the work that waits can be put off at now, a
// message of cost being run first of all: the smallest over all that is not late
// already. What is late stands in front if inLine (one channel is first in first
// out), or yields to the rest.
func (x *laxity) slack(cost, now int64, inLine bool) int64 {
	x.pass(now)
	sum, least := cost, int64(never)
	if inLine {
		sum += x.late
	}
	for i := range int64(laxitySpans) {
		b := x.base + i
		if w := x.work[b&(laxitySpans-1)]; w != 0 {
			sum += w
			least = min(least, (b+1)<<x.width-now-sum)
		}
	}
	return least
}

// fits reports whether one message more starts in time at at, behind what is
// more urgent, and what is less urgent still does.
func (x *laxity) fits(start, cost, at int64) bool {
	x.pass(at)
	sum := int64(0)
	own := min(start>>x.width, x.base+laxitySpans-1)
	if start < at {
		return false
	}
	for i := range int64(laxitySpans) {
		b := x.base + i
		w := x.work[b&(laxitySpans-1)]
		if b == own {
			if at+sum+w > start+1<<x.width {
				return false
			}
			sum += cost
		}
		if w != 0 {
			if sum += w; b >= own && at+sum > (b+1)<<x.width {
				return false
			}
		}
	}
	return true
}
