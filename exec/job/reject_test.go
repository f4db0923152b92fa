package job

import (
	"fmt"
	"strings"
	"testing"

	"github.com/dirigo-stream/dirigo/storage/badger"
)

// TestRejectsOfAnySize: rows are written in parts that the log can take, and a
// reopened log has them all.
func TestRejectsOfAnySize(t *testing.T) {
	dir := t.TempDir()
	store, err := badger.Open(dir, badger.Config{})
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	log, err := store.Log("rejected")
	if err != nil {
		t.Fatal(err)
	}
	r, err := openRejects(log)
	if err != nil {
		t.Fatal(err)
	}
	const rows = 700
	text := strings.Repeat("x", 4096)
	for i := range int64(rows) {
		for p := range int32(3) {
			r.record(RejectedRow{Query: 7, Source: 3, Operator: "decode", Partition: p, Offset: i, Reason: "malformed", Row: text})
		}
	}
	if err := r.flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	if r, err = openRejects(log); err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	if err := r.scan(7, func(x RejectedRow) error { seen[fmt.Sprint(x.Partition, x.Offset)] = true; return nil }); err != nil {
		t.Fatal(err)
	}
	if len(seen) != 3*rows || r.counts(7)["malformed"] != 3*rows {
		t.Errorf("%d rows kept and %d counted, want %d", len(seen), r.counts(7)["malformed"], 3*rows)
	}
}
