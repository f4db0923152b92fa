package actors

import (
	"testing"
	"time"
)

// TestWindowFit: when a window can fire is told from how event time has come so
// far: in step with the clock, faster in a replay, and anew when that changes.
func TestWindowFit(t *testing.T) {
	const second, period = int64(1e6), int64(10e6) // µs
	f := &fit{windowSize: period}
	at := int64(100e9)
	if f.estimate() != nil {
		t.Error("an estimate of nothing")
	}
	for i := range int64(50) { // in step, 4 s behind
		f.add(1000*second+i*second, at+i*1e9)
	}
	now := at + 49e9
	fires := func(eventTime int64) time.Duration { return time.Duration(f.estimate().fires(eventTime, now) - now) }
	near := func(what string, got, want time.Duration) {
		t.Helper()
		if got < want-200*time.Millisecond || got > want+200*time.Millisecond {
			t.Errorf("%s: in %v, want %v", what, got, want)
		}
	}
	near("a row of the window that is open", fires(1045*second), time.Second)
	near("a row of a window to come", fires(1052*second), 11*time.Second)
	near("a row of a window that has closed", fires(1020*second), 0)
	for i := range int64(100) { // a replay: ten times as fast
		f.add(1049*second+i*10*second, now+i*1e9)
	}
	now += 99e9
	near("in a replay", fires(2089*second), 5100*time.Millisecond)
	if f.add(1500*second, now) || f.add(NoWatermark, now) {
		t.Error("a watermark that does not move was taken")
	}
	w := &window{period: period, wm: -25 * second, at: now, slope: 1000}
	near("before 1970", time.Duration(w.fires(-23*second, now)-now), 5*time.Second)
	if got := w.fires(NoTime, now); got != now {
		t.Errorf("a row without event time waits %v", time.Duration(got-now))
	}
}

// TestWindowDeadline: a row that only fills an open window is due when that can
// fire; the Punct that makes it fire must begin before what it has to absorb.
func TestWindowDeadline(t *testing.T) {
	var l Load
	l.Used = new(Use)
	l.SLO.Store(50e6)
	now := int64(7e9)
	row := Meta{Rows: 10, Time: 3e6, Born: now}
	if got := l.Deadline(row, now); got != now+50e6 {
		t.Errorf("without a window due in %d", got-now)
	}
	l.window.Store(&window{period: 10e6, wm: 2e6, at: now, slope: 1000})
	if got := l.Deadline(row, now); got != now+8e9+50e6 {
		t.Errorf("a row of the open window is due in %d", got-now)
	}
	punct := Meta{Born: now}
	l.Row.Store(1000)
	l.Path.Store(2e6)
	before := l.LatestStart(punct, now)
	l.Fire.Store(3e6)
	l.Wait.Store(4e6)
	if got := l.LatestStart(punct, now); before != now+48e6 || got != now+50e6-2e6-7e6 {
		t.Errorf("the Punct starts at the latest in %d, without work in %d", got-now, before-now)
	}
	if got := l.LatestStart(row, now); got != now+8e9+50e6-10_000-2e6 {
		t.Errorf("the row starts at the latest in %d", got-now)
	}
	open, due := newWord("fills", 50e6, 0), newWord("due", 50e6, 0)
	var q runQueue
	q.push(open.rank(l.LatestStart(row, now), now), open)
	q.push(due.rank(l.LatestStart(punct, now), now), due)
	if u, _ := q.pop(now, false); u != due {
		t.Error("a row of an open window goes before what is due")
	}
}

// TestAskedInherits: what stands before a read, or a FLUSH, has its deadline,
// late or without a target.
func TestAskedInherits(t *testing.T) {
	best, read, urgent := newWord("best effort", 0, 0), newWord("read", 0, 1e9), newWord("urgent", 10, 0)
	read.load.Due.Store(500)
	var q runQueue
	for _, w := range []*word{best, read, urgent} {
		q.push(w.rank(400, 100), w)
	}
	for _, want := range []*word{urgent, read, best} {
		if u, _ := q.pop(100, false); u != want {
			t.Errorf("%s runs, want %s", u.(*word).name, want.name)
		}
	}
	q.push(best.rank(1, 1000), best)
	q.push(read.rank(1, 1000), read)
	if u, shared := q.pop(1000, false); u != read || shared {
		t.Error("a late read has lost its deadline")
	}
}
