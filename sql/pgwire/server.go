package pgwire

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"errors"
	"net"
	"sync"
	"time"

	"github.com/dirigo-stream/dirigo/sql/result"
)

// server is the connections of one listener.
type server struct {
	Config
	ctx   context.Context
	mu    sync.Mutex
	conns map[uint32]*conn // by process id
	next  uint32
	open  int // connections, those that have not started included
	wait  sync.WaitGroup
	desk  desk
}

// Serve accepts connections until ctx ends or the listener fails. It then tells
// every client that the server shuts down (57P01), and returns when all are
// closed; the error is nil if ctx ended.
func Serve(ctx context.Context, l net.Listener, cfg Config) error {
	s := &server{Config: cfg.withDefaults(), conns: map[uint32]*conn{}, desk: newDesk()}
	var down context.CancelCauseFunc
	s.ctx, down = context.WithCancelCause(context.WithoutCancel(ctx))
	defer down(nil)
	stop := context.AfterFunc(ctx, func() {
		down(result.ErrShutdown)
		l.Close()
		s.shutdown()
	})
	defer stop()
	err := s.accept(l)
	if ctx.Err() != nil {
		err = nil
	}
	s.wait.Wait()
	s.desk.close()
	return err
}

func (s *server) accept(l net.Listener) error {
	for {
		c, err := l.Accept()
		if err != nil {
			if passing(err) && s.ctx.Err() == nil {
				time.Sleep(10 * time.Millisecond) // too many open files: others will close theirs
				continue
			}
			return err
		}
		s.wait.Add(1)
		go s.handle(c)
	}
}

func passing(err error) bool {
	var e net.Error
	return errors.As(err, &e) && e.Timeout() || !errors.Is(err, net.ErrClosed) && isTooManyFiles(err)
}

func (s *server) handle(nc net.Conn) {
	defer s.wait.Done()
	defer nc.Close()
	c := &conn{server: s, frames: frames{conn: nc, limit: s.MaxMessage}}
	c.ctx, c.end = context.WithCancelCause(s.ctx)
	defer c.end(nil)
	s.mu.Lock()
	s.open++
	c.crowded = s.open > s.MaxConns
	s.mu.Unlock()
	defer func() {
		s.mu.Lock()
		s.open--
		s.mu.Unlock()
	}()
	c.serve()
}

// register gives a connection the identity by which others may cancel it.
func (s *server) register(c *conn) {
	var secret [4]byte
	rand.Read(secret[:])
	s.mu.Lock()
	defer s.mu.Unlock()
	for {
		s.next++
		if _, taken := s.conns[s.next]; s.next != 0 && s.next < 1<<31 && !taken {
			break
		}
	}
	c.id, c.secret = s.next, secret
	s.conns[c.id] = c
	if s.ctx.Err() != nil {
		c.interrupt()
	}
}

func (s *server) unregister(c *conn) {
	s.mu.Lock()
	delete(s.conns, c.id)
	s.mu.Unlock()
}

// cancel stops what runs on a connection, if the secret is right.
func (s *server) cancel(id uint32, secret []byte) {
	s.mu.Lock()
	c := s.conns[id]
	s.mu.Unlock()
	if c != nil && subtle.ConstantTimeCompare(secret, c.secret[:]) == 1 {
		c.stop(result.ErrCanceled)
	}
}

// shutdown wakes every connection; each says good-bye to its client itself.
func (s *server) shutdown() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, c := range s.conns {
		c.interrupt()
	}
}
