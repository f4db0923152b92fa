package job

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/dirigo-stream/dirigo/connectors"
)

// flushBut is flush for all queries but one.
func (h *harness) flushBut(id uint64) (tick uint64) {
	h.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	e := h.eng
	if _, err := e.reachEnds(ctx); err != nil {
		h.t.Fatal(err)
	}
	e.clock.mu.Lock()
	var ask []*feed
	for f := range e.feeds {
		ask = append(ask, f)
	}
	e.clock.cutLocked(ask, 0)
	tick = e.clock.last
	e.clock.mu.Unlock()
	for _, q := range e.sorted() {
		if q.def.ID == id {
			continue
		}
		for _, end := range q.ends {
			passed := make(chan struct{})
			end.when(q.lastTouched(tick), func() { close(passed) })
			select {
			case <-passed:
			case <-ctx.Done():
				h.t.Fatalf("%s does not pass a tick without %d", q, id)
			}
		}
	}
	return tick
}

// slow is three queries that read one view, one of which writes to a sink that
// takes nothing; a view over another's view; and a query that reads the stream.
type slow struct {
	*harness
	topic  *keyLog
	defs   []QueryDef
	reader uint64
	before []*query
	stuck  *memSink
}

func newSlow(t *testing.T, keyedSink bool) *slow {
	s := &slow{harness: newHarness(t, 4, 1), topic: &keyLog{}, reader: 12}
	s.stuck = s.sink
	reader := toSink(12, 10, 1)
	if keyedSink {
		reader, s.stuck = keyed(12, 10, 1, false), &s.topic.acks
	}
	s.cfg.FeedKeep = 256 << 10
	s.more = map[string]connectors.Connector{"keys": s.topic.connector()}
	s.defs = []QueryDef{
		filterView(10, streamID, 1, -1000), sumsOf(11, 10, 1), reader, histogram(13, 11, 1),
		balance(14, streamID, 10, 1), countView(15, 1, 1, nil),
	}
	return s
}

// others notes the queries that must not be restarted.
func (s *slow) others() {
	s.before = nil
	for _, q := range s.eng.sorted() {
		if q.def.ID != s.reader {
			s.before = append(s.before, q)
		}
	}
}

// undisturbed checks that none of the others was restarted, and what they show.
func (s *slow) undisturbed(what string) {
	s.t.Helper()
	for _, q := range s.before {
		if st, _ := s.eng.Query(q.def.ID); s.eng.query(q.def.ID) != q || st.Restarts != 0 || st.State != stateRunning {
			s.t.Fatalf("%s: %s is %s (%s), restarted %d times", what, q, st.State, st.Reason, st.Restarts)
		}
	}
	rows := s.log.all()
	s.want(what, 11, counts(rows))
	s.want(what, 13, histogramOf(rows))
	s.want(what, 15, counts(rows))
}

// sealed waits until the others have sealed once more.
func (s *slow) sealed(what string) {
	s.t.Helper()
	s.sealedBy(11, what)
}

func (s *slow) sealedBy(id uint64, what string) {
	s.t.Helper()
	was := s.eng.query(id).seals.committed()
	for until := time.Now().Add(patience); s.eng.query(id).seals.committed() == was; time.Sleep(time.Millisecond) {
		s.log.add(0, s.randomRows(1, 0)...)
		if time.Now().After(until) {
			s.t.Fatalf("%s: nothing is sealed any more", what)
		}
	}
}

// flood adds rows until the reader has left.
func (s *slow) flood(most int) (rounds int) {
	s.t.Helper()
	for ; !s.eng.query(s.reader).away.Load(); rounds++ {
		if rounds > most {
			s.t.Fatal("the slow reader does not leave")
		}
		s.log.add(0, s.randomRows(500, int64(rounds*500))...)
		s.flushBut(s.reader)
		s.undisturbed("stuck")
	}
	return rounds
}

// right checks what the reader has written in the end.
func (s *slow) right(keyedSink bool, once [][3]int64) {
	s.t.Helper()
	if keyedSink {
		if got, want := s.topic.last(), counts(s.log.all()); !slices.Equal(got, want) {
			s.t.Fatalf("the topic:\n got %v\nwant %v", got, want)
		}
		return
	}
	s.sink.mu.Lock()
	defer s.sink.mu.Unlock()
	seen := map[[3]int64]int{}
	for _, r := range s.sink.rows {
		seen[[3]int64(r)]++
	}
	for _, r := range s.log.all() {
		if seen[r] == 0 {
			s.t.Fatalf("row %v was lost", r)
		}
	}
	for _, r := range once {
		if seen[r] != 1 {
			s.t.Fatalf("row %v, which had been sealed, was written %d times", r, seen[r])
		}
	}
}

// TestSlowReaderLeavesAlone: of the queries that read one view, one whose sink
// takes nothing is detached, by the ring or by the Seals that it holds. The others
// pass every tick, show what they would without it, are not restarted, and seal
// on. When the sink takes rows again the query comes to the right result, also
// where the process was killed before, or is killed afterwards.
func TestSlowReaderLeavesAlone(t *testing.T) {
	for _, keyedSink := range []bool{false, true} {
		for _, by := range []string{"the ring", "its Seals"} {
			if keyedSink && by == "the ring" {
				continue // its ticks have a few rows each, which all wait in front of the sink
			}
			for _, kill := range []string{"never", "away", "back"} {
				t.Run(fmt.Sprintf("keyed %v, by %s, killed %s", keyedSink, by, kill), func(t *testing.T) {
					s := newSlow(t, keyedSink)
					if by == "its Seals" {
						s.cfg.FeedKeep, s.cfg.StuckAfter = 0, 6
					} else {
						s.cfg.StuckAfter = 1 << 30
					}
					s.open(s.defs...)
					once := rowsOf(1_000_000, 50) // distinct
					s.log.add(0, once...)
					s.flush()
					for range sealsAhead + 1 { // one begins behind those rows
						s.sealed("at first")
					}
					s.others()
					s.stuck.mu.Lock()
					s.stuck.stuck = true
					s.stuck.mu.Unlock()
					rounds := s.flood(2000)
					s.sealed("away")
					s.log.add(0, s.randomRows(500, 0)...)
					s.flushBut(12)
					s.undisturbed("away")
					if kill == "away" {
						s.stuck.unstick()
						s.crash()
						s.open(s.defs...)
						s.others()
						once = nil
					}
					s.stuck.unstick()
					s.flush()
					if kill == "back" {
						s.sealedBy(s.reader, "back") // before that a crash finds it away
						s.crash()
						s.open(s.defs...)
						s.others()
						s.flush()
					}
					s.undisturbed("back")
					s.right(keyedSink, once)
					if kill == "never" {
						if st, _ := s.eng.Query(12); st.Restarts != 1 || st.State != stateRunning {
							t.Errorf("the reader is %s (%s), restarted %d times", st.State, st.Reason, st.Restarts)
						}
					}
					s.close()
					t.Logf("it left after %d rounds", rounds)
				})
			}
		}
	}
}
