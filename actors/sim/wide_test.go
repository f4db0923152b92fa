package sim_test

import (
	"bytes"
	"encoding/json"
	"os"
	"testing"
	"time"

	"github.com/dirigo-stream/dirigo/actors/sim"
)

// TestManyWorkers: a thousand workers, ten thousand and millions of messages in
// the long form, lose no row, and the same seed gives the same bytes.
func TestManyWorkers(t *testing.T) {
	workers, length := 1000, 5*time.Millisecond
	if os.Getenv("DIRIGO_CHECK") == "long" {
		workers, length = 10_000, 40*time.Millisecond
	}
	var first []byte
	for range 2 {
		l := sim.HotKey(workers, 0.8)
		l.Sources, l.Queries, l.Instances, l.For = 1, workers, 2, length
		l.Every *= time.Duration(workers)
		r, err := l.Run()
		if err != nil {
			t.Fatal(err)
		}
		if r.Rows != r.Sent*int64(l.Rows) || r.Sent == 0 {
			t.Fatalf("%d rows of %d messages", r.Rows, r.Sent)
		}
		out, err := json.Marshal(r)
		if err != nil {
			t.Fatal(err)
		}
		if first == nil {
			t.Logf("%d workers, %d messages, attained %.3f, busy %.2f", workers, r.Sent, r.Attained(), r.Busy)
			first = out
		} else if !bytes.Equal(first, out) {
			t.Errorf("%s\n%s", first, out)
		}
	}
}
