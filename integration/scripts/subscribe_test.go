package scripts

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"
)

// subscription is a COPY (SUBSCRIBE …) TO STDOUT on a connection of its own,
// and what its changes add up to. After a restart it begins again, from a
// snapshot.
type subscription struct {
	sql    string
	cancel context.CancelFunc
	done   chan struct{}

	mu      sync.Mutex
	counts  map[string]int64
	last    int64 // tick
	err     error
	changed chan struct{} // closed by the next change
}

func (s *subscription) begin(ctx context.Context, addr string) error {
	w, err := connect(ctx, addr)
	if err != nil {
		return err
	}
	own, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	s.mu.Lock()
	s.cancel, s.done, s.counts, s.last, s.err, s.changed = cancel, done, map[string]int64{}, 0, nil, make(chan struct{})
	s.mu.Unlock()
	go func() {
		defer close(done)
		defer w.close()
		_, err := w.conn.PgConn().CopyTo(own, lines(s.take), s.sql)
		if own.Err() == nil {
			s.fail(err)
		}
	}()
	return nil
}

func (s *subscription) end() {
	if s.cancel != nil {
		s.cancel()
		<-s.done
	}
}

// take adds one line: tick, diff, columns; tabs between.
func (s *subscription) take(line string) error {
	fields := strings.SplitN(line, "\t", 3)
	if len(fields) < 3 {
		return fmt.Errorf("subscribe gave %q", line)
	}
	tick, err1 := strconv.ParseInt(fields[0], 10, 64)
	diff, err2 := strconv.ParseInt(fields[1], 10, 64)
	if err := errors.Join(err1, err2); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if tick < s.last {
		return fmt.Errorf("tick %d comes after tick %d", tick, s.last)
	}
	s.last = tick
	row := strings.ReplaceAll(strings.ReplaceAll(fields[2], "\t", "|"), `\N`, "NULL")
	if s.counts[row] += diff; s.counts[row] == 0 {
		delete(s.counts, row)
	}
	close(s.changed)
	s.changed = make(chan struct{})
	return nil
}

func (s *subscription) fail(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err == nil {
		err = errors.New("the subscription ended")
	}
	s.err = err
	close(s.changed)
	s.changed = make(chan struct{})
}

// content returns the rows that the changes add up to.
func (s *subscription) content() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var rows []string
	for row, n := range s.counts {
		for range n {
			rows = append(rows, row)
		}
		if n < 0 {
			rows = append(rows, fmt.Sprintf("%d × %s", n, row))
		}
	}
	return sorted(rows)
}

// until waits for the content to be right.
func (s *subscription) until(ctx context.Context, wrong func(content []string) string) error {
	for {
		s.mu.Lock()
		changed, err := s.changed, s.err
		s.mu.Unlock()
		diff := wrong(s.content())
		if diff == "" {
			return nil
		}
		if err != nil {
			return err
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return fmt.Errorf("waiting for the changes:\n%s", diff)
		}
	}
}

// lines calls a function with each whole line written.
func lines(f func(line string) error) *lineWriter { return &lineWriter{f: f} }

type lineWriter struct {
	f    func(line string) error
	rest []byte
}

func (l *lineWriter) Write(p []byte) (int, error) {
	l.rest = append(l.rest, p...)
	for {
		line, rest, ok := bytes.Cut(l.rest, []byte("\n"))
		if !ok {
			return len(p), nil
		}
		if err := l.f(string(line)); err != nil {
			return 0, err
		}
		l.rest = bytes.Clone(rest)
	}
}
