package chaos

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"
)

// TestManyQueriesOneDecode: however many queries read a topic, each record is
// decoded once; all are right; and when nothing flows, nothing is written,
// nothing runs, and no goroutine is added, however long it lasts.
func TestManyQueriesOneDecode(t *testing.T) {
	seed := seedOf(t)
	queries := 200
	b := newBroker(t)
	s := &scene{t: t, b: b, name: "busy", size: 10 * second, f: newFeeder(b, "busy", 2, seed)}
	s.n = newNode(t, "--kafka", b.addr)
	s.stream("")
	for i := range queries {
		s.total(fmt.Sprintf("totals_%d", i))
	}
	s.f.feed(20_000)
	s.f.close()
	s.n.caughtUp()
	if got := s.n.metric("dirigo_source_records_total", `stream="busy"`) + s.n.metric("dirigo_source_rejected_total", `stream="busy"`); int(got) != len(s.f.fed()) {
		t.Errorf("%v records decoded for %d queries, want %d", got, queries, len(s.f.fed()))
	}
	s.check()
	s.n.atRest()
	goroutines := s.n.metric("go_goroutines")
	before := s.n.usage()
	time.Sleep(10 * time.Second)
	after := s.n.usage()
	t.Logf("at rest with %d queries: %v goroutines; over 10 s: %v", queries, goroutines, after.since(before))
	if after.written != before.written {
		t.Errorf("%d bytes written while nothing flows", after.written-before.written)
	}
	if now := s.n.metric("go_goroutines"); now > goroutines+5 {
		t.Errorf("%v goroutines at first, %v later", goroutines, now)
	}
	if cpu := after.cpu - before.cpu; cpu > 100 { // ticks of 10 ms: a tenth of a core
		t.Errorf("%d0 ms of CPU time over 10 s of rest", cpu)
	}
}

// atRest waits until the last epoch is sealed and nothing is written any more.
func (n *node) atRest() {
	n.t.Helper()
	still, was := 0, n.usage().written
	eventually(n.t, "rest", func() (bool, string) {
		time.Sleep(500 * time.Millisecond)
		now := n.usage().written
		if now == was {
			still++
		} else {
			still, was = 0, now
		}
		return still >= 6, fmt.Sprint(now, " bytes written")
	})
}

// usage is what the process has used so far.
type usage struct {
	written  int64 // bytes to disk
	cpu      int64 // user and system, in ticks of 10 ms
	switches int64 // of its threads, voluntary
}

func (u usage) since(was usage) string {
	return fmt.Sprintf("%d bytes written, %d0 ms CPU, %d wake-ups", u.written-was.written, u.cpu-was.cpu, u.switches-was.switches)
}

func (n *node) usage() (u usage) {
	n.t.Helper()
	pid := n.cmd.Process.Pid
	io, err := os.ReadFile(fmt.Sprintf("/proc/%d/io", pid))
	if err != nil {
		n.t.Skipf("no counters: %v", err)
	}
	for _, line := range strings.Split(string(io), "\n") {
		if v, ok := strings.CutPrefix(line, "write_bytes: "); ok {
			_, _ = fmt.Sscan(v, &u.written)
		}
	}
	stat, _ := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if fields := strings.Fields(string(stat[strings.LastIndexByte(string(stat), ')')+1:])); len(fields) > 12 {
		var user, system int64
		_, _ = fmt.Sscan(fields[11], &user)
		_, _ = fmt.Sscan(fields[12], &system)
		u.cpu = user + system
	}
	tasks, _ := os.ReadDir(fmt.Sprintf("/proc/%d/task", pid))
	for _, task := range tasks {
		status, _ := os.ReadFile(fmt.Sprintf("/proc/%d/task/%s/status", pid, task.Name()))
		for _, line := range strings.Split(string(status), "\n") {
			if v, ok := strings.CutPrefix(line, "voluntary_ctxt_switches:"); ok {
				var k int64
				_, _ = fmt.Sscan(v, &k)
				u.switches += k
			}
		}
	}
	return u
}
