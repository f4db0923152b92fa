package pgwire

import (
	"runtime"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgproto3"
)

// TestIdleConnections: a thousand clients that have asked something and now do
// nothing cost the server at most 20 MB; measured with the clients' side in
// this process, it is less than what is printed.
func TestIdleConnections(t *testing.T) {
	const clients = 1000
	addr, _, _ := start(t, Config{})
	before := inUse()
	for range clients {
		r := dial(t, addr)
		r.login()
		r.Send(&pgproto3.Query{String: "rows 100"})
		r.flush()
		r.until('Z')
		r.Frontend = nil // the client's buffers do not count
	}
	time.Sleep(50 * time.Millisecond) // until the last of them waits; the bound is generous
	used := inUse() - before
	t.Logf("%d idle connections: %.1f MB, %.1f KB each", clients, float64(used)/1e6, float64(used)/clients/1e3)
	if used > 20e6 {
		t.Errorf("%d bytes for %d idle connections, want at most 20 MB", used, clients)
	}
}

func inUse() int64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapInuse + m.StackInuse)
}

// TestRelease: a connection that waits holds no buffers.
func TestRelease(t *testing.T) {
	c := &conn{frames: frames{}}
	c.acquire()
	c.work.out = append(c.work.out, 1)
	c.release()
	if c.work == nil {
		t.Error("bytes that were not written yet are lost")
	}
	c.work.out = c.work.out[:0]
	c.release()
	if c.work != nil {
		t.Error("an idle connection holds buffers")
	}
}
