package session_test

import (
	"runtime"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
)

// TestIdleSessions: a thousand idle clients with sessions of their own cost at
// most 20 MB, the clients' side in this process included.
func TestIdleSessions(t *testing.T) {
	const clients = 1000
	addr := serve(t, newDB(t, newFakeEngine(), &memLog{records: map[string][]byte{}}))
	before := inUse()
	for range clients {
		conn, err := pgconn.Connect(t.Context(), "postgres://alice@"+addr+"/demo?sslmode=disable&application_name=idle")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := conn.Exec(t.Context(), "SELECT current_schemas(true)").ReadAll(); err != nil {
			t.Fatal(err)
		}
		hijacked, err := conn.Hijack() // the client's buffers do not count
		if err != nil {
			t.Fatal(err)
		}
		client := hijacked.Conn
		t.Cleanup(func() { client.Close() })
	}
	time.Sleep(50 * time.Millisecond) // until the last of them waits; the bound is generous
	used := inUse() - before
	t.Logf("%d idle sessions: %.1f MB", clients, float64(used)/1e6)
	if used > 20e6 {
		t.Errorf("%d bytes for %d idle sessions, want at most 20 MB", used, clients)
	}
}

func inUse() int64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapInuse + m.StackInuse)
}
