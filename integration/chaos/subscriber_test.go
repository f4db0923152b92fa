package chaos

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
)

// subscription follows a view over connections that are lost again and again,
// and looks at its content after every tick.
type subscription struct {
	t     testing.TB
	n     *node
	view  string
	wrong func(cells []string) string
	over  context.CancelFunc
	ended chan struct{}

	mu       sync.Mutex
	content  map[string]int // rows by count, as of the last whole tick
	ticks    int
	sessions int
}

// subscribe follows a view until settle; wrong judges each of its rows.
func (r *relations) subscribe(view string, wrong func(cells []string) string) *subscription {
	ctx, cancel := context.WithCancel(context.Background())
	s := &subscription{t: r.t, n: r.n, view: view, wrong: wrong, over: cancel, ended: make(chan struct{})}
	go func() {
		defer close(s.ended)
		for ctx.Err() == nil {
			err := s.session(ctx)
			var pe *pgconn.PgError
			if errors.As(err, &pe) && ctx.Err() == nil && !strings.HasPrefix(pe.Code, "57") {
				s.t.Errorf("SUBSCRIBE: %v", err)
				return
			}
			time.Sleep(5 * time.Millisecond)
		}
	}()
	return s
}

func (s *subscription) session(ctx context.Context) error {
	c, err := s.n.connect()
	if err != nil {
		return err
	}
	defer c.Close(context.Background())
	pr, pw := io.Pipe()
	done := make(chan error, 1)
	go func() {
		_, err := c.PgConn().CopyTo(ctx, pw, "COPY (SUBSCRIBE TO "+s.view+" WITH (progress = true)) TO STDOUT")
		pw.CloseWithError(io.EOF)
		done <- err
	}()
	s.mu.Lock()
	s.sessions++
	s.mu.Unlock()
	s.fold(pr)
	pr.CloseWithError(io.EOF)
	return <-done
}

// fold takes lines of tick, progressed, diff and the row's cells.
func (s *subscription) fold(r io.Reader) {
	content := map[string]int{}
	in := bufio.NewScanner(r)
	for in.Scan() {
		f := strings.Split(in.Text(), "\t")
		if len(f) < 3 {
			return // cut off by a kill
		}
		if f[1] == "t" {
			s.tick(f[0], content)
			continue
		}
		n, err := strconv.Atoi(f[2])
		if err != nil {
			return
		}
		row := strings.Join(f[3:], " ")
		if content[row] += n; content[row] == 0 {
			delete(content, row)
		}
	}
}

// tick judges the content, of which a tick is whole.
func (s *subscription) tick(at string, content map[string]int) {
	for row, n := range content {
		wrong := s.wrong(strings.Split(row, " "))
		if n != 1 {
			wrong = fmt.Sprintf("%d × %s", n, row)
		}
		if wrong != "" {
			s.t.Errorf("SUBSCRIBE TO %s at tick %s: %s", s.view, at, wrong)
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ticks++
	s.content = maps.Clone(content)
}

// settle waits until the subscriber has seen what it must come to.
func (s *subscription) settle(want []string) {
	s.t.Helper()
	eventually(s.t, "SUBSCRIBE TO "+s.view, func() (bool, string) {
		s.mu.Lock()
		defer s.mu.Unlock()
		d := difference(slices.Sorted(maps.Keys(s.content)), want)
		return d == "", d
	})
	s.over()
	<-s.ended
	s.t.Logf("SUBSCRIBE TO %s: %d ticks over %d connections", s.view, s.ticks, s.sessions)
}
