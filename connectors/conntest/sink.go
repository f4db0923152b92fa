package conntest

import (
	"bytes"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/dirigo-stream/dirigo/connectors"
	"github.com/dirigo-stream/dirigo/exec/batch"
)

// Sink is a sink to be checked.
type Sink struct {
	// Open returns the sink; a second one writes to the same outside.
	Open func() (connectors.Sink, error)
	// Rows is what is sent.
	Rows *batch.Batch
	// Written returns all that the outside has, in order; nil where nobody can
	// look. It is called after Close.
	Written func() ([]byte, error)
}

// SinkCheck is one property of a sink.
type SinkCheck struct {
	Name string
	Run  func(Sink) error
}

// SinkChecks are all of them.
var SinkChecks = []SinkCheck{
	{"every chunk is acked once, in order", ackedInOrder},
	{"chunks count their rows", countsRows},
	{"a selection is respected", respectsSelection},
	{"a chunk outlives its sink", outlives},
	{"close may come at any time", closeEarly},
}

// RunSink holds a sink, and a new outside for each check, to every check.
func RunSink(t *testing.T, newSink func(t *testing.T) Sink) {
	for _, c := range SinkChecks {
		t.Run(c.Name, func(t *testing.T) {
			if err := c.Run(newSink(t)); err != nil {
				t.Fatal(err)
			}
		})
	}
}

// acks notes which chunks were acked, in order.
type acks struct {
	mu   sync.Mutex
	got  []int
	errs []error
	more chan struct{}
}

func newAcks() *acks { return &acks{more: make(chan struct{}, 1)} }

func (a *acks) of(chunk int) func(error) {
	return func(err error) {
		a.mu.Lock()
		a.got = append(a.got, chunk)
		a.errs = append(a.errs, err)
		a.mu.Unlock()
		select {
		case a.more <- struct{}{}:
		default:
		}
	}
}

func (a *acks) taken() ([]int, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	return append([]int(nil), a.got...), errors.Join(a.errs...)
}

// wait waits for n acks.
func (a *acks) wait(n int) ([]int, error) {
	deadline := time.After(patience)
	for {
		got, err := a.taken()
		if len(got) >= n {
			return got, err
		}
		select {
		case <-a.more:
		case <-deadline:
			return got, fmt.Errorf("%d of %d chunks were acked", len(got), n)
		}
	}
}

// ready waits until the sink takes more.
func ready(s connectors.Sink) error {
	for wait := s.Ready(); wait != nil; wait = s.Ready() {
		done := make(chan struct{})
		var once sync.Once
		wait(func() { once.Do(func() { close(done) }) })
		select {
		case <-done:
		case <-time.After(patience):
			return errors.New("the sink never became ready")
		}
	}
	return nil
}

// encode makes the chunks of a tick with the given rows.
func encode(s connectors.Sink, rows *batch.Batch) ([]connectors.Chunk, error) {
	c, err := s.Encode(rows)
	if err != nil {
		return nil, fmt.Errorf("encode: %w", err)
	}
	all := []connectors.Chunk{c}
	t, ok := s.(connectors.ChangeSink)
	for more := ok; more; {
		if c, more, err = t.EndTick(3); err != nil {
			return nil, fmt.Errorf("end a tick: %w", err)
		}
		all = append(all, c)
	}
	return all, nil
}

// join puts chunks together for a comparison.
func join(cs []connectors.Chunk) (c connectors.Chunk) {
	for _, x := range cs {
		c.Rows += x.Rows
		c.Data = append(c.Data, x.Data...)
	}
	return c
}

// send encodes and sends the rows until n chunks are on their way.
func (k Sink) send(s connectors.Sink, n int, a *acks) (sent []byte, err error) {
	for i := 0; i < n; {
		cs, err := encode(s, k.Rows)
		if err != nil {
			return sent, err
		}
		for _, c := range cs[:min(len(cs), n-i)] {
			if err := ready(s); err != nil {
				return sent, err
			}
			s.Send(c, a.of(i))
			sent = append(sent, c.Data...)
			i++
		}
	}
	return sent, nil
}

func (k Sink) written(want []byte) error {
	if k.Written == nil {
		return nil
	}
	got, err := k.Written()
	if err != nil {
		return err
	}
	if !bytes.Equal(got, want) {
		return fmt.Errorf("%d bytes were written, not the %d sent", len(got), len(want))
	}
	return nil
}

func inOrder(got []int) error {
	for i, c := range got {
		if c != i {
			return fmt.Errorf("acks came in the order %v", got)
		}
	}
	return nil
}

func ackedInOrder(k Sink) error {
	s, err := k.Open()
	if err != nil {
		return err
	}
	const n = 50
	a := newAcks()
	sent, err := k.send(s, n, a)
	if err != nil {
		return err
	}
	got, err := a.wait(n)
	if err != nil {
		return err
	}
	if err := s.Close(); err != nil {
		return err
	}
	if now, _ := a.taken(); len(now) != n {
		return fmt.Errorf("%d acks for %d chunks", len(now), n)
	}
	return errors.Join(inOrder(got), k.written(sent))
}

func countsRows(k Sink) error {
	s, err := k.Open()
	if err != nil {
		return err
	}
	cs, err := encode(s, k.Rows)
	if c := join(cs); err == nil && c.Rows != k.Rows.Rows() {
		err = fmt.Errorf("a chunk of %d rows says it has %d", k.Rows.Rows(), c.Rows)
	}
	return errors.Join(err, s.Close())
}

func respectsSelection(k Sink) error {
	s, err := k.Open()
	if err != nil {
		return err
	}
	defer s.Close()
	some := *k.Rows.Compact()
	for i := 0; i < some.N; i += 3 {
		some.Sel = append(some.Sel, int32(i))
	}
	first, err := encode(s, &some)
	if err != nil {
		return err
	}
	second, err := encode(s, some.Compact())
	if err != nil {
		return err
	}
	selected, gathered := join(first), join(second)
	if selected.Rows != len(some.Sel) || !bytes.Equal(selected.Data, gathered.Data) {
		return fmt.Errorf("selected rows are encoded differently: %d rows of %d", selected.Rows, len(some.Sel))
	}
	return nil
}

// outlives sends a chunk by another sink than the one that encoded it, as after
// a restart.
func outlives(k Sink) error {
	first, err := k.Open()
	if err != nil {
		return err
	}
	cs, err := encode(first, k.Rows)
	if err := errors.Join(err, first.Close()); err != nil {
		return err
	}
	second, err := k.Open()
	if err != nil {
		return err
	}
	a := newAcks()
	if err := ready(second); err != nil {
		return err
	}
	for i, c := range cs {
		second.Send(connectors.Chunk{Data: bytes.Clone(c.Data), Rows: c.Rows}, a.of(i))
	}
	_, err = a.wait(len(cs))
	return errors.Join(err, second.Close(), k.written(join(cs).Data))
}

// closeEarly closes with chunks under way: each is acked once all the same, and
// those acked without an error are written.
func closeEarly(k Sink) error {
	s, err := k.Open()
	if err != nil {
		return err
	}
	const n = 20
	a := newAcks()
	if _, err := k.send(s, n, a); err != nil {
		return err
	}
	if err := s.Close(); err != nil {
		return err
	}
	got, _ := a.wait(n)
	if len(got) != n {
		return fmt.Errorf("%d acks for %d chunks after Close", len(got), n)
	}
	return inOrder(got)
}
