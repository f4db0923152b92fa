package session_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgproto3"

	"github.com/dirigo-stream/dirigo/exec/batch"
)

// TestPsycopg: what psycopg relies on: a cursor that DECLARE made is a portal
// that can be described, and a binary COPY begins with signature and row in one
// message.
func TestPsycopg(t *testing.T) {
	e := newFakeEngine()
	conn := connect(t, serve(t, newDB(t, e, &memLog{records: map[string][]byte{}})))
	do(t, conn, createBids, createTop, "BEGIN", "DECLARE c CURSOR FOR SELECT auction, bids FROM top")
	f := conn.PgConn().Frontend()
	f.Send(&pgproto3.Describe{ObjectType: 'P', Name: "c"})
	f.Send(&pgproto3.Sync{})
	if d, ok := reply(t, f).(*pgproto3.RowDescription); !ok || len(d.Fields) != 2 || string(d.Fields[1].Name) != "bids" {
		t.Errorf("the cursor is described by %#v", d)
	}
	if _, ok := reply(t, f).(*pgproto3.ReadyForQuery); !ok {
		t.Error("not ready")
	}
	do(t, conn, "COMMIT")

	e.rows = []*batch.Batch{topRows([3]int64{2, 1, 10})}
	signature := "PGCOPY\n\xff\r\n\x00" + strings.Repeat("\x00", 8)
	one := "\x00\x01" + "\x00\x00\x00\x08" + "\x00\x00\x00\x00\x00\x00\x00\x01"
	f.Send(&pgproto3.Query{String: "COPY (SELECT bids FROM top) TO STDOUT (FORMAT binary)"})
	var got []string
	for {
		switch m := reply(t, f).(type) {
		case *pgproto3.CopyData:
			got = append(got, string(m.Data))
			continue
		case *pgproto3.ReadyForQuery:
		default:
			continue
		}
		break
	}
	if want := []string{signature + one, one, "\xff\xff"}; !slices.Equal(got, want) {
		t.Errorf("have %q, want %q", got, want)
	}
}

func reply(t *testing.T, f *pgproto3.Frontend) pgproto3.BackendMessage {
	t.Helper()
	if err := f.Flush(); err != nil {
		t.Fatal(err)
	}
	m, err := f.Receive()
	if err != nil {
		t.Fatal(err)
	}
	return m
}
