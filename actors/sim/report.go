package sim

import (
	"cmp"
	"slices"
	"time"
)

// Report is what came of a Load.
type Report struct {
	Load                        Load
	Sent, Ran                   int64 // messages
	Rows                        int64 // that aggregates have counted
	Results, Kept               int64 // of queries with a target
	Jobs                        []JobReport
	P50, P95, P99, Max          time.Duration
	BestRows                    int64
	Lent, Refused, Late, Stolen int64
	Rounds, GivenUp             int64
	Busy                        float64       // share of the workers' time
	Cost                        time.Duration // as learned at last by the first aggregate
	Took                        time.Duration // virtual, until all was done
}

// JobReport is what came of one job: the results of its queries with a target, and
// the time of workers that all of them had.
type JobReport struct {
	Results, Kept int64
	Busy          time.Duration
}

// order takes percentiles.
func (r *Report) order(delays []time.Duration) {
	slices.SortFunc(delays, func(a, b time.Duration) int { return cmp.Compare(a, b) })
	r.Results = int64(len(delays))
	at := func(q float64) time.Duration { return delays[int(q*float64(len(delays)-1))] }
	if len(delays) > 0 {
		r.P50, r.P95, r.P99, r.Max = at(.5), at(.95), at(.99), at(1)
	}
}

// Attained returns the share of results within their target; 1: there were none.
func (r Report) Attained() float64 { return share(r.Kept, r.Results) }

// Worst returns the same of the job that attained least.
func (r Report) Worst() float64 {
	worst := 1.0
	for _, j := range r.Jobs {
		worst = min(worst, share(j.Kept, j.Results))
	}
	return worst
}

func share(kept, of int64) float64 {
	if of == 0 {
		return 1
	}
	return float64(kept) / float64(of)
}
