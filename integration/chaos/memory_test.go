package chaos

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// wide is a text key of a thousand bytes.
func wide(k int) string {
	return fmt.Sprintf("%08d-%s", k*7919%99_999_989, strings.Repeat(string(rune('a'+k%26)), 991))
}

// TestStateLargerThanMemory: a hundred times more keys than --memory allows to
// be held; what each of them counts is right, while it runs, after a SIGKILL,
// and after more rows for keys that were paged out.
func TestStateLargerThanMemory(t *testing.T) {
	keys, memory := 6_500, "64KB"
	if long() {
		keys, memory = 105_000, "1MB"
	}
	b := newBroker(t)
	b.topic("wide", 2)
	n := newNode(t, "--kafka", b.addr, "--memory", memory)
	n.exec(`CREATE STREAM wide (k TEXT, v BIGINT) WITH (connector = 'kafka', topic = 'wide', format = 'json')`,
		`CREATE MATERIALIZED VIEW sums AS SELECT k, count(*) AS n, sum(v) AS total FROM wide GROUP BY k`)
	most := watchRSS(t, n)
	feedWide(b, keys, 1)
	n.caughtUp()
	checkWide(t, n, keys, 1)
	n.kill()
	n.start()
	n.caughtUp()
	checkWide(t, n, keys, 1)
	feedWide(b, keys, 2)
	time.Sleep(300 * time.Millisecond)
	n.kill()
	n.start()
	n.caughtUp()
	checkWide(t, n, keys, 2)
	bytes := int64(keys) * int64(len(wide(0)))
	t.Logf("%d MB of keys with --memory %s: at most %d MB of the process's own, state %v bytes", bytes>>20, memory, most()>>20, n.metric("dirigo_state_bytes"))
	if limit := int64(700 << 20); most() > limit {
		t.Errorf("the process's own memory was %d MB, want at most %d", most()>>20, limit>>20)
	}
}

// feedWide appends a row for every key, in an order that jumps.
func feedWide(b *broker, keys, pass int) {
	const chunk = 500
	for at := 0; at < keys; at += chunk {
		values := make([]string, 0, chunk)
		for i := at; i < min(at+chunk, keys); i++ {
			k := i * 611_953 % keys
			values = append(values, fmt.Sprintf(`{"k":"%s","v":%d}`, wide(k), k*pass))
		}
		b.produce("wide", at/chunk%2, values...)
	}
}

// checkWide compares the view's sums, and some of its rows.
func checkWide(t *testing.T, n *node, keys, passes int) {
	t.Helper()
	total, each := 0, 0
	for p := 1; p <= passes; p++ {
		each += p
	}
	for k := range keys {
		total += k * each
	}
	got := n.query("SELECT count(*), sum(n), sum(total), min(n), max(n) FROM sums")
	want := fmt.Sprint([]string{fmt.Sprint(keys), fmt.Sprint(keys * passes), fmt.Sprint(total), fmt.Sprint(passes), fmt.Sprint(passes)})
	if fmt.Sprint(got[0]) != want {
		t.Errorf("the view has %v, want %v", got[0], want)
	}
	var some []string
	values := map[string]int{}
	for k := 0; k < keys; k += keys/20 + 1 {
		some = append(some, "'"+wide(k)+"'")
		values[wide(k)] = k
	}
	rows := n.query("SELECT k, n, total FROM sums WHERE k IN (" + strings.Join(some, ", ") + ")")
	if len(rows) != len(some) {
		t.Errorf("%d of %d keys found", len(rows), len(some))
	}
	for _, r := range rows {
		if r[1] != fmt.Sprint(passes) || r[2] != fmt.Sprint(values[r[0]]*each) {
			t.Errorf("key %d: %v, want %d %d", values[r[0]], r, passes, values[r[0]]*each)
		}
	}
}

// watchRSS samples the process's own resident memory until the test ends, over
// restarts, and returns what tells the most that was seen.
func watchRSS(t *testing.T, n *node) func() int64 {
	stop, most := make(chan struct{}), make(chan int64, 1)
	most <- 0
	go func() {
		for {
			select {
			case <-stop:
				return
			case <-time.After(20 * time.Millisecond):
				was := <-most
				most <- max(was, n.rss())
			}
		}
	}()
	t.Cleanup(func() { close(stop) })
	return func() int64 {
		v := <-most
		most <- v
		return v
	}
}
