package job

import (
	"slices"
	"time"
)

// Background work takes this part of all cores where the workers leave nothing.
const (
	encodeShare = 1. / 12
	foldShare   = 1. / 24
	selectShare = 1. / 8
)

const (
	// paceUnit is how long background work goes on before it may rest.
	paceUnit = 500 * time.Microsecond
	// paceBusy is the share of the workers' time from which on they count as busy
	// without rest.
	paceBusy = 0.7
)

// pace returns a pacer for background work (encoding a Seal, folding). It makes it
// rest as the workers are busy: work that took a core whenever it comes would be
// a core that rows have to wait for, and a query that runs at four fifths of what
// it can do would fall behind each time. Where nothing else is to be done it goes
// on at once.
func (e *Engine) pace(share float64) *pacer {
	p := &pacer{share: share, busy: e.rt.Busy, begin: time.Now(), looked: time.Now()}
	p.was, _ = e.rt.Busy()
	return p
}

// breathe is to be called by the work every few hundred µs.
func (p *pacer) breathe() {
	if rest := p.rest(time.Now()); rest > 0 {
		time.Sleep(rest)
		p.begin = time.Now()
	}
}

// waited is to be called where the work has waited for the disk, which was none
// of the cores.
func (p *pacer) waited() { p.begin = time.Now() }

// yielding returns a function for a SELECT to call with every batch: the rows
// that it works on are on its client's goroutine, which no worker's order holds
// back. It rests as other background work does, where there are queries with a
// latency target; a short one is over before.
func (e *Engine) yielding() func() {
	var background *pacer
	begin, asked, yields := time.Now(), false, false
	return func() {
		if !asked {
			if time.Since(begin) < paceUnit {
				return
			}
			asked, yields = true, e.urgent()
			if yields {
				background = e.pace(selectShare)
			}
		}
		if yields {
			background.breathe()
			if f := e.cfg.faults.breathed; f != nil {
				f()
			}
		}
	}
}

// urgent says whether a query that runs has a latency target.
func (e *Engine) urgent() bool {
	return slices.ContainsFunc(e.sorted(), func(q *query) bool { return q.slo() > 0 && q.failure() == nil })
}

// pacer says how long background work has to rest.
type pacer struct {
	share  float64 // of all cores, where the workers are busy
	busy   func() (took time.Duration, workers int)
	begin  time.Time     // since when it has worked
	looked time.Time     // when busy was asked last
	was    time.Duration // what it said
	load   float64       // share of the workers' time that turns took of late
}

// rest returns how long to rest now; 0: work on.
func (p *pacer) rest(now time.Time) time.Duration {
	worked := now.Sub(p.begin)
	if worked < paceUnit {
		return 0
	}
	took, workers := p.busy()
	if gone := now.Sub(p.looked); gone > 0 {
		share := min(1, float64(took-p.was)/(float64(gone)*float64(workers)))
		p.load += (share - p.load) / 2 // a turn is counted when it ends
		p.looked, p.was = now, took
	}
	most := max(0, 1/(p.share*float64(workers))-1) // times as long as it worked
	rest := time.Duration(float64(worked) * most * min(1, p.load/paceBusy))
	if rest < paceUnit/4 {
		p.begin = now
		return 0
	}
	return rest
}
