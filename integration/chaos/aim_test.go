package chaos

import (
	"bytes"
	"slices"
	"strconv"
	"sync"
	"syscall"
	"testing"
	"time"
)

// aim kills a process when it says something, such as that a root is durable,
// by whoever reads that line.
type aim struct {
	pid   int
	line  []byte // what it says then
	once  sync.Once
	fired chan struct{}
	after time.Duration // from the seal to the kill
}

var sealedLine = []byte("msg=sealed ")

// look kills if p tells of a seal.
func (a *aim) look(p []byte) {
	at := bytes.LastIndex(p, a.line)
	if at < 0 {
		return
	}
	a.once.Do(func() {
		_ = syscall.Kill(a.pid, syscall.SIGKILL)
		now := time.Now().UnixNano()
		a.after = time.Duration(now - sealedAt(p[at:])) // nothing where the line has no time
		close(a.fired)
	})
}

// sealedAt returns the time that a line tells, Unix ns.
func sealedAt(line []byte) int64 {
	_, rest, _ := bytes.Cut(line, []byte(" at="))
	digits := rest
	if i := bytes.IndexAny(rest, " \n"); i >= 0 {
		digits = rest[:i]
	}
	ns, _ := strconv.ParseInt(string(digits), 10, 64)
	return ns
}

// killAtSeal waits for the next seal, kills, and returns how long after it;
// false: none came in a while, and nothing was killed.
func (n *node) killAtSeal(within time.Duration) (time.Duration, bool) {
	return n.killAt(sealedLine, within)
}

// killAt does so when the process says a line.
func (n *node) killAt(line []byte, within time.Duration) (time.Duration, bool) {
	a := &aim{pid: n.cmd.Process.Pid, line: line, fired: make(chan struct{})}
	n.aim.Store(a)
	defer n.aim.Store(nil)
	select {
	case <-a.fired:
		<-n.ended
		return a.after, true
	case <-n.ended:
	case <-time.After(within):
	}
	n.aim.Store(nil)
	return 0, false
}

// soon is what counts as right after a seal.
const soon = time.Millisecond

// aimed is how long after seals the kills of a scene came.
type aimed []time.Duration

// report prints how many kills came right after a seal. Some must: it is then
// that what was just written must not be half there.
func (a aimed) report(t testing.TB) {
	t.Helper()
	if len(a) == 0 {
		return
	}
	slices.Sort(a)
	within := 0
	for _, d := range a {
		if d <= soon {
			within++
		}
	}
	t.Logf("%d kills at a seal: %d of them within %v after it was durable, half within %v, all within %v", len(a), within, soon, a[len(a)/2], a[len(a)-1])
	if len(a) >= 10 && within == 0 {
		t.Errorf("of %d kills at a seal none came within %v", len(a), soon)
	}
}

// TestAimReadsSeals: a line that tells of a seal is found among others, and its
// time read.
func TestAimReadsSeals(t *testing.T) {
	log := []byte("time=x level=DEBUG msg=other at=1\ntime=x level=DEBUG msg=sealed epoch=7 queries=2 at=1700000000123456789\nmore\n")
	at := bytes.LastIndex(log, sealedLine)
	if at < 0 || sealedAt(log[at:]) != 1700000000123456789 {
		t.Errorf("found at %d, says %d", at, sealedAt(log[max(0, at):]))
	}
	if bytes.Contains([]byte("level=DEBUG msg=\"sealed not\" at=2"), sealedLine) {
		t.Error("another message counts as a seal")
	}
}
