package job

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/dirigo-stream/dirigo/storage"
	"github.com/dirigo-stream/dirigo/storage/badger"
	"github.com/dirigo-stream/dirigo/storage/mem"
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

// slowLog stops in its first Put until it may go on.
type slowLog struct {
	storage.Log
	reached, resume chan struct{}
	once            sync.Once
}

func (l *slowLog) Put(ctx context.Context, puts []storage.Record, drops []string) error {
	l.once.Do(func() { close(l.reached); <-l.resume })
	return l.Log.Put(ctx, puts, drops)
}

// TestRejectsDroppedInFlush: what a drop removes does not come back with a
// flush that was under way.
func TestRejectsDroppedInFlush(t *testing.T) {
	log, err := mem.New().Log("rejected")
	if err != nil {
		t.Fatal(err)
	}
	slow := &slowLog{Log: log, reached: make(chan struct{}), resume: make(chan struct{})}
	r, err := openRejects(slow)
	if err != nil {
		t.Fatal(err)
	}
	r.record(RejectedRow{Query: 7, Source: 3, Operator: "1.0 late", Offset: 1, Reason: "late"})
	var wg sync.WaitGroup
	wg.Go(func() {
		if err := r.flush(t.Context()); err != nil {
			t.Error(err)
		}
	})
	<-slow.reached
	wg.Go(func() {
		if err := r.drop(t.Context(), 7); err != nil {
			t.Error(err)
		}
	})
	time.Sleep(10 * time.Millisecond) // enough for a drop that does not wait to be through
	close(slow.resume)
	wg.Wait()
	left := 0
	if err := log.Scan("", func(storage.Record) error { left++; return nil }); err != nil || left != 0 {
		t.Errorf("%d records are left, %v", left, err)
	}
}
