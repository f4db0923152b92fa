package chaos

import (
	"fmt"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestStopUnderLoad: SIGTERM seals all that was read and ends with 0; the next
// start has nothing to do again, so no row is in the topic twice.
func TestStopUnderLoad(t *testing.T) {
	seed := seedOf(t)
	s := newScene(t, "graceful", 3, seed)
	s.stream("")
	s.tap("tap")
	s.total("totals")
	s.window("wins")
	s.upsert("upserts")
	s.f.run()
	for i := range max(3, kills()/2) {
		time.Sleep(time.Duration(200+s.rng.IntN(1000)) * time.Millisecond)
		if code := s.n.stop(); code != 0 {
			t.Fatalf("stop %d: exit code %d", i, code)
		}
		s.n.start()
	}
	s.end()
	if twice := s.twice("tap"); twice > 0 {
		t.Errorf("%d rows are in the topic more than once", twice)
	}
}

// twice counts the rows of a topic that are there already.
func (s *scene) twice(topic string) (n int) {
	seen := map[string]bool{}
	for _, r := range s.b.consume(topic) {
		if seen[r.value] {
			n++
		}
		seen[r.value] = true
	}
	return n
}

// TestSecondInterrupt: the first Ctrl-C seals, the second does not wait for it.
func TestSecondInterrupt(t *testing.T) {
	seed := seedOf(t)
	s := newScene(t, "hasty", 1, seed)
	s.stream("")
	s.total("totals")
	s.f.run()
	time.Sleep(300 * time.Millisecond)
	// A stopped process takes both signals at once when it goes on.
	_ = s.n.cmd.Process.Signal(syscall.SIGSTOP)
	_ = s.n.cmd.Process.Signal(syscall.SIGINT)
	_ = s.n.cmd.Process.Signal(syscall.SIGTERM)
	_ = s.n.cmd.Process.Signal(syscall.SIGCONT)
	select {
	case <-s.n.ended:
	case <-time.After(patience):
		t.Fatal("dirigo goes on after two signals")
	}
	if s.n.code != 130 && s.n.code != 0 {
		t.Fatalf("exit code %d, want 130, or 0 where sealing was quicker", s.n.code)
	}
	t.Logf("exit code %d", s.n.code)
	s.n.start()
	s.end()
}

// TestBrokerAway: while its broker is gone the server says so and goes on; when
// it is back, so is everything.
func TestBrokerAway(t *testing.T) {
	seed := seedOf(t)
	b := newBrokerProcess(t)
	s := &scene{t: t, b: b, name: "away", size: 10 * second, f: newFeeder(b, "away", 2, seed)}
	s.n = newNode(t, "--kafka", b.addr)
	s.stream("")
	s.total("totals")
	s.window("wins")
	s.tap("tap")
	s.upsert("upserts")
	s.n.exec("CREATE MATERIALIZED VIEW above AS SELECT sum(n) AS n FROM totals")
	s.f.feed(5000)
	s.n.caughtUp()
	for range 2 {
		s.f.feed(5000)
		b.stop()
		eventually(t, "SHOW STREAMS telling that the broker is away", func() (bool, string) {
			rows := s.n.query(`SELECT state, error FROM dirigo_streams WHERE name = 'away'`)
			return len(rows) == 1 && rows[0][0] != "running" && rows[0][1] != `\N`, fmt.Sprint(rows)
		})
		for _, name := range []string{"totals", "above"} { // over a view too
			rows := s.n.query(`SELECT state, reason FROM dirigo_queries WHERE name = '` + name + `'`)
			if !strings.HasPrefix(rows[0][1], "stream away: ") {
				t.Errorf("%s over a stream whose broker is away: %v", name, rows)
			}
		}
		if rows := s.n.query("SHOW STREAMS"); len(rows) == 0 {
			t.Error("SHOW STREAMS is empty")
		}
		if rows := s.n.query("SELECT count(*) FROM totals"); rows[0][0] != "37" {
			t.Errorf("a view while the broker is away: %v", rows)
		}
		b.start()
		s.f.feed(5000)
		s.n.caughtUp()
		if rows := s.n.query(`SELECT name, reason FROM dirigo_queries WHERE reason <> ''`); len(rows) > 0 {
			t.Errorf("the broker is back, and there are reasons: %v", rows)
		}
		if !s.n.running() {
			t.Fatal("dirigo ended")
		}
	}
	// Started while the broker is away, and killed meanwhile.
	b.stop()
	s.n.kill()
	s.n.start()
	rows := s.n.query("SHOW QUERIES")
	t.Logf("SHOW QUERIES without a broker: %v", rows)
	s.n.kill()
	s.n.start()
	b.start()
	s.f.feed(5000)
	s.f.close()
	s.n.caughtUp()
	s.check()
}
