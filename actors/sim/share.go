package sim

import (
	"context"
	"time"
)

// Sharing asks how many cores two jobs with bursts need to keep their targets:
// Run answers it for static slots (each pipeline pinned to one core), for static
// pools (each job has cores of its own, between which its work moves), and for one
// pool that both share. All three schedule by the same policy and lend nothing:
// what differs is who may use which core.
//
// A job is many equal pipelines of a source and an aggregate, a fifth of a core
// each in a burst, all of which have their bursts together.
type Sharing struct {
	Cores      int           // what both jobs would need in a burst of both
	Kept       float64       // share of each job's results within the target; 0: 0.99
	Burst      float64       // rows in a burst, times those outside; 0: 5
	BurstFor   time.Duration // 0: 60 ms
	BurstEvery time.Duration // 0: 300 ms
	Apart      bool          // the jobs' bursts alternate; else each comes when it will
	SLO        time.Duration // 0: 20 ms
	For        time.Duration // 0: 900 ms, from 256 cores on half as much, from 512 on a third
	Policy     string        // "": the default
	Seed       uint64
}

// SharingReport is the answer.
type SharingReport struct {
	Sharing
	Fluid               int  // cores for both jobs if work were a fluid: what no pool can undercut
	Slots, Static, Pool Need // pinned; a pool each; one pool
	Messages            int64
}

// Need is how many cores keep the targets, and how well.
type Need struct {
	Cores    int
	Attained float64 // of the job that attained least
	Busy     float64 // share of the cores' time
}

// pipeline is the share of a core that one pipeline needs in a burst.
const pipeline = 0.2

// Run answers.
func (s Sharing) Run(ctx context.Context) (SharingReport, error) {
	s = s.withDefaults()
	x := &sharing{ctx: ctx, Sharing: s, report: SharingReport{Sharing: s}}
	x.report.Fluid = x.fluid()
	x.report.Pool = x.pool()
	x.report.Static = x.static()
	x.report.Slots = x.slots()
	return x.report, x.err
}

func (s Sharing) withDefaults() Sharing {
	set(&s.Kept, 0.99)
	set(&s.Burst, 5)
	set(&s.BurstFor, 60*time.Millisecond)
	set(&s.BurstEvery, 300*time.Millisecond)
	set(&s.SLO, 20*time.Millisecond)
	set(&s.For, 900*time.Millisecond/time.Duration(1+min(2, s.Cores/256)))
	return s
}

func set[T comparable](x *T, to T) {
	var zero T
	if *x == zero {
		*x = to
	}
}

// sharing is a question being answered.
type sharing struct {
	Sharing
	ctx    context.Context
	report SharingReport
	err    error
}

// load returns some pipelines of some jobs.
func (x *sharing) load(workers, pipelines, jobs, first int) Load {
	l := Load{
		Workers: workers, Queries: pipelines, Instances: 1, Jobs: jobs, Job: first,
		SLO: x.SLO, Rows: 250, Tick: 10 * time.Millisecond, Source: 100, Aggregate: 400,
		Burst: x.Burst, BurstFor: x.BurstFor, BurstEvery: x.BurstEvery, Apart: x.Apart,
		For: x.For, Policy: x.Policy, Lending: "off", Seed: x.Seed, Overhead: 500,
	}
	message := float64(l.Rows) * float64(l.Source+l.Aggregate)
	l.Every = time.Duration(message * x.Burst / pipeline)
	return l
}

// try runs a load and says what it came to.
func (x *sharing) try(l Load) Need {
	if x.err == nil {
		x.err = x.ctx.Err()
	}
	if x.err != nil {
		return Need{}
	}
	r, err := l.Run()
	x.err = err
	x.report.Messages += r.Sent
	return Need{Cores: l.Workers, Attained: r.Worst(), Busy: r.Busy}
}

// least returns the fewest workers, up to most, with which a load keeps its
// targets, to within a sixty-fourth of all cores.
func (x *sharing) least(most int, with func(workers int) Load) (found Need) {
	step := max(1, x.Cores/64)
	low, high := 0, most // low does not do
	found = x.try(with(high))
	for found.Attained < x.Kept && high < 4*most && x.err == nil {
		low, high = high, high+high/4+1
		found = x.try(with(high))
	}
	for high-low > step && x.err == nil {
		mid := (low + high) / 2
		if n := x.try(with(mid)); n.Attained >= x.Kept {
			high, found = mid, n
		} else {
			low = mid
		}
	}
	return found
}

// each is how many pipelines a job has.
func (x *sharing) each() int { return max(1, int(float64(x.Cores)/2/pipeline)) }

func (x *sharing) pool() Need {
	return x.least(x.Cores, func(workers int) Load { return x.load(workers, 2*x.each(), 2, 0) })
}

func (x *sharing) static() Need {
	a := x.least((x.Cores+1)/2, func(workers int) Load { return x.load(workers, x.each(), 1, 0) })
	b := x.least((x.Cores+1)/2, func(workers int) Load { return x.load(workers, x.each(), 1, 1) })
	return a.and(b)
}

// and is what two separate parts need.
func (n Need) and(m Need) Need {
	all := n.Cores + m.Cores
	return Need{
		Cores: all, Attained: min(n.Attained, m.Attained),
		Busy: (n.Busy*float64(n.Cores) + m.Busy*float64(m.Cores)) / float64(max(1, all)),
	}
}

// sampled is how many of a job's slots are played: they are all alike.
const sampled = 8

// slots finds how many pipelines fit on one core, and so how many cores it takes.
func (x *sharing) slots() (need Need) {
	fit, best := 0, [2]Need{}
	for n := 1; n <= int(2/pipeline) && x.err == nil; n++ {
		jobs := [2]Need{x.slot(n, 0), x.slot(n, 1)}
		if min(jobs[0].Attained, jobs[1].Attained) < x.Kept {
			break
		}
		fit, best = n, jobs
	}
	for i := range best {
		best[i].Cores = (x.each() + max(1, fit) - 1) / max(1, fit)
	}
	return best[0].and(best[1])
}

func (x *sharing) slot(pipelines, job int) (n Need) {
	n.Attained = 1
	for i := range sampled {
		l := x.load(1, pipelines, 1, job)
		l.Arrivals = uint64(i)
		one := x.try(l)
		n.Attained, n.Busy = n.Attained+(one.Attained-n.Attained)/float64(i+1), n.Busy+(one.Busy-n.Busy)/float64(i+1)
	}
	return n
}

// fluid returns how few cores would do if work were a fluid: the bursts fill a
// queue, and what comes waits no longer than the target for all but a share.
func (x *sharing) fluid() int {
	l := x.load(1, 1, 2, 0)
	one, step := float64(x.each())*pipeline/x.Burst, int64(x.SLO)/20
	a, b := l.burstsOf(0), l.burstsOf(1)
	for cores := 1; ; cores++ {
		queue, late, all := 0.0, 0, 0
		for at := int64(0); at < int64(x.For); at += step {
			queue += (x.mean(a, at, step) + x.mean(b, at, step)) * one * float64(step)
			if queue = max(0, queue-float64(cores)*float64(step)); queue > float64(cores)*float64(x.SLO) {
				late++
			}
			all++
		}
		if float64(all-late) >= x.Kept*float64(all) {
			return cores
		}
	}
}

// mean is the mean rate over a stretch of time.
func (x *sharing) mean(bursts []span, from, length int64) float64 {
	in := int64(0)
	for _, b := range bursts {
		in += max(0, min(b.to, from+length)-max(b.from, from))
	}
	return 1 + (x.Burst-1)*float64(in)/float64(length)
}
