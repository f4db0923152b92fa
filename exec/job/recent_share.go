package job

import (
	"sync/atomic"
	"time"
)

// recentShare counts results, and those within the target, by spans of time, for
// the last ten minutes. Counts of the moment in which a span is taken anew may be
// lost.
type recentShare struct {
	parts [recentSpans / recentPart]atomic.Pointer[[recentPart]recentSpan] // made as they are needed
}

type recentSpan struct{ no, kept, total atomic.Int64 }

const (
	recentEvery = int64(10 * time.Second)
	recentSpans = 64
	recentPart  = 4
)

func (r *recentShare) add(now, kept, total int64) {
	no := now / recentEvery
	at := no % recentSpans
	s := &made(&r.parts[at/recentPart])[at%recentPart]
	if old := s.no.Load(); old != no && s.no.CompareAndSwap(old, no) {
		s.kept.Store(0)
		s.total.Store(0)
	}
	s.kept.Add(kept)
	s.total.Add(total)
}

// share returns the part within the target of the last so many ns, and of the
// span that runs; 1: there was none.
func (r *recentShare) share(now int64, last time.Duration) float64 {
	no, kept, total := now/recentEvery, int64(0), int64(0)
	for i := range r.parts {
		part := r.parts[i].Load()
		if part == nil {
			continue
		}
		for j := range part {
			if s := &part[j]; s.no.Load() >= no-int64(last)/recentEvery {
				kept += s.kept.Load()
				total += s.total.Load()
			}
		}
	}
	if total == 0 {
		return 1
	}
	return float64(kept) / float64(total)
}
