package session_test

import (
	"net"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/dirigo-stream/dirigo/exec/batch"
	"github.com/dirigo-stream/dirigo/exec/job"
	"github.com/dirigo-stream/dirigo/sql/result"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// topRows makes rows of the view top with their counts.
func topRows(pairs ...[3]int64) *batch.Batch {
	b := &batch.Batch{N: len(pairs)}
	auction, bids := &batch.Vec[int64]{}, &batch.Vec[int64]{}
	for _, p := range pairs {
		b.Diff = append(b.Diff, p[0])
		auction.Append(p[1])
		bids.Append(p[2])
	}
	b.Cols = []batch.Column{auction, bids}
	return b
}

// TestCopySubscribeCtrlC: psql shows the changes as they come, and Ctrl-C ends
// a subscription where nothing happens.
func TestCopySubscribeCtrlC(t *testing.T) {
	path, err := exec.LookPath("psql")
	if err != nil {
		t.Skip("psql is not installed: Ctrl-C in a real client is not tried")
	}
	e := newFakeEngine()
	addr := serve(t, newDB(t, e, &memLog{records: map[string][]byte{}}))
	psql(t, addr, createBids+";"+createTop+";")

	host, port, _ := net.SplitHostPort(addr)
	cmd := exec.Command(path, "-X", "-h", host, "-p", port, "-U", "alice", "-d", "demo", "-c", "COPY (SUBSCRIBE TO top) TO STDOUT")
	var out, errors strings.Builder
	cmd.Stdout, cmd.Stderr = &out, &errors
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	e.changes <- job.Changes{Tick: 7, Rows: topRows([3]int64{1, 10, 1}, [3]int64{1, 11, 1})}
	e.changes <- job.Changes{Tick: 8}
	e.changes <- job.Changes{Tick: 9, Rows: topRows([3]int64{-1, 10, 1}, [3]int64{1, 10, 2})}
	e.changes <- job.Changes{Tick: 10} // when this is taken, all before has been sent
	if err := cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err == nil || !strings.Contains(errors.String(), "canceling statement due to user request") {
		t.Errorf("psql: %v, %s", err, errors.String())
	}
	if want := "7\t1\t10\t1\n7\t1\t11\t1\n9\t-1\t10\t1\n9\t1\t10\t2\n"; out.String() != want {
		t.Errorf("psql printed\n%swant\n%s", out.String(), want)
	}
}

// TestSubscribeCursor: a cursor over a subscription gives what has come and
// does not wait for as many rows as were asked for; one over a query, exactly
// as many.
func TestSubscribeCursor(t *testing.T) {
	e := newFakeEngine()
	addr := serve(t, newDB(t, e, &memLog{records: map[string][]byte{}}))
	conn := connect(t, addr)
	do(t, conn, createBids, createTop, "BEGIN", "DECLARE c CURSOR FOR SUBSCRIBE TO top WITH (snapshot = false)")
	go func() {
		e.changes <- job.Changes{Tick: 5, Rows: topRows([3]int64{1, 1, 1}, [3]int64{1, 2, 2}, [3]int64{1, 3, 3})}
	}()
	if got := query(t, conn, "FETCH 2 FROM c"); got != "5|1|1|1\n5|1|2|2\n" {
		t.Errorf("first fetch:\n%s", got)
	}
	if got := query(t, conn, "FETCH 100 FROM c"); got != "5|1|3|3\n" {
		t.Errorf("second fetch:\n%s", got)
	}
	do(t, conn, "CLOSE c", "DECLARE d CURSOR FOR SELECT typname FROM pg_type WHERE typname ~ '^int[248]$' ORDER BY 1")
	if got := query(t, conn, "FETCH 2 FROM d"); got != "int2\nint4\n" {
		t.Errorf("fetch:\n%s", got)
	}
	if got := query(t, conn, "FETCH ALL FROM d"); got != "int8\n" {
		t.Errorf("fetch all:\n%s", got)
	}
	do(t, conn, "COMMIT")
	if _, err := conn.Exec(t.Context(), "FETCH 1 FROM d"); code(err) != "34000" {
		t.Errorf("a cursor outlived its transaction: %v", err)
	}
}

// TestStatementTimeout: it ends what runs too long, by its own message.
func TestStatementTimeout(t *testing.T) {
	addr := serve(t, newDB(t, newFakeEngine(), &memLog{records: map[string][]byte{}}))
	conn := connect(t, addr)
	do(t, conn, createBids, createTop, "SET statement_timeout = '30ms'")
	_, err := conn.Exec(t.Context(), "SUBSCRIBE TO top", pgx.QueryExecModeSimpleProtocol)
	if code(err) != result.CodeCanceled || !strings.Contains(err.Error(), "timeout") {
		t.Errorf("%v", err)
	}
}

func connect(t testing.TB, addr string) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), "postgres://alice@"+addr+"/demo?sslmode=disable")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.PgConn().Conn().Close() })
	return conn
}

func do(t testing.TB, conn *pgx.Conn, statements ...string) {
	t.Helper()
	for _, sql := range statements {
		if _, err := conn.Exec(t.Context(), sql); err != nil {
			t.Fatalf("%s: %v", sql, err)
		}
	}
}

// query returns rows as psql -At prints them, by the simple protocol.
func query(t *testing.T, conn *pgx.Conn, sql string) string {
	t.Helper()
	results, err := conn.PgConn().Exec(t.Context(), sql).ReadAll()
	if err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	var b strings.Builder
	for _, row := range results[len(results)-1].Rows {
		for i, v := range row {
			if i > 0 {
				b.WriteByte('|')
			}
			b.Write(v)
		}
		b.WriteByte('\n')
	}
	return b.String()
}

func code(err error) string {
	if e, ok := err.(*pgconn.PgError); ok {
		return e.Code
	}
	return ""
}
