package chaos

import (
	"fmt"
	"slices"
	"testing"
	"time"
)

// TestKillIdlePartitions: partitions fall silent and come back while the
// process is killed. Which rows are late then depends on when silence was
// noticed, so the account is checked: each row is counted in its window or is
// in dirigo_rejected, never both; and a query created later, which reads all
// again, comes to the same results and the same rejected rows.
func TestKillIdlePartitions(t *testing.T) {
	seed := seedOf(t)
	s := newScene(t, "sleepy", 3, seed)
	s.stream(", idle_timeout = '100 ms'")
	s.window("wins")
	s.f.run()
	for i := range kills() {
		s.f.mute(i % 4) // 3: nobody
		s.hear(400*time.Millisecond, i%4)
		s.blow(i)
		if i == kills()/2 {
			s.window("wins_mid")
		}
	}
	s.aimed.report(t)
	s.f.mute(3)
	s.f.halt()
	s.f.close()
	s.n.caughtUp()
	s.window("wins_late")
	s.n.caughtUp()
	first := s.account("wins")
	for _, name := range []string{"wins_mid", "wins_late"} {
		same(t, "rejected rows of "+name+" against wins", s.account(name), first)
	}
	if len(first) == 0 {
		t.Error("no row was rejected: the test shows nothing")
	}
	t.Logf("%d kills, %d rows, %d rejected", kills(), len(s.f.fed()), len(first))
}

// mute makes one partition fall silent, and all others speak.
func (f *feeder) mute(p int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	clear(f.quiet)
	f.quiet[p] = true
}

// hear waits until the server has noticed that a partition is silent, at most
// a while: not noticing is allowed, and one of the cases.
func (s *scene) hear(atMost time.Duration, p int) {
	for end := time.Now().Add(atMost); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		rows, err := s.n.rows(fmt.Sprintf(`SELECT idle FROM dirigo_partitions WHERE partition = %d`, p))
		if err == nil && len(rows) == 1 && rows[0][0] == "t" {
			return
		}
	}
}

// account checks that a view of windows holds every row once, or the row was
// rejected, and returns the rejected ones.
func (s *scene) account(name string) []string {
	s.t.Helper()
	rejected := texts(s.n.query(fmt.Sprintf(
		`SELECT partition || ':' || "offset" || ' ' || reason FROM dirigo_rejected WHERE query = '%s'`, name)))
	out := map[string]bool{}
	for _, r := range rejected {
		var p, o int
		_, _ = fmt.Sscanf(r, "%d:%d", &p, &o)
		at := fmt.Sprintf("%d:%d", p, o)
		if out[at] {
			s.t.Errorf("%s rejected row %s twice", name, at)
		}
		out[at] = true
	}
	windows := map[[2]int64][2]int64{}
	for _, e := range s.f.fed() {
		if !e.malformed && !out[fmt.Sprintf("%d:%d", e.partition, e.offset)] {
			add(windows, [2]int64{e.ts - e.ts%s.size, e.k}, e.v)
		}
	}
	var want []string
	for w, c := range windows {
		if w[0] < s.f.clock-s.size-delay {
			want = append(want, fmt.Sprint(short(stamp(w[0])), " ", w[1], " ", c[0], " ", c[1]))
		}
	}
	slices.Sort(want)
	same(s.t, name, texts(s.n.query("SELECT window_start, k, n, total FROM "+name)), want)
	return rejected
}
