package file

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/dirigo-stream/dirigo/connectors"
	"github.com/dirigo-stream/dirigo/connectors/codec"
	"github.com/dirigo-stream/dirigo/exec/batch"
)

// Source is one file.
type Source struct {
	cfg  config
	cols []connectors.Column
	name string
}

var (
	_ connectors.Source  = (*Source)(nil)
	_ connectors.Checker = (*Source)(nil)
)

// NewSource checks options and columns; the file need not be there yet.
func NewSource(spec connectors.Spec) (*Source, error) {
	cfg, err := parseOptions(spec, true)
	if err != nil {
		return nil, err
	}
	for _, c := range spec.Columns {
		if c.Metadata == "" {
			continue
		}
		if c.Metadata != "offset" && c.Metadata != "partition" || c.Type.Kind.Rep() != batch.RepInt {
			return nil, fmt.Errorf("stream %s: column %q: a file has no metadata %s of type %s", spec.Name, c.Name, c.Metadata, c.Type)
		}
	}
	if _, err := codec.NewJSONDecoder(spec.Columns); err != nil {
		return nil, fmt.Errorf("stream %s: %w", spec.Name, err)
	}
	return &Source{cfg: cfg, cols: spec.Columns, name: spec.Name}, nil
}

// Check implements connectors.Checker.
func (s *Source) Check(context.Context) error {
	f, err := os.Open(s.cfg.path)
	if err == nil {
		return f.Close()
	}
	hint := "create it first; a stream goes on when lines are appended"
	if !errors.Is(err, os.ErrNotExist) {
		hint = "the server must be able to read it"
	}
	return &connectors.OptionError{Option: "path", Message: err.Error(), Hint: hint}
}

// Partitions implements connectors.Source.
func (s *Source) Partitions(context.Context) ([]int32, error) { return []int32{0}, nil }

// Bounds implements connectors.Source. A last line without its end counts only
// where the file is not followed.
func (s *Source) Bounds(_ context.Context, partition int32) (first, next int64, err error) {
	if partition != 0 {
		return 0, 0, fmt.Errorf("stream %s: a file has only partition 0, not %d", s.name, partition)
	}
	f, err := os.Open(s.cfg.path)
	if err != nil {
		return 0, 0, fmt.Errorf("stream %s: %w", s.name, err)
	}
	defer f.Close()
	next, err = s.latest(f)
	return 0, next, err
}

// latest returns the offset behind the last line.
func (s *Source) latest(f *os.File) (int64, error) {
	info, err := f.Stat()
	if err != nil || !s.cfg.follow {
		return sizeOf(info), err
	}
	return behindLine(f, info.Size())
}

func sizeOf(info os.FileInfo) int64 {
	if info == nil {
		return 0
	}
	return info.Size()
}

// behindLine returns the offset after the last line end before size.
func behindLine(f *os.File, size int64) (int64, error) {
	buf := make([]byte, 32<<10)
	for end := size; end > 0; {
		n := min(end, int64(len(buf)))
		if _, err := f.ReadAt(buf[:n], end-n); err != nil {
			return 0, err
		}
		for i := n - 1; i >= 0; i-- {
			if buf[i] == '\n' {
				return end - n + i + 1, nil
			}
		}
		end -= n
	}
	return 0, nil
}

// Open implements connectors.Source.
func (s *Source) Open(wake func()) (connectors.Reader, error) {
	if wake == nil {
		return nil, errors.New("file: a reader needs a wake function")
	}
	d, err := codec.NewJSONDecoder(s.cols)
	if err != nil {
		return nil, err
	}
	r := &Reader{s: s, decoder: d, demand: make([]bool, len(s.cols))}
	for i := range r.demand {
		r.demand[i] = true
	}
	r.tail.wake = wake
	return r, nil
}

// Close implements connectors.Source.
func (s *Source) Close() error { return nil }

