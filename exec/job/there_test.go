package job

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"
)

// TestReadsAfterCrash: what FLUSH has waited for is seen by the first read after
// a crash, whether it was sealed or not, and by views that begin anew over it.
func TestReadsAfterCrash(t *testing.T) {
	for seed := range uint64(6) {
		h := newHarness(t, seed, 2)
		h.chop(seed)
		defs := []QueryDef{filterView(10, streamID, 1, -1000), sumsOf(11, 10, 1), countView(12, 2, 2, nil)}
		h.cfg.Epoch = time.Hour
		if seed%2 == 0 {
			h.cfg.Epoch = 3 * time.Millisecond
		}
		h.open(defs...)
		for i := range 3 {
			h.log.add(0, h.randomRows(300, int64(i*300))...)
			h.log.add(1, h.randomRows(300, int64(i*300))...)
			h.flush()
			h.crash()
			h.open(defs...)
			want := counts(h.log.all())
			h.want("after a crash", 12, want)
			h.want("after a crash", 11, want)
		}
		h.close()
	}
}

// TestTopicIsGone: FLUSH names a stream that does not answer, after it has waited
// for the others; the queries over that one say why they give nothing.
func TestTopicIsGone(t *testing.T) {
	h := newHarness(t, 1, 1)
	h.logs = []*memLog{newMemLog(1)}
	h.open(countView(10, 1, 1, nil), filterView(11, 2, 1, -1000))
	h.flush()
	h.logs[0].mu.Lock()
	h.logs[0].gone = errors.New("unknown topic")
	h.logs[0].mu.Unlock()
	h.log.add(0, h.randomRows(500, 0)...)
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	err := h.eng.Flush(ctx)
	if err == nil || !strings.Contains(err.Error(), "s2") || ctx.Err() != nil {
		t.Fatalf("FLUSH without a topic: %v", err)
	}
	h.want("beside", 10, counts(h.log.all()))
	h.logs[0].add(0, h.randomRows(1, 0)...) // its reader looks, and finds out
	for until := time.Now().Add(patience); ; time.Sleep(time.Millisecond) {
		st, _ := h.eng.Query(11)
		if strings.Contains(st.Reason, "stream s2: unknown topic") {
			break
		}
		if time.Now().After(until) {
			t.Fatalf("the query is %s: %q", st.State, st.Reason)
		}
	}
	if st, _ := h.eng.Query(10); st.Reason != "" {
		t.Errorf("a query over another stream says %q", st.Reason)
	}
	h.close()
}
