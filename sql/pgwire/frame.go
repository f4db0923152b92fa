package pgwire

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"sync"
)

// frames reads messages from a connection. It frames them itself (rather than
// by pgproto3.Backend, which holds an 8 KB chunk for life) so that a connection
// that waits for its client keeps no buffer at all.
type frames struct {
	conn  net.Conn
	limit int // the largest message body, in bytes
	work  *buffers
	// first is a byte that was read while waiting, with nothing to put it in; it
	// comes after what work.in holds.
	first [1]byte
	held  bool
}

// Read implements io.Reader: the held byte, then the connection.
func (f *frames) Read(p []byte) (int, error) {
	if f.held && len(p) > 0 {
		f.held = false
		p[0] = f.first[0]
		return 1, nil
	}
	return f.conn.Read(p)
}

// buffers are what a connection needs while it is busy.
type buffers struct {
	in   *bufio.Reader
	body []byte
	out  []byte
}

const (
	inSize   = 4 << 10
	keepSize = 64 << 10 // larger buffers are not kept for the next user
	step     = 64 << 10 // a body is read in steps: a length alone allocates nothing
)

var bufferPool = sync.Pool{New: func() any {
	return &buffers{in: bufio.NewReaderSize(nil, inSize), out: make([]byte, 0, inSize)}
}}

// pending says that something of the client's is there to be read.
func (f *frames) pending() bool {
	return f.held || f.work != nil && f.work.in.Buffered() > 0
}

// wait blocks until the client has sent something.
func (f *frames) wait() error {
	if f.pending() {
		return nil
	}
	f.release()
	for {
		n, err := f.conn.Read(f.first[:])
		if n == 1 {
			f.held = true
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// acquire gives the connection buffers; out of what was not yet written stays.
func (f *frames) acquire() *buffers {
	if f.work == nil {
		f.work = bufferPool.Get().(*buffers)
		f.work.in.Reset(f)
		f.work.out = f.work.out[:0]
	}
	return f.work
}

// release returns the buffers, unless they hold something.
func (f *frames) release() {
	w := f.work
	if w == nil || len(w.out) > 0 || w.in.Buffered() > 0 {
		return
	}
	f.work = nil
	w.in.Reset(nil)
	if cap(w.body) > keepSize {
		w.body = nil
	}
	if cap(w.out) > keepSize {
		w.out = make([]byte, 0, inSize)
	}
	bufferPool.Put(w)
}

// next reads one message. The body is valid until the following call.
func (f *frames) next() (kind byte, body []byte, err error) {
	if err := f.wait(); err != nil {
		return 0, nil, err
	}
	if kind, err = f.acquire().in.ReadByte(); err != nil {
		return 0, nil, err
	}
	var head [4]byte
	if _, err := io.ReadFull(f.acquire().in, head[:]); err != nil {
		return 0, nil, unexpected(err)
	}
	body, err = f.body(int(int32(binary.BigEndian.Uint32(head[:]))), f.limit)
	return kind, body, err
}

// startup reads a first message, which has no kind.
func (f *frames) startup() ([]byte, error) {
	if err := f.wait(); err != nil {
		return nil, err
	}
	var head [4]byte
	if _, err := io.ReadFull(f.acquire().in, head[:]); err != nil {
		return nil, unexpected(err)
	}
	return f.body(int(int32(binary.BigEndian.Uint32(head[:]))), maxStartup)
}

// body reads what follows a length, which counts itself.
func (f *frames) body(length, limit int) ([]byte, error) {
	n := length - 4
	if n < 0 || n > limit {
		return nil, &sizeError{n, limit}
	}
	w := f.acquire()
	w.body = w.body[:0]
	for len(w.body) < n {
		from := len(w.body)
		chunk := min(n-from, step)
		if cap(w.body) < from+chunk {
			grown := make([]byte, from, max(2*cap(w.body), from+chunk, 512))
			copy(grown, w.body)
			w.body = grown
		}
		w.body = w.body[:from+chunk]
		if _, err := io.ReadFull(w.in, w.body[from:]); err != nil {
			return nil, unexpected(err)
		}
	}
	return w.body, nil
}

// sizeError is a message of a forbidden length; nothing after it can be read.
type sizeError struct{ have, limit int }

func (e *sizeError) Error() string {
	return fmt.Sprintf("invalid message length: %d bytes, at most %d", e.have, e.limit)
}

func unexpected(err error) error {
	if err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return err
}
