package job

import (
	"slices"
	"testing"
	"time"
)

// soon is after how many refused Seals the query of a stuck sink is detached, here.
const soon = 6

// blocked is a slow reader whose sink takes nothing from now on, and has sealed.
func blocked(t *testing.T, f faults, stuckAfter int) *slow {
	t.Helper()
	s := newSlow(t, true)
	s.cfg.FeedKeep, s.cfg.StuckAfter, s.cfg.faults = 0, stuckAfter, f
	s.open(s.defs...)
	s.log.add(0, s.randomRows(500, 0)...)
	s.flush()
	for range sealsAhead + 1 {
		s.sealed("at first")
	}
	s.others()
	s.stuck.mu.Lock()
	s.stuck.stuck = true
	s.stuck.mu.Unlock()
	return s
}

// TestLeaveFaultsAreSeen: what the tests of slow readers look at tells when the
// whole group is restarted, when a view's whole content is read a second time, and
// when a stuck sink is waited for.
func TestLeaveFaultsAreSeen(t *testing.T) {
	s := blocked(t, faults{together: true}, soon)
	was := s.eng.query(11)
	for until := time.Now().Add(patience); s.eng.query(11) == was; s.log.add(0, s.randomRows(100, 0)...) {
		if time.Sleep(time.Millisecond); time.Now().After(until) {
			t.Fatal("a group that is restarted as one leaves the others as they were")
		}
	}
	if st, _ := s.eng.Query(11); st.Restarts == 0 {
		t.Error("its restart is not counted")
	}
	s.crash()

	s = blocked(t, faults{wholly: true}, soon)
	s.flood(2000)
	s.stuck.unstick()
	s.flush()
	if got, want := s.topic.last(), counts(s.log.all()); slices.Equal(got, want) {
		t.Error("a view whose content is read twice gives the right result")
	}
	s.crash()

	s = blocked(t, faults{}, 1<<30)
	for range 4 * soon * sealsAhead {
		s.log.add(0, s.randomRows(20, 0)...)
		s.flushBut(12)
		s.eng.epochs.edge()
	}
	last := s.eng.query(11).seals.committed()
	for range 10 {
		s.log.add(0, s.randomRows(20, 0)...)
		s.flushBut(12)
		s.eng.epochs.edge()
	}
	if now := s.eng.query(11).seals.committed(); now != last {
		t.Errorf("a group seals on (%d after %d) though a stuck sink is waited for", now, last)
	}
	s.crash()
}
