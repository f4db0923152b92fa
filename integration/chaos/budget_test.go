package chaos

import (
	"fmt"
	"testing"
	"time"
)

// TestRowsOverBudget: rows whose keys of a hundred bytes take a hundred times
// what --memory allows go on at a pace: a page that many rows of a tick want is
// brought in once for all of them.
func TestRowsOverBudget(t *testing.T) {
	keys := 60_000
	if long() {
		keys = 1_000_000
	}
	b := newBroker(t)
	b.topic("slim", 2)
	n := newNode(t, "--kafka", b.addr, "--memory", "1MB")
	const chunk = 2000
	for at := 0; at < keys; at += chunk {
		values := make([]string, 0, chunk)
		for i := at; i < min(at+chunk, keys); i++ {
			values = append(values, fmt.Sprintf(`{"k":"%0100d","v":%d}`, i*611_953%keys, i))
		}
		b.produce("slim", at/chunk%2, values...)
	}
	n.exec(`CREATE STREAM slim (k TEXT, v BIGINT) WITH (connector = 'kafka', topic = 'slim', format = 'json')`)
	begin := time.Now()
	n.exec(`CREATE MATERIALIZED VIEW sums AS SELECT k, count(*) AS n, sum(v) AS total FROM slim GROUP BY k`)
	n.caughtUp()
	took := time.Since(begin)
	t.Logf("%d rows of as many keys in %.1f s: %.0f rows/s", keys, took.Seconds(), float64(keys)/took.Seconds())
	got := n.query("SELECT count(*), sum(n), sum(total) FROM sums")
	if want := fmt.Sprint([]string{fmt.Sprint(keys), fmt.Sprint(keys), fmt.Sprint(keys * (keys - 1) / 2)}); fmt.Sprint(got[0]) != want {
		t.Errorf("the view has %v, want %v", got[0], want)
	}
}
