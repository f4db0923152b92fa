package job

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"
)

// TestStoppedSource: queries over a source that cannot be read on fail with its
// reason; when it can be read again, new ones read it from the beginning.
func TestStoppedSource(t *testing.T) {
	h := newHarness(t, 5, 1)
	h.open(countView(10, 1, 1, nil), countView(11, 1, 2, nil))
	h.log.add(0, h.randomRows(100, 0)...)
	h.flush()
	h.log.mu.Lock()
	h.log.broken = errors.New("the records are gone")
	h.log.mu.Unlock()
	h.log.add(0, h.randomRows(10, 100)...)
	until := time.Now().Add(patience)
	for {
		failed := 0
		for _, q := range h.eng.Queries() {
			if q.State == "failed" && strings.Contains(q.Reason, "stream s stopped: read s: the records are gone") {
				failed++
			}
		}
		if failed == 2 && h.eng.Sources()[0].State == "idle" {
			break
		}
		if time.Now().After(until) {
			t.Fatalf("queries %+v, sources %+v", h.eng.Queries(), h.eng.Sources())
		}
		time.Sleep(time.Millisecond)
	}
	if st := h.eng.Sources()[0]; !strings.Contains(st.Error, "the records are gone") {
		t.Errorf("the source is %+v", st)
	}
	err := h.eng.query(10).whenLive(t.Context())
	if e := new(endedError); !errors.As(err, &e) || e.SQLSTATE() != "55000" || !strings.Contains(err.Error(), "stream s stopped") {
		t.Errorf("a reader of the failed query is told %v", err)
	}
	h.log.mu.Lock()
	h.log.broken = nil
	h.log.mu.Unlock()
	if err := h.eng.StartQuery(context.Background(), countView(12, 1, 1, nil)); err != nil {
		t.Fatal(err)
	}
	h.flush()
	if got, want := h.view(12), counts(h.log.all()); !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	if st := h.eng.Sources()[0]; st.Error != "" || st.State != "running" {
		t.Errorf("the source is %+v", st)
	}
	h.close()
}

// TestWaitForEndsWithPump: who waits until a stream has been read up to some
// place is told when nobody reads it any more, and FLUSH then looks again.
func TestWaitForEndsWithPump(t *testing.T) {
	h := newHarness(t, 5, 1)
	h.open(countView(10, 1, 1, nil))
	p := h.eng.source(streamID).livePump()
	read := make(chan error, 1)
	go func() { read <- p.waitFor(t.Context(), 0, 1<<40) }()
	for there := false; !there; time.Sleep(time.Millisecond) {
		p.feed.mu.Lock()
		there = len(p.waiters) > 0
		p.feed.mu.Unlock()
	}
	if err := h.eng.DropQuery(t.Context(), 10); err != nil {
		t.Fatal(err)
	}
	select {
	case err := <-read:
		if err != nil {
			t.Error(err)
		}
	case <-time.After(patience):
		t.Fatal("who waits for a pump that is gone waits for ever")
	}
	if p.whenAt(0, 1<<40, func() {}) {
		t.Error("a pump that is gone can be waited for")
	}
	h.close()
}
