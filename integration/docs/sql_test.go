package docs

import (
	"context"
	"errors"
	"io"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/dirigo-stream/dirigo/cmd/dirigo/server"
	"github.com/dirigo-stream/dirigo/connectors/kafka/embedded"
	"github.com/dirigo-stream/dirigo/sql/parse"
)

// example is a statement in a document, with what the comment before it says.
type example struct {
	sql     string
	code    string // the SQLSTATE with which it fails; "": it succeeds
	endless bool   // it runs until it is cancelled
	later   bool   // it is not there yet
}

var failing = regexp.MustCompile(`-- error: (\w{5})`)

// examples reads the statements of a block.
func examples(b block) ([]example, error) {
	list, err := parse.Parse(b.text)
	if err != nil {
		return nil, err
	}
	var out []example
	last := 0
	for _, s := range list {
		before := b.text[last:s.Start]
		x := example{sql: b.text[s.Start:s.End], endless: strings.Contains(before, "-- until cancelled"), later: strings.Contains(before, "-- not yet")}
		if m := failing.FindStringSubmatch(before); m != nil {
			x.code = m[1]
		}
		out = append(out, x)
		last = s.End
	}
	return out, nil
}

// TestSQLParses: every block of SQL in the documents can be read.
func TestSQLParses(t *testing.T) {
	n := 0
	for _, p := range pages(t) {
		for _, b := range p.blocks() {
			if b.kind != "sql" {
				continue
			}
			list, err := examples(b)
			if err != nil {
				t.Errorf("%s:%d: %v", b.page, b.line, err)
			}
			n += len(list)
		}
	}
	t.Logf("%d statements", n)
	if n < 80 {
		t.Errorf("only %d statements were found", n)
	}
	if _, err := examples(block{text: "SELECT FROM WHERE;"}); err == nil {
		t.Error("nonsense was read")
	}
}

// TestSQLRuns: the examples of SQL.md run in the order of the page, and fail
// where they say that they fail.
func TestSQLRuns(t *testing.T) {
	files := t.TempDir() + "/"
	ctx, cancel := context.WithTimeout(context.Background(), 3*time.Minute)
	defer cancel()
	conn := start(t, ctx)
	ran := 0
	for _, b := range read(t, filepath.Join(root, "docs", "SQL.md")).blocks() {
		if b.kind != "sql" {
			continue
		}
		list, err := examples(b)
		if err != nil {
			t.Fatalf("line %d: %v", b.line, err)
		}
		for _, x := range list {
			if x.later {
				continue
			}
			ran++
			x.sql = strings.ReplaceAll(x.sql, "'/data/", "'"+files)
			if got := code(run(ctx, conn, x)); got != x.code {
				t.Errorf("block at line %d: %q instead of %q:\n%s", b.line, got, x.code, x.sql)
			}
		}
	}
	t.Logf("%d statements ran", ran)
	if got := code(run(ctx, conn, example{sql: "SELECT nothing"})); got != "42703" {
		t.Errorf("a wrong statement: %q", got)
	}
}

// start runs a server with an empty broker and connects to it.
func start(t *testing.T, ctx context.Context) *pgconn.PgConn {
	t.Helper()
	broker, err := embedded.Start("", 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(broker.Close)
	s, err := server.Start(ctx, server.Config{Data: t.TempDir(), Listen: "127.0.0.1:0", Kafka: broker.Addr(), Version: "docs"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	conn, err := pgconn.Connect(ctx, "postgres://docs@"+s.Addr()+"/dirigo")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close(context.Background()) })
	return conn
}

// run runs a statement. One that does not end by itself is cancelled after its
// first row, if it gives one at once.
func run(ctx context.Context, conn *pgconn.PgConn, x example) error {
	switch {
	case x.endless && strings.Contains(x.sql, "snapshot = false"):
		return nil // the first change may never come
	case x.endless:
		first := &once{then: func() { _ = conn.CancelRequest(ctx) }}
		_, err := conn.CopyTo(ctx, first, x.sql)
		if code(err) == "57014" {
			return nil
		}
		return err
	case strings.HasPrefix(x.sql, "COPY"):
		_, err := conn.CopyTo(ctx, io.Discard, x.sql)
		return err
	}
	return conn.Exec(ctx, x.sql).Close()
}

// once calls then at the first write.
type once struct{ then func() }

func (o *once) Write(b []byte) (int, error) {
	if o.then != nil {
		o.then()
		o.then = nil
	}
	return len(b), nil
}

// code is the SQLSTATE of an error, its text where it has none, "" for nil.
func code(err error) string {
	var e *pgconn.PgError
	switch {
	case err == nil:
		return ""
	case errors.As(err, &e):
		return e.Code
	}
	return err.Error()
}
