package result

import (
	"context"
	"iter"

	"github.com/dirigo-stream/dirigo/exec/batch"
)

// Cursor runs a statement step by step: it goes on only while somebody asks for
// rows, on a goroutine that never runs beside the caller's.
type Cursor struct {
	next   func() (*batch.Batch, bool)
	stop   func()
	cancel context.CancelCauseFunc
	out    Sink // of the Fetch that runs, for notices
	rest   *batch.Batch
	from   int // rows of rest already given
	tag    string
	err    error
	ctx    context.Context
}

// Runner is the part of a statement that runs.
type Runner func(ctx context.Context, out Sink) (tag string, err error)

// NewCursor returns a cursor over a statement that has not begun.
func NewCursor(ctx context.Context, run Runner) *Cursor {
	c := &Cursor{}
	c.ctx, c.cancel = context.WithCancelCause(ctx)
	c.next, c.stop = iter.Pull(func(yield func(*batch.Batch) bool) {
		c.tag, c.err = run(c.ctx, cursorSink{c, yield})
	})
	return c
}

// Cancel stops the statement, from any goroutine.
func (c *Cursor) Cancel(cause error) { c.cancel(cause) }

// Fetch gives up to limit rows to out, all in batches as they came. It returns
// how many, and whether the statement has ended. With first it returns after
// the first rows instead of waiting for limit of them.
func (c *Cursor) Fetch(limit int64, first bool, out Sink) (rows int64, done bool, err error) {
	c.out = out
	defer func() { c.out = nil }()
	for rows < limit {
		if c.rest == nil {
			b, ok := c.next()
			if !ok {
				if c.err != nil {
					return rows, true, From(c.ctx, c.err)
				}
				return rows, true, nil
			}
			c.rest, c.from = b, 0
		}
		n := min(limit-rows, int64(c.rest.Rows()-c.from))
		if err := out.Rows(slice(c.rest, c.from, int(n))); err != nil {
			return rows, false, err
		}
		rows += n
		if c.from += int(n); c.from >= c.rest.Rows() {
			c.rest = nil
			if first {
				break
			}
		}
	}
	return rows, false, nil
}

// Tag returns the command tag of a statement that has ended.
func (c *Cursor) Tag() string { return c.tag }

// Close ends the statement.
func (c *Cursor) Close() {
	c.cancel(context.Canceled)
	c.stop()
}

// slice returns rows from … from+n of b.
func slice(b *batch.Batch, from, n int) *batch.Batch {
	if from == 0 && n == b.Rows() {
		return b
	}
	part := *b
	if b.Sel != nil {
		part.Sel = b.Sel[from : from+n]
		return &part
	}
	part.Sel = make([]int32, n)
	for i := range part.Sel {
		part.Sel[i] = int32(from + i)
	}
	return &part
}

type cursorSink struct {
	c     *Cursor
	yield func(*batch.Batch) bool
}

func (s cursorSink) Rows(b *batch.Batch) error {
	if b.Rows() > 0 && !s.yield(b) {
		return context.Canceled
	}
	return nil
}

func (s cursorSink) Flush() error { return nil }

func (s cursorSink) Notice(n *Error) {
	if s.c.out != nil {
		s.c.out.Notice(n)
	}
}

func (s cursorSink) Setting(name, value string) {
	if s.c.out != nil {
		s.c.out.Setting(name, value)
	}
}
