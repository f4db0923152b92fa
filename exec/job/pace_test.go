package job

import (
	"testing"
	"time"
)

// TestPaceLeavesTheCoresToRows: background work takes at most a sixth of one of
// two cores while the workers are busy, and nearly all of one while they are not.
func TestPaceLeavesTheCoresToRows(t *testing.T) {
	for _, c := range []struct{ load, least, most float64 }{
		{0, .95, 1}, {.35, .25, .4}, {.7, .15, .2}, {1, .15, .2},
	} {
		now := time.Unix(0, 0)
		begin := now
		p := pacer{share: encodeShare, begin: now, looked: now, busy: func() (time.Duration, int) {
			return time.Duration(float64(now.Sub(begin)) * c.load * 2), 2
		}}
		worked := time.Duration(0)
		for now.Sub(begin) < time.Second {
			now = now.Add(100 * time.Microsecond)
			worked += 100 * time.Microsecond
			if rest := p.rest(now); rest > 0 {
				now = now.Add(rest)
				p.begin = now
			}
		}
		if share := float64(worked) / float64(now.Sub(begin)); share < c.least || share > c.most {
			t.Errorf("workers busy for %.0f %% of the time: background work had %.0f %% of a core, want %.0f to %.0f",
				c.load*100, share*100, c.least*100, c.most*100)
		}
	}
}
