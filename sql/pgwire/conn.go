package pgwire

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"sync"
	"time"

	"github.com/dirigo-stream/dirigo/sql/result"
	"github.com/jackc/pgx/v5/pgproto3"
)

// conn is one client's connection. One goroutine at a time works for it (see
// desk); stop and interrupt are what others call.
type conn struct {
	frames
	server *server
	ctx    context.Context
	end    context.CancelCauseFunc
	id     uint32
	secret [4]byte

	session    Session
	statements map[string]*statement
	portals    map[string]*portal
	skip       bool // after an error in the extended protocol, until Sync
	crowded    bool // there are too many connections: it is to be refused

	mu   sync.Mutex
	halt context.CancelCauseFunc // of the running statement; nil: none
}

// farewell is how long a client that is told to leave may take to read it.
const farewell = time.Second

// serve runs the connection from its first message to its end.
func (c *conn) serve() {
	c.conn.SetDeadline(time.Now().Add(c.server.StartTimeout))
	if !c.server.desk.run(c, (*conn).begin) {
		return
	}
	defer c.server.unregister(c)
	defer c.close()
	c.conn.SetDeadline(time.Time{})
	if c.server.ctx.Err() != nil { // the deadline that interrupt set is gone
		c.fatal(result.ErrShutdown)
		return
	}
	for {
		if err := c.wait(); err != nil {
			c.depart(err)
			return
		}
		if !c.server.desk.run(c, (*conn).burst) {
			return
		}
	}
}

// begin leads the connection to its first ReadyForQuery.
func (c *conn) begin() bool {
	if c.start() {
		return true
	}
	c.flush()
	return false
}

// burst answers what the client has sent, until it has to wait for more.
func (c *conn) burst() bool {
	for {
		kind, body, err := c.next()
		if err != nil {
			c.depart(err)
			return false
		}
		if kind == 'X' || !c.handle(kind, body) {
			c.flush()
			return false
		}
		if !c.pending() {
			c.release()
			return true
		}
	}
}

// depart ends a connection whose next message could not be read.
func (c *conn) depart(err error) {
	var size *sizeError
	switch {
	case c.server.ctx.Err() != nil:
		c.fatal(result.ErrShutdown)
	case errors.As(err, &size):
		c.fatal(result.Errorf(result.CodeProtocol, "%s", size))
	}
}

// handle answers one message; false ends the connection. A panic is a bug of
// ours: it fails the statement, not the server.
func (c *conn) handle(kind byte, body []byte) (goOn bool) {
	defer func() {
		if p := recover(); p != nil {
			c.server.Panicked(p, debug.Stack())
			c.fatal(result.Errorf(result.CodeInternal, "internal error: %v", p))
			goOn = false
		}
	}()
	if kind != 'Q' {
		return c.extended(kind, body)
	}
	var m pgproto3.Query
	if err := m.Decode(body); err != nil {
		c.fatal(result.Errorf(result.CodeProtocol, "%s", err))
		return false
	}
	return c.simple(m.String)
}

// run runs a statement so that others can stop it, and ends its answer.
func (c *conn) run(endless bool, out *output, statement func(context.Context) (string, error)) error {
	ctx, cancel := context.WithCancelCause(c.ctx)
	defer cancel(nil)
	release := c.guard(cancel, endless)
	tag, err := statement(ctx)
	release()
	if err != nil {
		return result.From(ctx, err)
	}
	out.finish(tag)
	return nil
}

// guard lets others cancel what runs now, until the returned function is called.
func (c *conn) guard(cancel context.CancelCauseFunc, endless bool) func() {
	c.mu.Lock()
	c.halt = cancel
	c.mu.Unlock()
	if c.server.ctx.Err() != nil {
		cancel(result.ErrShutdown)
	}
	unwatch := func() {}
	if endless {
		unwatch = c.watch(cancel)
	}
	return func() {
		unwatch()
		c.mu.Lock()
		c.halt = nil
		c.mu.Unlock()
	}
}

// stop cancels the running statement, if any.
func (c *conn) stop(cause error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.halt != nil {
		c.halt(cause)
	}
}

// interrupt wakes the connection because the server shuts down.
func (c *conn) interrupt() {
	c.stop(result.ErrShutdown)
	c.conn.SetReadDeadline(time.Now())
	c.conn.SetWriteDeadline(time.Now().Add(farewell))
}

// watch notices that the client of an endless statement has gone: it sends
// nothing while it listens, and neither do we while nothing changes. The
// returned function ends the watch.
func (c *conn) watch(cancel context.CancelCauseFunc) func() {
	if c.held {
		return func() {}
	}
	// What was read before may end within a message: then no byte means good-bye.
	between := c.work == nil || c.work.in.Buffered() == 0
	done := make(chan struct{})
	go func() {
		defer close(done)
		n, err := c.conn.Read(c.first[:])
		c.held = n == 1
		if n == 1 && between && c.first[0] == 'X' || err != nil && !isTimeout(err) {
			cancel(errGone)
		}
	}()
	return func() {
		c.conn.SetReadDeadline(time.Now())
		<-done
		c.conn.SetReadDeadline(time.Time{})
		if c.server.ctx.Err() != nil { // the deadline that interrupt set is gone
			c.conn.SetReadDeadline(time.Now())
		}
	}
}

var errGone = &result.Error{Severity: "FATAL", Code: "08006", Message: "connection to client lost"}

func isTimeout(err error) bool {
	var t interface{ Timeout() bool }
	return errors.As(err, &t) && t.Timeout()
}

// send queues a message.
func (c *conn) send(m pgproto3.BackendMessage) {
	w := c.acquire()
	out, err := m.Encode(w.out)
	if err != nil {
		panic(fmt.Sprintf("encode %T: %v", m, err))
	}
	w.out = out
}

// flush writes what is queued.
func (c *conn) flush() error {
	w := c.work
	if w == nil || len(w.out) == 0 {
		return nil
	}
	_, err := c.conn.Write(w.out)
	w.out = w.out[:0]
	return err
}

// fatal tells the client why it is being disconnected.
func (c *conn) fatal(e *result.Error) {
	told := *e
	told.Severity = "FATAL"
	c.send(errorMessage(&told))
	c.conn.SetWriteDeadline(time.Now().Add(farewell))
	c.flush()
}

// ready ends the answer to a simple query or a Sync.
func (c *conn) ready() bool {
	c.send(&pgproto3.ReadyForQuery{TxStatus: c.session.Status()})
	return c.flush() == nil
}

func (c *conn) close() {
	for _, p := range c.portals {
		p.close()
	}
	c.session.Close()
}
