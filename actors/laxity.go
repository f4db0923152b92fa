package actors

import "math/bits"

// laxity is work that waits, by latest start: how much of it falls into each of
// so many spans of time. What must be known to take one message more (does it
// start in time behind what is more urgent, and does all that is less urgent
// still?) is one pass over the spans, however many messages wait. Of a lone
// message the span is known without them: of ten thousand actors with a message
// each none touches its own.
//
// A message whose latest start lies beyond the last span counts there, as more
// urgent than it is; one whose span has passed is late, and only costs time.
type laxity struct {
	n     int32 // messages
	width uint8 // a span is 1<<width ns; 0: nobody asks
	// spread: late and work tell where the messages are. It ends when none waits.
	spread bool
	base   int64 // number of the first span: the one of now
	late   int64 // ns of work whose span has passed
	total  int64
	lone   int64               // span of the only message, where spread does not say
	work   *[laxitySpans]int64 // ring: span b lies at b mod laxitySpans; nil: not used yet
}

const (
	laxitySpans = 64
	leastWidth  = 14 // 16 µs
	queueWidth  = 20 // of a worker's queue: 1 ms, 67 ms in all
)

// widthFor returns the width at which so many ns lie within the spans.
func widthFor(reach int64) uint8 {
	return max(leastWidth, uint8(bits.Len64(uint64(reach/(laxitySpans-16)))))
}

// pass lets the time go on to now.
func (x *laxity) pass(now int64) {
	b := now >> x.width
	switch {
	case b <= x.base:
	case !x.spread:
		x.base = b
	case b-x.base >= laxitySpans:
		for i, w := range x.work {
			x.late += w
			x.work[i] = 0
		}
		x.base = b
	default:
		for ; x.base < b; x.base++ {
			i := x.base & (laxitySpans - 1)
			x.late += x.work[i]
			x.work[i] = 0
		}
	}
}

// add counts a message in and returns the span to remove it from.
func (x *laxity) add(start, cost, now int64) (span int64) {
	x.pass(now)
	span = min(start>>x.width, x.base+laxitySpans-1)
	if x.n++; x.n == 1 && !x.spread {
		x.lone, x.total = span, cost
		return span
	}
	x.spreadOut()
	x.total += cost
	x.put(span, cost)
	return span
}

// put counts cost where it belongs.
func (x *laxity) put(span, cost int64) {
	if span < x.base {
		x.late += cost
		return
	}
	x.work[span&(laxitySpans-1)] += cost
}

// spreadOut counts a lone message among the spans.
func (x *laxity) spreadOut() {
	if x.spread {
		return
	}
	if x.spread = true; x.work == nil {
		x.work = new([laxitySpans]int64)
	}
	if x.total > 0 {
		x.put(x.lone, x.total)
	}
}

// near reports whether a latest start lies within the spans.
func (x *laxity) near(start, now int64) bool {
	return start>>x.width-max(now>>x.width, x.base) < laxitySpans
}

func (x *laxity) remove(span, cost int64) {
	x.n--
	x.total -= cost
	if x.spread {
		x.put(span, -cost)
		x.spread = x.n > 0
	}
}

// forget lets go of the spans where nothing waits.
func (x *laxity) forget() {
	if x.n == 0 {
		x.work = nil
	}
}

// slack returns how long, in ns, the work that waits can be put off at now, a
// message of cost being run first of all: the smallest over all that is not late
// already. What is late stands in front if inLine (one channel is first in first
// out), or yields to the rest.
func (x *laxity) slack(cost, now int64, inLine bool) int64 {
	if x.n == 0 {
		return never
	}
	x.pass(now)
	x.spreadOut()
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
	x.spreadOut()
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
