package job

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"

	"github.com/dirigo-stream/dirigo/connectors"
	"github.com/dirigo-stream/dirigo/exec/batch"
)

// sinkWriter is the stage of one sink instance: it writes at once, and what is
// not acked at a Seal travels in the manifest and is sent again after a restart.
type sinkWriter struct {
	q       *query
	sink    connectors.Sink
	changes connectors.ChangeSink // the sink, where it has to see whole ticks; else nil

	// Of the instance's turn, with changes: a tick has begun, and its newest rows' birth.
	begun bool
	born  int64

	held  *holding       // while the query catches up, of a keyed sink; of the instance's turn
	until *atomic.Uint64 // of held; nil: nothing was ever held

	mu       sync.Mutex
	inflight []sent // in the order of sending; acked ones go from the front
	first    uint64 // number of inflight[0]
	place    []byte // of a keyed sink: where its topic stood, before the last Seal
	asked    func() // ends the question where it stands; nil: none is open
	acked    atomic.Int64
	waiters  []func() // called when nothing is in flight
	closed   bool
}

// sent is a chunk on its way.
type sent struct {
	chunk connectors.Chunk
	born  int64
	done  bool
}

// staged is what a manifest keeps of a sink instance.
type staged struct {
	Chunks   []connectors.Chunk `json:"c,omitempty"`
	Position []byte             `json:"p,omitempty"`
}

func newSinkWriter(q *query, s connectors.Sink) *sinkWriter {
	w := &sinkWriter{q: q, sink: s}
	w.changes, _ = s.(connectors.ChangeSink)
	return w
}

// write encodes and sends one batch, or keeps it back.
func (w *sinkWriter) write(b *batch.Batch) error {
	if h := w.held; h != nil {
		if h.take(b); h.bytes < holdMost {
			return nil
		}
		return w.tell(false)
	}
	return w.give(b)
}

// give encodes and sends one batch.
func (w *sinkWriter) give(b *batch.Batch) error {
	c, err := w.sink.Encode(b)
	if err != nil {
		return err
	}
	if w.changes != nil {
		w.begun, w.born = true, max(w.born, b.Born)
	}
	if w.changes == nil || c.Rows > 0 {
		w.send(c, b.Born)
	}
	return nil
}

// tickRecords is how many records are encoded at the end of a tick before others
// have their turn.
const tickRecords = 256

// endTick encodes what the sink kept of the tick, a part of it where more is true.
func (w *sinkWriter) endTick() (more bool, err error) {
	if !w.begun {
		return false, nil
	}
	c, more, err := w.changes.EndTick(tickRecords)
	if err != nil {
		return false, err
	}
	if c.Rows > 0 {
		w.send(c, w.born)
	}
	if !more {
		w.begun, w.born = false, 0
	}
	return more, nil
}

func (w *sinkWriter) send(c connectors.Chunk, born int64) {
	w.mu.Lock()
	n := w.first + uint64(len(w.inflight))
	w.inflight = append(w.inflight, sent{chunk: c, born: born})
	w.mu.Unlock()
	w.sink.Send(c, func(err error) { w.ack(n, err) })
}

// ack takes the outside's word for chunk n.
func (w *sinkWriter) ack(n uint64, err error) {
	if err != nil {
		w.q.eng.broke(w.q, err)
		return
	}
	w.mu.Lock()
	s := &w.inflight[n-w.first]
	s.done = true
	born, rows := s.born, s.chunk.Rows
	for len(w.inflight) > 0 && w.inflight[0].done {
		w.inflight[0] = sent{}
		w.inflight = w.inflight[1:]
		w.first++
	}
	var idle []func()
	if len(w.inflight) == 0 {
		w.inflight = nil
		idle, w.waiters = w.waiters, nil
	}
	w.mu.Unlock()
	w.acked.Add(int64(rows))
	w.q.observe(born, int64(rows))
	for _, f := range idle {
		f()
	}
}

// staged returns the chunks on their way now.
func (w *sinkWriter) staged() []connectors.Chunk {
	w.mu.Lock()
	defer w.mu.Unlock()
	var out []connectors.Chunk
	for _, s := range w.inflight {
		if !s.done {
			out = append(out, s.chunk)
		}
	}
	return out
}

// idle says that nothing is in flight.
func (w *sinkWriter) idle() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.inflight) == 0
}

// position returns where a keyed sink's topic stood at some time before the Seal
// that is passing, and asks for the place to keep with a later one. Nobody waits
// for that: the outside may be away, and the Seal is not this query's alone.
func (w *sinkWriter) position() []byte {
	k, ok := w.sink.(connectors.KeyedSink)
	if !ok {
		return nil
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.asked == nil && !w.closed {
		ctx, cancel := context.WithCancel(context.Background())
		w.asked = cancel
		go func() {
			now, err := k.Position(ctx)
			cancel()
			w.mu.Lock()
			defer w.mu.Unlock()
			if w.asked = nil; err == nil {
				w.place = now
			}
		}()
	}
	return w.place
}

// close closes the sink. One that has not taken all that was sent may be stuck in
// a write, for which DDL does not wait.
func (w *sinkWriter) close() {
	if w.idle() {
		w.sink.Close()
		return
	}
	go w.sink.Close()
}

// gone lets those go on who wait for acks: the sink is closed.
func (w *sinkWriter) gone() {
	w.mu.Lock()
	w.closed = true
	waiters := w.waiters
	w.waiters = nil
	if w.asked != nil {
		w.asked()
	}
	w.mu.Unlock()
	for _, f := range waiters {
		f()
	}
}

// whenIdle calls f when everything sent so far has been acked.
func (w *sinkWriter) whenIdle(f func()) {
	w.mu.Lock()
	if len(w.inflight) > 0 && !w.closed {
		w.waiters = append(w.waiters, f)
		w.mu.Unlock()
		return
	}
	w.mu.Unlock()
	f()
}

// readBack gives the keys that were written to a keyed sink since a place of
// its topic, and remembers where the topic ends.
func (w *sinkWriter) readBack(ctx context.Context, since []byte, add func(keys *batch.Batch) error) error {
	k, ok := w.sink.(connectors.KeyedSink)
	if !ok {
		return nil
	}
	now, err := k.Position(ctx)
	if err != nil {
		return fmt.Errorf("position of the sink of %s: %w", w.q.def.Name, err)
	}
	w.place = now
	if since == nil {
		return nil
	}
	if err := k.KeysSince(ctx, since, add); err != nil {
		return fmt.Errorf("read back the sink of %s: %w", w.q.def.Name, err)
	}
	return nil
}
