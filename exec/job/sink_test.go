package job

import (
	"sync"
	"testing"
	"time"

	"github.com/dirigo-stream/dirigo/connectors"
	"github.com/dirigo-stream/dirigo/exec/batch"
)

// tickSink keeps all that it is given until the tick ends, and then tells it in
// pieces.
type tickSink struct {
	*memSink
	mu      sync.Mutex
	kept    []*batch.Batch
	ends    int
	largest int
}

// Encode implements connectors.Sink.
func (s *tickSink) Encode(b *batch.Batch) (connectors.Chunk, error) {
	b = b.Compact()
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := range b.N {
		s.kept = append(s.kept, b.Gather([]int32{int32(i)}))
	}
	return connectors.Chunk{}, nil
}

// EndTick implements connectors.ChangeSink.
func (s *tickSink) EndTick(limit int) (connectors.Chunk, bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out connectors.Chunk
	for range min(limit, len(s.kept)) {
		c, err := s.memSink.Encode(s.kept[0])
		if err != nil {
			return out, false, err
		}
		out.Data, out.Rows, s.kept = append(out.Data, c.Data...), out.Rows+c.Rows, s.kept[1:]
	}
	s.ends++
	s.largest = max(s.largest, out.Rows)
	return out, len(s.kept) > 0, nil
}

// TestTickSink: a sink that tells what it was given at the end of a tick is
// asked to at every tick, in pieces, behind operators that have nothing to do at
// a frontier; a Seal comes after it, so nothing is lost in a crash.
func TestTickSink(t *testing.T) {
	for _, epoch := range []time.Duration{3 * time.Millisecond, time.Hour} {
		t.Run(epoch.String(), func(t *testing.T) { tickSinkRun(t, epoch) })
	}
}

func tickSinkRun(t *testing.T, epoch time.Duration) {
	h := newHarness(t, 3, 2)
	h.cfg.Epoch = epoch
	s := &tickSink{memSink: h.sink}
	open := func() {
		h.openWith(s, filterToSink(3))
	}
	open()
	wanted := map[[3]int64]bool{}
	for round := range 4 {
		for part := range 2 {
			rows := h.randomRows(700, int64(10_000*round+1000*part))
			for _, r := range rows {
				if r[1] > 0 {
					wanted[r] = true
				}
			}
			h.log.add(part, rows...)
		}
		h.flush()
		s.mu.Lock()
		if len(s.kept) > 0 {
			t.Errorf("%d rows kept after all ticks have passed", len(s.kept))
		}
		s.mu.Unlock()
		if round == 1 {
			h.crash()
			s = &tickSink{memSink: h.sink}
			open()
		}
	}
	h.close()
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.kept) > 0 || s.ends < 2 || s.largest > tickRecords {
		t.Fatalf("%d rows kept, %d ends, %d rows at once", len(s.kept), s.ends, s.largest)
	}
	for _, r := range h.sink.rows { // some twice, after the crash
		delete(wanted, [3]int64(r))
	}
	if len(wanted) > 0 {
		t.Fatalf("%d rows are missing", len(wanted))
	}
}
