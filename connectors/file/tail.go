package file

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
	"time"
)

const (
	// chunkSize is how much is read at a time, and twice that how much waits
	// for Read.
	chunkSize = 256 << 10
	// maxLine is the longest line that is read as a record.
	maxLine = 16 << 20
	// A file that does not grow is looked at again after pollFirst, then
	// twice that, and so on to pollLast.
	pollFirst = 10 * time.Millisecond
	pollLast  = 500 * time.Millisecond
)

// chunk is some whole lines of the file from offset at on.
type chunk struct {
	data []byte
	at   int64
	born int64
	last bool // the file ends with it
	// oversized: data is the beginning of one line that is too long, of size
	// bytes with its end.
	oversized bool
	size      int64
}

func (c *chunk) more() bool { return len(c.data) > 0 }

func (c *chunk) empty() bool { return len(c.data) == 0 }

// line takes the first line off: without its end, and its size with it.
func (c *chunk) line() (line []byte, size int64) {
	if c.oversized {
		line, size = c.data, c.size
		c.data = nil
		c.at += size
		return line, size
	}
	i := bytes.IndexByte(c.data, '\n')
	if i < 0 { // the last one
		line, size = c.data, int64(len(c.data))
		c.data = nil
	} else {
		line, size = c.data[:i], int64(i+1)
		c.data = c.data[i+1:]
	}
	c.at += size
	return line, size
}

// tail reads a file in the background, one chunk ahead of its reader.
type tail struct {
	wake func()

	mu     sync.Mutex
	gen    int // of begin: what an older goroutine has to say is not wanted
	ready  []chunk
	hungry bool // take has found nothing
	space  chan struct{}
	size   int64
	err    error
}

// begin starts reading at an offset; stop ends that, without waiting.
func (t *tail) begin(cfg config, from int64) (stop func()) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.gen++
	t.ready, t.hungry, t.err, t.space = nil, false, nil, make(chan struct{}, 1)
	quit := make(chan struct{})
	f := &follower{t: t, cfg: cfg, gen: t.gen, space: t.space, quit: quit, at: from}
	go f.run()
	var once sync.Once
	return func() { once.Do(func() { close(quit) }) }
}

// take returns the next chunk; false if there is none yet: then wake is called.
func (t *tail) take() (chunk, bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.ready) == 0 {
		t.hungry = true
		return chunk{}, false
	}
	c := t.ready[0]
	t.ready = t.ready[1:]
	select {
	case t.space <- struct{}{}:
	default:
	}
	return c, true
}

func (t *tail) status() (int64, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.size, t.err
}

// put hands over a chunk, and says whether another may be read at once.
func (t *tail) put(gen int, c chunk) (more bool) {
	t.mu.Lock()
	if gen != t.gen {
		t.mu.Unlock()
		return false
	}
	t.ready = append(t.ready, c)
	hungry := t.hungry
	t.hungry = false
	more = len(t.ready) < 2
	t.mu.Unlock()
	if hungry {
		t.wake()
	}
	return more
}

func (t *tail) saw(gen int, size int64, err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if gen == t.gen {
		t.size, t.err = max(size, 0), err
	}
}

// follower is the goroutine of one assignment.
type follower struct {
	t     *tail
	cfg   config
	gen   int
	space <-chan struct{}
	quit  <-chan struct{}
	file  *os.File
	at    int64  // of carry
	carry []byte // the beginning of a line whose end has not come
	long  int64  // bytes of a line too long to carry; 0: none
}

func (f *follower) run() {
	defer func() {
		if f.file != nil {
			_ = f.file.Close()
		}
	}()
	wait := pollFirst
	for {
		grew, err := f.step()
		if errors.Is(err, io.EOF) {
			return // a file that is not followed ends here
		}
		if grew && err == nil {
			wait = pollFirst
			select {
			case <-f.quit:
				return
			default:
				continue
			}
		}
		timer := time.NewTimer(wait)
		select {
		case <-f.quit:
			timer.Stop()
			return
		case <-timer.C:
			wait = min(2*wait, pollLast)
		}
	}
}

// step reads what there is, up to a chunk, and hands over its whole lines.
func (f *follower) step() (grew bool, err error) {
	defer func() {
		if err != nil && !errors.Is(err, io.EOF) {
			f.t.saw(f.gen, 0, err)
		}
	}()
	if f.file == nil {
		if f.file, err = os.Open(f.cfg.path); err != nil {
			return false, err
		}
	}
	info, err := f.file.Stat()
	if err != nil {
		return false, err
	}
	from := f.at + f.long + int64(len(f.carry))
	if info.Size() < from {
		return false, fmt.Errorf("%s has %d bytes, reading had come to %d: it was cut or replaced", f.cfg.path, info.Size(), from)
	}
	f.t.saw(f.gen, info.Size(), nil)
	buf := make([]byte, len(f.carry)+chunkSize)
	n, err := f.file.ReadAt(buf[len(f.carry):], from)
	atEnd := errors.Is(err, io.EOF)
	if err != nil && !atEnd {
		return false, err
	}
	copy(buf, f.carry)
	f.cut(buf[:len(f.carry)+n])
	if atEnd && !f.cfg.follow {
		f.give(chunk{data: f.carry, at: f.at, last: true, oversized: f.long > 0, size: f.long + int64(len(f.carry))})
		return false, io.EOF
	}
	return n > 0, nil
}

// cut hands over the whole lines in data, and carries the rest.
func (f *follower) cut(data []byte) {
	if f.long > 0 {
		end := bytes.IndexByte(data, '\n')
		if end < 0 {
			f.long += int64(len(data)) - min(int64(len(data)), 4<<10)
			f.carry = data[:min(len(data), 4<<10)]
			return
		}
		size := f.long + int64(end) + 1
		f.give(chunk{data: data[:min(end, 4<<10)], at: f.at, oversized: true, size: size})
		f.at, f.long, f.carry = f.at+size, 0, nil
		data = data[end+1:]
	}
	end := bytes.LastIndexByte(data, '\n') + 1
	if end > 0 {
		f.give(chunk{data: data[:end:end], at: f.at})
		f.at += int64(end)
	}
	f.carry = data[end:]
	if len(f.carry) > maxLine {
		f.long = int64(len(f.carry)) - 4<<10
		f.carry = f.carry[: 4<<10 : 4<<10]
	}
}

// give waits until there is room for more.
func (f *follower) give(c chunk) {
	if len(c.data) == 0 && !c.last {
		return
	}
	c.born = now()
	if f.t.put(f.gen, c) {
		return
	}
	for {
		select {
		case <-f.quit:
			return
		case <-f.space:
			return
		}
	}
}
