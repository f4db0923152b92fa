package sim

import (
	"math/rand/v2"
	"sort"
)

// span is a stretch of time, ns from the beginning.
type span struct{ from, to int64 }

// burstsOf returns when the bursts of a job come: they depend on the seed and the
// job's number, not on who else is there.
func (l Load) burstsOf(job int) (all []span) {
	if l.Burst == 0 || l.BurstEvery <= 0 {
		return nil
	}
	rng := rand.New(rand.NewPCG(l.Seed, 1000+uint64(job)))
	every, length := int64(l.BurstEvery), int64(min(l.BurstFor, l.BurstEvery))
	for at := int64(0); at < int64(l.For); at += every {
		from := at + rng.Int64N(every-length+1)
		if l.Apart {
			from = at + int64(job%2)*every/2
		}
		all = append(all, span{from, from + length})
	}
	return all
}

// rate returns how many times as many rows as usual come to a query at at.
func (p *play) rate(q *query, at int64) float64 {
	all, t, rate := p.bursts[q.job], at-p.begin, 1.0
	if q.n < p.Hogs {
		rate = p.HogTimes
	}
	i := sort.Search(len(all), func(i int) bool { return all[i].to > t })
	if i < len(all) && all[i].from <= t {
		rate *= p.Burst
	}
	return rate
}
