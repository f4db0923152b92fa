// Package blackhole is a sink that keeps nothing but counts and a checksum. It
// reads every value of every column, so that what is measured against it has
// really been computed.
package blackhole

import (
	"encoding/binary"
	"errors"
	"fmt"
	"sync"

	"github.com/dirigo-stream/dirigo/connectors"
	"github.com/dirigo-stream/dirigo/exec/batch"
)

// Stats is what a sink has been sent.
type Stats struct {
	Rows, Values, Nulls int64
	Bytes               int64 // of values: 8 for a number, the length of a text
	// Sum is the sum over all rows of a hash of the row times its signed count:
	// it depends neither on the order of rows nor on batches, and rows followed
	// by their retractions leave no trace in it.
	Sum uint64
}

// Sink implements connectors.Sink. All its methods are safe for concurrent use.
type Sink struct {
	mu    sync.Mutex
	stats Stats
	pool  sync.Pool // of *[]uint64, the hash of each row
}

var _ connectors.Sink = (*Sink)(nil)

// Connector returns the sink; there is no source.
func Connector() connectors.Connector {
	return connectors.Connector{Sink: func(spec connectors.Spec) (connectors.Sink, error) {
		s, err := New(spec)
		if err != nil {
			return nil, err
		}
		return s, nil
	}}
}

// New returns a sink; there are no options.
func New(spec connectors.Spec) (*Sink, error) {
	for name := range spec.Options {
		if name != "connector" {
			return nil, &connectors.OptionError{Option: name, Message: "not known to the blackhole connector", Hint: "it has no options"}
		}
	}
	return &Sink{}, nil
}

// Stats returns what has been sent so far.
func (s *Sink) Stats() Stats {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.stats
}

// Encode implements connectors.Sink: it reads all values, and the chunk is the
// Stats of b.
func (s *Sink) Encode(b *batch.Batch) (connectors.Chunk, error) {
	scratch, _ := s.pool.Get().(*[]uint64)
	if scratch == nil {
		scratch = new([]uint64)
	}
	defer s.pool.Put(scratch)
	if cap(*scratch) < b.N {
		*scratch = make([]uint64, b.N)
	}
	st, err := digest(b, (*scratch)[:b.N])
	if err != nil {
		return connectors.Chunk{}, err
	}
	return connectors.Chunk{Data: st.encode(), Rows: int(st.Rows)}, nil
}

// Send implements connectors.Sink: it counts and acks at once.
func (s *Sink) Send(c connectors.Chunk, acked func(error)) {
	st, err := decodeStats(c.Data)
	if err == nil {
		s.mu.Lock()
		s.stats = s.stats.plus(st)
		s.mu.Unlock()
	}
	acked(err)
}

// Ready implements connectors.Sink: it always is.
func (s *Sink) Ready() func(ready func()) { return nil }

// Status implements connectors.Sink.
func (s *Sink) Status() string { return "" }

// Close implements connectors.Sink.
func (s *Sink) Close() error { return nil }

func (s Stats) plus(o Stats) Stats {
	return Stats{
		Rows: s.Rows + o.Rows, Values: s.Values + o.Values, Nulls: s.Nulls + o.Nulls,
		Bytes: s.Bytes + o.Bytes, Sum: s.Sum + o.Sum,
	}
}

// String prints the counts and the checksum.
func (s Stats) String() string {
	return fmt.Sprintf("%d rows, %d values, %d nulls, %d bytes, sum %016x", s.Rows, s.Values, s.Nulls, s.Bytes, s.Sum)
}

func (s Stats) encode() []byte {
	b := make([]byte, 0, 40)
	for _, x := range []uint64{uint64(s.Rows), uint64(s.Values), uint64(s.Nulls), uint64(s.Bytes), s.Sum} {
		b = binary.LittleEndian.AppendUint64(b, x)
	}
	return b
}

var errChunk = errors.New("blackhole: not a chunk of this sink")

func decodeStats(b []byte) (Stats, error) {
	if len(b) != 40 {
		return Stats{}, errChunk
	}
	at := func(i int) uint64 { return binary.LittleEndian.Uint64(b[8*i:]) }
	return Stats{Rows: int64(at(0)), Values: int64(at(1)), Nulls: int64(at(2)), Bytes: int64(at(3)), Sum: at(4)}, nil
}
