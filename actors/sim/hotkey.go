package sim

import "time"

// HotKey returns a load of one query, nine tenths of whose rows are of one key,
// and which needs a share of all workers: 400 ns a row in the aggregate (c), 100
// before it (s). Where nothing is lent one worker bounds it (Alone), otherwise all
// of them do (Bound); a lessor lends one message in 300 ns, so that some hundred
// workers want larger ones. Set TwoPhase to the number of workers for the rival.
func HotKey(workers int, share float64) Load {
	l := Load{
		Workers: workers, Queries: 1, Sources: workers/4 + 1, Instances: 4, Hot: 0.9 - 0.1/3,
		SLO: 20 * time.Millisecond, Rows: 250, Tick: 10 * time.Millisecond,
		Source: 100, Aggregate: 400, Absorb: 100, Groups: 10, For: 200 * time.Millisecond,
		Overhead: 500, Lend: 300, Seed: 1,
	}
	message := float64(l.Rows) * float64(l.Source+l.Aggregate)
	l.Every = max(2, time.Duration(message/(share*float64(workers))))
	return l
}

// Alone returns how many rows a second the query of l can do where the first
// instance runs all of its rows itself.
func (l Load) Alone() float64 {
	hot := l.Hot + (1-l.Hot)/float64(max(1, l.Instances))
	return min(1e9/float64(l.Aggregate)/hot, l.Bound())
}

// Bound returns how many rows a second all workers together can do, if nothing is
// spent on scheduling and merging.
func (l Load) Bound() float64 { return float64(l.Workers) * 1e9 / float64(l.Source+l.Aggregate) }

// Rate returns the rows a second that r did.
func (r Report) Rate() float64 { return float64(r.Rows) / r.Took.Seconds() }
