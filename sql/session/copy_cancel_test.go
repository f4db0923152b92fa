package session_test

import (
	"fmt"
	"testing"

	"github.com/jackc/pgx/v5/pgproto3"

	"github.com/dirigo-stream/dirigo/storage/mem"
)

// TestCopyCancel: a COPY that is cancelled while the server waits for data
// leaves nothing behind: no rows, no lock, and a connection that goes on, even
// where the client sends more data until it reads of the cancel.
func TestCopyCancel(t *testing.T) {
	db, _ := realDB(t, mem.NewDisk())
	server := serve(t, db)
	conn, other := connect(t, server), connect(t, server)
	do(t, conn, "CREATE TABLE t (id BIGINT PRIMARY KEY, s TEXT)")
	f := conn.PgConn().Frontend()
	for round := range 10 {
		f.Send(&pgproto3.Query{String: "COPY t FROM STDIN"})
		if m, ok := reply(t, f).(*pgproto3.CopyInResponse); !ok {
			t.Fatalf("round %d: %#v", round, m)
		}
		var rows []byte
		for id := range 1 + round*800 {
			rows = fmt.Appendf(rows, "%d\tcancelled\n", id)
		}
		f.Send(&pgproto3.CopyData{Data: rows})
		if err := f.Flush(); err != nil {
			t.Fatal(err)
		}
		if err := conn.PgConn().CancelRequest(t.Context()); err != nil {
			t.Fatal(err)
		}
		e, ok := reply(t, f).(*pgproto3.ErrorResponse)
		if !ok || e.Code != "57014" || e.Message != "canceling statement due to user request" {
			t.Fatalf("round %d: %#v", round, e)
		}
		if _, ok := reply(t, f).(*pgproto3.ReadyForQuery); !ok {
			t.Fatalf("round %d: not ready", round)
		}
		f.Send(&pgproto3.CopyData{Data: []byte("77\tlate\n")})
		f.Send(&pgproto3.CopyDone{})
		do(t, other, "SET lock_timeout = '5s'", "INSERT INTO t VALUES (1, 'free')", "DELETE FROM t WHERE id = 1")
		if got := told(t, conn, "SELECT count(*) FROM t"); got != "0\nSELECT 1\n" {
			t.Fatalf("round %d: %s", round, got)
		}
	}
}
