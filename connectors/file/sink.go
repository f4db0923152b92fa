package file

import (
	"errors"
	"fmt"
	"os"
	"sync"
	"time"

	"github.com/dirigo-stream/dirigo/connectors"
	"github.com/dirigo-stream/dirigo/connectors/codec"
	"github.com/dirigo-stream/dirigo/exec/batch"
)

// Sink appends lines: each chunk by one write, acked when the system has it (it
// survives the process, not a power cut). After a restart lines may come twice.
type Sink struct {
	name    string
	encoder *codec.JSONEncoder
	encode  sync.Mutex // the encoder keeps scratch

	file *os.File
	mu   sync.Mutex
	idle *sync.Cond // running has become false
	// queue is what waits, bytes how much that is; ready is who wants to hear
	// when it is less. A goroutine writes while there is something to write.
	queue   []sending
	bytes   int
	ready   []func()
	running bool
	status  string
	closed  bool
	quit    chan struct{}
}

type sending struct {
	data  []byte
	acked func(error)
}

// maxQueued bounds the bytes that wait to be written.
const maxQueued = 1 << 20

var _ connectors.Sink = (*Sink)(nil)

// errNegative says that a file cannot take rows back.
var errNegative = errors.New("a file cannot take rows back; the query must only append")

// NewSink opens the file for appending, and creates it if need be. A line that
// a crash cut is ended first.
func NewSink(spec connectors.Spec) (*Sink, error) {
	cfg, err := parseOptions(spec, false)
	if err != nil {
		return nil, err
	}
	f, err := os.OpenFile(cfg.path, os.O_CREATE|os.O_RDWR|os.O_APPEND, 0o644)
	if err != nil {
		return nil, &connectors.OptionError{Option: "path", Message: err.Error(), Hint: "the server must be able to write it"}
	}
	if err := endLine(f); err != nil {
		return nil, errors.Join(fmt.Errorf("stream %s: %w", spec.Name, err), f.Close())
	}
	s := &Sink{name: spec.Name, encoder: codec.NewJSONEncoder(spec.Columns), file: f, quit: make(chan struct{})}
	s.idle = sync.NewCond(&s.mu)
	return s, nil
}

func endLine(f *os.File) error {
	info, err := f.Stat()
	if err != nil || info.Size() == 0 || !info.Mode().IsRegular() {
		return err
	}
	var last [1]byte
	if _, err := f.ReadAt(last[:], info.Size()-1); err != nil || last[0] == '\n' {
		return err
	}
	_, err = f.Write([]byte{'\n'})
	return err
}

// Encode implements connectors.Sink.
func (s *Sink) Encode(b *batch.Batch) (connectors.Chunk, error) {
	s.encode.Lock()
	defer s.encode.Unlock()
	var c connectors.Chunk
	row := func(i int) error {
		n := b.DiffAt(i)
		if n < 0 {
			return fmt.Errorf("stream %s: %w", s.name, errNegative)
		}
		for range n {
			c.Data = append(s.encoder.AppendRow(c.Data, b, i), '\n')
			c.Rows++
		}
		return nil
	}
	if b.Sel == nil {
		for i := range b.N {
			if err := row(i); err != nil {
				return connectors.Chunk{}, err
			}
		}
		return c, nil
	}
	for _, i := range b.Sel {
		if err := row(int(i)); err != nil {
			return connectors.Chunk{}, err
		}
	}
	return c, nil
}

// Send implements connectors.Sink.
func (s *Sink) Send(c connectors.Chunk, acked func(error)) {
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		acked(os.ErrClosed)
		return
	}
	s.queue = append(s.queue, sending{c.Data, acked})
	s.bytes += len(c.Data)
	if !s.running {
		s.running = true
		go s.run()
	}
	s.mu.Unlock()
}

// Ready implements connectors.Sink.
func (s *Sink) Ready() func(ready func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.bytes < maxQueued || s.closed {
		return nil
	}
	return func(ready func()) {
		s.mu.Lock()
		if s.bytes < maxQueued || s.closed {
			s.mu.Unlock()
			ready()
			return
		}
		s.ready = append(s.ready, ready)
		s.mu.Unlock()
	}
}

// Status implements connectors.Sink.
func (s *Sink) Status() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.status
}

// Close implements connectors.Sink: it writes what waits, once.
func (s *Sink) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil
	}
	s.closed = true
	close(s.quit)
	for s.running {
		s.idle.Wait()
	}
	return s.file.Close()
}

// run writes what has been sent, in order.
func (s *Sink) run() {
	for {
		s.mu.Lock()
		if len(s.queue) == 0 {
			s.running = false
			s.idle.Broadcast()
			s.mu.Unlock()
			return
		}
		next := s.queue[0]
		s.mu.Unlock()
		next.acked(s.write(next.data))
		s.written(len(next.data))
	}
}

// written takes the first chunk off the queue, and tells who waits for room.
func (s *Sink) written(n int) {
	s.mu.Lock()
	s.queue[0] = sending{}
	s.queue = s.queue[1:]
	s.bytes -= n
	var tell []func()
	if s.bytes < maxQueued {
		tell, s.ready = s.ready, nil
	}
	s.mu.Unlock()
	for _, f := range tell {
		f()
	}
}

// write writes all of data; a full disk is waited for, until Close.
func (s *Sink) write(data []byte) error {
	wait := 10 * time.Millisecond
	for {
		n, err := s.file.Write(data)
		if err == nil {
			s.tell("")
			return nil
		}
		data = data[n:]
		s.tell(err.Error())
		timer := time.NewTimer(wait)
		select {
		case <-s.quit:
			timer.Stop()
			return fmt.Errorf("stream %s: %w", s.name, err)
		case <-timer.C:
			wait = min(2*wait, time.Second)
		}
	}
}

func (s *Sink) tell(status string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.status = status
}