// Reader implements connectors.Reader: a goroutine reads the file in chunks of
// whole lines, Read takes them apart.
type Reader struct {
	s       *Source
	decoder *codec.JSONDecoder
	demand  []bool
	tail    tail
	stop    func()
	chunk   chunk // what is left of it
	next    int64
	ended   bool
	started bool
}

// Demand implements connectors.Reader.
func (r *Reader) Demand(columns []bool) {
	copy(r.demand, columns)
	r.decoder.Demand(r.demand)
}

// Assign implements connectors.Reader.
func (r *Reader) Assign(partition int32, from connectors.Start) {
	if partition != 0 {
		return
	}
	if r.stop != nil {
		r.stop()
	}
	r.chunk, r.ended, r.started = chunk{}, false, true
	r.next = max(int64(from), 0)
	if from == connectors.Latest {
		if f, err := os.Open(r.s.cfg.path); err == nil {
			r.next, _ = r.s.latest(f)
			_ = f.Close()
		}
	}
	r.stop = r.tail.begin(r.s.cfg, r.next)
}

// Read implements connectors.Reader.
func (r *Reader) Read(rows *connectors.Rows, most int) (bool, error) {
	if !r.started || r.ended || most <= 0 {
		return false, nil
	}
	if r.chunk.empty() {
		var ok bool
		if r.chunk, ok = r.tail.take(); !ok {
			return false, nil
		}
	}
	*rows = connectors.Rows{Cols: make([]batch.Column, len(r.s.cols)), Born: r.chunk.born}
	for i, c := range r.s.cols {
		if r.demand[i] {
			rows.Cols[i] = batch.New(c.Type.Kind, min(most, 1+len(r.chunk.data)/64))
		}
	}
	for rows.N < most && r.chunk.more() {
		r.line(rows)
	}
	r.next = r.chunk.at
	r.ended = r.chunk.last && r.chunk.empty()
	rows.Next, rows.End = r.next, r.ended
	return true, nil
}

// line takes one line off the chunk: a row, a rejected record, or a blank.
func (r *Reader) line(rows *connectors.Rows) {
	at := r.chunk.at
	line, size := r.chunk.line()
	rows.Bytes += size
	if r.chunk.oversized {
		rows.Rejected = append(rows.Rejected, connectors.Rejected{
			Offset: at, Reason: codec.Oversized, Raw: clip(line), Detail: fmt.Sprintf("a line of %d bytes; at most %d are read", size, maxLine),
		})
		return
	}
	if blank(line) {
		return
	}
	var rejected *codec.RecordError
	if err := r.decoder.Append(rows.Cols, line); errors.As(err, &rejected) {
		rows.Rejected = append(rows.Rejected, connectors.Rejected{Offset: at, Reason: rejected.Reason, Detail: rejected.Detail, Raw: clip(line)})
		return
	}
	for i, c := range r.s.cols {
		if c.Metadata != "" && r.demand[i] {
			x := int64(0) // the partition
			if c.Metadata == "offset" {
				x = at
			}
			rows.Cols[i].(*batch.Vec[int64]).Append(x)
		}
	}
	rows.Offsets = append(rows.Offsets, at)
	rows.N++
}

// clip returns a copy of the beginning of a record.
func clip(line []byte) []byte { return append([]byte(nil), line[:min(len(line), 4<<10)]...) }

func blank(line []byte) bool {
	for _, c := range line {
		if c != ' ' && c != '\t' && c != '\r' {
			return false
		}
	}
	return true
}

// Status implements connectors.Reader.
func (r *Reader) Status() connectors.Status {
	size, err := r.tail.status()
	st := connectors.Status{}
	if err != nil {
		st.Error = err.Error()
	}
	if r.started {
		st.Partitions = []connectors.PartitionStatus{{Next: r.next, High: size, AtHigh: r.next >= size}}
	}
	return st
}

// Close implements connectors.Reader.
func (r *Reader) Close() error {
	if r.stop != nil {
		r.stop()
	}
	r.started = false
	return nil
}

// now is the append time of what was just read: files do not know better.
func now() int64 { return time.Now().UnixNano() }
