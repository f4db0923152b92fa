package job

import (
	"testing"
	"time"
)

// TestRecentShare: the share of the last minute forgets what is older, that of
// ten minutes keeps it, and a span that comes round again begins anew.
func TestRecentShare(t *testing.T) {
	var l latencies
	l.target.Store(int64(time.Second))
	at := int64(1_800_000_000) * int64(time.Second)
	see := func(after time.Duration, d time.Duration) { l.observe(d, 10, at+int64(after)) }
	see(0, 2*time.Second)
	see(5*time.Minute, time.Millisecond)
	for _, x := range []struct {
		after    time.Duration
		one, ten float64
	}{{0, 0, .5}, {5 * time.Minute, 1, .5}, {11 * time.Minute, 1, 1}, {time.Hour, 1, 1}} {
		now := at + int64(x.after)
		one, ten := l.recently(now, time.Minute), l.recently(now, 10*time.Minute)
		if x.after > 0 && one != x.one || ten != x.ten {
			t.Errorf("after %v: %v and %v, want %v and %v", x.after, one, ten, x.one, x.ten)
		}
	}
	see(time.Hour, 3*time.Second)
	if got := l.recently(at+int64(time.Hour), time.Minute); got != 0 {
		t.Errorf("a span that comes round again: %v", got)
	}
	if l.misses() != 20 || l.attained() != 1/3. {
		t.Errorf("%d misses, attained %v", l.misses(), l.attained())
	}
}
