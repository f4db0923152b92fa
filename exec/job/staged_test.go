package job

import (
	"testing"
	"time"

	"github.com/dirigo-stream/dirigo/connectors"
	"github.com/dirigo-stream/dirigo/exec/batch"
)

// fatSink sends chunks of more than a manifest takes.
type fatSink struct{ *memSink }

const fat = stagedPiece + stagedPiece/2

// Encode implements connectors.Sink.
func (s fatSink) Encode(b *batch.Batch) (connectors.Chunk, error) {
	c, err := s.memSink.Encode(b)
	c.Data = append(c.Data, make([]byte, fat)...)
	return c, err
}

// Send implements connectors.Sink.
func (s fatSink) Send(c connectors.Chunk, acked func(error)) {
	c.Data = c.Data[:len(c.Data)-fat]
	s.memSink.Send(c, acked)
}

// TestMuchStaged: what a sink does not ack, and that is too much for a manifest, is
// sealed beside it, comes back after a crash, and is gone when it was acked.
func TestMuchStaged(t *testing.T) {
	h := newHarness(t, 1, 1)
	h.cfg.Epoch = 3 * time.Millisecond
	open := func() {
		h.sink = &memSink{stuck: true}
		h.openWith(fatSink{h.sink}, filterToSink(3))
	}
	sealed := func() (extra, pieces int) {
		m, err := h.eng.ledger.Query(3)
		if err != nil {
			return 0, 0
		}
		for _, b := range m.Blocks {
			if b.Vertex == stagedVertex {
				pieces++
			}
		}
		return len(m.Extra), pieces
	}
	rows := func() int {
		h.sink.mu.Lock()
		defer h.sink.mu.Unlock()
		return len(h.sink.rows)
	}
	open()
	h.log.add(0, [3]int64{1, 5, 100})
	h.until("a Seal beside what is not acked", func() bool { _, pieces := sealed(); return pieces >= 2 })
	if extra, _ := sealed(); extra > stagedInline {
		t.Errorf("the manifest has %d bytes", extra)
	}
	for range 2 { // the second time nothing is read again: it is only in the blocks
		h.crash()
		open()
		h.until("what was not acked is sent again", func() bool { return rows() > 0 })
		h.until("a Seal after it", func() bool { _, pieces := sealed(); return pieces >= 2 })
		if h.sink.mu.Lock(); len(h.sink.rows) != 1 || h.sink.rows[0][2] != 100 {
			t.Errorf("the sink was sent %v", h.sink.rows)
		}
		h.sink.mu.Unlock()
	}
	h.sink.unstick()
	h.log.add(0, [3]int64{1, 5, 200})
	h.until("no block of what was acked", func() bool { _, pieces := sealed(); return pieces == 0 })
	h.flush()
	h.close()
	if n := rows(); n != 2 {
		t.Errorf("%d rows came", n)
	}
}
