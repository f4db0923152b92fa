package chaos

import (
	"fmt"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// lasts is how long pressure is kept up.
func lasts() time.Duration {
	if long() {
		return time.Minute
	}
	return 6 * time.Second
}

// slowFile is a named pipe that is read slowly: a file sink that resists.
func slowFile(t testing.TB, rate int) (path string, lines *atomic.Int64) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "slow.ndjson")
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		t.Fatal(err)
	}
	fd, err := syscall.Open(path, syscall.O_RDWR, 0) // so that opening never waits
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { syscall.Close(fd) })
	lines = &atomic.Int64{}
	go func() {
		buf := make([]byte, 4<<10)
		for {
			n, err := syscall.Read(fd, buf)
			if err != nil && err != syscall.EINTR {
				return
			}
			lines.Add(int64(strings.Count(string(buf[:max(0, n)]), "\n")))
			time.Sleep(time.Duration(n) * time.Second / time.Duration(rate))
		}
	}()
	return path, lines
}

// plateau is the memory that a query may come to hold that cannot keep pace: the
// ring of its source, what its sink has in flight, and the share of both that the
// collector lets lie.
const plateau = 420 << 20

// watch samples memory while pressure lasts, and fails if it goes on growing:
// the second half may not need much more than the first, once what may be held
// is held.
func (n *node) watch(progress func() int64) {
	n.t.Helper()
	var early, late int64
	began, was := time.Now(), progress()
	for time.Since(began) < lasts() {
		time.Sleep(50 * time.Millisecond)
		if !n.running() {
			n.t.Fatal("dirigo ended")
		}
		if rss := n.rss(); time.Since(began) < lasts()/2 {
			early = max(early, rss)
		} else {
			late = max(late, rss)
		}
	}
	n.t.Logf("resident: at most %d MB in the first half, %d MB in the second; %d rows out", early>>20, late>>20, progress()-was)
	if late > max(plateau, early+early/3) {
		n.t.Errorf("memory grows under back-pressure: %d MB, then %d MB", early>>20, late>>20)
	}
	if progress() == was {
		n.t.Error("nothing moves: a deadlock?")
	}
}

const nexmarkBids = `CREATE STREAM bids WITH (connector = 'nexmark', table = 'bid')`

// TestBackPressureChain: an endless source, a filter, and a sink that takes far
// less.
func TestBackPressureChain(t *testing.T) {
	path, lines := slowFile(t, 1<<20)
	n := newNode(t)
	n.exec(nexmarkBids,
		fmt.Sprintf(`CREATE STREAM slow WITH (connector = 'file', path = '%s', delivery = 'at_least_once') AS SELECT auction, price, extra FROM bids WHERE price > 10`, path))
	n.watch(lines.Load)
	if in := n.metric("dirigo_query_rows_in_total", `query="slow"`); in <= 0 {
		t.Errorf("rows in: %v", in)
	}
}

// TestBackPressureDiamond: two paths from one source meet again before a slow
// sink.
func TestBackPressureDiamond(t *testing.T) {
	path, lines := slowFile(t, 1<<20)
	n := newNode(t)
	n.exec(nexmarkBids,
		fmt.Sprintf(`CREATE STREAM slow WITH (connector = 'file', path = '%s', delivery = 'at_least_once') AS
			SELECT auction, price, extra FROM bids WHERE price > 10 UNION ALL SELECT bidder, price, extra FROM bids WHERE price < 100000`, path))
	n.watch(lines.Load)
}

// TestBackPressureNeighbour: of two queries on one Kafka topic, the one whose
// sink is quick is not slowed by the other.
func TestBackPressureNeighbour(t *testing.T) {
	seed := seedOf(t)
	s := newScene(t, "shared", 2, seed)
	path, lines := slowFile(t, 20<<10)
	s.stream("")
	s.total("quick")
	s.n.exec(fmt.Sprintf(`CREATE STREAM slow WITH (connector = 'file', path = '%s', delivery = 'at_least_once') AS SELECT id, k, v, ts FROM shared`, path))
	s.f.pause = time.Millisecond
	s.f.run()
	s.n.watch(lines.Load)
	s.f.halt()
	fed := compute(s.f.fed(), s.size)
	eventually(t, "the quick query to have all", func() (bool, string) {
		got := texts(s.n.query("SELECT k, n, total FROM quick"))
		return difference(got, fed.totals) == "", difference(got, fed.totals)
	})
	out := s.n.metric("dirigo_query_rows_in_total", `query="slow"`)
	t.Logf("%d rows: the quick query has all, the slow one has read %v and written %d", len(s.f.fed()), out, lines.Load())
}

// TestBackPressureFallsOut: a query that cannot keep pace with an endless source
// falls out of what is kept for it, again and again, and neither blocks the
// other query nor takes memory for what it has not read.
func TestBackPressureFallsOut(t *testing.T) {
	path, lines := slowFile(t, 1<<20)
	n := newNode(t)
	n.exec(nexmarkBids,
		`CREATE MATERIALIZED VIEW quick AS SELECT channel, count(*) AS n FROM bids GROUP BY channel`,
		fmt.Sprintf(`CREATE STREAM slow WITH (connector = 'file', path = '%s', delivery = 'at_least_once') AS SELECT auction, price, extra FROM bids`, path))
	quick := func() int64 { return int64(n.metric("dirigo_query_rows_in_total", `query="quick"`)) }
	before := quick()
	n.watch(lines.Load)
	t.Logf("the quick query read %d rows, the slow one %v", quick()-before, n.metric("dirigo_query_rows_in_total", `query="slow"`))
	if quick()-before < 50*lines.Load() {
		t.Errorf("the quick query read %d rows while %d came out of the slow one", quick()-before, lines.Load())
	}
}
