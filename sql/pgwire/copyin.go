package pgwire

import (
	"context"
	"io"
	"time"

	"github.com/dirigo-stream/dirigo/sql/result"
	"github.com/jackc/pgx/v5/pgproto3"
)

var _ result.Input = (*output)(nil)

// askForCopy tells the client to send the data of COPY … FROM STDIN.
func (o *output) askForCopy() {
	code := uint16(0)
	if o.d.CopyIn == result.CopyBinary {
		code = 1
	}
	codes := make([]uint16, o.d.CopyInColumns)
	for i := range codes {
		codes[i] = code
	}
	o.c.send(&pgproto3.CopyInResponse{OverallFormat: byte(code), ColumnFormatCodes: codes})
	// If it fails, so will the read that follows.
	_ = o.c.flush()
}

// Next implements result.Input.
func (o *output) Next(ctx context.Context) ([]byte, error) {
	for {
		if err := o.c.await(ctx); err != nil {
			return nil, err
		}
		kind, body, err := o.c.next()
		if err != nil {
			return nil, errGone
		}
		switch kind {
		case 'd':
			return body, nil
		case 'c':
			return nil, io.EOF
		case 'f':
			var m pgproto3.CopyFail
			if err := m.Decode(body); err != nil {
				return nil, result.Errorf(result.CodeProtocol, "%s", err)
			}
			return nil, result.Errorf(result.CodeCanceled, "COPY from stdin failed: %s", m.Message)
		case 'H', 'S': // have no meaning here, says the protocol
		case 'X':
			return nil, errGone
		default:
			e := result.Errorf(result.CodeProtocol, "unexpected message type 0x%02X during COPY from stdin", kind)
			e.Severity = "FATAL"
			return nil, e
		}
	}
}

// await waits for the client's next message, or for ctx to end. Only the wait
// is cut short, never a message that has begun.
func (c *conn) await(ctx context.Context) error {
	if c.held || c.work != nil && c.work.in.Buffered() > 0 {
		return ctx.Err()
	}
	late := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		c.conn.SetReadDeadline(time.Now())
		close(late)
	})
	err := c.wait()
	if !stop() {
		<-late // the deadline must not come after it was taken back
		if c.server.ctx.Err() == nil {
			c.conn.SetReadDeadline(time.Time{})
		}
	}
	switch {
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case err != nil:
		return errGone
	}
	return nil
}

// grouped is a Session for which the statements of one message, or between two
// Syncs, count together: what they change becomes durable at the end, or in the
// last of them.
type grouped interface {
	Group(last bool)
	EndGroup(ctx context.Context) error
}

func (c *conn) group(last bool) {
	if g, ok := c.session.(grouped); ok {
		g.Group(last)
	}
}

// endGroup reports what becomes of the group, where that is not yet known.
func (c *conn) endGroup() {
	g, ok := c.session.(grouped)
	if !ok {
		return
	}
	ctx, cancel := context.WithCancelCause(c.ctx)
	defer cancel(nil)
	release := c.guard(cancel, false)
	err := g.EndGroup(ctx)
	release()
	if err != nil {
		c.report(result.From(c.ctx, err))
	}
}

// syncNext reports whether a Sync has arrived right behind the current message.
func (c *conn) syncNext() bool {
	if c.held || c.work == nil || c.work.in.Buffered() == 0 {
		return false
	}
	next, err := c.work.in.Peek(1)
	return err == nil && next[0] == 'S'
}
